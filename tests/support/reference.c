#include "reference.h"

#include "core/codes.h"
#include "reference_tensor.h"
#include <stdlib.h>
#include <string.h>

/* The whole body while it is read. */
struct body {
  struct sl_reader *reader;
  const struct sl_limits *limits;
  uint64_t pairs_left;
  struct sl_reference *reference;
};

static struct sl_reference_number read_integer(struct sl_reader *reader) {
  struct sl_reference_number number = sl_reader_number(reader);
  if (!number.integer) {
    sl_reader_fail(reader, SL_WRONG_TYPE, number.start);
  }
  return number;
}

static int64_t read_label(struct sl_reader *reader) {
  struct sl_reference_number number = read_integer(reader);
  if (number.magnitude > INT64_MAX) {
    return number.negative ? INT64_MIN : INT64_MAX;
  }
  return number.negative ? -(int64_t)number.magnitude : (int64_t)number.magnitude;
}

static void begin_list(struct sl_reader *reader) {
  if (sl_reader_peek(reader) != '[') {
    sl_reader_refuse(reader, true);
  }
  sl_reader_open(reader);
}

static double read_real(struct sl_reader *reader, const struct sl_field *field) {
  struct sl_reference_number number = sl_reader_number(reader);
  bool bounded = field->min_real != 0 || field->max_real != 0;
  if (bounded && !(number.value >= field->min_real && number.value <= field->max_real)) {
    sl_reader_fail(reader, SL_OUT_OF_RANGE, number.start);
  }
  return number.value;
}

static void read_reals(struct sl_reader *reader, const struct sl_field *field,
                       struct sl_reference_value *value) {
  begin_list(reader);
  for (; sl_reader_element(reader, value->length, ']'); value->length++) {
    double real = read_real(reader, field);
    value->reals = sl_reader_grow(reader, value->reals, value->length, sizeof real);
    value->reals[value->length] = real;
  }
  sl_reader_close(reader);
}

static void read_labels(struct sl_reader *reader, struct sl_reference_value *value) {
  begin_list(reader);
  for (; sl_reader_element(reader, value->length, ']'); value->length++) {
    int64_t label = read_label(reader);
    value->labels = sl_reader_grow(reader, value->labels, value->length, sizeof label);
    value->labels[value->length] = label;
  }
  sl_reader_close(reader);
}

static uint64_t read_count(struct sl_reader *reader, const struct sl_field *field) {
  struct sl_reference_number number = read_integer(reader);
  if (number.negative || number.magnitude < field->min_count ||
      number.magnitude > field->max_count) {
    sl_reader_fail(reader, SL_OUT_OF_RANGE, number.start);
  }
  return number.magnitude;
}

static size_t read_choice(struct sl_reader *reader, const struct sl_field *field) {
  size_t start = reader->at;
  size_t count = 0;
  while (field->choices[count] != NULL) {
    count++;
  }
  if (sl_reader_peek(reader) != '"') {
    sl_reader_refuse(reader, false);
  }
  size_t length;
  const char *word = sl_reader_string(reader, &length);
  size_t choice = sl_word_index(field->choices, count, word, length);
  if (choice == count) {
    sl_reader_fail(reader, SL_UNKNOWN_CHOICE, start);
  }
  return choice;
}

static bool read_flag(struct sl_reader *reader) {
  bool is_true = sl_reader_word(reader, "true");
  if (!is_true && !sl_reader_word(reader, "false")) {
    sl_reader_refuse(reader, false);
  }
  return is_true;
}

static void read_tensors(struct body *body, const struct sl_tensor_rules *rules,
                         struct sl_reference_value *value) {
  struct sl_reader *reader = body->reader;
  begin_list(reader);
  for (; sl_reader_element(reader, value->length, ']'); value->length++) {
    int byte = sl_reader_peek(reader);
    bool begins = byte != ',' && byte != ']' && byte != -1;
    if (begins && value->length == body->limits->layers) {
      reader->path_length--;
      sl_reader_fail(reader, SL_TOO_MANY_LAYERS, reader->at);
    }
    value->tensors = sl_reader_grow(reader, value->tensors, value->length, sizeof *value->tensors);
    sl_reference_tensor_read(reader, rules, &value->tensors[value->length]);
  }
  if (value->length == 0) {
    sl_reader_fail(reader, SL_EMPTY_TENSOR, reader->at);
  }
  sl_reader_close(reader);
}

static void read_value(struct body *body, const struct sl_field *field,
                       struct sl_reference_value *value) {
  struct sl_reader *reader = body->reader;
  struct sl_tensor_rules rules = {field, body->limits, &body->pairs_left};
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    value->tensors = sl_reader_allocate(reader, 1, sizeof *value->tensors);
    value->length = 1;
    sl_reference_tensor_read(reader, &rules, value->tensors);
    break;
  case SL_FIELD_SPIKES_LIST:
    read_tensors(body, &rules, value);
    break;
  case SL_FIELD_REALS:
    read_reals(reader, field, value);
    break;
  case SL_FIELD_LABELS:
    read_labels(reader, value);
    break;
  case SL_FIELD_REAL:
    value->real = read_real(reader, field);
    break;
  case SL_FIELD_COUNT:
    value->count = read_count(reader, field);
    break;
  case SL_FIELD_CHOICE:
    value->choice = read_choice(reader, field);
    break;
  case SL_FIELD_FLAG:
    value->flag = read_flag(reader);
    break;
  }
  value->present = true;
}

static void read_members(struct body *body) {
  struct sl_reader *reader = body->reader;
  const struct sl_loss *loss = body->reference->loss;
  const char *names[SL_MAX_REQUEST_FIELDS];
  bool seen[SL_MAX_REQUEST_FIELDS] = {false};
  size_t count = sl_request_field_count(loss);
  for (size_t i = 0; i < count; i++) {
    names[i] = sl_request_field(loss, i)->name;
  }
  for (size_t i = 0; sl_reader_element(reader, i, '}'); i++) {
    size_t which = sl_reader_name(reader, names, count, seen);
    const struct sl_field *field = sl_request_field(loss, which);
    bool tensors = field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST;
    sl_reader_limit(reader, tensors ? SIZE_MAX : body->limits->member_bytes);
    if (!field->optional || !sl_reader_word(reader, "null")) {
      read_value(body, field, &body->reference->values[which]);
    }
    sl_reader_limit(reader, SIZE_MAX);
  }
}

static void check_missing(struct body *body, size_t closing_brace) {
  struct sl_reader *reader = body->reader;
  for (size_t i = 0; i < sl_request_field_count(body->reference->loss); i++) {
    const struct sl_field *field = sl_request_field(body->reference->loss, i);
    const struct sl_reference_value *value = &body->reference->values[i];
    bool needed = field->or_next ? !value[1].present : !field->optional;
    if (needed && !value->present) {
      reader->path[reader->path_length++] =
          (struct sl_path_step){.name = field->name, .length = strlen(field->name)};
      sl_reader_fail(reader, SL_MISSING_MEMBER, closing_brace);
    }
  }
}

static void read_body(struct body *body) {
  struct sl_reader *reader = body->reader;
  sl_reader_skip_white(reader);
  if (sl_reader_peek(reader) != '{') {
    sl_reader_refuse(reader, false);
  }
  sl_reader_open(reader);
  read_members(body);
  size_t closing_brace = reader->at;
  sl_reader_close(reader);
  sl_reader_skip_white(reader);
  if (reader->at < reader->length) {
    sl_reader_not_json(reader);
  }
  check_missing(body, closing_brace);
}

struct sl_reference *sl_reference_read(const struct sl_loss *loss, const struct sl_limits *limits,
                                       const char *text, size_t length) {
  struct sl_reference *reference = sl_must_allocate(1, sizeof *reference);
  reference->loss = loss;
  reference->error = SL_NO_ERROR;
  struct sl_reader reader = {.text = text,
                             .length = length,
                             .depth_limit = limits->depth,
                             .text_limit = SIZE_MAX,
                             .error = &reference->error,
                             .memory = &reference->memory};
  struct body body = {&reader, limits, limits->pairs, reference};
  if (setjmp(reader.out) == 0) {
    read_body(&body);
  }
  return reference;
}

void sl_reference_free(struct sl_reference *reference) {
  if (reference != NULL) {
    sl_blocks_free(reference->memory);
    free(reference);
  }
}
