#include "decode/tensor.h"

#include "core/codes.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void sl_coordinates_begin(struct sl_coordinates *coordinates, struct sl_sink *sink, size_t around,
                          bool shape_known) {
  *coordinates = (struct sl_coordinates){.sink = sink, .around = around, .first = true};
  sink->defers = !shape_known;
  coordinates->rank = shape_known ? sink->spikes->rank : 0;
}

static size_t axis_of(const struct sl_reading *reading) {
  return (size_t)reading->json.levels[reading->json.depth - 1].index;
}

/* Fails for an entry, at `levels`, with more or fewer coordinates than the tensor has axes. */
static enum sl_status wrong_axes(const struct sl_coordinates *coordinates,
                                 struct sl_reading *reading, size_t levels, const char *how) {
  size_t rank = coordinates->rank > 0 ? coordinates->rank : 1;
  return sl_json_fail(&reading->json, &reading->error, SL_LENGTH_MISMATCH, levels,
                      reading->json.offset, "has %s than %zu coordinate%s, one for each dimension",
                      how, rank, rank > 1 ? "s" : "");
}

static enum sl_status begin_coordinate(struct sl_coordinates *coordinates,
                                       struct sl_reading *reading) {
  size_t max_rank = coordinates->rank > 0 ? coordinates->rank : SL_MAX_RANK;
  if (axis_of(reading) < max_rank) {
    return SL_OK;
  }
  coordinates->rank = max_rank;
  return wrong_axes(coordinates, reading, reading->json.depth - 1, "more");
}

static enum sl_status out_of_range(struct sl_reading *reading, uint64_t bound) {
  char expected[64];
  snprintf(expected, sizeof expected, "a coordinate from 0 to %ju", (uintmax_t)(bound - 1));
  return sl_refuse_number(reading, SL_COO_OUT_OF_RANGE, expected);
}

static enum sl_status add_coordinate(struct sl_coordinates *coordinates,
                                     struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  struct sl_sink *sink = coordinates->sink;
  struct sl_integer integer;
  size_t axis = axis_of(reading);
  if (!isfinite(json->value)) {
    return sl_refuse_infinity(reading);
  }
  if (!sl_json_integer(json, &integer)) {
    return sl_refuse_number(reading, SL_WRONG_TYPE, "an integer");
  }
  uint64_t bound = sink->defers ? SL_MAX_INTEGER : sink->spikes->shape[axis];
  if (integer.magnitude >= bound || (integer.negative && integer.magnitude > 0)) {
    return out_of_range(reading, bound);
  }
  coordinates->current[axis] = integer.magnitude;
  if (sink->defers) {
    sl_deferred_keep_number(&sink->deferred, reading, (double)integer.magnitude);
  }
  return sl_json_locate(json, &reading->error, coordinates->around, json->offset);
}

/* Returns whether an entry is after the one before it. Row-major order is the order of coordinates
 * read like words in a dictionary. */
static bool increases(const uint64_t *current, const uint64_t *previous, size_t rank) {
  for (size_t axis = 0; axis < rank; axis++) {
    if (current[axis] != previous[axis]) {
      return current[axis] > previous[axis];
    }
  }
  return false;
}

static enum sl_status not_increasing(struct sl_reading *reading, size_t levels, uint64_t offset) {
  return sl_json_fail(&reading->json, &reading->error, SL_COO_NOT_INCREASING, levels, offset,
                      "is not after the coordinates before it in row-major order; sort them");
}

/* Counts the one at an entry. Errors of the counts go to the path of the data. */
static inline enum sl_status add_one(struct sl_reading *reading, struct sl_spikes *spikes,
                                     const uint64_t *entry, size_t rank, size_t levels,
                                     uint64_t offset) {
  size_t accumulator = sl_spikes_accumulator(spikes, entry, rank);
  return sl_spikes_add_to(spikes, accumulator, &reading->error) == SL_OK
             ? SL_OK
             : sl_json_locate(&reading->json, &reading->error, levels, offset);
}

static enum sl_status close_entry(struct sl_coordinates *coordinates, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  size_t axes = json->was_empty ? 0 : (size_t)json->levels[json->depth].index + 1;
  if (axes == 0 || (coordinates->rank > 0 && axes < coordinates->rank)) {
    return wrong_axes(coordinates, reading, json->depth, "fewer");
  }
  coordinates->rank = axes;
  if (!coordinates->first && !increases(coordinates->current, coordinates->previous, axes)) {
    return not_increasing(reading, json->depth, json->offset);
  }
  memcpy(coordinates->previous, coordinates->current, axes * sizeof *coordinates->current);
  coordinates->first = false;
  return coordinates->sink->defers
             ? SL_OK
             : add_one(reading, coordinates->sink->spikes, coordinates->current, axes,
                       coordinates->around, json->offset);
}

enum { MAX_DIGITS = 9 }; /* of a coordinate that is read without events */

/* How far an entry of such coordinates, and the comma and space after it, reach at most. */
static inline size_t max_entry_bytes(size_t rank) {
  return sizeof "[], " + rank * (MAX_DIGITS + sizeof ", ");
}

/* Reads a coordinate. Returns what follows; NULL if it is anything else. Entries are in order, so
 * that most have as many digits as those before them: processors foresee where the loop ends. */
static inline const char *read_coordinate(const char *at, uint64_t *value) {
  const char *first = at;
  unsigned digit;
  *value = 0;
  for (; (digit = (unsigned)(unsigned char)*at - '0') <= 9 && at < first + MAX_DIGITS; at++) {
    *value = 10 * *value + digit;
  }
  return at == first || (*first == '0' && at > first + 1) ? NULL : at;
}

/* Takes a comma, and the space that many encoders write after it. */
static inline const char *take_comma(const char *at) {
  return *at != ',' ? NULL : at + 1 + (at[1] == ' ');
}

/* Reads an entry of short coordinates, and the comma after it, where max_entry_bytes are readable.
 * Returns what follows; NULL if it is anything else, or not after the entry before it. */
static inline const char *read_entry(uint64_t *entry, const uint64_t *previous, const char *at,
                                     const size_t *bounds, size_t rank) {
  bool increases_so_far = false;
  if (*at++ != '[') {
    return NULL;
  }
  for (size_t axis = 0; axis < rank; axis++) {
    at = read_coordinate(at, &entry[axis]);
    if (at == NULL) {
      return NULL;
    }
    increases_so_far |= entry[axis] > previous[axis];
    bool in_order = increases_so_far | (entry[axis] == previous[axis]);
    if (!in_order || entry[axis] >= bounds[axis]) {
      return NULL;
    }
    if (axis + 1 < rank && (at = take_comma(at)) == NULL) {
      return NULL;
    }
  }
  return increases_so_far && *at == ']' ? take_comma(at + 1) : NULL;
}

/* Counts or defers an entry that was taken whole. */
static inline enum sl_status store_entry(struct sl_coordinates *coordinates,
                                         struct sl_reading *reading, uint64_t offset, size_t rank) {
  struct sl_sink *sink = coordinates->sink;
  if (!sink->defers) {
    return add_one(reading, sink->spikes, coordinates->current, rank, coordinates->around, offset);
  }
  for (size_t axis = 0; axis < rank; axis++) {
    sl_deferred_keep_number(&sink->deferred, reading, (double)coordinates->current[axis]);
  }
  return reading->error.code;
}

/* Takes entries of a rank that the compiler knows, mostly. */
static inline enum sl_status take_entries_of(struct sl_coordinates *coordinates,
                                             struct sl_reading *reading, struct sl_input *input,
                                             size_t rank) {
  const struct sl_sink *sink = coordinates->sink;
  size_t bounds[SL_MAX_RANK];
  for (size_t axis = 0; axis < rank; axis++) {
    bounds[axis] = sink->defers ? SL_MAX_INTEGER : sink->spikes->shape[axis];
  }
  while (sl_input_left(input) >= max_entry_bytes(rank) &&
         (!sink->defers || sl_deferred_has_space(&sink->deferred, reading, rank))) {
    const char *next =
        read_entry(coordinates->current, coordinates->previous, input->at, bounds, rank);
    if (next == NULL) {
      break;
    }
    input->at = next;
    if (store_entry(coordinates, reading, sl_input_offset(input), rank) != SL_OK) {
      return reading->error.code;
    }
    memcpy(coordinates->previous, coordinates->current, rank * sizeof *coordinates->current);
    reading->json.levels[coordinates->around].index++;
  }
  return SL_OK;
}

/*
 * Takes as many entries after a comma as can be read without events, which take what is unusual,
 * wrong or at the end of a piece. Where deferring one may fail, it is left to the events too: they
 * know the coordinate that is one too many.
 */
static enum sl_status take_entries(struct sl_coordinates *coordinates, struct sl_reading *reading,
                                   struct sl_input *input) {
  input->at += sl_input_left(input) > 0 && *input->at == ' ';
  switch (coordinates->rank) {
  case 2:
    return take_entries_of(coordinates, reading, input, 2);
  case 3:
    return take_entries_of(coordinates, reading, input, 3);
  case 4:
    return take_entries_of(coordinates, reading, input, 4);
  default:
    return take_entries_of(coordinates, reading, input, coordinates->rank);
  }
}

static enum sl_status refuse_in_entry(struct sl_coordinates *coordinates,
                                      struct sl_reading *reading, enum sl_json_event event,
                                      size_t depth) {
  if (depth == 2 && event == SL_JSON_WORD && sl_is_number_word(reading) &&
      begin_coordinate(coordinates, reading) != SL_OK) {
    return reading->error.code;
  }
  return sl_refuse_value(reading, event, depth == 2 ? SL_WANT_COORDINATE : SL_WANT_ENTRY, NULL);
}

static inline enum sl_status read_entry_event(struct sl_coordinates *coordinates,
                                              struct sl_reading *reading, enum sl_json_event event,
                                              struct sl_input *input) {
  size_t depth = sl_json_around(&reading->json, event) - coordinates->around;
  switch (event) {
  case SL_JSON_COMMA:
    return depth == 1 ? take_entries(coordinates, reading, input) : SL_OK;
  case SL_JSON_ARRAY:
    return depth < 2 ? SL_OK : refuse_in_entry(coordinates, reading, event, depth);
  case SL_JSON_ARRAY_END:
    return depth == 1 ? close_entry(coordinates, reading) : SL_OK;
  case SL_JSON_NUMBER_BEGINS:
    return depth == 2 ? begin_coordinate(coordinates, reading)
                      : refuse_in_entry(coordinates, reading, event, depth);
  case SL_JSON_NUMBER:
    return add_coordinate(coordinates, reading);
  default:
    return refuse_in_entry(coordinates, reading, event, depth);
  }
}

enum sl_status sl_coordinates_read(struct sl_coordinates *coordinates, struct sl_reading *reading,
                                   enum sl_json_event event, struct sl_input *input) {
  while (event != SL_JSON_NEED_MORE) {
    enum sl_status status = event == SL_JSON_FAILED
                                ? reading->error.code
                                : read_entry_event(coordinates, reading, event, input);
    bool complete = reading->json.depth == coordinates->around;
    if (status != SL_OK || complete || reading->misfit.pending) {
      return status;
    }
    event = sl_json_next(&reading->json, input, &reading->error);
  }
  return SL_OK;
}

/* Checks one number of an entry that was read before it was known to be a coordinate. */
static enum sl_status check_deferred(struct sl_reading *reading, double value, uint64_t bound,
                                     size_t levels, uint64_t offset) {
  return value >= 0 && value < (double)bound
             ? SL_OK
             : sl_json_fail(&reading->json, &reading->error, SL_COO_OUT_OF_RANGE, levels, offset,
                            "expected coordinates from 0 to %ju, not %.17g", (uintmax_t)bound - 1,
                            value);
}

enum sl_status sl_coordinates_count(const struct sl_sink *sink, struct sl_reading *reading,
                                    size_t rank, size_t levels, uint64_t offset) {
  struct sl_spikes *spikes = sink->spikes;
  bool shape_known = spikes->rank > 0;
  size_t numbers = sl_deferred_count(&sink->deferred);
  uint64_t entry[SL_MAX_RANK];
  uint64_t previous[SL_MAX_RANK];
  if (numbers > 0 && (shape_known ? rank != spikes->rank : rank > SL_MAX_RANK)) {
    return sl_json_fail(&reading->json, &reading->error, SL_LENGTH_MISMATCH, levels, offset,
                        "has %zu coordinates an entry, its shape has %zu dimensions", rank,
                        shape_known ? spikes->rank : SL_MAX_RANK);
  }
  for (size_t i = 0; i < numbers; i += rank) {
    for (size_t axis = 0; axis < rank; axis++) {
      double value = sl_deferred_number(&sink->deferred, i + axis);
      uint64_t bound = shape_known ? spikes->shape[axis] : SL_MAX_INTEGER;
      if (check_deferred(reading, value, bound, levels, offset) != SL_OK) {
        return reading->error.code;
      }
      entry[axis] = (uint64_t)value;
    }
    if (i > 0 && !increases(entry, previous, rank)) {
      return not_increasing(reading, levels, offset);
    }
    memcpy(previous, entry, sizeof previous);
    if (shape_known && add_one(reading, spikes, entry, rank, levels, offset) != SL_OK) {
      return reading->error.code;
    }
  }
  return SL_OK;
}
