#include "decode/value.h"

#include "core/codes.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void sl_value_begin(struct sl_value_reader *reader, const struct sl_field *field,
                    struct sl_value *value, size_t levels) {
  *reader = (struct sl_value_reader){.field = field, .value = value, .levels = levels};
}

enum sl_status sl_read_choice(struct sl_reading *reading, const char *const *choices,
                              size_t *choice) {
  for (size_t i = 0; choices[i] != NULL; i++) {
    if (sl_text_is(&reading->json.text, choices[i])) {
      *choice = i;
      return SL_OK;
    }
  }
  return sl_refuse_choice(reading, choices);
}

static enum sl_status read_choice(struct sl_value_reader *reader, struct sl_reading *reading,
                                  enum sl_json_event event) {
  struct sl_value *value = reader->value;
  const char *const *choices = reader->field->choices;
  if (event == SL_JSON_STRING) {
    return SL_OK;
  }
  if (event == SL_JSON_STRING_END) {
    value->present = true;
    return sl_read_choice(reading, choices, &value->choice);
  }
  return sl_refuse_value(reading, event, SL_WANT_CHOICE, choices);
}

/* Fails unless the number that was read last is finite. */
static enum sl_status read_finite(struct sl_reading *reading) {
  return isfinite(reading->json.value) ? SL_OK : sl_refuse_infinity(reading);
}

/* Returns the number that was read last through `integer`; fails if its text is no integer. */
static enum sl_status read_integer(struct sl_reading *reading, struct sl_integer *integer) {
  if (read_finite(reading) != SL_OK) {
    return reading->error.code;
  }
  return sl_json_integer(&reading->json, integer)
             ? SL_OK
             : sl_refuse_number(reading, SL_WRONG_TYPE, "an integer");
}

/* Fails unless the number that was read last is finite and within the bounds of its field. */
static enum sl_status read_real(struct sl_value_reader *reader, struct sl_reading *reading) {
  const struct sl_field *field = reader->field;
  if (read_finite(reading) != SL_OK || sl_field_allows(field, reading->json.value)) {
    return reading->error.code;
  }
  char bounds[64];
  snprintf(bounds, sizeof bounds, isfinite(field->max_real) ? "%g to %g" : "%g or more",
           field->min_real, field->max_real);
  return sl_refuse_number(reading, SL_OUT_OF_RANGE, bounds);
}

static enum sl_status add_count(struct sl_value_reader *reader, struct sl_reading *reading) {
  const struct sl_field *field = reader->field;
  struct sl_integer integer;
  if (read_integer(reading, &integer) != SL_OK) {
    return reading->error.code;
  }
  uint64_t count = integer.magnitude;
  bool in_bounds = count >= field->min_count && count <= field->max_count &&
                   count <= SL_MAX_INTEGER && !(integer.negative && count > 0);
  if (!in_bounds) {
    char bounds[64];
    snprintf(bounds, sizeof bounds, "%ju to %ju", (uintmax_t)field->min_count,
             (uintmax_t)field->max_count);
    return sl_refuse_number(reading, SL_OUT_OF_RANGE, bounds);
  }
  reader->value->count = count;
  reader->value->present = true;
  return SL_OK;
}

static enum sl_status add_real(struct sl_value_reader *reader, struct sl_reading *reading) {
  reader->value->real = reading->json.value;
  reader->value->present = true;
  return read_real(reader, reading);
}

static enum sl_status read_flag(struct sl_value_reader *reader, struct sl_reading *reading,
                                enum sl_json_event event) {
  const struct sl_text *text = &reading->json.text;
  bool is_true = event == SL_JSON_WORD && sl_text_is(text, "true");
  if (!is_true && !(event == SL_JSON_WORD && sl_text_is(text, "false"))) {
    return sl_refuse_value(reading, event, SL_WANT_FLAG, NULL);
  }
  reader->value->flag = is_true;
  reader->value->present = true;
  return SL_OK;
}

/* Reads a value that is one number. */
static enum sl_status read_scalar(struct sl_value_reader *reader, struct sl_reading *reading,
                                  enum sl_json_event event) {
  bool is_count = reader->field->kind == SL_FIELD_COUNT;
  switch (event) {
  case SL_JSON_NUMBER_BEGINS:
    return SL_OK;
  case SL_JSON_NUMBER:
    return is_count ? add_count(reader, reading) : add_real(reader, reading);
  default:
    return sl_refuse_value(reading, event, is_count ? SL_WANT_INTEGER : SL_WANT_NUMBER, NULL);
  }
}

static enum sl_status reserve_elements(struct sl_value_reader *reader, struct sl_reading *reading,
                                       size_t more) {
  struct sl_value *value = reader->value;
  bool labels = reader->field->kind == SL_FIELD_LABELS;
  void *array = labels ? (void *)&value->labels : (void *)&value->reals;
  size_t needed = value->length + more;
  return needed <= reader->capacity
             ? SL_OK
             : sl_grow_array(reading, array, &reader->capacity, needed, sizeof *value->reals);
}

/* Returns a label. Integers that no label can hold become one that is outside every range. */
static int64_t label_of(struct sl_integer integer) {
  if (integer.magnitude > INT64_MAX) {
    return integer.negative ? INT64_MIN : INT64_MAX;
  }
  return integer.negative ? -(int64_t)integer.magnitude : (int64_t)integer.magnitude;
}

static enum sl_status add_element(struct sl_value_reader *reader, struct sl_reading *reading) {
  struct sl_value *value = reader->value;
  struct sl_integer integer = {0};
  bool labels = reader->field->kind == SL_FIELD_LABELS;
  enum sl_status status = labels ? read_integer(reading, &integer) : read_real(reader, reading);
  if (status != SL_OK || reserve_elements(reader, reading, 1) != SL_OK) {
    return reading->error.code;
  }
  if (labels) {
    value->labels[value->length++] = label_of(integer);
  } else {
    value->reals[value->length++] = reading->json.value;
  }
  return SL_OK;
}

/* Reads many short numbers at once, and makes sure that there is an array, even for none. Numbers
 * with bounds are checked one by one. */
static enum sl_status read_short_elements(struct sl_value_reader *reader,
                                          struct sl_reading *reading, struct sl_input *input) {
  enum { AT_ONCE = 32 };
  struct sl_value *value = reader->value;
  bool labels = reader->field->kind == SL_FIELD_LABELS;
  bool bounded = reader->field->min_real < reader->field->max_real;
  for (size_t taken = AT_ONCE; taken == AT_ONCE; value->length += taken) {
    double numbers[AT_ONCE];
    if (reserve_elements(reader, reading, AT_ONCE) != SL_OK) {
      return reading->error.code;
    }
    taken = bounded ? 0 : sl_json_numbers(&reading->json, input, numbers, AT_ONCE, labels);
    for (size_t i = 0; labels && i < taken; i++) {
      value->labels[value->length + i] = (int64_t)numbers[i];
    }
    if (!labels) {
      memcpy(value->reals + value->length, numbers, taken * sizeof *numbers);
    }
  }
  return SL_OK;
}

static enum sl_status read_elements(struct sl_value_reader *reader, struct sl_reading *reading,
                                    enum sl_json_event event, struct sl_input *input) {
  bool labels = reader->field->kind == SL_FIELD_LABELS;
  bool is_list = sl_json_around(&reading->json, event) == reader->levels;
  switch (event) {
  case SL_JSON_ARRAY:
    if (is_list) {
      return read_short_elements(reader, reading, input);
    }
    break;
  case SL_JSON_ARRAY_END:
    reader->value->present = true;
    return SL_OK;
  case SL_JSON_COMMA:
    return read_short_elements(reader, reading, input);
  case SL_JSON_NUMBER_BEGINS:
    if (!is_list) {
      return SL_OK;
    }
    break;
  case SL_JSON_NUMBER:
    return add_element(reader, reading);
  default:
    break;
  }
  enum sl_want element = labels ? SL_WANT_LABEL : SL_WANT_NUMBER;
  enum sl_want list = labels ? SL_WANT_LABELS : SL_WANT_NUMBERS;
  return sl_refuse_value(reading, event, is_list ? list : element, NULL);
}

/* Returns whether the event is null for an optional field: it is not there. */
static bool is_absent(const struct sl_value_reader *reader, const struct sl_reading *reading,
                      enum sl_json_event event) {
  return reader->field->optional && event == SL_JSON_WORD &&
         sl_text_is(&reading->json.text, "null") && reading->json.depth == reader->levels;
}

enum sl_status sl_value_event(struct sl_value_reader *reader, struct sl_reading *reading,
                              enum sl_json_event event, struct sl_input *input) {
  if (is_absent(reader, reading, event)) {
    return SL_OK;
  }
  switch (reader->field->kind) {
  case SL_FIELD_REALS:
  case SL_FIELD_LABELS:
    return read_elements(reader, reading, event, input);
  case SL_FIELD_CHOICE:
    return read_choice(reader, reading, event);
  case SL_FIELD_FLAG:
    return read_flag(reader, reading, event);
  default:
    return read_scalar(reader, reading, event);
  }
}
