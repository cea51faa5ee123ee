/*
 * The 128-bit product of two 64-bit integers: in one instruction where the compiler knows 128-bit
 * integers, in four multiplications elsewhere (32-bit machines).
 */
#ifndef SPIKELOSS_JSON_MULTIPLY_H
#define SPIKELOSS_JSON_MULTIPLY_H

#include <stdint.h>

struct sl_wide {
  uint64_t high;
  uint64_t low;
};

/* Multiplies 32-bit halves, as with pen and paper. */
static inline struct sl_wide sl_multiply_halves(uint64_t left, uint64_t right) {
  const uint64_t mask = UINT32_MAX;
  uint64_t low = (left & mask) * (right & mask);
  uint64_t middle = (left >> 32) * (right & mask) + (low >> 32);
  uint64_t other_middle = (left & mask) * (right >> 32) + (middle & mask);
  uint64_t high = (left >> 32) * (right >> 32) + (middle >> 32) + (other_middle >> 32);
  return (struct sl_wide){.high = high, .low = other_middle << 32 | (low & mask)};
}

/* SPIKELOSS_MULTIPLY_HALVES lets tests run what 32-bit machines run. */
static inline struct sl_wide sl_multiply(uint64_t left, uint64_t right) {
#if defined(__SIZEOF_INT128__) && !defined(SPIKELOSS_MULTIPLY_HALVES)
  __extension__ typedef unsigned __int128 product;
  product wide = (product)left * right;
  return (struct sl_wide){.high = (uint64_t)(wide >> 64), .low = (uint64_t)wide};
#else
  return sl_multiply_halves(left, right);
#endif
}

/* Returns the upper 128 bits of the product, which has 192. */
static inline struct sl_wide sl_multiply_wide(struct sl_wide left, uint64_t right) {
  struct sl_wide product = sl_multiply(left.high, right);
  uint64_t carry = sl_multiply(left.low, right).high;
  product.low += carry;
  product.high += product.low < carry;
  return product;
}

#endif
