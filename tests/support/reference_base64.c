/*
 * Base64 data (RFC 4648, section 4: standard alphabet, padded, spare bits zero), and the values in
 * its bytes. Characters are checked one by one; the bytes of a group when its fourth has come.
 */
#include "reference_object.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct base64 {
  size_t characters;    /* so far, with padding */
  size_t padding;       /* `=` so far */
  size_t last_offset;   /* of the last character */
  unsigned accumulator; /* bits of the last characters */
  bool too_many;        /* the last group holds more bytes than the shape needs */
};

size_t sl_tensor_bytes_needed(const struct sl_tensor_object *object) {
  size_t total = object->total;
  if (object->encoding == SL_DATA_BITS) {
    return total / 8 + (total % 8 != 0);
  }
  size_t width = object->encoding == SL_DATA_F32 ? 4 : 8;
  return total > SIZE_MAX / width ? SIZE_MAX : total * width;
}

double sl_tensor_binary_value(const struct sl_tensor_object *object, size_t index) {
  if (object->encoding == SL_DATA_BITS) {
    return (object->bytes[index / 8] >> (7 - index % 8)) & 1;
  }
  size_t width = object->encoding == SL_DATA_F32 ? 4 : 8;
  uint64_t bits = 0;
  for (size_t i = width; i > 0; i--) {
    bits = bits << 8 | object->bytes[index * width + i - 1];
  }
  if (width == 4) {
    uint32_t half = (uint32_t)bits;
    float single;
    memcpy(&single, &half, sizeof single);
    return (double)single;
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

bool sl_tensor_bytes_check(struct sl_tensor_object *object, size_t bytes_so_far) {
  struct sl_reader *reader = object->reader;
  if (object->encoding == SL_DATA_BITS) {
    size_t spare = (8 - object->total % 8) % 8;
    unsigned last = object->bytes[bytes_so_far - 1];
    bool complete = bytes_so_far == sl_tensor_bytes_needed(object);
    if (complete && (last & ((1u << spare) - 1)) != 0) {
      return sl_reader_fail(reader, SL_NONZERO_PADDING, object->data_pointer, object->data_offset);
    }
    return true;
  }
  size_t width = object->encoding == SL_DATA_F32 ? 4 : 8;
  if (bytes_so_far % width == 0 &&
      !isfinite(sl_tensor_binary_value(object, bytes_so_far / width - 1))) {
    return sl_reader_fail(reader, SL_NOT_FINITE, object->data_pointer, object->data_offset);
  }
  return true;
}

static int alphabet_value(uint32_t character) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int i = 0; i < 64; i++) {
    if ((unsigned char)alphabet[i] == character) {
      return i;
    }
  }
  return -1;
}

static bool bad(struct sl_tensor_object *object, size_t offset) {
  return sl_reader_fail(object->reader, SL_BAD_BASE64, object->data_pointer, offset);
}

static bool wrong_length(struct sl_tensor_object *object) {
  return sl_reader_fail(object->reader, SL_LENGTH_MISMATCH, object->data_pointer,
                        object->data_offset);
}

static bool meaning_known(const struct sl_tensor_object *object) {
  return object->has_shape && object->has_encoding;
}

/* Whether all the groups that the shape needs are there, so that nothing more may come. */
static bool full(const struct sl_tensor_object *object, const struct base64 *base64) {
  size_t needed = sl_tensor_bytes_needed(object);
  return meaning_known(object) && base64->characters / 4 >= needed / 3 + (needed % 3 != 0);
}

/* The bytes of a group of four characters that is complete. */
static bool read_group(struct sl_tensor_object *object, struct base64 *base64) {
  for (unsigned i = 0; i < 3 - base64->padding; i++) {
    if (meaning_known(object) && object->byte_count == sl_tensor_bytes_needed(object)) {
      base64->too_many = true; /* certain, but the characters are still in their right places */
      return true;
    }
    object->bytes[object->byte_count++] =
        (unsigned char)(base64->accumulator >> (16 - 8 * i) & 0xFF);
    bool good = meaning_known(object)
                    ? sl_tensor_bytes_check(object, object->byte_count)
                    : sl_tensor_defer(object, object->byte_count, object->data_offset);
    if (!good) {
      return false;
    }
  }
  return true;
}

/* `=` fills up the last group: one behind three characters, two behind two. */
static bool read_padding(struct sl_tensor_object *object, struct base64 *base64, size_t start) {
  if (base64->characters % 4 < 2) {
    return bad(object, start);
  }
  unsigned spare = base64->padding > 0 ? 0 : base64->characters % 4 == 2 ? 0xF : 0x3;
  if ((base64->accumulator & spare) != 0) {
    return bad(object, base64->last_offset);
  }
  base64->padding++;
  return true;
}

static bool read_character(struct sl_tensor_object *object, struct base64 *base64) {
  struct sl_reader *reader = object->reader;
  size_t start = reader->at;
  int byte = sl_reader_peek(reader);
  uint32_t character = 0xFFFD;
  bool multibyte = byte >= 0xC2 && byte <= 0xF4; /* certain before the rest of it has come */
  if (!multibyte && !sl_reader_character(reader, &character)) {
    return false;
  }
  int value = character == '=' ? 0 : alphabet_value(character);
  if (base64->padding > 0 && (base64->characters % 4 == 0 || character != '=')) {
    return bad(object, start);
  }
  if (full(object, base64)) {
    return wrong_length(object);
  }
  if (value < 0) {
    return bad(object, start);
  }
  if (character == '=' && !read_padding(object, base64, start)) {
    return false;
  }
  base64->accumulator = base64->accumulator << 6 | (unsigned)value;
  base64->last_offset = start;
  base64->characters++;
  return base64->characters % 4 != 0 || read_group(object, base64);
}

bool sl_tensor_base64_read(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  struct base64 base64 = {0};
  object->kind = SL_DATA_TEXT;
  object->bytes = sl_must_allocate(reader->length - reader->at, 1);
  if (!sl_reader_take(reader)) {
    return false;
  }
  while (sl_reader_peek(reader) != '"') {
    if (!read_character(object, &base64)) {
      return false;
    }
  }
  if (base64.characters % 4 != 0) {
    return bad(object, reader->at);
  }
  bool too_few = meaning_known(object) && object->byte_count < sl_tensor_bytes_needed(object);
  if (too_few || base64.too_many) {
    return wrong_length(object);
  }
  return sl_reader_take(reader);
}
