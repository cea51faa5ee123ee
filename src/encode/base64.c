#include "encode/base64.h"

#include "core/checked.h"
#include "kernels/kernels.h"
#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Floats are laid out for so many pieces at a time: 24 KiB stay in a core's first cache. */
enum { STAGING_PIECES = 1024 };

bool sl_base64_measure(size_t *length, const struct sl_broadcast_view *view,
                       enum sl_float_width width) {
  size_t elements, bytes, rounded;
  return sl_checked_product(&elements, view->shape, view->rank) &&
         sl_checked_multiply(&bytes, elements, (size_t)width) &&
         sl_checked_add(&rounded, bytes, 2) && sl_checked_multiply(length, rounded / 3, 4);
}

bool sl_base64_holds(const double *values, size_t count, enum sl_float_width width) {
  if (width != SL_FLOAT32) {
    return true;
  }
  enum { PIECE = 256 };
  uint8_t singles[PIECE * SL_FLOAT32];
  bool finite = true;
  for (size_t first = 0; finite && first < count; first += PIECE) {
    finite =
        sl_kernels()->write_singles(singles, values + first, sl_min_size(count - first, PIECE));
  }
  return finite;
}

void sl_base64_start(struct sl_base64_reader *reader, const struct sl_broadcast_view *view,
                     enum sl_float_width width) {
  *reader = (struct sl_base64_reader){.iter = sl_broadcast_begin(view), .width = width};
  reader->left = reader->iter.spans * reader->iter.copies * reader->iter.row;
  sl_broadcast_next(&reader->iter, &reader->span);
}

/* Adding zero makes negative zero zero, as in text. */
static void write_floats(char *bytes, const double *values, size_t count,
                         enum sl_float_width width) {
  if (width == SL_FLOAT32) {
    sl_kernels()->write_singles((uint8_t *)bytes, values, count);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    double positive = values[i] + 0.0;
    uint64_t bits;
    memcpy(&bits, &positive, sizeof bits);
    bits = htole64(bits);
    memcpy(bytes + i * sizeof bits, &bits, sizeof bits);
  }
}

/* Copies floats of a table. Inline, so that the compiler knows the width. */
static inline void look_up_floats(char *bytes, const char *table, const uint8_t *indices,
                                  size_t count, size_t width) {
#pragma GCC unroll 8
  for (size_t i = 0; i < count; i++) {
    memcpy(bytes + i * width, table + indices[i] * width, width);
  }
}

static void encode_numbers(char *bytes, const struct sl_numbers *numbers, size_t first,
                           size_t count, enum sl_float_width width) {
  if (numbers->indices == NULL) {
    write_floats(bytes, numbers->values + first, count, width);
    return;
  }
  if (count < numbers->table_length) {
    double values[SL_INDEXED_NUMBERS];
    for (size_t i = 0; i < count; i++) {
      values[i] = sl_number_at(numbers, first + i);
    }
    write_floats(bytes, values, count, width);
    return;
  }
  char table[SL_INDEXED_NUMBERS * SL_FLOAT64];
  write_floats(table, numbers->values, numbers->table_length, width);
  if (width == SL_FLOAT32) {
    look_up_floats(bytes, table, numbers->indices + first, count, SL_FLOAT32);
  } else {
    look_up_floats(bytes, table, numbers->indices + first, count, SL_FLOAT64);
  }
}

/* Writes `count` values of a span's copies, from `position` on. */
static void write_copies(char *bytes, const struct sl_span *span, size_t position, size_t count,
                         enum sl_float_width width) {
  size_t first = position % span->count;
  size_t once = sl_min_size(count, span->count);
  size_t before_end = sl_min_size(once, span->count - first);
  encode_numbers(bytes, &span->numbers, first, before_end, width);
  if (once > before_end) {
    encode_numbers(bytes + before_end * (size_t)width, &span->numbers, 0, once - before_end, width);
  }
  sl_repeat_bytes(bytes, once * (size_t)width, count * (size_t)width);
}

static void write_next(struct sl_base64_reader *reader, char *bytes, size_t count) {
  while (count > 0) {
    size_t left = reader->span.count * reader->span.copies - reader->position;
    if (left == 0) {
      sl_broadcast_next(&reader->iter, &reader->span);
      reader->position = 0;
      continue;
    }
    size_t piece = sl_min_size(count, left);
    write_copies(bytes, &reader->span, reader->position, piece, reader->width);
    bytes += piece * (size_t)reader->width;
    reader->position += piece;
    count -= piece;
  }
}

size_t sl_base64_encode(char *text, unsigned char *bytes, size_t length) {
  size_t groups = (length + 2) / 3;
  size_t padding = 3 * groups - length;
  memset(bytes + length, 0, SL_BASE64_SPARE); /* of known length */
  sl_kernels()->encode_base64(text, bytes, groups);
  for (size_t i = 1; i <= padding; i++) {
    text[4 * groups - i] = '=';
  }
  return 4 * groups;
}

size_t sl_base64_write(char *text, const struct sl_numbers *numbers, size_t count,
                       enum sl_float_width width) {
  unsigned char bytes[SL_BASE64_AT_ONCE * SL_FLOAT64 + SL_BASE64_SPARE];
  encode_numbers((char *)bytes, numbers, 0, count, width);
  return sl_base64_encode(text, bytes, count * (size_t)width);
}

/* Encodes up to so many pieces; only the last of the tensor may be shorter. */
static size_t encode_pieces(struct sl_base64_reader *reader, char *text, size_t pieces) {
  unsigned char staging[STAGING_PIECES * SL_BASE64_PIECE + SL_BASE64_SPARE];
  pieces = sl_min_size(pieces, STAGING_PIECES);
  size_t count = sl_min_size(reader->left, pieces * SL_BASE64_PIECE / (size_t)reader->width);
  write_next(reader, (char *)staging, count);
  reader->left -= count;
  return sl_base64_encode(text, staging, count * (size_t)reader->width);
}

static size_t read_rest(struct sl_base64_reader *reader, char *text, size_t size) {
  size_t length = sl_min_size(size, reader->rest_length - reader->rest_position);
  memcpy(text, reader->rest + reader->rest_position, length);
  reader->rest_position += length;
  return length;
}

size_t sl_base64_read(struct sl_base64_reader *reader, char *text, size_t size) {
  size_t length = read_rest(reader, text, size);
  while (length < size && reader->left > 0) {
    size_t pieces = (size - length) / SL_BASE64_PIECE_TEXT;
    if (pieces > 0) {
      length += encode_pieces(reader, text + length, pieces);
    } else {
      reader->rest_length = encode_pieces(reader, reader->rest, 1);
      reader->rest_position = 0;
      length += read_rest(reader, text + length, size - length);
    }
  }
  return length;
}
