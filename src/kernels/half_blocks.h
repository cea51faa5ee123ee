/*
 * A block of 64 bytes of text as two vectors of AVX2.
 *
 * avx512.c compares text with layouts in this way too, not 64 bytes at once: what it finds is
 * needed in a general register, and from a mask register the way there is longer than from a
 * vector. The loop waits for it, so the wider vectors lose.
 */
#ifndef SPIKELOSS_KERNELS_HALF_BLOCKS_H
#define SPIKELOSS_KERNELS_HALF_BLOCKS_H

#include "kernels/kernels.h"
#include <immintrin.h>

static inline __m256i load_half(const void *block, size_t half) {
  return _mm256_loadu_si256((const __m256i *)block + half);
}

/* The highest bits of all bytes. */
static inline uint64_t join(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline bool repeats_layout(const char *text, const struct sl_text_layout *layout,
                                  uint64_t *low_bits) {
  __m256i low = load_half(text, 0);
  __m256i high = load_half(text, 1);
  __m256i low_difference = (low ^ load_half(layout->expected, 0)) & load_half(layout->compared, 0);
  __m256i high_difference =
      (high ^ load_half(layout->expected, 1)) & load_half(layout->compared, 1);
  __m256i difference = low_difference | high_difference;
  *low_bits = join(_mm256_slli_epi16(low, 7), _mm256_slli_epi16(high, 7));
  return _mm256_testz_si256(difference, difference);
}

#endif
