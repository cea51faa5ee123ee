/*
 * Which requests are served where tokens are required, and what refused ones are told.
 */
#include "client.h"
#include "scratch.h"
#include "suite.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define ALICE   "alices-secret-0123456789"
#define BOB     "Ym9icyBzZWNyZXQgYWxzbw=="
#define MISSING "Bearer realm=\"spikelossd\""
#define INVALID "Bearer realm=\"spikelossd\", error=\"invalid_token\""

static struct daemon daemon_process;
static struct client client;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void begin(void) {
  scratch_open(&scratch);
  const char *tokens = scratch_write(&scratch, "tokens", "alice " ALICE "\nbob " BOB "\n");
  START(&daemon_process, "--token-file", tokens, "--log-level", "debug", "--access-log", "all");
  client_open(&client, &daemon_process);
}

/* Whatever happened, no secret was written anywhere. */
static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
  ck_assert_ptr_null(strstr(daemon_process.said, ALICE));
  ck_assert_ptr_null(strstr(daemon_process.said, BOB));
  scratch_close(&scratch);
}

static long ask_with(const char *path, const char *body, const char *header) {
  return client_ask(&client, &(struct question){.path = path, .body = body, .headers = {header}});
}

static void expect_refusal(const char *code, const char *challenge) {
  client_expect_problem(&client, 401, code, NULL, NO_OFFSET);
  ck_assert_pstr_eq(client_header(&client, "WWW-Authenticate"), challenge);
}

START_TEST(every_token_of_the_file_lets_in) {
  begin();
  static const char *const headers[] = {
      "Authorization: Bearer " ALICE, "Authorization: Bearer " BOB, "authorization: bearer " ALICE,
      "Authorization: BEARER   " ALICE};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    ck_assert_int_eq(ask_with(FIRING_RATE, GOOD, headers[i]), 200);
    ck_assert_int_eq(ask_with("/v1/losses", NULL, headers[i]), 200);
    ck_assert_ptr_null(client_header(&client, "WWW-Authenticate"));
  }
  client_ask(&client,
             &(struct question){
                 .path = FIRING_RATE, .body = GOOD, .headers = {headers[0]}, .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  end();
}
END_TEST

START_TEST(without_a_token_nothing_but_health_is_open) {
  begin();
  static const char *const paths[] = {
      "/",           "/metrics",      FIRING_RATE, "/v1/losses", "/openapi.json",
      "/v1/losses/", "/no/such/path", "/livez/"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    client_get(&client, paths[i]);
    expect_refusal("token_missing", MISSING);
    client_expect_detail(&client, "Authorization: Bearer");
  }
  client_post(&client, FIRING_RATE, GOOD);
  expect_refusal("token_missing", MISSING);
  client_post(&client, "/livez", GOOD);
  expect_refusal("token_missing", MISSING);
  client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
  expect_refusal("token_missing", MISSING);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  ck_assert_int_eq(ask_with("/livez", NULL, "Authorization: Bearer wrong"), 200);
  end();
}
END_TEST

START_TEST(a_browser_gets_the_page_that_asks_for_the_token_and_nothing_else) {
  begin();
  ck_assert_int_eq(ask_with("/", NULL, "Accept: text/html"), 200);
  ck_assert_str_eq(client_header(&client, "Content-Type"), "text/html; charset=utf-8");
  static const char *const paths[] = {"/metrics", "/v1/losses", "/openapi.json", "//", "/x"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    ask_with(paths[i], NULL, "Accept: text/html");
    expect_refusal("token_missing", MISSING);
  }
  ask_with("/", GOOD, "Accept: text/html");
  expect_refusal("token_missing", MISSING);
  end();
}
END_TEST

/* What is sent after "Authorization: ", and how it is refused. */
static const struct {
  const char *header;
  const char *code;
  const char *challenge;
} wrong[] = {
    {"Authorization: Bearer alices-secret-0123456788", "token_invalid", INVALID},
    {"Authorization: Bearer alices-secret-012345678", "token_invalid", INVALID},
    {"Authorization: Bearer " ALICE "0", "token_invalid", INVALID},
    {"Authorization: Bearer ALICES-SECRET-0123456789", "token_invalid", INVALID},
    {"Authorization: Bearer alice", "token_invalid", INVALID},
    {"Authorization: Bearer", "token_invalid", INVALID},
    {"Authorization: Bearer " ALICE " " ALICE, "token_invalid", INVALID},
    {"Authorization: Bearer \"" ALICE "\"", "token_invalid", INVALID},
    {"Authorization: Bearer " ALICE ", Basic x", "token_invalid", INVALID},
    {"Authorization: Bearer caf\xC3\xA9-caf\xC3\xA9-caf\xC3\xA9", "token_invalid", INVALID},
    {"Authorization: " ALICE, "token_missing", MISSING},
    {"Authorization: Basic YWxpY2U6c2VjcmV0", "token_missing", MISSING},
    {"Authorization: Bearer" ALICE, "token_missing", MISSING},
    {"Authorization;", "token_missing", MISSING},
    {"X-Authorization: Bearer " ALICE, "token_missing", MISSING},
};

START_TEST(a_wrong_or_malformed_token_is_refused_and_not_repeated) {
  begin();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ask_with(FIRING_RATE, GOOD, wrong[i].header);
    expect_refusal(wrong[i].code, wrong[i].challenge);
    ck_assert_ptr_null(strstr(client.body, "alice"));
    ck_assert_ptr_null(strstr(client.body, "ALICE"));
    ck_assert_int_eq(client.connections, i == 0);
  }
  end();
}
END_TEST

START_TEST(two_authorizations_are_refused_even_if_both_are_right) {
  begin();
  client_ask(&client, &(struct question){.path = "/v1/losses",
                                         .headers = {"Authorization: Bearer " ALICE,
                                                     "Authorization: Bearer " ALICE}});
  expect_refusal("token_invalid", INVALID);
  client_expect_detail(&client, "2 Authorization headers");
  end();
}
END_TEST

START_TEST(a_refused_upload_is_read_to_its_end_so_that_the_client_reads_why) {
  enum { LENGTH = 20 * 1000 * 1000 };
  begin();
  char *body = malloc(LENGTH);
  ck_assert_ptr_nonnull(body);
  memset(body, ' ', LENGTH);
  for (size_t chunk = 0; chunk <= 65536; chunk += 65536) {
    client_ask(&client, &(struct question){
                            .path = FIRING_RATE, .body = body, .length = LENGTH, .chunk = chunk});
    expect_refusal("token_missing", MISSING);
  }
  ask_with(FIRING_RATE, GOOD, "Authorization: Bearer " ALICE);
  ck_assert_int_eq(client.status, 200);
  ck_assert_int_eq(client.connections, 0);
  free(body);
  end();
}
END_TEST

START_TEST(a_client_that_waits_is_refused_at_the_headers) {
  begin();
  struct answer answer;
  char challenge[64];
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                       "Authorization: Bearer " ALICE "x\r\nExpect: 100-continue\r\n\r\n");
  wire_read_answer(wire, &answer);
  answer_expect_problem(&answer, 401, "token_invalid");
  ck_assert(answer_header(&answer, "WWW-Authenticate", challenge, sizeof challenge));
  ck_assert_str_eq(challenge, INVALID);
  close(wire);
  end();
}
END_TEST

/* From version 1.0 on libmicrohttpd answers it by itself, without a document. */
START_TEST(what_could_be_smuggled_is_refused_before_anybody_is_asked) {
  begin();
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /v1/losses HTTP/1.1\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 400);
  wire_expect_end(wire);
  close(wire);
  end();
}
END_TEST

START_TEST(where_no_tokens_are_wanted_a_token_is_ignored) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(ask_with(FIRING_RATE, GOOD, "Authorization: Bearer " ALICE), 200);
  ck_assert_int_eq(ask_with(FIRING_RATE, GOOD, "Authorization: nonsense"), 200);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(the_access_log_names_the_client_and_never_the_token) {
  begin();
  ask_with(FIRING_RATE, GOOD, "Authorization: Bearer " BOB);
  daemon_wait_for_message(&daemon_process, "client=bob");
  ask_with(FIRING_RATE, GOOD, "Authorization: Bearer wrong-wrong-wrong-wrong");
  daemon_wait_for_message(&daemon_process, "status=401");
  ck_assert_ptr_null(strstr(strstr(daemon_process.said, "status=401"), "client="));
  end();
  ck_assert_ptr_null(strstr(daemon_process.said, "wrong-wrong"));
}
END_TEST

START_TEST(the_service_describes_that_it_wants_tokens) {
  begin();
  ask_with("/", NULL, "Authorization: Bearer " ALICE);
  ck_assert_ptr_nonnull(strstr(client.body, "-H \"Authorization: Bearer $TOKEN\""));
  ask_with("/openapi.json", NULL, "Authorization: Bearer " ALICE);
  cJSON *document = client_json(&client);
  ck_assert_str_eq(json_text(document, "/components/securitySchemes/token/scheme"), "bearer");
  ck_assert_ptr_nonnull(json_find(document, "/security/0/token"));
  const cJSON *paths = json_at(document, "/paths");
  const cJSON *livez = cJSON_GetObjectItemCaseSensitive(paths, "/livez");
  ck_assert_int_eq(cJSON_GetArraySize(json_at(livez, "/get/security")), 0);
  ck_assert_ptr_null(json_find(livez, "/get/responses/401"));
  const cJSON *loss = cJSON_GetObjectItemCaseSensitive(paths, FIRING_RATE);
  json_at(loss, "/get/responses/401");
  json_at(loss, "/post/responses/401");
  ck_assert_ptr_null(json_find(loss, "/post/responses/403"));
  cJSON_Delete(document);
  end();
}
END_TEST

START_TEST(a_bad_token_file_is_fatal_and_check_says_so_too) {
  scratch_open(&scratch);
  const char *path = scratch_write(&scratch, "tokens", "alice " ALICE "\nbob short\n");
  char place[600];
  snprintf(place, sizeof place, "spikelossd: %s:2: the token must have 16 to 512", path);
  static const char *const tasks[] = {"--check", "--log-level=info"};
  for (size_t i = 0; i < 2; i++) {
    struct run run;
    RUN(&run, "--listen", "127.0.0.1:0", "--token-file", path, tasks[i]);
    ck_assert_int_eq(run.exit_code, EX_CONFIG);
    ck_assert_msg(strncmp(run.messages, place, strlen(place)) == 0, "%s", run.messages);
    ck_assert_ptr_null(strstr(run.messages, "short"));
    ck_assert_ptr_null(strstr(run.messages, "listening"));
  }
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "access", tidy, every_token_of_the_file_lets_in, without_a_token_nothing_but_health_is_open,
      a_browser_gets_the_page_that_asks_for_the_token_and_nothing_else,
      a_wrong_or_malformed_token_is_refused_and_not_repeated,
      two_authorizations_are_refused_even_if_both_are_right,
      a_refused_upload_is_read_to_its_end_so_that_the_client_reads_why,
      a_client_that_waits_is_refused_at_the_headers,
      what_could_be_smuggled_is_refused_before_anybody_is_asked,
      where_no_tokens_are_wanted_a_token_is_ignored, the_service_describes_that_it_wants_tokens,
      the_access_log_names_the_client_and_never_the_token,
      a_bad_token_file_is_fatal_and_check_says_so_too);
}
