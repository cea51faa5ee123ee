/*
 * What the headers of a request say, and whether they say it clearly.
 */
#ifndef SPIKELOSS_HTTP_HEADERS_H
#define SPIKELOSS_HTTP_HEADERS_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts belong to the connection and live as long as the request; NULL where a header is absent. */
struct sl_headers {
  const char *host;
  const char *content_type;
  const char *content_encoding;
  const char *content_length_text;
  const char *transfer_encoding;
  const char *expect;
  const char *request_id;
  const char *traceparent; /* "" if there are several */

  const char *origin; /* what browsers say of the page that calls */
  const char *fetch_site;
  const char *fetch_mode;
  const char *fetch_destination;
  const char *preflight_method;

  bool wants_continue;     /* Expect: 100-continue */
  uint64_t content_length; /* 0 if unknown */
  const char *repeated;    /* static: the name of a header that came twice though it may not */
  bool odd_name;           /* a header name with a character that no name may have */
};

void sl_headers_read(struct sl_headers *headers, struct MHD_Connection *connection);

/* Whether a text can be the name of a header, or a method (RFC 9110, "token"). */
bool sl_is_http_token(const char *text);

/* Returns the path of a request target, which proxies may send as a whole URL. */
const char *sl_target_path(const char *target);

/* Compares the value of a header with a word in any case, without blanks at its end. */
bool sl_header_is(const char *value, const char *word);

/*
 * Refuses what two servers in a row could read as different requests: such a connection must be
 * closed after the answer, because the next request could begin anywhere.
 */
enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error);

/* Refuses bodies that are not plain JSON. */
enum sl_status sl_headers_check_content(const struct sl_headers *headers, struct sl_error *error);

/* Names by which a line of a log, an answer and a trace are matched. */
enum { SL_REQUEST_ID_MAX = 64 };

/*
 * Takes over the client's own name for a request if it has 1 to SL_REQUEST_ID_MAX
 * letters, digits and `.` `_` `-`. Otherwise, or if `wish` is NULL, makes one that no other request
 * has.
 */
void sl_request_id_choose(char id[SL_REQUEST_ID_MAX + 1], const char *wish);

/*
 * The header "traceparent" (W3C Trace Context), by which a request belongs to a trace:
 *
 *     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *     version, trace, parent, flags
 */
enum { SL_TRACEPARENT_LENGTH = 55 };

/* Takes over a header's value, except what later versions may add after the flags. False, and an
 * empty text, if it is none. */
bool sl_traceparent_read(char traceparent[SL_TRACEPARENT_LENGTH + 1], const char *value);

#endif
