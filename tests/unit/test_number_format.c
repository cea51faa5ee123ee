/*
 * Doubles as JSON text: every one reads back, no shorter text does, and none is too long. What is
 * shortest is judged with the C library's printf and strtod alone.
 *
 * SPIKELOSS_TEST_NUMBERS says how many random doubles are tried, a million if it is not set.
 */
#include "suite.h"
#include "support/every.h"
#include "support/random_double.h"
#include "json/multiply.h"
#include "json/number_format.h"

#include <check.h>
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Formats into memory that is exactly as large as promised, so that sanitizers see one byte more.
 */
static const char *text_of(double value) {
  static char terminated[SL_NUMBER_TEXT_MAX + 2];
  char *exact = malloc(SL_NUMBER_TEXT_MAX + 1);
  if (exact == NULL) {
    ck_abort_msg("no memory");
  }
  size_t length = sl_number_format(exact, value);
  if (length < 1 || length > SL_NUMBER_TEXT_MAX) {
    ck_abort_msg("%a has %zu characters", value, length);
  }
  memcpy(terminated, exact, length);
  terminated[length] = '\0';
  free(exact);
  return terminated;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?(e[+-][0-9]+)? */
static bool is_json_number(const char *text) {
  text += *text == '-' ? 1 : 0;
  size_t whole = strspn(text, "0123456789");
  if (whole == 0 || (whole > 1 && *text == '0')) {
    return false;
  }
  text += whole;
  if (*text == '.') {
    size_t fraction = strspn(text + 1, "0123456789");
    if (fraction == 0) {
      return false;
    }
    text += 1 + fraction;
  }
  if (*text == 'e') {
    size_t exponent = strspn(text + 2, "0123456789");
    if ((text[1] != '+' && text[1] != '-') || exponent == 0) {
      return false;
    }
    text += 2 + exponent;
  }
  return *text == '\0';
}

/* An integer times a power of ten: what a text says, without zeros at the end of the integer. */
struct written {
  uint64_t digits;
  int count; /* of digits */
  int exponent;
};

static struct written read_written(const char *text) {
  struct written written = {0};
  bool fraction = false;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text == '.') {
      fraction = true;
    } else if (*text != '-') {
      written.digits = written.digits * 10 + (uint64_t)(*text - '0');
      written.exponent -= fraction;
    }
  }
  if (*text == 'e') {
    written.exponent += (int)strtol(text + 1, NULL, 10);
  }
  for (; written.digits != 0 && written.digits % 10 == 0; written.digits /= 10) {
    written.exponent++;
  }
  for (uint64_t rest = written.digits; rest > 0; rest /= 10) {
    written.count++;
  }
  return written;
}

/* Cuts a magnitude to its first digits. (It has 30 here: enough, because it is cut to 17.) */
static struct written cut(double magnitude, int count) {
  char text[64];
  snprintf(text, sizeof text, "%.30e", magnitude);
  struct written written = {.count = count};
  for (const char *digit = text; count > 0; digit++) {
    if (*digit >= '0' && *digit <= '9') {
      written.digits = written.digits * 10 + (uint64_t)(*digit - '0');
      count--;
    }
  }
  written.exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10) - written.count + 1;
  return written;
}

static bool reads_back(double magnitude, uint64_t digits, int exponent) {
  char text[64];
  snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
  return strtod(text, NULL) == magnitude;
}

/* The numbers with fewer digits that are next to the magnitude, below and above. */
static bool shorter_text_reads_back(double magnitude, int count) {
  if (count == 1) {
    return false;
  }
  struct written below = cut(magnitude, count - 1);
  return reads_back(magnitude, below.digits, below.exponent) ||
         reads_back(magnitude, below.digits + 1, below.exponent);
}

/* printf rounds to the closest number with so many digits, and to even between two. (At a power of
 * two the closest one may be too far below, where the gap is half as large.) */
static bool is_closest(double magnitude, struct written written) {
  char text[64];
  snprintf(text, sizeof text, "%.*e", written.count - 1, magnitude);
  struct written closest = read_written(text);
  return strtod(text, NULL) != magnitude ||
         (closest.digits == written.digits && closest.exponent == written.exponent);
}

/* Plain notation from 0.0001 to 9999999999999999. */
static bool has_right_notation(const char *text, struct written written) {
  int first = written.exponent + written.count - 1;
  bool plain = written.count == 0 || (first >= -4 && first <= 15);
  return plain == (strchr(text, 'e') == NULL);
}

/* Check's own assertions write to a file each time: too slow for every single number. */
static void check_shortest(double value) {
  const char *text = text_of(value);
  struct written written = read_written(text);
  double magnitude = fabs(value);
  if (!is_json_number(text)) {
    ck_abort_msg("%a became %s, which is not JSON", value, text);
  }
  if (strtod(text, NULL) != value) {
    ck_abort_msg("%a became %s, which reads back as %a", value, text, strtod(text, NULL));
  }
  if (!has_right_notation(text, written)) {
    ck_abort_msg("%a became %s", value, text);
  }
  if (value == 0) {
    return;
  }
  if (shorter_text_reads_back(magnitude, written.count)) {
    ck_abort_msg("%a became %s, but fewer digits read back", value, text);
  }
  if (!is_closest(magnitude, written)) {
    ck_abort_msg("%a became %s, but as many digits are closer", value, text);
  }
}

static void check_text(double value, const char *expected) {
  const char *text = text_of(value);
  if (strcmp(text, expected) != 0) {
    ck_abort_msg("%a became %s, not %s", value, text, expected);
  }
}

static size_t random_numbers(void) {
  const char *text = getenv("SPIKELOSS_TEST_NUMBERS");
  return (text == NULL ? 1000000 : strtoul(text, NULL, 10)) / sl_every();
}

START_TEST(random_doubles_of_every_kind_read_back_with_the_fewest_digits) {
  struct sl_random random = {(uint64_t)_i + 1};
  size_t count = random_numbers() / SL_DOUBLE_KINDS;
  for (size_t i = 0; i < count; i++) {
    check_shortest(sl_random_double(&random, (enum sl_double_kind)_i));
  }
}
END_TEST

START_TEST(every_exponent_has_its_shortest_digits) {
  struct sl_random random = {10};
  for (int exponent = -1074; exponent <= 971; exponent++) {
    for (size_t i = 0; i < 10; i++) {
      check_shortest(ldexp((double)(sl_random_next(&random) >> 11 | 1), exponent));
    }
  }
}
END_TEST

START_TEST(the_smallest_and_the_largest_doubles_read_back) {
  double small = 0;
  double large = INFINITY;
  for (size_t i = 0; i < 100000 / sl_every(); i++) {
    small = nextafter(small, 1);
    large = nextafter(large, 0);
    check_shortest(small);
    check_shortest(-large);
  }
}
END_TEST

START_TEST(powers_of_two_and_their_neighbours_read_back) {
  for (int exponent = -1074; exponent < 1024; exponent++) {
    double power = ldexp(1, exponent);
    check_shortest(power);
    check_shortest(-power);
    check_shortest(nextafter(power, 0));
    if (power < DBL_MAX / 2) {
      check_shortest(nextafter(power, INFINITY));
    }
  }
}
END_TEST

START_TEST(powers_of_ten_and_their_neighbours_read_back) {
  for (int exponent = -323; exponent <= 308; exponent++) {
    char text[16];
    snprintf(text, sizeof text, "1e%d", exponent);
    double power = strtod(text, NULL);
    check_shortest(power);
    check_shortest(nextafter(power, 0));
    check_shortest(nextafter(power, INFINITY));
  }
}
END_TEST

START_TEST(whole_numbers_below_two_to_the_53_are_written_as_integers) {
  struct sl_random random = {5};
  for (size_t i = 0; i < 100000 / sl_every(); i++) {
    uint64_t integer = sl_random_next(&random) >> (11 + sl_random_next(&random) % 53);
    char expected[32];
    snprintf(expected, sizeof expected, "%" PRIu64, integer);
    check_text((double)integer, expected);
    if (integer > 0) {
      snprintf(expected, sizeof expected, "-%" PRIu64, integer);
      check_text(-(double)integer, expected);
    }
  }
}
END_TEST

static const struct {
  double value;
  const char *text;
} known[] = {
    {0.0, "0"},
    {-0.0, "0"},
    {1, "1"},
    {-1, "-1"},
    {0.1, "0.1"},
    {0.2 + 0.1, "0.30000000000000004"},
    {-3.125, "-3.125"},
    {1.0 / 24, "0.041666666666666664"},
    {0.0001, "0.0001"},
    {0.00012345678901234567, "0.00012345678901234567"},
    {0.00001, "1e-05"},
    {-1.5e-7, "-1.5e-07"},
    {123456.789, "123456.789"},
    {1000000, "1000000"},
    {0.9999999999999999, "0.9999999999999999"},
    {0.99999999999999989, "0.9999999999999999"},
    {9007199254740991.0, "9007199254740991"},
    {9007199254740992.0, "9007199254740992"},
    {9007199254740994.0, "9007199254740994"},
    {9999999999999998.0, "9999999999999998"},
    {1e16, "1e+16"},
    {1e22, "1e+22"},
    {1e300, "1e+300"},
    {1e-300, "1e-300"},
    {DBL_MAX, "1.7976931348623157e+308"},
    {-DBL_MAX, "-1.7976931348623157e+308"},
    {DBL_MIN, "2.2250738585072014e-308"},
    {-DBL_MIN, "-2.2250738585072014e-308"},
    {0x1p-1074, "5e-324"},
    {0x2p-1074, "1e-323"},
    {0x3p-1074, "1.5e-323"},
    {0x4p-1074, "2e-323"},
    {-0x5p-1074, "-2.5e-323"},
    {0x0.fffffffffffffp-1022, "2.225073858507201e-308"},
    {0x1p-1021, "4.450147717014403e-308"},
    {0x1p-44, "5.684341886080802e-14"}, /* ...801 is as close, but too far below */
    {0x1p89, "6.189700196426902e+26"},  /* ...901 is closer, but too far below */
    {1750177345464278.25, "1750177345464278.2"},
    {641667327060810.75, "641667327060810.8"},
    {0x1p63, "9.223372036854776e+18"},
    {1e23, "1e+23"}, /* a midpoint that belongs to an even mantissa */
    {9.5367431640625e-07, "9.5367431640625e-07"},
    {12345678.0, "12345678"},
    {99999999.0, "99999999"},
    {100000000.0, "100000000"},
    {12345678.5, "12345678.5"},
    {123456789.5, "123456789.5"},
    {-1234567.25, "-1234567.25"},
    {999999999999999.9, "999999999999999.9"},
    {9.5, "9.5"},
    {123456789012345680.0, "1.2345678901234568e+17"},
};

START_TEST(known_numbers_have_their_known_text) {
  ck_assert_str_eq(text_of(known[_i].value), known[_i].text);
}
END_TEST

static void check_product(uint64_t left, uint64_t right, uint64_t high, uint64_t low) {
  struct sl_wide halves = sl_multiply_halves(left, right);
  struct sl_wide product = sl_multiply(left, right);
  if (halves.high != high || halves.low != low || product.high != high || product.low != low) {
    ck_abort_msg("%" PRIx64 " * %" PRIx64 " became %016" PRIx64 "%016" PRIx64
                 ", with halves %016" PRIx64 "%016" PRIx64,
                 left, right, product.high, product.low, halves.high, halves.low);
  }
}

START_TEST(products_have_128_bits) {
  check_product(0, UINT64_MAX, 0, 0);
  check_product(1, UINT64_MAX, 0, UINT64_MAX);
  check_product(UINT64_MAX, UINT64_MAX, UINT64_MAX - 1, 1);
  check_product(UINT32_MAX, UINT64_MAX, UINT32_MAX - 1, UINT64_C(0xFFFFFFFF00000001));
  check_product(UINT64_C(1) << 32, UINT64_C(1) << 32, 1, 0);
  check_product(UINT64_C(0x123456789ABCDEF0), UINT64_C(0xFEDCBA9876543210),
                UINT64_C(0x121FA00AD77D7422), UINT64_C(0x236D88FE5618CF00));
}
END_TEST

START_TEST(products_are_the_same_with_halves) {
  struct sl_random random = {6};
  for (size_t i = 0; i < 100000 / sl_every(); i++) {
    uint64_t left = sl_random_next(&random) >> sl_random_below(&random, 64);
    uint64_t right = sl_random_next(&random) | (uint64_t)UINT32_MAX << sl_random_below(&random, 33);
    struct sl_wide product = sl_multiply(left, right);
    check_product(left, right, product.high, product.low);
  }
}
END_TEST

START_TEST(the_locale_does_not_change_a_byte) {
  /* The C library would write 1,5 in German. */
  const double values[] = {0.1, 1.5e-7, 1.5e300, -2.25e-300, 0x1p-1074, 123456.789};
  char plain[6][SL_NUMBER_TEXT_MAX + 2];
  for (size_t i = 0; i < 6; i++) {
    strcpy(plain[i], text_of(values[i]));
  }
  const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8"};
  for (size_t locale = 0; locale < 4; locale++) {
    if (setlocale(LC_NUMERIC, locales[locale]) == NULL) {
      continue; /* not on this machine */
    }
    for (size_t i = 0; i < 6; i++) {
      ck_assert_str_eq(text_of(values[i]), plain[i]);
    }
  }
  setlocale(LC_NUMERIC, "C");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("number_format");
  TCase *numbers = tcase_create("numbers");
  tcase_set_timeout(numbers, 120);
  tcase_add_loop_test(numbers, random_doubles_of_every_kind_read_back_with_the_fewest_digits, 0,
                      SL_DOUBLE_KINDS);
  tcase_add_test(numbers, every_exponent_has_its_shortest_digits);
  tcase_add_test(numbers, the_smallest_and_the_largest_doubles_read_back);
  tcase_add_test(numbers, powers_of_two_and_their_neighbours_read_back);
  tcase_add_test(numbers, powers_of_ten_and_their_neighbours_read_back);
  tcase_add_test(numbers, whole_numbers_below_two_to_the_53_are_written_as_integers);
  tcase_add_loop_test(numbers, known_numbers_have_their_known_text, 0,
                      (int)(sizeof known / sizeof *known));
  tcase_add_test(numbers, the_locale_does_not_change_a_byte);
  tcase_add_test(numbers, products_have_128_bits);
  tcase_add_test(numbers, products_are_the_same_with_halves);
  suite_add_tcase(suite, numbers);
  return suite_end(suite);
}
