#include "random_double.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double double_of_bits(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t random_bits(struct sl_random *random, size_t count) {
  return sl_random_next(random) >> (64 - count);
}

/* With the biased exponent min … min + count - 1. */
static double with_exponent(struct sl_random *random, size_t min, size_t count) {
  uint64_t exponent = min + sl_random_below(random, count);
  uint64_t sign = random_bits(random, 1) << 63;
  return double_of_bits(sign | exponent << 52 | random_bits(random, 52));
}

static double with_few_digits(struct sl_random *random) {
  uint64_t digits = sl_random_next(random) % 100000000000000000;
  for (size_t dropped = sl_random_below(random, 17); dropped > 0; dropped--) {
    digits /= 10;
  }
  char text[64];
  int exponent = (int)sl_random_below(random, 632) - 340;
  snprintf(text, sizeof text, "%" PRIu64 "e%d", digits, exponent);
  return strtod(text, NULL);
}

static double near_power(struct sl_random *random) {
  double power = ldexp(1, (int)sl_random_below(random, 2097) - 1074);
  switch (sl_random_below(random, 3)) {
  case 0:
    return nextafter(power, 0);
  case 1:
    return nextafter(power, INFINITY);
  default:
    return power;
  }
}

double sl_random_double(struct sl_random *random, enum sl_double_kind kind) {
  switch (kind) {
  case SL_DOUBLE_GRADIENT:
    return with_exponent(random, 1023 - 60, 121);
  case SL_DOUBLE_QUOTIENT:
    return ((double)sl_random_below(random, 2000001) - 1000000) /
           (double)(1 + sl_random_below(random, 128000));
  case SL_DOUBLE_FEW_DIGITS:
    return with_few_digits(random);
  case SL_DOUBLE_WHOLE:
    return (double)(random_bits(random, 63) >> sl_random_below(random, 63));
  case SL_DOUBLE_HALFWAY:
    return ldexp((double)(random_bits(random, 53) | 1), -1 - (int)sl_random_below(random, 10));
  case SL_DOUBLE_NEAR_POWER:
    return near_power(random);
  case SL_DOUBLE_SUBNORMAL:
    return double_of_bits(random_bits(random, 1 + sl_random_below(random, 52)));
  case SL_DOUBLE_FEW_BITS:
    return ldexp((double)(1 + random_bits(random, 8)), (int)sl_random_below(random, 2090) - 1074);
  default:
    return with_exponent(random, 0, 2047);
  }
}
