/*
 * A broadcast tensor as base64 of its little-endian floats in row-major order, made while it is
 * read. Takes no memory: floats are converted again for every copy of a row.
 */
#ifndef SPIKELOSS_ENCODE_BASE64_H
#define SPIKELOSS_ENCODE_BASE64_H

#include "encode/broadcast.h"
#include <stdbool.h>
#include <stddef.h>

enum sl_float_width { SL_FLOAT32 = 4, SL_FLOAT64 = 8 };

/* Computes the length of the text. Returns false if it is more than a size can count. */
bool sl_base64_measure(size_t *length, const struct sl_broadcast_view *view,
                       enum sl_float_width width);

/* Returns whether every finite value is still finite in floats of that width (0: in text). */
bool sl_base64_holds(const double *values, size_t count, enum sl_float_width width);

/* Returns the length of the base64 of that many bytes. */
static inline size_t sl_base64_length(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/* Writes the base64 of bytes and returns its length. Clears SL_BASE64_SPARE bytes after them. */
enum { SL_BASE64_SPARE = 2 };
size_t sl_base64_encode(char *text, unsigned char *bytes, size_t length);

/* Writes up to so many values at once, as the text that sl_base64_measure measures; returns its
 * length. */
enum { SL_BASE64_AT_ONCE = 512 };
size_t sl_base64_write(char *text, const struct sl_numbers *numbers, size_t count,
                       enum sl_float_width width);

/* The smallest piece of whole floats, of either width, that is whole groups of base64 too. */
enum { SL_BASE64_PIECE = 24, SL_BASE64_PIECE_TEXT = 32 };

struct sl_base64_reader {
  struct sl_broadcast_iter iter;
  struct sl_span span;
  size_t position; /* of the next value, among all copies of the span */
  size_t left;     /* values to encode, of the whole tensor */
  enum sl_float_width width;
  char rest[SL_BASE64_PIECE_TEXT]; /* a piece of which the last read took a part */
  size_t rest_length;
  size_t rest_position;
};

void sl_base64_start(struct sl_base64_reader *reader, const struct sl_broadcast_view *view,
                     enum sl_float_width width);

/* Writes the next characters, up to `size`; returns how many: fewer only at the end. */
size_t sl_base64_read(struct sl_base64_reader *reader, char *text, size_t size);

#endif
