/*
 * Doubles as JSON text: every one reads back, short ones are short, none is too long.
 */
#include "suite.h"
#include "support/every.h"
#include "wire/number_text.h"

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
  size_t length = sl_number_text(exact, value);
  if (length < 1 || length > SL_NUMBER_TEXT_MAX) {
    ck_abort_msg("%a has %zu characters", value, length);
  }
  memcpy(terminated, exact, length);
  terminated[length] = '\0';
  free(exact);
  return terminated;
}

static double from_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* splitmix64: the same numbers in every run. */
static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9E3779B97F4A7C15);
  uint64_t mixed = (*state ^ *state >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
  return mixed ^ mixed >> 31;
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

/* The digits of a number without zeros in front, zeros behind, sign, point and exponent. */
static void significant_digits(char *digits, const char *text) {
  size_t count = 0;
  for (; *text != '\0' && *text != 'e'; text++) {
    if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
      digits[count++] = *text;
    }
  }
  while (count > 0 && digits[count - 1] == '0') {
    count--;
  }
  digits[count] = '\0';
}

/* What the C library says: the first of 15, 16 and 17 digits that reads back. */
static void library_digits(char *digits, double value) {
  char text[64];
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(text, sizeof text, "%.*e", precision - 1, value);
    if (strtod(text, NULL) == value) {
      break;
    }
  }
  significant_digits(digits, text);
}

/* Check's own assertions write to a file each time: too slow for every single number. */
static void check_number(double value) {
  const char *text = text_of(value);
  if (!is_json_number(text)) {
    ck_abort_msg("%a became %s, which is not JSON", value, text);
  }
  if (strtod(text, NULL) != value) {
    ck_abort_msg("%a became %s, which reads back as %a", value, text, strtod(text, NULL));
  }
  if (fabs(value) < 0x1p53 && trunc(value) == value) {
    return; /* whole numbers have all their digits */
  }
  char expected[64], came[64];
  library_digits(expected, value);
  significant_digits(came, text);
  if (strcmp(came, expected) != 0) {
    ck_abort_msg("%a became %s, the library has the digits %s", value, text, expected);
  }
}

static void check_text(double value, const char *expected) {
  const char *text = text_of(value);
  if (strcmp(text, expected) != 0) {
    ck_abort_msg("%a became %s, not %s", value, text, expected);
  }
}

START_TEST(any_finite_bit_pattern_reads_back_with_the_fewest_digits) {
  uint64_t state = 1;
  for (size_t i = 0; i < 200000 / sl_every(); i++) {
    double value = from_bits(next_random(&state));
    if (isfinite(value)) {
      check_number(value);
    }
  }
}
END_TEST

START_TEST(magnitudes_of_gradients_read_back_with_the_fewest_digits) {
  uint64_t state = 2;
  for (size_t i = 0; i < 200000 / sl_every(); i++) {
    uint64_t exponent = 1023 - 60 + next_random(&state) % 120;
    uint64_t sign = next_random(&state) << 63;
    check_number(from_bits(sign | exponent << 52 | next_random(&state) >> 12));
  }
}
END_TEST

START_TEST(fractions_with_few_digits_read_back_with_the_fewest_digits) {
  uint64_t state = 3;
  for (size_t i = 0; i < 100000 / sl_every(); i++) {
    double numerator = (double)(next_random(&state) % 2000001) - 1000000;
    check_number(numerator / (double)(1 + next_random(&state) % 128000));
    check_number(numerator / 1e6);
  }
}
END_TEST

START_TEST(powers_of_two_and_their_neighbours_read_back) {
  for (int exponent = -1074; exponent < 1024; exponent++) {
    double power = ldexp(1, exponent);
    check_number(power);
    check_number(-power);
    check_number(nextafter(power, 0));
    if (power < DBL_MAX / 2) {
      check_number(nextafter(power, INFINITY));
    }
  }
}
END_TEST

START_TEST(halfway_digits_are_rounded_as_the_library_rounds_them) {
  /* Odd multiples of 2^-1 … 2^-10 end in 5, often just one digit behind the last that fits. */
  uint64_t state = 4;
  for (size_t i = 0; i < 10000 / sl_every(); i++) {
    uint64_t mantissa = next_random(&state) >> 11 | 1;
    for (int exponent = -10; exponent < 0; exponent++) {
      check_number(ldexp((double)mantissa, exponent));
    }
  }
}
END_TEST

START_TEST(powers_of_ten_and_their_neighbours_read_back) {
  for (int exponent = -323; exponent <= 308; exponent++) {
    char text[16];
    snprintf(text, sizeof text, "1e%d", exponent);
    double power = strtod(text, NULL);
    check_number(power);
    check_number(nextafter(power, 0));
    check_number(nextafter(power, INFINITY));
  }
}
END_TEST

START_TEST(whole_numbers_below_two_to_the_53_are_written_as_integers) {
  uint64_t state = 5;
  for (size_t i = 0; i < 100000 / sl_every(); i++) {
    uint64_t integer = next_random(&state) >> (11 + next_random(&state) % 53);
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
    {0x1p-1074, "4.94065645841247e-324"},
};

START_TEST(known_numbers_have_their_known_text) {
  ck_assert_str_eq(text_of(known[_i].value), known[_i].text);
}
END_TEST

START_TEST(the_locale_does_not_change_a_byte) {
  /* Outside of this range the C library is asked, which writes 1,5 in German. */
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
  Suite *suite = suite_create("number_text");
  TCase *numbers = tcase_create("numbers");
  tcase_set_timeout(numbers, 120);
  tcase_add_test(numbers, any_finite_bit_pattern_reads_back_with_the_fewest_digits);
  tcase_add_test(numbers, magnitudes_of_gradients_read_back_with_the_fewest_digits);
  tcase_add_test(numbers, fractions_with_few_digits_read_back_with_the_fewest_digits);
  tcase_add_test(numbers, powers_of_two_and_their_neighbours_read_back);
  tcase_add_test(numbers, powers_of_ten_and_their_neighbours_read_back);
  tcase_add_test(numbers, halfway_digits_are_rounded_as_the_library_rounds_them);
  tcase_add_test(numbers, whole_numbers_below_two_to_the_53_are_written_as_integers);
  tcase_add_loop_test(numbers, known_numbers_have_their_known_text, 0,
                      (int)(sizeof known / sizeof *known));
  tcase_add_test(numbers, the_locale_does_not_change_a_byte);
  suite_add_tcase(suite, numbers);
  return suite_end(suite);
}
