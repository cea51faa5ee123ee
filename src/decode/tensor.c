#include "decode/tensor.h"

#include "core/checked.h"
#include "core/codes.h"
#include "decode/value.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const member_names[SL_TENSOR_MEMBERS] = {"shape", "encoding", "data", "summed"};
static const char *const encoding_names[] = {"bits", "f32", "f64", "u8", "u16", "u32", "coo", NULL};
static const char *const summed_names[] = {"time", "batch_time", NULL};

void sl_tensor_begin(struct sl_tensor *tensor, struct sl_spikes *spikes,
                     const struct sl_field *field, size_t around) {
  if (tensor->field != field || tensor->around != around) {
    tensor->head.length = 0;
  }
  tensor->field = field;
  tensor->around = around;
  tensor->state = SL_TENSOR_START;
  tensor->is_object = false;
  tensor->has_work = false;
  tensor->seen = 0;
  tensor->encoding = SL_TENSOR_UNKNOWN;
  tensor->values = 0;
  tensor->summed = SL_SUMMED_NOT;
  tensor->shape_first = false;
  tensor->data = SL_DATA_NONE;
  tensor->sink.spikes = spikes;
  tensor->sink.defers = false;
}

void sl_tensor_free(struct sl_tensor *tensor, struct sl_reading *reading) {
  sl_deferred_free(&tensor->sink.deferred, reading);
}

static bool is_packed(const struct sl_tensor *tensor) {
  return tensor->encoding <= SL_TENSOR_U32;
}

/* Fails about a member of the object that is not being read. */
static enum sl_status fail_about_member(const struct sl_tensor *tensor, struct sl_reading *reading,
                                        enum sl_status code, enum sl_tensor_member member,
                                        uint64_t offset, const char *problem) {
  reading->json.levels[tensor->around].name = member_names[member];
  return sl_json_fail(&reading->json, &reading->error, code, tensor->around + 1, offset, "%s",
                      problem);
}

/* Gives the spikes their shape, of a rank that the field allows. It begins at an offset. */
static enum sl_status take_shape(struct sl_tensor *tensor, struct sl_reading *reading, size_t rank,
                                 uint64_t offset) {
  struct sl_json *json = &reading->json;
  if (sl_spikes_set_shape(tensor->sink.spikes, rank, tensor->shape, &reading->error) != SL_OK) {
    return sl_json_locate(json, &reading->error, json->depth, offset);
  }
  size_t values = 0;
  sl_checked_product(&values, tensor->shape, rank);
  tensor->values = values;
  tensor->head.rank = rank;
  tensor->head.shape_at = (size_t)(offset - tensor->head.begin);
  return SL_OK;
}

/* Remembers the text before data that has just begun, if it is short and in one piece. */
static void keep_head(struct sl_tensor *tensor, const struct sl_reading *reading,
                      const struct sl_input *input) {
  struct sl_tensor_head *head = &tensor->head;
  uint64_t length = reading->json.offset - head->begin;
  uint64_t back = sl_input_offset(input) - head->begin;
  bool in_piece = back <= (uint64_t)(input->at - input->begin);
  if (tensor->values > 0 && length <= sizeof head->text && in_piece) {
    memcpy(head->text, input->at - back, length);
    head->length = (size_t)length;
    head->seen = tensor->seen;
    head->encoding = tensor->encoding;
    head->summed = tensor->summed;
  }
}

/* Takes what an object begins with, if it is what the one before it began with. */
static enum sl_status repeat_head(struct sl_tensor *tensor, struct sl_reading *reading,
                                  struct sl_input *input) {
  struct sl_tensor_head *head = &tensor->head;
  struct sl_json *json = &reading->json;
  head->begin = sl_input_offset(input);
  if (head->length == 0 || sl_input_left(input) < head->length ||
      memcmp(input->at, head->text, head->length) != 0) {
    head->length = 0;
    return SL_OK;
  }
  json->levels[tensor->around].name = member_names[SL_TENSOR_SHAPE];
  if (take_shape(tensor, reading, head->rank, head->begin + head->shape_at) != SL_OK) {
    return reading->error.code;
  }
  input->at += head->length;
  json->levels[tensor->around].name = member_names[SL_TENSOR_DATA];
  json->state = SL_JSON_VALUE;
  tensor->state = SL_TENSOR_AT_VALUE;
  tensor->member = SL_TENSOR_DATA;
  tensor->seen = head->seen;
  tensor->encoding = head->encoding;
  tensor->summed = head->summed;
  return SL_OK;
}

static enum sl_status begin_spelling(struct sl_tensor *tensor, struct sl_reading *reading,
                                     enum sl_json_event event, struct sl_input *input) {
  if (event == SL_JSON_ARRAY) {
    tensor->state = SL_TENSOR_IN_NESTED;
    sl_nested_begin(&tensor->reader.nested, &tensor->sink, tensor->field, tensor->around, false);
    return sl_nested_read(&tensor->reader.nested, reading, event, input);
  }
  if (event == SL_JSON_OBJECT) {
    tensor->state = SL_TENSOR_AT_NAME;
    tensor->is_object = true;
    return repeat_head(tensor, reading, input);
  }
  return sl_refuse_value(reading, event, SL_WANT_TENSOR, NULL);
}

static enum sl_status name_tensor_member(struct sl_tensor *tensor, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  for (int i = 0; i < SL_TENSOR_MEMBERS; i++) {
    if (!sl_text_is(&json->text, member_names[i])) {
      continue;
    }
    if (tensor->seen >> i & 1) {
      return sl_refuse_twice(reading);
    }
    tensor->seen |= 1U << i;
    tensor->member = (enum sl_tensor_member)i;
    tensor->state = SL_TENSOR_AT_VALUE;
    json->levels[json->depth - 1].name = member_names[i];
    return SL_OK;
  }
  return sl_refuse_unknown(reading, "a tensor", member_names, SL_TENSOR_MEMBERS);
}

/* Fails for data and an encoding that do not belong together. */
static enum sl_status wrong_data(struct sl_tensor *tensor, struct sl_reading *reading,
                                 uint64_t offset) {
  char problem[128];
  snprintf(problem, sizeof problem, "encoding \"%s\" has %s", encoding_names[tensor->encoding],
           is_packed(tensor) ? "a base64 string; leave encoding out for numbers"
                             : "a list of coordinates, [[0, 0, 1], ...]");
  return fail_about_member(tensor, reading, SL_WRONG_TYPE, SL_TENSOR_DATA, offset, problem);
}

/* Returns how many numbers the data must have. */
static uint64_t values_due(const struct sl_tensor *tensor) {
  const struct sl_spikes *spikes = tensor->sink.spikes;
  switch (tensor->summed) {
  case SL_SUMMED_TIME:
    return spikes->samples * spikes->neurons;
  case SL_SUMMED_BATCH_TIME:
    return spikes->neurons;
  default:
    return tensor->values;
  }
}

/* Tells the spikes, whose shape is known, if what follows are sums. */
static enum sl_status begin_sums(struct sl_tensor *tensor, struct sl_reading *reading) {
  struct sl_spikes *spikes = tensor->sink.spikes;
  return tensor->summed != spikes->summed
             ? sl_spikes_begin_sums(spikes, tensor->summed, &reading->error)
             : SL_OK;
}

static enum sl_status begin_base64(struct sl_tensor *tensor, struct sl_reading *reading,
                                   struct sl_input *input) {
  if (tensor->encoding == SL_TENSOR_COORDINATES) {
    return wrong_data(tensor, reading, reading->json.offset);
  }
  bool meaning_known = tensor->values > 0 && is_packed(tensor);
  tensor->data = SL_DATA_BASE64;
  tensor->state = SL_TENSOR_IN_BASE64;
  sl_base64_begin(&tensor->reader.base64, reading, &tensor->sink, meaning_known, values_due(tensor),
                  tensor->encoding);
  return sl_base64_event(&tensor->reader.base64, reading, SL_JSON_STRING, input);
}

static enum sl_status begin_data(struct sl_tensor *tensor, struct sl_reading *reading,
                                 enum sl_json_event event, struct sl_input *input) {
  size_t around = tensor->around + 1;
  tensor->shape_first = tensor->values > 0;
  if (tensor->shape_first && begin_sums(tensor, reading) != SL_OK) {
    return reading->error.code;
  }
  if (event == SL_JSON_STRING) {
    return begin_base64(tensor, reading, input);
  }
  if (event != SL_JSON_ARRAY) {
    return sl_refuse_value(reading, event, SL_WANT_DATA, NULL);
  }
  if (is_packed(tensor)) {
    return wrong_data(tensor, reading, reading->json.offset);
  }
  if (tensor->encoding == SL_TENSOR_COORDINATES) {
    tensor->data = SL_DATA_COORDINATES;
    tensor->state = SL_TENSOR_IN_COORDINATES;
    sl_coordinates_begin(&tensor->reader.coordinates, &tensor->sink, around, tensor->values > 0);
    return SL_OK;
  }
  tensor->state = SL_TENSOR_IN_NESTED;
  sl_nested_begin(&tensor->reader.nested, &tensor->sink, tensor->field, around, true);
  return sl_nested_read(&tensor->reader.nested, reading, event, input);
}

static enum sl_status add_dimension(struct sl_tensor *tensor, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  struct sl_integer entry;
  uint64_t axis = json->levels[json->depth - 1].index;
  if (!isfinite(json->value)) {
    return sl_refuse_infinity(reading);
  }
  if (!sl_json_integer(json, &entry) || (entry.negative && entry.magnitude > 0)) {
    return sl_refuse_number(reading, SL_WRONG_TYPE, "a positive integer");
  }
  if (entry.magnitude > SL_MAX_INTEGER) {
    return sl_refuse_number(reading, SL_SHAPE_OVERFLOW, "at most 2^53");
  }
  if (axis < SL_MAX_RANK) {
    tensor->shape[axis] = (size_t)entry.magnitude;
  }
  return SL_OK;
}

/* Reads dimensions without events, as far as they are plain. */
static enum sl_status read_short_dimensions(struct sl_tensor *tensor, struct sl_reading *reading,
                                            struct sl_input *input) {
  struct sl_json *json = &reading->json;
  double dimensions[SL_MAX_RANK];
  uint64_t axis = json->levels[json->depth - 1].index;
  size_t count = axis < SL_MAX_RANK ? SL_MAX_RANK - (size_t)axis : 0;
  size_t taken = sl_json_numbers(json, input, dimensions, count, true);
  for (size_t i = 0; i < taken; i++) {
    tensor->shape[axis + i] = (size_t)dimensions[i];
  }
  return SL_OK;
}

/* Takes the shape, of any rank, which is complete. */
static enum sl_status set_shape(struct sl_tensor *tensor, struct sl_reading *reading) {
  struct sl_json *json = &reading->json;
  size_t rank = json->was_empty ? 0 : (size_t)json->levels[json->depth].index + 1;
  if (rank < tensor->field->min_rank || rank > tensor->field->max_rank) {
    return sl_refuse_rank(reading, tensor->field, json->depth, json->depth, tensor->member_offset,
                          "", rank);
  }
  return take_shape(tensor, reading, rank, tensor->member_offset);
}

static enum sl_status read_shape(struct sl_tensor *tensor, struct sl_reading *reading,
                                 enum sl_json_event event, struct sl_input *input) {
  bool in_list = sl_json_around(&reading->json, event) > tensor->around + 1;
  switch (event) {
  case SL_JSON_COMMA:
    return read_short_dimensions(tensor, reading, input);
  case SL_JSON_ARRAY_END:
    return set_shape(tensor, reading);
  case SL_JSON_NUMBER:
    return add_dimension(tensor, reading);
  case SL_JSON_ARRAY:
    if (!in_list) {
      return read_short_dimensions(tensor, reading, input);
    }
    break;
  case SL_JSON_NUMBER_BEGINS:
    if (in_list) {
      return SL_OK;
    }
    break;
  default:
    break;
  }
  return sl_refuse_value(reading, event, in_list ? SL_WANT_DIMENSION : SL_WANT_SHAPE, NULL);
}

/* Returns whether data that has come already can have the encoding. */
static bool encoding_fits(const struct sl_tensor *tensor) {
  switch (tensor->data) {
  case SL_DATA_NONE:
    return true;
  case SL_DATA_BASE64:
    return is_packed(tensor);
  case SL_DATA_EMPTY:
    return !is_packed(tensor);
  case SL_DATA_TABLE:
    return !is_packed(tensor) && !tensor->reader.nested.has_fractions;
  default:
    return false;
  }
}

/* Fails, about the member that has just been read, if data cannot be such sums. */
static enum sl_status check_summed(struct sl_tensor *tensor, struct sl_reading *reading) {
  bool single_spikes =
      tensor->encoding == SL_TENSOR_BITS || tensor->encoding == SL_TENSOR_COORDINATES;
  const char *problem = NULL;
  if (tensor->summed != SL_SUMMED_NOT && single_spikes) {
    problem = "bits and coo are single spikes, not sums; use u8, u16, u32, f32, f64 or numbers";
  } else if (tensor->summed == SL_SUMMED_BATCH_TIME && tensor->field->per_sample) {
    problem = "expected \"time\", not \"batch_time\"; this loss needs sums for each sample";
  }
  return problem == NULL ? SL_OK
                         : fail_about_member(tensor, reading, SL_UNKNOWN_CHOICE, tensor->member,
                                             tensor->member_offset, problem);
}

static enum sl_status set_summed(struct sl_tensor *tensor, struct sl_reading *reading,
                                 size_t choice) {
  tensor->summed = choice == 0 ? SL_SUMMED_TIME : SL_SUMMED_BATCH_TIME;
  return tensor->shape_first
             ? fail_about_member(tensor, reading, SL_MEMBER_TOO_LATE, SL_TENSOR_SUMMED,
                                 tensor->member_offset,
                                 "comes after data that was read as spikes; put summed before data")
             : check_summed(tensor, reading);
}

static enum sl_status set_encoding(struct sl_tensor *tensor, struct sl_reading *reading,
                                   size_t choice) {
  tensor->encoding = (enum sl_tensor_encoding)choice;
  if (check_summed(tensor, reading) != SL_OK) {
    return reading->error.code;
  }
  return encoding_fits(tensor) ? SL_OK : wrong_data(tensor, reading, tensor->member_offset);
}

static enum sl_status read_choice_member(struct sl_tensor *tensor, struct sl_reading *reading,
                                         enum sl_json_event event) {
  bool is_encoding = tensor->member == SL_TENSOR_ENCODING;
  const char *const *choices = is_encoding ? encoding_names : summed_names;
  size_t choice = 0;
  if (event == SL_JSON_STRING ||
      (event == SL_JSON_WORD && sl_text_is(&reading->json.text, "null"))) {
    return SL_OK;
  }
  if (event != SL_JSON_STRING_END) {
    return sl_refuse_value(reading, event, SL_WANT_CHOICE, choices);
  }
  if (sl_read_choice(reading, choices, &choice) != SL_OK) {
    return reading->error.code;
  }
  return is_encoding ? set_encoding(tensor, reading, choice) : set_summed(tensor, reading, choice);
}

static enum sl_status begin_tensor_member(struct sl_tensor *tensor, struct sl_reading *reading,
                                          enum sl_json_event event, struct sl_input *input) {
  tensor->member_offset = reading->json.offset;
  if (tensor->member == SL_TENSOR_DATA) {
    keep_head(tensor, reading, input);
    return begin_data(tensor, reading, event, input);
  }
  if (sl_begin_limited(reading, tensor->around + 1, input) != SL_OK) {
    return reading->error.code;
  }
  bool is_shape = tensor->member == SL_TENSOR_SHAPE;
  tensor->state = is_shape ? SL_TENSOR_IN_SHAPE : SL_TENSOR_IN_CHOICE;
  return is_shape ? read_shape(tensor, reading, event, input)
                  : read_choice_member(tensor, reading, event);
}

/* Names the kind of the data, which is complete. */
static void name_data(struct sl_tensor *tensor) {
  if (tensor->state == SL_TENSOR_IN_NESTED) {
    size_t rank = tensor->reader.nested.rank;
    tensor->data = rank == 0                          ? SL_DATA_EMPTY
                   : rank == 1                        ? SL_DATA_FLAT
                   : tensor->sink.defers && rank == 2 ? SL_DATA_TABLE
                                                      : SL_DATA_NESTED;
  }
}

/* Writes "[2, 3, 4]". */
static void write_shape(char *text, size_t size, const size_t *shape, size_t rank) {
  size_t length = 0;
  for (size_t axis = 0; axis < rank && length < size; axis++) {
    length += (size_t)snprintf(text + length, size - length, "%s%zu%s", axis == 0 ? "[" : ", ",
                               shape[axis], axis + 1 == rank ? "]" : "");
  }
}

/* Writes "its shape", and how it is summed. */
static void name_shape(const struct sl_tensor *tensor, char *text, size_t size) {
  const struct sl_spikes *spikes = tensor->sink.spikes;
  char shape[64];
  write_shape(shape, sizeof shape, spikes->shape, spikes->rank);
  bool summed = tensor->summed != SL_SUMMED_NOT;
  snprintf(text, size, "its shape%s%s%s", summed ? " " : "", summed ? shape : "",
           !summed                            ? ""
           : tensor->summed == SL_SUMMED_TIME ? " summed over time"
                                              : " summed over batch and time");
}

static enum sl_status wrong_count(struct sl_tensor *tensor, struct sl_reading *reading,
                                  uint64_t offset) {
  char problem[224], shape[128];
  size_t values = sl_deferred_count(&tensor->sink.deferred);
  name_shape(tensor, shape, sizeof shape);
  snprintf(problem, sizeof problem, "has %zu value%s, %s has %ju%s", values, values == 1 ? "" : "s",
           shape, (uintmax_t)values_due(tensor), sl_sums_hint(tensor->sink.spikes, values));
  return fail_about_member(tensor, reading, SL_LENGTH_MISMATCH, SL_TENSOR_DATA, offset, problem);
}

/* What helps with data whose nesting is not that of its shape. */
static const char *nesting_hint(const struct sl_tensor *tensor) {
  const struct sl_nested *nested = &tensor->reader.nested;
  const struct sl_spikes *spikes = tensor->sink.spikes;
  size_t values;
  bool sums = nested->rank > 0 && nested->rank + 1 == spikes->rank &&
              nested->length[nested->rank - 1] == spikes->neurons;
  if (sums && sl_checked_product(&values, nested->length, nested->rank)) {
    return sl_sums_hint(spikes, values);
  }
  bool table = tensor->data == SL_DATA_TABLE && tensor->summed == SL_SUMMED_NOT;
  return table ? "; coordinates need \"encoding\": \"coo\"" : "";
}

/* Fails unless nested data has exactly the shape that came after it. */
static enum sl_status check_nesting(struct sl_tensor *tensor, struct sl_reading *reading,
                                    uint64_t offset) {
  const struct sl_nested *nested = &tensor->reader.nested;
  size_t shape[SL_MAX_RANK];
  size_t rank = sl_spikes_summed_shape(tensor->sink.spikes, shape);
  bool same_rank = nested->rank == rank;
  if (same_rank && memcmp(nested->length, shape, rank * sizeof *shape) == 0) {
    return SL_OK;
  }
  char came[64], wanted[64], name[128], problem[352];
  write_shape(came, sizeof came, nested->length, nested->rank);
  write_shape(wanted, sizeof wanted, shape, rank);
  name_shape(tensor, name, sizeof name);
  snprintf(problem, sizeof problem, "is nested as %s, %s is %s%s", came, name, wanted,
           nesting_hint(tensor));
  return fail_about_member(tensor, reading, same_rank ? SL_LENGTH_MISMATCH : SL_WRONG_RANK,
                           SL_TENSOR_DATA, offset, problem);
}

static enum sl_status count_numbers(struct sl_tensor *tensor, struct sl_reading *reading,
                                    uint64_t offset) {
  enum sl_status status = begin_sums(tensor, reading);
  if (status != SL_OK) {
    return status;
  }
  if (tensor->data != SL_DATA_FLAT) {
    status = check_nesting(tensor, reading, offset);
  } else if (sl_deferred_count(&tensor->sink.deferred) != values_due(tensor)) {
    status = wrong_count(tensor, reading, offset);
  }
  if (status != SL_OK) {
    return status;
  }
  sl_deferred_push(&tensor->sink.deferred, tensor->sink.spikes, &reading->error);
  return sl_json_locate(&reading->json, &reading->error, tensor->around + 1, offset);
}

/* Counts coordinates, whether they were known to be when they came or not. */
static enum sl_status count_coordinates(struct sl_tensor *tensor, struct sl_reading *reading,
                                        uint64_t offset) {
  bool table = tensor->data == SL_DATA_TABLE;
  size_t rank = table ? tensor->reader.nested.length[1] : tensor->reader.coordinates.rank;
  reading->json.levels[tensor->around].name = member_names[SL_TENSOR_DATA];
  return sl_coordinates_count(&tensor->sink, reading, rank, tensor->around + 1, offset);
}

static enum sl_status count_deferred(struct sl_tensor *tensor, struct sl_reading *reading,
                                     uint64_t offset) {
  if (tensor->data == SL_DATA_BASE64) {
    reading->json.levels[tensor->around].name = member_names[SL_TENSOR_DATA];
    return begin_sums(tensor, reading) == SL_OK
               ? sl_base64_count(&tensor->reader.base64, reading, values_due(tensor),
                                 tensor->encoding)
               : reading->error.code;
  }
  return tensor->encoding == SL_TENSOR_COORDINATES ? count_coordinates(tensor, reading, offset)
                                                   : count_numbers(tensor, reading, offset);
}

/* Returns whether there is something to do about data that was deferred, as its meaning is known
 * now: that of numbers when the object ends, as they may be sums. What turns out to be coordinates
 * is checked even before the shape comes. */
static bool is_due(const struct sl_tensor *tensor, bool complete) {
  bool shape_known = tensor->values > 0;
  switch (tensor->sink.defers ? (int)tensor->data : SL_DATA_NONE) {
  case SL_DATA_NONE:
  case SL_DATA_EMPTY:
    return false;
  case SL_DATA_TABLE:
    return tensor->encoding == SL_TENSOR_COORDINATES
               ? shape_known || tensor->member == SL_TENSOR_ENCODING
               : complete;
  case SL_DATA_BASE64:
    return shape_known && is_packed(tensor) && (complete || tensor->encoding == SL_TENSOR_BITS);
  case SL_DATA_COORDINATES:
    return shape_known;
  default:
    return complete;
  }
}

enum sl_status sl_tensor_work(struct sl_tensor *tensor, struct sl_reading *reading) {
  bool complete = reading->json.depth == tensor->around;
  tensor->has_work = false;
  if (is_due(tensor, complete)) {
    if (count_deferred(tensor, reading, tensor->work_offset) != SL_OK) {
      return reading->error.code;
    }
    if (tensor->values > 0) {
      sl_deferred_free(&tensor->sink.deferred, reading);
      tensor->sink.defers = false;
    }
  }
  if (complete) {
    sl_spikes_finish(tensor->sink.spikes, &reading->error);
  }
  return sl_json_locate(&reading->json, &reading->error, tensor->around, tensor->work_offset);
}

/* Counts what can be counted: now if it is little, else as work. */
static enum sl_status go_on(struct sl_tensor *tensor, struct sl_reading *reading, uint64_t offset) {
  bool complete = reading->json.depth == tensor->around;
  tensor->work_offset = offset;
  tensor->has_work = is_due(tensor, complete) && tensor->sink.deferred.counted > SL_WORK_BYTES;
  return tensor->has_work ? SL_HAS_WORK : sl_tensor_work(tensor, reading);
}

static enum sl_status end_object(struct sl_tensor *tensor, struct sl_reading *reading) {
  uint64_t offset = reading->json.offset;
  bool unknown = tensor->encoding == SL_TENSOR_UNKNOWN;
  if (tensor->values == 0) {
    return fail_about_member(tensor, reading, SL_MISSING_MEMBER, SL_TENSOR_SHAPE, offset,
                             "is missing; an object has shape and data");
  }
  if (tensor->data == SL_DATA_BASE64 && unknown) {
    return fail_about_member(tensor, reading, SL_MISSING_MEMBER, SL_TENSOR_ENCODING, offset,
                             "is missing, and data is a string; is it bits, u8, f32 or f64?");
  }
  if (tensor->data == SL_DATA_NONE) {
    return fail_about_member(tensor, reading, SL_MISSING_MEMBER, SL_TENSOR_DATA, offset,
                             "is missing; an object has shape and data");
  }
  if (tensor->data == SL_DATA_EMPTY && unknown) {
    return wrong_count(tensor, reading, offset);
  }
  return go_on(tensor, reading, offset);
}

static enum sl_status read_member(struct sl_tensor *tensor, struct sl_reading *reading,
                                  enum sl_json_event event, struct sl_input *input) {
  switch (tensor->state) {
  case SL_TENSOR_AT_VALUE:
    return begin_tensor_member(tensor, reading, event, input);
  case SL_TENSOR_IN_SHAPE:
    return read_shape(tensor, reading, event, input);
  case SL_TENSOR_IN_CHOICE:
    return read_choice_member(tensor, reading, event);
  case SL_TENSOR_IN_COORDINATES:
    return sl_coordinates_read(&tensor->reader.coordinates, reading, event, input);
  case SL_TENSOR_IN_BASE64:
    return sl_base64_event(&tensor->reader.base64, reading, event, input);
  default:
    return sl_nested_read(&tensor->reader.nested, reading, event, input);
  }
}

bool sl_tensor_is_complete(const struct sl_tensor *tensor, const struct sl_reading *reading) {
  return reading->json.depth == tensor->around && reading->json.state == SL_JSON_AFTER_VALUE &&
         !tensor->has_work;
}

enum sl_status sl_tensor_event(struct sl_tensor *tensor, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input) {
  if (tensor->state == SL_TENSOR_START) {
    return begin_spelling(tensor, reading, event, input);
  }
  if (!tensor->is_object) {
    return sl_nested_read(&tensor->reader.nested, reading, event, input);
  }
  if (tensor->state == SL_TENSOR_AT_NAME) {
    return event == SL_JSON_NAME ? name_tensor_member(tensor, reading)
                                 : end_object(tensor, reading);
  }
  enum sl_status status = read_member(tensor, reading, event, input);
  bool complete = reading->json.depth == tensor->around + 1 &&
                  reading->json.state == SL_JSON_AFTER_VALUE && !reading->misfit.pending;
  if (status != SL_OK || !complete) {
    return status;
  }
  name_data(tensor);
  tensor->state = SL_TENSOR_AT_NAME;
  reading->limited = false;
  return go_on(tensor, reading, tensor->member_offset);
}
