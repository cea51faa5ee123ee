/*
 * What is around the tensors of an answer, byte for byte; limits, and results that have no
 * answer.
 */
#include "../support/question.h"
#include "core/codes.h"
#include "suite.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_values(struct sl_gradient *gradient, const double *values) {
  memcpy(gradient->values, values, gradient->count * sizeof *values);
}

static void diagnose(struct question *question, const struct sl_diagnostic *diagnostics,
                     size_t count) {
  question->result.diagnostics = take(count, sizeof *diagnostics);
  question->result.diagnostic_count = count;
  memcpy(question->result.diagnostics, diagnostics, count * sizeof *diagnostics);
}

static void check_answer(struct question *question, const char *expected) {
  char *text = text_of(question, 7);
  ck_assert_str_eq(text, expected);
  free(text);
}

static const struct sl_field firing_rate_fields[] = {
    {.name = "spikes_list", .kind = SL_FIELD_SPIKES_LIST},
    {.name = "offsets", .kind = SL_FIELD_REALS},
    {.name = "multipliers", .kind = SL_FIELD_REALS},
};
static const struct sl_loss firing_rate = {.fields = firing_rate_fields, .field_count = 3};

static const struct sl_field balanced_fields[] = {
    {.name = "spk", .kind = SL_FIELD_SPIKES},
    {.name = "targets", .kind = SL_FIELD_LABELS},
    {.name = "num_classes", .kind = SL_FIELD_COUNT},
    {.name = "neurons_per_class", .kind = SL_FIELD_COUNT},
    {.name = "correct_rate", .kind = SL_FIELD_REAL},
    {.name = "incorrect_rate", .kind = SL_FIELD_REAL},
};
static const struct sl_loss balanced = {.fields = balanced_fields, .field_count = 6};

static void ask_firing_rate_example(struct question *question, enum sl_gradient_form form,
                                    enum sl_gradient_encoding encoding) {
  ask(question, form, encoding);
  question->decoded.loss = &firing_rate;
  question->nested[0][0] = true; /* the second layer came as an object */
  question->result.loss = 1.625;
  const size_t ones[] = {1, 1, 1};
  add(question, 0, 0, 3, (size_t[]){2, 2, 3}, ones)->values[0] = 1.0 / 24;
  add(question, 0, 1, 3, (size_t[]){2, 2, 2}, ones)->values[0] = -3.125;
  set_values(add(question, 1, 0, 1, (size_t[]){2}, (size_t[]){2}), (double[]){-0.5, 25});
  set_values(add(question, 2, 0, 1, (size_t[]){2}, (size_t[]){2}), (double[]){0.125, 0.3125});
  const struct sl_diagnostic layers[] = {
      {"rate", SL_DIAGNOSTIC_REAL, 0.5},     {"target", SL_DIAGNOSTIC_REAL, 0.25},
      {"loss", SL_DIAGNOSTIC_REAL, 0.0625},  {"neurons", SL_DIAGNOSTIC_COUNT, 3},
      {"silent", SL_DIAGNOSTIC_COUNT, 0},    {"saturated", SL_DIAGNOSTIC_COUNT, 0},
      {"binary", SL_DIAGNOSTIC_FLAG, 1},     {"rate", SL_DIAGNOSTIC_REAL, 0.125},
      {"target", SL_DIAGNOSTIC_REAL, 0.25},  {"loss", SL_DIAGNOSTIC_REAL, 1.5625},
      {"neurons", SL_DIAGNOSTIC_COUNT, 2},   {"silent", SL_DIAGNOSTIC_COUNT, 1},
      {"saturated", SL_DIAGNOSTIC_COUNT, 0}, {"binary", SL_DIAGNOSTIC_FLAG, 0},
  };
  diagnose(question, layers, 14);
  question->result.list_name = "layers";
  question->result.list_width = 7;
}

#define LAYER_DIAGNOSTICS                                                                          \
  "\"diagnostics\":{\"layers\":[{\"rate\":0.5,\"target\":0.25,\"loss\":0.0625,\"neurons\":3,"      \
  "\"silent\":0,\"saturated\":0,\"binary\":true},{\"rate\":0.125,\"target\":0.25,"                 \
  "\"loss\":1.5625,\"neurons\":2,\"silent\":1,\"saturated\":0,\"binary\":false}]}}\n"
#define LAYER_LISTS "\"offsets\":[-0.5,25],\"multipliers\":[0.125,0.3125]},"

START_TEST(dense_answer_of_the_firing_rate_example) {
  struct question question;
  ask_firing_rate_example(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
#define ROW "[0.041666666666666664,0.041666666666666664,0.041666666666666664]"
  check_answer(&question, "{\"loss\":1.625,\"gradients\":{\"spikes_list\":["
                          "[[" ROW "," ROW "],[" ROW "," ROW "]],"
                          "{\"shape\":[2,2,2],\"data\":[-3.125,-3.125,-3.125,-3.125,"
                          "-3.125,-3.125,-3.125,-3.125]}]," LAYER_LISTS LAYER_DIAGNOSTICS);
#undef ROW
}
END_TEST

START_TEST(broadcast_answer_of_the_firing_rate_example) {
  struct question question;
  ask_firing_rate_example(&question, SL_GRADIENT_BROADCAST, SL_ENCODING_TEXT);
  check_answer(&question, "{\"loss\":1.625,\"gradients\":{\"spikes_list\":["
                          "{\"shape\":[1,1,1],\"data\":[0.041666666666666664]},"
                          "{\"shape\":[1,1,1],\"data\":[-3.125]}]," LAYER_LISTS LAYER_DIAGNOSTICS);
}
END_TEST

START_TEST(floats_of_the_firing_rate_example_are_base64_and_its_lists_are_not) {
  struct question question;
  ask_firing_rate_example(&question, SL_GRADIENT_BROADCAST, SL_ENCODING_F32);
  check_answer(&question,
               "{\"loss\":1.625,\"gradients\":{\"spikes_list\":["
               "{\"shape\":[1,1,1],\"encoding\":\"f32\",\"data\":\"q6oqPQ==\"},"
               "{\"shape\":[1,1,1],\"encoding\":\"f32\",\"data\":\"AABIwA==\"}]," LAYER_LISTS
                   LAYER_DIAGNOSTICS);
  ask_firing_rate_example(&question, SL_GRADIENT_BROADCAST, SL_ENCODING_F64);
  check_answer(&question,
               "{\"loss\":1.625,\"gradients\":{\"spikes_list\":["
               "{\"shape\":[1,1,1],\"encoding\":\"f64\",\"data\":\"VVVVVVVVpT8=\"},"
               "{\"shape\":[1,1,1],\"encoding\":\"f64\",\"data\":\"AAAAAAAACcA=\"}]," LAYER_LISTS
                   LAYER_DIAGNOSTICS);
}
END_TEST

/* The loss of no example; its gradients, of which these are the values, are not nested. */
static void check_indexed(enum sl_gradient_encoding encoding, const double *values, size_t count,
                          const char *expected) {
  struct question question;
  ask(&question, SL_GRADIENT_BROADCAST, encoding);
  const size_t shape[] = {count, 9, 1};
  const size_t small_shape[] = {count, 1, 1};
  set_values(add(&question, SPK, 0, 3, shape, small_shape), values);
  char answer[400];
  snprintf(answer, sizeof answer,
           "{\"loss\":1.5,\"gradients\":{\"spk\":{\"shape\":[%zu,1,1],\"encoding\":%s}},"
           "\"diagnostics\":{}}\n",
           count, expected);
  check_answer(&question, answer);
}

START_TEST(indexed_gradients_are_a_table_in_order_of_appearance_and_one_byte_an_element) {
  const double values[] = {0.5, 0, -0.25, 0.5, -0.0, 0, 0.5};
  check_indexed(SL_ENCODING_INDEXED_F32, values, 7,
                "\"indexed_f32\",\"table\":\"AAAAPwAAAAAAAIC+\",\"data\":\"AAECAAEBAA==\"");
  check_indexed(SL_ENCODING_INDEXED_F64, values, 7,
                "\"indexed_f64\",\"table\":\"AAAAAAAA4D8AAAAAAAAAAAAAAAAAANC/\","
                "\"data\":\"AAECAAEBAA==\"");
}
END_TEST

START_TEST(a_table_that_makes_a_gradient_no_shorter_does_not_come) {
  const double values[] = {0, 0.5, 1, 1, 1, 1, 1, 1};
  check_indexed(SL_ENCODING_INDEXED_F32, values, 4, /* 3 * 4 + 4 bytes, and 4 * 4 */
                "\"f32\",\"data\":\"AAAAAAAAAD8AAIA/AACAPw==\"");
  check_indexed(SL_ENCODING_INDEXED_F32, values, 5, /* 3 * 4 + 5 bytes, not 5 * 4 */
                "\"indexed_f32\",\"table\":\"AAAAAAAAAD8AAIA/\",\"data\":\"AAECAgI=\"");
  check_indexed(SL_ENCODING_INDEXED_F32, values, 1, "\"f32\",\"data\":\"AAAAAA==\"");
  check_indexed(SL_ENCODING_INDEXED_F64, values, 1, "\"f64\",\"data\":\"AAAAAAAAAAA=\"");
  check_indexed(SL_ENCODING_INDEXED_F32, values + 2, 2,
                "\"indexed_f32\",\"table\":\"AACAPw==\",\"data\":\"AAA=\"");
}
END_TEST

START_TEST(doubles_that_are_the_same_float_are_two_entries_of_the_table) {
  check_indexed(SL_ENCODING_INDEXED_F32, (double[]){1, 0x1.0000000000001p0, 1, 1}, 4,
                "\"indexed_f32\",\"table\":\"AACAPwAAgD8=\",\"data\":\"AAEAAA==\"");
}
END_TEST

START_TEST(an_answer_without_gradients_has_no_such_member) {
  struct question question;
  ask_firing_rate_example(&question, SL_GRADIENT_NONE, SL_ENCODING_F32);
  check_answer(&question, "{\"loss\":1.625," LAYER_DIAGNOSTICS);
}
END_TEST

START_TEST(dense_answer_of_the_balanced_example) {
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  question.decoded.loss = &balanced;
  question.nested[0][0] = true;
  question.result.loss = 3.625;
  set_values(add(&question, 0, 0, 3, (size_t[]){2, 4, 4}, (size_t[]){2, 1, 4}),
             (double[]){0, -0.25, -0.125, 0.125, -0.5, -0.75, 0.875, 0.375});
  add(&question, 4, 0, 0, NULL, NULL)->values[0] = 6;
  add(&question, 5, 0, 0, NULL, NULL)->values[0] = -5;
  const struct sl_diagnostic diagnostics[] = {
      {"accuracy", SL_DIAGNOSTIC_REAL, 0.5},
      {"ties", SL_DIAGNOSTIC_COUNT, 0},
      {"neurons", SL_DIAGNOSTIC_COUNT, 4},
      {"silent", SL_DIAGNOSTIC_COUNT, 0},
      {"saturated", SL_DIAGNOSTIC_COUNT, 0},
      {"binary", SL_DIAGNOSTIC_FLAG, 1},
      {"mean_rate_correct", SL_DIAGNOSTIC_REAL, 0.375},
      {"mean_rate_incorrect", SL_DIAGNOSTIC_REAL, 0.4375},
  };
  diagnose(&question, diagnostics, 8);
#define FIRST  "[0,-0.25,-0.125,0.125]"
#define SECOND "[-0.5,-0.75,0.875,0.375]"
  check_answer(&question, "{\"loss\":3.625,\"gradients\":{\"spk\":["
                          "[" FIRST "," FIRST "," FIRST "," FIRST "],"
                          "[" SECOND "," SECOND "," SECOND "," SECOND "]],"
                          "\"correct_rate\":6,\"incorrect_rate\":-5},"
                          "\"diagnostics\":{\"accuracy\":0.5,\"ties\":0,\"neurons\":4,\"silent\":0,"
                          "\"saturated\":0,\"binary\":true,"
                          "\"mean_rate_correct\":0.375,\"mean_rate_incorrect\":0.4375}}\n");
#undef FIRST
#undef SECOND
}
END_TEST

START_TEST(the_name_of_a_diagnostic_has_any_length) {
  enum { LONGEST = 100 };
  for (size_t length = 0; length <= LONGEST; length++) {
    char name[LONGEST + 1] = "";
    memset(name, 'n', length);
    const struct sl_diagnostic twice[] = {{name, SL_DIAGNOSTIC_COUNT, 7},
                                          {name, SL_DIAGNOSTIC_FLAG, 0}};
    struct question question;
    ask(&question, SL_GRADIENT_NONE, SL_ENCODING_TEXT);
    diagnose(&question, twice, 2);
    char expected[400];
    snprintf(expected, sizeof expected, "{\"loss\":1.5,\"diagnostics\":{\"%s\":7,\"%s\":false}}\n",
             name, name);
    check_answer(&question, expected);
  }
}
END_TEST

START_TEST(lists_and_numbers_are_plain_in_every_form_and_encoding) {
  for (int way = 0; way < 2 * SL_ENCODING_COUNT; way++) {
    struct question question;
    ask(&question, way % 2 == 0 ? SL_GRADIENT_DENSE : SL_GRADIENT_BROADCAST,
        (enum sl_gradient_encoding)(way / 2));
    set_values(add(&question, OFFSETS, 0, 1, (size_t[]){3}, (size_t[]){3}),
               (double[]){1e300, -0.0, 0.1});
    add(&question, RATE, 0, 0, NULL, NULL)->values[0] = -1e300;
    check_answer(&question, "{\"loss\":1.5,\"gradients\":{\"offsets\":[1e+300,0,0.1],"
                            "\"rate\":-1e+300},\"diagnostics\":{}}\n");
  }
}
END_TEST

START_TEST(a_list_of_one_tensor_is_still_a_list) {
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  question.nested[LAYERS][0] = true;
  set_values(add(&question, LAYERS, 0, 1, (size_t[]){2}, (size_t[]){1}), (double[]){0.5});
  check_answer(&question,
               "{\"loss\":1.5,\"gradients\":{\"layers\":[[0.5,0.5]]},\"diagnostics\":{}}\n");
}
END_TEST

START_TEST(negative_zero_is_zero_in_text_and_in_floats) {
  const char *const data[] = {"\"data\":[0,0]", "\"encoding\":\"f32\",\"data\":\"AAAAAAAAAAA=\"",
                              "\"encoding\":\"f64\",\"data\":\"AAAAAAAAAAAAAAAAAAAAAA==\""};
  for (int encoding = SL_ENCODING_TEXT; encoding <= SL_ENCODING_F64; encoding++) {
    struct question question;
    ask(&question, SL_GRADIENT_DENSE, (enum sl_gradient_encoding)encoding);
    question.result.loss = -0.0;
    set_values(add(&question, SPK, 0, 1, (size_t[]){2}, (size_t[]){2}), (double[]){0, -0.0});
    char expected[200];
    snprintf(expected, sizeof expected,
             "{\"loss\":0,\"gradients\":{\"spk\":{\"shape\":[2],%s}},\"diagnostics\":{}}\n",
             data[encoding]);
    check_answer(&question, expected);
  }
}
END_TEST

/* A refusal: no answer, and nothing left of the result. */
static void check_refused(struct question *question, enum sl_status expected) {
  struct sl_answer *answer = (struct sl_answer *)question;
  enum sl_status status = sl_answer_new(&answer, &question->decoded, &question->result,
                                        &question->limits, question->budget, &question->error);
  ck_assert_str_eq(sl_code_name(status), sl_code_name(expected));
  ck_assert_int_eq(question->error.code, expected);
  ck_assert_ptr_null(answer);
  ck_assert_ptr_null(question->result.gradients);
  ck_assert_ptr_null(question->result.diagnostics);
}

static void check_message(const struct question *question, const char *part) {
  ck_assert_msg(strstr(question->error.message, part) != NULL, "\"%s\" does not say \"%s\"",
                question->error.message, part);
}

START_TEST(an_answer_may_be_exactly_as_large_as_the_limit_and_not_a_byte_larger) {
  for (int way = 0; way < 3 * SL_ENCODING_COUNT; way++) {
    enum sl_gradient_form form = (enum sl_gradient_form)(way / SL_ENCODING_COUNT);
    enum sl_gradient_encoding encoding = (enum sl_gradient_encoding)(way % SL_ENCODING_COUNT);
    struct question question;
    ask_for_everything(&question, form, encoding);
    char *whole = text_of(&question, 1000);
    for (uint64_t more = 0; more < 2; more++) {
      ask_for_everything(&question, form, encoding);
      question.limits.answer_bytes = strlen(whole) + more;
      check_answer(&question, whole);
    }
    ask_for_everything(&question, form, encoding);
    question.limits.answer_bytes = strlen(whole) - 1;
    check_refused(&question, SL_ANSWER_TOO_LARGE);
    char sizes[100];
    snprintf(sizes, sizeof sizes, "%zu bytes, the limit (answer_bytes) is %zu", strlen(whole),
             strlen(whole) - 1);
    check_message(&question, sizes);
    free(whole);
  }
}
END_TEST

START_TEST(a_table_counts_to_the_last_byte) {
  static const char answer[] =
      "{\"loss\":1.5,\"gradients\":{\"spk\":{\"shape\":[2,1,1],\"encoding\":"
      "\"indexed_f32\",\"table\":\"AACAPw==\",\"data\":\"AAA=\"}},"
      "\"diagnostics\":{}}\n";
  for (size_t missing = 0; missing < 2; missing++) {
    struct question question;
    ask(&question, SL_GRADIENT_BROADCAST, SL_ENCODING_INDEXED_F32);
    set_values(add(&question, SPK, 0, 3, (size_t[]){2, 9, 1}, (size_t[]){2, 1, 1}),
               (double[]){1, 1});
    question.limits.answer_bytes = strlen(answer) - missing;
    if (missing == 0) {
      check_answer(&question, answer);
    } else {
      check_refused(&question, SL_ANSWER_TOO_LARGE);
    }
  }
}
END_TEST

START_TEST(a_dense_answer_above_the_limit_says_to_ask_for_broadcast) {
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  add(&question, SPK, 0, 3, (size_t[]){1000, 1000, 1000000}, (size_t[]){1, 1, 1});
  check_refused(&question, SL_ANSWER_TOO_LARGE);
  check_message(&question, "ask for gradient: broadcast");
  check_message(&question, "the limit (answer_bytes) is 536870912");
  ck_assert_uint_eq(question.error.offset, SL_NO_OFFSET);
}
END_TEST

START_TEST(text_around_the_tensors_counts_and_ends_at_the_limit) {
  for (uint64_t limit = 0; limit < 100; limit++) {
    struct question question;
    ask_firing_rate_example(&question, SL_GRADIENT_NONE, SL_ENCODING_TEXT);
    question.limits.answer_bytes = limit;
    check_refused(&question, SL_ANSWER_TOO_LARGE);
  }
}
END_TEST

/* Dimensions whose texts or bytes no 64-bit size can count, in one of several steps. */
static const size_t uncountable[][SL_MAX_RANK] = {
    {(size_t)1 << 32, (size_t)1 << 32, 1, 1, 1, 1, 1, 1}, /* numbers */
    {(size_t)1 << 32, (size_t)1 << 31, 1, 1, 1, 1, 1, 1}, /* numbers and commas, or bytes */
    {(size_t)1 << 31, (size_t)1 << 31, 1, 1, 1, 1, 1, 2}, /* brackets, or bytes */
    {1, 1, 1, 1, 1, 1, 1, SIZE_MAX},
    {1, 1, 1, 1, 1, 1, 1, SIZE_MAX / 2},
    {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX},
};

START_TEST(shapes_that_overflow_are_too_large_whatever_the_limit_is) {
  for (int way = 0; way < 2 * SL_ENCODING_COUNT; way++) {
    struct question question;
    ask(&question, SL_GRADIENT_DENSE, (enum sl_gradient_encoding)(way % SL_ENCODING_COUNT));
    question.nested[SPK][0] = way < SL_ENCODING_COUNT;
    const size_t ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    add(&question, SPK, 0, 8, uncountable[_i], ones)->values[0] = 0.1;
    question.limits.answer_bytes = UINT64_MAX;
    check_refused(&question, SL_ANSWER_TOO_LARGE);
    check_message(&question, "2^64");
    check_message(&question, "ask for gradient: broadcast");
  }
}
END_TEST

START_TEST(tensors_that_overflow_together_are_too_large) {
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  const size_t shape[] = {(size_t)1 << 62};
  for (size_t item = 0; item < 4; item++) {
    add(&question, LAYERS, item, 1, shape, (size_t[]){1})->values[0] = 1;
  }
  question.limits.answer_bytes = UINT64_MAX;
  check_refused(&question, SL_ANSWER_TOO_LARGE);
}
END_TEST

START_TEST(doubles_too_large_for_f32_name_their_gradient) {
  for (int form = SL_GRADIENT_DENSE; form <= SL_GRADIENT_BROADCAST; form++) {
    struct question question;
    ask(&question, (enum sl_gradient_form)form, SL_ENCODING_F32);
    const size_t shape[] = {2, 3};
    const size_t row[] = {1, 3};
    add(&question, LAYERS, 0, 2, shape, row)->values[2] = (double)FLT_MAX;
    add(&question, LAYERS, 1, 2, shape, row)->values[2] = -1e39;
    check_refused(&question, SL_RESULT_NOT_FINITE);
    check_message(&question, "layers[1]");
    ck_assert_str_eq(question.error.pointer, "/layers/1");
    ask(&question, (enum sl_gradient_form)form, SL_ENCODING_F32);
    add(&question, SPK, 0, 2, shape, row)->values[1] = 0x1.ffffffp+127; /* rounds to infinity */
    check_refused(&question, SL_RESULT_NOT_FINITE);
    check_message(&question, "spk");
    ck_assert_str_eq(question.error.pointer, "/spk");
  }
}
END_TEST

START_TEST(doubles_too_large_for_f32_are_no_entry_of_a_table_either) {
  const double values[2][3] = {{1e39, 1e39, 1e39}, {1, 2, 0x1.ffffffp+127}};
  for (size_t i = 0; i < 2; i++) {
    struct question question;
    ask(&question, SL_GRADIENT_BROADCAST, SL_ENCODING_INDEXED_F32);
    set_values(add(&question, LAYERS, 0, 1, (size_t[]){3}, (size_t[]){3}), values[i]);
    check_refused(&question, SL_RESULT_NOT_FINITE);
    check_message(&question, "layers[0]");
    check_message(&question, "ask for gradient_encoding: indexed_f64");
    ck_assert_str_eq(question.error.pointer, "/layers/0");
  }
}
END_TEST

START_TEST(doubles_too_large_for_f32_are_fine_as_text_and_f64) {
  for (int encoding = SL_ENCODING_TEXT; encoding < SL_ENCODING_COUNT; encoding++) {
    struct question question;
    ask(&question, SL_GRADIENT_DENSE, (enum sl_gradient_encoding)encoding);
    bool single = encoding == SL_ENCODING_F32 || encoding == SL_ENCODING_INDEXED_F32;
    /* The largest double that a float still holds: half a step above FLT_MAX rounds up. */
    add(&question, SPK, 0, 1, (size_t[]){1}, (size_t[]){1})->values[0] =
        single ? 0x1.fffffefffffffp+127 : DBL_MAX;
    free(text_of(&question, 100));
  }
}
END_TEST

START_TEST(answer_fields_stand_behind_those_of_the_loss) {
  ck_assert_uint_eq(sl_request_field_count(&balanced), 9);
  ck_assert_ptr_eq(sl_request_field(&balanced, 0), &balanced_fields[0]);
  ck_assert_ptr_eq(sl_request_field(&balanced, 5), &balanced_fields[5]);
  ck_assert_str_eq(sl_request_field(&balanced, 6)->name, "gradient");
  ck_assert_str_eq(sl_request_field(&balanced, 7)->name, "gradient_encoding");
}
END_TEST

static void check_choices(const struct sl_field *field, const char *const *expected) {
  ck_assert_int_eq(field->kind, SL_FIELD_CHOICE);
  ck_assert(field->optional);
  size_t i = 0;
  for (; expected[i] != NULL; i++) {
    ck_assert_str_eq(field->choices[i], expected[i]);
  }
  ck_assert_ptr_null(field->choices[i]);
}

START_TEST(answer_fields_are_optional_choices_with_the_default_first) {
  check_choices(&sl_answer_fields[SL_ANSWER_GRADIENT],
                (const char *[]){"dense", "broadcast", "none", NULL});
  check_choices(&sl_answer_fields[SL_ANSWER_ENCODING],
                (const char *[]){"text", "f32", "f64", "indexed_f32", "indexed_f64", NULL});
}
END_TEST

START_TEST(no_answer_is_freed_like_any_other) {
  sl_answer_free(NULL);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("answers");
  TCase *text = tcase_create("text");
  tcase_add_test(text, dense_answer_of_the_firing_rate_example);
  tcase_add_test(text, broadcast_answer_of_the_firing_rate_example);
  tcase_add_test(text, floats_of_the_firing_rate_example_are_base64_and_its_lists_are_not);
  tcase_add_test(text,
                 indexed_gradients_are_a_table_in_order_of_appearance_and_one_byte_an_element);
  tcase_add_test(text, a_table_that_makes_a_gradient_no_shorter_does_not_come);
  tcase_add_test(text, doubles_that_are_the_same_float_are_two_entries_of_the_table);
  tcase_add_test(text, an_answer_without_gradients_has_no_such_member);
  tcase_add_test(text, dense_answer_of_the_balanced_example);
  tcase_add_test(text, the_name_of_a_diagnostic_has_any_length);
  tcase_add_test(text, lists_and_numbers_are_plain_in_every_form_and_encoding);
  tcase_add_test(text, a_list_of_one_tensor_is_still_a_list);
  tcase_add_test(text, negative_zero_is_zero_in_text_and_in_floats);
  tcase_add_test(text, answer_fields_stand_behind_those_of_the_loss);
  tcase_add_test(text, answer_fields_are_optional_choices_with_the_default_first);
  suite_add_tcase(suite, text);
  TCase *refusals = tcase_create("refusals");
  tcase_add_test(refusals, an_answer_may_be_exactly_as_large_as_the_limit_and_not_a_byte_larger);
  tcase_add_test(refusals, a_table_counts_to_the_last_byte);
  tcase_add_test(refusals, a_dense_answer_above_the_limit_says_to_ask_for_broadcast);
  tcase_add_test(refusals, text_around_the_tensors_counts_and_ends_at_the_limit);
  tcase_add_loop_test(refusals, shapes_that_overflow_are_too_large_whatever_the_limit_is, 0,
                      (int)(sizeof uncountable / sizeof *uncountable));
  tcase_add_test(refusals, tensors_that_overflow_together_are_too_large);
  tcase_add_test(refusals, doubles_too_large_for_f32_name_their_gradient);
  tcase_add_test(refusals, doubles_too_large_for_f32_are_no_entry_of_a_table_either);
  tcase_add_test(refusals, doubles_too_large_for_f32_are_fine_as_text_and_f64);
  tcase_add_test(refusals, no_answer_is_freed_like_any_other);
  suite_add_tcase(suite, refusals);
  return suite_end(suite);
}
