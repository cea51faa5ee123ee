/*
 * Every variant of the kernels that read spike text: scans agree with the scalar one at every
 * length, tail and column, and what matches a template is what its text says.
 */
#include "kernels/kernels.h"
#include "suite.h"
#include "support/every.h"
#include "support/small_random.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BITS = 4096, TEXT = 4096 };

static const struct sl_kernels *scalar(void) {
  return sl_kernels_variant(0);
}

/* One scan from a column of a row, into poisoned memory. */
struct scan_outcome {
  size_t taken;
  struct sl_text_scan scan;
  uint64_t bits[MOST_BITS / 64 + 1];
};

static void scan_with(const struct sl_kernels *kernels, struct scan_outcome *outcome,
                      size_t row_length, size_t column, const char *text, size_t length) {
  memset(outcome->bits, 0xa5, sizeof outcome->bits);
  outcome->scan = (struct sl_text_scan){
      .row_length = row_length, .column = column, .bits = outcome->bits, .capacity = MOST_BITS};
  char *copy = malloc(length); /* exactly, so that a sanitizer sees reads beyond it */
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, text, length);
  outcome->taken = kernels->scan_spike_text(&outcome->scan, copy, length);
  free(copy);
}

static bool same_bits(const struct scan_outcome *left, const struct scan_outcome *right) {
  for (size_t i = 0; i < left->scan.count; i++) {
    if ((left->bits[i / 64] ^ right->bits[i / 64]) >> (i % 64) & 1) {
      return false;
    }
  }
  return true;
}

static void assert_all_scan_alike(size_t row_length, size_t column, const char *text,
                                  size_t length) {
  struct scan_outcome oracle;
  scan_with(scalar(), &oracle, row_length, column, text, length);
  for (size_t i = 1; sl_kernels_variant(i) != NULL; i++) {
    struct scan_outcome outcome;
    scan_with(sl_kernels_variant(i), &outcome, row_length, column, text, length);
    ck_assert_uint_eq(outcome.taken, oracle.taken);
    ck_assert_uint_eq(outcome.scan.count, oracle.scan.count);
    ck_assert_uint_eq(outcome.scan.column, oracle.scan.column);
    ck_assert_uint_eq(outcome.scan.resume, oracle.scan.resume);
    ck_assert(same_bits(&outcome, &oracle));
  }
}

static const char *const spellings[][2] = {{"0", "1"}, {"0.0", "1.0"}};
static const char *const separators[] = {",", ", ", " ,\n\t"};

/* Rows of values as text, as if in the middle of an array of rows; returns the length. */
static size_t write_rows(struct sl_random *random, char *text, size_t row_length, size_t spelling,
                         size_t separator) {
  size_t length = 0;
  for (size_t value = 0; length < TEXT - 64; value++) {
    size_t column = value % row_length;
    length += (size_t)sprintf(text + length, "%s%s%s%s", column == 0 ? "[" : "",
                              spellings[spelling][sl_random_below(random, 2)],
                              column + 1 == row_length ? "]" : "", separators[separator]);
  }
  return length;
}

START_TEST(scan_takes_every_whole_block_of_plain_rows) {
  struct sl_random random = {7};
  char text[TEXT];
  for (size_t row_length = 1; row_length <= 80; row_length += sl_every()) {
    for (size_t style = 0; style < 6; style++) {
      size_t length = write_rows(&random, text, row_length, style % 2, style / 2);
      struct scan_outcome outcome;
      scan_with(scalar(), &outcome, row_length, 0, text, length);
      ck_assert_uint_ge(outcome.taken + 2 * SL_SCAN_BLOCK, length);
      size_t values = 0;
      for (size_t i = 0; i < outcome.taken; i++) {
        bool digit = text[i] == '0' || text[i] == '1';
        if (digit && (i == 0 || text[i - 1] != '.')) {
          uint64_t bit = outcome.bits[values / 64] >> (values % 64) & 1;
          ck_assert_uint_eq(bit, text[i] == '1');
          values++;
        }
      }
      ck_assert_uint_eq(outcome.scan.count, values);
      ck_assert_uint_eq(outcome.scan.column, values % row_length);
    }
  }
}
END_TEST

START_TEST(scans_agree_on_plain_rows_of_every_length) {
  struct sl_random random = {11};
  char text[TEXT];
  for (size_t row_length = 1; row_length <= 140; row_length += sl_every()) {
    for (size_t style = 0; style < 6; style++) {
      size_t length = write_rows(&random, text, row_length, style % 2, style / 2);
      assert_all_scan_alike(row_length, 0, text, length - sl_random_below(&random, 70));
    }
  }
}
END_TEST

START_TEST(scans_agree_on_damaged_rows) {
  static const char damage[] = "01.,[] \n\t-2e9x\"\0\x80";
  struct sl_random random = {13};
  char text[TEXT];
  for (size_t round = 0; round < 20000 / sl_every(); round++) {
    size_t row_length = 1 + sl_random_below(&random, 70);
    size_t length = write_rows(&random, text, row_length, round % 2, round / 2 % 3);
    for (size_t hits = 1 + sl_random_below(&random, 4); hits > 0; hits--) {
      text[sl_random_below(&random, 300)] = damage[sl_random_below(&random, sizeof damage)];
    }
    length = sl_random_below(&random, 400);
    assert_all_scan_alike(row_length, sl_random_below(&random, row_length), text, length);
  }
}
END_TEST

START_TEST(scan_of_flat_text_stops_before_any_bracket) {
  char text[256];
  memset(text, 0, sizeof text);
  for (size_t i = 0; i < 128; i++) {
    memcpy(text + 2 * i, "1,", 2);
  }
  text[200] = ']';
  for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
    struct scan_outcome outcome;
    scan_with(sl_kernels_variant(i), &outcome, SL_NO_ROWS, 1, text, sizeof text);
    ck_assert_uint_eq(outcome.taken, 200);
    ck_assert_uint_eq(outcome.scan.count, 100);
  }
}
END_TEST

START_TEST(scan_of_values_without_a_bracket_never_completes_a_row) {
  char text[TEXT];
  for (size_t i = 0; i < TEXT / 2; i++) {
    memcpy(text + 2 * i, "1,", 2);
  }
  for (size_t row_length = 2; row_length <= 140; row_length += sl_every()) {
    for (size_t column = 1; column < row_length; column++) {
      struct scan_outcome outcome;
      scan_with(scalar(), &outcome, row_length, column, text, TEXT);
      ck_assert_uint_lt(outcome.scan.column, row_length);
      ck_assert_uint_eq(outcome.scan.column, column + outcome.scan.count);
      assert_all_scan_alike(row_length, column, text, TEXT);
    }
  }
}
END_TEST

/* An element whose length is no divisor of a block's: its values come at every byte of a block. */
static const char element[] = " [[0, 1.0,1],\n[0.0 ,1 , 0,1,0,\t0.0,1.0]],";
enum { ELEMENT = sizeof element - 1 };

/* Returns whether a value begins at a byte of elements one after the other. */
static bool begins_value(size_t byte) {
  size_t i = byte % ELEMENT;
  return (element[i] == '0' || element[i] == '1') && element[i - 1] != '.';
}

/* A text that begins at an offset in the element and repeats it before the byte `end`. */
struct repeating_text {
  size_t offset;
  const char *text;
  size_t length, end;
};

/* Asserts that it is taken up to the last comma before it ends to repeat, or before a value too
 * many, and with the right values. */
static void assert_match(const struct sl_kernels *kernels, const struct sl_text_template *template,
                         const struct repeating_text *repeating, size_t max_count) {
  uint64_t bits[TEXT / 64 + 2];
  const char *text = repeating->text;
  char *copy = malloc(repeating->length);
  ck_assert_ptr_nonnull(copy);
  memcpy(copy, text, repeating->length);
  size_t count = max_count;
  size_t taken =
      kernels->match_template(template, repeating->offset, copy, repeating->length, bits, &count);
  free(copy);
  size_t expected = 0;
  size_t values = 0;
  for (size_t i = 0, seen = 0; i < repeating->end; i++) {
    seen += begins_value(repeating->offset + i);
    if (text[i] == ',' && seen <= max_count) {
      expected = i + 1;
      values = seen;
    }
  }
  ck_assert_uint_eq(taken, expected);
  ck_assert_uint_eq(count, values);
  for (size_t i = 0, value = 0; i < taken; i++) {
    if (begins_value(repeating->offset + i)) {
      ck_assert_uint_eq(bits[value / 64] >> (value % 64) & 1, text[i] == '1');
      value++;
    }
  }
}

static void check_matches(const struct sl_kernels *kernels, struct sl_random *random,
                          const struct sl_text_template *template, size_t offset) {
  enum { LENGTH = 1000 };
  char text[LENGTH];
  for (size_t i = 0; i < LENGTH; i++) {
    bool value = begins_value(offset + i);
    text[i] = value ? (char)('0' + sl_random_below(random, 2)) : element[(offset + i) % ELEMENT];
  }
  struct repeating_text repeating = {offset, text, LENGTH, LENGTH};
  assert_match(kernels, template, &repeating, LENGTH);
  assert_match(kernels, template, &repeating, sl_random_below(random, 300));
  repeating.end = sl_random_below(random, LENGTH);
  text[repeating.end] = begins_value(offset + repeating.end) ? '2' : '1';
  assert_match(kernels, template, &repeating, LENGTH);
}

START_TEST(text_repeats_a_template_up_to_the_first_other_byte) {
  struct sl_random random = {31};
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    const struct sl_kernels *kernels = sl_kernels_variant(variant);
    for (size_t times = 1; times <= SL_TEMPLATE_BYTES / ELEMENT;
         times += 1 + sl_every() + times / 16) {
      struct sl_text_template template;
      ck_assert(kernels->make_template(&template, element, ELEMENT, times));
      ck_assert_uint_eq(template.length, times * ELEMENT);
      check_matches(kernels, &random, &template, 0);
      for (size_t offset = 1; offset < ELEMENT; offset++) {
        if (element[offset - 1] == ',') {
          check_matches(kernels, &random, &template, offset);
        }
      }
    }
  }
}
END_TEST

START_TEST(templates_have_plain_values_only) {
  static const char *const others[] = {"[0,10],", "[-0],",  "[0.5],", "[1.1],",
                                       "[0.00],", "[1e0],", "[2],",   "[1,\"0\"],"};
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
      for (size_t before = 0; before < 70; before++) {
        char text[128];
        struct sl_text_template template = {.length = 0};
        memset(text, ' ', before);
        strcpy(text + before, others[i]);
        ck_assert(!sl_kernels_variant(variant)->make_template(&template, text, strlen(text), 1));
        ck_assert_uint_eq(template.length, 0);
      }
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels of text");
  TCase *cases = tcase_create("every variant");
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, scan_takes_every_whole_block_of_plain_rows);
  tcase_add_test(cases, scans_agree_on_plain_rows_of_every_length);
  tcase_add_test(cases, scans_agree_on_damaged_rows);
  tcase_add_test(cases, scan_of_flat_text_stops_before_any_bracket);
  tcase_add_test(cases, scan_of_values_without_a_bracket_never_completes_a_row);
  tcase_add_test(cases, text_repeats_a_template_up_to_the_first_other_byte);
  tcase_add_test(cases, templates_have_plain_values_only);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
