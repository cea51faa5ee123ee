/*
 * A spread tensor as base64 of its little-endian floats in row-major order, made while it is read.
 *
 * Floats are laid out like text (each distinct row once, then copied) and turned into base64 a
 * stage at a time. The block and the stage are workspace that the caller lends.
 */
#ifndef SPIKELOSS_WIRE_ENCODE_BASE64_H
#define SPIKELOSS_WIRE_ENCODE_BASE64_H

#include "wire/encode_text.h"
#include "wire/repeated_block.h"
#include "wire/spread.h"
#include <stdbool.h>
#include <stddef.h>

enum sl_float_width { SL_FLOAT32 = 4, SL_FLOAT64 = 8 };

/* Three bytes become four characters. */
enum { SL_BASE64_GROUPS = 8192 };
struct sl_base64_stage {
  unsigned char bytes[3 * SL_BASE64_GROUPS];
  char text[4 * SL_BASE64_GROUPS];
};

/* False: more bytes than a size can count. */
bool sl_base64_measure(struct sl_stream_size *size, const struct sl_spread *spread,
                       enum sl_float_width width);

/* Whether every finite value is still finite in floats of that width. */
bool sl_base64_holds(const struct sl_spread *spread, enum sl_float_width width);

struct sl_base64_stream {
  struct sl_spread spread;
  struct sl_walk walk;
  enum sl_float_width width;
  struct sl_repeated_block *block; /* lent */
  struct sl_base64_stage *stage;   /* lent */
  size_t next_block;
  bool in_block;        /* `block` has the bytes of block next_block - 1 */
  size_t text_length;   /* of the characters that stand in the stage */
  size_t text_position; /* of the next of them */
};

void sl_base64_start(struct sl_base64_stream *stream, const struct sl_spread *spread,
                     enum sl_float_width width, struct sl_repeated_block *block,
                     struct sl_base64_stage *stage);

/* Writes the next characters, at most `room`; returns how many: fewer only at the end. */
size_t sl_base64_read(struct sl_base64_stream *stream, char *text, size_t room);

#endif
