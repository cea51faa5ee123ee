#include "daemon/log_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
  pthread_cond_t ended;
  pthread_t thread;
  bool running;
  bool stopping;
  bool has_ended;
  size_t first; /* offset of the oldest byte */
  size_t used;
  char bytes[QUEUE_BYTES]; /* a ring */
  atomic_uint_fast64_t failures;
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

/* Copies `length` bytes out of the ring, from its oldest on. */
static void copy_oldest(char *bytes, size_t length) {
  size_t until_end = QUEUE_BYTES - queue.first;
  size_t head = length < until_end ? length : until_end;
  memcpy(bytes, queue.bytes + queue.first, head);
  memcpy(bytes + head, queue.bytes, length - head);
}

static void remove_oldest(size_t length) {
  queue.used -= length;
  /* An empty queue begins at the front again, so that a quiet log touches few pages. */
  queue.first = queue.used == 0 ? 0 : (queue.first + length) % QUEUE_BYTES;
}

/* Takes as many whole lines as fit, at least one: no line is longer than a batch. Returns the
 * length, 0 once nothing is left and nothing will come. */
static size_t take_batch(char *batch) {
  pthread_mutex_lock(&queue.mutex);
  while (queue.used == 0 && !queue.stopping) {
    pthread_cond_wait(&queue.added, &queue.mutex);
  }
  size_t length = queue.used < BATCH_BYTES ? queue.used : BATCH_BYTES;
  copy_oldest(batch, length);
  while (length > 0 && batch[length - 1] != '\n') {
    length--;
  }
  remove_oldest(length);
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
      atomic_fetch_add(&queue.failures, count_lines(batch, length));
    }
  }
  pthread_mutex_lock(&queue.mutex);
  queue.has_ended = true;
  pthread_cond_signal(&queue.ended);
  pthread_mutex_unlock(&queue.mutex);
  return NULL;
}

/* A deadline must not move when somebody sets the clock. */
static bool init_ended(void) {
  pthread_condattr_t attributes;
  if (pthread_condattr_init(&attributes) != 0) {
    return false;
  }
  bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
            pthread_cond_init(&queue.ended, &attributes) == 0;
  pthread_condattr_destroy(&attributes);
  return ok;
}

bool sl_log_queue_start(void) {
  queue.running = init_ended() && pthread_create(&queue.thread, NULL, write_batches, NULL) == 0;
  return queue.running;
}

bool sl_log_queue_add(const char *line, size_t length) {
  if (!queue.running) {
    return write_all(line, length);
  }
  pthread_mutex_lock(&queue.mutex);
  bool fits = length <= QUEUE_BYTES - queue.used;
  if (fits) {
    size_t end = (queue.first + queue.used) % QUEUE_BYTES;
    size_t until_end = QUEUE_BYTES - end;
    size_t head = length < until_end ? length : until_end;
    memcpy(queue.bytes + end, line, head);
    memcpy(queue.bytes, line + head, length - head);
    queue.used += length;
    pthread_cond_signal(&queue.added);
  }
  pthread_mutex_unlock(&queue.mutex);
  return fits;
}

uint64_t sl_log_queue_take_failures(void) {
  return atomic_exchange(&queue.failures, 0);
}

static bool wait_for_end(void) {
  struct timespec deadline;
  clock_gettime(CLOCK_MONOTONIC, &deadline);
  deadline.tv_nsec += STOP_MILLISECONDS * 1000000L;
  deadline.tv_sec += deadline.tv_nsec / 1000000000L;
  deadline.tv_nsec %= 1000000000L;
  while (!queue.has_ended &&
         pthread_cond_timedwait(&queue.ended, &queue.mutex, &deadline) != ETIMEDOUT) {
  }
  return queue.has_ended;
}

void sl_log_queue_stop(void) {
  if (!queue.running) {
    return;
  }
  pthread_mutex_lock(&queue.mutex);
  queue.stopping = true;
  pthread_cond_signal(&queue.added);
  bool ended = wait_for_end();
  pthread_mutex_unlock(&queue.mutex);
  if (ended) {
    pthread_join(queue.thread, NULL);
  } else {
    pthread_detach(queue.thread);
  }
}
