#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "http/headers.h"
#include "json/string.h"
#include <stdio.h>
#include <string.h>

static const struct sl_route browser_page = {
    .method = "GET", .path = "/", .open = true, .handle = sl_handle_browser_page};

static const struct sl_route routes[] = {
    {.method = "GET", .path = "/", .handle = sl_handle_page, .for_browsers = &browser_page},
    {.method = "GET", .path = "/livez", .open = true, .handle = sl_handle_livez},
    {.method = "GET", .path = "/readyz", .open = true, .handle = sl_handle_readyz},
    {.method = "GET", .path = "/metrics", .handle = sl_handle_metrics},
    {.method = "GET", .path = "/openapi.json", .handle = sl_handle_openapi},
    {.method = "GET", .path = "/v1/losses", .handle = sl_handle_losses},
    {.method = "GET", .path = "/v1/losses/{name}", .handle = sl_handle_loss},
    {.method = "POST",
     .path = "/v1/losses/{name}",
     .takes_body = true,
     .handle = sl_handle_evaluation},
};

enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

static bool answers_to(const struct sl_route *route, const char *method) {
  return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

/* Returns the text in place of "{name}", "" if the path has no such part; NULL if it does not fit.
 */
static const char *fit(const struct sl_route *route, const char *path) {
  const char *wanted = route->path;
  while (*wanted == *path && *wanted != '\0' && *wanted != '{') {
    wanted++;
    path++;
  }
  bool named = *wanted == '{';
  return (named && *path != '\0') || (*wanted == '\0' && *path == '\0') ? path : NULL;
}

/* Notes the methods to which the routes of a path answer. */
static void allow(struct sl_route_match *match, const char *path) {
  size_t length = 0;
  for (const struct sl_route *route = routes; route < routes + ROUTE_COUNT; route++) {
    if (fit(route, path) != NULL) {
      length += (size_t)snprintf(match->allow + length, sizeof match->allow - length, "%s%s",
                                 length > 0 ? ", " : "",
                                 strcmp(route->method, "GET") == 0 ? "GET, HEAD" : route->method);
    }
  }
}

/* What other services call these. */
static const struct {
  const char *path;
  const char *meant;
} look_alikes[] = {
    {"/health", "/livez"},         {"/healthcheck", "/livez"},
    {"/ping", "/livez"},           {"/readiness", "/readyz"},
    {"/openapi", "/openapi.json"}, {"/openapi.yaml", "/openapi.json"},
    {"/swagger", "/openapi.json"}, {"/swagger.json", "/openapi.json"},
    {"/docs", "/openapi.json"},    {"/losses", "/v1/losses"},
    {"/v1", "/v1/losses"},
};

/* Returns whether a path goes on where another ends: /v1/losses/x is no misspelling of /v1/losses.
 */
static bool is_below(const char *path, size_t length, const char *other) {
  size_t end = strlen(other);
  return length > end && strncmp(path, other, end) == 0 && path[end] == '/';
}

static const struct sl_loss *loss_at_end(const char *path, size_t length) {
  size_t start = length;
  while (start > 0 && path[start - 1] != '/') {
    start--;
  }
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    if (sl_is_near(path + start, length - start, (*loss)->name)) {
      return *loss;
    }
  }
  return NULL;
}

/* The path that was probably meant: without slashes at the end, in the right spelling, or the one
 * that other services call so. "" if there is none. */
static void guess(char *meant, size_t size, const char *path) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') {
    length--;
  }
  const struct sl_loss *loss = loss_at_end(path, length);
  if (loss != NULL) {
    snprintf(meant, size, "/v1/losses/%s", loss->name);
    return;
  }
  const char *found = "";
  for (const struct sl_route *route = routes; route < routes + ROUTE_COUNT; route++) {
    bool beside = strchr(route->path, '{') == NULL && !is_below(path, length, route->path);
    found = beside && sl_is_near(path, length, route->path) ? route->path : found;
  }
  for (size_t i = 0; i < sizeof look_alikes / sizeof look_alikes[0]; i++) {
    found = sl_is_near(path, length, look_alikes[i].path) ? look_alikes[i].meant : found;
  }
  snprintf(meant, size, "%s", found);
}

/* There is no such path, or no such loss at the end of one; `list` tells what there is. */
static enum sl_status fail_not_found(const char *what, const char *name, int max_length,
                                     const char *path, const char *list, struct sl_error *error) {
  char meant[80];
  guess(meant, sizeof meant, path);
  return meant[0] != '\0'
             ? sl_fail(error, SL_NOT_FOUND, "\"%.*s\": there is no such %s; did you mean %s?",
                       max_length, name, what, meant)
             : sl_fail(error, SL_NOT_FOUND, "\"%.*s\": there is no such %s; %s", max_length, name,
                       what, list);
}

static enum sl_status fail_method(const struct sl_route_match *match, const char *method,
                                  const char *path, struct sl_error *error) {
  bool posts_to_list = strcmp(path, "/v1/losses") == 0 && strcmp(method, "POST") == 0;
  return posts_to_list
             ? sl_fail(error, SL_METHOD_NOT_ALLOWED,
                       "%s: there is no POST here; post to the path of a loss, such as %s/%s", path,
                       path, sl_losses[0]->name)
             : sl_fail(error, SL_METHOD_NOT_ALLOWED, "%.100s: there is no %.16s here; use %s", path,
                       method, match->allow);
}

enum sl_status sl_route_find(struct sl_route_match *match, const char *method, const char *target,
                             struct sl_error *error) {
  const char *path = sl_target_path(target);
  *match = (struct sl_route_match){0};
  for (size_t i = ROUTE_COUNT; i-- > 0;) { /* the last is asked for most */
    const struct sl_route *route = &routes[i];
    const char *name = fit(route, path);
    if (name == NULL) {
      continue;
    }
    match->loss = sl_loss_find(name);
    if (name[0] != '\0' && match->loss == NULL) {
      return fail_not_found("loss", name, 64, path, "GET /v1/losses lists all of them", error);
    }
    if (answers_to(route, method)) {
      match->route = route;
      return SL_OK;
    }
  }
  allow(match, path);
  return match->allow[0] != '\0'
             ? fail_method(match, method, path, error)
             : fail_not_found("path", path, 100, path, "GET / lists all of them", error);
}
