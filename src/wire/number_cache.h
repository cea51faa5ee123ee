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

struct sl_cached_number {
  uint64_t bits;                     /* of the double */
  unsigned char length;              /* of the number alone; 0 while the place is empty */
  char text[SL_NUMBER_TEXT_MAX + 1]; /* a comma stands behind the number */
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
  if (place->bits != bits || place->length == 0) {
    sl_number_place_fill(place, value);
  }
  return place;
}

#endif
