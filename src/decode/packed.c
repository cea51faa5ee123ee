#include "decode/tensor.h"

#include "core/checked.h"
#include "core/codes.h"
#include "kernels/kernels.h"
#include <endian.h>
#include <string.h>

enum { BATCH_WORDS = 64, BATCH_VALUES = 256 };

static size_t float_size(enum sl_packing packing) {
  return packing == SL_PACKED_F32 ? 4 : 8;
}

static bool packed_size(enum sl_packing packing, uint64_t values, uint64_t *bytes) {
  if (packing == SL_PACKED_BITS) {
    *bytes = values / 8 + (values % 8 > 0);
    return true;
  }
  return !__builtin_mul_overflow(values, float_size(packing), bytes);
}

static void begin_packed(struct sl_packed *packed, enum sl_packing packing,
                         struct sl_spikes *spikes, uint64_t values) {
  *packed = (struct sl_packed){.packing = packing, .spikes = spikes, .values_left = values};
}

/* Turns every byte of a word around: the first value becomes the least significant bit. */
static uint64_t reverse_bytes_bits(uint64_t word) {
  word = (word >> 1 & UINT64_C(0x5555555555555555)) | (word & UINT64_C(0x5555555555555555)) << 1;
  word = (word >> 2 & UINT64_C(0x3333333333333333)) | (word & UINT64_C(0x3333333333333333)) << 2;
  return (word >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f)) | (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) << 4;
}

/* Returns up to eight bytes as a word whose least significant byte is the first, on any machine. */
static uint64_t little_endian(const uint8_t *bytes, size_t count) {
  uint64_t word = 0;
  for (size_t i = 0; i < count; i++) {
    word |= (uint64_t)bytes[i] << (8 * i);
  }
  return word;
}

static enum sl_status check_spare_bits(uint8_t last_byte, size_t used_bits,
                                       struct sl_error *error) {
  uint8_t spare = (uint8_t)(last_byte << used_bits);
  return spare == 0 ? SL_OK
                    : sl_fail(error, SL_NONZERO_PADDING,
                              "the bits after the last value are not 0; fill up the last byte "
                              "with zeros, as numpy.packbits does");
}

static enum sl_status push_bits(struct sl_packed *packed, const uint8_t *bytes, size_t count,
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
      if (values % 8 > 0 && check_spare_bits(bytes[last], values % 8, error) != SL_OK) {
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

/* Pushes whole floats, at most BATCH_VALUES. */
static enum sl_status push_batch(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                 struct sl_error *error) {
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
static size_t complete_float(struct sl_packed *packed, const uint8_t *bytes, size_t count) {
  size_t missing = float_size(packed->packing) - packed->begun_bytes;
  size_t taken = count < missing ? count : missing;
  memcpy(packed->begun + packed->begun_bytes, bytes, taken);
  packed->begun_bytes += taken;
  return taken;
}

static enum sl_status push_floats(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                  struct sl_error *error) {
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

static enum sl_status push_packed(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                  struct sl_error *error) {
  return packed->packing == SL_PACKED_BITS ? push_bits(packed, bytes, count, error)
                                           : push_floats(packed, bytes, count, error);
}

enum { BATCH_GROUPS = 1024, GROUP = 4 };

void sl_base64_begin(struct sl_base64 *base64, struct sl_reading *reading, struct sl_sink *sink,
                     bool meaning_known, uint64_t values, enum sl_packing packing) {
  *base64 = (struct sl_base64){
      .sink = sink,
      .values = values,
      .max_bytes = UINT64_MAX,
      .levels = reading->json.depth,
      .quote_offset = reading->json.offset,
  };
  sink->defers = !meaning_known;
  if (meaning_known) {
    packed_size(packing, values, &base64->max_bytes);
    begin_packed(&base64->packed, packing, sink->spikes, values);
  }
}

static enum sl_status wrong_length(const struct sl_base64 *base64, struct sl_reading *reading,
                                   enum sl_packing packing, uint64_t values, const char *came) {
  static const char *const names[] = {"bits", "f32", "f64"};
  uint64_t bytes = 0;
  packed_size(packing, values, &bytes);
  return sl_json_fail(&reading->json, &reading->error, SL_LENGTH_MISMATCH, base64->levels,
                      base64->quote_offset, "has %s bytes than the %ju that %ju values take as %s",
                      came, (uintmax_t)bytes, (uintmax_t)values, names[packing]);
}

static enum sl_status check_size(const struct sl_base64 *base64, struct sl_reading *reading,
                                 enum sl_packing packing, uint64_t values, uint64_t bytes) {
  uint64_t needed;
  bool fits = packed_size(packing, values, &needed);
  if (fits && bytes == needed) {
    return SL_OK;
  }
  return wrong_length(base64, reading, packing, values, !fits || bytes < needed ? "fewer" : "more");
}

static enum sl_status bad_base64(const struct sl_base64 *base64, struct sl_reading *reading,
                                 uint64_t offset, const char *what) {
  return sl_json_fail(&reading->json, &reading->error, SL_BAD_BASE64, base64->levels, offset, "%s",
                      what);
}

/* Fails for a character outside the alphabet; explains those that other variants of base64 have. */
static enum sl_status bad_character(const struct sl_base64 *base64, struct sl_reading *reading,
                                    char character) {
  uint64_t offset = reading->json.character_offset;
  switch (character) {
  case '\n':
  case '\r':
    return bad_base64(base64, reading, offset, "a line break in base64; remove all line breaks");
  case ' ':
    return bad_base64(base64, reading, offset, "a space in base64; remove all spaces");
  case '-':
  case '_':
    return sl_json_fail(&reading->json, &reading->error, SL_BAD_BASE64, base64->levels, offset,
                        "'%c' is of the URL-safe alphabet; use the standard one, with + and /",
                        character);
  default:
    break;
  }
  bool plain = character > ' ' && character < 0x7f;
  return sl_json_fail(&reading->json, &reading->error, SL_BAD_BASE64, base64->levels, offset,
                      plain ? "'%c' is not in the alphabet of base64"
                            : "byte 0x%02x is not in the alphabet of base64",
                      (unsigned char)character);
}

static enum sl_status store(struct sl_base64 *base64, struct sl_reading *reading,
                            const uint8_t *bytes, size_t count) {
  struct sl_sink *sink = base64->sink;
  base64->bytes += count;
  if (sink->defers) {
    sl_deferred_keep_bytes(&sink->deferred, reading, bytes, count);
  } else {
    push_packed(&base64->packed, bytes, count, &reading->error);
  }
  return sl_json_locate(&reading->json, &reading->error, base64->levels, base64->quote_offset);
}

static enum sl_status end_group(struct sl_base64 *base64, struct sl_reading *reading) {
  uint32_t group = base64->group;
  uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
  base64->group = 0;
  base64->group_length = 0;
  return store(base64, reading, bytes, 3 - base64->padding);
}

/*
 * Adds a padding character. Two or three characters carry 12 or 18 bits for one or two bytes: the
 * 4 or 2 bits that are left over must be 0, or two texts would mean the same bytes.
 */
static enum sl_status add_padding(struct sl_base64 *base64, struct sl_reading *reading) {
  if (base64->group_length < 2) {
    return bad_base64(base64, reading, reading->json.character_offset,
                      "`=` where no padding can be");
  }
  uint32_t spare = base64->group_length == 2 ? 0xf : 0x3;
  if (base64->padding == 0 && (base64->group & spare) != 0) {
    return bad_base64(base64, reading, base64->last_offset,
                      "the last character has bits to spare that are not 0");
  }
  base64->padding++;
  base64->group <<= 6;
  base64->group_length++;
  return base64->group_length == GROUP ? end_group(base64, reading) : SL_OK;
}

static enum sl_status add_character(struct sl_base64 *base64, struct sl_reading *reading,
                                    char character) {
  bool group_is_due = base64->bytes < base64->max_bytes;
  if (base64->group_length == 0 && base64->padding == 0 && !group_is_due) {
    return wrong_length(base64, reading, base64->packed.packing, base64->values, "more");
  }
  bool after_end = base64->padding > 0 && (base64->group_length == 0 || character != '=');
  int value = sl_base64_value(character);
  if (after_end && (value >= 0 || character == '=')) {
    return bad_base64(base64, reading, reading->json.character_offset,
                      "more characters after the padding");
  }
  if (character == '=') {
    return add_padding(base64, reading);
  }
  if (value < 0) {
    return bad_character(base64, reading, character);
  }
  base64->group = base64->group << 6 | (uint32_t)value;
  base64->group_length++;
  base64->last_offset = reading->json.character_offset;
  return base64->group_length == GROUP ? end_group(base64, reading) : SL_OK;
}

/* Hands whole groups without escapes or padding to the kernel. */
static enum sl_status read_groups(struct sl_base64 *base64, struct sl_reading *reading,
                                  struct sl_input *input) {
  uint8_t bytes[3 * BATCH_GROUPS];
  for (;;) {
    /* The last group may have brought a byte or two more than were due. */
    bool is_due = base64->bytes < base64->max_bytes;
    uint64_t due = is_due ? (base64->max_bytes - base64->bytes) / 3 : 0;
    size_t groups = sl_input_left(input) / GROUP;
    groups = groups < due ? groups : (size_t)due;
    groups = groups < BATCH_GROUPS ? groups : BATCH_GROUPS;
    size_t taken = groups > 0 ? sl_kernels()->decode_base64(bytes, input->at, groups) : 0;
    if (taken == 0) {
      return SL_OK;
    }
    sl_input_take_fast(input, GROUP * taken);
    if (store(base64, reading, bytes, 3 * taken) != SL_OK) {
      return reading->error.code;
    }
  }
}

static enum sl_status end_string(struct sl_base64 *base64, struct sl_reading *reading,
                                 const struct sl_input *input) {
  if (base64->group_length > 0) {
    return bad_base64(base64, reading, sl_input_offset(input) - 1,
                      "ends inside a group of four characters; add the padding, `=`");
  }
  return base64->sink->defers
             ? SL_OK
             : check_size(base64, reading, base64->packed.packing, base64->values, base64->bytes);
}

/* Takes characters one by one only until the next group begins: then the kernel can go on. Those
 * that are escaped, or do not belong here, come as events. */
enum sl_status sl_base64_event(struct sl_base64 *base64, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input) {
  struct sl_json *json = &reading->json;
  if (event == SL_JSON_STRING_END) {
    return end_string(base64, reading, input);
  }
  json->characters_at_once = 1;
  size_t count = event == SL_JSON_CHARACTERS ? json->character_count : 0;
  for (size_t i = 0; i < count; i++) {
    if (add_character(base64, reading, json->characters[i]) != SL_OK) {
      return reading->error.code;
    }
  }
  while (json->string.state == SL_STRING_PLAIN && json->string.continuation == 0) {
    bool between_groups = base64->group_length == 0 && base64->padding == 0;
    if (between_groups && read_groups(base64, reading, input) != SL_OK) {
      return reading->error.code;
    }
    if (input->at == input->end || (*input->at != '=' && sl_base64_value(*input->at) < 0)) {
      return SL_OK;
    }
    json->character_offset = sl_input_offset(input);
    if (add_character(base64, reading, *input->at++) != SL_OK) {
      return reading->error.code;
    }
  }
  return SL_OK;
}

enum sl_status sl_base64_count(const struct sl_base64 *base64, struct sl_reading *reading,
                               uint64_t values, enum sl_packing packing) {
  const struct sl_sink *sink = base64->sink;
  size_t count = sink->deferred.byte_count;
  if (check_size(base64, reading, packing, values, count) != SL_OK) {
    return reading->error.code;
  }
  struct sl_packed packed;
  begin_packed(&packed, packing, sink->spikes, values);
  push_packed(&packed, sink->deferred.bytes, count, &reading->error);
  return sl_json_locate(&reading->json, &reading->error, base64->levels, base64->quote_offset);
}
