#include "daemon/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * Lines on their way to standard error. Any thread adds lines and never waits for their reader: a
 * thread of the queue's own writes them. It alone waits while a terminal, a pipe or a disk takes
 * nothing; meanwhile lines pile up to a fixed size, and those that do not fit are dropped.
 * O_NONBLOCK would be no remedy: it belongs to the open file, which other processes share. A
 * process has one standard error, and so one queue.
 */
enum {
  /* A thousand usual lines: ten seconds of them where only failures are written. */
  QUEUE_BYTES = 256 * 1024,
  /* A pipe takes up to this much in one piece (PIPE_BUF of Linux), so that lines of two processes
   * do not mix. */
  BATCH_BYTES = 4096,
  STOP_MILLISECONDS = 500,
};

static struct {
  pthread_mutex_t mutex; /* never held during a write */
  pthread_cond_t added;  /* or stopping */
  int ended;             /* an eventfd, readable once the thread is done */
  pthread_t thread;
  bool running;
  bool stopping;
  bool journal; /* reads the lines */
  size_t used;
  char bytes[QUEUE_BYTES];      /* the oldest first */
  atomic_uint_fast64_t dropped; /* lines that did not fit or could not be written */
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .added = PTHREAD_COND_INITIALIZER};

/* Writes everything, however often it is interrupted. False where standard error takes no more: a
 * log that is gone is no reason to stop serving. */
static bool write_all(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDERR_FILENO, bytes, length);
    if (written > 0) {
      bytes += written;
      length -= (size_t)written;
    } else if (written == 0 || errno == EAGAIN) {
      struct pollfd output = {.fd = STDERR_FILENO, .events = POLLOUT};
      poll(&output, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

/* Takes as many whole lines as fit, at least one: no line is longer than a batch. Returns the
 * length, 0 once nothing is left and nothing will come. */
static size_t take_batch(char *batch) {
  pthread_mutex_lock(&queue.mutex);
  while (queue.used == 0 && !queue.stopping) {
    pthread_cond_wait(&queue.added, &queue.mutex);
  }
  size_t length = queue.used < BATCH_BYTES ? queue.used : BATCH_BYTES;
  while (length > 0 && queue.bytes[length - 1] != '\n') {
    length--;
  }
  memcpy(batch, queue.bytes, length);
  queue.used -= length;
  memmove(queue.bytes, queue.bytes + length, queue.used); /* nothing, unless lines have piled up */
  pthread_mutex_unlock(&queue.mutex);
  return length;
}

static uint64_t count_lines(const char *bytes, size_t length) {
  uint64_t lines = 0;
  for (size_t i = 0; i < length; i++) {
    lines += bytes[i] == '\n';
  }
  return lines;
}

static void *write_batches(void *closure) {
  char batch[BATCH_BYTES];
  (void)closure;
  for (size_t length; (length = take_batch(batch)) > 0;) {
    if (!write_all(batch, length)) {
      atomic_fetch_add(&queue.dropped, count_lines(batch, length));
    }
  }
  eventfd_write(queue.ended, 1);
  return NULL;
}

bool sl_log_start(void) {
  queue.ended = eventfd(0, EFD_CLOEXEC);
  queue.running = queue.ended >= 0 && pthread_create(&queue.thread, NULL, write_batches, NULL) == 0;
  return queue.running;
}

void sl_log_find_journal(void) {
  const char *journal = getenv("JOURNAL_STREAM");
  struct stat output;
  char name[48];
  if (journal != NULL && fstat(STDERR_FILENO, &output) == 0) {
    snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)output.st_dev, (uintmax_t)output.st_ino);
    queue.journal = strcmp(name, journal) == 0;
  }
}

/* Adds one line, its line break included, or counts `lines` as dropped. Lines come out in order,
 * each in one piece. While no thread runs, the line is written at once. */
static void add_line(enum sl_log_level level, const char *line, size_t length, uint64_t lines) {
  static const char priorities[][4] = {"<3>", "<4>", "<6>", "<7>"}; /* of syslog(3) */
  const char *priority = queue.journal ? priorities[level] : "";
  size_t priority_length = strlen(priority);
  bool added;
  if (!queue.running) {
    added = write_all(priority, priority_length) && write_all(line, length);
  } else {
    pthread_mutex_lock(&queue.mutex);
    added = priority_length + length <= QUEUE_BYTES - queue.used;
    if (added) {
      memcpy(queue.bytes + queue.used, priority, priority_length);
      memcpy(queue.bytes + queue.used + priority_length, line, length);
      queue.used += priority_length + length;
      pthread_cond_signal(&queue.added);
    }
    pthread_mutex_unlock(&queue.mutex);
  }
  if (!added) {
    atomic_fetch_add(&queue.dropped, lines);
  }
}

void sl_log_stop(void) {
  pthread_mutex_lock(&queue.mutex);
  queue.stopping = true;
  pthread_cond_signal(&queue.added);
  pthread_mutex_unlock(&queue.mutex);
  struct pollfd ended = {.fd = queue.ended, .events = POLLIN};
  if (poll(&ended, 1, STOP_MILLISECONDS) > 0) {
    pthread_join(queue.thread, NULL);
  } else {
    pthread_detach(queue.thread);
  }
}

enum {
  MESSAGE_SIZE = 512,
  TEXT_SIZE = 512, /* of the longest text, in bytes of the line */
  END_SIZE = 2,    /* of the end of a line */
};

static void append_bytes(struct sl_log_line *line, const char *bytes, size_t length) {
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
  append_bytes(line, separator, first ? 0 : 1);
  append_bytes(line, "\"", json ? 1 : 0);
  append_bytes(line, name, name_length);
  append_bytes(line, json ? "\":" : "=", json ? 2 : 1);
  append_bytes(line, value, length);
}

void sl_log_line_begin(struct sl_log_line *line, enum sl_log_format format) {
  line->format = format;
  line->length = 0;
  append_bytes(line, "{", format == SL_LOG_JSON ? 1 : 0);
}

static bool is_word(const char *text) {
  static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789._-+:/{}";
  return text[0] != '\0' && text[strspn(text, characters)] == '\0' && strlen(text) < TEXT_SIZE;
}

/* Writes one byte of a quoted text, and a NUL; returns how many bytes that took, up to 6. */
static size_t escape(char escaped[7], unsigned char byte) {
  bool printable = byte >= 0x20 && byte < 0x7f;
  if (printable && byte != '"' && byte != '\\') {
    escaped[0] = (char)byte;
    return 1;
  }
  return (size_t)snprintf(escaped, 7, printable ? "\\%c" : "\\u%04x", byte);
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
  bool json = line->format == SL_LOG_JSON;
  append_bytes(line, json ? "}\n" : "\n", json ? 2 : 1);
}

void sl_log_begin(const struct sl_log *log, struct sl_log_line *line, enum sl_log_level level,
                  const char *message) {
  static const char *const level_names[] = {"error", "warning", "info", "debug"};
  struct timespec now;
  struct tm calendar;
  char seconds[32];
  char text[48];
  clock_gettime(CLOCK_REALTIME, &now);
  gmtime_r(&now.tv_sec, &calendar);
  strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &calendar);
  snprintf(text, sizeof text, "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
  sl_log_line_begin(line, log->format);
  line->level = level;
  sl_log_line_text(line, "time", text);
  sl_log_line_text(line, "level", level_names[level]);
  sl_log_line_text(line, "message", message);
}

void sl_log_write(struct sl_log_line *line) {
  sl_log_line_end(line);
  add_line(line->level, line->bytes, line->length, 1);
}

void sl_log_tell_dropped(const struct sl_log *log) {
  uint64_t dropped = atomic_exchange(&queue.dropped, 0);
  if (dropped > 0) {
    struct sl_log_line line;
    sl_log_begin(log, &line, SL_LOG_WARNING, "lines were dropped");
    sl_log_line_number(&line, "dropped", dropped);
    sl_log_line_end(&line);
    add_line(line.level, line.bytes, line.length, dropped);
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
  sl_log_write(&line);
}

/* Of lines about failures, so that a burst of them floods nothing and still shows what it is. Where
 * all requests get a line, none is left out. */
enum { FAILURES_A_SECOND = 100 };

/* The upper half of the window is the second, the lower half counts its lines. */
bool sl_log_admits(struct sl_log *log) {
  if (log->access == SL_ACCESS_ALL) {
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
    if (!new_second && (window & 0xffffffff) >= FAILURES_A_SECOND) {
      atomic_fetch_add(&queue.dropped, 1);
      return false;
    }
  } while (!atomic_compare_exchange_weak_explicit(&log->window, &window, next, memory_order_relaxed,
                                                  memory_order_relaxed));
  if (new_second) {
    sl_log_tell_dropped(log);
  }
  return true;
}

void sl_log_announce(enum sl_log_format log_format, enum sl_log_level level, const char *format,
                     ...) {
  char message[MESSAGE_SIZE * 2];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message - 1, format, arguments);
  va_end(arguments);
  if (log_format == SL_LOG_JSON) {
    const struct sl_log log = {.format = SL_LOG_JSON};
    struct sl_log_line line;
    sl_log_begin(&log, &line, level, message);
    sl_log_write(&line);
  } else {
    strcat(message, "\n");
    add_line(level, message, strlen(message), 1);
  }
}
