/*
 * The member `data` of a tensor object: an array of numbers, an array of coordinates, or base64.
 */
#include "reference_object.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What may stand as an element: checked at its first byte, before anything is counted. */
static bool check_kind(struct sl_tensor_object *object, const char *pointer, bool array) {
  struct sl_reader *reader = object->reader;
  int byte = sl_reader_peek(reader);
  if (!sl_starts_value(byte)) {
    return !sl_reader_fails_at_word(reader, pointer) && sl_reader_not_json(reader);
  }
  if (byte == '[' && reader->depth >= reader->depth_limit) {
    return sl_reader_fail(reader, SL_TOO_DEEP, pointer, reader->at);
  }
  if (array ? byte != '[' : !sl_starts_number(byte)) {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, reader->at);
  }
  return true;
}

static bool finite_number(struct sl_reader *reader, const char *pointer, double *value) {
  size_t start = reader->at;
  if (sl_reader_fails_at_word(reader, pointer) || !sl_reader_number(reader, value)) {
    return false;
  }
  return isfinite(*value) || sl_reader_fail(reader, SL_NOT_FINITE, pointer, start);
}

static bool read_flat_value(struct sl_tensor_object *object, const char *pointer) {
  struct sl_reader *reader = object->reader;
  size_t start = reader->at;
  if (!check_kind(object, pointer, false)) {
    return false;
  }
  if (object->has_shape && object->numbers.count >= object->total) {
    return sl_reader_fail(reader, SL_LENGTH_MISMATCH, object->data_pointer, start);
  }
  double value;
  if (!finite_number(reader, pointer, &value)) {
    return false;
  }
  sl_doubles_append(&object->numbers, value);
  return true;
}

/*
 * Flat values that wait for their shape: one bit each, in words of 64, up to the first that is
 * neither 0 nor 1; from there on 8 bytes each.
 */
static bool defer_flat(struct sl_tensor_object *object, size_t start) {
  size_t count = object->numbers.count;
  size_t binary = 0;
  while (binary < count &&
         (object->numbers.values[binary] == 0.0 || object->numbers.values[binary] == 1.0)) {
    binary++;
  }
  uint64_t bytes = 8 * ((binary + 63) / 64) + 8 * (count - binary);
  return object->has_shape || sl_tensor_defer(object, bytes, start);
}

static bool check_coordinate(struct sl_tensor_object *object, const char *pointer, size_t axis,
                             double value, size_t start) {
  struct sl_reader *reader = object->reader;
  if (value != floor(value)) {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, start);
  }
  double dimension = object->has_shape ? (double)object->shape[axis] : 0x1p53;
  if (value < 0 || value >= dimension) {
    return sl_reader_fail(reader, SL_COO_OUT_OF_RANGE, pointer, start);
  }
  if (!object->has_shape) {
    return sl_tensor_defer(object, 8 * (object->numbers.count + 1), start);
  }
  return true;
}

/* Whether the last entry stands behind the one before it in row-major order. */
static bool increasing(const struct sl_tensor_object *object) {
  size_t length = object->entry_length;
  if (object->numbers.count < 2 * length) {
    return true;
  }
  const double *last = object->numbers.values + object->numbers.count - length;
  const double *before = last - length;
  for (size_t axis = 0; axis < length; axis++) {
    if (last[axis] != before[axis]) {
      return last[axis] > before[axis];
    }
  }
  return false;
}

static bool close_entry(struct sl_tensor_object *object, const char *pointer, size_t count,
                        bool first) {
  struct sl_reader *reader = object->reader;
  bool fits = first ? count >= 1 : count == object->entry_length;
  if (object->has_shape) {
    fits = count == object->rank;
  }
  if (!fits) {
    return sl_reader_fail(reader, SL_LENGTH_MISMATCH, pointer, reader->at);
  }
  object->entry_length = count;
  if (!increasing(object)) {
    return sl_reader_fail(reader, SL_COO_NOT_INCREASING, pointer, reader->at);
  }
  reader->depth--;
  return sl_reader_take(reader);
}

static bool read_entry(struct sl_tensor_object *object, const char *pointer, bool first) {
  struct sl_reader *reader = object->reader;
  if (!check_kind(object, pointer, true)) {
    return false;
  }
  reader->depth++;
  size_t longest = object->has_shape ? object->rank : first ? SL_MAX_RANK : object->entry_length;
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == ']') {
    return close_entry(object, pointer, 0, first);
  }
  for (size_t axis = 0;; axis++) {
    char coordinate[4 * SL_POINTER_ROOM];
    snprintf(coordinate, sizeof coordinate, "%s/%zu", pointer, axis);
    size_t start = reader->at;
    double value;
    if (!check_kind(object, coordinate, false)) {
      return false;
    }
    if (axis >= longest) {
      return sl_reader_fail(reader, SL_LENGTH_MISMATCH, pointer, start);
    }
    if (!finite_number(reader, coordinate, &value) ||
        !check_coordinate(object, coordinate, axis, value, start)) {
      return false;
    }
    sl_doubles_append(&object->numbers, value);
    if (!sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == ']') {
      return close_entry(object, pointer, axis + 1, first);
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

/* The reader stands at the `]` of the data. */
static bool close_data(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  if (object->kind == SL_DATA_FLAT && object->has_shape && object->numbers.count < object->total) {
    return sl_reader_fail(reader, SL_LENGTH_MISMATCH, object->data_pointer, reader->at);
  }
  reader->depth--;
  return sl_reader_take(reader);
}

static bool read_array(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  if (reader->depth >= reader->depth_limit) {
    return sl_reader_fail(reader, SL_TOO_DEEP, object->data_pointer, reader->at);
  }
  reader->depth++;
  object->kind = SL_DATA_EMPTY;
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == ']') {
    return close_data(object);
  }
  for (size_t i = 0;; i++) {
    char pointer[2 * SL_POINTER_ROOM];
    snprintf(pointer, sizeof pointer, "%s/%zu", object->data_pointer, i);
    size_t start = reader->at;
    if (i == 0) {
      bool coo = object->encoding == SL_DATA_COO_LIST || sl_reader_peek(reader) == '[';
      object->kind = coo ? SL_DATA_COO : SL_DATA_FLAT;
    }
    bool good = object->kind == SL_DATA_COO
                    ? read_entry(object, pointer, i == 0)
                    : read_flat_value(object, pointer) && defer_flat(object, start);
    if (!good || !sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == ']') {
      return close_data(object);
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

bool sl_tensor_data_read(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  int byte = sl_reader_peek(reader);
  bool wants_text = object->has_encoding && object->encoding != SL_DATA_COO_LIST;
  bool wants_array = object->has_encoding && object->encoding == SL_DATA_COO_LIST;
  object->data_offset = reader->at;
  bool good;
  if (byte == '[' && !wants_text) {
    good = read_array(object);
  } else if (byte == '"' && !wants_array) {
    good = sl_tensor_base64_read(object);
  } else if (sl_starts_value(byte)) {
    good = sl_reader_fail(reader, SL_WRONG_TYPE, object->data_pointer, reader->at);
  } else {
    good = !sl_reader_fails_at_word(reader, object->data_pointer) && sl_reader_not_json(reader);
  }
  object->has_data = good;
  return good;
}
