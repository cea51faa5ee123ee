/*
 * A broadcast tensor as JSON text, nested in its own brackets or flat, made while it is read.
 *
 * The text is a sequence of units with commas and brackets between them. A unit is the text of a
 * row, or of several short copies of it. It is formatted piece by piece: its bytes are read as they
 * are formatted, and kept for its copies along time. A row that is too long to be kept is formatted
 * again for every copy.
 */
#ifndef SPIKELOSS_ENCODE_TEXT_H
#define SPIKELOSS_ENCODE_TEXT_H

#include "encode/broadcast.h"
#include "spikes/spikes.h"
#include "json/number_format.h"
#include <stdbool.h>
#include <stddef.h>

struct sl_text_size {
  size_t length; /* exact, in bytes */
  size_t row;    /* of the longest row */
};

/* Formats every small value once. False: more bytes than a size can count. */
bool sl_text_measure(struct sl_text_size *size, const struct sl_broadcast_view *view, bool nested);

/* Returns the memory that a reader wants to keep a row in, at most about `max_kept` bytes. */
size_t sl_text_memory(const struct sl_text_size *size, size_t max_kept);

/* Memory for sl_text_write_list. `count` is below SIZE_MAX / 32. */
static inline size_t sl_text_list_memory(size_t count) {
  return count * (SL_NUMBER_TEXT_MAX + 1) + SL_NUMBER_COPY + 2;
}

/* Writes the numbers as one list, "[1,2,3]"; returns its end. */
char *sl_text_write_list(char *text, const struct sl_numbers *numbers, size_t count);

struct sl_text_reader {
  struct sl_broadcast_iter iter;
  bool nested;
  size_t unit_axis; /* nested: axes [unit_axis, rank) are a unit */
  size_t units;
  size_t copies; /* successive units that are equal */
  size_t line;   /* units in a row of the array around them: only commas are between these */
  bool kept;     /* whole units are kept for their copies */

  /* The unit that is being read. */
  size_t unit;
  size_t position; /* of the next byte in it */
  struct sl_span span;
  size_t formatted; /* values of the row */
  char *memory;     /* not owned */
  size_t skipped;   /* bytes of the unit that came before those in memory */
  size_t filled;    /* bytes of it in memory */
  bool whole;       /* they are its last */
  size_t tile;      /* if whole and kept: bytes in memory with further copies, a comma after each */

  /* What comes before the unit; after the last one, what closes the tensor. */
  char mark[2 * SL_MAX_RANK + 1];
  size_t mark_length;
  size_t mark_position;
};

/* `memory` is of `capacity` bytes, at least what sl_text_memory says. */
void sl_text_start(struct sl_text_reader *reader, const struct sl_broadcast_view *view, bool nested,
                   const struct sl_text_size *size, char *memory, size_t capacity);

/* Writes the next bytes, up to `size`; returns how many: fewer only at the end. */
size_t sl_text_read(struct sl_text_reader *reader, char *bytes, size_t size);

#endif
