/*
 * Arithmetic on sizes that says when it overflows instead of wrapping.
 * Each returns false, and leaves *result alone, if the true result does not fit.
 */
#ifndef SPIKELOSS_CORE_CHECKED_H
#define SPIKELOSS_CORE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>

static inline bool sl_checked_add(size_t *result, size_t left, size_t right) {
  size_t sum;
  if (__builtin_add_overflow(left, right, &sum)) {
    return false;
  }
  *result = sum;
  return true;
}

static inline bool sl_checked_multiply(size_t *result, size_t left, size_t right) {
  size_t product;
  if (__builtin_mul_overflow(left, right, &product)) {
    return false;
  }
  *result = product;
  return true;
}

/* The product of all dimensions of a shape. */
static inline bool sl_checked_product(size_t *result, const size_t *shape, size_t rank) {
  size_t product = 1;
  for (size_t axis = 0; axis < rank; axis++) {
    if (!sl_checked_multiply(&product, product, shape[axis])) {
      return false;
    }
  }
  *result = product;
  return true;
}

#endif
