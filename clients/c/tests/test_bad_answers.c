/*
 * Answers of status 200 that spikelossd would never give are errors, not crashes.
 */
#include "scripted_server.h"
#include "support.h"
#include <stdio.h>
#include <string.h>

static struct spikeloss_result *read_answer(const char *body, struct spikeloss_error *error) {
  char answer[1024];
  snprintf(answer, sizeof answer, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
           body);
  struct scripted_server server;
  scripted_server_start(&server, (const char *const[]){answer, NULL});
  struct spikeloss_client *client = new_client(server.url, NULL);
  struct spikeloss_result *result = spikeloss_evaluate(client, "any", NULL, 0, error);
  spikeloss_client_free(client);
  scripted_server_finish(&server);
  return result;
}

#define GRADIENT(tensor) "{\"loss\":1,\"gradients\":{\"spk\":" tensor "}}"

static const char *const bad_answers[] = {
    "",
    "<html>",
    "null",
    "[]",
    "{}",
    "{\"loss\":\"1\"}",
    "{\"loss\":1",
    GRADIENT("null"),
    GRADIENT("\"x\""),
    GRADIENT("[1,\"x\"]"),
    GRADIENT("[{}]"),
    GRADIENT("{\"shape\":1,\"data\":[1]}"),
    GRADIENT("{\"shape\":[0],\"data\":[]}"),
    GRADIENT("{\"shape\":[-1],\"data\":[1]}"),
    GRADIENT("{\"shape\":[\"1\"],\"data\":[1]}"),
    GRADIENT("{\"shape\":[1,1,1,1,1,1,1,1,1],\"data\":[1]}"),
    GRADIENT("{\"shape\":[4294967296,4294967296,4294967296],\"data\":[1]}"),
    GRADIENT("{\"shape\":[1e300],\"data\":[1]}"),
    GRADIENT("{\"shape\":[1]}"),
    GRADIENT("{\"shape\":[2],\"data\":[1]}"),
    GRADIENT("{\"shape\":[1],\"data\":[1,2]}"),
    GRADIENT("{\"shape\":[1],\"data\":\"AAAAAAAA4D8=\"}"),
    GRADIENT("{\"shape\":[1],\"encoding\":\"f64\",\"data\":\"AAAAAAAA4D8\"}"),
    GRADIENT("{\"shape\":[1],\"encoding\":\"f64\",\"data\":\"AAAAAAAA4D8=====\"}"),
    GRADIENT("{\"shape\":[1],\"encoding\":\"f64\",\"data\":\"AAAAAAAA4D8A\"}"),
    GRADIENT("{\"shape\":[1],\"encoding\":\"f64\",\"data\":\"AAAAAA-A4D8=\"}"),
    GRADIENT("{\"shape\":[1],\"encoding\":\"f32\",\"data\":\"AAAAAAAA4D8=\"}"),
    "{\"loss\":1,\"diagnostics\":{\"rate\":\"x\"}}",
    "{\"loss\":1,\"diagnostics\":{\"layers\":[{\"rate\":[]}]}}",
};

START_TEST(a_bad_answer_is_an_error) {
  struct spikeloss_error error;
  ck_assert_ptr_null(read_answer(bad_answers[_i], &error));
  ck_assert_msg(error.status == SPIKELOSS_BAD_ANSWER, "%s", bad_answers[_i]);
  ck_assert_int_eq(error.http_status, 200);
}
END_TEST

START_TEST(lists_in_place_of_objects_have_no_names) {
  struct spikeloss_error error;
  struct spikeloss_result *result =
      read_answer("{\"loss\":1,\"gradients\":[2],\"diagnostics\":[[{\"rate\":1},[3]],4]}", &error);
  if (result != NULL) {
    ck_assert_ptr_null(spikeloss_gradient(result, "spk", 0));
  }
  spikeloss_result_free(result);
}
END_TEST

START_TEST(gradients_may_come_as_text_or_packed) {
  static const char *const spellings[] = {
      GRADIENT("{\"shape\":[1,1],\"data\":[0.5]}"),
      GRADIENT("{\"shape\":[1,1],\"encoding\":\"f64\",\"data\":\"AAAAAAAA4D8=\"}"),
      GRADIENT("{\"shape\":[1,1],\"encoding\":\"f32\",\"data\":\"AAAAPw==\"}"),
  };
  for (size_t i = 0; i < 3; i++) {
    struct spikeloss_result *result = read_answer(spellings[i], NULL);
    ck_assert_ptr_nonnull(result);
    const struct spikeloss_gradient *gradient = spikeloss_gradient(result, "spk", 0);
    ck_assert_ptr_nonnull(gradient);
    ck_assert_uint_eq(gradient->rank, 2);
    ck_assert_double_eq(gradient->values[0], 0.5);
    spikeloss_result_free(result);
  }
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("bad answers");
  tcase_add_loop_test(tests, a_bad_answer_is_an_error, 0, sizeof bad_answers / sizeof *bad_answers);
  tcase_add_test(tests, lists_in_place_of_objects_have_no_names);
  tcase_add_test(tests, gradients_may_come_as_text_or_packed);
  return run_tests(tests);
}
