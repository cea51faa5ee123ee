/*
 * Whether many doubles are finite, without a branch for each.
 */
#ifndef SPIKELOSS_CORE_FINITE_H
#define SPIKELOSS_CORE_FINITE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The exponent bits of a double are all ones only if it is not finite: one more in the lowest of
 * them then carries into the sign bit. The compiler takes several doubles at once. */
static inline bool sl_all_finite(const double *values, size_t count) {
  const uint64_t exponent = UINT64_C(0x7ff) << 52;
  const uint64_t lowest = UINT64_C(1) << 52;
  uint64_t carries = 0;
  for (size_t i = 0; i < count; i++) {
    uint64_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    carries |= (bits & exponent) + lowest;
  }
  return carries >> 63 == 0;
}

/* Returns how many values come before the first that is not finite. */
static inline size_t sl_finite_count(const double *values, size_t count) {
  size_t i = sl_all_finite(values, count) ? count : 0;
  while (i < count && isfinite(values[i])) {
    i++;
  }
  return i;
}

#endif
