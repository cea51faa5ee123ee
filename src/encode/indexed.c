#include "encode/indexed.h"

#include <stdint.h>
#include <string.h>

/* Eight slots a value: one in twenty, at most, is not in the slot that is looked at first. */
enum { SLOT_BITS = 11, SLOTS = 1 << SLOT_BITS };

/* Values that are indexed at a time: whole groups of base64. */
enum { BLOCK = 3 * 1024 };

struct value_table {
  double values[1 + SL_INDEXED_NUMBERS]; /* from 1 on; 0 is negative zero, which no value is */
  size_t count;
  uint16_t slots[SLOTS]; /* which value, or 0; linear probing */
};

static inline uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* The upper bits of the product depend on all bits of a value, most of which may be zero. */
static inline size_t slot_of(double value) {
  return bits_of(value) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - SLOT_BITS);
}

/* Returns which value it is, after it was added if it is a new one; 0 if that is one too many. */
static __attribute__((noinline)) size_t find_or_add(struct value_table *table, double value) {
  size_t slot = slot_of(value);
  for (; table->slots[slot] != 0; slot = (slot + 1) % SLOTS) {
    if (bits_of(table->values[table->slots[slot]]) == bits_of(value)) {
      return table->slots[slot];
    }
  }
  if (table->count == SL_INDEXED_NUMBERS) {
    return 0;
  }
  table->values[++table->count] = value;
  table->slots[slot] = (uint16_t)table->count;
  return table->count;
}

/* Different values follow one another at random: nothing but the rare search may branch on them. */
static bool index_values(struct value_table *table, uint8_t *indices,
                         const struct sl_broadcast_view *view, size_t first, size_t count) {
#pragma GCC unroll 4
  for (size_t i = 0; i < count; i++) {
    /* Negative zero is zero, as in text. */
    double value = sl_number_at(&view->numbers, first + i) + 0.0;
    size_t found = table->slots[slot_of(value)];
    if (__builtin_expect(bits_of(table->values[found]) != bits_of(value), 0)) {
      found = find_or_add(table, value);
      if (found == 0) {
        return false;
      }
    }
    indices[i] = (uint8_t)(found - 1);
  }
  return true;
}

size_t sl_indexed_write(char *text, const struct sl_broadcast_view *view,
                        enum sl_float_width width) {
  struct sl_numbers numbers = view->numbers;
  size_t count = view->count;
  bool indexed = numbers.indices != NULL && numbers.table_length * (size_t)width <= count;
  struct value_table table = {.values = {-0.0}};
  uint8_t block[BLOCK + SL_BASE64_SPARE];
  char *data = text + SL_INDEXED_HEAD; /* until the length of the table is known */
  char *data_end = data;
  for (size_t first = 0; first < count; first += BLOCK) {
    size_t length = sl_min_size(count - first, BLOCK);
    if (indexed) {
      memcpy(block, numbers.indices + first, length);
    } else if (!index_values(&table, block, view, first, length)) {
      return 0;
    }
    data_end += sl_base64_encode(data_end, block, length);
  }
  numbers.values = indexed ? numbers.values : table.values + 1;
  numbers.indices = NULL;
  size_t entries = indexed ? numbers.table_length : table.count;
  if (entries * (size_t)width + count >= count * (size_t)width ||
      !sl_base64_holds(numbers.values, entries, width)) {
    return 0;
  }
  char *end = stpcpy(text, width == SL_FLOAT32 ? ",\"encoding\":\"indexed_f32\",\"table\":\""
                                               : ",\"encoding\":\"indexed_f64\",\"table\":\"");
  end += sl_base64_write(end, &numbers, entries, width);
  end = stpcpy(end, "\",\"data\":\"");
  size_t length = (size_t)(data_end - data);
  memmove(end, data, length);
  end = stpcpy(end + length, "\"}");
  return (size_t)(end - text);
}
