/*
 * Numbers in bytes: packing those that are all 0 and 1, 64 at a time, and reading floats.
 *
 * Included once by a variant, which defines the function declared below.
 */
#ifndef SPIKELOSS_KERNELS_NUMBERS_H
#define SPIKELOSS_KERNELS_NUMBERS_H

#include "kernels/kernels.h"
#include <endian.h>
#include <string.h>

/* Packs 64 numbers. Returns false if one of them is neither 0 nor `one`; *bits is of no use then.
 */
static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one);

static inline size_t pack_words(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one,
                                size_t words) {
  size_t done = 0;
  while (done < words && pack_word(&bits[done], bytes + 64 * width * done, width, one)) {
    done++;
  }
  return done;
}

/* Once for each width, so that the compiler knows it in the loop. */
static size_t pack_numbers(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one,
                           size_t count) {
  size_t words = count / 64;
  size_t done = width == 1   ? pack_words(bits, bytes, 1, one, words)
                : width == 2 ? pack_words(bits, bytes, 2, one, words)
                : width == 4 ? pack_words(bits, bytes, 4, one, words)
                             : pack_words(bits, bytes, 8, one, words);
  size_t rest = count - 64 * done;
  if (done < words || rest == 0) {
    return 64 * done;
  }
  uint8_t padded[64 * sizeof(uint64_t)] = {0};
  memcpy(padded, bytes + 64 * width * done, rest * width);
  return pack_word(&bits[done], padded, width, one) ? count : 64 * done;
}

/* Without intrinsics: the compiler makes the best of each instruction set. The exponent bits of a
 * float are all ones only if it is not finite: one more in the lowest of them then carries into the
 * sign bit. */
static bool read_singles(double *values, const uint8_t *bytes, size_t count) {
  const uint32_t exponent = UINT32_C(0xff) << 23;
  const uint32_t lowest = UINT32_C(1) << 23;
  uint32_t carries = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t pattern;
    float value;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le32toh(pattern);
    memcpy(&value, &pattern, sizeof value);
    values[i] = (double)value;
    carries |= (pattern & exponent) + lowest;
  }
  return carries >> 31 == 0;
}

#endif
