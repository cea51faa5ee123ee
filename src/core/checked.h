/*
 * Checks of what is computed with: sizes, doubles, arguments.
 */
#ifndef SPIKELOSS_CORE_CHECKED_H
#define SPIKELOSS_CORE_CHECKED_H

#include <math.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Arithmetic on sizes: each returns whether the result fits; if not, *result is of no use. */
static inline bool sl_checked_add(size_t *result, size_t left, size_t right) {
  return !__builtin_add_overflow(left, right, result);
}

static inline bool sl_checked_multiply(size_t *result, size_t left, size_t right) {
  return !__builtin_mul_overflow(left, right, result);
}

/* Computes the product of all dimensions of a shape. */
static inline bool sl_checked_product(size_t *result, const size_t *shape, size_t rank) {
  bool fits = true;
  *result = 1;
  for (size_t axis = 0; axis < rank && fits; axis++) {
    fits = sl_checked_multiply(result, *result, shape[axis]);
  }
  return fits;
}

/* Returns whether all are finite, without a branch for each. The exponent bits of a double are all
 * ones only if it is not finite: one more in the lowest of them then carries into the sign bit. */
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

/* Fails with SL_INVALID_ARGUMENT, even without an error to fill. */
static inline enum sl_status sl_fail_argument(struct sl_error *error, const char *message) {
  return error != NULL ? sl_fail(error, SL_INVALID_ARGUMENT, "%s", message) : SL_INVALID_ARGUMENT;
}

#endif
