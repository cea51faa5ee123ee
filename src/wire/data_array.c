#include "wire/data_array.h"

#include <math.h>
#include <stdio.h>

void sl_data_array_begin(struct sl_data_array *array, struct sl_tensor_target *target,
                         enum sl_data_kind expected, size_t most_depth) {
  *array = (struct sl_data_array){
      .target = target,
      .expected = expected,
      .most_depth = most_depth,
      .rank = target->shape_known ? target->spikes->rank : 0,
  };
  sl_array_reader_begin(&array->reader);
}

/* The element of data, or the coordinate in it, that is being read. */
static struct sl_path path_here(const struct sl_data_array *array) {
  if (array->depth == 0) {
    return array->target->data;
  }
  struct sl_path path = sl_path_element(&array->target->data, array->count);
  return array->depth == 2 ? sl_path_element(&path, array->axis) : path;
}

static enum sl_status fail_here(struct sl_data_array *array, struct sl_error *error,
                                enum sl_status code, const char *expected, const char *came) {
  struct sl_path path = path_here(array);
  return sl_fail_at(error, code, path.pointer, array->reader.token_offset,
                    "%s: expected %s, not %s", path.name, expected, came);
}

/* Gives an error from the counts or the safekeeping its place. */
static enum sl_status fail_storing(struct sl_data_array *array, struct sl_error *error,
                                   const struct sl_error *cause) {
  return sl_place_error(error, cause, &array->target->data, array->reader.token_offset);
}

static enum sl_status set_kind(struct sl_data_array *array, enum sl_data_kind kind,
                               struct sl_error *error) {
  if (array->kind == SL_DATA_UNKNOWN && array->expected == SL_DATA_UNKNOWN) {
    array->kind = kind;
  }
  if (array->kind == SL_DATA_UNKNOWN) {
    array->kind = array->expected;
  }
  if (array->kind == kind) {
    return SL_OK;
  }
  return kind == SL_DATA_FLAT
             ? fail_here(array, error, SL_WRONG_TYPE, "a list of coordinates", "a number")
             : fail_here(array, error, SL_WRONG_TYPE, "a number", "an array");
}

static enum sl_status open_array(struct sl_data_array *array, struct sl_error *error) {
  if (array->depth == array->most_depth) {
    struct sl_path path = path_here(array);
    return sl_fail_too_deep(error, path.pointer, array->reader.token_offset, path.name);
  }
  if (array->depth == 2) {
    return fail_here(array, error, SL_WRONG_TYPE, "a coordinate", "an array");
  }
  if (array->depth == 1 && set_kind(array, SL_DATA_COORDINATES, error) != SL_OK) {
    return error->code;
  }
  array->depth++;
  array->axis = 0;
  return SL_OK;
}

static enum sl_status wrong_count(struct sl_data_array *array, struct sl_error *error,
                                  const char *more) {
  return sl_fail_at(error, SL_LENGTH_MISMATCH, array->target->data.pointer,
                    array->reader.token_offset, "%s has %s%llu value%s, its shape has %llu",
                    array->target->data.name, more, (unsigned long long)array->count,
                    array->count == 1 ? "" : "s", (unsigned long long)array->target->most_values);
}

/* A coordinate list with more or fewer entries than the tensor has axes. */
static enum sl_status wrong_axes(struct sl_data_array *array, struct sl_error *error) {
  struct sl_path path = sl_path_element(&array->target->data, array->count);
  return sl_fail_at(error, SL_LENGTH_MISMATCH, path.pointer, array->reader.token_offset,
                    "%s has %s than %zu coordinate%s, one for each dimension", path.name,
                    array->axis < array->rank || array->rank == 0 ? "fewer" : "more",
                    array->rank > 0 ? array->rank : 1, array->rank > 1 ? "s" : "");
}

static enum sl_status begin_number(struct sl_data_array *array, struct sl_error *error) {
  if (array->depth == 1) {
    if (set_kind(array, SL_DATA_FLAT, error) != SL_OK) {
      return error->code;
    }
    return array->count < array->target->most_values ? SL_OK
                                                     : wrong_count(array, error, "more than ");
  }
  size_t most = array->rank > 0 ? array->rank : SL_MAX_RANK;
  if (array->axis == most) {
    array->rank = most;
    return wrong_axes(array, error);
  }
  return SL_OK;
}

static enum sl_status add_value(struct sl_data_array *array, struct sl_error *error) {
  struct sl_tensor_target *target = array->target;
  struct sl_error cause;
  sl_error_clear(&cause);
  double value = array->reader.value;
  enum sl_status status = target->shape_known
                              ? sl_spikes_push_reals(target->spikes, &value, 1, &cause)
                              : sl_deferred_keep_real(&target->deferred, value, &cause);
  array->count++;
  return status == SL_OK ? SL_OK : fail_storing(array, error, &cause);
}

static enum sl_status add_coordinate(struct sl_data_array *array, struct sl_error *error) {
  struct sl_tensor_target *target = array->target;
  double value = array->reader.value;
  if (value != floor(value)) {
    return fail_here(array, error, SL_WRONG_TYPE, "an integer", "a fraction");
  }
  double most = target->shape_known ? (double)target->spikes->shape[array->axis] : SL_MOST_INTEGER;
  if (value < 0 || value >= most) {
    char expected[64];
    char came[32];
    snprintf(expected, sizeof expected, "a coordinate from 0 to %.17g", most - 1);
    snprintf(came, sizeof came, "%.17g", value);
    return fail_here(array, error, SL_COO_OUT_OF_RANGE, expected, came);
  }
  array->coordinates[array->axis] = (uint64_t)value;
  struct sl_error cause;
  sl_error_clear(&cause);
  if (!target->shape_known &&
      sl_deferred_keep_integer(&target->deferred, (uint64_t)value, &cause) != SL_OK) {
    return fail_storing(array, error, &cause);
  }
  array->axis++;
  return SL_OK;
}

/* Row-major order is the order of coordinates read like words in a dictionary. */
static bool increases(const struct sl_data_array *array) {
  for (size_t axis = 0; axis < array->rank; axis++) {
    if (array->coordinates[axis] != array->previous[axis]) {
      return array->coordinates[axis] > array->previous[axis];
    }
  }
  return false;
}

static uint64_t row_major_index(const struct sl_data_array *array) {
  uint64_t index = 0;
  for (size_t axis = 0; axis < array->rank; axis++) {
    index = index * array->target->spikes->shape[axis] + array->coordinates[axis];
  }
  return index;
}

static enum sl_status count_entry(struct sl_data_array *array, struct sl_error *error) {
  struct sl_error cause;
  sl_error_clear(&cause);
  if (sl_spikes_add_one(array->target->spikes, row_major_index(array), &cause) != SL_OK) {
    return fail_storing(array, error, &cause);
  }
  return SL_OK;
}

static enum sl_status close_coordinates(struct sl_data_array *array, struct sl_error *error) {
  if (array->axis == 0 || (array->rank > 0 && array->axis < array->rank)) {
    return wrong_axes(array, error);
  }
  array->rank = array->axis;
  if (array->count > 0 && !increases(array)) {
    struct sl_path path = sl_path_element(&array->target->data, array->count);
    return sl_fail_at(error, SL_COO_NOT_INCREASING, path.pointer, array->reader.token_offset,
                      "%s does not come behind the coordinates before it in row-major order",
                      path.name);
  }
  for (size_t axis = 0; axis < array->rank; axis++) {
    array->previous[axis] = array->coordinates[axis];
  }
  if (array->target->shape_known && count_entry(array, error) != SL_OK) {
    return error->code;
  }
  array->count++;
  array->depth = 1;
  return SL_OK;
}

static enum sl_status close_data(struct sl_data_array *array, struct sl_error *error) {
  array->close_offset = array->reader.token_offset;
  if (array->kind == SL_DATA_UNKNOWN) {
    array->kind = array->expected;
  }
  bool is_flat = array->kind == SL_DATA_FLAT;
  if (is_flat && array->target->shape_known && array->count < array->target->most_values) {
    return wrong_count(array, error, "");
  }
  array->depth = 0;
  return SL_OK;
}

/* Behind a comma between flat numbers: whole blocks of plain text go to the kernel. */
static enum sl_status scan_blocks(struct sl_data_array *array, struct sl_text *text,
                                  struct sl_error *error) {
  struct sl_tensor_target *target = array->target;
  uint64_t bits[SL_SCAN_VALUES / 64];
  uint64_t room = target->most_values - array->count;
  struct sl_text_scan *scan = &array->scan;
  scan->row_length = SL_NO_ROWS;
  scan->column = 1;
  scan->bits = bits;
  scan->room = room < SL_SCAN_VALUES ? (size_t)room : SL_SCAN_VALUES;
  uint64_t offset = sl_text_offset(text);
  size_t taken = sl_scan(scan, text);
  sl_scan_plan_next(&array->scan_plan, offset, scan->resume, taken == 0);
  struct sl_error cause;
  sl_error_clear(&cause);
  enum sl_status status = target->shape_known
                              ? sl_spikes_push_bits(target->spikes, bits, scan->count, &cause)
                              : sl_deferred_keep_bits(&target->deferred, bits, scan->count, &cause);
  if (status == SL_OK) {
    sl_text_take_fast(text, taken);
    array->count += scan->count;
    return SL_OK;
  }
  array->scan_plan.from = offset + taken; /* the events know which value is one too many */
  return status == SL_DEFERRED_TOO_LARGE ? SL_OK : fail_storing(array, error, &cause);
}

/* Graded values; one that might be one too many for the safekeeping is left to the events. */
static enum sl_status read_short_numbers(struct sl_data_array *array, struct sl_text *text,
                                         struct sl_error *error) {
  struct sl_tensor_target *target = array->target;
  if (!target->shape_known) {
    return SL_OK;
  }
  double values[SL_PENDING_VALUES];
  uint64_t left = target->most_values - array->count;
  size_t room = left < SL_PENDING_VALUES ? (size_t)left : SL_PENDING_VALUES;
  size_t count = sl_array_reader_short_numbers(&array->reader, text, values, room);
  struct sl_error cause;
  sl_error_clear(&cause);
  array->count += count;
  return sl_spikes_push_reals(target->spikes, values, count, &cause) == SL_OK
             ? SL_OK
             : fail_storing(array, error, &cause);
}

static enum sl_status read_ahead(struct sl_data_array *array, struct sl_text *text,
                                 struct sl_error *error) {
  enum sl_status status = SL_OK;
  while (status == SL_OK && sl_scan_is_due(&array->scan_plan, text)) {
    status = scan_blocks(array, text, error);
  }
  return status == SL_OK ? read_short_numbers(array, text, error) : status;
}

static enum sl_status handle(struct sl_data_array *array, enum sl_array_event event,
                             struct sl_text *text, struct sl_error *error) {
  switch (event) {
  case SL_ARRAY_COMMA:
    return array->kind == SL_DATA_FLAT ? read_ahead(array, text, error) : SL_OK;
  case SL_ARRAY_OPEN:
    return open_array(array, error);
  case SL_ARRAY_NUMBER_BEGINS:
    return begin_number(array, error);
  case SL_ARRAY_NUMBER:
    return array->depth == 1 ? add_value(array, error) : add_coordinate(array, error);
  case SL_ARRAY_CLOSE:
    return array->depth == 1 ? close_data(array, error) : close_coordinates(array, error);
  case SL_ARRAY_NOT_FINITE:
    return fail_here(array, error, SL_NOT_FINITE, "a finite number",
                     "NaN, an infinity or a number too large for a double");
  case SL_ARRAY_OTHER_VALUE:
    return fail_here(array, error, SL_WRONG_TYPE, "a number", sl_describe_value(*text->at));
  default:
    return error->code;
  }
}

enum sl_status sl_data_array_read(struct sl_data_array *array, struct sl_text *text,
                                  struct sl_error *error) {
  for (;;) {
    enum sl_array_event event = sl_array_reader_next(&array->reader, text, error);
    if (event == SL_ARRAY_NEED_MORE) {
      return SL_NEED_MORE;
    }
    enum sl_status status = handle(array, event, text, error);
    if (status != SL_OK || array->depth == 0) {
      return status;
    }
  }
}
