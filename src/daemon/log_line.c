#include "daemon/log_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The longest text, in bytes of the line. */
enum { TEXT_SIZE = 512 };

/* What the end of a line needs. */
enum { END_SIZE = 2 };

static void append(struct sl_log_line *line, const char *bytes, size_t length) {
  memcpy(line->bytes + line->length, bytes, length);
  line->length += length;
}

static bool fits(const struct sl_log_line *line, size_t length) {
  return line->length + length + END_SIZE <= sizeof line->bytes;
}

/* Appends a name and a value that is written as it is. */
static void append_field(struct sl_log_line *line, const char *name, const char *value,
                         size_t length) {
  bool json = line->format == SL_LOG_JSON;
  const char *separator = json ? "," : " ";
  size_t name_length = strlen(name);
  bool first = line->length == (json ? 1 : 0);
  if (!fits(line, name_length + length + 4)) {
    return;
  }
  append(line, separator, first ? 0 : 1);
  append(line, "\"", json ? 1 : 0);
  append(line, name, name_length);
  append(line, json ? "\":" : "=", json ? 2 : 1);
  append(line, value, length);
}

void sl_log_line_begin(struct sl_log_line *line, enum sl_log_format format) {
  line->format = format;
  line->length = 0;
  append(line, "{", format == SL_LOG_JSON ? 1 : 0);
}

static bool is_word(const char *text) {
  static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789._-+:/{}";
  return text[0] != '\0' && text[strspn(text, characters)] == '\0' && strlen(text) < TEXT_SIZE;
}

/* Writes one byte of a quoted text; returns how many bytes that took, at most 6. */
static size_t escape(char *escaped, unsigned char byte) {
  if (byte == '"' || byte == '\\') {
    escaped[0] = '\\';
    escaped[1] = (char)byte;
    return 2;
  }
  if (byte >= 0x20 && byte < 0x7f) {
    escaped[0] = (char)byte;
    return 1;
  }
  static const char digits[] = "0123456789abcdef";
  memcpy(escaped, "\\u00", 4);
  escaped[4] = digits[byte >> 4];
  escaped[5] = digits[byte & 15];
  return 6;
}

void sl_log_line_text(struct sl_log_line *line, const char *name, const char *text) {
  if (line->format == SL_LOG_LOGFMT && is_word(text)) {
    append_field(line, name, text, strlen(text));
    return;
  }
  char quoted[TEXT_SIZE];
  size_t length = 0;
  quoted[length++] = '"';
  for (; *text != '\0' && length + 7 <= sizeof quoted; text++) {
    length += escape(quoted + length, (unsigned char)*text);
  }
  quoted[length++] = '"';
  append_field(line, name, quoted, length);
}

void sl_log_line_number(struct sl_log_line *line, const char *name, uint64_t number) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%ju", (uintmax_t)number);
  append_field(line, name, digits, (size_t)length);
}

void sl_log_line_seconds(struct sl_log_line *line, const char *name, uint64_t nanoseconds) {
  const uint64_t microseconds = nanoseconds / 1000;
  char digits[32];
  int length = snprintf(digits, sizeof digits, "%ju.%06ju", (uintmax_t)(microseconds / 1000000),
                        (uintmax_t)(microseconds % 1000000));
  append_field(line, name, digits, (size_t)length);
}

void sl_log_line_end(struct sl_log_line *line) {
  append(line, "}\n", line->format == SL_LOG_JSON ? 2 : 0);
  append(line, "\n", line->format == SL_LOG_JSON ? 0 : 1);
}
