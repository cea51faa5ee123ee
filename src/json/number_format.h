/*
 * Doubles as JSON text.
 */
#ifndef SPIKELOSS_JSON_NUMBER_FORMAT_H
#define SPIKELOSS_JSON_NUMBER_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Length of the longest text: sign, 17 digits, point and exponent ("-2.2250738585072014e-308"). */
enum { SL_NUMBER_TEXT_MAX = 24 };

/*
 * Writes a finite double with the fewest digits that read back to the same double; of several such
 * texts, the one closest to the exact value ("0.1", "-3.125", "1e+300", "5e-324"). Whole numbers
 * have no point, and negative zero is "0". Writes no terminating NUL; may overwrite all of
 * `text[0 … SL_NUMBER_TEXT_MAX]`. Returns the length. Thread-safe; independent of the locale.
 */
size_t sl_number_format(char text[SL_NUMBER_TEXT_MAX + 1], double value);

/*
 * Formatted doubles, kept until another double needs the same slot.
 *
 * Gradients of binary spikes have few distinct values (as many as a neuron can have spike counts),
 * and the batches of a training job repeat them. So each thread keeps what it has formatted, across
 * requests, and looks most numbers of an answer up. Direct-mapped: each double has one slot, which
 * holds the last of the doubles that share it.
 */

/* Text is copied as a whole: two moves of known length are faster than a length that varies. */
enum { SL_NUMBER_COPY = 31 };

struct sl_cached_number {
  uint64_t key;              /* the bits of the double, plus 1: 0 is an empty slot */
  char text[SL_NUMBER_COPY]; /* a comma follows the number */
  unsigned char length;      /* of the number alone */
};

/* 160 KiB a thread: small enough for a core's own cache. */
enum { SL_NUMBER_SLOT_BITS = 12 };
extern _Thread_local struct sl_cached_number sl_number_slots[1 << SL_NUMBER_SLOT_BITS];

/* Formats a number, given as its bits, into its slot. */
void sl_number_slot_fill(struct sl_cached_number *slot, uint64_t bits);

/* Returns the text of a finite double; valid until this thread's next call. */
static inline const struct sl_cached_number *sl_cached_number(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  /* Round doubles differ in their upper bits only: fold those onto the lower ones. 2^64 divided by
   * the golden ratio mixes them: the upper bits of the product are the slot. */
  uint64_t hash = (bits ^ bits >> 32) * UINT64_C(0x9E3779B97F4A7C15);
  struct sl_cached_number *slot = &sl_number_slots[hash >> (64 - SL_NUMBER_SLOT_BITS)];
  if (slot->key != bits + 1) { /* only the bits of a NaN could wrap around */
    sl_number_slot_fill(slot, bits);
  }
  return slot;
}

#endif
