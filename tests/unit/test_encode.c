/*
 * Answers, read back with cJSON: every number, every nesting level, every length, every way to cut
 * the stream. Results are built by hand, so that shapes come here that no loss makes today.
 */
#include "../support/question.h"
#include "suite.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <math.h>
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

/* Finds the different values of a small tensor, as they first appear, by looking at all of them
 * for each. Returns how many there are, at most one more than a table may have. */
static size_t find_different(double table[257], const struct sl_gradient *gradient) {
  size_t different = 0;
  for (size_t i = 0; i < gradient->count && different <= 256; i++) {
    size_t known = 0;
    while (known < different && table[known] != gradient->values[i]) {
      known++;
    }
    if (known == different) {
      table[different++] = gradient->values[i];
    }
  }
  return different;
}

/* Whether a table and one byte a value are shorter than the floats, and nothing repeats. */
static bool indexed_is_due(const struct sl_gradient *gradient, size_t different, size_t elements,
                           size_t width) {
  return different <= 256 && elements == gradient->count &&
         different * width + elements < elements * width;
}

static void check_indexed(const cJSON *table, const struct sl_gradient *gradient,
                          const double *expected, size_t different, size_t width) {
  ck_assert_str_eq(table->string, "table");
  const struct sl_gradient entries = {.values = (double *)expected};
  check_base64(table, &entries, false, different, width);
  const cJSON *data = table->next;
  ck_assert_str_eq(data->string, "data");
  unsigned char *bytes = decode_base64(data->valuestring, gradient->count);
  for (size_t i = 0; i < gradient->count; i++) {
    if (bytes[i] >= different) {
      ck_abort_msg("index %zu is %d of %zu", i, bytes[i], different);
    }
    check_value(expected[bytes[i]], gradient->values[i], i);
  }
  free(bytes);
}

static void check_floats(const cJSON *encoding, const struct sl_gradient *gradient,
                         enum sl_gradient_encoding wished, bool dense, size_t elements) {
  static const char *const names[2][2] = {{"f64", "indexed_f64"}, {"f32", "indexed_f32"}};
  bool single = wished == SL_ENCODING_F32 || wished == SL_ENCODING_INDEXED_F32;
  size_t width = single ? 4 : 8;
  double table[257];
  size_t different = find_different(table, gradient);
  bool indexed =
      wished >= SL_ENCODING_INDEXED_F32 && indexed_is_due(gradient, different, elements, width);
  ck_assert_str_eq(encoding->string, "encoding");
  ck_assert_str_eq(encoding->valuestring, names[single][indexed]);
  if (indexed) {
    check_indexed(encoding->next, gradient, table, different, width);
    ck_assert_ptr_null(encoding->next->next->next);
    return;
  }
  ck_assert_str_eq(encoding->next->string, "data");
  check_base64(encoding->next, gradient, dense, elements, width);
  ck_assert_ptr_null(encoding->next->next);
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
  check_shape(tensor, shape, gradient->rank);
  const cJSON *next = tensor->child->next;
  if (text) {
    ck_assert_str_eq(next->string, "data");
    ck_assert_ptr_null(next->next);
    check_flat(next, gradient, dense, elements);
    return;
  }
  check_floats(next, gradient, decoded->encoding, dense, elements);
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

/* Asks in one of so many ways: forms, encodings, nested or not. */
enum { WAYS = 2 * 2 * SL_ENCODING_COUNT };
static void ask_in_way(struct question *question, int way) {
  ask(question, way % 2 == 0 ? SL_GRADIENT_DENSE : SL_GRADIENT_BROADCAST,
      (enum sl_gradient_encoding)(way / 4));
  question->nested[SPK][0] = way / 2 % 2 == 0;
}

/* Reads back the gradients of layers or of spk, which are all there are. */
static void check_answer(struct question *question) {
  struct sl_gradient gradients[8];
  size_t count = question->result.gradient_count;
  for (size_t i = 0; i < count; i++) { /* the result is freed with its answer */
    gradients[i] = question->result.gradients[i];
    size_t bytes = gradients[i].count * sizeof(double);
    gradients[i].values = memcpy(take(bytes, 1), gradients[i].values, bytes);
  }
  char *text = text_of(question, 777);
  cJSON *answer = parse(text);
  const cJSON *tensor = member(answer, "gradients")->child;
  tensor = gradients[0].field == LAYERS ? tensor->child : tensor;
  for (size_t i = 0; i < count; i++) {
    check_tensor(tensor, &gradients[i], &question->decoded);
    tensor = tensor->next;
    free(gradients[i].values);
  }
  ck_assert_ptr_null(tensor);
  cJSON_Delete(answer);
  free(text);
}

START_TEST(every_spread_reads_back_in_every_form_and_encoding) {
  for (int way = 0; way < WAYS; way++) {
    struct question question;
    ask_in_way(&question, way);
    add(&question, SPK, 0, spreads[_i].rank, spreads[_i].shape, spreads[_i].small_shape);
    check_answer(&question);
  }
}
END_TEST

/* Adds a tensor of values of which so many are different, mixed up; the last one comes last. */
static void add_different(struct question *question, size_t field, size_t item, size_t count,
                          size_t different) {
  struct sl_gradient *gradient =
      add(question, field, item, 3, (size_t[]){count, 2, 1}, (size_t[]){count, 1, 1});
  for (size_t i = 0; i < count; i++) {
    size_t which = i + 1 == count ? different - 1 : i * 7919 % (different > 1 ? different - 1 : 1);
    gradient->values[i] = ((double)which - 100) / 300;
  }
}

static const size_t counts[] = {1, 2, 3, 4, 256, 257, 300, 3071, 3072, 3073, 3074, 9000, 50000};

START_TEST(values_of_every_number_of_different_ones_read_back) {
  static const size_t different[] = {1, 2, 3, 40, 255, 256, 257, 258, 1000};
  for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
    for (int way = 1; way < WAYS; way += 2) { /* broadcast */
      struct question question;
      ask_in_way(&question, way);
      add_different(&question, SPK, 0, counts[_i], different[i]);
      check_answer(&question);
    }
  }
}
END_TEST

/* Zeros of both signs, the smallest doubles, and what differs in its first or last bits only. */
START_TEST(values_that_are_almost_the_same_are_different) {
  enum { COUNT = 1024 };
  for (int encoding = SL_ENCODING_INDEXED_F32; encoding < SL_ENCODING_COUNT; encoding++) {
    struct question question;
    ask(&question, SL_GRADIENT_BROADCAST, (enum sl_gradient_encoding)encoding);
    struct sl_gradient *gradient = add(&question, SPK, 0, 1, (size_t[]){COUNT}, (size_t[]){COUNT});
    for (size_t i = 0; i < COUNT; i++) {
      double few = (double)(i * 31 % 50);
      const double alike[] = {few * 0x1p-1074, 1 + few * 0x1p-52, ldexp(1, (int)few), -few * 0};
      gradient->values[i] = i % 3 == 0 ? -alike[i % 4] : alike[i % 4];
    }
    check_answer(&question);
  }
}
END_TEST

START_TEST(layers_are_indexed_each_for_itself) {
  for (int way = 0; way < WAYS; way++) {
    struct question question;
    ask_in_way(&question, way);
    add_different(&question, LAYERS, 0, 300, 300);
    add_different(&question, LAYERS, 1, 300, 3);
    add_different(&question, LAYERS, 2, 300, 4);
    add_different(&question, LAYERS, 3, 1, 1);
    add_different(&question, LAYERS, 4, 300, 280);
    add_different(&question, LAYERS, 5, 9000, 256);
    add_different(&question, LAYERS, 6, 9000, 257);
    check_answer(&question);
  }
}
END_TEST

/* Takes the values of a gradient from a table of so many, some of which are equal. */
static void index_gradient(struct sl_gradient *gradient, size_t table_length, bool with_indices) {
  double *table = take(table_length + gradient->count / sizeof *table + 1, sizeof *table);
  uint8_t *indices = (uint8_t *)(table + table_length);
  for (size_t i = 0; i < table_length; i++) {
    table[i] = ((double)(i * i % 200) - 80) / 3;
  }
  for (size_t i = 0; i < gradient->count; i++) {
    indices[i] = (uint8_t)(i * 7 % 97 % table_length);
    gradient->values[i] = table[indices[i]];
  }
  free(with_indices ? gradient->values : table);
  if (with_indices) {
    gradient->values = table;
    gradient->indices = indices;
    gradient->table_length = table_length;
  }
}

/* Reads what came for spk, as floats or a table and indices. */
static double *read_floats(const char *text, size_t count, size_t width, size_t *entries) {
  cJSON *answer = parse(text);
  const cJSON *tensor = member(member(answer, "gradients"), "spk");
  const cJSON *table = cJSON_GetObjectItemCaseSensitive(tensor, "table");
  const char *data = member(tensor, "data")->valuestring;
  *entries = table == NULL ? 0 : strlen(table->valuestring) / 4 * 3 / width;
  unsigned char *bytes = decode_base64(table == NULL ? data : table->valuestring,
                                       table == NULL ? count * width : *entries * width);
  unsigned char *indices = table == NULL ? NULL : decode_base64(data, count);
  double *floats = take(count, sizeof *floats);
  for (size_t i = 0; i < count; i++) {
    size_t entry = indices == NULL ? i : indices[i];
    ck_assert(indices == NULL || entry < *entries);
    floats[i] = read_little_endian(bytes + entry * width, width);
  }
  free(bytes);
  free(indices);
  cJSON_Delete(answer);
  return floats;
}

START_TEST(gradients_with_indices_are_answered_as_their_values_are) {
  static const size_t table_lengths[] = {1, 3, 51, 100, 256};
  for (int way = 0; way < WAYS; way++) {
    size_t table_length = table_lengths[(_i + way) % 5];
    char *texts[2];
    size_t count = 0;
    for (int with_indices = 0; with_indices < 2; with_indices++) {
      struct question question;
      ask_in_way(&question, way);
      struct sl_gradient *gradient =
          add(&question, SPK, 0, spreads[_i].rank, spreads[_i].shape, spreads[_i].small_shape);
      index_gradient(gradient, table_length, with_indices == 1);
      count = gradient->count;
      texts[with_indices] = text_of(&question, 777);
    }
    size_t width = way / 4 == SL_ENCODING_INDEXED_F32 ? 4 : 8;
    if (strstr(texts[1], "\"indexed") == NULL || table_length * width > count) {
      ck_assert_str_eq(texts[1], texts[0]);
    } else { /* the table is that of the loss, with whatever is of no use in it */
      size_t entries[2];
      double *floats[] = {read_floats(texts[0], count, width, &entries[0]),
                          read_floats(texts[1], count, width, &entries[1])};
      ck_assert_mem_eq(floats[1], floats[0], count * sizeof **floats);
      ck_assert_uint_ge(entries[1], entries[0]);
      ck_assert_uint_eq(entries[1], table_length);
      free(floats[0]);
      free(floats[1]);
    }
    free(texts[0]);
    free(texts[1]);
  }
}
END_TEST

START_TEST(the_stream_may_stop_at_any_byte) {
  for (int encoding = SL_ENCODING_TEXT; encoding < SL_ENCODING_COUNT; encoding++) {
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

int main(void) {
  Suite *suite = suite_create("encode");
  TCase *answers = tcase_create("answers");
  tcase_set_timeout(answers, 120);
  tcase_add_loop_test(answers, every_spread_reads_back_in_every_form_and_encoding, 0,
                      (int)(sizeof spreads / sizeof *spreads));
  tcase_add_loop_test(answers, values_of_every_number_of_different_ones_read_back, 0,
                      (int)(sizeof counts / sizeof *counts));
  tcase_add_test(answers, values_that_are_almost_the_same_are_different);
  tcase_add_test(answers, layers_are_indexed_each_for_itself);
  tcase_add_loop_test(answers, gradients_with_indices_are_answered_as_their_values_are, 0,
                      (int)(sizeof spreads / sizeof *spreads));
  tcase_add_test(answers, the_stream_may_stop_at_any_byte);
  tcase_add_test(answers, large_spreads_may_stop_at_any_byte);
  suite_add_tcase(suite, answers);
  return suite_end(suite);
}
