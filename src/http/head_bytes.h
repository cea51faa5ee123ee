/*
 * Whether every byte of a request's head is where a strict reader would look for it.
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
#ifndef SPIKELOSS_HTTP_HEAD_BYTES_H
#define SPIKELOSS_HTTP_HEAD_BYTES_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

/* What a connection remembers of its heads. Zeros for a new connection. */
struct sl_head_marks {
  const char *start;      /* of their memory, where every head begins; NULL before the first */
  const char *target_end; /* of the request that is being read; NULL if the target is malformed */
  bool bare_line_feed;    /* somewhere in its head */
};

/* Whether the bytes must be checked here: the libmicrohttpd that runs is older than 1.0. */
bool sl_head_bytes_matter(void);

/* Notes a request target as it came, before anything in it or after its line is replaced. NULL:
 * there is none. `buffer_memory` is the option MHD_OPTION_CONNECTION_MEMORY_LIMIT. */
void sl_head_note_target(struct sl_head_marks *marks, const char *target, size_t buffer_memory);

/* Checks that every byte of the head is accounted for; fails with SL_BAD_REQUEST. Call it when the
 * headers have come, before any of them is used. */
enum sl_status sl_head_check(struct sl_head_marks *marks, struct MHD_Connection *connection,
                             const char *method, const char *target, const char *version,
                             size_t buffer_memory, struct sl_error *error);

#endif
