#include "http/routes.h"

#include "http/describe.h"
#include "http/evaluate.h"
#include "http/health.h"
#include "http/metrics_page.h"
#include "http/openapi.h"
#include "http/page.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct sl_route routes[] = {
    {.method = "GET", .path = "/", .answer = sl_answer_page},
    {.method = "GET", .path = "/livez", .open = true, .answer = sl_answer_livez},
    {.method = "GET", .path = "/readyz", .open = true, .answer = sl_answer_readyz},
    {.method = "GET", .path = "/metrics", .answer = sl_answer_metrics},
    {.method = "GET", .path = "/openapi.json", .answer = sl_answer_openapi},
    {.method = "GET", .path = "/v1/losses", .answer = sl_answer_losses},
    {.method = "GET", .path = "/v1/losses/{name}", .answer = sl_answer_loss},
    {.method = "POST",
     .path = "/v1/losses/{name}",
     .takes_body = true,
     .answer = sl_answer_evaluation},
};

enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

/* The methods to which a table row answers. */
static const char *methods_of(const struct sl_route *route) {
  return strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method;
}

static bool answers_to(const struct sl_route *route, const char *method) {
  bool head = strcmp(method, "HEAD") == 0;
  return strcmp(route->method, head ? "GET" : method) == 0;
}

/* The text that stands for "{name}", "" if the path has no such part; NULL if it does not fit. */
static const char *fit(const struct sl_route *route, const char *path) {
  size_t fixed = strcspn(route->path, "{");
  if (strncmp(path, route->path, fixed) != 0) {
    return NULL;
  }
  bool named = route->path[fixed] == '{';
  bool has_name = path[fixed] != '\0';
  return named == has_name ? path + fixed : NULL;
}

static void allow(struct sl_route_match *match, const struct sl_route *route) {
  size_t length = strlen(match->allow);
  snprintf(match->allow + length, sizeof match->allow - length, "%s%s", length > 0 ? ", " : "",
           methods_of(route));
}

/* The path of a request target, which proxies may send as a whole URL. */
static const char *path_of(const char *target) {
  size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                  : strncasecmp(target, "https://", 8) == 0 ? 8
                                                            : 0;
  if (scheme == 0) {
    return target;
  }
  const char *path = strchr(target + scheme, '/');
  return path != NULL ? path : "/";
}

enum sl_status sl_route_find(struct sl_route_match *match, const char *method, const char *target,
                             struct sl_error *error) {
  const char *path = path_of(target);
  *match = (struct sl_route_match){0};
  for (const struct sl_route *route = routes; route < routes + ROUTE_COUNT; route++) {
    const char *name = fit(route, path);
    if (name == NULL) {
      continue;
    }
    match->loss = sl_loss_find(name);
    if (name[0] != '\0' && match->loss == NULL) {
      return sl_fail(error, SL_NOT_FOUND,
                     "there is no loss \"%.64s\"; GET /v1/losses lists all of them", name);
    }
    allow(match, route);
    if (answers_to(route, method)) {
      match->route = route;
      return SL_OK;
    }
  }
  if (match->allow[0] != '\0') {
    return sl_fail(error, SL_METHOD_NOT_ALLOWED, "this path answers to %s, not to %.16s",
                   match->allow, method);
  }
  return sl_fail(error, SL_NOT_FOUND, "there is nothing at \"%.100s\"; GET / says what there is",
                 path);
}
