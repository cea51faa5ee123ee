#include "reference_object.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool missing(struct sl_tensor_object *object, const char *name) {
  char pointer[2 * SL_POINTER_ROOM];
  snprintf(pointer, sizeof pointer, "%s/%s", object->pointer, name);
  return sl_reader_fail(object->reader, SL_MISSING_MEMBER, pointer, object->reader->at);
}

/* Data that came before: checked against a shape that has just been read. */
static bool settle_numbers(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  if (object->kind == SL_DATA_FLAT && object->numbers.count != object->total) {
    return sl_reader_fail(reader, SL_LENGTH_MISMATCH, object->data_pointer, object->shape_offset);
  }
  if (object->kind != SL_DATA_COO) {
    return true;
  }
  if (object->entry_length != object->rank) {
    return sl_reader_fail(reader, SL_LENGTH_MISMATCH, object->data_pointer, object->shape_offset);
  }
  for (size_t i = 0; i < object->numbers.count; i++) {
    if (object->numbers.values[i] >= (double)object->shape[i % object->rank]) {
      return sl_reader_fail(reader, SL_COO_OUT_OF_RANGE, object->data_pointer,
                            object->shape_offset);
    }
  }
  return true;
}

/* The same for base64, as soon as both the shape and the encoding are known. */
static bool settle_text(struct sl_tensor_object *object) {
  if (object->kind != SL_DATA_TEXT || !object->has_shape || !object->has_encoding) {
    return true;
  }
  if (object->byte_count != sl_tensor_bytes_needed(object)) {
    return sl_reader_fail(object->reader, SL_LENGTH_MISMATCH, object->data_pointer,
                          object->data_offset);
  }
  for (size_t i = 1; i <= object->byte_count; i++) {
    if (!sl_tensor_bytes_check(object, i)) {
      return false;
    }
  }
  return true;
}

/* Reads the entries of a shape that is known to be legal JSON. */
static bool judge_entries(struct sl_tensor_object *object, const char *pointer) {
  struct sl_reader again = sl_reader_again(object->reader, object->shape_offset);
  struct sl_reader *reader = &again;
  if (sl_reader_peek(reader) != '[') {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, reader->at);
  }
  sl_reader_take(reader);
  sl_reader_skip_white(reader);
  object->rank = 0;
  while (sl_reader_peek(reader) != ']') {
    char entry[2 * SL_POINTER_ROOM];
    snprintf(entry, sizeof entry, "%s/%zu", pointer, object->rank);
    size_t start = reader->at;
    int byte = sl_reader_peek(reader);
    if (byte != '-' && (byte < '0' || byte > '9')) {
      return sl_reader_fail(reader, SL_WRONG_TYPE, entry, start);
    }
    double value;
    if (!sl_reader_number(reader, &value)) {
      return false;
    }
    if (!isfinite(value)) {
      return sl_reader_fail(reader, SL_NOT_FINITE, entry, start);
    }
    if (value < 0 || value != floor(value)) {
      return sl_reader_fail(reader, SL_WRONG_TYPE, entry, start);
    }
    if (value > 9007199254740992.0) {
      return sl_reader_fail(reader, SL_SHAPE_OVERFLOW, entry, start);
    }
    if (object->rank < SL_MAX_RANK) {
      object->shape[object->rank] = (size_t)value;
    }
    object->rank++;
    sl_reader_skip_white(reader);
    if (sl_reader_peek(reader) == ',') {
      sl_reader_take(reader);
      sl_reader_skip_white(reader);
    }
  }
  return true;
}

static bool judge_shape(struct sl_tensor_object *object, const char *pointer) {
  struct sl_reader *reader = object->reader;
  size_t offset = object->shape_offset;
  if (!judge_entries(object, pointer)) {
    return false;
  }
  if (object->rank < object->rules->field->min_rank ||
      object->rank > object->rules->field->max_rank) {
    return sl_reader_fail(reader, SL_WRONG_RANK, pointer, offset);
  }
  bool empty = false;
  bool overflow = false;
  object->total = 1;
  for (size_t i = 0; i < object->rank; i++) {
    empty = empty || object->shape[i] == 0;
    overflow = overflow || (object->shape[i] != 0 && object->total > SIZE_MAX / object->shape[i]);
    object->total *= object->shape[i];
  }
  if (empty) {
    return sl_reader_fail(reader, SL_EMPTY_TENSOR, pointer, offset);
  }
  if (overflow) {
    return sl_reader_fail(reader, SL_SHAPE_OVERFLOW, pointer, offset);
  }
  struct sl_axes axes = sl_reference_axes(object->rank, object->shape);
  size_t pairs = axes.samples * axes.neurons;
  if (pairs > *object->rules->pairs_left) {
    return sl_reader_fail(reader, SL_TENSOR_TOO_LARGE, pointer, offset);
  }
  *object->rules->pairs_left -= pairs;
  return true;
}

static bool read_shape(struct sl_tensor_object *object, const char *pointer,
                       uint64_t member_bytes) {
  if (!sl_reference_collect(object->reader, pointer, member_bytes, &object->shape_offset) ||
      !judge_shape(object, pointer)) {
    return false;
  }
  object->has_shape = true;
  return !object->has_data || (settle_numbers(object) && settle_text(object));
}

static bool encoding_fits(const struct sl_tensor_object *object) {
  bool coo = object->encoding == SL_DATA_COO_LIST;
  switch (object->kind) {
  case SL_DATA_TEXT:
    return !coo;
  case SL_DATA_EMPTY:
  case SL_DATA_COO:
    return coo;
  case SL_DATA_FLAT:
    return false;
  default:
    return true;
  }
}

static bool read_encoding(struct sl_tensor_object *object, const char *pointer,
                          uint64_t member_bytes) {
  struct sl_reader *reader = object->reader;
  if (!sl_reference_collect(reader, pointer, member_bytes, &object->encoding_offset)) {
    return false;
  }
  struct sl_reader again = sl_reader_again(reader, object->encoding_offset);
  if (sl_reader_peek(&again) != '"') {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, object->encoding_offset);
  }
  static const char *const names[] = {"bits", "f32", "f64", "coo"};
  char *word;
  size_t length;
  sl_reader_string(&again, &word, &length);
  for (size_t i = 0; i < 4; i++) {
    if (length == strlen(names[i]) && memcmp(word, names[i], length) == 0) {
      object->encoding = SL_DATA_BITS + (enum sl_data_encoding)i;
      object->has_encoding = true;
    }
  }
  free(word);
  if (!object->has_encoding) {
    return sl_reader_fail(reader, SL_UNKNOWN_CHOICE, pointer, object->encoding_offset);
  }
  if (!encoding_fits(object)) {
    return sl_reader_fail(reader, SL_WRONG_TYPE, object->data_pointer, object->encoding_offset);
  }
  return settle_text(object);
}

bool sl_tensor_defer(struct sl_tensor_object *object, uint64_t bytes, size_t offset) {
  if (bytes > object->rules->deferred_bytes) {
    return sl_reader_fail(object->reader, SL_DEFERRED_TOO_LARGE, object->data_pointer, offset);
  }
  return true;
}

/* The reader stands at the name of a member. */
static bool read_member(struct sl_tensor_object *object) {
  static const char *const names[] = {"shape", "encoding", "data"};
  bool *present[] = {&object->has_shape, &object->has_encoding, &object->has_data};
  struct sl_reader *reader = object->reader;
  size_t start = reader->at;
  char *pointer;
  size_t which;
  enum sl_status found =
      sl_reference_name_read(reader, object->pointer, names, 3, &which, &pointer);
  bool good = found == SL_OK;
  if (found == SL_UNKNOWN_MEMBER) {
    sl_reader_fail(reader, SL_UNKNOWN_MEMBER, pointer, start);
  } else if (good && *present[which]) {
    good = sl_reader_fail(reader, SL_DUPLICATE_MEMBER, pointer, start);
  }
  good = good && sl_reader_skip_white(reader) && sl_reader_expect(reader, ':') &&
         sl_reader_skip_white(reader);
  if (good) {
    uint64_t member_bytes = object->rules->member_bytes;
    good = which == 0   ? read_shape(object, pointer, member_bytes)
           : which == 1 ? read_encoding(object, pointer, member_bytes)
                        : sl_tensor_data_read(object);
  }
  free(pointer);
  return good;
}

/* What only the end of the object tells; the reader stands at its `}`. */
static bool check_complete(struct sl_tensor_object *object) {
  if (!object->has_shape) {
    return missing(object, "shape");
  }
  if (!object->has_encoding && (object->kind == SL_DATA_COO || object->kind == SL_DATA_TEXT)) {
    return missing(object, "encoding");
  }
  if (!object->has_data) {
    return missing(object, "data");
  }
  if (object->kind == SL_DATA_EMPTY && !object->has_encoding) {
    return sl_reader_fail(object->reader, SL_LENGTH_MISMATCH, object->data_pointer,
                          object->reader->at);
  }
  return true;
}

static bool read_members(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) != '}') {
    while (read_member(object) && sl_reader_skip_white(reader) && sl_reader_peek(reader) == ',') {
      if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
        return false;
      }
    }
    if (reader->error->code != SL_OK) {
      return false;
    }
    if (sl_reader_peek(reader) != '}') {
      return sl_reader_not_json(reader);
    }
  }
  return check_complete(object) && sl_reader_take(reader);
}

/* All values in row-major order. */
static void lay_out(const struct sl_tensor_object *object, struct sl_reference_tensor *tensor) {
  bool coo = object->encoding == SL_DATA_COO_LIST;
  tensor->rank = object->rank;
  memcpy(tensor->shape, object->shape, sizeof tensor->shape);
  tensor->count = object->total;
  if (coo && object->total > SL_REFERENCE_LARGEST_LAYOUT) {
    return;
  }
  tensor->values = sl_must_allocate(object->total, sizeof(double));
  for (size_t i = 0; !coo && i < object->total; i++) {
    tensor->values[i] = object->kind == SL_DATA_TEXT ? sl_tensor_binary_value(object, i)
                                                     : object->numbers.values[i];
  }
  for (size_t entry = 0; coo && entry < object->numbers.count; entry += object->rank) {
    size_t index = 0;
    for (size_t axis = 0; axis < object->rank; axis++) {
      index = index * object->shape[axis] + (size_t)object->numbers.values[entry + axis];
    }
    tensor->values[index] = 1.0;
  }
}

bool sl_reference_object_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor) {
  struct sl_tensor_object object = {.reader = reader, .rules = rules};
  snprintf(object.pointer, sizeof object.pointer, "%s", pointer);
  snprintf(object.data_pointer, sizeof object.data_pointer, "%s/data", pointer);
  if (reader->depth >= reader->depth_limit) {
    return sl_reader_fail(reader, SL_TOO_DEEP, pointer, reader->at);
  }
  reader->depth++;
  bool good = read_members(&object);
  reader->depth--;
  if (good) {
    lay_out(&object, tensor);
  }
  free(object.numbers.values);
  free(object.bytes);
  return good;
}
