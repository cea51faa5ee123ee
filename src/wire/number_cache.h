/*
 * Formatted doubles, kept for the next time the same double comes.
 *
 * Gradients of binary spikes have few distinct values (as many as a neuron can have spike counts),
 * and the batches of a training job bring the same ones again and again. So each thread keeps what
 * it has formatted, across requests, and most numbers of an answer are only looked up.
 * Direct-mapped: each double has one place, and the last one that wanted it stands there.
 */
#ifndef SPIKELOSS_WIRE_NUMBER_CACHE_H
#define SPIKELOSS_WIRE_NUMBER_CACHE_H

#include "wire/number_text.h"
#include <stdint.h>
#include <string.h>

/* Text is copied as a whole, because two moves of known length are faster than just enough. */
enum { SL_NUMBER_COPY = 31 };

struct sl_cached_number {
  uint64_t key;              /* the bits of the double, and 1; so 0 is an empty place */
  char text[SL_NUMBER_COPY]; /* a comma stands behind the number */
  unsigned char length;      /* of the number alone */
};

/* 160 KiB a thread: small enough for a core's own cache. */
enum { SL_NUMBER_PLACE_BITS = 12 };
extern _Thread_local struct sl_cached_number sl_number_places[1 << SL_NUMBER_PLACE_BITS];

/* Puts a number into its place. */
void sl_number_place_fill(struct sl_cached_number *place, double value);

/* The text of a finite double; valid until this thread's next call. */
static inline const struct sl_cached_number *sl_cached_number(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  /* Round doubles differ in their upper bits only: those are folded onto the lower ones. 2^64
   * divided by the golden ratio mixes them: the upper bits of the product are the place. */
  uint64_t hash = (bits ^ bits >> 32) * UINT64_C(0x9E3779B97F4A7C15);
  struct sl_cached_number *place = &sl_number_places[hash >> (64 - SL_NUMBER_PLACE_BITS)];
  if (place->key != bits + 1) { /* only a NaN's bits could wrap around */
    sl_number_place_fill(place, value);
  }
  return place;
}

#endif
