#include "decode/reading.h"

#include "core/codes.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What a part of a body wants, whether NaN and infinities count as numbers there, and what helps
 * where something else came. */
struct want {
  const char *expected;
  bool takes_numbers;
  bool is_number; /* it is one itself */
  const char *number, *array, *object, *string, *boolean, *null;
};

#define OF_NAN    "; JavaScript writes NaN as null"
#define OF_FLAG   "; write 1 or 0"
#define OF_QUOTES "; write the number without quotes"
#define OF_BASE64                                                                                  \
  "; write numbers without quotes, and base64 as "                                                 \
  "{\"shape\": ..., \"encoding\": \"u8\", \"bits\" or \"f32\", \"data\": ...}"
#define OF_TABLE                                                                                   \
  " with names \"0\", \"1\", ...; of a typed array or a table send a list: Array.from"
#define OF_SCALAR "; write the number without brackets"
#define OF_R      " (R: auto_unbox = TRUE)"
#define OF_ONE    "; a list of one"

/* What takes numbers within it, and what is one itself. */
#define NUMERIC .takes_numbers = true
#define NUMBER  .takes_numbers = true, .is_number = true

/* clang-format off */
static const struct want wants[] = {
    [SL_WANT_BODY] = {.expected = "a JSON object"},
    [SL_WANT_TENSOR] = {NUMERIC, .expected = "a spike tensor, nested arrays or an object", .string = OF_BASE64,
                        .number = "; a list of tensors has one more bracket than a tensor"},
    [SL_WANT_TENSORS] = {NUMERIC, .expected = "a list of tensors", .object = "; a list of one: [{...}]"},
    [SL_WANT_SPIKE] = {NUMBER, .expected = "a number", .string = OF_BASE64, .boolean = OF_FLAG, .null = OF_NAN},
    [SL_WANT_ROW] = {NUMERIC, .expected = "an array, like its neighbours", .string = OF_BASE64},
    [SL_WANT_SHAPE] = {NUMERIC, .expected = "a list of dimensions, [2, 3, 4]", .number = OF_ONE},
    [SL_WANT_DIMENSION] = {NUMBER, .expected = "a positive integer", .string = OF_QUOTES, .array = OF_SCALAR},
    [SL_WANT_DATA] = {NUMERIC, .expected = "a list of numbers or a base64 string"},
    [SL_WANT_ENTRY] = {NUMERIC, .expected = "a list of coordinates, one for each dimension"},
    [SL_WANT_COORDINATE] = {NUMBER, .expected = "an integer", .string = OF_QUOTES},
    [SL_WANT_NUMBER] = {NUMBER, .expected = "a number", .array = OF_SCALAR OF_R, .string = OF_QUOTES,
                        .boolean = OF_FLAG, .null = OF_NAN},
    [SL_WANT_NUMBERS] = {NUMERIC, .expected = "a list of numbers", .number = OF_ONE},
    [SL_WANT_INTEGER] = {NUMBER, .expected = "an integer", .array = OF_SCALAR OF_R, .string = OF_QUOTES,
                         .boolean = OF_FLAG},
    [SL_WANT_LABELS] = {NUMERIC, .expected = "a list of class indices (integers)", .number = OF_ONE},
    [SL_WANT_LABEL] = {NUMBER, .expected = "a class index, an integer", .string = OF_QUOTES, .boolean = OF_FLAG,
                       .array = "; one-hot or column labels: send class indices, argmax"},
    [SL_WANT_CHOICE] = {.expected = "a string"},
    [SL_WANT_FLAG] = {.expected = "true or false", .string = "; write it without quotes"},
};
/* clang-format on */

/* Writes the words to choose from, in quotes. */
static void list_choices(char *list, size_t size, const char *const *choices) {
  size_t length = 0;
  list[0] = '\0';
  for (size_t i = 0; choices[i] != NULL && length < size; i++) {
    const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
    length += (size_t)snprintf(list + length, size - length, "%s\"%s\"", before, choices[i]);
  }
}

static const char *expectation(char *list, size_t size, enum sl_want want,
                               const char *const *choices) {
  if (want != SL_WANT_CHOICE) {
    return wants[want].expected;
  }
  list_choices(list, size, choices);
  return list;
}

enum sl_status sl_refuse_infinity(struct sl_reading *reading) {
  char came[SL_EXCERPT_SIZE];
  const struct sl_json *json = &reading->json;
  sl_json_excerpt(json, SL_JSON_NUMBER, true, came);
  return sl_json_fail(json, &reading->error, SL_NOT_FINITE, json->depth, json->offset,
                      "expected a finite number, not %s, which is too large for a double", came);
}

enum sl_status sl_refuse_number(struct sl_reading *reading, enum sl_status code,
                                const char *expected) {
  struct sl_integer integer;
  char came[SL_EXCERPT_SIZE];
  const struct sl_json *json = &reading->json;
  sl_json_excerpt(json, SL_JSON_NUMBER, true, came);
  return sl_json_fail(
      json, &reading->error, code, json->depth, json->offset, "expected %s, not %s%s", expected,
      came,
      code != SL_WRONG_TYPE || sl_json_integer(json, &integer) ? "" : "; write a whole number");
}

/* Returns whether a word is NaN or an infinity, as Python, C and R write them: -nan(ind). */
static bool is_not_finite(const struct sl_text *text) {
  static const char *const words[] = {"nan", "inf", "infinity"};
  size_t sign = text->bytes[0] == '-';
  size_t end = text->length < SL_TEXT_SIZE ? text->length : SL_TEXT_SIZE;
  end -= text->bytes[end - 1] == '(';
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t length = strlen(words[i]);
    if (end == sign + length && strncasecmp(text->bytes + sign, words[i], length) == 0) {
      return true;
    }
  }
  return false;
}

bool sl_is_number_word(const struct sl_reading *reading) {
  return reading->json.text.bytes[0] == '-' || is_not_finite(&reading->json.text);
}

static bool is_python(const struct sl_text *text) {
  size_t kept = text->length < SL_TEXT_SIZE ? text->length : SL_TEXT_SIZE;
  return memchr(text->bytes, '(', kept) != NULL || memchr(text->bytes, '.', kept) != NULL ||
         sl_text_is(text, "True") || sl_text_is(text, "False") || sl_text_is(text, "None");
}

/* Returns what helps where the body begins with a word. */
static const char *body_hint(const struct sl_reading *reading) {
  unsigned char next = (unsigned char)reading->json.after_word;
  return next >= 0x80                 ? "; deflate data: add Content-Encoding: deflate"
         : next == '=' || next == '%' ? "; that is a form, send JSON"
                                      : "";
}

enum sl_status sl_refuse_word(struct sl_reading *reading, enum sl_want want,
                              const char *const *choices) {
  const struct sl_json *json = &reading->json;
  const struct want *wanted = &wants[want];
  char came[SL_EXCERPT_SIZE];
  char list[128];
  const char *expected = expectation(list, sizeof list, want, choices);
  sl_json_excerpt(json, SL_JSON_WORD, true, came);
  if (wanted->takes_numbers && is_not_finite(&json->text)) {
    return sl_json_fail(json, &reading->error, SL_NOT_FINITE, json->depth, json->offset,
                        "expected a finite number, not %s; replace NaN and infinities", came);
  }
  if (json->text.bytes[0] == '-' && !wanted->is_number) {
    return sl_json_fail(json, &reading->error, SL_WRONG_TYPE, json->depth, json->offset,
                        "expected %s, not %s", expected, came);
  }
  if (json->text.bytes[0] == '-') {
    return sl_json_fail_syntax(json, &reading->error, json->offset + 1, "expected a digit, not %s",
                               came + 1);
  }
  if (sl_text_is_literal(&json->text, true)) {
    const char *hint = json->text.bytes[0] == 'n' ? wanted->null : wanted->boolean;
    return sl_json_fail(json, &reading->error, SL_WRONG_TYPE, json->depth, json->offset,
                        "expected %s, not %s%s", expected, came, hint != NULL ? hint : "");
  }
  const char *hint = is_python(&json->text) ? "; Python text, not JSON: use json.dumps(x.tolist())"
                     : want == SL_WANT_BODY ? body_hint(reading)
                                            : "";
  return sl_json_fail_syntax(json, &reading->error, json->offset, "expected %s, not %s%s", expected,
                             came, hint);
}

enum sl_status sl_refuse_choice(struct sl_reading *reading, const char *const *choices) {
  const struct sl_json *json = &reading->json;
  char came[SL_EXCERPT_SIZE];
  char list[128];
  list_choices(list, sizeof list, choices);
  sl_json_excerpt(json, SL_JSON_STRING, true, came);
  return sl_json_fail(json, &reading->error, SL_UNKNOWN_CHOICE, json->depth, json->offset,
                      "expected %s, not %s", list, came);
}

enum sl_status sl_refuse_value(struct sl_reading *reading, enum sl_json_event event,
                               enum sl_want want, const char *const *choices) {
  if (event == SL_JSON_WORD) {
    return sl_refuse_word(reading, want, choices);
  }
  reading->misfit = (struct sl_misfit){.pending = true,
                                       .want = want,
                                       .came = event,
                                       .levels = sl_json_around(&reading->json, event),
                                       .offset = reading->json.offset,
                                       .choices = choices};
  reading->limited = false;
  return SL_OK;
}

/* Returns whether a name is of a typed array of JavaScript's, or of a table of PHP's or Lua's. */
static bool is_index(const struct sl_text *text) {
  return text->length == 1 && sl_is_digit(text->bytes[0]);
}

/* Writes what came and returns what helps: the number, the string, or the first name of the
 * object. */
static const char *describe_misfit(const struct sl_reading *reading, enum sl_json_event event,
                                   char came[SL_EXCERPT_SIZE]) {
  const struct sl_misfit *misfit = &reading->misfit;
  const struct want *wanted = &wants[misfit->want];
  const struct sl_text *text = &reading->json.text;
  const char *kind = misfit->came == SL_JSON_ARRAY ? "an array" : "an object";
  snprintf(came, SL_EXCERPT_SIZE, "%s", kind);
  switch (misfit->came) {
  case SL_JSON_OBJECT:
    return event == SL_JSON_NAME && is_index(text) ? OF_TABLE : wanted->object;
  case SL_JSON_ARRAY:
    return misfit->want == SL_WANT_BODY && event == SL_JSON_WORD && sl_text_is(text, "object")
               ? "; [object Object] is no JSON: use JSON.stringify"
               : wanted->array;
  case SL_JSON_STRING:
    sl_json_excerpt(&reading->json, SL_JSON_STRING, event == SL_JSON_STRING_END, came);
    return misfit->want == SL_WANT_BODY && text->length > 0 && text->bytes[0] == '{'
               ? "; JSON that is encoded twice: send the object, not a string of it"
               : wanted->string;
  default:
    snprintf(came, SL_EXCERPT_SIZE, "a number");
    if (event == SL_JSON_NUMBER) {
      sl_json_excerpt(&reading->json, SL_JSON_NUMBER, true, came);
    }
    return wanted->number;
  }
}

enum sl_status sl_refuse_misfit(struct sl_reading *reading, enum sl_json_event event) {
  struct sl_misfit *misfit = &reading->misfit;
  char came[SL_EXCERPT_SIZE];
  char list[128];
  const char *expected = expectation(list, sizeof list, misfit->want, misfit->choices);
  const char *hint = describe_misfit(reading, event, came);
  bool in_list = hint != NULL && strcmp(hint, OF_ONE) == 0;
  misfit->pending = false;
  reading->error = SL_NO_ERROR; /* of the bytes within the value: they come later */
  return sl_json_fail(&reading->json, &reading->error, SL_WRONG_TYPE, misfit->levels,
                      misfit->offset,
                      in_list ? "expected %s, not %s%s: [%s]" : "expected %s, not %s%s", expected,
                      came, hint != NULL ? hint : "", came);
}

const char *sl_sums_hint(const struct sl_spikes *spikes, uint64_t count) {
  uint64_t neurons = spikes->neurons;
  return spikes->summed != SL_SUMMED_NOT ? ""
         : count == spikes->samples * neurons
             ? "; for sums over time put summed before data: \"summed\": \"time\""
         : count == neurons && !spikes->per_sample
             ? "; for sums over batch and time put summed before data: \"summed\": \"batch_time\""
             : "";
}

enum sl_status sl_refuse_rank(struct sl_reading *reading, const struct sl_field *field,
                              size_t tensor_levels, size_t levels, uint64_t offset,
                              const char *more, size_t rank) {
  char expected[96];
  if (field->min_rank == field->max_rank) {
    const char *neurons = strrchr(field->axes, ' ') + 1; /* with the bracket */
    int length = (int)strlen(neurons) - 1;
    switch (reading->layout) {
    case SL_TIME_BATCH_NEURONS:
      snprintf(expected, sizeof expected, "[time, batch, %s", neurons);
      break;
    case SL_BATCH_NEURONS_TIME:
      snprintf(expected, sizeof expected, "[batch, %.*s, time]", length, neurons);
      break;
    default:
      snprintf(expected, sizeof expected, "%s", field->axes);
    }
  } else {
    snprintf(expected, sizeof expected, "%zu to %zu dimensions", field->min_rank, field->max_rank);
  }
  const char *hint =
      rank > 0 && rank + 1 == field->min_rank
          ? "; for sums over time write \"summed\": \"time\" beside the shape of the spikes"
          : "";
  return sl_json_fail_about(&reading->json, &reading->error, SL_WRONG_RANK, tensor_levels, levels,
                            offset, "expected %s, not %s%zu dimension%s%s", expected, more, rank,
                            rank == 1 ? "" : "s", hint);
}

static enum sl_status refuse_name(struct sl_reading *reading, enum sl_status code,
                                  const char *problem) {
  const struct sl_json *json = &reading->json;
  struct sl_path path = sl_json_path(json, json->depth);
  char object[sizeof path.name];
  char name[SL_EXCERPT_SIZE];
  memcpy(object, path.name, sizeof object);
  sl_path_append_name(&path, &json->text);
  sl_json_excerpt(json, SL_JSON_STRING, true, name);
  if (is_index(&json->text)) {
    problem = "is the name in a typed array or a table; send a list: Array.from";
  }
  return sl_fail_at(&reading->error, code, path.pointer, json->offset, "%s: %s %s",
                    object[0] != '\0' ? object : "the body", name, problem);
}

enum sl_status sl_refuse_twice(struct sl_reading *reading) {
  return refuse_name(reading, SL_DUPLICATE_MEMBER, "comes twice; send it once");
}

enum sl_status sl_refuse_unknown(struct sl_reading *reading, const char *owner,
                                 const char *const *members, size_t count) {
  const struct sl_text *text = &reading->json.text;
  char problem[sizeof reading->error.message];
  size_t start = (size_t)snprintf(problem, sizeof problem, "is not a member of %s; ", owner);
  size_t length = start + (size_t)snprintf(problem + start, sizeof problem - start, "members are");
  for (size_t i = 0; i < count && length < sizeof problem; i++) {
    if (text->length <= SL_TEXT_SIZE && sl_is_near(text->bytes, text->length, members[i])) {
      snprintf(problem + start, sizeof problem - start, "did you mean %s?", members[i]);
      break;
    }
    length += (size_t)snprintf(problem + length, sizeof problem - length, "%s %s", i > 0 ? "," : "",
                               members[i]);
  }
  return refuse_name(reading, SL_UNKNOWN_MEMBER, problem);
}
