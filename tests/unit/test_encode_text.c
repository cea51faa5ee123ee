/*
 * The text of answers, byte for byte: whatever is read at a time, rows of every length, and when it
 * is made.
 */
#include "../support/append.h"
#include "../support/question.h"
#include "encode/text.h"
#include "suite.h"
#include "json/number_format.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The tensor of a gradient as text, written element by element. */
static void write_slowly(struct sl_buffer *text, const struct sl_gradient *gradient, bool nested,
                         size_t axis, size_t *index) {
  if (axis == gradient->rank) {
    char number[SL_NUMBER_TEXT_MAX + 1];
    size_t length = sl_number_format(number, broadcast_value(gradient, *index));
    ++*index;
    sl_buffer_append(text, number, length);
    return;
  }
  bool brackets = nested || axis == 0;
  sl_buffer_append_text(text, brackets ? "[" : "");
  for (size_t i = 0; i < gradient->shape[axis]; i++) {
    sl_buffer_append_text(text, i > 0 ? "," : "");
    write_slowly(text, gradient, nested, axis + 1, index);
  }
  sl_buffer_append_text(text, brackets ? "]" : "");
}

/* The whole answer; the tensor is the only gradient. */
static struct sl_buffer answer_slowly(const struct sl_gradient *gradient, bool nested) {
  struct sl_buffer text = {0};
  size_t index = 0;
  sl_buffer_append_text(&text, "{\"loss\":1.5,\"gradients\":{\"spk\":");
  for (size_t axis = 0; !nested && axis < gradient->rank; axis++) {
    sl_buffer_append_format(&text, "%s%zu", axis == 0 ? "{\"shape\":[" : ",",
                            gradient->shape[axis]);
  }
  sl_buffer_append_text(&text, nested ? "" : "],\"data\":");
  write_slowly(&text, gradient, nested, 0, &index);
  sl_buffer_append_text(&text, nested ? "" : "}");
  ck_assert(sl_buffer_append(&text, "},\"diagnostics\":{}}\n", sizeof "},\"diagnostics\":{}}\n"));
  return text;
}

/* Short rows, long rows, rows that are too long to be kept, and each without time steps. */
static const struct {
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t small_shape[SL_MAX_RANK];
} long_texts[] = {
    {3, {70, 9, 100}, {70, 1, 100}},       {3, {2, 5, 9000}, {2, 1, 9000}},
    {3, {2, 2, 340000}, {2, 1, 340000}},   {3, {1, 1, 340000}, {1, 1, 340000}},
    {4, {2, 3, 2000, 7}, {2, 1, 2000, 7}}, {4, {1, 2, 40000, 6}, {1, 1, 40000, 6}},
    {3, {90, 70, 3}, {1, 1, 1}},           {5, {2, 3, 40, 100, 1}, {2, 3, 1, 1, 1}},
    {2, {20000, 3}, {20000, 1}},
};

static struct sl_gradient *ask_long_text(struct question *question, int text, bool nested) {
  ask(question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  question->nested[SPK][0] = nested;
  return add(question, SPK, 0, long_texts[text].rank, long_texts[text].shape,
             long_texts[text].small_shape);
}

START_TEST(reads_of_every_size_give_the_text_that_a_slow_writer_gives) {
  const size_t sizes[] = {1, 7, 64, 128 * 1024};
  for (int nested = 0; nested < 2; nested++) {
    struct question question;
    struct sl_buffer expected = answer_slowly(ask_long_text(&question, _i, nested), nested);
    sl_result_free(&question.result);
    bool long_enough = expected.length > 2000000; /* for byte after byte to take seconds */
    for (size_t i = long_enough ? 1 : 0; i < sizeof sizes / sizeof *sizes; i++) {
      ask_long_text(&question, _i, nested);
      char *text = text_of(&question, sizes[i]);
      ck_assert_msg(strcmp(text, expected.bytes) == 0, "reads of %zu bytes differ", sizes[i]);
      free(text);
    }
    sl_buffer_free(&expected);
  }
}
END_TEST

/* Three rows of numbers, one of them with many digits. */
static struct sl_gradient *ask_uneven_rows(struct question *question, size_t long_row) {
  enum { ROW = 9000 };
  ask(question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  struct sl_gradient *gradient =
      add(question, SPK, 0, 3, (size_t[]){3, 2, ROW}, (size_t[]){3, 1, ROW});
  for (size_t i = 0; i < gradient->count; i++) {
    gradient->values[i] = i / ROW == long_row ? 1.0 / (double)(i + 3) : 0.0;
  }
  return gradient;
}

START_TEST(a_row_has_the_memory_it_needs_before_and_after_shorter_ones) {
  for (size_t long_row = 0; long_row < 3; long_row++) {
    struct question question;
    struct sl_buffer expected = answer_slowly(ask_uneven_rows(&question, long_row), false);
    sl_result_free(&question.result);
    ask_uneven_rows(&question, long_row);
    char *text = text_of(&question, 1000);
    ck_assert(strcmp(text, expected.bytes) == 0);
    free(text);
    sl_buffer_free(&expected);
  }
}
END_TEST

/* A flat list of two equal rows. */
START_TEST(memory_that_a_row_only_just_fits_in_is_not_exceeded) {
  enum { ROW = 20000, GUARD = 64 };
  static const double values[ROW];
  char guard[GUARD];
  memset(guard, '#', GUARD);
  const struct sl_broadcast_view view = {.rank = 2,
                                         .shape = (size_t[]){2, ROW},
                                         .small_shape = (size_t[]){1, ROW},
                                         .numbers = {.values = values},
                                         .count = ROW};
  struct sl_text_size size;
  ck_assert(sl_text_measure(&size, &view, false));
  char *expected = take(size.length, 1);
  char *text = take(size.length, 1);
  for (size_t i = 0; i < size.length; i++) {
    expected[i] = i == 0 ? '[' : i + 1 == size.length ? ']' : i % 2 == 1 ? '0' : ',';
  }
  for (size_t capacity = size.row; capacity < size.row + GUARD; capacity++) {
    char *memory = take(capacity + GUARD, 1);
    memcpy(memory + capacity, guard, GUARD);
    struct sl_text_reader reader;
    sl_text_start(&reader, &view, false, &size, memory, capacity);
    ck_assert_uint_eq(sl_text_read(&reader, text, size.length), size.length);
    ck_assert_mem_eq(text, expected, size.length);
    ck_assert_int_eq(memcmp(memory + capacity, guard, GUARD), 0);
    free(memory);
  }
  free(expected);
  free(text);
}
END_TEST

START_TEST(a_row_of_340000_numbers_is_longer_than_what_is_kept) {
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  add(&question, SPK, 0, 1, (size_t[]){340000}, (size_t[]){340000});
  struct sl_answer *answer = answer_of(&question);
  ck_assert_uint_gt(sl_answer_length(answer), SL_MAX_KEPT_TEXT);
  sl_answer_free(answer);
}
END_TEST

/* What has not been read yet has not been formatted: an answer shows changes of its values after
 * the bytes that were read, and a little that is ready. Its rows are [0.25,0.25,…]. */
static void check_formatted_while_read(size_t steps, size_t neurons, size_t samples) {
  enum { SIZE = 128 * 1024, READY = 1024, NUMBER = 5 };
  struct question question;
  ask(&question, SL_GRADIENT_DENSE, SL_ENCODING_TEXT);
  question.nested[SPK][0] = true;
  struct sl_gradient *gradient = add(&question, SPK, 0, 3, (size_t[]){samples, steps, neurons},
                                     (size_t[]){samples, 1, neurons});
  double *values = gradient->values;
  size_t count = gradient->count;
  for (size_t i = 0; i < count; i++) {
    values[i] = 0.25;
  }
  struct sl_answer *answer = answer_of(&question);
  char *text = take(SIZE + 1, 1);
  ck_assert_uint_eq(sl_answer_read(answer, text, SIZE), SIZE);
  size_t later = SIZE / NUMBER + READY;
  ck_assert_uint_lt(later, count);
  for (size_t i = later; i < count; i++) {
    values[i] = 0.75;
  }
  free(text);
  text = read_rest(answer, SIZE, SIZE);
  size_t changed = 0;
  for (const char *next = text; *next != '\0'; next++) {
    changed += next[0] == '7'; /* of 0.75 */
  }
  ck_assert_uint_eq(changed, (count - later) * steps);
  free(text);
  sl_answer_free(answer);
}

START_TEST(numbers_are_formatted_when_they_are_read) {
  check_formatted_while_read(1, 1000000, 1); /* nothing repeats */
  check_formatted_while_read(3, 400000, 1);  /* a row that is kept */
  check_formatted_while_read(2, 1000000, 1); /* a row that is too long for that */
  check_formatted_while_read(2, 1000, 100);
  check_formatted_while_read(2, 3, 30000);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("encode_text");
  TCase *text = tcase_create("text");
  tcase_set_timeout(text, 120);
  tcase_add_loop_test(text, reads_of_every_size_give_the_text_that_a_slow_writer_gives, 0,
                      (int)(sizeof long_texts / sizeof *long_texts));
  tcase_add_test(text, a_row_has_the_memory_it_needs_before_and_after_shorter_ones);
  tcase_add_test(text, memory_that_a_row_only_just_fits_in_is_not_exceeded);
  tcase_add_test(text, a_row_of_340000_numbers_is_longer_than_what_is_kept);
  tcase_add_test(text, numbers_are_formatted_when_they_are_read);
  suite_add_tcase(suite, text);
  return suite_end(suite);
}
