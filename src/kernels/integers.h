/*
 * Packing unsigned integers of 1, 2 or 4 bytes, 64 of them at a time.
 *
 * Included once by a variant, which defines the function declared below.
 */
#ifndef SPIKELOSS_KERNELS_INTEGERS_H
#define SPIKELOSS_KERNELS_INTEGERS_H

#include "kernels/kernels.h"

/* Packs 64 integers. Returns false if one of them is neither 0 nor 1; *bits is of no use then. */
static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width);

static inline size_t pack_words(uint64_t *bits, const uint8_t *bytes, size_t width, size_t words) {
  size_t done = 0;
  while (done < words && pack_word(&bits[done], bytes + 64 * width * done, width)) {
    done++;
  }
  return done;
}

/* Once for each width, so that the compiler knows it in the loop. */
static size_t pack_integers(uint64_t *bits, const uint8_t *bytes, size_t width, size_t count) {
  size_t words = count / 64;
  size_t done = width == 1   ? pack_words(bits, bytes, 1, words)
                : width == 2 ? pack_words(bits, bytes, 2, words)
                             : pack_words(bits, bytes, 4, words);
  if (done < words) {
    return 64 * done;
  }
  return 64 * done + sl_kernels_scalar.pack_integers(bits + done, bytes + 64 * width * done, width,
                                                     count - 64 * done);
}

#endif
