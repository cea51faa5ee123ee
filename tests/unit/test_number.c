/*
 * JSON numbers as doubles: every spelling is read as the C library's strtod reads it, at once and
 * byte by byte.
 *
 * SPIKELOSS_TEST_NUMBERS says how many random texts of each kind are tried, 50,000 if it is not
 * set. Texts in a file, one a line, are tried too: SPIKELOSS_TEST_TEXTS is its path.
 */
#include "suite.h"
#include "support/every.h"
#include "support/random_double.h"
#include "json/number.h"

#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 2000 };

static bool same_bits(double left, double right) {
  return memcmp(&left, &right, sizeof left) == 0;
}

static void expect(const char *text, const char *reader, double value, double expected) {
  if (!same_bits(value, expected)) {
    ck_abort_msg("%s is %a, %s reads %a", text, expected, reader, value);
  }
}

/* Reads byte by byte; a comma ends the number. */
static struct sl_number *read_bytes(const char *text) {
  static struct sl_number number;
  sl_number_begin(&number);
  for (const char *at = text; *at != '\0'; at++) {
    if (sl_number_byte(&number, *at) != SL_NUMBER_MORE) {
      ck_abort_msg("%s ends at byte %zu", text, (size_t)(at - text));
    }
  }
  ck_assert_int_eq(sl_number_byte(&number, ','), SL_NUMBER_END);
  return &number;
}

/* Reads at once, from memory that ends after `more` bytes, so that sanitizers see one more. */
static size_t read_short(const char *text, size_t more, double *value) {
  static const char after[] =
      ",0123456789.e-0123456789.0123456789e+0123456789,0123456789,0123456789";
  size_t length = strlen(text);
  char *exact = malloc(length + more);
  if (exact == NULL) {
    ck_abort_msg("no memory");
  }
  memcpy(exact, text, length);
  memcpy(exact + length, after, more);
  size_t taken = sl_number_short(exact, length + more, value);
  free(exact);
  return taken;
}

/* Returns whether the text was short enough to be read at once. */
static bool check_number(const char *text) {
  static const size_t afters[] = {0, 1, 2, 40, 69};
  double expected = strtod(text, NULL);
  struct sl_number *number = read_bytes(text);
  struct sl_integer integer;
  bool is_integer = sl_number_integer(number, &integer);
  expect(text, "byte by byte", sl_number_value(number), expected);
  bool is_short = false;
  for (size_t i = 0; i < sizeof afters / sizeof afters[0]; i++) {
    double value = 0;
    size_t taken = read_short(text, afters[i], &value);
    if (taken == 0) {
      continue;
    }
    is_short = true;
    ck_assert_uint_eq(taken, strlen(text));
    ck_assert_uint_gt(afters[i], 0);
    expect(text, "at once", value, expected);
    if (is_integer != (value == floor(value)) ||
        (is_integer && fabs(value) != (double)integer.magnitude)) {
      ck_abort_msg("%s seems to be %s integer", text, is_integer ? "no" : "an");
    }
  }
  return is_short;
}

static size_t texts_of_each_kind(void) {
  const char *text = getenv("SPIKELOSS_TEST_NUMBERS");
  return text == NULL ? 50000 / sl_every() : strtoul(text, NULL, 10);
}

/* Writes `count` digits, the first zeros but one at the front as JSON has none. */
static char *write_digits(char *text, struct sl_random *random, size_t count) {
  for (size_t i = 0; i < count; i++) {
    *text++ = (char)('0' + sl_random_below(random, 10));
  }
  return text;
}

/* Digits, a point anywhere or nowhere, an exponent or none: any length, any size. */
static void write_any(char *text, struct sl_random *random) {
  char *at = text;
  *at = '-';
  at += sl_random_one_in(random, 4);
  *at++ = (char)('0' + sl_random_below(random, 10));
  if (at[-1] != '0' && sl_random_one_in(random, 2)) {
    at = write_digits(at, random, sl_random_below(random, 24));
  }
  if (!sl_random_one_in(random, 4)) {
    *at++ = '.';
    for (size_t zeros = sl_random_one_in(random, 4) ? sl_random_below(random, 12) : 0; zeros > 0;
         zeros--) {
      *at++ = '0';
    }
    at = write_digits(at, random,
                      1 + sl_random_below(random, sl_random_one_in(random, 8) ? 40 : 20));
  }
  *at = '\0';
  if (sl_random_one_in(random, 2)) {
    static const int ranges[] = {8, 30, 340, 1200};
    int range = ranges[sl_random_below(random, 4)];
    const char *plus[] = {"", "+", "0", "-0"};
    int exponent = (int)sl_random_below(random, (size_t)range);
    bool negative = sl_random_one_in(random, 2);
    sprintf(at, "%c%s%d", sl_random_one_in(random, 2) ? 'e' : 'E',
            negative ? "-" : plus[sl_random_below(random, 4)], exponent);
  }
}

/* As programs write doubles, and with a digit too few, or several too many. */
static void write_double(char *text, struct sl_random *random) {
  static const int precisions[] = {17, 16, 15, 17, 18, 19, 20, 25};
  enum sl_double_kind kind = (enum sl_double_kind)sl_random_below(random, SL_DOUBLE_KINDS);
  snprintf(text, MAX_TEXT, "%.*g", precisions[sl_random_below(random, 8)],
           sl_random_double(random, kind));
}

/* Between 0 and 1, as graded spikes are, with 1 to 22 decimals. */
static void write_graded(char *text, struct sl_random *random) {
  snprintf(text, MAX_TEXT, "%s%.*f", sl_random_one_in(random, 8) ? "-" : "",
           1 + (int)sl_random_below(random, 22), 0x1p-64 * (double)sl_random_next(random));
}

/* Exactly between two doubles, which long doubles can be where they have more bits, or next to it:
 * a last digit more, or another one, or only the first digits. */
static void write_halfway(char *text, struct sl_random *random) {
  double value =
      fabs(sl_random_double(random, (enum sl_double_kind)sl_random_below(random, SL_DOUBLE_KINDS)));
  double next = nextafter(value, INFINITY);
  long double middle = ((long double)value + (long double)next) / 2;
  int precision = sl_random_one_in(random, 2) ? 1100 : 15 + (int)sl_random_below(random, 30);
  int exponent;
  if (isinf(next)) {
    middle = 0x1.fffffffffffff8p1023L;
  }
  frexpl(middle, &exponent);
  if (exponent > -200 && exponent < 200 && sl_random_one_in(random, 2)) {
    snprintf(text, MAX_TEXT, "%.*Lf", precision, middle);
  } else {
    snprintf(text, MAX_TEXT, "%.*Le", precision, middle);
  }
  char *digit = text + strcspn(text, "e") - 1;
  if (*digit >= '0' && *digit < '9' && sl_random_one_in(random, 3)) {
    ++*digit;
  }
}

/* Around the largest double, the smallest normal one and the smallest of all. */
static void write_edge(char *text, struct sl_random *random) {
  static const struct {
    const char *digits, *exponent;
  } edges[] = {{"1.79769313486231", "e308"},  {"1.797693134862315807", "e+308"},
               {"2.22507385850720", "e-308"}, {"2.2250738585072011", "e-308"},
               {"4.9406564584124", "e-324"},  {"2.47032822920623", "e-324"},
               {"9.99999999999999", "e22"},   {"9007199254740", "e0"}};
  size_t edge = sl_random_below(random, sizeof edges / sizeof edges[0]);
  char *at = stpcpy(text, edges[edge].digits);
  at = write_digits(at, random, sl_random_below(random, 12));
  stpcpy(at, edges[edge].exponent);
}

/* Exactly between two doubles, in at most 19 digits: an odd number of 54 bits, shifted. */
static void write_short_halfway(char *text, struct sl_random *random) {
  uint64_t odd = UINT64_C(1) << 53 | sl_random_next(random) >> 11 | 1;
  unsigned places = (unsigned)sl_random_below(random, 4);
  uint64_t rest = odd & ((UINT64_C(1) << places) - 1);
  static const uint64_t powers_of_five[] = {1, 5, 25, 125};
  int length = sprintf(text, "%" PRIu64, odd >> places);
  if (places > 0) {
    sprintf(text + length, ".%0*" PRIu64, (int)places, rest * powers_of_five[places]);
  }
}

static void (*const kinds[])(char *text, struct sl_random *random) = {
    write_any, write_double, write_graded, write_halfway, write_short_halfway, write_edge};

START_TEST(every_spelling_is_read_as_the_c_library_reads_it) {
  struct sl_random random = {UINT64_C(1234567) + (uint64_t)_i};
  char text[MAX_TEXT];
  for (size_t count = texts_of_each_kind(); count > 0; count--) {
    kinds[_i](text, &random);
    check_number(text);
  }
}
END_TEST

START_TEST(given_texts_are_read_as_the_c_library_reads_them) {
  const char *path = getenv("SPIKELOSS_TEST_TEXTS");
  FILE *file = path != NULL ? fopen(path, "r") : NULL;
  char text[MAX_TEXT];
  size_t count = 0;
  for (; file != NULL && fgets(text, sizeof text, file) != NULL; count++) {
    text[strcspn(text, "\n")] = '\0';
    check_number(text);
  }
  if (file != NULL) {
    fclose(file);
    printf("%zu given texts\n", count);
  }
}
END_TEST

static const char *const usual[] = {"0",
                                    "1",
                                    "7",
                                    "42",
                                    "-3",
                                    "0.0",
                                    "1.0",
                                    "-0.0",
                                    "0.5",
                                    "0.123456",
                                    "-12.25",
                                    "1e-05",
                                    "1.5e-3",
                                    "0.8444218515250481",
                                    "0.13436424411240122",
                                    "0.00012345678901234567",
                                    "-2.718281828459045",
                                    "9.313225746154785e-10",
                                    "9.313225746154785E-10",
                                    "123456789.12345678",
                                    "6.02214076e5"};

START_TEST(the_usual_numbers_are_read_at_once) {
  ck_assert(check_number(usual[_i]));
}
END_TEST

static const char *const unusual[] = {"9007199254740993",
                                      "9007199254740992.5",
                                      "0.99999999999999999999",
                                      "1e400",
                                      "1e-400",
                                      "1e22",
                                      "0.1e-9999",
                                      "1e+0000000000000000001",
                                      "0.0000000000000000000000000000000000000001",
                                      "18446744073709551616",
                                      "99999999999999999999.5",
                                      "12345678901234567890123456789"};

START_TEST(what_is_not_certain_at_once_is_read_byte_by_byte) {
  ck_assert(!check_number(unusual[_i]));
}
END_TEST

/* A one, zeros, and among them another digit or none, with a point anywhere. */
static void write_long(char *text, size_t length, size_t other, size_t point, int exponent) {
  char digits[MAX_TEXT];
  memset(digits, '0', length);
  digits[other] = '7';
  digits[0] = '1';
  sprintf(text, "%.*s%s%.*se%d", (int)point, digits, point < length ? "." : "",
          (int)(length - point), digits + point, exponent);
}

START_TEST(a_number_of_any_length_is_an_integer_if_its_last_digit_is_no_fraction) {
  enum { LENGTH = 900 };
  static const size_t others[] = {0, 1, 779, 780, 781, 850, LENGTH - 1};
  static const size_t points[] = {1, 2, 400, 779, 780, 781, 782, LENGTH - 1, LENGTH};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    for (size_t k = 0; k < sizeof points / sizeof points[0]; k++) {
      for (int more = -1; more <= 1; more++) {
        char text[MAX_TEXT];
        struct sl_integer integer;
        write_long(text, LENGTH, others[i], points[k], (int)others[i] - (int)points[k] + 1 + more);
        ck_assert_msg(sl_number_integer(read_bytes(text), &integer) == (more >= 0), "%s", text);
        ck_assert(others[i] > 0 || more < 0 || integer.magnitude == (more == 0 ? 1 : 10));
      }
    }
  }
}
END_TEST

static const char *const bad[] = {"",     "-",  "+1",  ".5",  "-.5", "01",  "-00",  "00.5", "1.",
                                  "1.e5", "1e", "1e+", "1e-", "e5",  "-e5", "1.5e", "a",    ","};

START_TEST(what_is_no_number_is_not_read_at_once) {
  double value;
  for (size_t more = 0; more < 70; more += 69) {
    ck_assert_uint_eq(read_short(bad[_i], more, &value), 0);
  }
}
END_TEST

START_TEST(a_run_ends_before_the_first_number_without_the_byte_it_needs) {
  static const char text[] = "0.25 , -1.5e-3,\n0.123456789012345678 ,7,8]";
  for (size_t length = 0; length < sizeof text; length++) {
    char *exact = malloc(length + 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, text, length);
    double values[5] = {0};
    const char *at = exact;
    size_t count = sl_number_run(&at, exact + length, values, 5, ']');
    size_t commas = 0;
    for (size_t i = 0; i < length; i++) {
      commas += text[i] == ',' || text[i] == ']';
    }
    ck_assert_uint_eq(count, commas);
    ck_assert(count == 0 ? at == exact : at[-1] == (count == 5 ? ']' : ','));
    ck_assert(count < 5 || (same_bits(values[0], 0.25) && same_bits(values[1], -0.0015) &&
                            same_bits(values[2], 0.123456789012345678) && values[4] == 8));
    free(exact);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("number");
  TCase *cases = tcase_create("values");
  tcase_set_timeout(cases, 0);
  tcase_add_loop_test(cases, every_spelling_is_read_as_the_c_library_reads_it, 0,
                      sizeof kinds / sizeof kinds[0]);
  tcase_add_test(cases, given_texts_are_read_as_the_c_library_reads_them);
  tcase_add_loop_test(cases, the_usual_numbers_are_read_at_once, 0, sizeof usual / sizeof usual[0]);
  tcase_add_loop_test(cases, what_is_not_certain_at_once_is_read_byte_by_byte, 0,
                      sizeof unusual / sizeof unusual[0]);
  tcase_add_test(cases, a_number_of_any_length_is_an_integer_if_its_last_digit_is_no_fraction);
  tcase_add_loop_test(cases, what_is_no_number_is_not_read_at_once, 0, sizeof bad / sizeof bad[0]);
  tcase_add_test(cases, a_run_ends_before_the_first_number_without_the_byte_it_needs);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
