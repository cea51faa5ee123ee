#include "wire/number_cache.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST_PLACE_BITS = 4, MOST_PLACE_BITS = 12 };

/* 2^64 divided by the golden ratio: the upper bits of the product are well mixed. */
#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

bool sl_number_cache_init(struct sl_number_cache *cache, size_t numbers) {
  unsigned bits = FEWEST_PLACE_BITS;
  while (bits < MOST_PLACE_BITS && ((size_t)1 << bits) < numbers) {
    bits++;
  }
  cache->shift = 64 - bits;
  cache->places = calloc((size_t)1 << bits, sizeof *cache->places);
  return cache->places != NULL;
}

void sl_number_cache_free(struct sl_number_cache *cache) {
  free(cache->places);
  *cache = (struct sl_number_cache){0};
}

const struct sl_cached_number *sl_number_cache_find(struct sl_number_cache *cache, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  /* Round doubles differ in their upper bits only: fold those onto the lower ones first. */
  struct sl_cached_number *place =
      &cache->places[((bits ^ bits >> 32) * HASH_FACTOR) >> cache->shift];
  if (place->bits != bits || place->length == 0) {
    place->bits = bits;
    place->length = (unsigned char)sl_number_text(place->text, value);
  }
  return place;
}
