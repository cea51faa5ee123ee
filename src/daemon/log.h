/*
 * Messages for operators: one line an event, to standard error.
 *
 * Any thread may log, while another one changes the level. No thread waits for a reader: lines go
 * through a queue, and those that find it full are dropped and counted. Lines about
 * requests, of which there may be any number, are also bounded by a rate. How many were dropped is
 * said before the next line about a request that goes out in a later second, and at the end.
 */
#ifndef SPIKELOSS_DAEMON_LOG_H
#define SPIKELOSS_DAEMON_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_record;

enum sl_log_format { SL_LOG_LOGFMT, SL_LOG_JSON };

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG };

enum { SL_LOG_LINE_SIZE = 2048 };

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
struct sl_log_line {
  enum sl_log_format format;
  enum sl_log_level level;
  size_t length;
  char bytes[SL_LOG_LINE_SIZE];
};

void sl_log_line_begin(struct sl_log_line *line, enum sl_log_format format);

/* Add a field. Names are plain words. */
void sl_log_line_text(struct sl_log_line *line, const char *name, const char *text);
void sl_log_line_number(struct sl_log_line *line, const char *name, uint64_t number);
void sl_log_line_seconds(struct sl_log_line *line, const char *name, uint64_t nanoseconds);

/* Adds the end of the line. */
void sl_log_line_end(struct sl_log_line *line);

/* Which requests get a line. */
enum sl_access_lines { SL_ACCESS_NONE, SL_ACCESS_FAILURES, SL_ACCESS_ALL };

/* Format and access are set before threads start. */
struct sl_log {
  _Atomic enum sl_log_level level; /* the least important that is written */
  enum sl_log_format format;
  enum sl_access_lines access;
  _Atomic uint64_t window; /* the second that lasts, and how many lines it has admitted */
};

/* Writes a message without fields. */
void sl_log(struct sl_log *log, enum sl_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Returns whether one more line about a request goes out now; else counts it as dropped. */
bool sl_log_admits(struct sl_log *log);

/*
 * Writes a line for a request that is over, if such requests get one. `log` is a struct sl_log.
 * Nothing of a body and no token is ever written: only what is in the record.
 */
void sl_log_request(void *log, const struct sl_record *record);

/* Begin and write a message with fields, which are added in between. */
void sl_log_begin(const struct sl_log *log, struct sl_log_line *line, enum sl_log_level level,
                  const char *message);
void sl_log_write(struct sl_log_line *line);

/* Logs how many lines were dropped since it last did. */
void sl_log_tell_dropped(const struct sl_log *log);

/* Writes a line for people and for scripts that wait for it, whatever the level of the log is; in
 * logfmt as it is. */
void sl_log_announce(enum sl_log_format log_format, enum sl_log_level level, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/*
 * If standard error is the journal of systemd, which JOURNAL_STREAM then names by device and inode,
 * all lines begin with their priority, "<6>" for info: the journal takes it off and stores it, so
 * that `journalctl -p warning` finds what matters. Before the first line.
 */
void sl_log_find_journal(void);

/* Starts the thread that writes, which inherits the signals that the caller has blocked. False if
 * there is none to be had. Before that, lines are written at once. */
bool sl_log_start(void);

/* Gives the thread half a second to write what is left, then leaves it to the end of the process,
 * even where it hangs in a write. Nothing may be logged after this. */
void sl_log_stop(void);

#endif
