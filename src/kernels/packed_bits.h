/*
 * Reading packed bits at any place, on little-endian processors.
 */
#ifndef SPIKELOSS_KERNELS_PACKED_BITS_H
#define SPIKELOSS_KERNELS_PACKED_BITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The 64 bits that begin at a bit. */
static inline uint64_t sl_load_bits(const uint8_t *bits, size_t first_bit) {
  uint64_t words[2];
  memcpy(words, bits + first_bit / 8, sizeof words);
  size_t shift = first_bit % 8;
  return words[0] >> shift | words[1] << 1 << (63 - shift);
}

#endif
