#include "wire/deferred.h"

#include "core/bits.h"
#include <string.h>

enum { WORD = 8 };

void sl_deferred_begin(struct sl_deferred *deferred, uint64_t *budget) {
  *deferred = (struct sl_deferred){.budget = budget};
}

void sl_deferred_free(struct sl_deferred *deferred) {
  if (deferred->budget != NULL) {
    *deferred->budget += deferred->charged;
  }
  sl_buffer_free(&deferred->bits);
  sl_buffer_free(&deferred->items);
  *deferred = (struct sl_deferred){0};
}

static enum sl_status over_budget(struct sl_error *error) {
  return sl_fail(error, SL_DEFERRED_TOO_LARGE,
                 "the limit (deferred_bytes) for data that comes before its shape is used up: "
                 "put shape and encoding before data");
}

/* Room for more bytes in one of the buffers, within the budget. */
static enum sl_status make_room(struct sl_deferred *deferred, struct sl_buffer *buffer,
                                size_t bytes, struct sl_error *error) {
  if (bytes > *deferred->budget) {
    return over_budget(error);
  }
  if (!sl_buffer_reserve(buffer, bytes)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for data before its shape");
  }
  *deferred->budget -= bytes;
  deferred->charged += bytes;
  return SL_OK;
}

static enum sl_status keep_item(struct sl_deferred *deferred, const void *item, size_t bytes,
                                struct sl_error *error) {
  if (make_room(deferred, &deferred->items, bytes, error) != SL_OK) {
    return error->code;
  }
  memcpy(deferred->items.bytes + deferred->items.length, item, bytes);
  deferred->items.length += bytes;
  return SL_OK;
}

enum sl_status sl_deferred_keep_real(struct sl_deferred *deferred, double value,
                                     struct sl_error *error) {
  if (deferred->items.length == 0 && (value == 0 || value == 1)) {
    uint64_t bit = value == 1;
    return sl_deferred_keep_bits(deferred, &bit, 1, error);
  }
  return keep_item(deferred, &value, sizeof value, error);
}

/* Behind the first graded value even zeros and ones are kept as doubles, to stay in order. */
static enum sl_status keep_bits_as_reals(struct sl_deferred *deferred, const uint64_t *bits,
                                         size_t count, struct sl_error *error) {
  if (count > *deferred->budget / WORD) {
    return over_budget(error);
  }
  for (size_t i = 0; i < count; i++) {
    double value = bits[i / 64] >> (i % 64) & 1 ? 1 : 0;
    if (keep_item(deferred, &value, sizeof value, error) != SL_OK) {
      return error->code;
    }
  }
  return SL_OK;
}

enum sl_status sl_deferred_keep_bits(struct sl_deferred *deferred, const uint64_t *bits,
                                     size_t count, struct sl_error *error) {
  if (deferred->items.length > 0) {
    return keep_bits_as_reals(deferred, bits, count, error);
  }
  size_t words = (deferred->bit_count + count + 63) / 64;
  size_t more = words * WORD - deferred->bits.length;
  if (make_room(deferred, &deferred->bits, more, error) != SL_OK) {
    return error->code;
  }
  sl_copy_bits((uint64_t *)(void *)deferred->bits.bytes, deferred->bit_count, bits, 0, count);
  deferred->bits.length += more;
  deferred->bit_count += count;
  return SL_OK;
}

enum sl_status sl_deferred_keep_integer(struct sl_deferred *deferred, uint64_t value,
                                        struct sl_error *error) {
  return keep_item(deferred, &value, sizeof value, error);
}

enum sl_status sl_deferred_keep_bytes(struct sl_deferred *deferred, const uint8_t *bytes,
                                      size_t count, struct sl_error *error) {
  return keep_item(deferred, bytes, count, error);
}

uint64_t sl_deferred_memory(const struct sl_deferred *deferred) {
  return (uint64_t)deferred->bits.capacity + deferred->items.capacity;
}

size_t sl_deferred_reals(const struct sl_deferred *deferred) {
  return deferred->bit_count + deferred->items.length / WORD;
}

size_t sl_deferred_integers(const struct sl_deferred *deferred) {
  return deferred->items.length / WORD;
}

uint64_t sl_deferred_integer(const struct sl_deferred *deferred, size_t index) {
  return ((const uint64_t *)(const void *)deferred->items.bytes)[index];
}

enum sl_status sl_deferred_push(const struct sl_deferred *deferred, struct sl_spikes *spikes,
                                struct sl_error *error) {
  const uint64_t *bits = (const uint64_t *)(const void *)deferred->bits.bytes;
  const double *reals = (const double *)(const void *)deferred->items.bytes;
  enum sl_status status = sl_spikes_push_bits(spikes, bits, deferred->bit_count, error);
  return status == SL_OK ? sl_spikes_push_reals(spikes, reals, deferred->items.length / WORD, error)
                         : status;
}
