/*
 * Nested arrays. The rank becomes known at the first number, the length of every level when the
 * first array of that level closes; from then on everything has to agree.
 *
 *     [ [ [ 1, 0 ], [ 0, 1 ] ], ... ]
 *     1 2 3                              levels; numbers of a tensor of rank 3 stand at level 3
 */
#include "reference_tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct nested {
  struct sl_reader *reader;
  const struct sl_tensor_rules *rules;
  const char *pointer;
  struct sl_doubles values;
  bool rank_known;
  size_t rank;
  bool length_known[SL_MAX_RANK + 1]; /* by level */
  size_t lengths[SL_MAX_RANK + 1];
  size_t indices[SL_MAX_RANK + 1]; /* by level: which element is being read */
  size_t step_values;              /* in the first time step of the first sample */
};

/* The pointer of the element that is being read at that level (0: the tensor). */
static void point_at_level(const struct nested *nested, size_t level, char *pointer, size_t room) {
  size_t length = (size_t)snprintf(pointer, room, "%s", nested->pointer);
  for (size_t i = 1; i <= level; i++) {
    length += (size_t)snprintf(pointer + length, room - length, "/%zu", nested->indices[i]);
  }
}

static bool fail_at_level(struct nested *nested, enum sl_status code, size_t level) {
  char pointer[4 * SL_POINTER_ROOM];
  point_at_level(nested, level, pointer, sizeof pointer);
  return sl_reader_fail(nested->reader, code, pointer, nested->reader->at);
}

/* How many (sample, neuron) pairs the next number is the first value of. */
static size_t pairs_begun(const struct nested *nested) {
  size_t rank = nested->rank;
  size_t sample = rank >= 3 ? nested->indices[1] : 0;
  size_t step = rank >= 3 ? nested->indices[2] : rank == 2 ? nested->indices[1] : 0;
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

static bool fails_at_word(struct nested *nested, size_t level) {
  char pointer[4 * SL_POINTER_ROOM];
  point_at_level(nested, level, pointer, sizeof pointer);
  return sl_reader_fails_at_word(nested->reader, pointer);
}

static bool read_number(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  if (nested->rank_known && level < nested->rank) {
    return fail_at_level(nested, SL_RAGGED, level);
  }
  if (level < nested->rules->field->min_rank) {
    return fail_at_level(nested, SL_WRONG_RANK, level);
  }
  if (nested->length_known[level] && nested->indices[level] >= nested->lengths[level]) {
    return fail_at_level(nested, SL_RAGGED, level);
  }
  nested->rank_known = true;
  nested->rank = level;
  size_t start = reader->at;
  double value;
  if (fails_at_word(nested, level) || !sl_reader_number(reader, &value)) {
    return false;
  }
  if (!isfinite(value)) {
    reader->at = start;
    return fail_at_level(nested, SL_NOT_FINITE, level);
  }
  size_t pairs = pairs_begun(nested);
  if (pairs > *nested->rules->pairs_left) {
    return sl_reader_fail(reader, SL_TENSOR_TOO_LARGE, nested->pointer, start);
  }
  *nested->rules->pairs_left -= pairs;
  if (pairs == 1 && (level < 3 || nested->indices[1] == 0)) {
    nested->step_values++;
  }
  sl_doubles_append(&nested->values, value);
  return true;
}

static bool read_array(struct nested *nested, size_t level);

static bool read_inner_array(struct nested *nested, size_t level) {
  if (nested->reader->depth >= nested->reader->depth_limit) {
    return fail_at_level(nested, SL_TOO_DEEP, level);
  }
  if (nested->rank_known && level >= nested->rank) {
    return fail_at_level(nested, SL_RAGGED, level);
  }
  if (level + 1 > nested->rules->field->max_rank) {
    return fail_at_level(nested, SL_WRONG_RANK, level);
  }
  if (nested->length_known[level] && nested->indices[level] >= nested->lengths[level]) {
    return fail_at_level(nested, SL_RAGGED, level);
  }
  return read_array(nested, level + 1);
}

static bool read_element(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  int byte = sl_reader_peek(reader);
  if (byte == '[') {
    return read_inner_array(nested, level);
  }
  if (sl_starts_number(byte)) {
    return read_number(nested, level);
  }
  if (sl_starts_value(byte)) {
    return fail_at_level(nested, SL_WRONG_TYPE, level);
  }
  return !fails_at_word(nested, level) && sl_reader_not_json(reader);
}

static bool close_array(struct nested *nested, size_t level, size_t count) {
  if (nested->length_known[level] && count < nested->lengths[level]) {
    return fail_at_level(nested, SL_RAGGED, level - 1);
  }
  if (count == 0) {
    return fail_at_level(nested, SL_EMPTY_TENSOR, level - 1);
  }
  nested->length_known[level] = true;
  nested->lengths[level] = count;
  nested->reader->depth--;
  return sl_reader_take(nested->reader);
}

/* The reader stands at the `[` of an array whose elements are at `level`. */
static bool read_array(struct nested *nested, size_t level) {
  struct sl_reader *reader = nested->reader;
  reader->depth++;
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == ']') {
    return close_array(nested, level, 0);
  }
  for (size_t i = 0;; i++) {
    nested->indices[level] = i;
    if (!read_element(nested, level) || !sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == ']') {
      return close_array(nested, level, i + 1);
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

bool sl_reference_nested_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor) {
  struct nested nested = {.reader = reader, .rules = rules, .pointer = pointer};
  if (reader->depth >= reader->depth_limit) {
    return sl_reader_fail(reader, SL_TOO_DEEP, pointer, reader->at);
  }
  bool good = read_array(&nested, 1);
  tensor->nested = true;
  tensor->rank = nested.rank;
  memcpy(tensor->shape, nested.lengths + 1, sizeof tensor->shape);
  tensor->values = nested.values.values;
  tensor->count = nested.values.count;
  return good;
}
