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
  const char *content_type;
  const char *content_encoding;
  const char *request_id;
  const char *traceparent; /* "" if there are several */
  const char *host;
  bool wants_continue;     /* Expect: 100-continue */
  uint64_t content_length; /* 0 if unknown */
  unsigned hosts;          /* how many of each of these there are */
  unsigned content_lengths;
  unsigned transfer_encodings;
  bool unknown_coding; /* a Transfer-Encoding other than chunked */
  bool odd_name;       /* a header name with a character that no name may have */
};

void sl_headers_read(struct sl_headers *headers, struct MHD_Connection *connection);

/*
 * Refuses what two servers in a row could read as different requests: such a connection must be
 * closed after the answer, because nobody can say where the next request begins.
 */
enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error);

/* Refuses bodies that are not plain JSON. */
enum sl_status sl_headers_check_content(const struct sl_headers *headers, struct sl_error *error);

#endif
