/*
 * Three ways to the digits of a double, cheapest first:
 *
 *   whole numbers below 2^53      the integer itself
 *   2^-53 <= magnitude < 2^52     exact arithmetic on 128-bit integers
 *   everything else               the C library's printf and scanf
 *
 * Gradients live in the first two ranges, so the third may be slow.
 */
#include "wire/number_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

enum { FEWEST_DIGITS = 15, MOST_DIGITS = 17, MANTISSA_BITS = 52, EXPONENT_BIAS = 1075 };

/* Plain notation from 0.0001 to 9999999999999999, scientific outside, as Python writes numbers. */
enum { SMALLEST_PLAIN_EXPONENT = -4, FIRST_LARGE_EXPONENT = 16 };

/* A decimal number: its digits as one integer, and the power of ten of the first of them. */
struct decimal {
  uint64_t digits;
  int exponent;
};

static uint64_t power_of_ten(int exponent) {
  static const uint64_t powers[MOST_DIGITS + 1] = {1,
                                                   10,
                                                   100,
                                                   1000,
                                                   10000,
                                                   100000,
                                                   1000000,
                                                   10000000,
                                                   100000000,
                                                   1000000000,
                                                   10000000000,
                                                   100000000000,
                                                   1000000000000,
                                                   10000000000000,
                                                   100000000000000,
                                                   1000000000000000,
                                                   10000000000000000,
                                                   100000000000000000};
  return powers[exponent];
}

static wide power_of_five(int exponent) {
  static const uint32_t powers[] = {1, 5, 25, 125, 625, 3125, 15625, 78125, 390625};
  enum { COUNT = sizeof powers / sizeof powers[0], NINTH = 1953125 };
  wide power = powers[exponent % COUNT];
  for (int i = 0; i < exponent / COUNT; i++) {
    power *= NINTH;
  }
  return power;
}

/*
 * A double as an exact integer with 17 decimal digits before its binary point:
 *
 *     magnitude * 10^scale  =  numerator / 2^shift,   10^16 <= that < 10^17
 *
 * The doubles next to it are `gap` numerators away (below a power of two half of that).
 */
struct scaled {
  wide numerator;
  wide gap;
  int shift;
  int scale;
  bool power_of_two; /* the gap below is half the gap above */
};

/* floor(log10(2^exponent)), for the exponents of this range. */
static int decimal_exponent(int exponent) {
  int product = exponent * 1233;
  return product >= 0 ? product / 4096 : -((-product + 4095) / 4096);
}

static struct scaled scale_to_integer(double magnitude) {
  uint64_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  uint64_t fraction = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
  uint64_t mantissa = fraction | UINT64_C(1) << MANTISSA_BITS;
  int exponent = (int)(bits >> MANTISSA_BITS) - EXPONENT_BIAS;

  struct scaled scaled = {.power_of_two = fraction == 0};
  scaled.scale = MOST_DIGITS - 1 - decimal_exponent(exponent + MANTISSA_BITS);
  scaled.gap = power_of_five(scaled.scale);
  scaled.shift = -exponent - scaled.scale;
  if ((mantissa * scaled.gap) >> scaled.shift >= power_of_ten(MOST_DIGITS)) {
    scaled.scale--;
    scaled.shift++;
    scaled.gap /= 5;
  }
  scaled.numerator = mantissa * scaled.gap;
  return scaled;
}

/*
 * Rounds to `precision` digits, halfway cases to even. Returns whether they read back: whether they
 * are less than half a gap away. (Just half a gap takes more than 16 digits in this range, and 17
 * always read back.)
 */
static bool round_scaled(struct decimal *decimal, const struct scaled *scaled, int precision) {
  uint64_t step = power_of_ten(MOST_DIGITS - precision);
  wide unit = (wide)step << scaled->shift;
  uint64_t digits = (uint64_t)(scaled->numerator >> scaled->shift) / step;
  wide below = scaled->numerator - digits * unit;
  bool up = 2 * below > unit || (2 * below == unit && digits % 2 == 1);
  wide distance = up ? unit - below : below;
  wide reach = !up && scaled->power_of_two ? 4 * distance : 2 * distance;

  decimal->digits = up ? digits + 1 : digits;
  decimal->exponent = MOST_DIGITS - 1 - scaled->scale;
  if (decimal->digits == power_of_ten(precision)) { /* 9.99… became 10 */
    decimal->exponent++;
  }
  return reach < scaled->gap;
}

static struct decimal decimal_by_arithmetic(double magnitude) {
  struct scaled scaled = scale_to_integer(magnitude);
  struct decimal decimal;
  for (int precision = FEWEST_DIGITS; precision <= MOST_DIGITS; precision++) {
    if (round_scaled(&decimal, &scaled, precision)) {
      break;
    }
  }
  return decimal;
}

/* Reads "d<point>ddd…e±dd". The point is whatever the locale has, and not looked at. */
static struct decimal read_scientific(const char *text) {
  struct decimal decimal = {0};
  for (; *text != 'e'; text++) {
    if (*text >= '0' && *text <= '9') {
      decimal.digits = decimal.digits * 10 + (uint64_t)(*text - '0');
    }
  }
  decimal.exponent = (int)strtol(text + 1, NULL, 10);
  return decimal;
}

static struct decimal decimal_by_library(double magnitude) {
  char text[64];
  for (int precision = FEWEST_DIGITS; precision <= MOST_DIGITS; precision++) {
    snprintf(text, sizeof text, "%.*e", precision - 1, magnitude);
    if (strtod(text, NULL) == magnitude) {
      break;
    }
  }
  return read_scientific(text);
}

/* Writes all digits of an integer, most significant first; returns how many. */
static size_t write_integer(char *text, uint64_t integer) {
  char digits[20];
  size_t first = sizeof digits;
  do {
    digits[--first] = (char)('0' + integer % 10);
    integer /= 10;
  } while (integer > 0);
  memcpy(text, digits + first, sizeof digits - first);
  return sizeof digits - first;
}

static size_t write_scientific(char *text, const char *digits, size_t count, int exponent) {
  size_t length = 0;
  text[length++] = digits[0];
  if (count > 1) {
    text[length++] = '.';
    memcpy(text + length, digits + 1, count - 1);
    length += count - 1;
  }
  text[length++] = 'e';
  text[length++] = exponent < 0 ? '-' : '+';
  if (abs(exponent) < 10) {
    text[length++] = '0';
  }
  return length + write_integer(text + length, (uint64_t)abs(exponent));
}

/* 0.00123 */
static size_t write_small(char *text, const char *digits, size_t count, int exponent) {
  size_t zeros = (size_t)-exponent - 1;
  memcpy(text, "0.000", 2 + zeros);
  memcpy(text + 2 + zeros, digits, count);
  return 2 + zeros + count;
}

/* 12.3, or 1200 */
static size_t write_plain(char *text, const char *digits, size_t count, int exponent) {
  size_t whole = (size_t)exponent + 1;
  if (count <= whole) {
    memcpy(text, digits, count);
    memset(text + count, '0', whole - count);
    return whole;
  }
  memcpy(text, digits, whole);
  text[whole] = '.';
  memcpy(text + whole + 1, digits + whole, count - whole);
  return count + 1;
}

static size_t write_decimal(char *text, struct decimal decimal) {
  while (decimal.digits % 10 == 0) {
    decimal.digits /= 10;
  }
  char digits[20];
  size_t count = write_integer(digits, decimal.digits);
  if (decimal.exponent < SMALLEST_PLAIN_EXPONENT || decimal.exponent >= FIRST_LARGE_EXPONENT) {
    return write_scientific(text, digits, count, decimal.exponent);
  }
  return decimal.exponent < 0 ? write_small(text, digits, count, decimal.exponent)
                              : write_plain(text, digits, count, decimal.exponent);
}

size_t sl_number_text(char text[SL_NUMBER_TEXT_MAX + 1], double value) {
  double magnitude = fabs(value);
  size_t sign = value < 0 ? 1 : 0; /* not for negative zero */
  text[0] = '-';
  if (magnitude < 0x1p53 && magnitude == (double)(uint64_t)magnitude) {
    return sign + write_integer(text + sign, (uint64_t)magnitude);
  }
  bool exact = magnitude >= 0x1p-53 && magnitude < 0x1p52;
  struct decimal decimal = exact ? decimal_by_arithmetic(magnitude) : decimal_by_library(magnitude);
  return sign + write_decimal(text + sign, decimal);
}
