#include "reference_tensor.h"

#include "core/codes.h"
#include <math.h>
#include <string.h>

struct sl_axes sl_reference_axes(size_t rank, const size_t *shape) {
  struct sl_axes axes = {1, 1, 1};
  size_t first_neuron_axis = rank >= 3 ? 2 : rank - 1;
  axes.steps = rank >= 2 ? shape[first_neuron_axis - 1] : 1;
  axes.samples = rank >= 3 ? shape[0] : 1;
  for (size_t axis = first_neuron_axis; axis < rank; axis++) {
    axes.neurons *= shape[axis];
  }
  return axes;
}

/* Fails under the path of the array or object around the value that is being read. */
static _Noreturn void fail_around(struct sl_reader *reader, enum sl_status code, size_t offset) {
  reader->path_length--;
  sl_reader_fail(reader, code, offset);
}

/*
 * Nested arrays. The rank becomes known at the first number, the length of every level when the
 * first array of that level closes; from then on everything has to agree.
 *
 *     [ [ [ 1, 0 ], [ 0, 1 ] ], ... ]
 *     1 2 3                              levels; the numbers of a tensor of rank 3 are at level 3
 */
struct nested {
  struct sl_reader *reader;
  const struct sl_tensor_rules *rules;
  struct sl_tensor_object *object; /* of which this is the data, or NULL */
  bool shaped;                     /* compared with the shape of the object */
  double *values;                  /* of a tensor without an object */
  size_t count;
  size_t rank; /* 0: not known */
  bool length_known[SL_MAX_RANK + 2];
  size_t lengths[SL_MAX_RANK + 2]; /* by level */
  size_t indices[SL_MAX_RANK + 2]; /* by level: which element is being read */
  size_t step_values;              /* in the first time step of the first sample */
};

/* Fails if the element that begins here is one more than its array may have. */
static void check_index(struct nested *nested, size_t level) {
  size_t start = nested->reader->at;
  size_t index = nested->indices[level];
  if (nested->shaped && index >= nested->object->shape[level - 1]) {
    sl_reader_fail(nested->reader, SL_LENGTH_MISMATCH, start);
  }
  if (!nested->shaped && nested->length_known[level] && index >= nested->lengths[level]) {
    sl_reader_fail(nested->reader, SL_RAGGED, start);
  }
}

/* How many (sample, neuron) pairs the next number is the first value of. */
static size_t pairs_begun(const struct nested *nested) {
  size_t rank = nested->rank;
  size_t sample = rank >= 3 ? nested->indices[1] : 0;
  size_t step = rank >= 2 ? nested->indices[rank >= 3 ? 2 : 1] : 0;
  if (sample == 0) {
    return step == 0 ? 1 : 0;
  }
  for (size_t level = 2; level <= rank; level++) {
    if (nested->indices[level] != 0) {
      return 0;
    }
  }
  return nested->step_values;
}

static void charge_pairs(struct nested *nested, size_t offset, size_t path_length) {
  size_t pairs = pairs_begun(nested);
  if (pairs > *nested->rules->pairs_left) {
    nested->reader->path_length = path_length;
    sl_reader_fail(nested->reader, SL_TENSOR_TOO_LARGE, offset);
  }
  *nested->rules->pairs_left -= pairs;
  nested->step_values += pairs == 1 && (nested->rank < 3 || nested->indices[1] == 0) ? 1 : 0;
}

static void append(struct sl_tensor_object *object, double value) {
  object->numbers =
      sl_reader_grow(object->reader, object->numbers, object->count, sizeof *object->numbers);
  object->numbers[object->count++] = value;
}

/* Data in an object that must wait: one bit each, in words of 64, up to the first number that is
 * neither 0 nor 1; from there on 8 bytes each. */
static void add_waiting(struct sl_tensor_object *object, const struct sl_reference_number *number,
                        bool waits) {
  bool binary = number->value == 0.0 || number->value == 1.0;
  object->binary += binary && object->binary == object->count ? 1 : 0;
  object->integers = object->integers && number->integer;
  append(object, number->value);
  uint64_t bytes = 8 * ((object->binary + 63) / 64) + 8 * (object->count - object->binary);
  if (waits) {
    sl_reference_defer(object, bytes, number->start);
  }
}

static void read_leaf(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  size_t start = reader->at;
  if (nested->shaped && level < nested->object->rank) {
    sl_reader_fail(reader, SL_WRONG_RANK, start);
  }
  if (nested->rank != 0 && level < nested->rank) {
    sl_reader_fail(reader, SL_RAGGED, start);
  }
  if (nested->object == NULL && level < nested->rules->field->min_rank) {
    sl_reader_fail(reader, SL_WRONG_RANK, start);
  }
  check_index(nested, level);
  nested->rank = level;
  struct sl_reference_number number = sl_reader_number(reader);
  if (nested->object != NULL) {
    add_waiting(nested->object, &number, !nested->shaped);
    return;
  }
  charge_pairs(nested, start, reader->path_length - level);
  nested->values = sl_reader_grow(reader, nested->values, nested->count, sizeof number.value);
  nested->values[nested->count++] = number.value;
}

/* An array begins as an element of that level. */
static void check_array(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  const struct sl_tensor_object *object = nested->object;
  sl_reader_check_depth(reader);
  if (nested->rank != 0 && level >= nested->rank) {
    sl_reader_fail(reader, SL_RAGGED, reader->at);
  }
  /* Three levels cannot be coordinates: what has a shape can be compared with it. */
  nested->shaped = nested->shaped || (object != NULL && object->has_shape && level >= 2);
  if (level + 1 > (nested->shaped ? object->rank : nested->rules->field->max_rank)) {
    sl_reader_fail(reader, SL_WRONG_RANK, reader->at);
  }
  check_index(nested, level);
}

static void read_array(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  size_t count = 0;
  sl_reader_open(reader);
  for (; sl_reader_element(reader, count, ']'); count++) {
    nested->indices[level] = count;
    if (sl_reader_peek(reader) == '[') {
      check_array(nested, level);
      read_array(nested, level + 1);
    } else if (sl_reader_at_number(reader)) {
      read_leaf(nested, level);
    } else {
      sl_reader_refuse(reader, true);
    }
  }
  if (nested->shaped && count < nested->object->shape[level - 1]) {
    sl_reader_fail(reader, SL_LENGTH_MISMATCH, reader->at);
  }
  if (nested->length_known[level] && count < nested->lengths[level]) {
    sl_reader_fail(reader, SL_RAGGED, reader->at);
  }
  if (count == 0) {
    sl_reader_fail(reader, SL_EMPTY_TENSOR, reader->at);
  }
  nested->length_known[level] = true;
  nested->lengths[level] = count;
  sl_reader_close(reader);
}

static void read_nested(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                        struct sl_reference_tensor *tensor) {
  struct nested nested = {.reader = reader, .rules = rules};
  read_array(&nested, 1);
  *tensor = (struct sl_reference_tensor){
      .nested = true, .rank = nested.rank, .values = nested.values, .count = nested.count};
  memcpy(tensor->shape, nested.lengths + 1, sizeof tensor->shape);
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
    add_waiting(object, &number, !object->has_shape);
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
    struct nested nested = {.reader = object->reader, .rules = object->rules, .object = object};
    read_array(&nested, 1);
    memcpy(object->lengths, nested.lengths + 1, sizeof object->lengths);
    object->levels = nested.rank;
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
  if (object->levels != object->rank) {
    sl_reference_data_fail(object, SL_WRONG_RANK, offset);
  }
  if (memcmp(object->lengths, object->shape, object->rank * sizeof *object->shape) != 0) {
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
  struct sl_axes axes = sl_reference_axes(object->rank, object->shape);
  if (axes.samples * axes.neurons > *object->rules->pairs_left) {
    sl_reader_fail(reader, SL_TENSOR_TOO_LARGE, offset);
  }
  *object->rules->pairs_left -= axes.samples * axes.neurons;
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
  if (object->kind == SL_DATA_FLAT && object->count != object->total) {
    sl_reference_data_fail(object, SL_LENGTH_MISMATCH, object->shape_offset);
  }
  if (object->kind == SL_DATA_NESTED && object->levels >= 3) {
    compare_nested(object, object->shape_offset);
  }
  if (object->kind == SL_DATA_COO) {
    check_coordinates(object, object->shape_offset);
  }
}

static void read_encoding(struct sl_tensor_object *object) {
  static const char *const names[] = {"bits", "f32", "f64", "u8", "u16", "u32", "coo"};
  struct sl_reader *reader = object->reader;
  size_t offset = reader->at;
  if (sl_reader_word(reader, "null")) {
    return;
  }
  if (sl_reader_peek(reader) != '"') {
    sl_reader_refuse(reader, false);
  }
  size_t length;
  const char *word = sl_reader_string(reader, &length);
  object->encoding = (enum sl_data_encoding)sl_word_index(names, 7, word, length);
  if (object->encoding == SL_ENCODED_NOT) {
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
  reader->path_length--;
}

/* All values in row-major order. */
static void lay_out(const struct sl_tensor_object *object, struct sl_reference_tensor *tensor) {
  struct sl_reader *reader = object->reader;
  bool coo = object->encoding == SL_ENCODED_COO;
  tensor->rank = object->rank;
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
  static const char *const names[] = {"shape", "encoding", "data"};
  bool seen[3] = {false};
  sl_reader_open(reader);
  for (size_t i = 0; sl_reader_element(reader, i, '}'); i++) {
    size_t which = sl_reader_name(reader, names, 3, seen);
    size_t limit = which == 2 ? SIZE_MAX : rules->limits->member_bytes;
    sl_reader_limit(reader, limit);
    which == 0 ? read_shape(&object) : which == 1 ? read_encoding(&object) : read_data(&object);
    sl_reader_limit(reader, SIZE_MAX);
    sl_reference_base64_settle(&object);
  }
  check_complete(&object);
  sl_reader_close(reader);
  lay_out(&object, tensor);
}

void sl_reference_tensor_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              struct sl_reference_tensor *tensor) {
  if (sl_reader_peek(reader) == '[') {
    read_nested(reader, rules, tensor);
  } else if (sl_reader_peek(reader) == '{') {
    read_object(reader, rules, tensor);
  } else {
    sl_reader_refuse(reader, true);
  }
}
