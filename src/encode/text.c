#include "encode/text.h"

#include "core/checked.h"
#include <string.h>

/* Numbers that are formatted at a time. */
enum { PIECE = 512 };

/* Short units are copied until they fill this: long enough to be copied at full speed, short enough
 * to stay in a core's own cache. A piece fits too, with all the brackets there may be. */
enum { TILE = 32 * 1024 };
_Static_assert(PIECE *(SL_NUMBER_TEXT_MAX + 1 + 2 * SL_MAX_RANK) <= TILE, "a piece fits");

/* Numbers are copied as whole slots of the cache: that much is written after the last. */
enum { SLACK = SL_NUMBER_COPY + 1 };

/*
 * Counts the brackets and commas of nested arrays: each array of n elements has two brackets and n
 * - 1 commas. The elements themselves are not counted. A rank of 0 has neither.
 */
static bool punctuation(size_t *result, const size_t *shape, size_t rank) {
  size_t arrays = 1;
  size_t total = 0;
  for (size_t axis = 0; axis < rank; axis++) {
    size_t elements, marks;
    if (!sl_checked_multiply(&elements, arrays, shape[axis]) ||
        !sl_checked_add(&marks, elements, arrays) || !sl_checked_add(&total, total, marks)) {
      return false;
    }
    arrays = elements;
  }
  *result = total;
  return true;
}

/* With indices, `lengths` has those of the table. */
static size_t row_digits(const struct sl_numbers *numbers, const unsigned char *lengths,
                         size_t first, size_t count) {
  size_t digits = 0;
  for (size_t i = first; i < first + count; i++) {
    digits += numbers->indices != NULL ? lengths[numbers->indices[i]]
                                       : sl_cached_number(numbers->values[i])->length;
  }
  return digits;
}

bool sl_text_measure(struct sl_text_size *size, const struct sl_broadcast_view *view, bool nested) {
  size_t elements, marks;
  if (!sl_checked_product(&elements, view->shape, view->rank) ||
      !punctuation(&marks, nested ? view->shape : &elements, nested ? view->rank : 1)) {
    return false;
  }
  unsigned char lengths[SL_INDEXED_NUMBERS];
  for (size_t i = 0; i < view->numbers.table_length; i++) {
    lengths[i] = sl_cached_number(view->numbers.values[i])->length;
  }
  struct sl_broadcast_iter iter = sl_broadcast_begin(view);
  size_t digits = 0;
  size_t longest_row = 0;
  for (size_t first = 0; first < view->count; first += iter.row) {
    size_t row = row_digits(&view->numbers, lengths, first, iter.row);
    digits += row;
    longest_row = row > longest_row ? row : longest_row;
  }
  size_t row_rank = view->rank - iter.row_axis;
  const size_t *row_shape = nested ? view->shape + iter.row_axis : &iter.row;
  /* Every small value is in the answer equally often. */
  return sl_checked_multiply(&digits, digits, elements / view->count) &&
         sl_checked_add(&size->length, digits, marks) &&
         punctuation(&marks, row_shape, nested ? row_rank : 1) &&
         sl_checked_add(&size->row, longest_row, marks);
}

size_t sl_text_memory(const struct sl_text_size *size, size_t max_kept) {
  size_t wanted = size->row > TILE && size->row <= max_kept ? size->row : TILE;
  return sl_min_size(wanted, size->length) + SLACK;
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

/* Returns how many arrays end just before element `index` (not 0) of a tensor of this shape. */
static size_t arrays_ended(size_t index, const size_t *shape, size_t rank) {
  size_t ended = 0;
  for (size_t axis = rank; axis > 1 && index % shape[axis - 1] == 0; axis--) {
    index /= shape[axis - 1];
    ended++;
  }
  return ended;
}

/* Writes a number with a comma after it. Copies the maximum size of a number: a fixed size is
 * faster than just enough. */
static inline char *write_cached(char *text, const struct sl_cached_number *number) {
  memcpy(text, number->text, sizeof number->text);
  return text + number->length + 1;
}

/* Writes numbers that have indices: those of the table are formatted before. */
static char *write_indexed(char *text, const struct sl_numbers *numbers, size_t first,
                           size_t count) {
  struct sl_cached_number table[SL_INDEXED_NUMBERS];
  for (size_t i = 0; i < numbers->table_length; i++) {
    table[i] = *sl_cached_number(numbers->values[i]);
  }
  for (size_t i = first; i < first + count; i++) {
    text = write_cached(text, &table[numbers->indices[i]]);
  }
  return text;
}

static char *write_numbers(char *text, const struct sl_numbers *numbers, size_t first,
                           size_t count) {
  if (numbers->indices != NULL && count > numbers->table_length) {
    return write_indexed(text, numbers, first, count);
  }
  for (size_t i = first; i < first + count; i++) {
    text = write_cached(text, sl_cached_number(sl_number_at(numbers, i)));
  }
  return text;
}

char *sl_text_write_list(char *text, const struct sl_numbers *numbers, size_t count) {
  *text++ = '[';
  text = write_numbers(text, numbers, 0, count);
  text[-1] = ']';
  return text;
}

static void set_mark(struct sl_text_reader *reader) {
  size_t brackets = reader->nested ? reader->unit_axis : 1;
  char *end = reader->mark;
  if (reader->unit == 0) {
    end = write_repeated(end, '[', brackets);
  } else if (reader->unit == reader->units) {
    end = write_repeated(end, ']', brackets);
  } else {
    end = write_separator(
        end, reader->nested ? arrays_ended(reader->unit, reader->iter.view.shape, brackets) : 0);
  }
  reader->mark_length = (size_t)(end - reader->mark);
  reader->mark_position = 0;
}

static void start_unit(struct sl_text_reader *reader) {
  set_mark(reader);
  reader->position = 0;
  bool next_span = reader->unit % reader->copies == 0;
  if (next_span) {
    sl_broadcast_next(&reader->iter, &reader->span);
  }
  if (next_span || !reader->kept) {
    reader->formatted = 0;
    reader->skipped = 0;
    reader->filled = 0;
    reader->whole = false;
  }
}

/* Returns the length of a nested array of `count` units. */
static size_t array_length(size_t unit, size_t count) {
  return count * (unit + 1) + 1;
}

/* Copies of a short row are put together to units as long as a tile has space for them. */
static void choose_unit(struct sl_text_reader *reader, size_t longest_row) {
  const struct sl_broadcast_iter *iter = &reader->iter;
  const size_t *shape = iter->view.shape;
  reader->unit_axis = iter->row_axis;
  reader->copies = iter->copies;
  reader->line = iter->copies;
  if (reader->nested) {
    size_t unit = longest_row;
    while (iter->row <= PIECE && reader->unit_axis > iter->outer_rank &&
           shape[reader->unit_axis - 1] < TILE / (unit + 1)) {
      size_t count = shape[--reader->unit_axis];
      unit = array_length(unit, count);
      reader->copies /= count;
    }
    reader->line = reader->unit_axis > iter->outer_rank ? shape[reader->unit_axis - 1] : 1;
  }
  reader->units = iter->spans * reader->copies;
}

void sl_text_start(struct sl_text_reader *reader, const struct sl_broadcast_view *view, bool nested,
                   const struct sl_text_size *size, char *memory, size_t capacity) {
  *reader =
      (struct sl_text_reader){.iter = sl_broadcast_begin(view), .nested = nested, .memory = memory};
  choose_unit(reader, size->row);
  reader->kept = reader->copies > 1 && size->row + SLACK <= capacity;
  start_unit(reader);
}

/* Formats the next values of the row, after what is in memory. */
static void format_values(struct sl_text_reader *reader, size_t count) {
  const struct sl_span *span = &reader->span;
  const size_t *shape = reader->iter.view.shape + reader->iter.row_axis;
  size_t rank = reader->nested ? reader->iter.view.rank - reader->iter.row_axis : 0;
  size_t innermost = rank > 0 ? shape[rank - 1] : span->count;
  char *end = reader->memory + reader->filled;
  if (reader->formatted == 0) {
    end = write_repeated(end, '[', rank);
  }
  while (count > 0) {
    size_t piece = sl_min_size(count, innermost - reader->formatted % innermost);
    end = write_numbers(end, &span->numbers, reader->formatted, piece);
    reader->formatted += piece;
    count -= piece;
    if (reader->formatted == span->count) {
      end = write_repeated(end - 1, ']', rank);
      reader->whole = true;
    } else if (reader->formatted % innermost == 0) {
      end = write_separator(end - 1, arrays_ended(reader->formatted, shape, rank));
    }
  }
  reader->filled = (size_t)(end - reader->memory);
}

/* Makes what is in memory an array of `count` copies of it. */
static void wrap_copies(struct sl_text_reader *reader, size_t count) {
  char *memory = reader->memory;
  size_t period = reader->filled + 1;
  memmove(memory + 1, memory, reader->filled);
  memory[0] = '[';
  memory[period] = ',';
  sl_repeat_bytes(memory + 1, period, count * period);
  memory[count * period] = ']';
  reader->filled = array_length(reader->filled, count);
}

/* Copies of a whole unit, as many as a tile and the line have space for. */
static void fill_tile(struct sl_text_reader *reader) {
  size_t period = reader->filled + 1;
  size_t copies = sl_min_size(TILE / period, reader->line);
  reader->tile = copies > 1 ? copies * period : period;
  reader->memory[reader->filled] = ',';
  sl_repeat_bytes(reader->memory, period, reader->tile);
}

static void format_piece(struct sl_text_reader *reader) {
  if (!reader->kept) {
    reader->skipped += reader->filled;
    reader->filled = 0;
  }
  format_values(reader, sl_min_size(PIECE, reader->span.count - reader->formatted));
  for (size_t axis = reader->iter.row_axis; axis > reader->unit_axis; axis--) {
    wrap_copies(reader, reader->iter.view.shape[axis - 1]);
  }
  if (reader->whole && reader->kept) {
    fill_tile(reader);
  }
}

static size_t read_mark(struct sl_text_reader *reader, char *bytes, size_t size) {
  size_t length = sl_min_size(size, reader->mark_length - reader->mark_position);
  memcpy(bytes, reader->mark + reader->mark_position, length);
  reader->mark_position += length;
  return length;
}

/* Reads bytes of the unit that are in memory; of a whole one, of its copies in the same line
 * too. */
static size_t read_unit(struct sl_text_reader *reader, char *bytes, size_t size) {
  size_t end = reader->skipped + reader->filled;
  if (!reader->whole || !reader->kept) {
    size_t length = sl_min_size(size, end - reader->position);
    memcpy(bytes, reader->memory + (reader->position - reader->skipped), length);
    reader->position += length;
    return length;
  }
  size_t period = end + 1;
  size_t copies = reader->line - reader->unit % reader->line;
  size_t left = copies * period - 1 - reader->position;
  size_t length = sl_min_size(size, sl_min_size(left, reader->tile - reader->position));
  memcpy(bytes, reader->memory + reader->position, length);
  reader->unit += (reader->position + length) / period;
  reader->position = (reader->position + length) % period;
  return length;
}

size_t sl_text_read(struct sl_text_reader *reader, char *bytes, size_t size) {
  size_t length = read_mark(reader, bytes, size);
  while (length < size && reader->unit < reader->units) {
    if (reader->position < reader->skipped + reader->filled) {
      length += read_unit(reader, bytes + length, size - length);
    } else if (!reader->whole) {
      format_piece(reader);
    } else {
      reader->unit++;
      start_unit(reader);
      length += read_mark(reader, bytes + length, size - length);
    }
  }
  return length;
}
