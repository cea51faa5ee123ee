#include "reference.h"

#include "reference_tensor.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole body while it is read. */
struct body {
  struct sl_reader reader;
  const struct sl_limits *limits;
  uint64_t pairs_left;
  struct sl_reference *reference;
};

static bool read_number(struct sl_reader *reader, const char *pointer, double *value) {
  size_t start = reader->at;
  int byte = sl_reader_peek(reader);
  if (byte != '-' && (byte < '0' || byte > '9')) {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, start);
  }
  return sl_reader_number(reader, value) &&
         (isfinite(*value) || sl_reader_fail(reader, SL_NOT_FINITE, pointer, start));
}

static bool read_integer(struct sl_reader *reader, const char *pointer, double *value) {
  size_t start = reader->at;
  return read_number(reader, pointer, value) &&
         (*value == floor(*value) || sl_reader_fail(reader, SL_WRONG_TYPE, pointer, start));
}

static int64_t saturated(double value) {
  if (value >= 0x1p63) {
    return INT64_MAX;
  }
  return value < -0x1p63 ? INT64_MIN : (int64_t)value;
}

/* An array of numbers, known to be legal JSON. */
static bool judge_list(struct sl_reader *reader, const struct sl_field *field, const char *pointer,
                       struct sl_reference_value *value) {
  if (sl_reader_peek(reader) != '[') {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, reader->at);
  }
  sl_reader_take(reader);
  sl_reader_skip_white(reader);
  bool integers = field->kind == SL_FIELD_LABELS;
  struct sl_doubles numbers = {0};
  bool good = true;
  while (good && sl_reader_peek(reader) != ']') {
    char element[2 * SL_POINTER_ROOM];
    snprintf(element, sizeof element, "%s/%zu", pointer, numbers.count);
    double number = 0.0;
    good =
        integers ? read_integer(reader, element, &number) : read_number(reader, element, &number);
    sl_doubles_append(&numbers, number);
    sl_reader_skip_white(reader);
    if (sl_reader_peek(reader) == ',') {
      sl_reader_take(reader);
      sl_reader_skip_white(reader);
    }
  }
  value->length = numbers.count;
  if (!integers) {
    value->reals = numbers.values;
    return good;
  }
  value->labels = sl_must_allocate(numbers.count, sizeof *value->labels);
  for (size_t i = 0; i < numbers.count; i++) {
    value->labels[i] = saturated(numbers.values[i]);
  }
  free(numbers.values);
  return good;
}

static bool judge_count(struct sl_reader *reader, const struct sl_field *field, const char *pointer,
                        struct sl_reference_value *value) {
  size_t start = reader->at;
  double number;
  if (!read_integer(reader, pointer, &number)) {
    return false;
  }
  if (number < 0 || number >= 0x1p64 || (uint64_t)number < field->min_count ||
      (uint64_t)number > field->max_count) {
    return sl_reader_fail(reader, SL_OUT_OF_RANGE, pointer, start);
  }
  value->count = (uint64_t)number;
  return true;
}

static bool judge_choice(struct sl_reader *reader, const struct sl_field *field,
                         const char *pointer, struct sl_reference_value *value) {
  size_t start = reader->at;
  if (sl_reader_peek(reader) != '"') {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, start);
  }
  char *word;
  size_t length;
  sl_reader_string(reader, &word, &length);
  bool known = false;
  for (size_t i = 0; !known && field->choices[i] != NULL; i++) {
    known = length == strlen(field->choices[i]) && memcmp(word, field->choices[i], length) == 0;
    value->choice = i;
  }
  free(word);
  return known || sl_reader_fail(reader, SL_UNKNOWN_CHOICE, pointer, start);
}

static bool read_small(struct body *body, const struct sl_field *field, const char *pointer,
                       struct sl_reference_value *value) {
  size_t start;
  if (!sl_reference_collect(&body->reader, pointer, body->limits->member_bytes, &start)) {
    return false;
  }
  struct sl_reader again = sl_reader_again(&body->reader, start);
  switch (field->kind) {
  case SL_FIELD_REALS:
  case SL_FIELD_LABELS:
    return judge_list(&again, field, pointer, value);
  case SL_FIELD_REAL:
    return read_number(&again, pointer, &value->real);
  case SL_FIELD_COUNT:
    return judge_count(&again, field, pointer, value);
  default:
    return judge_choice(&again, field, pointer, value);
  }
}

static bool read_tensor(struct body *body, const struct sl_field *field, const char *pointer,
                        struct sl_reference_value *value) {
  struct sl_tensor_rules rules = {.field = field,
                                  .deferred_bytes = body->limits->deferred_bytes,
                                  .member_bytes = body->limits->member_bytes,
                                  .pairs_left = &body->pairs_left};
  value->tensors = sl_must_reallocate(value->tensors, value->length + 1, sizeof *value->tensors);
  struct sl_reference_tensor *tensor = &value->tensors[value->length++];
  *tensor = (struct sl_reference_tensor){0};
  return sl_reference_tensor_read(&body->reader, &rules, pointer, tensor);
}

static bool read_tensors(struct body *body, const struct sl_field *field, const char *pointer,
                         struct sl_reference_value *value) {
  struct sl_reader *reader = &body->reader;
  int byte = sl_reader_peek(reader);
  if (byte != '[') {
    return sl_starts_value(byte) ? sl_reader_fail(reader, SL_WRONG_TYPE, pointer, reader->at)
                                 : sl_reader_not_json(reader);
  }
  if (reader->depth >= reader->depth_limit) {
    return sl_reader_fail(reader, SL_TOO_DEEP, pointer, reader->at);
  }
  reader->depth++;
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == ']') {
    return sl_reader_fail(reader, SL_EMPTY_TENSOR, pointer, reader->at);
  }
  for (;;) {
    char element[2 * SL_POINTER_ROOM];
    snprintf(element, sizeof element, "%s/%zu", pointer, value->length);
    if (value->length == body->limits->layers) {
      return sl_reader_fail(reader, SL_TOO_MANY_LAYERS, pointer, reader->at);
    }
    if (!read_tensor(body, field, element, value) || !sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == ']') {
      reader->depth--;
      return sl_reader_take(reader);
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

static bool read_value(struct body *body, size_t index, const char *pointer) {
  const struct sl_field *field = sl_request_field(body->reference->loss, index);
  struct sl_reference_value *value = &body->reference->values[index];
  value->present = true;
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    return read_tensor(body, field, pointer, value);
  case SL_FIELD_SPIKES_LIST:
    return read_tensors(body, field, pointer, value);
  default:
    return read_small(body, field, pointer, value);
  }
}

static bool read_member(struct body *body) {
  const char *names[SL_MAX_REQUEST_FIELDS];
  size_t count = sl_request_field_count(body->reference->loss);
  for (size_t i = 0; i < count; i++) {
    names[i] = sl_request_field(body->reference->loss, i)->name;
  }
  struct sl_reader *reader = &body->reader;
  size_t start = reader->at;
  size_t which = 0;
  char *pointer;
  enum sl_status found = sl_reference_name_read(reader, "", names, count, &which, &pointer);
  bool good = found == SL_OK;
  if (found == SL_UNKNOWN_MEMBER) {
    sl_reader_fail(reader, SL_UNKNOWN_MEMBER, pointer, start);
  } else if (good && body->reference->values[which].present) {
    good = sl_reader_fail(reader, SL_DUPLICATE_MEMBER, pointer, start);
  }
  good = good && sl_reader_skip_white(reader) && sl_reader_expect(reader, ':') &&
         sl_reader_skip_white(reader) && read_value(body, which, pointer);
  free(pointer);
  return good;
}

static bool read_members(struct body *body) {
  struct sl_reader *reader = &body->reader;
  sl_reader_skip_white(reader);
  if (sl_reader_peek(reader) == '}') {
    return true;
  }
  for (;;) {
    if (!read_member(body) || !sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == '}') {
      return true;
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

static bool check_missing(struct body *body, size_t closing_brace) {
  for (size_t i = 0; i < sl_request_field_count(body->reference->loss); i++) {
    const struct sl_field *field = sl_request_field(body->reference->loss, i);
    if (!field->optional && !body->reference->values[i].present) {
      char pointer[SL_POINTER_ROOM];
      snprintf(pointer, sizeof pointer, "/%s", field->name);
      return sl_reader_fail(&body->reader, SL_MISSING_MEMBER, pointer, closing_brace);
    }
  }
  return true;
}

static bool read_body(struct body *body) {
  struct sl_reader *reader = &body->reader;
  sl_reader_skip_white(reader);
  int byte = sl_reader_peek(reader);
  if (byte != '{') {
    return sl_starts_value(byte) ? sl_reader_fail(reader, SL_WRONG_TYPE, "", reader->at)
                                 : sl_reader_not_json(reader);
  }
  if (reader->depth_limit == 0) {
    return sl_reader_fail(reader, SL_TOO_DEEP, "", reader->at);
  }
  reader->depth = 1;
  reader->at++;
  if (!read_members(body)) {
    return false;
  }
  size_t closing_brace = reader->at++;
  sl_reader_skip_white(reader);
  if (reader->at < reader->length) {
    return sl_reader_not_json(reader);
  }
  return check_missing(body, closing_brace);
}

struct sl_reference *sl_reference_read(const struct sl_loss *loss, const struct sl_limits *limits,
                                       const char *text, size_t length) {
  struct sl_reference *reference = sl_must_allocate(1, sizeof *reference);
  reference->loss = loss;
  reference->error = SL_NO_ERROR;
  struct body body = {.reader = {.text = text,
                                 .length = length,
                                 .depth_limit = limits->depth,
                                 .error = &reference->error,
                                 .member_pointer = ""},
                      .limits = limits,
                      .pairs_left = limits->pairs,
                      .reference = reference};
  read_body(&body);
  return reference;
}

void sl_reference_free(struct sl_reference *reference) {
  if (reference == NULL) {
    return;
  }
  for (size_t i = 0; i < SL_MAX_REQUEST_FIELDS; i++) {
    struct sl_reference_value *value = &reference->values[i];
    for (size_t k = 0; value->tensors != NULL && k < value->length; k++) {
      free(value->tensors[k].values);
    }
    free(value->tensors);
    free(value->reals);
    free(value->labels);
  }
  free(reference);
}
