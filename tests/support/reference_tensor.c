#include "reference_tensor.h"

#include "core/codes.h"
#include <math.h>
#include <string.h>

/* Fails under the path of the array or object around the value that is being read. */
static _Noreturn void fail_around(struct sl_reader *reader, enum sl_status code, size_t offset) {
  reader->path_length--;
  sl_reader_fail(reader, code, offset);
}

static void append(struct sl_tensor_object *object, double value) {
  object->numbers =
      sl_reader_grow(object->reader, object->numbers, object->count, sizeof *object->numbers);
  object->numbers[object->count++] = value;
}

void sl_reference_add_number(struct sl_tensor_object *object,
                             const struct sl_reference_number *number, bool waits) {
  bool binary = number->value == 0.0 || number->value == 1.0;
  object->binary += binary && object->binary == object->count ? 1 : 0;
  object->integers = object->integers && number->integer;
  append(object, number->value);
  uint64_t bytes = 8 * ((object->binary + 63) / 64) + 8 * (object->count - object->binary);
  if (waits) {
    sl_reference_defer(object, bytes, number->start);
  }
}

void sl_reference_data_fail(struct sl_tensor_object *object, enum sl_status code, size_t offset) {
  struct sl_reader *reader = object->reader;
  reader->path[reader->path_length - 1] = (struct sl_path_step){.name = "data", .length = 4};
  sl_reader_fail(reader, code, offset);
}

void sl_reference_defer(struct sl_tensor_object *object, uint64_t bytes, size_t offset) {
  if (bytes > object->rules->limits->deferred_bytes) {
    while (object->reader->path[object->reader->path_length - 1].name == NULL) {
      object->reader->path_length--; /* from an element of data to data itself */
    }
    sl_reader_fail(object->reader, SL_DEFERRED_TOO_LARGE, offset);
  }
}

static void read_flat(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  sl_reader_open(reader);
  for (size_t i = 0; sl_reader_element(reader, i, ']'); i++) {
    if (!sl_reader_at_number(reader)) {
      sl_reader_refuse(reader, true);
    }
    if (object->has_shape && i >= object->total) {
      fail_around(reader, SL_LENGTH_MISMATCH, reader->at);
    }
    struct sl_reference_number number = sl_reader_number(reader);
    sl_reference_add_number(object, &number, !object->has_shape);
  }
  if (object->has_shape && object->count < object->total) {
    sl_reader_fail(reader, SL_LENGTH_MISMATCH, reader->at);
  }
  sl_reader_close(reader);
}

/* Whether the last coordinates come after those before them in row-major order. */
static bool increasing(const double *last, size_t length) {
  const double *before = last - length;
  size_t axis = 0;
  while (axis < length && last[axis] == before[axis]) {
    axis++;
  }
  return axis < length && last[axis] > before[axis];
}

static double dimension(const struct sl_tensor_object *object, size_t axis) {
  return object->has_shape ? (double)object->shape[axis] : 0x1p53;
}

/* Coordinates of one value; the encoding is known. */
static void read_entry(struct sl_tensor_object *object, bool first) {
  struct sl_reader *reader = object->reader;
  size_t wanted = object->has_shape ? object->rank : first ? SL_MAX_RANK : object->lengths[1];
  size_t length = 0;
  if (sl_reader_peek(reader) != '[') {
    sl_reader_refuse(reader, true);
  }
  sl_reader_open(reader);
  for (; sl_reader_element(reader, length, ']'); length++) {
    if (!sl_reader_at_number(reader)) {
      sl_reader_refuse(reader, true);
    }
    if (length >= wanted) {
      fail_around(reader, SL_LENGTH_MISMATCH, reader->at);
    }
    struct sl_reference_number number = sl_reader_number(reader);
    if (!number.integer) {
      sl_reader_fail(reader, SL_WRONG_TYPE, number.start);
    }
    if (number.value < 0 || number.value >= dimension(object, length)) {
      sl_reader_fail(reader, SL_COO_OUT_OF_RANGE, number.start);
    }
    append(object, number.value);
    if (!object->has_shape) {
      sl_reference_defer(object, 8 * object->count, number.start);
    }
  }
  bool fits = first && !object->has_shape ? length >= 1 : length == wanted;
  if (!fits) {
    sl_reader_fail(reader, SL_LENGTH_MISMATCH, reader->at);
  }
  object->lengths[1] = length;
  if (!first && !increasing(object->numbers + object->count - length, length)) {
    sl_reader_fail(reader, SL_COO_NOT_INCREASING, reader->at);
  }
  sl_reader_close(reader);
}

static void read_coordinates(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  sl_reader_open(reader);
  for (size_t i = 0; sl_reader_element(reader, i, ']'); i++) {
    read_entry(object, i == 0);
  }
  sl_reader_close(reader);
}

/* The first byte of an array that is not white space. */
static int first_in_array(const struct sl_reader *reader) {
  struct sl_reader ahead = *reader;
  sl_reader_take(&ahead);
  sl_reader_skip_white(&ahead);
  return sl_reader_peek(&ahead);
}

static void read_array_data(struct sl_tensor_object *object) {
  int first = first_in_array(object->reader);
  if (object->encoding == SL_ENCODED_COO) {
    read_coordinates(object);
    object->kind = object->count == 0 ? SL_DATA_EMPTY : SL_DATA_COO;
  } else if (first == '[') {
    sl_reference_nested_data(object);
    object->kind = SL_DATA_NESTED;
  } else if (first == ']') {
    sl_reader_open(object->reader);
    sl_reader_skip_white(object->reader);
    sl_reader_close(object->reader);
    object->kind = SL_DATA_EMPTY;
  } else {
    read_flat(object);
    object->kind = SL_DATA_FLAT;
  }
}

static void read_data(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  int byte = sl_reader_peek(reader);
  bool wants_text = object->encoding < SL_ENCODED_COO;
  object->data_offset = reader->at;
  object->shape_first = object->has_shape;
  if (byte == '[' && !wants_text) {
    read_array_data(object);
  } else if (byte == '"' && object->encoding != SL_ENCODED_COO) {
    sl_reference_base64_read(object);
    object->kind = SL_DATA_TEXT;
  } else {
    sl_reader_refuse(reader, true);
  }
}

/* Coordinates that are outside the shape, or not in order. */
static void check_coordinates(struct sl_tensor_object *object, size_t offset) {
  const double *values = object->numbers;
  size_t length = object->lengths[1];
  if (length > SL_MAX_RANK || (object->has_shape && length != object->rank)) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, offset);
  }
  for (size_t i = 0; i < object->count; i++) {
    if (values[i] < 0 || values[i] >= dimension(object, i % length)) {
      sl_reference_data_fail(object, SL_COO_OUT_OF_RANGE, offset);
    }
    if (i >= length && i % length == length - 1 && !increasing(values + i - i % length, length)) {
      sl_reference_data_fail(object, SL_COO_NOT_INCREASING, offset);
    }
  }
}

static void compare_nested(struct sl_tensor_object *object, size_t offset) {
  if (object->levels != object->data_rank) {
    sl_reference_data_fail(object, SL_WRONG_RANK, offset);
  }
  if (memcmp(object->lengths, object->data_shape, object->data_rank * sizeof *object->shape) != 0) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, offset);
  }
}

static void judge_shape(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  size_t offset = object->shape_offset;
  if (object->rank < object->rules->field->min_rank ||
      object->rank > object->rules->field->max_rank) {
    sl_reader_fail(reader, SL_WRONG_RANK, offset);
  }
  bool empty = false;
  bool overflow = false;
  object->total = 1;
  for (size_t i = 0; i < object->rank; i++) {
    empty = empty || object->shape[i] == 0;
    overflow = overflow || (object->shape[i] != 0 && object->total > SIZE_MAX / object->shape[i]);
    object->total *= object->shape[i];
  }
  if (empty || overflow) {
    sl_reader_fail(reader, empty ? SL_EMPTY_TENSOR : SL_SHAPE_OVERFLOW, offset);
  }
  struct sl_axes axes = sl_reference_axes(object->rules->layout, object->rank, object->shape);
  if (axes.samples * axes.neurons > *object->rules->pairs_left) {
    sl_reader_fail(reader, SL_TENSOR_TOO_LARGE, offset);
  }
  *object->rules->pairs_left -= axes.samples * axes.neurons;
}

/* What is left of the shape, once it is known, where values are sums. */
static void leave_axes_out(struct sl_tensor_object *object) {
  enum sl_layout layout = object->rules->layout;
  object->data_rank = 0;
  object->total = 1;
  for (size_t axis = 0; object->has_shape && axis < object->rank; axis++) {
    char letter = sl_reference_axis(layout, object->rank, axis);
    bool summed = (letter == 't' && object->summed != SL_SUMMED_NOT) ||
                  (letter == 'b' && object->summed == SL_SUMMED_BATCH_TIME);
    if (!summed) {
      object->data_shape[object->data_rank++] = object->shape[axis];
      object->total *= object->shape[axis];
    }
  }
}

static void read_shape(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  object->shape_offset = reader->at;
  if (sl_reader_peek(reader) != '[') {
    sl_reader_refuse(reader, true);
  }
  sl_reader_open(reader);
  for (; sl_reader_element(reader, object->rank, ']'); object->rank++) {
    struct sl_reference_number number = sl_reader_number(reader);
    if (!number.integer || number.negative) {
      sl_reader_fail(reader, SL_WRONG_TYPE, number.start);
    }
    if (number.magnitude > UINT64_C(1) << 53) {
      sl_reader_fail(reader, SL_SHAPE_OVERFLOW, number.start);
    }
    if (object->rank < SL_MAX_RANK) {
      object->shape[object->rank] = (size_t)number.magnitude;
    }
  }
  sl_reader_close(reader);
  judge_shape(object);
  object->has_shape = true;
  leave_axes_out(object);
  if (object->kind == SL_DATA_COO) {
    check_coordinates(object, object->shape_offset);
  }
}

/* A word in quotes, or null: then `count`. */
static size_t read_word(struct sl_reader *reader, const char *const *names, size_t count) {
  size_t offset = reader->at;
  if (sl_reader_word(reader, "null")) {
    return count;
  }
  if (sl_reader_peek(reader) != '"') {
    sl_reader_refuse(reader, false);
  }
  size_t length;
  const char *word = sl_reader_string(reader, &length);
  size_t index = sl_word_index(names, count, word, length);
  if (index == count) {
    sl_reader_fail(reader, SL_UNKNOWN_CHOICE, offset);
  }
  return index;
}

static bool sums_suit(const struct sl_tensor_object *object) {
  bool single = object->encoding == SL_ENCODED_BITS || object->encoding == SL_ENCODED_COO;
  return object->summed == SL_SUMMED_NOT ||
         (!single && (object->summed == SL_SUMMED_TIME || !object->rules->field->per_sample));
}

static void read_summed(struct sl_tensor_object *object) {
  static const char *const names[] = {"time", "batch_time"};
  size_t offset = object->reader->at;
  size_t word = read_word(object->reader, names, 2);
  if (word == 2) {
    return;
  }
  if (object->shape_first) {
    sl_reader_fail(object->reader, SL_MEMBER_TOO_LATE, offset);
  }
  object->summed = word == 0 ? SL_SUMMED_TIME : SL_SUMMED_BATCH_TIME;
  if (!sums_suit(object)) {
    sl_reader_fail(object->reader, SL_UNKNOWN_CHOICE, offset);
  }
  leave_axes_out(object);
}

static void read_encoding(struct sl_tensor_object *object) {
  static const char *const names[] = {"bits", "f32", "f64", "u8", "u16", "u32", "coo"};
  struct sl_reader *reader = object->reader;
  size_t offset = reader->at;
  size_t word = read_word(reader, names, 7);
  if (word == 7) {
    return;
  }
  object->encoding = (enum sl_data_encoding)word;
  if (!sums_suit(object)) {
    sl_reader_fail(reader, SL_UNKNOWN_CHOICE, offset);
  }
  bool coo = object->encoding == SL_ENCODED_COO;
  bool array = object->kind == SL_DATA_EMPTY ||
               (object->kind == SL_DATA_NESTED && object->levels == 2 && object->integers);
  if (object->kind != SL_DATA_NONE && !(coo ? array : object->kind == SL_DATA_TEXT)) {
    sl_reference_data_fail(object, SL_WRONG_TYPE, offset);
  }
  if (object->kind == SL_DATA_NESTED) {
    check_coordinates(object, offset);
    object->kind = SL_DATA_COO;
  }
}

static _Noreturn void missing(struct sl_tensor_object *object, const char *name) {
  struct sl_reader *reader = object->reader;
  reader->path[reader->path_length++] = (struct sl_path_step){.name = name, .length = strlen(name)};
  sl_reader_fail(reader, SL_MISSING_MEMBER, reader->at);
}

/* What only the end of the object tells; the reader is at its `}`. */
static void check_complete(struct sl_tensor_object *object) {
  struct sl_reader *reader = object->reader;
  if (!object->has_shape) {
    missing(object, "shape");
  }
  if (object->kind == SL_DATA_TEXT && object->encoding == SL_ENCODED_NOT) {
    missing(object, "encoding");
  }
  if (object->kind == SL_DATA_NONE) {
    missing(object, "data");
  }
  reader->path_length++; /* for the path of data */
  if (object->kind == SL_DATA_EMPTY && object->encoding == SL_ENCODED_NOT) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, reader->at);
  }
  if (object->kind == SL_DATA_NESTED) {
    compare_nested(object, reader->at);
  }
  if (object->kind == SL_DATA_FLAT && object->count != object->total) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, reader->at);
  }
  if (object->kind == SL_DATA_TEXT) {
    sl_reference_base64_settle(object);
  }
  reader->path_length--;
}

/* All values in row-major order. */
static void lay_out(const struct sl_tensor_object *object, struct sl_reference_tensor *tensor) {
  struct sl_reader *reader = object->reader;
  bool coo = object->encoding == SL_ENCODED_COO;
  tensor->rank = object->rank;
  tensor->layout = object->rules->layout;
  tensor->summed = object->summed;
  memcpy(tensor->shape, object->shape, sizeof tensor->shape);
  tensor->count = object->total;
  tensor->values = object->numbers;
  if (coo || object->kind == SL_DATA_TEXT) {
    bool fits = !coo || object->total <= SL_REFERENCE_LARGEST_LAYOUT;
    tensor->values =
        fits ? sl_reader_allocate(reader, object->total, sizeof *tensor->values) : NULL;
  }
  for (size_t i = 0; object->kind == SL_DATA_TEXT && i < object->total; i++) {
    tensor->values[i] = sl_reference_binary_value(object, i);
  }
  size_t index = 0;
  for (size_t i = 0; coo && tensor->values != NULL && i < object->count; i++) {
    size_t axis = i % object->rank;
    index = (axis == 0 ? 0 : index * object->shape[axis]) + (size_t)object->numbers[i];
    if (axis == object->rank - 1) {
      tensor->values[index] = 1.0;
    }
  }
}

static void read_object(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                        struct sl_reference_tensor *tensor) {
  struct sl_tensor_object object = {
      .reader = reader, .rules = rules, .encoding = SL_ENCODED_NOT, .integers = true};
  static const char *const names[] = {"shape", "encoding", "data", "summed"};
  bool seen[4] = {false};
  sl_reader_open(reader);
  for (size_t i = 0; sl_reader_element(reader, i, '}'); i++) {
    size_t which = sl_reader_name(reader, names, 4, seen);
    size_t limit = which == 2 ? SIZE_MAX : rules->limits->member_bytes;
    sl_reader_limit(reader, limit);
    which == 0   ? read_shape(&object)
    : which == 1 ? read_encoding(&object)
    : which == 2 ? read_data(&object)
                 : read_summed(&object);
    sl_reader_limit(reader, SIZE_MAX);
    bool bits = object.encoding == SL_ENCODED_BITS; /* those are no sums, whatever follows */
    if (object.kind == SL_DATA_TEXT && object.has_shape && bits) {
      sl_reference_base64_settle(&object);
    }
  }
  check_complete(&object);
  sl_reader_close(reader);
  lay_out(&object, tensor);
}

void sl_reference_tensor_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              struct sl_reference_tensor *tensor) {
  if (sl_reader_peek(reader) == '[') {
    sl_reference_nested_read(reader, rules, tensor);
  } else if (sl_reader_peek(reader) == '{') {
    read_object(reader, rules, tensor);
  } else {
    sl_reader_refuse(reader, true);
  }
}
