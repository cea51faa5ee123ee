/*
 * Graded values, the fast way: numbers with the commas and brackets between them straight from the
 * text, over the ends of rows and of arrays of rows, as long as everything is where it must be.
 *
 *     0.25,0.5],[0.125,-1.5e-3,1],[…]],[[0.75,…
 *
 * Whatever else comes is left to the events, which know exactly what is wrong and where.
 */
#include "decode/tensor.h"

#include <math.h>
#include <string.h>

enum { BLOCK_VALUES = 256, MIN_BLOCK_VALUES = 64 };

/* How far the text has been read: an array of rows is the one that is open around the rows. */
struct progress {
  const char *at, *end;
  enum sl_json_state state;
  bool in_row;
  uint64_t column, row, array;
};

/* Returns the byte after the next one, white space left out, if that is this one; else NULL. */
static inline const char *after_byte(const char *at, const char *end, char byte) {
  while (at < end && *at != byte && sl_is_space(*at)) {
    at++;
  }
  return at < end && *at == byte ? at + 1 : NULL;
}

static size_t rows_level(const struct sl_nested *nested) {
  return nested->around + nested->rank - 2;
}

static struct progress begin_progress(const struct sl_nested *nested, struct sl_reading *reading,
                                      const struct sl_input *input) {
  const struct sl_json *json = &reading->json;
  size_t level = rows_level(nested);
  bool in_row = json->depth == nested->around + nested->rank;
  return (struct progress){
      .at = input->at,
      .end = input->end,
      .state = json->state,
      .in_row = in_row,
      .column = in_row ? json->levels[json->depth - 1].index : 0,
      .row = nested->rank > 1 ? json->levels[level].index : 0,
      .array = nested->rank > 2 ? json->levels[level - 1].index : 0,
  };
}

static void end_progress(const struct sl_nested *nested, struct sl_reading *reading,
                         const struct progress *progress, struct sl_input *input) {
  struct sl_json *json = &reading->json;
  size_t level = rows_level(nested);
  json->state = progress->state;
  json->depth = nested->around + nested->rank - !progress->in_row;
  if (nested->rank > 1) {
    json->levels[level].index = progress->row;
  }
  if (nested->rank > 2) {
    json->levels[level - 1].index = progress->array;
  }
  if (progress->in_row) {
    json->levels[json->depth - 1] = (struct sl_json_level){.index = progress->column};
  }
  input->at = progress->at;
}

/* Goes on after the bracket of a row: to the next row, or to the first of the next array. */
static bool go_to_next_row(const struct sl_nested *nested, struct progress *progress,
                           bool may_begin_array) {
  size_t level = nested->rank - 2;
  size_t rows = nested->length[level];
  size_t arrays = level > 0 ? nested->length[level - 1] : 1;
  bool is_last = rows > 0 && progress->row + 1 >= rows;
  bool may_go_on = !is_last || (may_begin_array && (arrays == 0 || progress->array + 1 < arrays));
  const char *at = may_go_on ? progress->at : NULL;
  if (at != NULL && is_last) {
    at = after_byte(at, progress->end, ']');
  }
  if (at != NULL) {
    at = after_byte(at, progress->end, ',');
  }
  if (at != NULL && is_last) {
    at = after_byte(at, progress->end, '[');
  }
  progress->in_row = false;
  progress->column = 0;
  progress->state = at == NULL ? SL_JSON_AFTER_VALUE
                    : is_last  ? SL_JSON_FIRST_VALUE
                               : SL_JSON_VALUE;
  if (at == NULL) {
    return false;
  }
  progress->at = at;
  progress->row = is_last ? 0 : progress->row + 1;
  progress->array += is_last;
  return true;
}

/* Reads values of one row, which may begin and end. Returns how many; fewer than it could be where
 * the rest is left to the events. */
static size_t read_part_of_row(struct progress *progress, double *values, size_t count,
                               bool closes) {
  const char *at = progress->at;
  if (!progress->in_row) {
    at = after_byte(at, progress->end, '[');
  }
  size_t taken =
      at != NULL ? sl_number_run(&at, progress->end, values, count, closes ? ']' : ',') : 0;
  if (taken > 0) {
    progress->at = at;
    progress->in_row = true;
    progress->column += taken;
    progress->state = SL_JSON_VALUE;
  }
  return taken;
}

/* Returns how many values to read: about as many as come before the kernel is offered text again,
 * since where that finds something it is much faster. */
static size_t values_of_block(const struct sl_nested *nested, uint64_t offset) {
  enum { BYTES_OF_VALUE = 2 };
  uint64_t from = nested->backoff.from;
  uint64_t values = from > offset ? (from - offset) / BYTES_OF_VALUE : 0;
  return values < MIN_BLOCK_VALUES ? MIN_BLOCK_VALUES
         : values < BLOCK_VALUES   ? (size_t)values
                                   : BLOCK_VALUES;
}

/* Reads up to `max` values, whole rows where they are short. */
static size_t read_block(const struct sl_nested *nested, struct progress *progress, double *values,
                         size_t max, bool may_begin_array) {
  bool flat = nested->rank == 1; /* the bracket that closes it closes all, and is left */
  size_t row_length = nested->length[nested->rank - 1];
  size_t count = 0;
  while (count < max) {
    size_t space = max - count;
    size_t rest = row_length > 0 ? row_length - (size_t)progress->column - flat : SIZE_MAX;
    if (rest > space && progress->column == 0 && count > 0) {
      break;
    }
    bool closes = rest <= space && !flat;
    size_t wanted = rest < space ? rest : space;
    size_t taken = read_part_of_row(progress, values + count, wanted, closes);
    count += taken;
    if (taken < wanted || !closes || !go_to_next_row(nested, progress, may_begin_array)) {
      break;
    }
  }
  return count;
}

/* Returns whether values of a row that is not full are next, or rows. */
static bool values_are_next(const struct sl_nested *nested, struct sl_reading *reading) {
  const struct sl_json *json = &reading->json;
  size_t depth = json->depth - nested->around;
  bool value_is_next = json->state == SL_JSON_VALUE || json->state == SL_JSON_FIRST_VALUE;
  if (!value_is_next || nested->rank == 0) {
    return false;
  }
  size_t row_length = nested->length[nested->rank - 1];
  if (depth == nested->rank) {
    return row_length == 0 || json->levels[json->depth - 1].index < row_length;
  }
  size_t rows = nested->length[nested->rank - 2];
  return depth > 0 && depth == nested->rank - 1 && row_length > 0 &&
         json->depth < json->max_depth && (rows == 0 || json->levels[json->depth - 1].index < rows);
}

/* Returns whether a block that begins here may not be too large for a limit: what may be is read
 * value by value, as the error names the one that is too many. */
static bool limits_allow(const struct sl_nested *nested, const struct sl_reading *reading) {
  const struct sl_sink *sink = nested->sink;
  return sink->defers ? reading->deferred_left >= 2 * BLOCK_VALUES * sizeof(double)
                      : sink->spikes->neurons_known;
}

/* Returns the same for the (sample, neuron) pairs of samples that may begin in a block. */
static bool pairs_allow(const struct sl_nested *nested, const struct sl_reading *reading) {
  const struct sl_spikes *spikes = nested->sink->spikes;
  return nested->sink->defers || spikes->rank > 0 ||
         (reading->pairs_left >= BLOCK_VALUES &&
          reading->pairs_left - BLOCK_VALUES >= spikes->neurons);
}

bool sl_nested_read_graded(struct sl_nested *nested, struct sl_reading *reading,
                           struct sl_input *input) {
  const struct sl_spikes *spikes = nested->sink->spikes;
  if (!values_are_next(nested, reading) || !limits_allow(nested, reading)) {
    return false;
  }
  bool may_begin_array = pairs_allow(nested, reading);
  bool begins_sample = spikes->column == 0 && spikes->step == 0;
  if (begins_sample && !may_begin_array) {
    return false;
  }
  double values[BLOCK_VALUES];
  struct progress progress = begin_progress(nested, reading, input);
  uint64_t offset = sl_input_offset(input);
  size_t max = values_of_block(nested, offset);
  size_t count = read_block(nested, &progress, values, max, may_begin_array);
  if (count == 0) {
    return false;
  }
  for (size_t i = 0; nested->sink->defers && i < count; i++) {
    nested->has_fractions |= values[i] != floor(values[i]);
  }
  if (sl_sink_push_reals(nested->sink, reading, values, count) != SL_OK) {
    sl_json_locate(&reading->json, &reading->error, nested->around, offset);
    return false;
  }
  nested->rank_seen = true;
  end_progress(nested, reading, &progress, input);
  return true;
}
