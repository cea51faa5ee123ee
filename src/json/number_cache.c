#include "json/number_cache.h"

_Thread_local struct sl_cached_number sl_number_slots[1 << SL_NUMBER_SLOT_BITS];

void sl_number_slot_fill(struct sl_cached_number *slot, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  slot->key = bits + 1;
  slot->length = (unsigned char)sl_number_format(slot->text, value);
  slot->text[slot->length] = ',';
}
