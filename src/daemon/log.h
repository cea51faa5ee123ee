/*
 * Messages for those who run the daemon: one line an event, to standard error, in logfmt:
 *
 *     time=2025-01-31T12:00:00Z level=info message="the server stops" signal=SIGTERM
 *
 * Any thread may log, while another one changes the level: a line is written in one piece.
 */
#ifndef SPIKELOSS_DAEMON_LOG_H
#define SPIKELOSS_DAEMON_LOG_H

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARNING, SL_LOG_INFO, SL_LOG_DEBUG };

struct sl_log {
  _Atomic enum sl_log_level level; /* the least important that is written */
};

/* `format` makes the message: quotes and line breaks in it are escaped. */
void sl_log(const struct sl_log *log, enum sl_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A line for people and scripts that wait for it: as it is, on every level. */
void sl_log_announce(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
