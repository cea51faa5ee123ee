#include "wire/encode_base64.h"

#include "core/checked.h"
#include <endian.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

bool sl_base64_measure(struct sl_stream_size *size, const struct sl_spread *spread,
                       enum sl_float_width width) {
  size_t elements, bytes, rounded;
  if (!sl_checked_product(&elements, spread->shape, spread->rank) ||
      !sl_checked_multiply(&bytes, elements, (size_t)width) ||
      !sl_checked_add(&rounded, bytes, 2)) {
    return false;
  }
  struct sl_walk walk = sl_walk_plan(spread);
  bool short_windows = walk.windowed && walk.row > SL_SPREAD_WINDOW;
  size->unit = (short_windows ? SL_SPREAD_WINDOW : walk.row) * (size_t)width;
  return sl_checked_multiply(&size->length, rounded / 3, 4);
}

bool sl_base64_holds(const struct sl_spread *spread, enum sl_float_width width) {
  if (width == SL_FLOAT64) {
    return true;
  }
  for (size_t i = 0; i < spread->count; i++) {
    if (isinf((float)spread->values[i])) {
      return false;
    }
  }
  return true;
}

void sl_base64_start(struct sl_base64_stream *stream, const struct sl_spread *spread,
                     enum sl_float_width width, struct sl_repeated_block *block,
                     struct sl_base64_stage *stage) {
  *stream = (struct sl_base64_stream){
      .spread = *spread,
      .walk = sl_walk_plan(spread),
      .width = width,
      .block = block,
      .stage = stage,
  };
  block->commas = false;
  block->brackets = false;
}

/* Adding zero makes negative zero zero, as in text. */
static void write_float32(char *bytes, double value) {
  float single = (float)value + 0.0f;
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  bits = htole32(bits);
  memcpy(bytes, &bits, sizeof bits);
}

static void write_float64(char *bytes, double value) {
  double positive = value + 0.0;
  uint64_t bits;
  memcpy(&bits, &positive, sizeof bits);
  bits = htole64(bits);
  memcpy(bytes, &bits, sizeof bits);
}

static void start_block(struct sl_base64_stream *stream, size_t block) {
  struct sl_run run = sl_walk_block(&stream->walk, &stream->spread, block);
  const double *values = stream->spread.values + run.first;
  char *bytes = stream->block->bytes;
  for (size_t i = 0; i < run.count; i++) {
    if (stream->width == SL_FLOAT32) {
      write_float32(bytes + i * SL_FLOAT32, values[i]);
    } else {
      write_float64(bytes + i * SL_FLOAT64, values[i]);
    }
  }
  size_t counts[SL_MAX_RANK];
  size_t levels = sl_walk_repeats(counts, &stream->walk, &stream->spread, false);
  sl_block_start(stream->block, run.count * (size_t)stream->width, counts, levels);
}

/* The next bytes of the floats; fewer than `room` only at the end. */
static size_t read_floats(struct sl_base64_stream *stream, unsigned char *bytes, size_t room) {
  size_t length = 0;
  while (length < room) {
    size_t copied =
        stream->in_block ? sl_block_read(stream->block, (char *)bytes + length, room - length) : 0;
    if (copied == 0) {
      if (stream->next_block == stream->walk.blocks) {
        break;
      }
      start_block(stream, stream->next_block++);
      stream->in_block = true;
    }
    length += copied;
  }
  return length;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(char text[4], const unsigned char bytes[3]) {
  uint32_t group = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
  text[0] = alphabet[group >> 18];
  text[1] = alphabet[group >> 12 & 63];
  text[2] = alphabet[group >> 6 & 63];
  text[3] = alphabet[group & 63];
}

/* Encodes bytes of which only the last may be fewer than three; returns the text's length. */
static size_t encode_base64(char *text, const unsigned char *bytes, size_t length) {
  size_t whole = length / 3;
  for (size_t i = 0; i < whole; i++) {
    encode_group(text + 4 * i, bytes + 3 * i);
  }
  size_t rest = length % 3;
  if (rest == 0) {
    return 4 * whole;
  }
  unsigned char last[3] = {0};
  memcpy(last, bytes + 3 * whole, rest);
  encode_group(text + 4 * whole, last);
  memset(text + 4 * whole + 1 + rest, '=', 3 - rest);
  return 4 * whole + 4;
}

static void fill_stage(struct sl_base64_stream *stream) {
  size_t length = read_floats(stream, stream->stage->bytes, sizeof stream->stage->bytes);
  stream->text_length = encode_base64(stream->stage->text, stream->stage->bytes, length);
  stream->text_position = 0;
}

size_t sl_base64_read(struct sl_base64_stream *stream, char *text, size_t room) {
  size_t length = 0;
  while (length < room) {
    if (stream->text_position == stream->text_length) {
      fill_stage(stream);
      if (stream->text_length == 0) {
        break;
      }
    }
    size_t left = stream->text_length - stream->text_position;
    size_t copied = left < room - length ? left : room - length;
    memcpy(text + length, stream->stage->text + stream->text_position, copied);
    stream->text_position += copied;
    length += copied;
  }
  return length;
}
