#include "http/reaper.h"

#include "http/metrics.h"
#include <errno.h>
#include <stdio.h>
#include <time.h>

/* Milliseconds between two looks, and how long a connection must have been quiet before anything
 * is concluded from that: what has come is surely with its worker then. */
enum { INTERVAL = 100, QUIET = 200 };

/* What one round has ended. */
struct harvest {
  unsigned ended[SL_ENDING_COUNT];
  unsigned total;
};

static uint64_t monotonic_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* The deadline that has passed, or SL_ENDING_ANSWERED. */
static enum sl_ending passed_deadline(const struct sl_deadlines *deadlines, enum sl_stage stage,
                                      uint64_t waited, uint64_t still) {
  switch (stage) {
  case SL_STAGE_OPENED:
  case SL_STAGE_HEAD:
    return waited > deadlines->header_seconds * 1000 ? SL_ENDING_HEADER_DEADLINE
                                                     : SL_ENDING_ANSWERED;
  case SL_STAGE_WAITING:
    break;
  case SL_STAGE_BODY:
  case SL_STAGE_ANSWER:
    if (waited > deadlines->request_seconds * 1000) {
      return SL_ENDING_REQUEST_DEADLINE;
    }
    break;
  }
  return still > deadlines->idle_seconds * 1000 ? SL_ENDING_IDLE_DEADLINE : SL_ENDING_ANSWERED;
}

/* The bytes that wait in the socket's buffer: 1 for some, 0 for the client's end, -1 for none. */
static ssize_t peek(int wire) {
  char byte;
  ssize_t got = recv(wire, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && errno != EAGAIN && errno != EWOULDBLOCK ? 0 : got;
}

/* What is left of an answer is thrown away with the connection: the kernel would keep it, a few
 * megabytes, for as long as the client goes on reading nothing. */
static void end(struct sl_connection *connection, enum sl_stage stage, enum sl_ending ending) {
  atomic_store_explicit(&connection->ended, (int)ending, memory_order_relaxed);
  if (stage == SL_STAGE_ANSWER) {
    const struct linger at_once = {.l_onoff = 1};
    setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  shutdown(connection->socket, SHUT_RDWR);
}

/* Requests are counted when they are over; where there was none yet, this is the place. */
static void end_late(struct sl_reaper *reaper, struct sl_connection *connection,
                     enum sl_stage stage, enum sl_ending ending, struct harvest *harvest) {
  end(connection, stage, ending);
  if (stage < SL_STAGE_BODY) {
    sl_metrics_count_deadline(reaper->metrics, ending);
  }
  harvest->ended[ending]++;
  harvest->total++;
}

/* A quiet connection: has the client gone, does the server want it to go? */
static void look_at_quiet(struct sl_connection *connection, enum sl_stage stage, bool closing) {
  ssize_t waiting = peek(connection->socket);
  if (waiting == 0 && !connection->told_of_end) {
    connection->told_of_end = true;
    shutdown(connection->socket, SHUT_RD); /* makes libmicrohttpd read the end that is there */
  } else if (waiting < 0 && closing && stage <= SL_STAGE_WAITING) {
    end(connection, stage, SL_ENDING_STOPPED);
  }
}

static void look_at(struct sl_reaper *reaper, struct sl_connection *connection, uint64_t now,
                    struct harvest *harvest) {
  enum sl_stage stage =
      (enum sl_stage)atomic_load_explicit(&connection->stage, memory_order_acquire);
  uint64_t waited = now - atomic_load_explicit(&connection->since, memory_order_relaxed);
  uint64_t still = now - atomic_load_explicit(&connection->moved, memory_order_relaxed);
  if (atomic_load_explicit(&connection->ended, memory_order_relaxed) != SL_ENDING_ANSWERED) {
    return; /* its worker is about to close it */
  }
  enum sl_ending ending = passed_deadline(&reaper->deadlines, stage, waited, still);
  if (ending != SL_ENDING_ANSWERED) {
    end_late(reaper, connection, stage, ending, harvest);
  } else if (still >= QUIET) {
    look_at_quiet(connection, stage, atomic_load_explicit(&reaper->closing, memory_order_relaxed));
  }
}

/* Holding it keeps its worker from closing the socket meanwhile. */
static void visit(struct sl_reaper *reaper, struct sl_connection *connection, uint64_t now,
                  struct harvest *harvest) {
  int open = SL_USE_OPEN;
  if (atomic_load_explicit(&connection->use, memory_order_relaxed) == SL_USE_OPEN &&
      atomic_compare_exchange_strong_explicit(&connection->use, &open, SL_USE_HELD,
                                              memory_order_acquire, memory_order_relaxed)) {
    look_at(reaper, connection, now, harvest);
    atomic_store_explicit(&connection->use, SL_USE_OPEN, memory_order_release);
  }
}

/* One line for a whole round, however many there were: hostile clients shall not fill the log. */
static void report(const struct sl_reaper *reaper, const struct harvest *harvest) {
  if (reaper->tell == NULL || harvest->total == 0) {
    return;
  }
  char sentence[256];
  snprintf(sentence, sizeof sentence,
           "connections ended for a deadline: idle_seconds %u, header_seconds %u, "
           "request_seconds %u",
           harvest->ended[SL_ENDING_IDLE_DEADLINE], harvest->ended[SL_ENDING_HEADER_DEADLINE],
           harvest->ended[SL_ENDING_REQUEST_DEADLINE]);
  reaper->tell(reaper->closure, sentence);
}

static void look_at_all(struct sl_reaper *reaper, uint64_t now) {
  struct harvest harvest = {0};
  struct sl_connections *connections = reaper->connections;
  atomic_store_explicit(&connections->now, now, memory_order_relaxed);
  for (size_t i = 0; i < connections->count; i++) {
    visit(reaper, &connections->places[i], now, &harvest);
  }
  report(reaper, &harvest);
}

/* False when the reaper is to stop. */
static bool wait_for_next(struct sl_reaper *reaper) {
  struct timespec next;
  clock_gettime(CLOCK_MONOTONIC, &next);
  next.tv_nsec += INTERVAL * 1000000L;
  if (next.tv_nsec >= 1000000000L) {
    next.tv_nsec -= 1000000000L;
    next.tv_sec++;
  }
  pthread_mutex_lock(&reaper->mutex);
  while (!reaper->stop &&
         pthread_cond_timedwait(&reaper->wake, &reaper->mutex, &next) != ETIMEDOUT) {
  }
  bool stop = reaper->stop;
  pthread_mutex_unlock(&reaper->mutex);
  return !stop;
}

static void *run(void *closure) {
  struct sl_reaper *reaper = closure;
  do {
    look_at_all(reaper, monotonic_milliseconds());
  } while (wait_for_next(reaper));
  return NULL;
}

bool sl_reaper_start(struct sl_reaper *reaper) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&reaper->wake, &attributes);
  pthread_condattr_destroy(&attributes);
  pthread_mutex_init(&reaper->mutex, NULL);
  atomic_store_explicit(&reaper->connections->now, monotonic_milliseconds(), memory_order_relaxed);
  reaper->runs = pthread_create(&reaper->thread, NULL, run, reaper) == 0;
  return reaper->runs;
}

void sl_reaper_stop(struct sl_reaper *reaper) {
  if (!reaper->runs) {
    return;
  }
  pthread_mutex_lock(&reaper->mutex);
  reaper->stop = true;
  pthread_cond_signal(&reaper->wake);
  pthread_mutex_unlock(&reaper->mutex);
  pthread_join(reaper->thread, NULL);
  pthread_cond_destroy(&reaper->wake);
  pthread_mutex_destroy(&reaper->mutex);
  reaper->runs = false;
}
