/*
 * Runs of bits in words of 64: the first bit is the least significant bit of the first word.
 */
#ifndef SPIKELOSS_CORE_BITS_H
#define SPIKELOSS_CORE_BITS_H

#include <stddef.h>
#include <stdint.h>

/*
 * to[to_bit … to_bit + count) = from[from_bit …). Bits before to_bit stay; those behind the last
 * one, up to the end of its word, are left undefined. The runs must not overlap.
 */
static inline void sl_copy_bits(uint64_t *to, size_t to_bit, const uint64_t *from, size_t from_bit,
                                size_t count) {
  for (size_t done = 0; done < count;) {
    size_t filled = (to_bit + done) % 64;
    size_t skipped = (from_bit + done) % 64;
    uint64_t piece = from[(from_bit + done) / 64] >> skipped;
    uint64_t *word = &to[(to_bit + done) / 64];
    uint64_t kept = filled > 0 ? *word & ((UINT64_C(1) << filled) - 1) : 0;
    *word = kept | piece << filled;
    done += 64 - (filled > skipped ? filled : skipped);
  }
}

#endif
