#include "wire/field_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One number of a small value: the whole of it, or an element of its array. */
struct number_place {
  const struct sl_small_value *small;
  bool is_element;
  size_t index;
};

static enum sl_status fail(const struct number_place *place, struct sl_error *error,
                           enum sl_status code, const char *expected, const char *came) {
  const struct sl_small_value *small = place->small;
  struct sl_path path =
      place->is_element ? sl_path_element(&small->path, place->index) : small->path;
  uint64_t offset =
      place->is_element ? sl_small_value_element_offset(small, place->index) : small->offset;
  return sl_fail_at(error, code, path.pointer, offset, "%s: expected %s, not %s", path.name,
                    expected, came);
}

static const char *describe(const cJSON *item) {
  switch (item->type & 0xff) {
  case cJSON_NULL:
    return "null (JavaScript writes NaN as null)";
  case cJSON_True:
  case cJSON_False:
    return "a boolean";
  case cJSON_String:
    return "a string";
  case cJSON_Array:
    return "an array";
  case cJSON_Object:
    return "an object";
  default:
    return "a number";
  }
}

static enum sl_status read_real(const struct number_place *place, const cJSON *item, double *real,
                                struct sl_error *error) {
  if (!cJSON_IsNumber(item)) {
    return fail(place, error, SL_WRONG_TYPE, "a number", describe(item));
  }
  if (!isfinite(item->valuedouble)) {
    return fail(place, error, SL_NOT_FINITE, "a finite number", "one too large for a double");
  }
  *real = item->valuedouble;
  return SL_OK;
}

static enum sl_status read_integer(const struct number_place *place, const cJSON *item,
                                   double *integer, struct sl_error *error) {
  if (!cJSON_IsNumber(item)) {
    return fail(place, error, SL_WRONG_TYPE, "an integer", describe(item));
  }
  if (read_real(place, item, integer, error) != SL_OK) {
    return error->code;
  }
  return *integer == floor(*integer)
             ? SL_OK
             : fail(place, error, SL_WRONG_TYPE, "an integer", "a fraction");
}

static bool is_count(const struct sl_field *field, double number) {
  return number == floor(number) && number >= (double)field->min_count &&
         number <= (double)field->max_count && number <= SL_MOST_INTEGER;
}

static enum sl_status read_count(const struct sl_field *field, const struct number_place *place,
                                 const cJSON *item, uint64_t *count, struct sl_error *error) {
  double integer;
  if (read_integer(place, item, &integer, error) != SL_OK) {
    return error->code;
  }
  if (!is_count(field, integer)) {
    char bounds[64];
    snprintf(bounds, sizeof bounds, "%llu to %llu", (unsigned long long)field->min_count,
             (unsigned long long)field->max_count);
    char came[64];
    snprintf(came, sizeof came, "%.17g", integer);
    return fail(place, error, SL_OUT_OF_RANGE, bounds, came);
  }
  *count = (uint64_t)integer;
  return SL_OK;
}

/* Labels too large for an integer are out of every range all the same. */
static int64_t clamp_label(double label) {
  return label > SL_MOST_INTEGER    ? INT64_MAX
         : label < -SL_MOST_INTEGER ? INT64_MIN
                                    : (int64_t)label;
}

static bool take_list_memory(const struct sl_field *field, size_t length, struct sl_value *value) {
  if (field->kind == SL_FIELD_LABELS) {
    value->labels = calloc(length + 1, sizeof *value->labels);
  } else {
    value->reals = calloc(length + 1, sizeof *value->reals);
  }
  return value->labels != NULL || value->reals != NULL;
}

static size_t count_commas(const struct sl_buffer *text) {
  size_t commas = 0;
  for (size_t i = 0; i < text->length; i++) {
    commas += text->bytes[i] == ',';
  }
  return commas;
}

static bool read_short_list(const struct sl_field *field, const struct sl_small_value *small,
                            struct sl_value *value) {
  const char *at = small->text.bytes;
  const char *end = at + small->text.length;
  bool labels = field->kind == SL_FIELD_LABELS;
  if (*at++ != '[' || !take_list_memory(field, count_commas(&small->text) + 1, value)) {
    return false;
  }
  for (size_t i = 0; at < end; i++) {
    double number;
    while (sl_is_space(*at)) {
      at++;
    }
    size_t length = sl_json_number_short(at, (size_t)(end - at), &number);
    if (length == 0 || (labels && number != floor(number))) {
      return false;
    }
    if (labels) {
      value->labels[i] = (int64_t)number;
    } else {
      value->reals[i] = number;
    }
    for (at += length; sl_is_space(*at);) {
      at++;
    }
    value->length = i + 1;
    at++; /* a comma, or the bracket at the end */
  }
  return true;
}

static enum sl_status read_list(const struct sl_field *field, const struct number_place *whole,
                                const cJSON *list, struct sl_value *value, struct sl_error *error) {
  bool labels = field->kind == SL_FIELD_LABELS;
  if (!cJSON_IsArray(list)) {
    return fail(whole, error, SL_WRONG_TYPE, labels ? "a list of integers" : "a list of numbers",
                describe(list));
  }
  if (!take_list_memory(field, (size_t)cJSON_GetArraySize(list), value)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to read %s", field->name);
  }
  struct number_place place = {.small = whole->small, .is_element = true};
  const cJSON *item;
  cJSON_ArrayForEach(item, list) {
    double number;
    enum sl_status status = labels ? read_integer(&place, item, &number, error)
                                   : read_real(&place, item, &number, error);
    if (status != SL_OK) {
      return status;
    }
    if (labels) {
      value->labels[place.index] = clamp_label(number);
    } else {
      value->reals[place.index] = number;
    }
    value->length = ++place.index;
  }
  return SL_OK;
}

/* The choice that stands in the text letter by letter, between quotes. */
static bool find_choice(const struct sl_field *field, const struct sl_buffer *text,
                        size_t *choice) {
  for (size_t i = 0; field->choices[i] != NULL; i++) {
    size_t length = strlen(field->choices[i]);
    if (text->length == length + 2 && memcmp(text->bytes + 1, field->choices[i], length) == 0) {
      *choice = i;
      return true;
    }
  }
  return false;
}

/*
 * Reads a value as it mostly is, spelt plainly and right, without building a tree of it. False
 * where it is anything else: that is left to cJSON, from which its errors can be told.
 */
static bool read_plain(const struct sl_field *field, const struct sl_small_value *small,
                       struct sl_value *value) {
  switch (field->kind) {
  case SL_FIELD_REAL:
    value->real = small->short_number;
    return small->is_short_number;
  case SL_FIELD_COUNT:
    if (!small->is_short_number || !is_count(field, small->short_number)) {
      return false;
    }
    value->count = (uint64_t)small->short_number;
    return true;
  case SL_FIELD_CHOICE:
    return small->text.bytes[0] == '"' && find_choice(field, &small->text, &value->choice);
  default:
    return read_short_list(field, small, value);
  }
}

static enum sl_status unknown_choice(const struct sl_field *field, const struct number_place *place,
                                     const char *came, struct sl_error *error) {
  char expected[128] = "";
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    size_t length = strlen(expected);
    snprintf(expected + length, sizeof expected - length, "%s\"%s\"", length > 0 ? " or " : "",
             *choice);
  }
  enum { MOST_CHARACTERS = 40 };
  char quoted[64];
  bool long_word = strlen(came) > MOST_CHARACTERS;
  snprintf(quoted, sizeof quoted, "\"%.*s%s\"", MOST_CHARACTERS, came, long_word ? "..." : "");
  return fail(place, error, SL_UNKNOWN_CHOICE, expected, quoted);
}

static enum sl_status read_choice(const struct sl_field *field, const struct number_place *place,
                                  const cJSON *item, size_t *choice, struct sl_error *error) {
  if (!cJSON_IsString(item)) {
    return fail(place, error, SL_WRONG_TYPE, "a string", describe(item));
  }
  bool comparable = !place->small->has_null_byte;
  for (size_t i = 0; comparable && field->choices[i] != NULL; i++) {
    if (strcmp(item->valuestring, field->choices[i]) == 0) {
      *choice = i;
      return SL_OK;
    }
  }
  return unknown_choice(field, place, item->valuestring, error);
}

static enum sl_status read_kind(const struct sl_field *field, const struct number_place *place,
                                const cJSON *item, struct sl_value *value, struct sl_error *error) {
  switch (field->kind) {
  case SL_FIELD_REAL:
    return read_real(place, item, &value->real, error);
  case SL_FIELD_COUNT:
    return read_count(field, place, item, &value->count, error);
  case SL_FIELD_CHOICE:
    return read_choice(field, place, item, &value->choice, error);
  default:
    return read_list(field, place, item, value, error);
  }
}

enum sl_status sl_fail_wrong_rank(struct sl_error *error, const struct sl_field *field,
                                  const char *more, size_t rank) {
  char expected[96];
  if (field->min_rank == field->max_rank) {
    snprintf(expected, sizeof expected, "%s", field->axes);
  } else {
    snprintf(expected, sizeof expected, "%zu to %zu dimensions", field->min_rank, field->max_rank);
  }
  return sl_fail(error, SL_WRONG_RANK, "expected %s, not %s%zu dimension%s", expected, more, rank,
                 rank == 1 ? "" : "s");
}

enum sl_status sl_read_field_value(const struct sl_field *field, const struct sl_small_value *small,
                                   struct sl_value *value, struct sl_error *error) {
  value->present = true;
  if (read_plain(field, small, value)) {
    return SL_OK;
  }
  sl_value_free(value);
  value->present = true;
  cJSON *item = sl_small_value_build(small);
  if (item == NULL) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to read %s", field->name);
  }
  struct number_place whole = {.small = small};
  enum sl_status status = read_kind(field, &whole, item, value, error);
  cJSON_Delete(item);
  return status;
}
