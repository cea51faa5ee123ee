/*
 * The two worked examples of docs/losses.md, to the last digit, in every form of answer.
 */
#include "session.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LAYER      "[[[1,0,1],[0,0,1]],[[0,1,0],[1,0,1]]]"
#define SECOND_LAYER     "[[[0,0],[0,1]],[[0,0],[0,0]]]"
#define FIRING_RATE_REST "\"offsets\": [0.25, 0.25], \"multipliers\": [1, 10]"
#define FIRING_RATE_BODY "\"spikes_list\": [" FIRST_LAYER ", " SECOND_LAYER "], " FIRING_RATE_REST

#define POPULATION_SPIKES                                                                          \
  "[[[1,0,0,1],[1,1,0,0],[1,0,0,0],[0,1,0,0]],[[0,0,1,1],[0,0,1,0],[1,0,1,1],[0,0,1,0]]]"
#define POPULATION_REST                                                                            \
  "\"targets\": [0, 0], \"num_classes\": 2, \"neurons_per_class\": 2, \"correct_rate\": 0.75, "    \
  "\"incorrect_rate\": 0.125"
#define POPULATION_BODY "\"spk\": " POPULATION_SPIKES ", " POPULATION_REST

#define FIRING_RATE_BEHIND                                                                         \
  "\"offsets\":[-0.5,25],\"multipliers\":[0.125,0.3125]},\"diagnostics\":{\"layers\":["            \
  "{\"rate\":0.5,\"target\":0.25,\"loss\":0.0625,\"samples\":2,\"steps\":2,\"neurons\":3,"         \
  "\"silent\":0,\"saturated\":0,"                                                                  \
  "\"binary\":true},"                                                                              \
  "{\"rate\":0.125,\"target\":0.25,\"loss\":1.5625,\"samples\":2,\"steps\":2,\"neurons\":2,"       \
  "\"silent\":1,\"saturated\":0,"                                                                  \
  "\"binary\":true}]}}\n"

#define POPULATION_DIAGNOSTICS                                                                     \
  "\"diagnostics\":{\"accuracy\":0.5,\"ties\":0,\"samples\":2,\"steps\":4,\"neurons\":4,"          \
  "\"silent\":0,\"saturated\":0,"                                                                  \
  "\"binary\":true,\"mean_rate_correct\":0.375,\"mean_rate_incorrect\":0.4375}}\n"

#define POPULATION_BEHIND "\"correct_rate\":6,\"incorrect_rate\":-5}," POPULATION_DIAGNOSTICS

#define TWENTY_FOURTH "0.041666666666666664"
#define ROW3          "[" TWENTY_FOURTH "," TWENTY_FOURTH "," TWENTY_FOURTH "]"
#define ROW2          "[-3.125,-3.125]"
#define FIRST_ROW     "0,-0.25,-0.125,0.125"
#define SECOND_ROW    "-0.5,-0.75,0.875,0.375"

/* The very bytes. */
static void expect_answer(const char *path, const char *body, const char *answer) {
  ck_assert_msg(client_post(&client, path, body) == 200, "%s: %s", body, client.body);
  ck_assert_str_eq(client.body, answer);
  char length[32];
  snprintf(length, sizeof length, "%zu", strlen(answer));
  ck_assert_str_eq(client_header(&client, "Content-Length"), length);
  ck_assert_str_eq(client_header(&client, "Content-Type"), "application/json");
  ck_assert_str_eq(client_header(&client, "Cache-Control"), "no-store");
}

START_TEST(dense_gradients_are_nested_like_the_spikes) {
  session_begin();
  expect_answer(FIRING_RATE, "{" FIRING_RATE_BODY "}",
                "{\"loss\":1.625,\"gradients\":{\"spikes_list\":[[[" ROW3 "," ROW3 "],[" ROW3
                "," ROW3 "]],[[" ROW2 "," ROW2 "],[" ROW2 "," ROW2 "]]]," FIRING_RATE_BEHIND);
  expect_answer(POPULATION, "{" POPULATION_BODY ", \"gradient\": \"dense\"}",
                "{\"loss\":3.625,\"gradients\":{\"spk\":[[[" FIRST_ROW "],[" FIRST_ROW
                "],[" FIRST_ROW "],[" FIRST_ROW "]],[[" SECOND_ROW "],[" SECOND_ROW "],[" SECOND_ROW
                "],[" SECOND_ROW "]]]," POPULATION_BEHIND);
  session_end();
}
END_TEST

START_TEST(broadcast_gradients_have_the_small_shape) {
  session_begin();
  expect_answer(FIRING_RATE, "{" FIRING_RATE_BODY ", \"gradient\": \"broadcast\"}",
                "{\"loss\":1.625,\"gradients\":{\"spikes_list\":["
                "{\"shape\":[1,1,1],\"data\":[" TWENTY_FOURTH "]},"
                "{\"shape\":[1,1,1],\"data\":[-3.125]}]," FIRING_RATE_BEHIND);
  expect_answer(POPULATION, "{\"gradient\": \"broadcast\", " POPULATION_BODY "}",
                "{\"loss\":3.625,\"gradients\":{\"spk\":{\"shape\":[2,1,4],\"data\":[" FIRST_ROW
                "," SECOND_ROW "]}," POPULATION_BEHIND);
  session_end();
}
END_TEST

START_TEST(without_gradients_only_the_loss_and_diagnostics_come) {
  session_begin();
  expect_answer(POPULATION, "{" POPULATION_BODY ", \"gradient\": \"none\"}",
                "{\"loss\":3.625," POPULATION_DIAGNOSTICS);
  ck_assert_int_eq(
      client_post(&client, FIRING_RATE, "{" FIRING_RATE_BODY ", \"gradient\": \"none\"}"), 200);
  cJSON *answer = client_json(&client);
  ck_assert_double_eq(json_number(answer, "/loss"), 1.625);
  ck_assert_ptr_null(json_find(answer, "/gradients"));
  ck_assert_double_eq(json_number(answer, "/diagnostics/layers/1/loss"), 1.5625);
  cJSON_Delete(answer);
  session_end();
}
END_TEST

/* What base64 -d would make of it: little-endian floats. Returns how many. */
static size_t floats_of(const char *text, double *values, size_t room, size_t width) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  unsigned char bytes[1024];
  size_t length = 0;
  unsigned long bits = 0;
  ck_assert_uint_eq(strlen(text) % 4, 0);
  for (size_t i = 0; text[i] != '\0' && text[i] != '='; i++) {
    const char *letter = strchr(letters, text[i]);
    ck_assert_ptr_nonnull(letter);
    bits = bits << 6 | (unsigned long)(letter - letters);
    if (i % 4 > 0) {
      ck_assert_uint_lt(length, sizeof bytes);
      bytes[length++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
  }
  ck_assert_uint_eq(length % width, 0);
  ck_assert_uint_le(length / width, room);
  for (size_t i = 0; i < length / width; i++) {
    float single = 0;
    memcpy(width == 4 ? (void *)&single : (void *)&values[i], bytes + i * width, width);
    values[i] = width == 4 ? (double)single : values[i];
  }
  return length / width;
}

static void expect_floats(const char *gradient, const char *encoding, size_t steps) {
  static const double rows[2][4] = {{0, -0.25, -0.125, 0.125}, {-0.5, -0.75, 0.875, 0.375}};
  char body[1024];
  snprintf(body, sizeof body,
           "{" POPULATION_BODY ", \"gradient\": \"%s\", \"gradient_encoding\": \"%s\"}", gradient,
           encoding);
  ck_assert_int_eq(client_post(&client, POPULATION, body), 200);
  cJSON *answer = client_json(&client);
  ck_assert_str_eq(json_text(answer, "/gradients/spk/encoding"), encoding);
  ck_assert_double_eq(json_number(answer, "/gradients/spk/shape/0"), 2);
  ck_assert_double_eq(json_number(answer, "/gradients/spk/shape/1"), (double)steps);
  ck_assert_double_eq(json_number(answer, "/gradients/spk/shape/2"), 4);
  double values[32];
  size_t width = strcmp(encoding, "f32") == 0 ? 4 : 8;
  ck_assert_uint_eq(floats_of(json_text(answer, "/gradients/spk/data"), values, 32, width),
                    2 * steps * 4);
  for (size_t i = 0; i < 2 * steps * 4; i++) {
    ck_assert_double_eq(values[i], rows[i / (steps * 4)][i % 4]);
  }
  ck_assert_double_eq(json_number(answer, "/gradients/correct_rate"), 6);
  ck_assert_double_eq(json_number(answer, "/gradients/incorrect_rate"), -5);
  cJSON_Delete(answer);
}

START_TEST(gradients_come_as_binary_floats_if_wanted) {
  session_begin();
  expect_floats("dense", "f32", 4);
  expect_floats("dense", "f64", 4);
  expect_floats("broadcast", "f32", 1);
  expect_floats("broadcast", "f64", 1);
  session_end();
}
END_TEST

START_TEST(binary_floats_of_the_firing_rate_loss_are_rounded_once) {
  session_begin();
  ck_assert_int_eq(client_post(&client, FIRING_RATE,
                               "{" FIRING_RATE_BODY ", \"gradient\": \"broadcast\", "
                               "\"gradient_encoding\": \"f32\"}"),
                   200);
  cJSON *answer = client_json(&client);
  double value;
  ck_assert_uint_eq(floats_of(json_text(answer, "/gradients/spikes_list/0/data"), &value, 1, 4), 1);
  ck_assert_double_eq(value, (double)(float)(1.0 / 24));
  ck_assert_uint_eq(floats_of(json_text(answer, "/gradients/spikes_list/1/data"), &value, 1, 4), 1);
  ck_assert_double_eq(value, -3.125);
  ck_assert_double_eq(json_number(answer, "/gradients/offsets/1"), 25);
  cJSON_Delete(answer);
  session_end();
}
END_TEST

/* The spikes of the second example once more: 9C C4 84 / 32 B2 would be too easy to get wrong. */
static const char *const spellings[] = {
    "{\"shape\":[2,4,4],\"data\":[1,0,0,1,1,1,0,0,1,0,0,0,0,1,0,0,0,0,1,1,0,0,1,0,1,0,1,1,0,0,1,0]"
    "}",
    "{\"data\":[1.0,0,0,1,1,1e0,0,0,1,0,0,0,0,1,0,0,0,0,1,1,0,0,1,0,1,0,1,1,0,0,1,0], "
    "\"shape\":[2,4,4]}",
    "{\"shape\":[2,4,4],\"encoding\":\"bits\",\"data\":\"nIQysg==\"}",
    "{\"data\":\"nIQysg==\",\"encoding\":\"bits\",\"shape\":[2,4,4]}",
    "{\"encoding\":\"coo\",\"data\":[[0,0,0],[0,0,3],[0,1,0],[0,1,1],[0,2,0],[0,3,1],[1,0,2],[1,0,"
    "3]"
    ",[1,1,2],[1,2,0],[1,2,2],[1,2,3],[1,3,2]],\"shape\":[2,4,4]}",
};

START_TEST(every_spelling_of_the_spikes_gives_the_same_answer) {
  session_begin();
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
    char body[1024];
    snprintf(body, sizeof body, "{" POPULATION_REST ", \"s\\u0070k\": %s}", spellings[i]);
    expect_answer(POPULATION, body,
                  "{\"loss\":3.625,\"gradients\":{\"spk\":{\"shape\":[2,4,4],\"data\":[" FIRST_ROW
                  "," FIRST_ROW "," FIRST_ROW "," FIRST_ROW "," SECOND_ROW "," SECOND_ROW
                  "," SECOND_ROW "," SECOND_ROW "]}," POPULATION_BEHIND);
  }
  session_end();
}
END_TEST

START_TEST(every_layer_keeps_its_own_form) {
  session_begin();
  expect_answer(FIRING_RATE,
                "{\"spikes_list\": [" FIRST_LAYER
                ", {\"shape\":[2,2,2],\"encoding\":\"bits\",\"data\":\"EA==\"}], " FIRING_RATE_REST
                "}",
                "{\"loss\":1.625,\"gradients\":{\"spikes_list\":[[[" ROW3 "," ROW3 "],[" ROW3
                "," ROW3 "]],{\"shape\":[2,2,2],\"data\":[-3.125,-3.125,-3.125,-3.125,-3.125,"
                "-3.125,-3.125,-3.125]}]," FIRING_RATE_BEHIND);
  session_end();
}
END_TEST

int main(void) {
  return RUN_SUITE("examples", session_tidy, dense_gradients_are_nested_like_the_spikes,
                   broadcast_gradients_have_the_small_shape,
                   without_gradients_only_the_loss_and_diagnostics_come,
                   gradients_come_as_binary_floats_if_wanted,
                   binary_floats_of_the_firing_rate_loss_are_rounded_once,
                   every_spelling_of_the_spikes_gives_the_same_answer,
                   every_layer_keeps_its_own_form);
}
