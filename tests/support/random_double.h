/*
 * Random doubles of every kind that is special for formatting.
 */
#ifndef SPIKELOSS_TESTS_RANDOM_DOUBLE_H
#define SPIKELOSS_TESTS_RANDOM_DOUBLE_H

#include "small_random.h"

enum sl_double_kind {
  SL_DOUBLE_ANY,        /* any finite bits */
  SL_DOUBLE_GRADIENT,   /* 2^-60 … 2^60 */
  SL_DOUBLE_QUOTIENT,   /* of small integers */
  SL_DOUBLE_FEW_DIGITS, /* up to 17 digits and any exponent */
  SL_DOUBLE_WHOLE,      /* below 2^63 */
  SL_DOUBLE_HALFWAY,    /* an odd integer over 2^1 … 2^10: its digits end in 5 */
  SL_DOUBLE_NEAR_POWER, /* a power of two and its neighbours */
  SL_DOUBLE_SUBNORMAL,
  SL_DOUBLE_FEW_BITS, /* mantissa of 1 to 8 bits, any exponent */
  SL_DOUBLE_KINDS
};

double sl_random_double(struct sl_random *random, enum sl_double_kind kind);

#endif
