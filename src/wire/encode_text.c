#include "wire/encode_text.h"

#include "core/checked.h"
#include <stdint.h>
#include <string.h>

/*
 * Brackets and commas of nested arrays: each array of n elements has two brackets and n - 1 commas.
 * The elements themselves are not counted. A rank of 0 has neither.
 */
static bool nested_punctuation(size_t *result, const size_t *shape, size_t rank) {
  size_t arrays = 1;
  size_t total = 0;
  for (size_t axis = 0; axis < rank; axis++) {
    size_t elements, punctuation;
    if (!sl_checked_multiply(&elements, arrays, shape[axis]) ||
        !sl_checked_add(&punctuation, elements, arrays) ||
        !sl_checked_add(&total, total, punctuation)) {
      return false;
    }
    arrays = elements;
  }
  *result = total;
  return true;
}

static bool punctuation(size_t *result, const size_t *shape, size_t rank, bool nested) {
  if (nested) {
    return nested_punctuation(result, shape, rank);
  }
  size_t elements;
  return sl_checked_product(&elements, shape, rank) && sl_checked_add(result, elements, 1);
}

static size_t row_digits(const double *values, size_t count) {
  size_t digits = 0;
  for (size_t i = 0; i < count; i++) {
    digits += sl_cached_number(values[i])->length;
  }
  return digits;
}

/* Room for one row; rows of windows are bounded, not measured. Numbers are copied as whole places
 * of the cache, so that much must be free behind the last one. */
static bool unit_room(size_t *room, const struct sl_walk *walk, const struct sl_spread *spread,
                      size_t longest_row, bool nested) {
  if (walk->windowed) {
    size_t numbers = walk->row < SL_SPREAD_WINDOW ? walk->row : SL_SPREAD_WINDOW;
    *room = (numbers + 1) * (SL_NUMBER_TEXT_MAX + 2 * SL_MAX_RANK + 1);
    return true;
  }
  size_t marks;
  return punctuation(&marks, spread->shape + walk->row_axis, spread->rank - walk->row_axis,
                     nested) &&
         sl_checked_add(room, longest_row, marks) && sl_checked_add(room, *room, SL_NUMBER_COPY);
}

bool sl_text_measure(struct sl_stream_size *size, const struct sl_spread *spread, bool nested) {
  size_t elements, marks;
  if (!sl_checked_product(&elements, spread->shape, spread->rank) ||
      !punctuation(&marks, spread->shape, spread->rank, nested)) {
    return false;
  }
  struct sl_walk walk = sl_walk_plan(spread);
  size_t digits = 0;
  size_t longest_row = 0;
  for (size_t first = 0; first < spread->count; first += walk.row) {
    size_t row = row_digits(spread->values + first, walk.row);
    digits += row;
    longest_row = row > longest_row ? row : longest_row;
  }
  /* Every small value stands in the answer equally often. */
  return sl_checked_multiply(&digits, digits, elements / spread->count) &&
         sl_checked_add(&size->length, digits, marks) &&
         unit_room(&size->unit, &walk, spread, longest_row, nested);
}

size_t sl_text_most_unit(const struct sl_spread *spread, bool nested) {
  struct sl_walk walk = sl_walk_plan(spread);
  size_t longest_row = walk.row * SL_NUMBER_TEXT_MAX; /* the numbers stand in memory: no overflow */
  size_t room;
  return unit_room(&room, &walk, spread, longest_row, nested) ? room : SIZE_MAX / 2;
}

static char *write_repeated(char *text, char character, size_t count) {
  memset(text, character, count);
  return text + count;
}

/* `ended` arrays end here and as many begin. */
static char *write_separator(char *text, size_t ended) {
  text = write_repeated(text, ']', ended);
  *text++ = ',';
  return write_repeated(text, '[', ended);
}

/* What stands in front of the next block; behind the last one, what closes the tensor. */
static void set_between(struct sl_text_stream *stream) {
  const struct sl_walk *walk = &stream->walk;
  size_t brackets = stream->nested ? walk->outer_rank : 1;
  char *end = stream->between;
  if (stream->next_block == 0) {
    end = write_repeated(end, '[', brackets);
  } else if (stream->next_block == walk->blocks) {
    end = write_repeated(end, ']', brackets);
  } else {
    size_t index = stream->next_block * (walk->windowed ? SL_SPREAD_WINDOW : 1);
    end = write_separator(
        end, stream->nested ? sl_arrays_ended(index, stream->spread.shape, walk->outer_rank) : 0);
  }
  stream->between_length = (size_t)(end - stream->between);
  stream->between_position = 0;
}

void sl_text_start(struct sl_text_stream *stream, const struct sl_spread *spread, bool nested,
                   struct sl_repeated_block *block) {
  *stream = (struct sl_text_stream){
      .spread = *spread,
      .walk = sl_walk_plan(spread),
      .nested = nested,
      .block = block,
  };
  block->commas = true;
  block->brackets = nested;
  set_between(stream);
}

/* The number and a comma. Copies what a number has at most: a fixed size is faster than just
 * enough. */
static char *write_number(char *text, double value) {
  const struct sl_cached_number *number = sl_cached_number(value);
  memcpy(text, number->text, sizeof number->text);
  return text + number->length + 1;
}

/* Values with commas between them. */
static char *write_flat(char *text, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    text = write_number(text, values[i]);
  }
  return text - 1;
}

char *sl_text_write_list(char *text, const double *values, size_t count) {
  *text++ = '[';
  text = write_flat(text, values, count);
  *text++ = ']';
  return text;
}

/* Formats the values of a run with the commas and brackets between them; returns the end. */
static char *write_values(char *text, struct sl_text_stream *stream, struct sl_run run) {
  const size_t *shape = stream->spread.shape + stream->walk.row_axis;
  size_t rank = stream->nested ? stream->spread.rank - stream->walk.row_axis : 0;
  const double *values = stream->spread.values + run.first;
  if (rank < 2) {
    return write_flat(text, values, run.count);
  }
  size_t row = shape[rank - 1];
  size_t row_first = stream->walk.windowed ? run.first : 0;
  for (size_t done = 0; done < run.count;) {
    if (done > 0) {
      text = write_separator(text, sl_arrays_ended(row_first + done, shape, rank));
    }
    size_t left_in_row = row - (row_first + done) % row;
    size_t left = run.count - done;
    size_t count = left < left_in_row ? left : left_in_row;
    text = write_flat(text, values + done, count);
    done += count;
  }
  return text;
}

static void start_block(struct sl_text_stream *stream, size_t block) {
  const struct sl_walk *walk = &stream->walk;
  const struct sl_spread *spread = &stream->spread;
  size_t brackets = stream->nested && !walk->windowed ? spread->rank - walk->row_axis : 0;
  char *end = write_repeated(stream->block->bytes, '[', brackets);
  end = write_values(end, stream, sl_walk_block(walk, spread, block));
  end = write_repeated(end, ']', brackets);

  size_t counts[SL_MAX_RANK];
  size_t levels = sl_walk_repeats(counts, walk, spread, stream->nested);
  sl_block_start(stream->block, (size_t)(end - stream->block->bytes), counts, levels);
}

/* Bytes of the bracket-and-comma text in front of the next block. */
static size_t read_between(struct sl_text_stream *stream, char *bytes, size_t room) {
  size_t left = stream->between_length - stream->between_position;
  size_t length = left < room ? left : room;
  memcpy(bytes, stream->between + stream->between_position, length);
  stream->between_position += length;
  return length;
}

/* The tensor is text between blocks and blocks in turn. False: it is at its end. */
static bool advance(struct sl_text_stream *stream) {
  if (stream->in_block) {
    stream->in_block = false;
    set_between(stream);
    return true;
  }
  if (stream->next_block == stream->walk.blocks) {
    return false;
  }
  start_block(stream, stream->next_block++);
  stream->in_block = true;
  return true;
}

size_t sl_text_read(struct sl_text_stream *stream, char *bytes, size_t room) {
  size_t length = 0;
  while (length < room) {
    size_t copied = stream->in_block ? sl_block_read(stream->block, bytes + length, room - length)
                                     : read_between(stream, bytes + length, room - length);
    if (copied == 0 && !advance(stream)) {
      break;
    }
    length += copied;
  }
  return length;
}
