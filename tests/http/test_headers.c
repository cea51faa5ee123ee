/*
 * What headers of a request do: media types, encodings, request ids; and what a problem looks like.
 */
#include "session.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY "{\"spikes_list\": [[1, 0]], \"offsets\": [0.25], \"multipliers\": [2]}"

static long post_with(const char *header) {
  return client_ask(&client,
                    &(struct question){.path = FIRING_RATE, .body = BODY, .headers = {header}});
}

START_TEST(json_is_taken_under_all_its_names) {
  session_begin();
  static const char *const types[] = {"Content-Type: application/json",
                                      "Content-Type: application/json; charset=utf-8",
                                      "Content-Type: application/json;charset=UTF-8",
                                      "Content-Type: Application/JSON ; x=y",
                                      "content-type:application/json",
                                      "Content-Type;",  /* empty */
                                      "Content-Type:"}; /* none */
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    ck_assert_msg(post_with(types[i]) == 200, "%s: %s", types[i], client.body);
  }
  session_end();
}
END_TEST

START_TEST(other_media_types_are_refused) {
  session_begin();
  static const char *const types[] = {"text/plain",
                                      "application/jsonx",
                                      "application/json5",
                                      "application/octet-stream",
                                      "json",
                                      "application/problem+json",
                                      "multipart/form-data; boundary=application/json"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char header[128];
    snprintf(header, sizeof header, "Content-Type: %s", types[i]);
    post_with(header);
    client_expect_problem(&client, 415, "unsupported_media_type", NULL, NO_OFFSET);
    client_expect_detail(&client, "expected Content-Type application/json");
  }
  session_end();
}
END_TEST

START_TEST(a_form_is_told_how_to_send_json) {
  session_begin();
  static const char *const types[] = {
      "Content-Type: application/x-www-form-urlencoded",
      "Content-Type: application/x-www-form-urlencoded; charset=UTF-8"};
  for (size_t i = 0; i < 2; i++) {
    post_with(types[i]);
    client_expect_problem(&client, 415, "unsupported_media_type", NULL, NO_OFFSET);
    client_expect_detail(&client, "add -H 'Content-Type: application/json'");
  }
  session_end();
}
END_TEST

START_TEST(identity_is_no_encoding) {
  session_begin();
  ck_assert_int_eq(post_with("Content-Encoding: identity"), 200);
  ck_assert_int_eq(post_with("Content-Encoding: Identity"), 200);
  ck_assert_int_eq(post_with("Content-Encoding;"), 200);
  session_end();
}
END_TEST

START_TEST(the_first_trouble_with_the_headers_is_the_one_that_is_told) {
  session_begin();
  client_ask(&client,
             &(struct question){.path = FIRING_RATE "?a=b",
                                .body = BODY,
                                .headers = {"Content-Type: text/plain", "Content-Encoding: gzip"}});
  client_expect_problem(&client, 400, "unexpected_query", NULL, NO_OFFSET);
  client_ask(&client,
             &(struct question){.path = FIRING_RATE,
                                .body = "{",
                                .headers = {"Content-Type: text/plain", "Content-Encoding: gzip"}});
  client_expect_problem(&client, 415, "unsupported_media_type", NULL, NO_OFFSET);
  session_end();
}
END_TEST

static void expect_id(const char *id) {
  ck_assert_pstr_eq(client_header(&client, "X-Request-Id"), id);
}

START_TEST(a_sane_request_id_comes_back_in_answers_and_problems) {
  session_begin();
  static const char *const ids[] = {
      "a", "7", "trace-1.2_3", "ABCxyz",
      "0123456789012345678901234567890123456789012345678901234567890123"}; /* 64 characters */
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    char header[128];
    snprintf(header, sizeof header, "X-Request-Id: %s", ids[i]);
    ck_assert_int_eq(post_with(header), 200);
    expect_id(ids[i]);
    client_ask(&client, &(struct question){.path = FIRING_RATE, .body = "[]", .headers = {header}});
    client_expect_problem(&client, 400, "wrong_type", NULL, 0);
    expect_id(ids[i]);
    client_ask(&client, &(struct question){.path = "/nothing", .headers = {header}});
    client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
    expect_id(ids[i]);
  }
  session_end();
}
END_TEST

START_TEST(a_request_id_that_could_do_harm_is_replaced) {
  session_begin();
  static const char *const ids[] = {
      "two words",
      "\"quoted\"",
      "<script>",
      "a/b",
      "caf\xC3\xA9",
      "a:b",
      "x{y}",
      "%0d%0a",
      "01234567890123456789012345678901234567890123456789012345678901234"}; /* 65 characters */
  for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
    char header[128];
    snprintf(header, sizeof header, "X-Request-Id: %s", ids[i]);
    ck_assert_int_eq(post_with(header), 200);
    const char *given = client_header(&client, "X-Request-Id");
    ck_assert_ptr_nonnull(given);
    ck_assert_str_ne(given, ids[i]);
    ck_assert_uint_eq(strspn(given, "0123456789abcdef"), 32);
    ck_assert_uint_eq(strlen(given), 32);
  }
  session_end();
}
END_TEST

static int compare_ids(const void *left, const void *right) {
  return strcmp(left, right);
}

START_TEST(requests_without_an_id_get_ids_that_never_repeat) {
  enum { COUNT = 300 };
  static char ids[COUNT][65];
  session_begin();
  for (size_t i = 0; i < COUNT; i++) {
    ck_assert_int_eq(client_get(&client, "/livez"), 200);
    snprintf(ids[i], sizeof ids[i], "%s", client_header(&client, "X-Request-Id"));
    ck_assert_uint_eq(strlen(ids[i]), 32);
  }
  qsort(ids, COUNT, sizeof ids[0], compare_ids);
  for (size_t i = 1; i < COUNT; i++) {
    ck_assert_str_ne(ids[i - 1], ids[i]);
  }
  session_end();
}
END_TEST

/* A few bodies with one mistake each, and where it is. The decoder's own tests have hundreds. */
static const struct {
  const char *path;
  const char *body;
  long status;
  const char *code;
  const char *pointer;
  long offset;
} mistakes[] = {
    {FIRING_RATE, "", 400, "not_json", NULL, 0},
    {FIRING_RATE, "{\"spikes_list\": [", 400, "not_json", NULL, 17},
    {FIRING_RATE, "{\"spikes_list\": [[1, 0]], \"offsets\": [01]}", 400, "not_json", NULL, 39},
    {FIRING_RATE, "[1]", 400, "wrong_type", NULL, 0},
    {FIRING_RATE, "{\"spikes_list\": [[1, true]]}", 400, "wrong_type", "/spikes_list/0/1", 21},
    {FIRING_RATE, "{\"spikes_list\": [[[1, 0], [1]]]}", 400, "ragged", "/spikes_list/0/1", 28},
    {FIRING_RATE, "{\"spikes\": 1}", 400, "unknown_member", "/spikes", 1},
    {FIRING_RATE, "{\"offsets\": [], \"offsets\": []}", 400, "duplicate_member", "/offsets", 16},
    {FIRING_RATE, "{\"spikes_list\": [[1]], \"offsets\": [0]}", 400, "missing_member",
     "/multipliers", 37},
    {FIRING_RATE, "{\"spikes_list\": [[1e999]]}", 422, "not_finite", "/spikes_list/0/0", 18},
    {FIRING_RATE, "{\"spikes_list\": [[1]], \"offsets\": [0, 1], \"multipliers\": [1]}", 422,
     "length_mismatch", "/offsets", NO_OFFSET},
    {FIRING_RATE, "{\"gradient\": \"sparse\"}", 422, "unknown_choice", "/gradient", 13},
    {POPULATION, "{\"num_classes\": 1.5}", 400, "wrong_type", "/num_classes", 16},
    {POPULATION, "{\"spk\": {\"shape\": [1, 1, 8], \"encoding\": \"bits\", \"data\": \"A*==\"}}",
     400, "bad_base64", "/spk/data", 59},
};

START_TEST(a_problem_says_what_is_wrong_and_where) {
  session_begin();
  for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
    client_post(&client, mistakes[i].path, mistakes[i].body);
    client_expect_problem(&client, mistakes[i].status, mistakes[i].code, mistakes[i].pointer,
                          mistakes[i].offset);
  }
  session_end();
}
END_TEST

START_TEST(a_problem_that_quotes_the_client_is_still_json) {
  session_begin();
  client_post(&client, FIRING_RATE, "{\"a\\\"b\\\\\\u0001\xC3\xA4/~\": 1}");
  client_expect_problem(&client, 400, "unknown_member", "/a\"b\\\x01\xC3\xA4~1~0", 1);
  client_get(&client, "/\xFF\xC3\"<");
  client_expect_problem(&client, 404, "not_found", NULL, NO_OFFSET);
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = BODY,
                                         .headers = {"Content-Type: text/\xE2\x82\"\\"}});
  client_expect_problem(&client, 415, "unsupported_media_type", NULL, NO_OFFSET);
  session_end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "headers", session_tidy, json_is_taken_under_all_its_names, other_media_types_are_refused,
      a_form_is_told_how_to_send_json, identity_is_no_encoding,
      the_first_trouble_with_the_headers_is_the_one_that_is_told,
      a_sane_request_id_comes_back_in_answers_and_problems,
      a_request_id_that_could_do_harm_is_replaced, requests_without_an_id_get_ids_that_never_repeat,
      a_problem_says_what_is_wrong_and_where, a_problem_that_quotes_the_client_is_still_json);
}
