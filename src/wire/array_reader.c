#include "wire/array_reader.h"

#include <math.h>

void sl_array_reader_begin(struct sl_array_reader *reader) {
  reader->place = SL_EXPECT_VALUE;
  reader->number_announced = false;
}

static enum sl_array_event not_json(const struct sl_text *text, struct sl_error *error,
                                    const char *expected) {
  sl_text_not_json(text, error, expected);
  return SL_ARRAY_FAILED;
}

/* Python's json writes NaN, Infinity and -Infinity, which JSON does not have. They are told apart
 * from plain nonsense, as who sends them has a number that went wrong. */
static enum sl_array_event begin_word(struct sl_array_reader *reader, const struct sl_text *text) {
  reader->word = *text->at == 'N' ? "NaN" : "Infinity";
  reader->word_error = sl_text_offset(text);
  reader->place = SL_IN_WORD;
  return SL_ARRAY_NEED_MORE;
}

static enum sl_array_event read_word(struct sl_array_reader *reader, struct sl_text *text,
                                     struct sl_error *error) {
  for (; *reader->word != '\0' && text->at < text->end; text->at++, reader->word++) {
    if (*text->at != *reader->word) {
      sl_fail_at(error, SL_NOT_JSON, "", reader->word_error, "expected a number");
      return SL_ARRAY_FAILED;
    }
  }
  return *reader->word == '\0' ? SL_ARRAY_NOT_FINITE : SL_ARRAY_NEED_MORE;
}

static enum sl_array_event end_number(struct sl_array_reader *reader) {
  reader->value = sl_json_number_value(&reader->number);
  reader->place = SL_AFTER_VALUE;
  return isfinite(reader->value) ? SL_ARRAY_NUMBER : SL_ARRAY_NOT_FINITE;
}

static enum sl_array_event read_number(struct sl_array_reader *reader, struct sl_text *text,
                                       struct sl_error *error) {
  for (; text->at < text->end; text->at++) {
    enum sl_number_event event = sl_json_number_byte(&reader->number, *text->at);
    if (event == SL_NUMBER_END) {
      return end_number(reader);
    }
    if (event == SL_NUMBER_BAD) {
      if (reader->number.state == SL_NUMBER_MINUS && *text->at == 'I') {
        begin_word(reader, text);
        return read_word(reader, text, error);
      }
      return not_json(text, error, "a digit");
    }
  }
  return SL_ARRAY_NEED_MORE;
}

static enum sl_array_event begin_number(struct sl_array_reader *reader, struct sl_text *text,
                                        struct sl_error *error) {
  if (!reader->number_announced) {
    reader->number_announced = true;
    return SL_ARRAY_NUMBER_BEGINS;
  }
  reader->number_announced = false;
  size_t length = sl_json_number_short(text->at, sl_text_left(text), &reader->value);
  if (length > 0) {
    text->at += length;
    reader->place = SL_AFTER_VALUE;
    return SL_ARRAY_NUMBER;
  }
  reader->place = SL_IN_NUMBER;
  sl_json_number_begin(&reader->number);
  return read_number(reader, text, error);
}

static enum sl_array_event read_value(struct sl_array_reader *reader, struct sl_text *text,
                                      struct sl_error *error) {
  char byte = *text->at;
  reader->token_offset = sl_text_offset(text);
  if (byte == '[') {
    text->at++;
    reader->place = SL_EXPECT_FIRST;
    return SL_ARRAY_OPEN;
  }
  if (byte == ']' && reader->place == SL_EXPECT_FIRST) {
    text->at++;
    reader->place = SL_AFTER_VALUE;
    reader->was_empty = true;
    return SL_ARRAY_CLOSE;
  }
  if (byte == '-' || (byte >= '0' && byte <= '9')) {
    return begin_number(reader, text, error);
  }
  if (byte == 'N' || byte == 'I') {
    begin_word(reader, text);
    return read_word(reader, text, error);
  }
  return sl_begins_value(byte) ? SL_ARRAY_OTHER_VALUE : not_json(text, error, "a number or array");
}

enum sl_array_event sl_array_reader_next(struct sl_array_reader *reader, struct sl_text *text,
                                         struct sl_error *error) {
  if (reader->place == SL_IN_NUMBER) {
    return read_number(reader, text, error);
  }
  if (reader->place == SL_IN_WORD) {
    return read_word(reader, text, error);
  }
  if (!sl_text_skip_space(text)) {
    return SL_ARRAY_NEED_MORE;
  }
  if (reader->place != SL_AFTER_VALUE) {
    return read_value(reader, text, error);
  }
  if (*text->at == ',') {
    text->at++;
    reader->place = SL_EXPECT_VALUE;
    return SL_ARRAY_COMMA;
  }
  if (*text->at == ']') {
    reader->token_offset = sl_text_offset(text);
    text->at++;
    reader->was_empty = false;
    return SL_ARRAY_CLOSE;
  }
  return not_json(text, error, "a comma or `]`");
}

size_t sl_array_reader_short_numbers(const struct sl_array_reader *reader, struct sl_text *text,
                                     double *values, size_t room) {
  if (reader->place == SL_AFTER_VALUE || reader->number_announced) {
    return 0;
  }
  size_t count = 0;
  for (struct sl_text next = *text; count < room && sl_text_skip_space(&next); count++) {
    size_t length = sl_json_number_short(next.at, sl_text_left(&next), &values[count]);
    if (length == 0 || next.at[length] != ',') {
      break;
    }
    next.at += length + 1;
    *text = next;
  }
  return count;
}
