/*
 * What stands at every path, for every method.
 */
#include "session.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* All paths that GET answers, with the media type of what is there. */
static const struct {
  const char *path;
  const char *media_type;
} pages[] = {
    {"/", "text/plain; charset=utf-8"}, {"/livez", "text/plain"},
    {"/readyz", "text/plain"},          {"/openapi.json", "application/json"},
    {"/v1/losses", "application/json"}, {FIRING_RATE, "application/json"},
    {POPULATION, "application/json"},
};

enum { PAGE_COUNT = sizeof pages / sizeof *pages };

START_TEST(every_page_answers_get_with_its_media_type) {
  session_begin();
  for (size_t i = 0; i < PAGE_COUNT; i++) {
    ck_assert_int_eq(client_get(&client, pages[i].path), 200);
    ck_assert_str_eq(client_header(&client, "Content-Type"), pages[i].media_type);
    ck_assert_str_eq(client_header(&client, "Cache-Control"), "no-store");
    ck_assert_ptr_nonnull(client_header(&client, "X-Request-Id"));
    ck_assert_uint_gt(client.length, 0);
  }
  session_end();
}
END_TEST

START_TEST(head_answers_like_get_but_without_the_body) {
  session_begin();
  for (size_t i = 0; i < PAGE_COUNT; i++) {
    char length[32];
    ck_assert_int_eq(client_get(&client, pages[i].path), 200);
    snprintf(length, sizeof length, "%zu", client.length);
    ck_assert_int_eq(
        client_ask(&client, &(struct question){.method = "HEAD", .path = pages[i].path}), 200);
    ck_assert_uint_eq(client.length, 0);
    ck_assert_str_eq(client_header(&client, "Content-Type"), pages[i].media_type);
    ck_assert_str_eq(client_header(&client, "Content-Length"), length);
  }
  ck_assert_int_eq(client_ask(&client, &(struct question){.method = "HEAD", .path = "/nothing"}),
                   404);
  session_end();
}
END_TEST

START_TEST(health_says_ok) {
  session_begin();
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_str_eq(client.body, "ok\n");
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  ck_assert_str_eq(client.body, "ok\n");
  session_end();
}
END_TEST

START_TEST(a_wrong_method_on_a_page_is_told_the_right_ones) {
  session_begin();
  static const char *const methods[] = {"DELETE", "OPTIONS", "PATCH", "PUT", "POST", "TRACE"};
  static const char *const paths[] = {"/", "/livez", "/readyz", "/openapi.json", "/v1/losses"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    for (size_t j = 0; j < sizeof paths / sizeof *paths; j++) {
      client_ask(&client, &(struct question){.method = methods[i], .path = paths[j]});
      client_expect_problem(&client, 405, "method_not_allowed", NULL, NO_OFFSET);
      ck_assert_str_eq(client_header(&client, "Allow"), "GET, HEAD");
      client_expect_detail(&client, methods[i]);
    }
  }
  session_end();
}
END_TEST

START_TEST(a_wrong_method_on_a_loss_is_told_the_right_ones) {
  session_begin();
  static const char *const methods[] = {"DELETE", "PUT", "PATCH", "OPTIONS"};
  static const char *const paths[] = {FIRING_RATE, POPULATION};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
    for (size_t j = 0; j < 2; j++) {
      client_ask(&client, &(struct question){.method = methods[i], .path = paths[j], .body = "{}"});
      client_expect_problem(&client, 405, "method_not_allowed", NULL, NO_OFFSET);
      ck_assert_str_eq(client_header(&client, "Allow"), "GET, HEAD, POST");
      client_expect_detail(&client, "; use GET, HEAD, POST");
    }
  }
  session_end();
}
END_TEST

START_TEST(there_is_nothing_at_unknown_paths) {
  session_begin();
  static const char *const paths[] = {
      "/nothing",   "/v1",        "/v1/",      "/v1/losses/",    "/v1/losses/mean",
      "/livez/",    "/LIVEZ",     "//",        FIRING_RATE "/",  FIRING_RATE "x",
      "/%6Civez",   "/v2/losses", "/../livez", "/v1/losses/%00", "/v1/losses/{name}",
      "/index.html"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    client_get(&client, paths[i]);
    client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
    client_post(&client, paths[i], "{}");
    client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
  }
  session_end();
}
END_TEST

START_TEST(an_unknown_loss_is_named_and_told_where_the_known_ones_are) {
  session_begin();
  client_post(&client, "/v1/losses/cross_entropy", "{}");
  client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
  client_expect_detail(&client, "cross_entropy");
  client_expect_detail(&client, "/v1/losses");
  session_end();
}
END_TEST

START_TEST(a_path_that_is_nearly_right_is_told_the_right_one) {
  session_begin();
  static const struct {
    const char *path, *meant;
  } paths[] = {
      {"/livez/", "/livez"},
      {"/LIVEZ", "/livez"},
      {"/healthz", "/livez"},
      {"/health", "/livez"},
      {"/ready", "/readyz"},
      {"/metrics//", "/metrics"},
      {"/v1/losses/", "/v1/losses"},
      {"/v1", "/v1/losses"},
      {"/swagger.json", "/openapi.json"},
      {FIRING_RATE "/", FIRING_RATE},
      {"/v1/firing_rate_target_mse_loss", FIRING_RATE},
      {"/balanced_population_mse", POPULATION},
      {"/v1/losses/Balanced_Population_MSE", POPULATION},
      {"/v1/losses/balanced-population-mse", POPULATION},
      {"/v1/losses/spike_count_crossentropy", "/v1/losses/spike_count_cross_entropy"},
      {"/v1/loss", "/v1/losses"},
      {"/metric", "/metrics"},
  };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    char words[128];
    snprintf(words, sizeof words, "did you mean %s?\"", paths[i].meant);
    client_get(&client, paths[i].path);
    client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
    ck_assert_msg(strstr(client.body, words) != NULL, "%s: %s", paths[i].path, client.body);
  }
  static const char *const others[] = {"/nothing", "/v1/losses/mse", "/v1/losses/x",
                                       "/v1/losses/{name}", "/v2/x"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    client_get(&client, others[i]);
    ck_assert_msg(strstr(client.body, "did you mean") == NULL, "%s: %s", others[i], client.body);
  }
  session_end();
}
END_TEST

START_TEST(a_post_to_the_list_of_losses_is_told_the_path_of_one) {
  session_begin();
  client_post(&client, "/v1/losses", GOOD);
  client_expect_problem(&client, 405, "method_not_allowed", NULL, NO_OFFSET);
  client_expect_detail(&client, "such as " FIRING_RATE);
  session_end();
}
END_TEST

START_TEST(a_body_sent_with_get_is_ignored) {
  session_begin();
  client_ask(&client, &(struct question){.method = "GET", .path = "/livez", .body = "whatever"});
  ck_assert_int_eq(client.status, 200);
  ck_assert_str_eq(client.body, "ok\n");
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  ck_assert_int_eq(client.connections, 0);
  session_end();
}
END_TEST

START_TEST(query_strings_are_refused_where_they_would_be_options) {
  session_begin();
  static const char *const queries[] = {"?gradient=none", "?gradient", "?a=1&b=2", "?=", "?%20"};
  for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
    char path[128];
    snprintf(path, sizeof path, FIRING_RATE "%s", queries[i]);
    client_post(&client, path, "{}");
    client_expect_problem(&client, 400, "unexpected_query", NULL, NO_OFFSET);
    client_expect_detail(&client, "query");
  }
  ck_assert_int_eq(client_get(&client, "/livez?probe=1"), 200);
  session_end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "endpoints", session_tidy, every_page_answers_get_with_its_media_type,
      head_answers_like_get_but_without_the_body, health_says_ok,
      a_wrong_method_on_a_page_is_told_the_right_ones,
      a_wrong_method_on_a_loss_is_told_the_right_ones, there_is_nothing_at_unknown_paths,
      an_unknown_loss_is_named_and_told_where_the_known_ones_are,
      a_path_that_is_nearly_right_is_told_the_right_one,
      a_post_to_the_list_of_losses_is_told_the_path_of_one, a_body_sent_with_get_is_ignored,
      query_strings_are_refused_where_they_would_be_options);
}
