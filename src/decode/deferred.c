#include "decode/deferred.h"

#include "core/bits.h"
#include "core/codes.h"
#include <stdlib.h>
#include <string.h>

enum { WORD = 8 };

void sl_deferred_free(struct sl_deferred *deferred, struct sl_reading *reading) {
  reading->deferred_left += deferred->counted;
  sl_budget_free(reading->budget, deferred->bits, WORD * deferred->word_capacity);
  sl_budget_free(reading->budget, deferred->reals, WORD * deferred->real_capacity);
  sl_budget_free(reading->budget, deferred->bytes, deferred->byte_capacity);
  *deferred = (struct sl_deferred){0};
}

/* Counts more bytes against the limit. */
static enum sl_status count_bytes(struct sl_deferred *deferred, struct sl_reading *reading,
                                  uint64_t bytes) {
  if (bytes > reading->deferred_left) {
    return sl_fail(&reading->error, SL_DEFERRED_TOO_LARGE,
                   "the limit (deferred_bytes) for data that comes before its shape is used up; "
                   "put shape and encoding before data");
  }
  reading->deferred_left -= bytes;
  deferred->counted += bytes;
  return SL_OK;
}

static enum sl_status keep_reals(struct sl_deferred *deferred, struct sl_reading *reading,
                                 const double *values, size_t count) {
  size_t needed = deferred->real_count + count;
  if (count_bytes(deferred, reading, WORD * count) != SL_OK ||
      sl_grow_array(reading, &deferred->reals, &deferred->real_capacity, needed, WORD) != SL_OK) {
    return reading->error.code;
  }
  memcpy(deferred->reals + deferred->real_count, values, WORD * count);
  deferred->real_count = needed;
  return SL_OK;
}

enum sl_status sl_deferred_keep_number(struct sl_deferred *deferred, struct sl_reading *reading,
                                       double value) {
  return keep_reals(deferred, reading, &value, 1);
}

/* Keeps zeros and ones as doubles after the first graded value, to stay in order. */
static enum sl_status keep_bits_as_reals(struct sl_deferred *deferred, struct sl_reading *reading,
                                         const uint64_t *bits, size_t count) {
  if (count > reading->deferred_left / WORD) {
    return count_bytes(deferred, reading, UINT64_MAX);
  }
  for (size_t i = 0; i < count; i++) {
    if (sl_deferred_keep_number(deferred, reading, bits[i / 64] >> (i % 64) & 1 ? 1 : 0) != SL_OK) {
      return reading->error.code;
    }
  }
  return SL_OK;
}

static enum sl_status keep_bits(struct sl_deferred *deferred, struct sl_reading *reading,
                                const uint64_t *bits, size_t count) {
  if (deferred->real_count > 0) {
    return keep_bits_as_reals(deferred, reading, bits, count);
  }
  size_t before = (deferred->bit_count + 63) / 64;
  size_t words = (deferred->bit_count + count + 63) / 64;
  if (count_bytes(deferred, reading, WORD * (words - before)) != SL_OK ||
      sl_grow_array(reading, &deferred->bits, &deferred->word_capacity, words, WORD) != SL_OK) {
    return reading->error.code;
  }
  sl_copy_bits(deferred->bits, deferred->bit_count, bits, 0, count);
  deferred->bit_count += count;
  return SL_OK;
}

enum sl_status sl_deferred_keep_bytes(struct sl_deferred *deferred, struct sl_reading *reading,
                                      const uint8_t *bytes, size_t count) {
  size_t needed = deferred->byte_count + count;
  if (count_bytes(deferred, reading, count) != SL_OK ||
      sl_grow_array(reading, &deferred->bytes, &deferred->byte_capacity, needed, 1) != SL_OK) {
    return reading->error.code;
  }
  memcpy(deferred->bytes + deferred->byte_count, bytes, count);
  deferred->byte_count = needed;
  return SL_OK;
}

bool sl_deferred_has_space(const struct sl_deferred *deferred, const struct sl_reading *reading,
                           size_t count) {
  return count <= deferred->real_capacity - deferred->real_count &&
         WORD * count <= reading->deferred_left;
}

size_t sl_deferred_count(const struct sl_deferred *deferred) {
  return deferred->bit_count + deferred->real_count;
}

double sl_deferred_number(const struct sl_deferred *deferred, size_t index) {
  if (index < deferred->bit_count) {
    return deferred->bits[index / 64] >> (index % 64) & 1 ? 1 : 0;
  }
  return deferred->reals[index - deferred->bit_count];
}

enum sl_status sl_deferred_push(const struct sl_deferred *deferred, struct sl_spikes *spikes,
                                struct sl_error *error) {
  enum sl_status status = sl_spikes_push_bits(spikes, deferred->bits, deferred->bit_count, error);
  return status == SL_OK
             ? sl_spikes_push_reals(spikes, deferred->reals, deferred->real_count, error)
             : status;
}

enum sl_status sl_sink_push_bits(struct sl_sink *sink, struct sl_reading *reading,
                                 const uint64_t *bits, size_t count) {
  return sink->defers ? keep_bits(&sink->deferred, reading, bits, count)
                      : sl_spikes_push_bits(sink->spikes, bits, count, &reading->error);
}

enum sl_status sl_sink_push_reals(struct sl_sink *sink, struct sl_reading *reading,
                                  const double *values, size_t count) {
  if (!sink->defers) {
    return sl_spikes_push_reals(sink->spikes, values, count, &reading->error);
  }
  size_t i = 0;
  for (; i < count && sink->deferred.real_count == 0 && (values[i] == 0 || values[i] == 1); i++) {
    uint64_t bit = values[i] == 1;
    if (keep_bits(&sink->deferred, reading, &bit, 1) != SL_OK) {
      return reading->error.code;
    }
  }
  return i < count ? keep_reals(&sink->deferred, reading, values + i, count - i) : SL_OK;
}
