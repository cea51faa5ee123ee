#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

static const char *const level_names[] = {
    [SL_LOG_ERROR] = "error",
    [SL_LOG_WARNING] = "warning",
    [SL_LOG_INFO] = "info",
    [SL_LOG_DEBUG] = "debug",
};

/* One write a line, so that lines of two threads never mix. A log that is gone is no reason to
 * stop serving. */
static void write_line(const char *line) {
  ssize_t written = write(STDERR_FILENO, line, strlen(line));
  (void)written;
}

/* `text` as a quoted logfmt value, cut to what fits. */
static void quote(char *quoted, size_t size, const char *text) {
  size_t length = 0;
  quoted[length++] = '"';
  for (; *text != '\0' && length + 4 < size; text++) {
    if (*text == '"' || *text == '\\') {
      quoted[length++] = '\\';
      quoted[length++] = *text;
    } else if ((unsigned char)*text < 0x20) {
      quoted[length++] = ' ';
    } else {
      quoted[length++] = *text;
    }
  }
  quoted[length++] = '"';
  quoted[length] = '\0';
}

void sl_log(const struct sl_log *log, enum sl_log_level level, const char *format, ...) {
  if (level > log->level) {
    return;
  }
  char message[LINE_MAX_BYTES / 2];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);

  char quoted[LINE_MAX_BYTES - 128];
  quote(quoted, sizeof quoted, message);
  char now[32];
  struct tm calendar;
  time_t seconds = time(NULL);
  gmtime_r(&seconds, &calendar);
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &calendar);
  char line[LINE_MAX_BYTES];
  snprintf(line, sizeof line, "time=%s level=%s message=%s\n", now, level_names[level], quoted);
  write_line(line);
}

void sl_log_announce(const char *format, ...) {
  char line[LINE_MAX_BYTES];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line - 1, format, arguments);
  va_end(arguments);
  if (length >= 0) {
    strcat(line, "\n");
    write_line(line);
  }
}
