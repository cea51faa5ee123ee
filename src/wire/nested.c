#include "wire/nested.h"

#include <string.h>

#include "wire/field_value.h"
#include <string.h>

void sl_nested_begin(struct sl_nested *nested, struct sl_spikes *spikes,
                     const struct sl_field *field, const struct sl_path *path, size_t most_depth) {
  *nested =
      (struct sl_nested){.spikes = spikes, .field = field, .path = *path, .most_depth = most_depth};
  sl_array_reader_begin(&nested->reader);
}

/* The path of what stands at the current place of the first `levels` open arrays. */
static struct sl_path path_at(const struct sl_nested *nested, size_t levels) {
  struct sl_path path = nested->path;
  for (size_t level = 0; level < levels; level++) {
    path = sl_path_element(&path, nested->index[level]);
  }
  return path;
}

static enum sl_status fail_at_element(struct sl_nested *nested, struct sl_error *error,
                                      enum sl_status code, const char *expected, const char *came) {
  struct sl_path path = path_at(nested, nested->depth);
  return sl_fail_at(error, code, path.pointer, nested->reader.token_offset,
                    "%s: expected %s, not %s", path.name, expected, came);
}

static enum sl_status wrong_rank(struct sl_nested *nested, struct sl_error *error) {
  bool too_few = nested->depth < nested->field->min_rank;
  struct sl_error cause;
  sl_error_clear(&cause);
  sl_fail_wrong_rank(&cause, nested->field, too_few ? "" : "more than ", nested->depth);
  struct sl_path place = path_at(nested, nested->depth);
  memcpy(place.name, nested->path.name, sizeof place.name); /* it is the tensor that has them */
  return sl_place_error(error, &cause, &place, nested->reader.token_offset);
}

/* An element beyond the length that the arrays before this one have. */
static enum sl_status check_room(struct sl_nested *nested, struct sl_error *error) {
  size_t level = nested->depth - 1;
  if (nested->length[level] == 0 || nested->index[level] < nested->length[level]) {
    return SL_OK;
  }
  struct sl_path array = path_at(nested, level);
  return sl_fail_at(
      error, SL_RAGGED, path_at(nested, nested->depth).pointer, nested->reader.token_offset,
      "%s has more than %zu value%s, the arrays before it have %zu", array.name,
      nested->length[level], nested->length[level] == 1 ? "" : "s", nested->length[level]);
}

static enum sl_status open_array(struct sl_nested *nested, struct sl_error *error) {
  if (nested->depth == nested->most_depth) {
    struct sl_path path = path_at(nested, nested->depth);
    return sl_fail_too_deep(error, path.pointer, nested->reader.token_offset, path.name);
  }
  if (nested->depth > 0) {
    if (nested->rank > 0 && nested->depth == nested->rank) {
      return fail_at_element(nested, error, SL_RAGGED, "a number, like its neighbours", "an array");
    }
    if (nested->depth == nested->field->max_rank) {
      return wrong_rank(nested, error);
    }
    if (check_room(nested, error) != SL_OK) {
      return error->code;
    }
  }
  nested->index[nested->depth++] = 0;
  return SL_OK;
}

static enum sl_status begin_number(struct sl_nested *nested, struct sl_error *error) {
  if (nested->rank == 0) {
    if (nested->depth < nested->field->min_rank) {
      return wrong_rank(nested, error);
    }
    nested->rank = nested->depth;
  }
  if (nested->depth < nested->rank) {
    return fail_at_element(nested, error, SL_RAGGED, "an array, like its neighbours", "a number");
  }
  return check_room(nested, error);
}

static enum sl_status count_pending(struct sl_nested *nested, struct sl_error *error) {
  size_t count = nested->pending_count;
  nested->pending_count = 0;
  struct sl_error cause;
  sl_error_clear(&cause);
  if (count > 0 && sl_spikes_push_reals(nested->spikes, nested->pending, count, &cause) != SL_OK) {
    return sl_place_error(error, &cause, &nested->path, nested->reader.token_offset);
  }
  return SL_OK;
}

/* Values wait to be counted together, but for those that may be one pair too many: they are counted
 * at once, as the error names their place. */
static enum sl_status add_number(struct sl_nested *nested, struct sl_error *error) {
  size_t level = nested->depth - 1;
  bool may_be_new_pair = !nested->spikes->neurons_known || nested->index[level] == 0;
  nested->pending[nested->pending_count++] = nested->reader.value;
  nested->index[level]++;
  return may_be_new_pair || nested->pending_count == SL_PENDING_VALUES
             ? count_pending(nested, error)
             : SL_OK;
}

/* The first array of a level is complete: its length is the length of that axis. */
static void learn_length(struct sl_nested *nested, size_t level) {
  nested->length[level] = nested->index[level];
  nested->scan_plan = (struct sl_scan_plan){0}; /* the kernel can take more from now on */
  size_t step_level = nested->rank < 3 ? nested->rank - 1 : 2;
  if (level == step_level) {
    sl_spikes_end_step(nested->spikes);
  } else if (level + 1 == step_level) {
    sl_spikes_end_sample(nested->spikes);
  }
}

static enum sl_status close_array(struct sl_nested *nested, struct sl_error *error) {
  size_t level = nested->depth - 1;
  size_t count = nested->index[level];
  struct sl_array_reader *reader = &nested->reader;
  if (count_pending(nested, error) != SL_OK) {
    return error->code;
  }
  if (nested->length[level] == 0 && reader->was_empty) {
    struct sl_path array = path_at(nested, level);
    return sl_fail_at(error, SL_EMPTY_TENSOR, array.pointer, reader->token_offset,
                      "%s is empty: there is no mean of nothing", array.name);
  }
  if (nested->length[level] == 0) {
    learn_length(nested, level);
  } else if (count != nested->length[level]) {
    struct sl_path array = path_at(nested, level);
    return sl_fail_at(error, SL_RAGGED, array.pointer, reader->token_offset,
                      "%s has %zu value%s, the arrays before it have %zu", array.name, count,
                      count == 1 ? "" : "s", nested->length[level]);
  }
  nested->depth = level;
  if (level > 0) {
    nested->index[level - 1]++;
  }
  return SL_OK;
}

static enum sl_status finish(struct sl_nested *nested, struct sl_error *error) {
  struct sl_error cause;
  sl_error_clear(&cause);
  if (sl_spikes_set_shape(nested->spikes, nested->rank, nested->length, &cause) != SL_OK ||
      sl_spikes_finish(nested->spikes, &cause) != SL_OK) {
    return sl_place_error(error, &cause, &nested->path, nested->reader.token_offset);
  }
  return SL_OK;
}

/* Whether text may go to the kernel: values of a row that is not full are next, or whole rows. */
static bool may_scan(const struct sl_nested *nested, const struct sl_text *text) {
  if (nested->rank == 0 || !sl_scan_is_due(&nested->scan_plan, text)) {
    return false;
  }
  size_t row_length = nested->length[nested->rank - 1];
  size_t column = nested->index[nested->rank - 1];
  if (nested->depth == nested->rank) {
    return row_length > 0 ? column < row_length : column > 0;
  }
  return nested->depth == nested->rank - 1 && nested->depth > 0 && row_length > 0;
}

/* Whether a scan has stayed within the rows there should be. */
static bool rows_are_due(const struct sl_nested *nested, size_t rows, size_t column) {
  if (nested->rank == 1) {
    return true;
  }
  size_t reached = nested->index[nested->rank - 2] + rows + (column > 0);
  size_t most = nested->length[nested->rank - 2];
  return most == 0 || reached <= most;
}

static void take_rows(struct sl_nested *nested, size_t rows, size_t column) {
  if (nested->rank > 1) {
    nested->index[nested->rank - 2] += rows;
  }
  nested->depth = column > 0 ? nested->rank : nested->rank - 1;
  nested->index[nested->rank - 1] = column;
  nested->reader.place = nested->scan.closed_row ? SL_AFTER_VALUE : SL_EXPECT_VALUE;
}

/*
 * Lets the kernel take whole blocks of text. What it cannot take, or what turns out to be an error,
 * stays for the events, which know exactly what is wrong and where.
 */
static enum sl_status scan_blocks(struct sl_nested *nested, struct sl_text *text,
                                  struct sl_error *error) {
  if (count_pending(nested, error) != SL_OK) {
    return error->code;
  }
  uint64_t bits[SL_SCAN_VALUES / 64];
  size_t row_length = nested->length[nested->rank - 1];
  size_t column = nested->depth == nested->rank ? nested->index[nested->rank - 1] : 0;
  struct sl_text_scan *scan = &nested->scan;
  scan->row_length = row_length > 0 ? row_length : SL_NO_ROWS;
  scan->column = column;
  scan->bits = bits;
  scan->room = SL_SCAN_VALUES;
  uint64_t offset = sl_text_offset(text);
  size_t taken = sl_scan(scan, text);
  sl_scan_plan_next(&nested->scan_plan, offset, scan->resume, taken == 0);
  if (taken == 0) {
    return SL_OK;
  }
  size_t rows = row_length > 0 ? (column + scan->count - scan->column) / row_length : 0;
  struct sl_error cause;
  sl_error_clear(&cause);
  if (rows_are_due(nested, rows, scan->column) &&
      sl_spikes_push_bits(nested->spikes, bits, scan->count, &cause) == SL_OK) {
    take_rows(nested, rows, scan->column);
    sl_text_take_fast(text, taken);
    return SL_OK;
  }
  nested->scan_plan.from = offset + taken;
  bool by_events = cause.code == SL_OK || cause.code == SL_TENSOR_TOO_LARGE;
  return by_events ? SL_OK : sl_place_error(error, &cause, &nested->path, offset);
}

/* Graded values inside a row whose length is known, but not its last: that needs its bracket. */
static enum sl_status read_short_numbers(struct sl_nested *nested, struct sl_text *text,
                                         struct sl_error *error) {
  size_t level = nested->depth - 1;
  size_t row_length = nested->length[level];
  if (!nested->spikes->neurons_known || nested->index[level] + 1 >= row_length) {
    return SL_OK;
  }
  size_t room = SL_PENDING_VALUES - nested->pending_count;
  size_t before_last = row_length - 1 - nested->index[level];
  size_t count =
      sl_array_reader_short_numbers(&nested->reader, text, nested->pending + nested->pending_count,
                                    room < before_last ? room : before_last);
  nested->pending_count += count;
  nested->index[level] += count;
  return nested->pending_count == SL_PENDING_VALUES ? count_pending(nested, error) : SL_OK;
}

/*
 * Behind the last row of an array of rows: takes `],[`, its end and the beginning of the next, as
 * they mostly stand there, and only where both are right. False leaves them to the events.
 */
static bool next_array_of_rows(struct sl_nested *nested, struct sl_text *text) {
  static const char between[] = {']', ',', '['};
  if (nested->depth < 2 || sl_text_left(text) < sizeof between ||
      memcmp(text->at, between, sizeof between) != 0) {
    return false;
  }
  size_t level = nested->depth - 1;
  size_t next = nested->index[level - 1] + 1;
  bool complete = nested->length[level] > 0 && nested->index[level] == nested->length[level];
  bool more = nested->length[level - 1] == 0 || next < nested->length[level - 1];
  if (!complete || !more) {
    return false;
  }
  nested->index[level - 1] = next;
  nested->index[level] = 0;
  nested->reader.place = SL_EXPECT_FIRST;
  sl_text_take_fast(text, sizeof between);
  return true;
}

/* Behind a comma or a bracket: what can be read without events is read so. */
static enum sl_status read_ahead(struct sl_nested *nested, struct sl_text *text,
                                 struct sl_error *error) {
  enum sl_status status = SL_OK;
  while (status == SL_OK &&
         (nested->reader.place != SL_AFTER_VALUE || next_array_of_rows(nested, text)) &&
         may_scan(nested, text)) {
    status = scan_blocks(nested, text, error);
  }
  bool in_row = nested->depth > 0 && nested->depth == nested->rank;
  if (status == SL_OK && in_row && nested->index[nested->depth - 1] > 0) {
    status = read_short_numbers(nested, text, error);
  }
  return status;
}

enum sl_status sl_nested_read(struct sl_nested *nested, struct sl_text *text,
                              struct sl_error *error) {
  for (;;) {
    enum sl_status status = SL_OK;
    switch (sl_array_reader_next(&nested->reader, text, error)) {
    case SL_ARRAY_NEED_MORE:
      return SL_NEED_MORE;
    case SL_ARRAY_COMMA:
      status = read_ahead(nested, text, error);
      break;
    case SL_ARRAY_NUMBER_BEGINS:
      status = begin_number(nested, error);
      break;
    case SL_ARRAY_NUMBER:
      status = add_number(nested, error);
      break;
    case SL_ARRAY_OPEN:
      status = open_array(nested, error);
      if (status == SL_OK && nested->rank > 0 && nested->depth < nested->rank) {
        status = read_ahead(nested, text, error);
      }
      break;
    case SL_ARRAY_CLOSE:
      status = close_array(nested, error);
      if (status == SL_OK && nested->depth == 0) {
        return finish(nested, error);
      }
      break;
    case SL_ARRAY_NOT_FINITE:
      return fail_at_element(nested, error, SL_NOT_FINITE, "a finite number",
                             "NaN, an infinity or a number too large for a double");
    case SL_ARRAY_OTHER_VALUE:
      return fail_at_element(nested, error, SL_WRONG_TYPE, "a number",
                             sl_describe_value(*text->at));
    default:
      return error->code;
    }
    if (status != SL_OK) {
      return status;
    }
  }
}
