/*
 * Tensors that must be accepted: numbers in every spelling, every rank, rows of every length, in
 * memory order or deferred.
 */
#include "suite.h"
#include "support/good_body.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sl_writer plain_writer(void) {
  return (struct sl_writer){.random = {UINT64_C(1234567891011)}};
}

/* Texts of numbers and what they are, as this compiler reads them. */
struct number {
  const char *text;
  double value;
};
#define NUMBER(number)                                                                             \
  { #number, number }

static const struct number numbers[] = {
    NUMBER(1),
    NUMBER(1.0),
    NUMBER(1e0),
    NUMBER(1E+0),
    NUMBER(10e-1),
    NUMBER(0.1e1),
    NUMBER(0),
    {"-0", 0.0},
    NUMBER(0.00),
    NUMBER(0e999),
    NUMBER(0.0e-999),
    NUMBER(1.5),
    NUMBER(-1),
    NUMBER(2),
    NUMBER(10),
    NUMBER(0.1),
    NUMBER(1.1),
    NUMBER(0.01),
    NUMBER(1.00000000000000000001),
    NUMBER(0.99999999999999999999),
    NUMBER(123456789.125),
    {"9007199254740993", 9007199254740992.0},
    NUMBER(9007199254740993.0),
    NUMBER(18446744073709551617.0),
    NUMBER(1e22),
    NUMBER(1e23),
    NUMBER(1.7976931348623157e308),
    NUMBER(1.7976931348623158e308),
    NUMBER(-1.7976931348623157E+308),
    NUMBER(2.2250738585072014e-308),
    NUMBER(2.2250738585072011e-308),
    NUMBER(5e-324),
    NUMBER(2.4703282292062328e-324),
    {"1e-400", 0.0},
    {"-1e-99999", 0.0},
    {"1e-99999999999999999999", 0.0},
    {"0e99999999999999999999", 0.0},
};

static const struct sl_reference_tensor *first_tensor(const struct sl_reference *reference) {
  return reference->values[0].tensors;
}

/* A body of one layer with that text as its only value. */
static void check_number(const char *before, const char *text, const char *after, double value) {
  size_t space = strlen(before) + strlen(text) + strlen(after) + 1;
  char *body = malloc(space);
  ck_assert_ptr_nonnull(body);
  snprintf(body, space, "%s%s%s", before, text, after);
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(RATES), &limits, body, strlen(body));
  ck_assert_msg(reference->error.code == SL_OK && first_tensor(reference)->values[0] == value,
                "the reference reads %s otherwise", text);
  sl_check_good_text(RATES, body);
  sl_reference_free(reference);
  free(body);
}

static void check_number_everywhere(const char *text, double value) {
  static const char end[] = "],\"offsets\":[],\"multipliers\":[]}";
  char after[80];
  snprintf(after, sizeof after, "]%s", end);
  check_number("{\"spikes_list\":[[", text, after, value);
  check_number("{\"spikes_list\":[{\"shape\":[1],\"data\":[", text,
               "]}],\"offsets\":[],\"multipliers\":[]}", value);
  check_number("{\"spikes_list\":[{\"data\":[", text,
               "\n],\"shape\":[1]}],\"offsets\":[],\"multipliers\":[]}", value);
}

START_TEST(every_spelling_of_a_number_is_read_and_rounded_correctly) {
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    check_number_everywhere(numbers[i].text, numbers[i].value);
  }
}
END_TEST

/* `before`, then `count` times a digit, then `after`: freed by the caller. */
static char *repeated(const char *before, char digit, size_t count, const char *after) {
  char *text = malloc(strlen(before) + count + strlen(after) + 1);
  ck_assert_ptr_nonnull(text);
  size_t length = strlen(before);
  memcpy(text, before, length);
  memset(text + length, digit, count);
  strcpy(text + length + count, after);
  return text;
}

static void check_repeated(const char *before, char digit, size_t count, const char *after,
                           double value) {
  char *text = repeated(before, digit, count, after);
  check_number_everywhere(text, value);
  free(text);
}

START_TEST(numbers_of_any_length_are_read_and_rounded_correctly) {
  check_repeated("1.", '0', 900, "", 1.0);
  check_repeated("0.", '0', 900, "", 0.0);
  check_repeated("0.", '0', 900, "1e901", 1.0);
  check_repeated("1", '0', 900, "e-900", 1.0);
  check_repeated("0.", '9', 900, "", 1.0);
  check_repeated("0.", '3', 1200, "", 0.3333333333333333);
  check_repeated("1", '0', 308, "", 1e308);
  check_repeated("1e", '0', 900, "", 1.0);
  check_repeated("1e-", '0', 900, "1", 0.1);
  /* Halfway between 1 and the next double, and a little more, far after the point. */
  check_repeated("1.00000000000000011102230246251565404236316680908203125", '0', 800, "", 1.0);
  check_repeated("1.00000000000000011102230246251565404236316680908203125", '0', 800, "1",
                 1.0000000000000002);
  check_repeated("1.00000000000000011102230246251565404236316680908203124", '9', 800, "", 1.0);
}
END_TEST

START_TEST(every_rank_from_one_to_eight_is_read) {
  struct sl_random random = {UINT64_C(80)};
  for (size_t rank = 1; rank <= SL_MAX_RANK; rank++) {
    for (size_t spelling = 0; spelling < SL_SPELLING_COUNT; spelling++) {
      size_t shape[SL_MAX_RANK];
      for (size_t axis = 0; axis < rank; axis++) {
        shape[axis] = 1 + sl_random_below(&random, rank <= 4 ? 3 : 2);
      }
      struct sl_model_tensor layer = sl_model_tensor_new((enum sl_spelling)spelling, rank, shape);
      sl_model_tensor_fill(&layer, &random, 50, spelling % 2 == 0 ? 20 : 0);
      layer.order = sl_random_below(&random, 6);
      struct sl_writer writer = plain_writer();
      sl_check_good_layers(&writer, &layer, 1, true);
      sl_model_tensor_free(&layer);
    }
  }
}
END_TEST

static const size_t row_lengths[] = {1, 2, 3, 7, 10, 63, 64, 65, 127, 128, 1000};
enum { ROW_LENGTHS = sizeof row_lengths / sizeof *row_lengths };

/* Rows of every length in every layout; graded values are rare, so that both ways of reading
 * follow each other. */
static void check_rows(enum sl_spelling spelling, size_t graded_percent, bool of_population) {
  struct sl_random random = {UINT64_C(81) + graded_percent};
  for (size_t i = 0; i < ROW_LENGTHS; i++) {
    for (size_t layout = 0; layout < SL_LAYOUT_COUNT; layout++) {
      for (size_t style = 0; style < SL_NUMBER_STYLE_COUNT; style++) {
        size_t neurons = row_lengths[i];
        const size_t shape[] = {2, neurons < 100 ? 9 : 3, neurons};
        struct sl_model_tensor tensor = sl_model_tensor_new(spelling, 3, shape);
        sl_model_tensor_fill(&tensor, &random, 30, graded_percent);
        tensor.order = layout % 2 == 0 ? 0 : 5;
        struct sl_writer writer = plain_writer();
        writer.layout = (enum sl_layout)layout;
        writer.numbers = (enum sl_number_style)style;
        if (of_population) {
          sl_write_population_body(&writer, &tensor, 0);
          sl_check_good_writer(&writer, POPULATION, &tensor, 1, false);
        } else {
          sl_check_good_layers(&writer, &tensor, 1, false);
        }
        sl_model_tensor_free(&tensor);
      }
    }
  }
}

START_TEST(nested_rows_of_every_length_are_counted) {
  check_rows(SL_SPELL_NESTED, 0, false);
  check_rows(SL_SPELL_NESTED, 0, true);
}
END_TEST

START_TEST(nested_rows_with_some_graded_values_are_counted) {
  check_rows(SL_SPELL_NESTED, 2, false);
  check_rows(SL_SPELL_NESTED, 2, true);
}
END_TEST

START_TEST(nested_rows_of_graded_values_are_counted) {
  check_rows(SL_SPELL_NESTED, 70, true);
}
END_TEST

START_TEST(flat_rows_of_every_length_are_counted_before_and_behind_their_shape) {
  check_rows(SL_SPELL_FLAT, 0, true);
  check_rows(SL_SPELL_FLAT, 2, false);
}
END_TEST

START_TEST(packed_rows_of_every_length_are_counted_before_and_behind_their_shape) {
  for (size_t spelling = SL_SPELL_BITS; spelling <= SL_SPELL_COO; spelling++) {
    check_rows((enum sl_spelling)spelling, 10, spelling % 2 == 0);
  }
}
END_TEST

START_TEST(short_rows_are_counted_at_every_split) {
  struct sl_random random = {UINT64_C(82)};
  for (size_t neurons = 1; neurons <= 24; neurons++) {
    struct sl_model_tensor layer =
        sl_model_tensor_new(SL_SPELL_NESTED, 2, (const size_t[]){1 + 60 / neurons, neurons});
    sl_model_tensor_fill(&layer, &random, 50, neurons % 3 == 0 ? 5 : 0);
    struct sl_writer writer = plain_writer();
    writer.layout = neurons % 2 == 0 ? SL_LAYOUT_COMPACT : SL_LAYOUT_SPACED;
    writer.numbers = neurons % 4 < 2 ? SL_NUMBERS_SHORT : SL_NUMBERS_FLOATS;
    sl_check_good_layers(&writer, &layer, 1, true);
    sl_model_tensor_free(&layer);
  }
}
END_TEST

START_TEST(a_silent_tensor_is_an_empty_list_of_coordinates) {
  for (size_t order = 0; order < 6; order++) {
    struct sl_model_tensor layer = sl_model_tensor_new(SL_SPELL_COO, 3, (const size_t[]){2, 3, 4});
    layer.order = order;
    struct sl_writer writer = plain_writer();
    sl_check_good_layers(&writer, &layer, 1, true);
    sl_model_tensor_free(&layer);
  }
  /* A shape that no memory could hold as a tensor, but that has few pairs. */
  sl_check_good_text(RATES, "{\"spikes_list\":[{\"shape\":[1,9007199254740992,2],\"encoding\":"
                            "\"coo\",\"data\":[[0,5,0],[0,9007199254740991,1]]}],"
                            "\"offsets\":[1],\"multipliers\":[1]}");
}
END_TEST

START_TEST(layers_of_one_shape_and_spelling_are_counted_apart) {
  struct sl_random random = {UINT64_C(89)};
  for (size_t round = 0; round < 6 * SL_SPELLING_COUNT; round++) {
    struct sl_model_tensor layers[4];
    for (size_t i = 0; i < 4; i++) {
      size_t samples = i < 3 ? 2 : 3; /* the last begins otherwise */
      layers[i] = sl_model_tensor_new((enum sl_spelling)(round / 6), 3, (size_t[]){samples, 1, 4});
      layers[i].order = round % 6;
      sl_model_tensor_fill(&layers[i], &random, 40, 0);
    }
    struct sl_writer writer = plain_writer();
    writer.layout = SL_LAYOUT_COMPACT;
    sl_check_good_layers(&writer, layers, 4, true);
    for (size_t i = 0; i < 4; i++) {
      sl_model_tensor_free(&layers[i]);
    }
  }
}
END_TEST

START_TEST(layers_of_different_shapes_and_spellings_stand_beside_each_other) {
  struct sl_random random = {UINT64_C(83)};
  for (size_t round = 0; round < 40; round++) {
    struct sl_model_tensor layers[6];
    for (size_t i = 0; i < 6; i++) {
      size_t rank = 1 + sl_random_below(&random, 4);
      size_t shape[SL_MAX_RANK];
      for (size_t axis = 0; axis < rank; axis++) {
        shape[axis] = 1 + sl_random_below(&random, axis + 1 == rank ? 9 : 3);
      }
      size_t spelling = sl_random_below(&random, SL_SPELLING_COUNT);
      layers[i] = sl_model_tensor_new((enum sl_spelling)spelling, rank, shape);
      layers[i].order = sl_random_below(&random, 6);
      sl_model_tensor_fill(&layers[i], &random, 40, sl_random_one_in(&random, 3) ? 20 : 0);
    }
    struct sl_writer writer = plain_writer();
    writer.random.state += round;
    writer.layout = (enum sl_layout)(round % SL_LAYOUT_COUNT);
    writer.numbers = (enum sl_number_style)(round % SL_NUMBER_STYLE_COUNT);
    sl_check_good_layers(&writer, layers, 6, true);
    for (size_t i = 0; i < 6; i++) {
      sl_model_tensor_free(&layers[i]);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("decode_tensors");
  TCase *tests = tcase_create("decode_tensors");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, every_spelling_of_a_number_is_read_and_rounded_correctly);
  tcase_add_test(tests, numbers_of_any_length_are_read_and_rounded_correctly);
  tcase_add_test(tests, every_rank_from_one_to_eight_is_read);
  tcase_add_test(tests, nested_rows_of_every_length_are_counted);
  tcase_add_test(tests, nested_rows_with_some_graded_values_are_counted);
  tcase_add_test(tests, nested_rows_of_graded_values_are_counted);
  tcase_add_test(tests, flat_rows_of_every_length_are_counted_before_and_behind_their_shape);
  tcase_add_test(tests, packed_rows_of_every_length_are_counted_before_and_behind_their_shape);
  tcase_add_test(tests, short_rows_are_counted_at_every_split);
  tcase_add_test(tests, a_silent_tensor_is_an_empty_list_of_coordinates);
  tcase_add_test(tests, layers_of_one_shape_and_spelling_are_counted_apart);
  tcase_add_test(tests, layers_of_different_shapes_and_spellings_stand_beside_each_other);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
