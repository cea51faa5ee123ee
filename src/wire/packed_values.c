#include "wire/packed_values.h"

#include "core/finite.h"
#include <endian.h>
#include <string.h>

enum { BATCH_WORDS = 64, BATCH_VALUES = 256 };

static size_t float_size(enum sl_packing packing) {
  return packing == SL_PACKED_F32 ? 4 : 8;
}

bool sl_packed_size(enum sl_packing packing, uint64_t values, uint64_t *bytes) {
  if (packing == SL_PACKED_BITS) {
    *bytes = values / 8 + (values % 8 > 0);
    return true;
  }
  return !__builtin_mul_overflow(values, float_size(packing), bytes);
}

void sl_packed_values_begin(struct sl_packed_values *packed, enum sl_packing packing,
                            struct sl_spikes *spikes, uint64_t values) {
  *packed = (struct sl_packed_values){.packing = packing, .spikes = spikes, .values_left = values};
}

/* Turns every byte of a word around: the first value becomes the least significant bit. */
static uint64_t reverse_bytes_bits(uint64_t word) {
  word = (word >> 1 & UINT64_C(0x5555555555555555)) | (word & UINT64_C(0x5555555555555555)) << 1;
  word = (word >> 2 & UINT64_C(0x3333333333333333)) | (word & UINT64_C(0x3333333333333333)) << 2;
  return (word >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

/* Eight bytes as a word whose least significant byte is the first, on any machine. */
static uint64_t little_endian(const uint8_t *bytes, size_t count) {
  uint64_t word = 0;
  for (size_t i = 0; i < count; i++) {
    word |= (uint64_t)bytes[i] << (8 * i);
  }
  return word;
}

static enum sl_status check_padding(uint8_t last_byte, size_t used_bits, struct sl_error *error) {
  uint8_t spare = (uint8_t)(last_byte << used_bits);
  return spare == 0 ? SL_OK
                    : sl_fail(error, SL_NONZERO_PADDING,
                              "the bits behind the last value must be 0, as numpy.packbits "
                              "writes them");
}

static enum sl_status push_bits(struct sl_packed_values *packed, const uint8_t *bytes, size_t count,
                                struct sl_error *error) {
  uint64_t words[BATCH_WORDS];
  for (size_t done = 0; done < count && packed->values_left > 0;) {
    size_t length = count - done < sizeof words ? count - done : sizeof words;
    for (size_t i = 0; i < length; i += 8) {
      size_t rest = length - i < 8 ? length - i : 8;
      words[i / 8] = reverse_bytes_bits(little_endian(bytes + done + i, rest));
    }
    size_t values = 8 * length;
    if (values > packed->values_left) {
      values = (size_t)packed->values_left;
      size_t last = done + (values - 1) / 8;
      if (values % 8 > 0 && check_padding(bytes[last], values % 8, error) != SL_OK) {
        return error->code;
      }
    }
    if (sl_spikes_push_bits(packed->spikes, words, values, error) != SL_OK) {
      return error->code;
    }
    packed->values_left -= values;
    done += length;
  }
  return SL_OK;
}

static void read_singles(double *values, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint32_t pattern;
    float value;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le32toh(pattern);
    memcpy(&value, &pattern, sizeof value);
    values[i] = (double)value;
  }
}

static void read_doubles(double *values, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t pattern;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le64toh(pattern);
    memcpy(&values[i], &pattern, sizeof values[i]);
  }
}

/* Whole floats, at most BATCH_VALUES. */
static enum sl_status push_batch(struct sl_packed_values *packed, const uint8_t *bytes,
                                 size_t count, struct sl_error *error) {
  double values[BATCH_VALUES];
  count = count < packed->values_left ? count : (size_t)packed->values_left;
  if (packed->packing == SL_PACKED_F32) {
    read_singles(values, bytes, count);
  } else {
    read_doubles(values, bytes, count);
  }
  size_t finite = sl_finite_count(values, count);
  if (finite < count) {
    return sl_fail(error, SL_NOT_FINITE, "value %llu, counted from 0, is NaN or infinite",
                   (unsigned long long)(packed->value + finite));
  }
  packed->values_left -= count;
  packed->value += count;
  return sl_spikes_push_reals(packed->spikes, values, count, error);
}

/* Fills up the float that a former piece has begun. Returns how many bytes that took. */
static size_t complete_float(struct sl_packed_values *packed, const uint8_t *bytes, size_t count) {
  size_t missing = float_size(packed->packing) - packed->begun_bytes;
  size_t taken = count < missing ? count : missing;
  memcpy(packed->begun + packed->begun_bytes, bytes, taken);
  packed->begun_bytes += taken;
  return taken;
}

static enum sl_status push_floats(struct sl_packed_values *packed, const uint8_t *bytes,
                                  size_t count, struct sl_error *error) {
  size_t size = float_size(packed->packing);
  size_t done = 0;
  enum sl_status status = SL_OK;
  while (status == SL_OK && done < count) {
    size_t whole = (count - done) / size;
    if (packed->begun_bytes == 0 && whole > 0) {
      whole = whole < BATCH_VALUES ? whole : BATCH_VALUES;
      status = push_batch(packed, bytes + done, whole, error);
      done += whole * size;
      continue;
    }
    done += complete_float(packed, bytes + done, count - done);
    if (packed->begun_bytes == size) {
      packed->begun_bytes = 0;
      status = push_batch(packed, packed->begun, 1, error);
    }
  }
  return status;
}

enum sl_status sl_packed_values_push(struct sl_packed_values *packed, const uint8_t *bytes,
                                     size_t count, struct sl_error *error) {
  return packed->packing == SL_PACKED_BITS ? push_bits(packed, bytes, count, error)
                                           : push_floats(packed, bytes, count, error);
}
