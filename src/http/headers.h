/*
 * The head of a request: what its headers say, whether they say it clearly, and whether every byte
 * is where a strict reader would look for it.
 *
 * libmicrohttpd before 1.0 reads heads leniently: a NUL cuts a value, a folded line moves a header
 * into a name, an empty name ends the headers, and bare LF ends lines. What it hands out afterwards
 * looks harmless. But it reads the head in place, and replaces what separates the parts by NULs:
 *
 *     GET_/livez_HTTP/1.1rnHost:_xrnAccept:_a/brnrn      _ space, r CR, n LF
 *     GET0/livez0HTTP/1.100Host0_x00Accept0_a/b0000      0 NUL
 *     |   |      |         |     |  |       |      |
 *     method     version   name  value            head start + header_size
 *         target                    name    value
 *
 * So each part must begin a known number of bytes after the end of the part before it, and the last
 * empty line must end where the head ends. Bytes that were read in any other way break one of these
 * equations: the next request could begin somewhere else for another reader.
 *
 * Newer versions are asked to be strict, and only control characters are looked for here.
 *
 * Some bytes are replaced by the same NULs in the same number: an LF after a NUL or after a colon
 * exactly where a CRLF belongs. So when the request line is complete, what has come of the headers
 * is searched for bare LFs, as long as it is still as it came. They are not seen where a head comes
 * in pieces or is longer than a page. Nor are lines before the first request line of a connection
 * that are together a whole number of pages long.
 */
#ifndef SPIKELOSS_HTTP_HEADERS_H
#define SPIKELOSS_HTTP_HEADERS_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_request_line {
  const char *method, *target, *version;
};

/* What a connection remembers of its heads. Zeros for a new connection. */
struct sl_head_marks {
  const char *start;      /* of their memory, where every head begins; NULL before the first */
  const char *target_end; /* of the request that is being read; NULL if the target is malformed */
  bool bare_line_feed;    /* somewhere in its head */
};

/* Texts belong to the connection and live as long as the request; NULL where a header is absent. */
struct sl_headers {
  const char *host;
  const char *content_type;
  const char *content_encoding;
  const char *content_length_text;
  const char *transfer_encoding;
  const char *expect;
  const char *request_id;
  const char *traceparent;   /* "" if there are several */
  const char *authorization; /* the last of them */
  unsigned authorizations;

  const char *origin; /* what browsers say of the page that calls */
  const char *fetch_site;
  const char *fetch_mode;
  const char *fetch_destination;
  const char *preflight_method;

  bool wants_continue;     /* Expect: 100-continue */
  uint64_t content_length; /* 0 if unknown */
  const char *repeated;    /* static: the name of a header that came twice though it may not */
  bool odd_name;           /* a header name with a character that no name may have */
  bool odd_value;          /* a value with a control character */
  const char *fault;       /* static: a byte of the head is not where it should be */
  size_t size;             /* of the whole head in bytes */
};

/* Whether the bytes must be checked here: the libmicrohttpd that runs is older than 1.0. */
bool sl_head_bytes_matter(void);

/* Notes a request target as it came, before anything in it or after its line is replaced. NULL:
 * there is none. */
void sl_head_note_target(struct sl_head_marks *marks, const char *target);

/* Reads a head that has come whole, before any of it is used. */
void sl_headers_read(struct sl_headers *headers, struct sl_head_marks *marks,
                     struct MHD_Connection *connection, const struct sl_request_line *line);

/* Returns the path of a request target, which proxies may send as a whole URL. */
const char *sl_target_path(const char *target);

/* Compares the value of a header, if it came, with a word in any case, without blanks at its end.
 */
bool sl_header_is(const char *value, const char *word);

/*
 * Refuses what two servers in a row could read as different requests: such a connection must be
 * closed after the answer, because the next request could begin anywhere.
 */
enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error);

/* How a body is compressed, by its Content-Encoding. */
enum sl_coding { SL_CODING_NONE, SL_CODING_GZIP, SL_CODING_DEFLATE, SL_CODING_UNKNOWN };

enum sl_coding sl_headers_coding(const struct sl_headers *headers);

/* The codings that are read, for the header Accept-Encoding of a refusal. */
#define SL_ACCEPTED_CODINGS "gzip, deflate"

/* Refuses bodies that are not JSON, or compressed in an unknown way. */
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
