#include "http/auth/cors.h"

#include "core/codes.h"
#include "http/headers.h"
#include "http/options.h"
#include "net/address.h"
#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DIGITS          "0123456789"
#define LOWER_CASE      DIGITS "abcdefghijklmnopqrstuvwxyz"
#define HOST_CHARACTERS LOWER_CASE "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._"

static bool ends_in(const char *text, size_t length, const char *end) {
  size_t end_length = strlen(end);
  return length >= end_length && strncmp(text + length - end_length, end, end_length) == 0;
}

/* The first `length` characters, as a browser would write them: else they would never match. */
static bool is_origin(const char *text, size_t length) {
  size_t scheme = strspn(text, LOWER_CASE "+.-");
  if (scheme == 0 || strncmp(text + scheme, "://", 3) != 0) {
    return false;
  }
  size_t host = strspn(text + scheme + 3, LOWER_CASE "-._:[]");
  bool usual_port = (strncmp(text, "http:", 5) == 0 && ends_in(text, length, ":80")) ||
                    (strncmp(text, "https:", 6) == 0 && ends_in(text, length, ":443"));
  return host > 0 && scheme + 3 + host == length && !usual_port;
}

/* Whether a text is a list of such items, with one comma between two and blanks around them. */
static bool is_list_of(bool (*is_item)(const char *text, size_t length), const char *list) {
  for (;; list++) {
    list += strspn(list, " ");
    size_t length = strcspn(list, ", ");
    if (!is_item(list, length)) {
      return false;
    }
    list += length + strspn(list + length, " ");
    if (*list != ',') {
      return *list == '\0';
    }
  }
}

bool sl_origins_are_ok(const char *list) {
  return is_list_of(is_origin, list);
}

static bool is_host(const char *text, size_t length) {
  return length > 0 && strspn(text, HOST_CHARACTERS) == length;
}

bool sl_hosts_are_ok(const char *list) {
  return is_list_of(is_host, list);
}

/* Whether one of the items of a list is this text. */
static bool has_item(const char *list, const char *text, size_t text_length,
                     int (*compare)(const char *, const char *, size_t)) {
  for (size_t length = 0;; list += length) {
    list += strspn(list, ", ");
    length = strcspn(list, ", ");
    if (length == 0) {
      return false;
    }
    if (length == text_length && compare(list, text, length) == 0) {
      return true;
    }
  }
}

static bool is_address(int family, const char *text, size_t length) {
  char address[INET6_ADDRSTRLEN];
  struct in6_addr parsed; /* the larger of the two */
  if (length >= sizeof address) {
    return false;
  }
  memcpy(address, text, length);
  address[length] = '\0';
  return inet_pton(family, address, &parsed) == 1;
}

/* Nothing, or a colon and digits; then blanks. */
static bool ends_in_port(const char *text) {
  text += *text == ':' ? 1 + strspn(text + 1, DIGITS) : 0;
  return text[strspn(text, " \t")] == '\0';
}

/* Whether the value of a Host header, with any port, is an IP address, "localhost", or one of the
 * list, which may be NULL. */
static bool is_own_host(const char *list, const char *host) {
  if (host[0] == '[') {
    size_t length = strcspn(host + 1, "]");
    return host[1 + length] == ']' && ends_in_port(host + 2 + length) &&
           is_address(AF_INET6, host + 1, length);
  }
  size_t length = strcspn(host, ": \t");
  return length > 0 && ends_in_port(host + length) &&
         (is_address(AF_INET, host, length) || has_item("localhost", host, length, strncasecmp) ||
          (list != NULL && has_item(list, host, length, strncasecmp)));
}

/* The page that calls came from this server: the same scheme, name and port. */
static bool is_own_origin(const struct sl_headers *headers, bool encrypted) {
  if (sl_header_is(headers->fetch_site, "same-origin")) {
    return true; /* also right where a proxy speaks TLS for us */
  }
  const char *scheme = encrypted ? "https://" : "http://";
  size_t length = strlen(scheme);
  return strncmp(headers->origin, scheme, length) == 0 &&
         sl_header_is(headers->host, headers->origin + length);
}

/* A browser goes to the answer as a page of its own, by a link for example. */
static bool is_navigation(const struct sl_headers *headers, const char *method) {
  bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  return reads && sl_header_is(headers->fetch_mode, "navigate") &&
         sl_header_is(headers->fetch_destination, "document");
}

static bool is_of_other_site(const struct sl_headers *headers) {
  return sl_header_is(headers->fetch_site, "cross-site") ||
         sl_header_is(headers->fetch_site, "same-site");
}

static enum sl_status refuse_origin(const char *origin, struct sl_error *error) {
  return sl_fail(error, SL_ORIGIN_NOT_ALLOWED,
                 "Origin \"%.100s\": its pages may not call this server; "
                 "name it in the option cors_origins",
                 origin);
}

/* Where no token keeps pages out. */
static enum sl_status check_page(const struct sl_page *page,
                                 const struct sl_server_options *options,
                                 const struct sl_page_request *request, struct sl_error *error) {
  const struct sl_headers *headers = request->headers;
  bool loopback = sl_address_is_local(request->address) && !sl_address_is_unix(request->address);
  if (loopback && headers->host != NULL && !is_own_host(options->hosts, headers->host)) {
    return sl_fail(error, SL_HOST_NOT_ALLOWED,
                   "Host \"%.100s\": not a name of this server; add it to the option hosts",
                   headers->host);
  }
  if (page->origin != NULL) {
    return SL_OK;
  }
  if (headers->origin != NULL) {
    return is_own_origin(headers, request->encrypted) ? SL_OK
                                                      : refuse_origin(headers->origin, error);
  }
  if (is_of_other_site(headers) && !is_navigation(headers, request->method)) {
    return sl_fail(error, SL_ORIGIN_NOT_ALLOWED,
                   "Sec-Fetch-Site \"%.20s\": pages of other sites may not call this server; "
                   "name their origins in the option cors_origins",
                   headers->fetch_site);
  }
  return SL_OK;
}

enum sl_status sl_cors_check(struct sl_page *page, const struct sl_server_options *options,
                             const struct sl_page_request *request, struct sl_error *error) {
  const struct sl_headers *headers = request->headers;
  const char *origin = options->cors_origins == NULL ? NULL : headers->origin;
  if (origin != NULL && has_item(options->cors_origins, origin, strlen(origin), strncmp)) {
    page->origin = origin;
  }
  bool authenticated = options->token_file != NULL || options->tls.client_ca != NULL;
  if (!authenticated && check_page(page, options, request, error) != SL_OK) {
    return error->code;
  }
  bool is_preflight = origin != NULL && headers->preflight_method != NULL &&
                      strcmp(request->method, "OPTIONS") == 0;
  if (is_preflight && page->origin == NULL) {
    return refuse_origin(origin, error);
  }
  page->is_preflight = is_preflight;
  return SL_OK;
}

/* A preflight is answered for any path: the real request is told what is wrong with it, and its
 * page can read that. */
bool sl_cors_add_headers(struct MHD_Response *response, const struct sl_server_options *options,
                         const struct sl_page *page) {
  const struct {
    bool wanted;
    const char *name;
    const char *value;
  } headers[] = {
      {options->cors_origins != NULL, "Vary", "Origin"},
      {page->origin != NULL, "Access-Control-Allow-Origin", page->origin},
      {page->origin != NULL && !page->is_preflight, "Access-Control-Expose-Headers",
       "X-Request-Id, Retry-After, WWW-Authenticate"},
      {page->is_preflight, "Access-Control-Allow-Methods", "GET, HEAD, POST"},
      {page->is_preflight, "Access-Control-Allow-Headers",
       "Authorization, Content-Encoding, Content-Type, X-Request-Id, traceparent"},
      {page->is_preflight, "Access-Control-Max-Age", "3600"},
  };
  bool ok = true;
  for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
    ok = ok && (!headers[i].wanted ||
                MHD_add_response_header(response, headers[i].name, headers[i].value) == MHD_YES);
  }
  return ok;
}
