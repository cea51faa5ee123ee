#include "decode/repeats.h"

#include "core/codes.h"
#include <math.h>
#include <string.h>

enum {
  SCAN_VALUES = 16 * 1024,
  SCAN_MAX_PAUSE = 1024,
  SCAN_MIN_BYTES = 16,  /* bytes; fewer are left to the events */
  SCAN_TO_LEARN = 2048, /* bytes, of which a template may be learnt */
};

void sl_nested_begin(struct sl_nested *nested, struct sl_sink *sink, const struct sl_field *field,
                     size_t around, bool is_data) {
  nested->sink = sink;
  nested->field = field;
  nested->around = around;
  nested->is_data = is_data;
  nested->lengths_given = false;
  nested->rank_seen = false;
  nested->has_fractions = false;
  nested->rank = 0;
  memset(nested->length, 0, sizeof nested->length);
  nested->backoff = (struct sl_scan_backoff){0};
  sl_repeats_begin(&nested->repeats);
  sink->defers = is_data;
}

/* Returns how many arrays of the tensor are open. */
static size_t depth_of(const struct sl_nested *nested, const struct sl_reading *reading) {
  return reading->json.depth - nested->around;
}

/* Returns the index that is being read in the open array of a level. */
static uint64_t *index_at(const struct sl_nested *nested, struct sl_reading *reading,
                          size_t level) {
  return &reading->json.levels[nested->around + level].index;
}

static bool is_flat(const struct sl_nested *nested) {
  return nested->is_data && nested->rank == 1;
}

/* Returns the code for arrays that do not agree with each other, or with the shape before them. */
static enum sl_status uneven(const struct sl_nested *nested) {
  return nested->lengths_given ? SL_LENGTH_MISMATCH : SL_RAGGED;
}

/* Returns what helps where an array has another length, or flat data as many values as sums. */
static const char *remedy(const struct sl_nested *nested, size_t level, size_t count) {
  return !nested->lengths_given          ? "; give all of them one length"
         : is_flat(nested) && level == 0 ? sl_sums_hint(nested->sink->spikes, count)
                                         : "";
}

static const char *standard(const struct sl_nested *nested) {
  bool summed = nested->sink->spikes->summed != SL_SUMMED_NOT;
  return !nested->lengths_given ? "the arrays before it have"
         : summed               ? "its shape without the summed axes has"
                                : "its shape has";
}

/* Fails for an array, or a number, at `levels`, where the other belongs. */
static enum sl_status wrong_depth(const struct sl_nested *nested, struct sl_reading *reading,
                                  size_t levels, bool is_number) {
  struct sl_json *json = &reading->json;
  const char *expected = is_number ? "an array" : "a number";
  const char *came = is_number ? "a number" : "an array";
  if (nested->lengths_given && (is_number || !nested->rank_seen)) {
    return sl_json_fail(json, &reading->error, SL_WRONG_RANK, levels, json->offset,
                        "expected %s, not %s; the shape has %zu dimension%s", expected, came,
                        nested->rank, nested->rank == 1 ? "" : "s");
  }
  return sl_json_fail(json, &reading->error, SL_RAGGED, levels, json->offset,
                      "expected %s, like its neighbours, not %s; nest all of them alike", expected,
                      came);
}

/* Fails for a value beyond the length that the arrays before this one have. */
static enum sl_status check_index(const struct sl_nested *nested, struct sl_reading *reading,
                                  size_t level, size_t levels) {
  struct sl_json *json = &reading->json;
  size_t length = nested->length[level];
  if (length == 0 || *index_at(nested, reading, level) < length) {
    return SL_OK;
  }
  size_t array = nested->around + level;
  return sl_json_fail_about(json, &reading->error, uneven(nested), array,
                            is_flat(nested) ? array : levels, json->offset,
                            "has more than %zu value%s, %s %zu%s", length, length == 1 ? "" : "s",
                            standard(nested), length, remedy(nested, level, 0));
}

/* Takes rank and lengths from the shape that came before the data. */
static enum sl_status take_shape(struct sl_nested *nested, struct sl_reading *reading,
                                 size_t depth) {
  const struct sl_spikes *spikes = nested->sink->spikes;
  nested->lengths_given = true;
  nested->sink->defers = false;
  if (depth == 1) {
    nested->rank = 1;
    nested->length[0] = spikes->max_values;
    return SL_OK;
  }
  nested->rank = sl_spikes_summed_shape(spikes, nested->length);
  return depth <= nested->rank ? SL_OK
                               : wrong_depth(nested, reading, reading->json.depth - 1, false);
}

static enum sl_status check_array(struct sl_nested *nested, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  size_t before = depth_of(nested, reading) - 1;
  bool shape_known = nested->is_data && nested->sink->spikes->rank > 0;
  if (before == 0) {
    return SL_OK;
  }
  if (is_flat(nested)) {
    return sl_refuse_value(reading, SL_JSON_ARRAY, SL_WANT_SPIKE, NULL);
  }
  if (nested->rank > 0 && before == nested->rank) {
    return wrong_depth(nested, reading, json->depth - 1, false);
  }
  if (before == nested->field->max_rank && !nested->lengths_given) {
    return sl_refuse_rank(reading, nested->field, nested->around, json->depth - 1, json->offset,
                          "more than ", before);
  }
  if (before == 2 && nested->rank == 0 && shape_known) {
    return take_shape(nested, reading, 3);
  }
  return check_index(nested, reading, before - 1, json->depth - 1);
}

static enum sl_status check_number(struct sl_nested *nested, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  size_t depth = depth_of(nested, reading);
  if (nested->rank == 0) {
    if (!nested->is_data && depth < nested->field->min_rank) {
      return sl_refuse_rank(reading, nested->field, nested->around, json->depth, json->offset, "",
                            depth);
    }
    nested->rank = depth;
    if (!nested->is_data) {
      sl_spikes_set_rank(nested->sink->spikes, depth);
    } else if (depth == 1 && nested->sink->spikes->rank > 0) {
      take_shape(nested, reading, 1);
    }
  }
  if (depth < nested->rank) {
    return wrong_depth(nested, reading, json->depth, true);
  }
  nested->rank_seen = true;
  return check_index(nested, reading, depth - 1, json->depth);
}

static enum sl_status add_number(struct sl_nested *nested, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  struct sl_integer integer;
  if (!isfinite(json->value)) {
    return sl_refuse_infinity(reading);
  }
  nested->has_fractions |= nested->sink->defers && !sl_json_integer(json, &integer);
  sl_sink_push_reals(nested->sink, reading, &json->value, 1);
  return sl_json_locate(json, &reading->error, nested->around, json->offset);
}

/* Takes the length of an axis from the first array of its level, which is complete. */
static void learn_length(struct sl_nested *nested, size_t level, size_t count) {
  nested->length[level] = count;
  nested->backoff = (struct sl_scan_backoff){0}; /* the kernel can take more from now on */
  if (!nested->is_data) {
    sl_spikes_end_axis(nested->sink->spikes, nested->rank, level);
  }
}

static enum sl_status finish_nested(struct sl_nested *nested, struct sl_reading *reading) {
  struct sl_spikes *spikes = nested->sink->spikes;
  if (sl_spikes_set_shape(spikes, nested->rank, nested->length, &reading->error) == SL_OK) {
    sl_spikes_finish(spikes, &reading->error);
  }
  return sl_json_locate(&reading->json, &reading->error, nested->around, reading->json.offset);
}

static enum sl_status close_array(struct sl_nested *nested, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  size_t level = depth_of(nested, reading);
  size_t count = json->was_empty ? 0 : *index_at(nested, reading, level) + 1;
  size_t length = nested->length[level];
  if (count == 0 && nested->is_data && level == 0) {
    return SL_OK; /* no ones, if it is a list of coordinates */
  }
  if (length == 0 && count == 0) {
    return sl_json_fail(json, &reading->error, SL_EMPTY_TENSOR, json->depth, json->offset,
                        "is empty; a tensor has at least one value");
  }
  if (length == 0) {
    learn_length(nested, level, count);
  } else if (count != length) {
    return sl_json_fail(json, &reading->error, uneven(nested), json->depth, json->offset,
                        "has %zu value%s, %s %zu%s", count, count == 1 ? "" : "s", standard(nested),
                        length, remedy(nested, level, count));
  }
  return level == 0 && !nested->is_data ? finish_nested(nested, reading) : SL_OK;
}

static bool scan_is_due(const struct sl_scan_backoff *backoff, const struct sl_input *input) {
  return sl_input_left(input) >= SCAN_MIN_BYTES && sl_input_offset(input) >= backoff->from;
}

/* Returns how many bytes are for the kernel. What repeats a template is scanned faster, so scans
 * are short while there is one that fits, or may be one soon. A row of unknown length ends before
 * its bracket. */
static size_t bytes_to_scan(const struct sl_text_scan *scan, const struct sl_repeats *repeats,
                            const struct sl_input *input) {
  size_t left = sl_input_left(input);
  size_t length = repeats->template != NULL              ? (size_t)SL_SCAN_BLOCK << repeats->misses
                  : sl_repeats_may_learn(repeats, input) ? SCAN_TO_LEARN
                                                         : left;
  length = length < left ? length : left;
  size_t block = length < SL_SCAN_BLOCK ? length : SL_SCAN_BLOCK;
  const char *end = scan->row_length == SL_NO_ROWS ? memchr(input->at, ']', block) : NULL;
  return end != NULL ? (size_t)(end - input->at) : length;
}

/* Scans the text, or the end of a row or a piece that is shorter than a block: that is filled up
 * with bytes that no spikes have, so that it ends before them. Returns how many bytes were taken.
 */
static size_t scan_text(struct sl_text_scan *scan, const struct sl_repeats *repeats,
                        const struct sl_input *input) {
  size_t length = bytes_to_scan(scan, repeats, input);
  if (length >= SL_SCAN_BLOCK) {
    return sl_kernels()->scan_spike_text(scan, input->at, length);
  }
  char block[SL_SCAN_BLOCK];
  memset(block, '!', sizeof block);
  memcpy(block, input->at, length);
  return sl_kernels()->scan_spike_text(scan, block, sizeof block);
}

/* Chooses when to scan next, after a scan at an offset that may go on `resume` bytes later. */
static void back_off(struct sl_scan_backoff *backoff, uint64_t offset, size_t resume,
                     bool found_nothing) {
  size_t longer = backoff->pause > 0 ? 2 * backoff->pause : SL_SCAN_BLOCK;
  backoff->from = offset + resume + backoff->pause;
  backoff->pause = !found_nothing ? 0 : longer < SCAN_MAX_PAUSE ? longer : SCAN_MAX_PAUSE;
}

/* Returns whether text may go to the kernel as blocks: values of a row that is not full are next,
 * or whole rows. */
static bool may_scan_blocks(const struct sl_nested *nested, struct sl_reading *reading) {
  size_t depth = depth_of(nested, reading);
  size_t row_length = nested->length[nested->rank - 1];
  if (depth == nested->rank) {
    uint64_t column = *index_at(nested, reading, depth - 1);
    return column > 0 && (row_length == 0 || column < row_length);
  }
  bool may_open = nested->around + nested->rank <= reading->json.max_depth;
  return depth == nested->rank - 1 && depth > 0 && row_length > 0 && may_open;
}

/* Returns whether a scan has stayed within the rows there should be. */
static bool rows_are_due(const struct sl_nested *nested, struct sl_reading *reading, size_t rows,
                         size_t column) {
  if (nested->rank == 1) {
    return true;
  }
  uint64_t reached = *index_at(nested, reading, nested->rank - 2) + rows + (column > 0);
  size_t length = nested->length[nested->rank - 2];
  return length == 0 || reached <= length;
}

/* Goes to where the scan has ended: in a row, between two, or after the last of an array. */
static void take_rows(struct sl_nested *nested, struct sl_reading *reading, size_t rows,
                      const struct sl_text_scan *scan) {
  struct sl_json *json = &reading->json;
  size_t column = scan->column;
  bool closed = scan->closed_row;
  json->state = closed ? SL_JSON_AFTER_VALUE : SL_JSON_VALUE;
  json->depth = nested->around + nested->rank - (column == 0);
  if (nested->rank > 1) {
    *index_at(nested, reading, nested->rank - 2) += rows - closed;
  }
  if (column > 0) {
    json->levels[json->depth - 1] = (struct sl_json_level){.index = column};
  }
}

static void prepare_scan(struct sl_nested *nested, struct sl_reading *reading,
                         struct sl_text_scan *scan) {
  size_t row_length = nested->length[nested->rank - 1];
  bool in_row = depth_of(nested, reading) == nested->rank;
  size_t column = in_row ? *index_at(nested, reading, nested->rank - 1) : 0;
  bool flat = nested->rank == 1; /* the bracket that closes it closes all, and is left */
  size_t left = flat && row_length > 0 ? row_length - column : SCAN_VALUES;
  scan->row_length = flat || row_length == 0 ? SL_NO_ROWS : row_length;
  scan->column = column;
  scan->capacity = left < SCAN_VALUES ? left : SCAN_VALUES;
}

/*
 * Pushes values that a kernel has read, in so many bytes from here on. What turns out to be an
 * error is left to the events, which know exactly what is wrong and where. *pushed tells whether it
 * is not.
 */
static enum sl_status push_scanned(struct sl_nested *nested, struct sl_reading *reading,
                                   const struct sl_input *input, const uint64_t *bits, size_t count,
                                   size_t length, bool *pushed) {
  enum sl_status status = sl_sink_push_bits(nested->sink, reading, bits, count);
  *pushed = status == SL_OK;
  if (status == SL_OK) {
    nested->rank_seen = true;
    return SL_OK;
  }
  if (status == SL_TENSOR_TOO_LARGE || status == SL_DEFERRED_TOO_LARGE) {
    nested->backoff.from = sl_input_offset(input) + length;
    reading->error = SL_NO_ERROR;
    return SL_OK;
  }
  return sl_json_locate(&reading->json, &reading->error, nested->around, sl_input_offset(input));
}

/* Lets the kernel take whole blocks of text. What it cannot take is left to the events. */
static enum sl_status scan_blocks(struct sl_nested *nested, struct sl_reading *reading,
                                  struct sl_input *input, uint64_t *bits) {
  struct sl_text_scan scan = {.bits = bits};
  prepare_scan(nested, reading, &scan);
  size_t column = scan.column;
  uint64_t offset = sl_input_offset(input);
  size_t taken = scan_text(&scan, &nested->repeats, input);
  back_off(&nested->backoff, offset, scan.resume, taken == 0);
  if (taken == 0) {
    return SL_OK;
  }
  size_t rows =
      scan.row_length != SL_NO_ROWS ? (column + scan.count - scan.column) / scan.row_length : 0;
  if (!rows_are_due(nested, reading, rows, scan.column)) {
    nested->backoff.from = offset + taken;
    return SL_OK;
  }
  bool pushed;
  enum sl_status status = push_scanned(nested, reading, input, bits, scan.count, taken, &pushed);
  if (pushed) {
    take_rows(nested, reading, rows, &scan);
    sl_input_take_fast(input, taken);
  }
  return status;
}

/* Lets the kernels take text: what repeats the template, else a few blocks. */
static enum sl_status scan_once(struct sl_nested *nested, struct sl_reading *reading,
                                struct sl_input *input) {
  uint64_t bits[SCAN_VALUES / 64 + 2];
  struct sl_repeated repeated = sl_repeats_match(nested, reading, input, bits, SCAN_VALUES);
  bool pushed = false;
  if (repeated.length > 0) {
    enum sl_status status =
        push_scanned(nested, reading, input, bits, repeated.count, repeated.length, &pushed);
    if (pushed) {
      sl_repeats_take(nested, reading, input, &repeated);
      nested->backoff.pause = 0;
    }
    return status;
  }
  if (may_scan_blocks(nested, reading)) {
    return scan_blocks(nested, reading, input, bits);
  }
  nested->backoff.from = sl_input_offset(input) + 1;
  return SL_OK;
}

/* Returns whether text may go to a kernel. */
static bool may_scan(const struct sl_nested *nested, struct sl_reading *reading,
                     const struct sl_input *input) {
  bool repeats =
      nested->repeats.template != NULL && depth_of(nested, reading) >= nested->repeats.depth;
  return nested->rank > 0 && scan_is_due(&nested->backoff, input) &&
         (repeats || may_scan_blocks(nested, reading));
}

/* Reads what can be read without events after a comma or a bracket. */
static enum sl_status scan_ahead(struct sl_nested *nested, struct sl_reading *reading,
                                 struct sl_input *input) {
  bool goes_on = true;
  while (goes_on) {
    sl_repeats_learn(nested, reading, input);
    while (reading->error.code == SL_OK && reading->json.state != SL_JSON_AFTER_VALUE &&
           may_scan(nested, reading, input)) {
      scan_once(nested, reading, input);
      sl_repeats_learn(nested, reading, input);
    }
    goes_on = reading->error.code == SL_OK && sl_nested_read_graded(nested, reading, input);
    if (goes_on) { /* elements that repeat must not begin before what was read so */
      sl_repeats_begin_piece(&nested->repeats, input);
    }
  }
  return reading->error.code;
}

static enum sl_status open_array(struct sl_nested *nested, struct sl_reading *reading,
                                 struct sl_input *input) {
  enum sl_status status = check_array(nested, reading);
  bool outer = nested->rank > 0 && depth_of(nested, reading) < nested->rank;
  return status == SL_OK && outer ? scan_ahead(nested, reading, input) : status;
}

static enum sl_status refuse_other(struct sl_nested *nested, struct sl_reading *reading,
                                   enum sl_json_event event) {
  if (event == SL_JSON_WORD && sl_is_number_word(reading) &&
      check_number(nested, reading) != SL_OK) {
    return reading->error.code;
  }
  size_t depth = sl_json_around(&reading->json, event) - nested->around;
  bool row = nested->rank > 0 && depth < nested->rank;
  return sl_refuse_value(reading, event, row ? SL_WANT_ROW : SL_WANT_SPIKE, NULL);
}

static inline enum sl_status read_array_event(struct sl_nested *nested, struct sl_reading *reading,
                                              enum sl_json_event event, struct sl_input *input) {
  switch (event) {
  case SL_JSON_COMMA:
    return scan_ahead(nested, reading, input);
  case SL_JSON_NUMBER_BEGINS:
    return check_number(nested, reading);
  case SL_JSON_NUMBER:
    return add_number(nested, reading);
  case SL_JSON_ARRAY:
    return open_array(nested, reading, input);
  case SL_JSON_ARRAY_END:
    return close_array(nested, reading);
  default:
    return refuse_other(nested, reading, event);
  }
}

enum sl_status sl_nested_read(struct sl_nested *nested, struct sl_reading *reading,
                              enum sl_json_event event, struct sl_input *input) {
  sl_repeats_begin_piece(&nested->repeats, input);
  while (event != SL_JSON_NEED_MORE) {
    enum sl_status status = event == SL_JSON_FAILED
                                ? reading->error.code
                                : read_array_event(nested, reading, event, input);
    if (status != SL_OK || depth_of(nested, reading) == 0 || reading->misfit.pending) {
      return status;
    }
    event = sl_json_next(&reading->json, input, &reading->error);
  }
  return SL_OK;
}
