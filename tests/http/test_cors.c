/*
 * Browsers: the preflight of a page, and which pages may read an answer.
 */
#include "client.h"
#include "scratch.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TOKEN   "0123456789abcdef0123456789abcdef"
#define APP     "https://app.example.org"
#define LOCAL   "http://localhost:3000"
#define ORIGINS APP ", " LOCAL

static struct daemon daemon_process;
static struct client client;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void begin(void) {
  START(&daemon_process, "--cors-origins", ORIGINS);
  client_open(&client, &daemon_process);
}

static void begin_with_tokens(void) {
  scratch_open(&scratch);
  START(&daemon_process, "--cors-origins", ORIGINS, "--token-file",
        scratch_write(&scratch, "tokens", "alice " TOKEN "\n"));
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

static void expect_header(const char *name, const char *value) {
  const char *given = client_header(&client, name);
  ck_assert_msg(given != NULL && strcmp(given, value) == 0, "%s is %s, expected %s", name,
                given == NULL ? "missing" : given, value);
}

static void expect_closed_to_pages(void) {
  static const char *const names[] = {"Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
                                      "Access-Control-Allow-Headers", "Access-Control-Max-Age",
                                      "Access-Control-Expose-Headers"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    ck_assert_msg(client_header(&client, names[i]) == NULL, "there is %s", names[i]);
  }
}

static long ask_preflight(const char *path, const char *origin, const char *method) {
  return client_ask(&client, &(struct question){.method = "OPTIONS",
                                                .path = path,
                                                .headers = {origin, method,
                                                            "Access-Control-Request-Headers: "
                                                            "authorization,content-type"}});
}

static void expect_open_preflight(const char *origin) {
  ck_assert_int_eq(client.status, 204);
  ck_assert_uint_eq(client.length, 0);
  ck_assert_ptr_null(client_header(&client, "Content-Type"));
  expect_header("Access-Control-Allow-Origin", origin);
  expect_header("Access-Control-Allow-Methods", "GET, HEAD, POST");
  expect_header("Access-Control-Allow-Headers",
                "Authorization, Content-Encoding, Content-Type, X-Request-Id, traceparent");
  expect_header("Access-Control-Max-Age", "3600");
  expect_header("Vary", "Origin");
}

START_TEST(a_preflight_of_a_named_origin_is_let_through) {
  begin();
  ask_preflight(FIRING_RATE, "Origin: " APP, "Access-Control-Request-Method: POST");
  expect_open_preflight(APP);
  ask_preflight("/v1/losses", "Origin: " LOCAL, "Access-Control-Request-Method: GET");
  expect_open_preflight(LOCAL);
  ask_preflight("/no/such/path", "Origin: " APP, "Access-Control-Request-Method: GET");
  expect_open_preflight(APP);
  ck_assert_int_eq(client.connections, 0);
  end();
}
END_TEST

START_TEST(a_preflight_needs_no_token_because_browsers_send_none) {
  begin_with_tokens();
  ask_preflight(FIRING_RATE, "Origin: " APP, "Access-Control-Request-Method: POST");
  expect_open_preflight(APP);
  ask_preflight(FIRING_RATE, "Origin: https://evil.example", "Access-Control-Request-Method: POST");
  client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
  client_ask(&client, &(struct question){
                          .method = "OPTIONS", .path = FIRING_RATE, .headers = {"Origin: " APP}});
  client_expect_problem(&client, 401, "token_missing", NULL, NO_OFFSET);
  end();
}
END_TEST

START_TEST(a_preflight_of_any_other_origin_is_refused) {
  static const char *const origins[] = {"Origin: https://evil.example",
                                        "Origin: http://app.example.org",
                                        "Origin: https://app.example.org:8443",
                                        "Origin: https://app.example.org.evil.example",
                                        "Origin: https://app.example.or",
                                        "Origin: https://APP.example.org",
                                        "Origin: https://app.example.org/",
                                        "Origin: http://localhost",
                                        "Origin: " ORIGINS,
                                        "Origin: *",
                                        "Origin: null",
                                        "Origin;"};
  begin();
  for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
    ask_preflight(FIRING_RATE, origins[i], "Access-Control-Request-Method: POST");
    client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
    client_expect_detail(&client, "cors_origins");
    expect_closed_to_pages();
    expect_header("Vary", "Origin");
  }
  end();
}
END_TEST

START_TEST(what_is_no_preflight_is_a_wrong_method) {
  begin();
  client_ask(&client, &(struct question){
                          .method = "OPTIONS", .path = FIRING_RATE, .headers = {"Origin: " APP}});
  client_expect_problem(&client, 405, "method_not_allowed", NULL, NO_OFFSET);
  client_ask(&client, &(struct question){.method = "OPTIONS",
                                         .path = FIRING_RATE,
                                         .headers = {"Access-Control-Request-Method: POST"}});
  client_expect_problem(&client, 405, "method_not_allowed", NULL, NO_OFFSET);
  expect_closed_to_pages();
  end();
}
END_TEST

START_TEST(pages_of_named_origins_may_read_answers_and_problems) {
  begin_with_tokens();
  const char *const headers[] = {"Origin: " APP, "Authorization: Bearer " TOKEN};
  client_ask(&client, &(struct question){
                          .path = FIRING_RATE, .body = GOOD, .headers = {headers[0], headers[1]}});
  ck_assert_int_eq(client.status, 200);
  expect_header("Access-Control-Allow-Origin", APP);
  expect_header("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, WWW-Authenticate");
  expect_header("Vary", "Origin");
  ck_assert_ptr_null(client_header(&client, "Access-Control-Allow-Credentials"));
  ck_assert_ptr_null(client_header(&client, "Access-Control-Allow-Methods"));
  static const struct {
    const char *body;
    const char *path;
    int status;
  } problems[] = {{"[", FIRING_RATE, 400}, {GOOD, "/nothing", 404}, {NULL, FIRING_RATE, 200}};
  for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
    client_ask(&client, &(struct question){.path = problems[i].path,
                                           .body = problems[i].body,
                                           .headers = {headers[0], headers[1]}});
    ck_assert_int_eq(client.status, problems[i].status);
    expect_header("Access-Control-Allow-Origin", APP);
  }
  client_ask(&client, &(struct question){.path = FIRING_RATE, .headers = {headers[0]}});
  client_expect_problem(&client, 401, "token_missing", NULL, NO_OFFSET);
  expect_header("Access-Control-Allow-Origin", APP);
  end();
}
END_TEST

START_TEST(pages_of_other_origins_are_refused) {
  begin();
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = GOOD,
                                         .headers = {"Origin: https://evil.example"}});
  client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
  expect_closed_to_pages();
  expect_header("Vary", "Origin");
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  expect_closed_to_pages();
  end();
}
END_TEST

START_TEST(pages_of_other_origins_that_have_a_token_are_served_without_leave_to_read) {
  begin_with_tokens();
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = GOOD,
                                         .headers = {"Origin: https://evil.example",
                                                     "Authorization: Bearer " TOKEN}});
  ck_assert_int_eq(client.status, 200);
  expect_closed_to_pages();
  expect_header("Vary", "Origin");
  end();
}
END_TEST

START_TEST(without_the_option_no_page_is_let_through) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  ask_preflight(FIRING_RATE, "Origin: " APP, "Access-Control-Request-Method: POST");
  client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
  expect_closed_to_pages();
  client_ask(&client,
             &(struct question){.path = FIRING_RATE, .body = GOOD, .headers = {"Origin: " APP}});
  client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
  expect_closed_to_pages();
  ck_assert_ptr_null(client_header(&client, "Vary"));
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "cors", tidy, a_preflight_of_a_named_origin_is_let_through,
      a_preflight_needs_no_token_because_browsers_send_none,
      a_preflight_of_any_other_origin_is_refused, what_is_no_preflight_is_a_wrong_method,
      pages_of_named_origins_may_read_answers_and_problems, pages_of_other_origins_are_refused,
      pages_of_other_origins_that_have_a_token_are_served_without_leave_to_read,
      without_the_option_no_page_is_let_through);
}
