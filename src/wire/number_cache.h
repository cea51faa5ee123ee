/*
 * Formatted doubles, kept for the next time the same double comes.
 *
 * Gradients of binary spikes have few distinct values (as many as a neuron can have spike counts),
 * so most numbers of an answer are found here and never formatted. Direct-mapped: each double has
 * one place, and the last one that wanted it stands there.
 */
#ifndef SPIKELOSS_WIRE_NUMBER_CACHE_H
#define SPIKELOSS_WIRE_NUMBER_CACHE_H

#include "wire/number_text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_cached_number {
  uint64_t bits;        /* of the double */
  unsigned char length; /* 0 while the place is empty */
  char text[SL_NUMBER_TEXT_MAX + 1];
};

struct sl_number_cache {
  struct sl_cached_number *places;
  unsigned shift; /* how far a 64-bit hash is shifted to be an index */
};

/* A cache for about `numbers` numbers; never larger than a core's own cache. False: no memory. */
bool sl_number_cache_init(struct sl_number_cache *cache, size_t numbers);

void sl_number_cache_free(struct sl_number_cache *cache);

/* The text of a finite double; valid until the next call. */
const struct sl_cached_number *sl_number_cache_find(struct sl_number_cache *cache, double value);

#endif
