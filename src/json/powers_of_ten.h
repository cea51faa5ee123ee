/*
 * Powers of ten with 128 bits, for writing doubles and for reading them: 10^n is the product of a
 * large power, a multiple of 10^27 in steps, and a small one, which has 64 bits and is exact.
 */
#ifndef SPIKELOSS_JSON_POWERS_OF_TEN_H
#define SPIKELOSS_JSON_POWERS_OF_TEN_H

#include "json/multiply.h"
#include "json/powers_table.h"

enum {
  SL_MIN_POWER_OF_TEN = MIN_LARGE_POWER,
  SL_MAX_POWER_OF_TEN = MAX_LARGE_POWER + POWER_STEP - 1
};

/* mantissa * 2^exponent: more than the power of ten, by less than 2 units in the last of 127 or
 * 128 bits. */
struct sl_power {
  struct sl_wide mantissa;
  int exponent;
};

/* Returns floor(log2(10^exponent)). Exact for all powers that doubles need. */
static inline int sl_floor_log2(int exponent) {
  return (exponent * 1741647) >> 19;
}

/* Returns 10^exponent, from SL_MIN_POWER_OF_TEN to SL_MAX_POWER_OF_TEN. Adding 1 makes up for the
 * bits that are dropped. */
static inline struct sl_power sl_power_of_ten(int exponent) {
  unsigned index = (unsigned)(exponent - MIN_LARGE_POWER) / POWER_STEP;
  int large = MIN_LARGE_POWER + (int)index * POWER_STEP;
  int small = exponent - large;
  struct sl_wide mantissa = sl_multiply_wide(large_powers[index], small_powers[small]);
  mantissa.low += 1;
  mantissa.high += mantissa.low == 0;
  return (struct sl_power){.mantissa = mantissa,
                           .exponent = sl_floor_log2(large) + sl_floor_log2(small) - 126};
}

#endif
