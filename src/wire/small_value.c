#include "wire/small_value.h"

void sl_small_value_begin(struct sl_small_value *value, const struct sl_path *path,
                          uint64_t most_bytes, size_t most_depth) {
  value->path = *path;
  value->most_bytes = most_bytes;
  value->most_depth = most_depth;
  value->text.length = 0;
  value->place = SL_SMALL_VALUE;
  value->depth = 0;
  value->objects = 0;
  value->element = 0;
  value->has_null_byte = false;
  value->is_short_number = false;
}

void sl_small_value_free(struct sl_small_value *value) {
  sl_buffer_free(&value->text);
}

/* Takes one byte into the collected text. */
static enum sl_status keep(struct sl_small_value *value, struct sl_text *text,
                           struct sl_error *error) {
  if (value->text.length >= value->most_bytes) {
    return sl_fail_at(error, SL_MEMBER_TOO_LARGE, value->path.pointer, sl_text_offset(text),
                      "%s is longer than the limit (member_bytes) of %llu bytes", value->path.name,
                      (unsigned long long)value->most_bytes);
  }
  struct sl_buffer *kept = &value->text;
  if (kept->length == kept->capacity && !sl_buffer_reserve(kept, 1)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to read %s", value->path.name);
  }
  kept->bytes[kept->length++] = *text->at++;
  return SL_OK;
}

static bool in_object(const struct sl_small_value *value) {
  return value->objects >> value->depth & 1;
}

static enum sl_status open_level(struct sl_small_value *value, struct sl_text *text,
                                 struct sl_error *error) {
  bool is_object = *text->at == '{';
  if (value->depth == value->most_depth) {
    return sl_fail_too_deep(error, value->path.pointer, sl_text_offset(text), value->path.name);
  }
  value->depth++;
  uint64_t level = UINT64_C(1) << value->depth;
  value->objects = is_object ? value->objects | level : value->objects & ~level;
  value->place = is_object ? SL_SMALL_FIRST_NAME : SL_SMALL_FIRST_VALUE;
  return keep(value, text, error);
}

static enum sl_status close_level(struct sl_small_value *value, struct sl_text *text,
                                  struct sl_error *error) {
  value->depth--;
  value->place = SL_SMALL_AFTER_VALUE;
  return keep(value, text, error);
}

static void begin_token(struct sl_small_value *value, enum sl_small_place place) {
  value->token = value->text.length;
  value->place = place;
}

static enum sl_status begin_string(struct sl_small_value *value, struct sl_text *text,
                                   struct sl_error *error, enum sl_small_place place) {
  begin_token(value, place);
  value->string = (struct sl_json_string){0};
  return keep(value, text, error);
}

static enum sl_status begin_word(struct sl_small_value *value, const char *word) {
  begin_token(value, SL_SMALL_IN_WORD);
  value->word = word;
  return SL_OK;
}

/* Takes a number at once, if it is one of the many that are short and complete. */
static enum sl_status begin_number(struct sl_small_value *value, struct sl_text *text,
                                   struct sl_error *error) {
  size_t length = sl_json_number_short(text->at, sl_text_left(text), &value->short_number);
  if (length == 0) {
    begin_token(value, SL_SMALL_IN_NUMBER);
    sl_json_number_begin(&value->number);
    return SL_OK;
  }
  value->is_short_number = value->depth == 0;
  value->place = SL_SMALL_AFTER_VALUE;
  enum sl_status status = SL_OK;
  for (const char *end = text->at + length; status == SL_OK && text->at < end;) {
    status = keep(value, text, error);
  }
  return status;
}

static enum sl_status begin_value(struct sl_small_value *value, struct sl_text *text,
                                  struct sl_error *error) {
  switch (*text->at) {
  case '[':
  case '{':
    return open_level(value, text, error);
  case '"':
    return begin_string(value, text, error, SL_SMALL_IN_STRING);
  case 't':
    return begin_word(value, "true");
  case 'f':
    return begin_word(value, "false");
  case 'n':
    return begin_word(value, "null");
  case 'N':
    return begin_word(value, "NaN");
  case 'I':
    return begin_word(value, "Infinity");
  default:
    break;
  }
  if (!sl_begins_value(*text->at)) {
    return sl_text_not_json(text, error, "a value");
  }
  return begin_number(value, text, error);
}

/* Offset in the body of a place in the collected text. */
static uint64_t offset_of(const struct sl_small_value *value, size_t place) {
  return value->offset + place;
}

static enum sl_status not_finite(const struct sl_small_value *value, struct sl_error *error) {
  bool is_element = value->depth == 1 && !in_object(value);
  struct sl_path path = is_element ? sl_path_element(&value->path, value->element) : value->path;
  return sl_fail_at(error, SL_NOT_FINITE, path.pointer, offset_of(value, value->token),
                    "%s: expected a finite number, not NaN or an infinity", path.name);
}

static enum sl_status read_word(struct sl_small_value *value, struct sl_text *text,
                                struct sl_error *error) {
  while (*value->word != '\0' && text->at < text->end) {
    if (*text->at != *value->word) {
      char first = value->text.bytes[value->token];
      bool of_json = first == 't' || first == 'f' || first == 'n';
      size_t sign = first == '-' ? 1 : 0;
      return of_json ? sl_text_not_json(text, error, "true, false or null")
                     : sl_fail_at(error, SL_NOT_JSON, "", offset_of(value, value->token + sign),
                                  "expected a value");
    }
    if (keep(value, text, error) != SL_OK) {
      return error->code;
    }
    value->word++;
  }
  if (*value->word != '\0') {
    return SL_NEED_MORE;
  }
  char last = text->at[-1];
  if (last == 'N' || last == 'y') {
    return not_finite(value, error);
  }
  value->place = SL_SMALL_AFTER_VALUE;
  return SL_OK;
}

static enum sl_status read_number(struct sl_small_value *value, struct sl_text *text,
                                  struct sl_error *error) {
  while (text->at < text->end) {
    enum sl_number_event event = sl_json_number_byte(&value->number, *text->at);
    if (event == SL_NUMBER_END) {
      value->place = SL_SMALL_AFTER_VALUE;
      return SL_OK;
    }
    if (event == SL_NUMBER_BAD) {
      if (value->number.state == SL_NUMBER_MINUS && *text->at == 'I') {
        value->place = SL_SMALL_IN_WORD;
        value->word = "Infinity";
        return read_word(value, text, error);
      }
      return sl_text_not_json(text, error, "a digit");
    }
    if (keep(value, text, error) != SL_OK) {
      return error->code;
    }
  }
  return SL_NEED_MORE;
}

static enum sl_status read_string(struct sl_small_value *value, struct sl_text *text,
                                  struct sl_error *error) {
  while (text->at < text->end) {
    enum sl_string_event event = sl_json_string_byte(&value->string, *text->at);
    if (event == SL_STRING_BAD) {
      return sl_text_not_json(text, error, "the rest of a string");
    }
    for (size_t i = 0; i < value->string.length; i++) {
      value->has_null_byte |= value->string.bytes[i] == '\0';
    }
    if (keep(value, text, error) != SL_OK) {
      return error->code;
    }
    if (event == SL_STRING_END) {
      value->place = value->place == SL_SMALL_IN_NAME ? SL_SMALL_COLON : SL_SMALL_AFTER_VALUE;
      return SL_OK;
    }
  }
  return SL_NEED_MORE;
}

static enum sl_status read_name(struct sl_small_value *value, struct sl_text *text,
                                struct sl_error *error) {
  if (*text->at == '"') {
    return begin_string(value, text, error, SL_SMALL_IN_NAME);
  }
  if (*text->at == '}' && value->place == SL_SMALL_FIRST_NAME) {
    return close_level(value, text, error);
  }
  return sl_text_not_json(text, error, "a member name in double quotes");
}

static enum sl_status after_value(struct sl_small_value *value, struct sl_text *text,
                                  struct sl_error *error) {
  bool object = in_object(value);
  if (*text->at == (object ? '}' : ']')) {
    return close_level(value, text, error);
  }
  if (*text->at != ',') {
    return sl_text_not_json(text, error, object ? "a comma or `}`" : "a comma or `]`");
  }
  value->element += value->depth == 1;
  value->place = object ? SL_SMALL_NAME : SL_SMALL_VALUE;
  return keep(value, text, error);
}

static enum sl_status read_token(struct sl_small_value *value, struct sl_text *text,
                                 struct sl_error *error) {
  switch (value->place) {
  case SL_SMALL_FIRST_VALUE:
    if (*text->at == ']') {
      return close_level(value, text, error);
    }
    return begin_value(value, text, error);
  case SL_SMALL_VALUE:
    return begin_value(value, text, error);
  case SL_SMALL_FIRST_NAME:
  case SL_SMALL_NAME:
    return read_name(value, text, error);
  case SL_SMALL_COLON:
    if (*text->at != ':') {
      return sl_text_not_json(text, error, "a colon");
    }
    value->place = SL_SMALL_VALUE;
    return keep(value, text, error);
  case SL_SMALL_AFTER_VALUE:
    return after_value(value, text, error);
  case SL_SMALL_IN_NUMBER:
    return read_number(value, text, error);
  case SL_SMALL_IN_WORD:
    return read_word(value, text, error);
  default:
    return read_string(value, text, error);
  }
}

static bool between_tokens(const struct sl_small_value *value) {
  return value->place <= SL_SMALL_AFTER_VALUE;
}

enum sl_status sl_small_value_read(struct sl_small_value *value, struct sl_text *text,
                                   struct sl_error *error) {
  if (value->text.length == 0) {
    value->offset = sl_text_offset(text);
  }
  while (text->at < text->end) {
    bool is_space = between_tokens(value) && sl_is_space(*text->at);
    enum sl_status status = is_space ? keep(value, text, error) : read_token(value, text, error);
    if (status != SL_OK) {
      return status;
    }
    if (value->depth == 0 && value->place == SL_SMALL_AFTER_VALUE) {
      return SL_OK;
    }
  }
  return SL_NEED_MORE;
}

cJSON *sl_small_value_build(const struct sl_small_value *value) {
  return cJSON_ParseWithLength(value->text.bytes, value->text.length);
}

/* A number of 8 bytes stands in at least two of text, its comma included. */
uint64_t sl_small_value_memory(const struct sl_small_value *value) {
  return value->text.capacity + sizeof(double) / 2 * value->text.length;
}

uint64_t sl_small_value_element_offset(const struct sl_small_value *value, size_t index) {
  const char *bytes = value->text.bytes;
  size_t depth = 0;
  bool in_string = false;
  size_t place = 0;
  for (; index > 0 || depth == 0; place++) {
    char byte = bytes[place];
    if (in_string) {
      place += byte == '\\';
      in_string = byte != '"';
    } else if (byte == '"') {
      in_string = true;
    } else if (byte == '[' || byte == '{') {
      depth++;
    } else if (byte == ']' || byte == '}') {
      depth--;
    } else if (byte == ',' && depth == 1) {
      index--;
    }
  }
  while (sl_is_space(bytes[place])) {
    place++;
  }
  return offset_of(value, place);
}
