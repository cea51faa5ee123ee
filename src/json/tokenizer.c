#include "json/tokenizer.h"

#include "core/codes.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void sl_json_begin(struct sl_json *json, size_t max_depth) {
  memset(json, 0, offsetof(struct sl_json, number));
  json->state = SL_JSON_VALUE;
  json->max_depth = max_depth < SL_JSON_LEVELS ? max_depth : SL_JSON_LEVELS;
}

/* What helps the senders of bytes that are not JSON. */
enum { AT_BODY = 1, AT_VALUE = 2, AT_NAME = 4, ELSEWHERE = 8, INSIDE = 14, ANYWHERE = 15 };
static const struct {
  unsigned where;
  unsigned char byte;
  const char *text;
} hints[] = {
    {AT_BODY, 0xef, "; a byte order mark: send UTF-8 without it"},
    {AT_BODY, 0xfe, "; is the body UTF-16? send UTF-8"},
    {AT_BODY, 0xff, "; is the body UTF-16? send UTF-8"},
    {ANYWHERE, '\0', "; is the body UTF-16? send UTF-8"},
    {AT_BODY, 0x1f, "; gzip data: add Content-Encoding: gzip"},
    {AT_BODY, '%', "; that is a form, send JSON"},
    {INSIDE, '\'', "; Python text, not JSON: use json.dumps(...)"},
    {AT_VALUE, '+', "; write the number without it"},
    {AT_VALUE, '.', "; write 0.5, not .5"},
    {AT_VALUE, ']', "; remove the last comma"},
    {AT_NAME, '}', "; remove the last comma"},
};

static const char *syntax_hint(const struct sl_json *json, unsigned char byte) {
  unsigned where = json->state > SL_JSON_NEXT_NAME     ? ELSEWHERE
                   : json->state > SL_JSON_FIRST_VALUE ? AT_NAME
                   : json->depth > 0                   ? AT_VALUE
                                                       : AT_BODY;
  for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
    if (hints[i].byte == byte && (hints[i].where & where) != 0) {
      return hints[i].text;
    }
  }
  if (where == AT_NAME && sl_is_digit((char)byte)) {
    return "; decimal numbers have a point, 0.8, not a comma";
  }
  if (json->state != SL_JSON_IN_NUMBER) {
    return "";
  }
  return json->number.state == SL_NUMBER_ZERO       ? "; JSON numbers have no leading zeros"
         : json->number.state == SL_NUMBER_FRACTION ? "; write 1.0, not 1."
                                                    : "";
}

/* Fails for the next byte, which cannot be where it is. */
static enum sl_json_event unexpected(const struct sl_json *json, const struct sl_input *input,
                                     struct sl_error *error, const char *expected) {
  unsigned char byte = (unsigned char)*input->at;
  bool plain = byte > ' ' && byte < 0x7f;
  char came[16];
  snprintf(came, sizeof came, plain ? "'%c'" : "byte 0x%02x", byte);
  sl_json_fail_syntax(json, error, sl_input_offset(input), "expected %s, not %s%s", expected, came,
                      syntax_hint(json, byte));
  return SL_JSON_FAILED;
}

static enum sl_json_event open_level(struct sl_json *json, struct sl_input *input,
                                     struct sl_error *error, bool is_object) {
  if (json->depth == json->max_depth) {
    sl_json_fail(
        json, error, SL_TOO_DEEP, json->depth, json->offset,
        "arrays and objects are nested deeper than the limit (depth) of %zu; a tensor has at "
        "most 8 dimensions",
        json->max_depth);
    return SL_JSON_FAILED;
  }
  input->at++;
  json->levels[json->depth++] = (struct sl_json_level){.is_object = is_object};
  json->state = is_object ? SL_JSON_FIRST_NAME : SL_JSON_FIRST_VALUE;
  return is_object ? SL_JSON_OBJECT : SL_JSON_ARRAY;
}

static enum sl_json_event close_level(struct sl_json *json, struct sl_input *input) {
  json->offset = sl_input_offset(input);
  json->was_empty = json->state == SL_JSON_FIRST_VALUE;
  input->at++;
  json->state = SL_JSON_AFTER_VALUE;
  return json->levels[--json->depth].is_object ? SL_JSON_OBJECT_END : SL_JSON_ARRAY_END;
}

static enum sl_json_event open_string(struct sl_json *json, struct sl_input *input,
                                      enum sl_json_state state) {
  json->offset = sl_input_offset(input);
  json->text.length = 0;
  json->string = (struct sl_string){0};
  json->characters_at_once = 0;
  json->state = state;
  input->at++;
  return SL_JSON_STRING;
}

static bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* Gathers a word. The name of a call of Python's is enough: its parenthesis is shown, not taken. */
static enum sl_json_event gather_word(struct sl_json *json, struct sl_input *input) {
  json->state = SL_JSON_IN_WORD;
  while (input->at < input->end) {
    char byte = *input->at;
    bool in_word = is_letter(byte) || sl_is_digit(byte) || byte == '.';
    if (in_word || (byte == '(' && !sl_text_is_literal(&json->text, true))) {
      sl_text_add(&json->text, input->at, 1);
    }
    input->at += in_word;
    if (!in_word) {
      json->after_word = byte;
      json->state = SL_JSON_AFTER_VALUE;
      return SL_JSON_WORD;
    }
  }
  return SL_JSON_NEED_MORE;
}

static enum sl_json_event read_long_number(struct sl_json *json, struct sl_input *input,
                                           struct sl_error *error) {
  const char *start = input->at;
  enum sl_number_event event = SL_NUMBER_MORE;
  while (input->at < input->end) {
    event = sl_number_byte(&json->number, *input->at);
    if (event != SL_NUMBER_MORE) {
      break;
    }
    input->at++;
  }
  sl_text_add(&json->text, start, (size_t)(input->at - start));
  switch (event) {
  case SL_NUMBER_MORE:
    return SL_JSON_NEED_MORE;
  case SL_NUMBER_END:
    json->value = sl_number_value(&json->number);
    json->state = SL_JSON_AFTER_VALUE;
    return SL_JSON_NUMBER;
  default:
    return unexpected(json, input, error,
                      json->number.state == SL_NUMBER_ZERO ? "no digit after a 0" : "a digit");
  }
}

static void begin_long_number(struct sl_json *json) {
  json->is_short = false;
  json->text.length = 0;
  json->state = SL_JSON_IN_NUMBER;
  sl_number_begin(&json->number);
}

static enum sl_json_event next_number(struct sl_json *json, struct sl_input *input,
                                      struct sl_error *error) {
  json->short_length = sl_number_short(input->at, sl_input_left(input), &json->value);
  if (json->short_length == 0) {
    begin_long_number(json);
    return read_long_number(json, input, error);
  }
  json->is_short = true;
  input->at += json->short_length;
  json->short_end = input->at;
  json->state = SL_JSON_AFTER_VALUE;
  return SL_JSON_NUMBER;
}

/* Goes on after a minus, which may begin a number or a word, -Infinity. */
static enum sl_json_event read_after_minus(struct sl_json *json, struct sl_input *input) {
  if (input->at == input->end) {
    return SL_JSON_NEED_MORE;
  }
  if (is_letter(*input->at)) {
    json->text.length = 0;
    sl_text_add(&json->text, "-", 1);
    return gather_word(json, input);
  }
  begin_long_number(json);
  sl_number_byte(&json->number, '-');
  sl_text_add(&json->text, "-", 1);
  return SL_JSON_NUMBER_BEGINS;
}

static enum sl_json_event announce_number(struct sl_json *json, struct sl_input *input) {
  bool plain = *input->at != '-' || (sl_input_left(input) > 1 && sl_is_digit(input->at[1]));
  if (plain) {
    json->state = SL_JSON_AT_NUMBER;
    return SL_JSON_NUMBER_BEGINS;
  }
  input->at++;
  json->state = SL_JSON_AFTER_MINUS;
  return read_after_minus(json, input);
}

static enum sl_json_event next_value(struct sl_json *json, struct sl_input *input,
                                     struct sl_error *error) {
  char byte = *input->at;
  json->offset = sl_input_offset(input);
  if (byte == '-' || sl_is_digit(byte)) {
    return announce_number(json, input);
  }
  if (byte == '[' || byte == '{') {
    return open_level(json, input, error, byte == '{');
  }
  if (byte == '"') {
    return open_string(json, input, SL_JSON_IN_STRING);
  }
  if (byte == ']' && json->state == SL_JSON_FIRST_VALUE) {
    return close_level(json, input);
  }
  if (is_letter(byte)) {
    json->text.length = 0;
    return gather_word(json, input);
  }
  return unexpected(json, input, error, json->depth == 0 ? "a JSON object" : "a value");
}

static enum sl_json_event close_string(struct sl_json *json, struct sl_input *input) {
  bool is_name = json->state == SL_JSON_IN_NAME;
  input->at++;
  json->state = is_name ? SL_JSON_COLON : SL_JSON_AFTER_VALUE;
  return is_name ? SL_JSON_NAME : SL_JSON_STRING_END;
}

/* Takes some plain characters, or one that is escaped or not ASCII, or the closing quote. */
static enum sl_json_event read_characters(struct sl_json *json, struct sl_input *input,
                                          struct sl_error *error) {
  bool plain = json->string.state == SL_STRING_PLAIN;
  if (plain) {
    json->characters = input->at;
    json->character_offset = sl_input_offset(input);
  }
  if (plain && json->string.continuation == 0) {
    if (*input->at == '"') {
      return close_string(json, input);
    }
    size_t left = sl_input_left(input);
    size_t at_once = json->characters_at_once;
    json->character_count =
        sl_string_plain(input->at, at_once > 0 && at_once < left ? at_once : left);
    if (json->character_count > 0) {
      input->at += json->character_count;
      return SL_JSON_CHARACTERS;
    }
  }
  if (!sl_string_byte(&json->string, *input->at)) {
    return unexpected(json, input, error, "the rest of a string");
  }
  input->at++;
  json->characters = json->string.bytes;
  json->character_count = json->string.length;
  return SL_JSON_CHARACTERS;
}

static enum sl_json_event read_string(struct sl_json *json, struct sl_input *input,
                                      struct sl_error *error) {
  while (input->at < input->end) {
    enum sl_json_event event = read_characters(json, input, error);
    if (event != SL_JSON_CHARACTERS || json->characters_at_once > 0) {
      return event;
    }
    sl_text_add(&json->text, json->characters, json->character_count);
  }
  return SL_JSON_NEED_MORE;
}

static enum sl_json_event read_name(struct sl_json *json, struct sl_input *input,
                                    struct sl_error *error) {
  if (*input->at == '"') {
    open_string(json, input, SL_JSON_IN_NAME);
    json->levels[json->depth - 1].name = NULL;
    return read_string(json, input, error);
  }
  if (*input->at == '}' && json->state == SL_JSON_FIRST_NAME) {
    return close_level(json, input);
  }
  return unexpected(json, input, error, "a member name in double quotes");
}

static enum sl_json_event read_colon(struct sl_json *json, struct sl_input *input,
                                     struct sl_error *error) {
  if (*input->at != ':') {
    return unexpected(json, input, error, "a colon");
  }
  input->at++;
  json->state = SL_JSON_VALUE;
  return sl_json_next(json, input, error);
}

static enum sl_json_event read_after_value(struct sl_json *json, struct sl_input *input,
                                           struct sl_error *error) {
  if (json->depth == 0) {
    return unexpected(json, input, error, "nothing after the body's last brace");
  }
  struct sl_json_level *level = &json->levels[json->depth - 1];
  if (*input->at == (level->is_object ? '}' : ']')) {
    return close_level(json, input);
  }
  if (*input->at != ',') {
    return unexpected(json, input, error, level->is_object ? "a comma or `}`" : "a comma or `]`");
  }
  input->at++;
  if (!level->is_object) {
    level->index++;
    json->state = SL_JSON_VALUE;
    return SL_JSON_COMMA;
  }
  json->state = SL_JSON_NEXT_NAME;
  return sl_json_next(json, input, error);
}

static enum sl_json_event read_in_token(struct sl_json *json, struct sl_input *input,
                                        struct sl_error *error) {
  switch (json->state) {
  case SL_JSON_AFTER_MINUS:
    return read_after_minus(json, input);
  case SL_JSON_AT_NUMBER:
    return next_number(json, input, error);
  case SL_JSON_IN_NUMBER:
    return read_long_number(json, input, error);
  case SL_JSON_IN_WORD:
    return gather_word(json, input);
  default:
    return read_string(json, input, error);
  }
}

enum sl_json_event sl_json_next(struct sl_json *json, struct sl_input *input,
                                struct sl_error *error) {
  if (json->state > SL_JSON_AFTER_VALUE) {
    return read_in_token(json, input, error);
  }
  if (!sl_input_skip_space(input)) {
    return SL_JSON_NEED_MORE;
  }
  switch (json->state) {
  case SL_JSON_VALUE:
  case SL_JSON_FIRST_VALUE:
    return next_value(json, input, error);
  case SL_JSON_FIRST_NAME:
  case SL_JSON_NEXT_NAME:
    return read_name(json, input, error);
  case SL_JSON_COLON:
    return read_colon(json, input, error);
  default:
    return read_after_value(json, input, error);
  }
}

/* Takes numbers of one digit, each with the comma after it, and all or none with a space after
 * that: labels, mostly. */
static size_t take_digits(struct sl_input *input, double *values, size_t count) {
  const char *at = input->at;
  size_t taken = 0;
  size_t step = sl_input_left(input) > 2 && at[2] == ' ' ? 3 : 2;
  while (taken < count && input->end - at > 2 && sl_is_digit(at[0]) && at[1] == ',' &&
         (step == 2 || at[2] == ' ')) {
    values[taken++] = at[0] - '0';
    at += step;
  }
  input->at = at;
  return taken;
}

size_t sl_json_numbers(struct sl_json *json, struct sl_input *input, double *values, size_t count,
                       bool counts) {
  if (json->state > SL_JSON_FIRST_VALUE) {
    return 0;
  }
  bool last = false;
  size_t taken = sl_input_skip_space(input) ? take_digits(input, values, count) : 0;
  while (taken < count && !last && sl_input_skip_space(input)) {
    double value = 0;
    size_t length = sl_number_short(input->at, sl_input_left(input), &value);
    bool ends = length > 0 && (input->at[length] == ',' || input->at[length] == ']');
    if (!ends || (counts && (value < 0 || value > SL_MAX_INTEGER || value != floor(value)))) {
      break;
    }
    last = input->at[length] == ']';
    values[taken++] = value;
    input->at += length + !last;
  }
  if (taken > 0) {
    json->state = last ? SL_JSON_AFTER_VALUE : SL_JSON_VALUE;
    json->levels[json->depth - 1].index += taken - last;
  }
  return taken;
}

bool sl_json_integer(const struct sl_json *json, struct sl_integer *integer) {
  if (!json->is_short) {
    return sl_number_integer(&json->number, integer);
  }
  double magnitude = fabs(json->value);
  *integer =
      (struct sl_integer){.negative = signbit(json->value) != 0, .magnitude = (uint64_t)magnitude};
  return magnitude == floor(magnitude);
}

void sl_json_excerpt(const struct sl_json *json, enum sl_json_event event, bool complete,
                     char excerpt[SL_EXCERPT_SIZE]) {
  enum { MAX_CHARACTERS = 40 };
  struct sl_text text = json->text;
  if (event == SL_JSON_NUMBER && json->is_short) {
    text.length = 0;
    sl_text_add(&text, json->short_end - json->short_length, json->short_length);
  }
  const char *quote = event == SL_JSON_STRING ? "\"" : "";
  char copy[MAX_CHARACTERS + 1];
  bool cut = sl_text_copy(&text, complete, copy, sizeof copy);
  snprintf(excerpt, SL_EXCERPT_SIZE, "%s%s%s%s", quote, copy, cut ? "..." : "", quote);
}

struct sl_path sl_json_path(const struct sl_json *json, size_t levels) {
  struct sl_path path = {0};
  for (size_t i = 0; i < levels; i++) {
    const struct sl_json_level *level = &json->levels[i];
    if (!level->is_object) {
      sl_path_add_index(&path, level->index);
    } else if (level->name != NULL) {
      sl_path_add_member(&path, level->name);
    }
  }
  return path;
}

enum sl_status sl_json_fail_about(const struct sl_json *json, struct sl_error *error,
                                  enum sl_status code, size_t subject_levels, size_t levels,
                                  uint64_t offset, const char *format, ...) {
  char problem[sizeof error->message];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem, sizeof problem, format, arguments);
  va_end(arguments);
  struct sl_path subject = sl_json_path(json, subject_levels);
  struct sl_path path = sl_json_path(json, levels);
  return sl_fail_at(error, code, path.pointer, offset, "%s: %s",
                    subject.name[0] != '\0' ? subject.name : "the body", problem);
}

enum sl_status sl_json_locate(const struct sl_json *json, struct sl_error *error, size_t levels,
                              uint64_t offset) {
  if (error->code == SL_OK) {
    return SL_OK;
  }
  struct sl_error cause = *error;
  *error = SL_NO_ERROR;
  return sl_json_fail(json, error, cause.code, levels, offset, "%s", cause.message);
}
