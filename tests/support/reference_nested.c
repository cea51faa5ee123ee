/*
 * Nested arrays. The rank becomes known at the first number, the length of every level when the
 * first array of that level closes; from then on everything has to agree.
 *
 *     [ [ [ 1, 0 ], [ 0, 1 ] ], ... ]
 *     1 2 3                              levels; the numbers of a tensor of rank 3 are at level 3
 */
#include "core/codes.h"
#include "reference_tensor.h"

#include <string.h>

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
  if (nested->shaped && index >= nested->object->data_shape[level - 1]) {
    sl_reader_fail(nested->reader, SL_LENGTH_MISMATCH, start);
  }
  if (!nested->shaped && nested->length_known[level] && index >= nested->lengths[level]) {
    sl_reader_fail(nested->reader, SL_RAGGED, start);
  }
}

/*
 * How many (sample, neuron) pairs the next number is the first value of: its own in the first time
 * step, of the first sample if samples come first; there, where a sample begins, all of it; and
 * where sums are kept by neuron and time comes first, all of a row.
 */
static size_t pairs_begun(const struct nested *nested) {
  const struct sl_tensor_rules *rules = nested->rules;
  size_t time = 0, sample = 0;
  bool first_neuron = true;
  for (size_t axis = 0; axis < nested->rank; axis++) {
    size_t index = nested->indices[axis + 1];
    char letter = sl_reference_axis(rules->layout, nested->rank, axis);
    time = letter == 't' ? index : time;
    sample = letter == 'b' ? index : sample;
    first_neuron = first_neuron && (letter != 'n' || index == 0);
  }
  bool time_first = rules->layout == SL_TIME_BATCH_NEURONS && nested->rank > 2;
  bool alone = rules->layout == SL_BATCH_NEURONS_TIME || sample == 0 ||
               (time_first && rules->field->per_sample);
  if (time > 0) {
    return 0;
  }
  return alone ? 1 : first_neuron ? nested->step_values : 0;
}

static void charge_pairs(struct nested *nested, size_t offset, size_t path_length) {
  size_t pairs = pairs_begun(nested);
  if (pairs > *nested->rules->pairs_left) {
    nested->reader->path_length = path_length;
    sl_reader_fail(nested->reader, SL_TENSOR_TOO_LARGE, offset);
  }
  *nested->rules->pairs_left -= pairs;
  size_t samples = nested->rules->layout == SL_TIME_BATCH_NEURONS ? 2 : 1;
  nested->step_values += pairs == 1 && (nested->rank < 3 || nested->indices[samples] == 0) ? 1 : 0;
}

static void read_leaf(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  size_t start = reader->at;
  if (nested->shaped && level < nested->object->data_rank) {
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
    sl_reference_add_number(nested->object, &number, !nested->shaped);
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
  if (level + 1 > (nested->shaped ? object->data_rank : nested->rules->field->max_rank)) {
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
  if (nested->shaped && count < nested->object->data_shape[level - 1]) {
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

void sl_reference_nested_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              struct sl_reference_tensor *tensor) {
  struct nested nested = {.reader = reader, .rules = rules};
  read_array(&nested, 1);
  *tensor = (struct sl_reference_tensor){.nested = true,
                                         .layout = rules->layout,
                                         .rank = nested.rank,
                                         .values = nested.values,
                                         .count = nested.count};
  memcpy(tensor->shape, nested.lengths + 1, sizeof tensor->shape);
}

void sl_reference_nested_data(struct sl_tensor_object *object) {
  struct nested nested = {.reader = object->reader, .rules = object->rules, .object = object};
  read_array(&nested, 1);
  memcpy(object->lengths, nested.lengths + 1, sizeof object->lengths);
  object->levels = nested.rank;
}
