#include "http/auth/cors.h"

#include "core/codes.h"
#include "http/hosts.h"
#include "http/origins.h"
#include "http/request.h"
#include "http/response.h"
#include "net/address.h"
#include "net/tls.h"
#include <string.h>

static const struct sl_route preflight = {
    .method = "OPTIONS", .open = true, .answer = sl_response_empty};

/* The page that calls came from this server: the same scheme, name and port. */
static bool is_own_origin(const struct sl_headers *headers, bool encrypted) {
  if (headers->fetch_site != NULL && sl_header_is(headers->fetch_site, "same-origin")) {
    return true; /* also right where a proxy speaks TLS for us */
  }
  const char *scheme = encrypted ? "https://" : "http://";
  size_t length = strlen(scheme);
  return headers->host != NULL && strncmp(headers->origin, scheme, length) == 0 &&
         sl_header_is(headers->host, headers->origin + length);
}

/* A browser goes to the answer as a page of its own, by a link for example. */
static bool is_navigation(const struct sl_headers *headers, const char *method) {
  bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  return reads && headers->fetch_mode != NULL && sl_header_is(headers->fetch_mode, "navigate") &&
         headers->fetch_destination != NULL && sl_header_is(headers->fetch_destination, "document");
}

static bool is_of_other_site(const struct sl_headers *headers) {
  return headers->fetch_site != NULL && (sl_header_is(headers->fetch_site, "cross-site") ||
                                         sl_header_is(headers->fetch_site, "same-site"));
}

static enum sl_status refuse_origin(const char *origin, struct sl_error *error) {
  return sl_fail(error, SL_ORIGIN_NOT_ALLOWED,
                 "Origin \"%.100s\": its pages may not call this server; "
                 "name it in the option cors_origins",
                 origin);
}

/* Where no token keeps pages out. */
static enum sl_status check_page(const struct sl_request *request,
                                 struct MHD_Connection *connection, const char *method,
                                 struct sl_error *error) {
  const struct sl_headers *headers = &request->headers;
  bool loopback = sl_address_is_local(request->address) && !sl_address_is_unix(request->address);
  if (loopback && headers->host != NULL &&
      !sl_hosts_allow(request->service->auth.hosts, headers->host)) {
    return sl_fail(error, SL_HOST_NOT_ALLOWED,
                   "Host \"%.100s\": not a name of this server; add it to the option hosts",
                   headers->host);
  }
  if (request->origin != NULL) {
    return SL_OK;
  }
  if (headers->origin != NULL) {
    bool own = is_own_origin(headers, sl_tls_is_used(connection));
    return own ? SL_OK : refuse_origin(headers->origin, error);
  }
  if (is_of_other_site(headers) && !is_navigation(headers, method)) {
    return sl_fail(error, SL_ORIGIN_NOT_ALLOWED,
                   "Sec-Fetch-Site \"%.20s\": pages of other sites may not call this server; "
                   "name their origins in the option cors_origins",
                   headers->fetch_site);
  }
  return SL_OK;
}

static enum sl_status check_preflight(struct sl_request *request, const char *method,
                                      struct sl_error *error) {
  const struct sl_headers *headers = &request->headers;
  if (request->service->auth.origins == NULL || headers->origin == NULL ||
      headers->preflight_method == NULL || strcmp(method, "OPTIONS") != 0) {
    return SL_OK;
  }
  if (request->origin == NULL) {
    return refuse_origin(headers->origin, error);
  }
  request->match.route = &preflight;
  return SL_OK;
}

enum sl_status sl_cors_check(struct sl_request *request, struct MHD_Connection *connection,
                             const char *method, struct sl_error *error) {
  const struct sl_auth *auth = &request->service->auth;
  if (auth->origins != NULL && request->headers.origin != NULL) {
    request->origin = sl_origins_find(auth->origins, request->headers.origin);
  }
  if (auth->access == NULL && check_page(request, connection, method, error) != SL_OK) {
    return error->code;
  }
  return check_preflight(request, method, error);
}

bool sl_cors_is_preflight(const struct sl_request *request) {
  return request->match.route == &preflight;
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
         (sl_cors_is_preflight(request) ? add_preflight_headers(response)
                                        : add(response, "Access-Control-Expose-Headers",
                                              "X-Request-Id, Retry-After, WWW-Authenticate"));
}
