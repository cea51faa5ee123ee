#include "wire/field_value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a number must stand in a small value: it is the whole of it, or an element of its array. */
struct number_place {
  const struct sl_small_value *small;
  const char *at; /* in its text */
  bool is_element;
  size_t index;
};

static enum sl_status fail(const struct number_place *place, struct sl_error *error,
                           enum sl_status code, const char *expected, const char *came) {
  const struct sl_small_value *small = place->small;
  struct sl_path path =
      place->is_element ? sl_path_element(&small->path, place->index) : small->path;
  uint64_t offset = small->offset + (uint64_t)(place->at - small->text.bytes);
  return sl_fail_at(error, code, path.pointer, offset, "%s: expected %s, not %s", path.name,
                    expected, came);
}

static bool begins_number(char byte) {
  return byte == '-' || (byte >= '0' && byte <= '9');
}

/* The number that begins at a place, however it is spelt; *behind is the byte that ended it. */
static double number_at(const struct number_place *place, const char **behind) {
  const struct sl_buffer *text = &place->small->text;
  const char *end = text->bytes + text->length;
  double value;
  if (place->small->is_short_number) {
    *behind = end;
    return place->small->short_number;
  }
  size_t length = sl_json_number_short(place->at, (size_t)(end - place->at), &value);
  *behind = place->at + length;
  if (length > 0) {
    return value;
  }
  struct sl_json_number number;
  sl_json_number_begin(&number);
  while (*behind < end && sl_json_number_byte(&number, **behind) == SL_NUMBER_MORE) {
    ++*behind;
  }
  return sl_json_number_value(&number);
}

static enum sl_status read_number(const struct number_place *place, const char *expected,
                                  double *number, const char **behind, struct sl_error *error) {
  if (!begins_number(*place->at)) {
    return fail(place, error, SL_WRONG_TYPE, expected, sl_describe_value(*place->at));
  }
  *number = number_at(place, behind);
  return isfinite(*number)
             ? SL_OK
             : fail(place, error, SL_NOT_FINITE, "a finite number", "one too large for a double");
}

static enum sl_status read_integer(const struct number_place *place, double *integer,
                                   const char **behind, struct sl_error *error) {
  if (read_number(place, "an integer", integer, behind, error) != SL_OK) {
    return error->code;
  }
  return *integer == floor(*integer)
             ? SL_OK
             : fail(place, error, SL_WRONG_TYPE, "an integer", "a fraction");
}

static bool is_within_bounds(const struct sl_field *field, double integer) {
  return integer >= (double)field->min_count && integer <= (double)field->max_count &&
         integer <= SL_MOST_INTEGER;
}

static enum sl_status read_count(const struct sl_field *field, const struct number_place *place,
                                 uint64_t *count, struct sl_error *error) {
  double integer = 0;
  const char *behind;
  if (read_integer(place, &integer, &behind, error) != SL_OK) {
    return error->code;
  }
  if (!is_within_bounds(field, integer)) {
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

static const char *skip_space(const char *at) {
  while (sl_is_space(*at)) {
    at++;
  }
  return at;
}

/* Reads the elements where they stand: a tree of them would take many times their memory. */
static enum sl_status read_list(const struct sl_field *field, const struct sl_small_value *small,
                                struct sl_value *value, struct sl_error *error) {
  bool labels = field->kind == SL_FIELD_LABELS;
  struct number_place place = {.small = small, .at = small->text.bytes};
  if (*place.at != '[') {
    return fail(&place, error, SL_WRONG_TYPE, labels ? "a list of integers" : "a list of numbers",
                sl_describe_value(*place.at));
  }
  if (!take_list_memory(field, count_commas(&small->text) + 1, value)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to read %s", field->name);
  }
  place.is_element = true;
  const char *behind = skip_space(place.at + 1);
  for (char next = *behind == ']' ? ']' : ','; next == ','; next = *behind++) {
    double number = 0;
    place.at = skip_space(behind);
    enum sl_status status = labels ? read_integer(&place, &number, &behind, error)
                                   : read_number(&place, "a number", &number, &behind, error);
    if (status != SL_OK) {
      return status;
    }
    if (labels) {
      value->labels[place.index] = clamp_label(number);
    } else {
      value->reals[place.index] = number;
    }
    value->length = ++place.index;
    behind = skip_space(behind);
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

/* cJSON knows what a string means in which something is escaped. */
static enum sl_status read_escaped_choice(const struct sl_field *field,
                                          const struct number_place *place, size_t *choice,
                                          struct sl_error *error) {
  cJSON *item = sl_small_value_build(place->small);
  if (item == NULL) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to read %s", field->name);
  }
  const char *word = item->valuestring;
  size_t i = 0;
  while (field->choices[i] != NULL && strcmp(word, field->choices[i]) != 0) {
    i++;
  }
  bool known = field->choices[i] != NULL && !place->small->has_null_byte;
  enum sl_status status = known ? SL_OK : unknown_choice(field, place, word, error);
  cJSON_Delete(item);
  *choice = i;
  return status;
}

static enum sl_status read_choice(const struct sl_field *field, const struct number_place *place,
                                  size_t *choice, struct sl_error *error) {
  if (*place->at != '"') {
    return fail(place, error, SL_WRONG_TYPE, "a string", sl_describe_value(*place->at));
  }
  return find_choice(field, &place->small->text, choice)
             ? SL_OK
             : read_escaped_choice(field, place, choice, error);
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
  const struct number_place whole = {.small = small, .at = small->text.bytes};
  const char *behind;
  value->present = true;
  switch (field->kind) {
  case SL_FIELD_REAL:
    return read_number(&whole, "a number", &value->real, &behind, error);
  case SL_FIELD_COUNT:
    return read_count(field, &whole, &value->count, error);
  case SL_FIELD_CHOICE:
    return read_choice(field, &whole, &value->choice, error);
  default:
    return read_list(field, small, value, error);
  }
}
