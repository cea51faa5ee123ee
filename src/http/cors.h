/*
 * Browsers: which web pages may call the service and read its answers (CORS, the Fetch standard).
 * Who is no browser never sends an Origin and is none of this room's business.
 */
#ifndef SPIKELOSS_HTTP_CORS_H
#define SPIKELOSS_HTTP_CORS_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>

struct sl_request;

/*
 * Notes in the request which origin may read its answer, and whether it is a preflight: the
 * question of a browser whether the real request may come, which carries no token and is answered
 * whatever its path. A preflight of an origin that is not named: SL_ORIGIN_NOT_ALLOWED. Only where
 * origins are named.
 */
enum sl_status sl_cors_check(struct sl_request *request, struct MHD_Connection *connection,
                             const char *method, struct sl_error *error);

/* The headers by which a browser lets the page read an answer. False when there is no memory. */
bool sl_cors_add_headers(struct MHD_Response *response, const struct sl_request *request);

#endif
