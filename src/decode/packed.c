#include "decode/tensor.h"

#include "core/checked.h"
#include "core/codes.h"
#include "kernels/kernels.h"
#include <endian.h>
#include <string.h>

enum { BATCH_WORDS = 64, BATCH_BITS = 64 * BATCH_WORDS, BATCH_VALUES = 1024 };

static const struct {
  const char *name;
  size_t bytes; /* of a number */
  uint64_t one; /* 1, as an integer of as many bytes */
} encodings[] = {
    [SL_TENSOR_BITS] = {"bits", 0, 0},
    [SL_TENSOR_F32] = {"f32", 4, UINT32_C(0x3f800000)},
    [SL_TENSOR_F64] = {"f64", 8, UINT64_C(0x3ff0000000000000)},
    [SL_TENSOR_U8] = {"u8", 1, 1},
    [SL_TENSOR_U16] = {"u16", 2, 1},
    [SL_TENSOR_U32] = {"u32", 4, 1},
};

static bool packed_size(enum sl_tensor_encoding encoding, uint64_t values, uint64_t *bytes) {
  if (encoding == SL_TENSOR_BITS) {
    *bytes = values / 8 + (values % 8 > 0);
    return true;
  }
  return !__builtin_mul_overflow(values, encodings[encoding].bytes, bytes);
}

static void begin_packed(struct sl_packed *packed, enum sl_tensor_encoding encoding,
                         struct sl_spikes *spikes, uint64_t values) {
  *packed = (struct sl_packed){.encoding = encoding, .spikes = spikes, .values_left = values};
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
  size_t values = 8 * count;
  if (values > packed->values_left) {
    values = (size_t)packed->values_left;
    if (values % 8 > 0 && check_spare_bits(bytes[values / 8], values % 8, error) != SL_OK) {
      return error->code;
    }
  }
  packed->values_left -= values;
  return sl_spikes_push_packed(packed->spikes, bytes, values, error);
}

static void read_doubles(double *values, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    uint64_t pattern;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le64toh(pattern);
    memcpy(&values[i], &pattern, sizeof values[i]);
  }
}

/* Inline, so that the compiler knows the width in each of the loops. */
static inline void read_integers(double *values, const uint8_t *bytes, size_t width, size_t count) {
  for (size_t i = 0; i < count; i++) {
    values[i] = (double)(int64_t)sl_load_integer(bytes + i * width, width);
  }
}

/* Reads whole numbers. Returns how many come before the first that is not finite. */
static size_t read_numbers(double *values, enum sl_tensor_encoding encoding, const uint8_t *bytes,
                           size_t count) {
  switch (encoding) {
  case SL_TENSOR_F32:
    return sl_kernels()->read_singles(values, bytes, count) ? count
                                                            : sl_finite_count(values, count);
  case SL_TENSOR_F64:
    read_doubles(values, bytes, count);
    return sl_finite_count(values, count);
  case SL_TENSOR_U8:
    read_integers(values, bytes, 1, count);
    return count;
  case SL_TENSOR_U16:
    read_integers(values, bytes, 2, count);
    return count;
  default:
    read_integers(values, bytes, 4, count);
    return count;
  }
}

/* Returns whether one of the floats is neither 1 nor 0, which may be -0. */
static bool has_graded_singles(const uint8_t *bytes, size_t count) {
  const uint32_t one = UINT32_C(0x3f800000);
  for (size_t i = 0; i < count; i++) {
    uint32_t pattern = (uint32_t)sl_load_integer(bytes + i * sizeof pattern, sizeof pattern);
    if (pattern << 1 != 0 && pattern != one) {
      return true;
    }
  }
  return false;
}

/*
 * Pushes the next numbers that are all 0 and 1 as bits, or some that begin with 64 that are not.
 * Returns how many, of `count` at most.
 */
static size_t push_some(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                        struct sl_error *error) {
  enum sl_tensor_encoding encoding = packed->encoding;
  uint64_t bits[BATCH_WORDS];
  double values[BATCH_VALUES];
  size_t sums =
      encoding == SL_TENSOR_U8 ? sl_spikes_push_byte_sums(packed->spikes, bytes, count, error) : 0;
  if (sums > 0) {
    return sums;
  }
  size_t max_bits = count < BATCH_BITS ? count : BATCH_BITS;
  size_t binary = sl_kernels()->pack_numbers(bits, bytes, encodings[encoding].bytes,
                                             encodings[encoding].one, max_bits);
  if (binary > 0) {
    sl_spikes_push_bits(packed->spikes, bits, binary, error);
    return binary;
  }
  size_t some = count < BATCH_VALUES ? count : BATCH_VALUES;
  if (encoding == SL_TENSOR_F32 && sl_spikes_take_singles(packed->spikes) &&
      has_graded_singles(bytes, some)) {
    sl_spikes_push_singles(packed->spikes, bytes, count, error);
    return count;
  }
  count = some;
  size_t finite = read_numbers(values, encoding, bytes, count);
  if (finite < count) {
    sl_spikes_not_finite(packed->value + finite, error);
    return count;
  }
  sl_spikes_push_reals(packed->spikes, values, count, error);
  return count;
}

/* Pushes whole numbers. */
static enum sl_status push_whole(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                 struct sl_error *error) {
  count = count < packed->values_left ? count : (size_t)packed->values_left;
  for (size_t done = 0; done < count && error->code == SL_OK;) {
    size_t pushed =
        push_some(packed, bytes + done * encodings[packed->encoding].bytes, count - done, error);
    done += pushed;
    packed->value += pushed;
    packed->values_left -= pushed;
  }
  return error->code;
}

/* Fills up the number that a former piece has begun. Returns how many bytes that took. */
static size_t complete_number(struct sl_packed *packed, const uint8_t *bytes, size_t count) {
  size_t missing = encodings[packed->encoding].bytes - packed->begun_bytes;
  size_t taken = count < missing ? count : missing;
  memcpy(packed->begun + packed->begun_bytes, bytes, taken);
  packed->begun_bytes += taken;
  return taken;
}

static enum sl_status push_numbers(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                   struct sl_error *error) {
  size_t size = encodings[packed->encoding].bytes;
  size_t done = 0;
  enum sl_status status = SL_OK;
  while (status == SL_OK && done < count) {
    size_t whole = (count - done) / size;
    if (packed->begun_bytes == 0 && whole > 0) {
      status = push_whole(packed, bytes + done, whole, error);
      done += whole * size;
      continue;
    }
    done += complete_number(packed, bytes + done, count - done);
    if (packed->begun_bytes == size) {
      packed->begun_bytes = 0;
      status = push_whole(packed, packed->begun, 1, error);
    }
  }
  return status;
}

static enum sl_status push_packed(struct sl_packed *packed, const uint8_t *bytes, size_t count,
                                  struct sl_error *error) {
  return packed->encoding == SL_TENSOR_BITS ? push_bits(packed, bytes, count, error)
                                            : push_numbers(packed, bytes, count, error);
}

/* Enough for several rows, so that accumulators need not be loaded for each; on the stack. */
enum { BATCH_GROUPS = 8 * 1024, GROUP = 4 };

void sl_base64_begin(struct sl_base64 *base64, struct sl_reading *reading, struct sl_sink *sink,
                     bool meaning_known, uint64_t values, enum sl_tensor_encoding encoding) {
  *base64 = (struct sl_base64){
      .sink = sink,
      .values = values,
      .max_bytes = UINT64_MAX,
      .levels = reading->json.depth,
      .quote_offset = reading->json.offset,
  };
  sink->defers = !meaning_known;
  if (meaning_known) {
    packed_size(encoding, values, &base64->max_bytes);
    begin_packed(&base64->packed, encoding, sink->spikes, values);
  }
}

/* Fails for a string of another length: of so many bytes, or, while it goes on, of more. */
static enum sl_status wrong_length(const struct sl_base64 *base64, struct sl_reading *reading,
                                   enum sl_tensor_encoding encoding, uint64_t values,
                                   uint64_t bytes, const char *more) {
  uint64_t needed = UINT64_MAX;
  packed_size(encoding, values, &needed);
  size_t width = encodings[encoding].bytes;
  bool whole = width > 0 && bytes % width == 0 && *more == '\0';
  return sl_json_fail(&reading->json, &reading->error, SL_LENGTH_MISMATCH, base64->levels,
                      base64->quote_offset, "has %s%ju byte%s, but %ju value%s take%s %ju as %s%s",
                      more, (uintmax_t)bytes, bytes == 1 ? "" : "s", (uintmax_t)values,
                      values == 1 ? "" : "s", values == 1 ? "s" : "", (uintmax_t)needed,
                      encodings[encoding].name,
                      whole ? sl_sums_hint(base64->sink->spikes, bytes / width) : "");
}

static enum sl_status check_size(const struct sl_base64 *base64, struct sl_reading *reading,
                                 enum sl_tensor_encoding encoding, uint64_t values,
                                 uint64_t bytes) {
  uint64_t needed;
  bool fits = packed_size(encoding, values, &needed);
  return fits && bytes == needed ? SL_OK
                                 : wrong_length(base64, reading, encoding, values, bytes, "");
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
                      plain
                          ? "'%c' is not in the alphabet of base64; encode the bytes again"
                          : "byte 0x%02x is not in the alphabet of base64; encode the bytes again",
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
                      "`=` where no padding can be; encode the bytes again");
  }
  uint32_t spare = base64->group_length == 2 ? 0xf : 0x3;
  if (base64->padding == 0 && (base64->group & spare) != 0) {
    return bad_base64(
        base64, reading, base64->last_offset,
        "the last character has bits to spare that are not 0; encode the bytes again");
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
    return wrong_length(base64, reading, base64->packed.encoding, base64->values, base64->bytes,
                        "more than ");
  }
  bool after_end = base64->padding > 0 && (base64->group_length == 0 || character != '=');
  int value = sl_base64_value(character);
  if (after_end && (value >= 0 || character == '=')) {
    return bad_base64(base64, reading, reading->json.character_offset,
                      "more characters after the padding; encode all bytes as one text");
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

/* Decodes the last group, of one or two bytes, if it is there as it should be. Returns how many
 * bytes that are, to be stored with those before them. */
static size_t read_last_group(struct sl_base64 *base64, struct sl_input *input, uint64_t due,
                              uint8_t *bytes) {
  if (due < 1 || due > 2 || sl_input_left(input) < GROUP) {
    return 0;
  }
  const char *text = input->at;
  bool two = due == 2;
  int first = sl_base64_value(text[0]);
  int second = sl_base64_value(text[1]);
  int third = two ? sl_base64_value(text[2]) : 0;
  bool padded = text[3] == '=' && (two || text[2] == '=');
  int spare = two ? third & 0x3 : second & 0xf; /* bits, all of which are 0 */
  if (first < 0 || second < 0 || third < 0 || !padded || spare != 0) {
    return 0;
  }
  int group = first << 18 | second << 12 | third << 6;
  bytes[0] = (uint8_t)(group >> 16);
  bytes[1] = (uint8_t)(group >> 8);
  base64->padding = GROUP - 1 - (size_t)due;
  input->at += GROUP;
  return (size_t)due;
}

/* Hands whole groups without escapes or padding to the kernel. */
static enum sl_status read_groups(struct sl_base64 *base64, struct sl_reading *reading,
                                  struct sl_input *input) {
  uint8_t bytes[3 * BATCH_GROUPS + 2];
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
    size_t count = 3 * taken;
    uint64_t left = base64->max_bytes - base64->bytes - count;
    count += read_last_group(base64, input, left, bytes + count);
    if (store(base64, reading, bytes, count) != SL_OK) {
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
             : check_size(base64, reading, base64->packed.encoding, base64->values, base64->bytes);
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
                               uint64_t values, enum sl_tensor_encoding encoding) {
  const struct sl_sink *sink = base64->sink;
  size_t count = sink->deferred.byte_count;
  if (check_size(base64, reading, encoding, values, count) != SL_OK) {
    return reading->error.code;
  }
  struct sl_packed packed;
  begin_packed(&packed, encoding, sink->spikes, values);
  push_packed(&packed, sink->deferred.bytes, count, &reading->error);
  return sl_json_locate(&reading->json, &reading->error, base64->levels, base64->quote_offset);
}
