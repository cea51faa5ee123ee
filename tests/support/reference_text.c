#include "reference_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sl_must_allocate(size_t count, size_t size) {
  void *memory = calloc(count == 0 ? 1 : count, size);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

void *sl_must_reallocate(void *memory, size_t count, size_t size) {
  void *moved = reallocarray(memory, count == 0 ? 1 : count, size);
  if (moved == NULL) {
    abort();
  }
  return moved;
}

bool sl_reader_fail(struct sl_reader *reader, enum sl_status code, const char *pointer,
                    size_t offset) {
  struct sl_error *error = reader->error;
  if (error->code == SL_OK) {
    error->code = code;
    error->offset = offset;
    size_t length = strlen(pointer);
    if (length < sizeof error->pointer) {
      memcpy(error->pointer, pointer, length + 1);
    }
  }
  return false;
}

bool sl_reader_not_json(struct sl_reader *reader) {
  return sl_reader_fail(reader, SL_NOT_JSON, "", reader->at);
}

int sl_reader_peek(const struct sl_reader *reader) {
  return reader->at < reader->length ? (unsigned char)reader->text[reader->at] : -1;
}

bool sl_reader_take(struct sl_reader *reader) {
  if (reader->limited && reader->at - reader->member_start >= reader->member_limit) {
    return sl_reader_fail(reader, SL_MEMBER_TOO_LARGE, reader->member_pointer, reader->at);
  }
  reader->at++;
  return true;
}

bool sl_reader_expect(struct sl_reader *reader, char byte) {
  if (sl_reader_peek(reader) != (unsigned char)byte) {
    return sl_reader_not_json(reader);
  }
  return sl_reader_take(reader);
}

static bool is_white(int byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool is_digit(int byte) {
  return byte >= '0' && byte <= '9';
}

bool sl_reader_skip_white(struct sl_reader *reader) {
  while (is_white(sl_reader_peek(reader))) {
    if (!sl_reader_take(reader)) {
      return false;
    }
  }
  return true;
}

bool sl_starts_number(int byte) {
  return byte == '-' || is_digit(byte);
}

bool sl_starts_value(int byte) {
  return byte == '[' || byte == '{' || byte == '"' || sl_starts_number(byte) || byte == 't' ||
         byte == 'f' || byte == 'n';
}

/* One byte within these bounds, or not_json at it. */
static bool byte_between(struct sl_reader *reader, int lowest, int highest) {
  int byte = sl_reader_peek(reader);
  if (byte < lowest || byte > highest) {
    return sl_reader_not_json(reader);
  }
  return sl_reader_take(reader);
}

/* The table of well-formed UTF-8 in RFC 3629, section 4: only the second byte has odd bounds. */
static bool utf8_character(struct sl_reader *reader, uint32_t *code_point) {
  const unsigned char *bytes = (const unsigned char *)reader->text + reader->at;
  unsigned lead = bytes[0];
  int lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  int highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  int following = lead < 0x80 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  if ((lead >= 0x80 && lead < 0xC2) || lead > 0xF4) {
    return sl_reader_not_json(reader);
  }
  *code_point = following == 0 ? lead : lead & (0x3Fu >> following);
  if (!sl_reader_take(reader)) {
    return false;
  }
  for (int i = 1; i <= following; i++) {
    if (!byte_between(reader, i == 1 ? lowest : 0x80, i == 1 ? highest : 0xBF)) {
      return false;
    }
    *code_point = (*code_point << 6) | (bytes[i] & 0x3Fu);
  }
  return true;
}

static int hex_value(int byte) {
  if (is_digit(byte)) {
    return byte - '0';
  }
  if (byte >= 'a' && byte <= 'f') {
    return byte - 'a' + 10;
  }
  return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* A hexadecimal digit of at least that value. */
static bool hex_digit(struct sl_reader *reader, int lowest, int highest, uint32_t *number) {
  int value = hex_value(sl_reader_peek(reader));
  if (value < lowest || value > highest) {
    return sl_reader_not_json(reader);
  }
  *number = (*number << 4) | (uint32_t)value;
  return sl_reader_take(reader);
}

/* Behind `\u`. A high surrogate wants a low one at once, and a low one never comes alone. */
static bool hex_character(struct sl_reader *reader, uint32_t *code_point) {
  uint32_t unit = 0;
  if (!hex_digit(reader, 0, 15, &unit)) {
    return false;
  }
  int highest = 15;
  if (unit == 0xD) {
    highest = 0xB; /* DC00 to DFFF cannot come first */
  }
  if (!hex_digit(reader, 0, highest, &unit) || !hex_digit(reader, 0, 15, &unit) ||
      !hex_digit(reader, 0, 15, &unit)) {
    return false;
  }
  *code_point = unit;
  if (unit < 0xD800 || unit > 0xDBFF) {
    return true;
  }
  uint32_t low = 0;
  if (!sl_reader_expect(reader, '\\') || !sl_reader_expect(reader, 'u') ||
      !hex_digit(reader, 0xD, 0xD, &low) || !hex_digit(reader, 0xC, 0xF, &low) ||
      !hex_digit(reader, 0, 15, &low) || !hex_digit(reader, 0, 15, &low)) {
    return false;
  }
  *code_point = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  return true;
}

bool sl_reader_character(struct sl_reader *reader, uint32_t *code_point) {
  int byte = sl_reader_peek(reader);
  if (byte < 0x20) {
    return sl_reader_not_json(reader);
  }
  if (byte != '\\') {
    return utf8_character(reader, code_point);
  }
  if (!sl_reader_take(reader)) {
    return false;
  }
  static const char letters[] = "\"\\/bfnrtu";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  int letter = sl_reader_peek(reader);
  const char *found = letter > 0 ? strchr(letters, letter) : NULL;
  if (found == NULL) {
    return sl_reader_not_json(reader);
  }
  if (!sl_reader_take(reader)) {
    return false;
  }
  if (letter == 'u') {
    return hex_character(reader, code_point);
  }
  *code_point = (unsigned char)meanings[found - letters];
  return true;
}

static size_t put_utf8(char *bytes, uint32_t code_point) {
  if (code_point < 0x80) {
    bytes[0] = (char)code_point;
    return 1;
  }
  static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
  size_t following = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
  for (size_t i = following; i > 0; i--) {
    bytes[i] = (char)(0x80 | (code_point & 0x3F));
    code_point >>= 6;
  }
  bytes[0] = (char)(leads[following] | code_point);
  return following + 1;
}

bool sl_reader_string(struct sl_reader *reader, char **bytes, size_t *length) {
  /* Unescaping never makes text longer. */
  char *unescaped = sl_must_allocate(reader->length - reader->at + 1, 1);
  size_t count = 0;
  bool good = sl_reader_expect(reader, '"');
  while (good && sl_reader_peek(reader) != '"') {
    uint32_t code_point;
    good = sl_reader_character(reader, &code_point);
    if (good) {
      count += put_utf8(unescaped + count, code_point);
    }
  }
  good = good && sl_reader_take(reader);
  if (bytes == NULL) {
    free(unescaped);
  } else {
    unescaped[count] = '\0';
    *bytes = unescaped;
    *length = count;
  }
  return good;
}

static bool digits(struct sl_reader *reader) {
  if (!is_digit(sl_reader_peek(reader))) {
    return sl_reader_not_json(reader);
  }
  while (is_digit(sl_reader_peek(reader))) {
    if (!sl_reader_take(reader)) {
      return false;
    }
  }
  return true;
}

static bool number_grammar(struct sl_reader *reader) {
  if (sl_reader_peek(reader) == '-' && !sl_reader_take(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == '0') {
    if (!sl_reader_take(reader)) {
      return false;
    }
  } else if (!digits(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == '.' && (!sl_reader_take(reader) || !digits(reader))) {
    return false;
  }
  if (sl_reader_peek(reader) == 'e' || sl_reader_peek(reader) == 'E') {
    if (!sl_reader_take(reader)) {
      return false;
    }
    int sign = sl_reader_peek(reader);
    if ((sign == '+' || sign == '-') && !sl_reader_take(reader)) {
      return false;
    }
    return digits(reader);
  }
  return true;
}

bool sl_reader_number(struct sl_reader *reader, double *value) {
  size_t start = reader->at;
  if (!number_grammar(reader)) {
    return false;
  }
  int next = sl_reader_peek(reader);
  if (next == -1 || is_digit(next)) {
    return sl_reader_not_json(reader); /* the body cannot end here; a digit behind a leading 0 */
  }
  if (value != NULL) {
    char *copy = sl_must_allocate(reader->at - start + 1, 1);
    memcpy(copy, reader->text + start, reader->at - start);
    *value = strtod(copy, NULL);
    free(copy);
  }
  return true;
}

/* The rest of a word, byte by byte: what differs from it spoils the whole word. */
static bool rest_of_word(struct sl_reader *reader, const char *word, size_t start) {
  for (; *word != '\0'; word++) {
    if (sl_reader_peek(reader) == -1) {
      return sl_reader_not_json(reader);
    }
    if (sl_reader_peek(reader) != (unsigned char)*word) {
      return sl_reader_fail(reader, SL_NOT_JSON, "", start);
    }
    if (!sl_reader_take(reader)) {
      return false;
    }
  }
  return true;
}

bool sl_reader_fails_at_word(struct sl_reader *reader, const char *pointer) {
  size_t start = reader->at;
  bool minus = sl_reader_peek(reader) == '-';
  size_t first = minus ? start + 1 : start;
  int letter = first < reader->length ? (unsigned char)reader->text[first] : -1;
  if (letter != 'I' && (minus || letter != 'N')) {
    return false;
  }
  if ((!minus || sl_reader_take(reader)) &&
      rest_of_word(reader, letter == 'I' ? "Infinity" : "NaN", first)) {
    sl_reader_fail(reader, SL_NOT_FINITE, pointer, start);
  }
  return true;
}

static bool literal(struct sl_reader *reader, const char *word) {
  for (; *word != '\0'; word++) {
    if (!sl_reader_expect(reader, *word)) {
      return false;
    }
  }
  return true;
}

/* An array or object and all that is in it. Words in it get the member's pointer, but those that
 * stand directly in the member's own array get one of their own. */
static bool container(struct sl_reader *reader, bool of_member);

static bool any_value(struct sl_reader *reader, const char *pointer, bool of_member) {
  switch (sl_reader_peek(reader)) {
  case '{':
  case '[':
    if (reader->depth >= reader->depth_limit) {
      return sl_reader_fail(reader, SL_TOO_DEEP, reader->member_pointer, reader->at);
    }
    reader->depth++;
    bool good = container(reader, of_member);
    reader->depth--;
    return good;
  case '"':
    return sl_reader_string(reader, NULL, NULL);
  case 't':
    return literal(reader, "true");
  case 'f':
    return literal(reader, "false");
  case 'n':
    return literal(reader, "null");
  default:
    return !sl_reader_fails_at_word(reader, pointer) && sl_reader_number(reader, NULL);
  }
}

static bool container(struct sl_reader *reader, bool of_member) {
  bool object = sl_reader_peek(reader) == '{';
  int closing = object ? '}' : ']';
  if (!sl_reader_take(reader) || !sl_reader_skip_white(reader)) {
    return false;
  }
  if (sl_reader_peek(reader) == closing) {
    return sl_reader_take(reader);
  }
  for (size_t i = 0;; i++) {
    char element[2 * SL_POINTER_ROOM];
    snprintf(element, sizeof element, "%s/%zu", reader->member_pointer, i);
    if (object && (!sl_reader_string(reader, NULL, NULL) || !sl_reader_skip_white(reader) ||
                   !sl_reader_expect(reader, ':') || !sl_reader_skip_white(reader))) {
      return false;
    }
    if (!any_value(reader, of_member && !object ? element : reader->member_pointer, false) ||
        !sl_reader_skip_white(reader)) {
      return false;
    }
    if (sl_reader_peek(reader) == closing) {
      return sl_reader_take(reader);
    }
    if (!sl_reader_expect(reader, ',') || !sl_reader_skip_white(reader)) {
      return false;
    }
  }
}

bool sl_reader_value(struct sl_reader *reader, const char *pointer) {
  return any_value(reader, pointer, true);
}
