#include "wire/number_cache.h"

_Thread_local struct sl_cached_number sl_number_places[1 << SL_NUMBER_PLACE_BITS];

void sl_number_place_fill(struct sl_cached_number *place, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  place->key = bits + 1;
  place->length = (unsigned char)sl_number_text(place->text, value);
  place->text[place->length] = ',';
}
