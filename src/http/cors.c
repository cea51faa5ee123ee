#include "http/cors.h"

#include "http/origins.h"
#include "http/reply.h"
#include "http/request.h"
#include <string.h>

static const struct sl_route preflight = {
    .method = "OPTIONS", .open = true, .answer = sl_reply_empty};

enum sl_status sl_cors_check(struct sl_request *request, struct MHD_Connection *connection,
                             const char *method, struct sl_error *error) {
  const char *origin = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin");
  if (origin == NULL) {
    return SL_OK;
  }
  request->origin = sl_origins_find(request->service->doors.origins, origin);
  if (strcmp(method, "OPTIONS") != 0 ||
      MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Access-Control-Request-Method") ==
          NULL) {
    return SL_OK;
  }
  sl_error_clear(error);
  if (request->origin == NULL) {
    return sl_fail(error, SL_ORIGIN_NOT_ALLOWED,
                   "pages of \"%.100s\" may not call this server: cors_origins does not name it",
                   origin);
  }
  request->match.route = &preflight;
  return SL_OK;
}

static bool add(struct MHD_Response *response, const char *name, const char *value) {
  return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Whatever the path: the real request is told what is wrong with it, and its page can read that. */
static bool add_preflight_headers(struct MHD_Response *response) {
  return add(response, "Access-Control-Allow-Methods", "GET, HEAD, POST") &&
         add(response, "Access-Control-Allow-Headers",
             "Authorization, Content-Type, X-Request-Id, traceparent") &&
         add(response, "Access-Control-Max-Age", "3600");
}

bool sl_cors_add_headers(struct MHD_Response *response, const struct sl_request *request) {
  if (!add(response, "Vary", "Origin")) {
    return false;
  }
  if (request->origin == NULL) {
    return true;
  }
  return add(response, "Access-Control-Allow-Origin", request->origin) &&
         (request->match.route == &preflight ? add_preflight_headers(response)
                                             : add(response, "Access-Control-Expose-Headers",
                                                   "X-Request-Id, Retry-After, WWW-Authenticate"));
}
