/*
 * The header "traceparent" (W3C Trace Context), by which a request belongs to a trace:
 *
 *     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
 *     version, trace, parent, flags
 */
#ifndef SPIKELOSS_HTTP_TRACEPARENT_H
#define SPIKELOSS_HTTP_TRACEPARENT_H

#include <stdbool.h>

enum { SL_TRACEPARENT_LENGTH = 55 };

/* Takes over a header's value, what later versions may add behind the flags apart. False, and an
 * empty text, if it is none. */
bool sl_traceparent_read(char traceparent[SL_TRACEPARENT_LENGTH + 1], const char *value);

#endif
