/*
 * Base64 data (RFC 4648, section 4: standard alphabet, padded, spare bits zero), and the values in
 * its bytes. Characters are judged one by one; the bytes of a group when its fourth has come.
 */
#include "reference_tensor.h"

#include "core/codes.h"
#include <math.h>
#include <string.h>

struct base64 {
  size_t characters;    /* so far, with padding */
  size_t padding;       /* `=` so far */
  size_t last_offset;   /* of the last character */
  unsigned accumulator; /* bits of the last characters */
  bool too_many;        /* the last group holds more bytes than the shape needs */
};

static size_t width_of(const struct sl_tensor_object *object) {
  static const size_t widths[SL_ENCODED_NOT + 1] = {
      1, 4, 8, 1, 2, 4, 1, 1}; /* those that have no numbers are not looked at */
  return widths[object->encoding];
}

/* How many bytes the tensor takes in its encoding; SIZE_MAX if no text can be that long. */
static size_t bytes_needed(const struct sl_tensor_object *object) {
  size_t total = object->total;
  if (object->encoding == SL_ENCODED_BITS) {
    return total / 8 + (total % 8 != 0);
  }
  return total > SIZE_MAX / width_of(object) ? SIZE_MAX : total * width_of(object);
}

double sl_reference_binary_value(const struct sl_tensor_object *object, size_t index) {
  if (object->encoding == SL_ENCODED_BITS) {
    return (object->bytes[index / 8] >> (7 - index % 8)) & 1;
  }
  size_t width = width_of(object);
  uint64_t bits = 0;
  for (size_t i = width; i > 0; i--) {
    bits = bits << 8 | object->bytes[index * width + i - 1];
  }
  if (object->encoding >= SL_ENCODED_U8) {
    return (double)bits;
  }
  uint32_t half = (uint32_t)bits;
  float single;
  double value;
  memcpy(&single, &half, sizeof single);
  memcpy(&value, &bits, sizeof value);
  return width == 4 ? (double)single : value;
}

/* The last of these bytes may complete a float that is not finite, or be padding that is not 0. */
static void check_bytes(struct sl_tensor_object *object, size_t count) {
  size_t width = width_of(object);
  size_t spare = (8 - object->total % 8) % 8;
  bool bits = object->encoding == SL_ENCODED_BITS;
  if (bits && count == bytes_needed(object) &&
      (object->bytes[count - 1] & ((1u << spare) - 1)) != 0) {
    sl_reference_data_fail(object, SL_NONZERO_PADDING, object->data_offset);
  }
  if (!bits && count % width == 0 &&
      !isfinite(sl_reference_binary_value(object, count / width - 1))) {
    sl_reference_data_fail(object, SL_NOT_FINITE, object->data_offset);
  }
}

static bool meaning_known(const struct sl_tensor_object *object) {
  return object->has_shape && object->encoding != SL_ENCODED_NOT;
}

void sl_reference_base64_settle(struct sl_tensor_object *object) {
  if (object->kind != SL_DATA_TEXT || !meaning_known(object)) {
    return;
  }
  if (object->byte_count != bytes_needed(object)) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, object->data_offset);
  }
  for (size_t i = 1; i <= object->byte_count; i++) {
    check_bytes(object, i);
  }
}

static int alphabet_value(uint32_t character) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *found = character < 0x80 ? strchr(alphabet, (int)character) : NULL;
  return found == NULL || character == 0 ? -1 : (int)(found - alphabet);
}

/* Whether all the groups that the shape needs are there, so that nothing more may come. */
static bool full(const struct sl_tensor_object *object, const struct base64 *base64) {
  size_t needed = bytes_needed(object);
  return meaning_known(object) && base64->characters / 4 >= needed / 3 + (needed % 3 != 0);
}

/* The bytes of a group of four characters that is complete. */
static void add_group(struct sl_tensor_object *object, struct base64 *base64) {
  for (unsigned i = 0; i < 3 - base64->padding; i++) {
    if (meaning_known(object) && object->byte_count == bytes_needed(object)) {
      base64->too_many = true; /* certain, but all characters are right so far */
      return;
    }
    object->bytes[object->byte_count++] =
        (unsigned char)(base64->accumulator >> (16 - 8 * i) & 0xFF);
    if (meaning_known(object)) {
      check_bytes(object, object->byte_count);
    } else {
      sl_reference_defer(object, object->byte_count, object->data_offset);
    }
  }
}

/* `=` fills the last group up: one after three characters, two after two. */
static void add_padding(struct sl_tensor_object *object, struct base64 *base64, size_t start) {
  if (base64->characters % 4 < 2) {
    sl_reference_data_fail(object, SL_BAD_BASE64, start);
  }
  unsigned spare = base64->padding > 0 ? 0 : base64->characters % 4 == 2 ? 0xF : 0x3;
  if ((base64->accumulator & spare) != 0) {
    sl_reference_data_fail(object, SL_BAD_BASE64, base64->last_offset);
  }
  base64->padding++;
}

static void read_character(struct sl_tensor_object *object, struct base64 *base64) {
  struct sl_reader *reader = object->reader;
  size_t start = reader->at;
  int byte = sl_reader_peek(reader);
  bool multibyte = byte >= 0xC2 && byte <= 0xF4; /* certain before the rest of it has come */
  uint32_t character = multibyte ? 0xFFFD : sl_reader_character(reader);
  int value = character == '=' ? 0 : alphabet_value(character);
  if (base64->padding > 0 && (base64->characters % 4 == 0 || character != '=')) {
    sl_reference_data_fail(object, SL_BAD_BASE64, start);
  }
  if (full(object, base64)) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, object->data_offset);
  }
  if (value < 0) {
    sl_reference_data_fail(object, SL_BAD_BASE64, start);
  }
  if (character == '=') {
    add_padding(object, base64, start);
  }
  base64->accumulator = base64->accumulator << 6 | (unsigned)value;
  base64->last_offset = start;
  if (++base64->characters % 4 == 0) {
    add_group(object, base64);
  }
}

void sl_reference_base64_read(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  struct base64 base64 = {0};
  object->bytes = sl_reader_allocate(reader, reader->length - reader->at, 1);
  sl_reader_take(reader);
  while (sl_reader_peek(reader) != '"') {
    read_character(object, &base64);
  }
  if (base64.characters % 4 != 0) {
    sl_reference_data_fail(object, SL_BAD_BASE64, reader->at);
  }
  if (base64.too_many || (meaning_known(object) && object->byte_count < bytes_needed(object))) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, object->data_offset);
  }
  sl_reader_take(reader);
}
