#include "daemon/log.h"

#include "daemon/log_queue.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_SIZE = 512 };

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

static void begin(struct sl_log_line *line, enum sl_log_format format, enum sl_log_level level,
                  const char *message) {
  static const char *const level_names[] = {
      [SL_LOG_ERROR] = "error",
      [SL_LOG_WARNING] = "warning",
      [SL_LOG_INFO] = "info",
      [SL_LOG_DEBUG] = "debug",
  };
  struct timespec now;
  struct tm calendar;
  char seconds[32];
  char text[48];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &calendar);
  strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &calendar);
  snprintf(text, sizeof text, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
  sl_log_line_begin(line, format);
  sl_log_line_text(line, "time", text);
  sl_log_line_text(line, "level", level_names[level]);
  sl_log_line_text(line, "message", message);
}

static void count_dropped(struct sl_log *log, uint64_t lines) {
  atomic_fetch_add_explicit(&log->dropped, lines, memory_order_relaxed);
}

void sl_log_begin(const struct sl_log *log, struct sl_log_line *line, enum sl_log_level level,
                  const char *message) {
  begin(line, log->format, level, message);
}

void sl_log_write(struct sl_log *log, struct sl_log_line *line) {
  sl_log_line_end(line);
  if (!sl_log_queue_add(line->bytes, line->length)) {
    count_dropped(log, 1);
  }
}

void sl_log_tell_dropped(struct sl_log *log) {
  uint64_t dropped = atomic_exchange_explicit(&log->dropped, 0, memory_order_relaxed) +
                     sl_log_queue_take_failures();
  if (dropped == 0) {
    return;
  }
  struct sl_log_line line;
  sl_log_begin(log, &line, SL_LOG_WARNING, "lines were dropped");
  sl_log_line_number(&line, "dropped", dropped);
  sl_log_line_end(&line);
  if (!sl_log_queue_add(line.bytes, line.length)) {
    count_dropped(log, dropped);
  }
}

void sl_log(struct sl_log *log, enum sl_log_level level, const char *format, ...) {
  if (level > log->level) {
    return;
  }
  char message[MESSAGE_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  struct sl_log_line line;
  sl_log_begin(log, &line, level, message);
  sl_log_write(log, &line);
}

/* The second stands in the upper half of the window, the lines in the lower. */
bool sl_log_admits(struct sl_log *log) {
  if (log->rate == 0) {
    sl_log_tell_dropped(log);
    return true;
  }
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const uint64_t second = (uint64_t)now.tv_sec << 32;
  uint64_t window = atomic_load_explicit(&log->window, memory_order_relaxed);
  bool new_second;
  uint64_t next;
  do {
    new_second = second != (window & ~UINT64_C(0xffffffff));
    next = new_second ? second + 1 : window + 1;
    if (!new_second && (window & 0xffffffff) >= log->rate) {
      count_dropped(log, 1);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&log->window, &window, next, memory_order_relaxed,
                                                  memory_order_relaxed));
  if (new_second) {
    sl_log_tell_dropped(log);
  }
  return true;
}

void sl_log_announce(enum sl_log_format log_format, const char *format, ...) {
  char message[MESSAGE_SIZE * 2];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(message, sizeof message - 1, format, arguments);
  va_end(arguments);
  if (length < 0) {
    return;
  }
  if (log_format == SL_LOG_JSON) {
    struct sl_log_line line;
    begin(&line, SL_LOG_JSON, SL_LOG_INFO, message);
    sl_log_line_end(&line);
    sl_log_queue_add(line.bytes, line.length);
  } else {
    strcat(message, "\n");
    sl_log_queue_add(message, strlen(message));
  }
}
