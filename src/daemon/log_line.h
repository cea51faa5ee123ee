/*
 * One line of the log, in logfmt or as a JSON object:
 *
 *     time=2025-01-31T12:00:00.250Z level=info message="the server stops" signal=15
 *     {"time":"2025-01-31T12:00:00.250Z","level":"info","message":"the server stops","signal":15}
 *
 * Whatever a text holds, the line stays one line of its format: all that is not printable ASCII is
 * written as \u00XX, byte by byte. A line has a fixed size, which a pipe takes in one piece; a text
 * that is too long is cut, a field that does not fit is left out.
 */
#ifndef SPIKELOSS_DAEMON_LOG_LINE_H
#define SPIKELOSS_DAEMON_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

enum sl_log_format { SL_LOG_LOGFMT, SL_LOG_JSON };

enum { SL_LOG_LINE_SIZE = 2048 };

struct sl_log_line {
  enum sl_log_format format;
  size_t length;
  char bytes[SL_LOG_LINE_SIZE];
};

void sl_log_line_begin(struct sl_log_line *line, enum sl_log_format format);

/* Names are plain words. */
void sl_log_line_text(struct sl_log_line *line, const char *name, const char *text);
void sl_log_line_number(struct sl_log_line *line, const char *name, uint64_t number);
void sl_log_line_seconds(struct sl_log_line *line, const char *name, uint64_t nanoseconds);

/* The line break. */
void sl_log_line_end(struct sl_log_line *line);

#endif
