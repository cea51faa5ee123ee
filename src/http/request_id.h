/*
 * Names of requests, by which a line of a log, an answer and a trace are matched.
 */
#ifndef SPIKELOSS_HTTP_REQUEST_ID_H
#define SPIKELOSS_HTTP_REQUEST_ID_H

#include <stdbool.h>

enum { SL_REQUEST_ID_MAX = 64 };

/*
 * Takes over the client's own name for a request if it is a sane one: 1 to SL_REQUEST_ID_MAX
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

/* Takes over a header's value, what later versions may add behind the flags apart. False, and an
 * empty text, if it is none. */
bool sl_traceparent_read(char traceparent[SL_TRACEPARENT_LENGTH + 1], const char *value);

#endif
