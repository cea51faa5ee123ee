#include "daemon/log.h"

#include "daemon/log_queue.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MESSAGE_SIZE = 512 };

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
