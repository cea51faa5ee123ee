/*
 * Answers, read back with cJSON: every number, every nesting level, every length, every way to cut
 * the stream. Results are built by hand, so that shapes come here that no loss makes today.
 */
#include "../support/append.h"
#include "../support/question.h"
#include "encode/text.h"
#include "suite.h"
#include "json/number_format.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Check's own assertions write to a file each time: too slow for every single number. */
static void check_value(double came, double expected, size_t index) {
  if (came != expected) {
    ck_abort_msg("value %zu is %a, not %a", index, came, expected);
  }
}

static void check_number(const cJSON *number, double expected, size_t index) {
  if (!cJSON_IsNumber(number)) {
    ck_abort_msg("element %zu is not a number", index);
  }
  check_value(number->valuedouble, expected, index);
}

/* The value that broadcasting puts at a row-major index of the large shape. */
static double broadcast_value(const struct sl_gradient *gradient, size_t index) {
  size_t small_index = 0;
  size_t stride = 1;
  for (size_t axis = gradient->rank; axis-- > 0;) {
    size_t coordinate = index % gradient->shape[axis];
    index /= gradient->shape[axis];
    small_index += gradient->small_shape[axis] == 1 ? 0 : coordinate * stride;
    stride *= gradient->small_shape[axis];
  }
  return gradient->values[small_index];
}

static size_t elements_of(const size_t *shape, size_t rank) {
  size_t elements = 1;
  for (size_t axis = 0; axis < rank; axis++) {
    elements *= shape[axis];
  }
  return elements;
}

/* Every array must have its dimension's length, every number be `rank` arrays deep. */
static void check_nested(const cJSON *node, const struct sl_gradient *gradient, size_t axis,
                         size_t *index) {
  if (axis == gradient->rank) {
    check_number(node, broadcast_value(gradient, *index), *index);
    ++*index;
    return;
  }
  if (!cJSON_IsArray(node) || cJSON_GetArraySize(node) != (int)gradient->shape[axis]) {
    ck_abort_msg("no array of %zu before element %zu", gradient->shape[axis], *index);
  }
  const cJSON *element;
  cJSON_ArrayForEach(element, node) {
    check_nested(element, gradient, axis + 1, index);
  }
}

static void check_shape(const cJSON *tensor, const size_t *shape, size_t rank) {
  const cJSON *entries = tensor->child;
  ck_assert_str_eq(entries->string, "shape");
  ck_assert_int_eq(cJSON_GetArraySize(entries), (int)rank);
  for (size_t axis = 0; axis < rank; axis++) {
    ck_assert_double_eq(cJSON_GetArrayItem(entries, (int)axis)->valuedouble, (double)shape[axis]);
  }
}

/* A value of the tensor as it is sent: the small tensor, or the one of the large shape. */
static double sent_value(const struct sl_gradient *gradient, bool dense, size_t index) {
  return dense ? broadcast_value(gradient, index) : gradient->values[index];
}

static void check_flat(const cJSON *data, const struct sl_gradient *gradient, bool dense,
                       size_t elements) {
  ck_assert(cJSON_IsArray(data));
  ck_assert_int_eq(cJSON_GetArraySize(data), (int)elements);
  size_t index = 0;
  const cJSON *number;
  cJSON_ArrayForEach(number, data) {
    check_number(number, sent_value(gradient, dense, index), index);
    index++;
  }
}

static unsigned sextet(char character) {
  const char *alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *found = memchr(alphabet, character, 64);
  if (found == NULL) {
    ck_abort_msg("%c is not base64", character);
  }
  return (unsigned)(found - alphabet);
}

/* Strict: padding exactly where it belongs, spare bits zero. */
static unsigned char *decode_base64(const char *text, size_t length) {
  ck_assert_uint_eq(strlen(text), (length + 2) / 3 * 4);
  size_t digits = (length * 4 + 2) / 3;
  ck_assert_uint_eq(strspn(text + digits, "="), strlen(text) - digits);
  unsigned char *bytes = take(length + 1, 1);
  unsigned bits = 0;
  for (size_t i = 0, kept = 0, done = 0; i < digits; i++) {
    bits = (bits << 6 | sextet(text[i])) & 0xFFFF;
    kept += 6;
    if (kept >= 8) {
      kept -= 8;
      bytes[done++] = (unsigned char)(bits >> kept & 0xFF);
    }
    if (i + 1 == digits) {
      ck_assert_uint_eq(bits & ((1u << kept) - 1), 0);
    }
  }
  return bytes;
}

static double read_little_endian(const unsigned char *bytes, size_t width) {
  uint64_t bits = 0;
  for (size_t i = width; i-- > 0;) {
    bits = bits << 8 | bytes[i];
  }
  uint32_t half = (uint32_t)bits;
  float single;
  double value;
  memcpy(&single, &half, sizeof single);
  memcpy(&value, &bits, sizeof value);
  return width == 4 ? (double)single : value;
}

static void check_base64(const cJSON *data, const struct sl_gradient *gradient, bool dense,
                         size_t elements, size_t width) {
  ck_assert(cJSON_IsString(data));
  unsigned char *bytes = decode_base64(data->valuestring, elements * width);
  for (size_t i = 0; i < elements; i++) {
    double expected = sent_value(gradient, dense, i);
    check_value(read_little_endian(bytes + i * width, width),
                width == 4 ? (double)(float)expected : expected, i);
  }
  free(bytes);
}

static void check_tensor(const cJSON *tensor, const struct sl_gradient *gradient,
                         const struct sl_decoded *decoded) {
  bool dense = decoded->gradient == SL_GRADIENT_DENSE;
  bool text = decoded->encoding == SL_ENCODING_TEXT;
  if (dense && text && decoded->nested[gradient->field][gradient->item]) {
    size_t index = 0;
    check_nested(tensor, gradient, 0, &index);
    ck_assert_uint_eq(index, elements_of(gradient->shape, gradient->rank));
    return;
  }
  const size_t *shape = dense ? gradient->shape : gradient->small_shape;
  size_t elements = elements_of(shape, gradient->rank);
  ck_assert(cJSON_IsObject(tensor));
  ck_assert_int_eq(cJSON_GetArraySize(tensor), text ? 2 : 3);
  check_shape(tensor, shape, gradient->rank);
  const cJSON *data = cJSON_GetArrayItem(tensor, text ? 1 : 2);
  ck_assert_str_eq(data->string, "data");
  if (text) {
    check_flat(data, gradient, dense, elements);
    return;
  }
  bool single = decoded->encoding == SL_ENCODING_F32;
  ck_assert_str_eq(tensor->child->next->string, "encoding");
  ck_assert_str_eq(tensor->child->next->valuestring, single ? "f32" : "f64");
  check_base64(data, gradient, dense, elements, single ? 4 : 8);
}

/* The first row of a small tensor is "-3": so often, it is 32 KiB long, with commas. */
enum { EXACT_FILL = (32 * 1024 + 1) / 3 };

/* Shapes and what broadcasts to them: those of both losses, then everything else there could be.
 * Rows, units and lines shorter and longer than the encoder's own memory. */
static const struct {
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t small_shape[SL_MAX_RANK];
} spreads[] = {
    {1, {1}, {1}},
    {1, {7}, {1}},
    {2, {1, 1}, {1, 1}},
    {2, {3, 4}, {1, 1}},
    {3, {2, 3, 4}, {1, 1, 1}},
    {3, {1, 5, 1}, {1, 1, 1}},
    {3, {3, 1, 1}, {1, 1, 1}},
    {4, {2, 3, 2, 2}, {1, 1, 1, 1}},
    {5, {2, 1, 3, 1, 2}, {1, 1, 1, 1, 1}},
    {6, {1, 2, 2, 3, 1, 2}, {1, 1, 1, 1, 1, 1}},
    {7, {2, 2, 1, 2, 2, 2, 3}, {1, 1, 1, 1, 1, 1, 1}},
    {8, {2, 1, 2, 2, 3, 2, 1, 2}, {1, 1, 1, 1, 1, 1, 1, 1}},
    {1, {50000}, {1}},
    {2, {2, 30000}, {1, 1}},
    {3, {3, 40, 300}, {1, 1, 1}},
    {4, {2, 2, 20000, 2}, {1, 1, 1, 1}},
    {3, {2, 3, 4}, {2, 1, 4}},
    {3, {1, 5, 3}, {1, 1, 3}},
    {3, {4, 1, 3}, {4, 1, 3}},
    {3, {4, 5, 1}, {4, 1, 1}},
    {3, {1, 1, 1}, {1, 1, 1}},
    {3, {3, 100, 10}, {3, 1, 10}},
    {3, {2, 9, 1000}, {2, 1, 1000}},
    {3, {3, 70, 301}, {3, 1, 301}},
    {3, {2, 3, 600}, {2, 1, 600}},
    {3, {2, 3, 9001}, {2, 1, 9001}},
    {3, {2, 1, 9001}, {2, 1, 9001}},
    {3, {700, 1, 4}, {700, 1, 4}},
    {1, {512}, {512}},
    {1, {513}, {513}},
    {1, {1024}, {1024}},
    {1, {1025}, {1025}},
    {3, {20, 1, 7000}, {20, 1, 7000}}, /* too long to be made at once */
    {4, {5, 7, 16, 8}, {5, 7, 16, 8}},
    {3, {2, 3, 4}, {1, 3, 1}},
    {3, {2, 3, 4}, {1, 3, 4}},
    {3, {2, 3, 4}, {2, 3, 1}},
    {3, {2, 3, 4}, {1, 1, 4}},
    {5, {2, 3, 2, 3, 2}, {2, 1, 2, 1, 2}},
    {5, {2, 3, 2, 3, 2}, {1, 3, 1, 3, 1}},
    {4, {2, 3, 4, 5}, {2, 1, 4, 5}},
    {8, {2, 3, 1, 2, 2, 1, 3, 2}, {2, 1, 1, 2, 1, 1, 3, 2}},
    {3, {2, EXACT_FILL, 1}, {2, 1, 1}},
    {4, {3, 2, 120, 200}, {3, 2, 1, 1}},
    {4, {3, 120, 2, 200}, {3, 1, 2, 1}},
};

START_TEST(every_spread_reads_back_in_every_form_and_encoding) {
  for (int way = 0; way < 12; way++) {
    struct question question;
    ask(&question, way / 6 == 0 ? SL_GRADIENT_DENSE : SL_GRADIENT_BROADCAST,
        (enum sl_gradient_encoding)(way % 3));
    question.nested[SPK][0] = way / 3 % 2 == 0;
    struct sl_gradient gradient =
        *add(&question, SPK, 0, spreads[_i].rank, spreads[_i].shape, spreads[_i].small_shape);
    double *values = take(gradient.count, sizeof *values); /* the result is freed with its answer */
    memcpy(values, gradient.values, gradient.count * sizeof *values);
    gradient.values = values;

    char *text = text_of(&question, 777);
    cJSON *answer = parse(text);
    check_tensor(member(member(answer, "gradients"), "spk"), &gradient, &question.decoded);
    cJSON_Delete(answer);
    free(text);
    free(values);
  }
}
END_TEST

START_TEST(the_stream_may_stop_at_any_byte) {
  for (int encoding = SL_ENCODING_TEXT; encoding <= SL_ENCODING_F64; encoding++) {
    struct question question;
    ask_for_everything(&question, SL_GRADIENT_DENSE, (enum sl_gradient_encoding)encoding);
    char *whole = text_of(&question, 1 << 20);
    for (size_t space = 1; space <= 64; space++) {
      ask_for_everything(&question, SL_GRADIENT_DENSE, (enum sl_gradient_encoding)encoding);
      char *pieces = text_of(&question, space);
      ck_assert_str_eq(pieces, whole);
      free(pieces);
    }
    free(whole);
  }
}
END_TEST

START_TEST(large_spreads_may_stop_at_any_byte) {
  for (int way = 0; way < 4; way++) {
    char *texts[3];
    const size_t rooms[] = {1, 4099, 1 << 24};
    for (size_t i = 0; i < 3; i++) {
      struct question question;
      ask(&question, SL_GRADIENT_DENSE, way < 2 ? SL_ENCODING_TEXT : SL_ENCODING_F32);
      question.nested[SPK][0] = way == 0;
      bool row = way == 3;
      add(&question, SPK, 0, 3, (size_t[]){2, 40, 301},
          row ? (size_t[]){2, 1, 301} : (size_t[]){1, 1, 1});
      texts[i] = text_of(&question, rooms[i]);
    }
    ck_assert_str_eq(texts[0], texts[2]);
    ck_assert_str_eq(texts[1], texts[2]);
    for (size_t i = 0; i < 3; i++) {
      free(texts[i]);
    }
  }
}
END_TEST

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
                                         .values = values,
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
  Suite *suite = suite_create("encode");
  TCase *answers = tcase_create("answers");
  tcase_set_timeout(answers, 120);
  tcase_add_loop_test(answers, every_spread_reads_back_in_every_form_and_encoding, 0,
                      (int)(sizeof spreads / sizeof *spreads));
  tcase_add_test(answers, the_stream_may_stop_at_any_byte);
  tcase_add_test(answers, large_spreads_may_stop_at_any_byte);
  tcase_add_loop_test(answers, reads_of_every_size_give_the_text_that_a_slow_writer_gives, 0,
                      (int)(sizeof long_texts / sizeof *long_texts));
  tcase_add_test(answers, a_row_has_the_memory_it_needs_before_and_after_shorter_ones);
  tcase_add_test(answers, memory_that_a_row_only_just_fits_in_is_not_exceeded);
  tcase_add_test(answers, a_row_of_340000_numbers_is_longer_than_what_is_kept);
  tcase_add_test(answers, numbers_are_formatted_when_they_are_read);
  suite_add_tcase(suite, answers);
  return suite_end(suite);
}
