/*
 * Sequences of bits in words of 64: the first bit is the least significant bit of the first word.
 */
#ifndef SPIKELOSS_CORE_BITS_H
#define SPIKELOSS_CORE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns up to 64 bits of a sequence that ends at bit `end`, from bit `first` on; those after the
 * end are undefined. Words after the sequence are not read. */
static inline uint64_t sl_bits_at(const uint64_t *words, size_t first, size_t end) {
  size_t word = first / 64;
  size_t shift = first % 64;
  bool goes_on = shift > 0 && word < (end - 1) / 64;
  return words[word] >> shift | (goes_on ? words[word + 1] << (64 - shift) : 0);
}

/*
 * Copies bits: to[to_bit … to_bit + count) = from[from_bit …). Bits before to_bit stay; those after
 * the last one, up to the end of its word, are left undefined. The two must not overlap.
 *
 * The first word is filled up; from there on every word of `to` is put together from two
 * neighbours of `from`, and does not wait for the one before it.
 */
static inline void sl_copy_bits(uint64_t *to, size_t to_bit, const uint64_t *from, size_t from_bit,
                                size_t count) {
  size_t end = from_bit + count;
  size_t filled = to_bit % 64;
  to += to_bit / 64;
  if (filled > 0 && count > 0) {
    uint64_t kept = *to & ((UINT64_C(1) << filled) - 1);
    *to++ = kept | sl_bits_at(from, from_bit, end) << filled;
    from_bit += 64 - filled;
  }
  if (from_bit >= end) {
    return;
  }
  const uint64_t *source = from + from_bit / 64;
  size_t last = (end - from_bit - 1) / 64;
  size_t shift = from_bit % 64;
  if (shift == 0) {
    memcpy(to, source, last * sizeof *to);
  } else {
    for (size_t i = 0; i < last; i++) {
      to[i] = source[i] >> shift | source[i + 1] << (64 - shift);
    }
  }
  to[last] = sl_bits_at(from, from_bit + 64 * last, end);
}

#endif
