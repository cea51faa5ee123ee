/*
 * A spread tensor as JSON text, nested in its own brackets or flat, made while it is read.
 *
 * Each distinct row is formatted once, when the stream reaches its block, and then copied as often
 * as it repeats. The block is workspace that the caller lends.
 */
#ifndef SPIKELOSS_WIRE_ENCODE_TEXT_H
#define SPIKELOSS_WIRE_ENCODE_TEXT_H

#include "wire/repeated_block.h"
#include "wire/spread.h"
#include "json/number_cache.h"
#include <spikeloss/spikes.h>
#include <stdbool.h>
#include <stddef.h>

/* What a stream will give and need. */
struct sl_stream_size {
  size_t length; /* exact, in bytes */
  size_t unit;   /* room for its longest row */
};

/* Formats every distinct number once. False: more bytes than a size can count. */
bool sl_text_measure(struct sl_stream_size *size, const struct sl_spread *spread, bool nested);

/* The most that `unit` can be, without a look at any number. */
size_t sl_text_most_unit(const struct sl_spread *spread, bool nested);

/* Room that sl_text_write_list needs. `count` is below SIZE_MAX / 32. */
static inline size_t sl_text_list_room(size_t count) {
  return count * (SL_NUMBER_TEXT_MAX + 1) + SL_NUMBER_COPY + 2;
}

/* Writes the numbers as one list, "[1,2,3]"; returns its end. */
char *sl_text_write_list(char *text, const double *values, size_t count);

struct sl_text_stream {
  struct sl_spread spread;
  struct sl_walk walk;
  bool nested;
  struct sl_repeated_block *block; /* lent */
  size_t next_block;
  bool in_block;                     /* `block` has the bytes of block next_block - 1 */
  char between[2 * SL_MAX_RANK + 1]; /* the brackets and comma between two blocks */
  size_t between_length;
  size_t between_position;
};

void sl_text_start(struct sl_text_stream *stream, const struct sl_spread *spread, bool nested,
                   struct sl_repeated_block *block);

/* Writes the next bytes, at most `room`; returns how many: fewer only at the end. */
size_t sl_text_read(struct sl_text_stream *stream, char *bytes, size_t room);

#endif
