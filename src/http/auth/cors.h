/*
 * Browsers: which web pages may call the service and read its answers (CORS, the Fetch standard).
 * Clients that are not browsers send none of the headers that are looked at here.
 */
#ifndef SPIKELOSS_HTTP_AUTH_CORS_H
#define SPIKELOSS_HTTP_AUTH_CORS_H

#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>

struct sl_request;

/*
 * Refuses what web pages may not ask. A server that asks for neither tokens nor certificates would
 * otherwise serve every page that its users look at, because browsers run on machines that reach
 * it:
 *
 *     Host             on loopback: a name that is not one of ours    SL_HOST_NOT_ALLOWED
 *     Origin           neither named by cors_origins nor our own      SL_ORIGIN_NOT_ALLOWED
 *     Sec-Fetch-Site   another site, without a named origin           SL_ORIGIN_NOT_ALLOWED
 *
 * A page that only links to ours is no caller: browsers do not let it read the answer.
 *
 * Notes in the request which origin may read its answer, and whether it is a preflight: the
 * question of a browser whether the real request may come, which carries no token and is answered
 * whatever its path. Where origins are named, the preflight of any other: SL_ORIGIN_NOT_ALLOWED.
 */
enum sl_status sl_cors_check(struct sl_request *request, struct MHD_Connection *connection,
                             const char *method, struct sl_error *error);

/* Whether the request is a preflight that is answered. */
bool sl_cors_is_preflight(const struct sl_request *request);

/* Adds the headers by which a browser lets the page read an answer. False if out of memory. */
bool sl_cors_add_headers(struct MHD_Response *response, const struct sl_request *request);

#endif
