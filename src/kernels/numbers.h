/*
 * Numbers in bytes: packing those that are all 0 and 1, 64 at a time, reading and writing floats,
 * adding up counts.
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

/*
 * The loops below need no intrinsics: the compiler makes the best of each instruction set. The
 * exponent bits of a float are all ones only if it is not finite: one more in the lowest of them
 * then carries into the sign bit.
 */
#define SINGLE_EXPONENT (UINT32_C(0xff) << 23)
#define SINGLE_LOWEST   (UINT32_C(1) << 23)

static bool read_singles(double *values, const uint8_t *bytes, size_t count) {
  uint32_t carries = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t pattern;
    float value;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le32toh(pattern);
    memcpy(&value, &pattern, sizeof value);
    values[i] = (double)value;
    carries |= (pattern & SINGLE_EXPONENT) + SINGLE_LOWEST;
  }
  return carries >> 31 == 0;
}

static bool write_singles(uint8_t *bytes, const double *values, size_t count) {
  uint32_t carries = 0;
  for (size_t i = 0; i < count; i++) {
    float value = (float)values[i] + 0.0f;
    uint32_t pattern;
    memcpy(&pattern, &value, sizeof pattern);
    carries |= (pattern & SINGLE_EXPONENT) + SINGLE_LOWEST;
    pattern = htole32(pattern);
    memcpy(bytes + i * sizeof pattern, &pattern, sizeof pattern);
  }
  return carries >> 31 == 0;
}

static void add_moments(uint64_t sums[2], const uint8_t *counts, size_t count) {
  enum { PIECE = UINT16_MAX }; /* of so many, squares of bytes add up to 32 bits */
  for (size_t first = 0; first < count; first += PIECE) {
    size_t end = count - first < PIECE ? count : first + PIECE;
    uint32_t sum = 0;
    uint32_t squares = 0;
    for (size_t i = first; i < end; i++) {
      sum += counts[i];
      squares += (uint32_t)counts[i] * counts[i];
    }
    sums[0] += sum;
    sums[1] += squares;
  }
}

#endif
