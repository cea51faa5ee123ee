/*
 * Threads for work that would hold an event loop for too long: a few million pairs to evaluate, or
 * as many numbers to format. Tasks are done in the order in which they come.
 *
 *     worker ── sl_compute_submit ─► queue ─► compute thread ── run, done ─► worker
 *
 * The operating system shares the processor between these threads and the event loops, so that a
 * long task delays only its own answer and other long tasks.
 */
#ifndef SPIKELOSS_HTTP_COMPUTE_H
#define SPIKELOSS_HTTP_COMPUTE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_task {
  struct sl_task *next;
  void (*run)(struct sl_task *task);  /* on a compute thread; NULL after that */
  void (*done)(struct sl_task *task); /* there too, after run; the task is the callee's again */
  void *owner;                        /* for `done` */
};

struct sl_compute {
  pthread_mutex_t mutex; /* of the queue and `stop` */
  pthread_cond_t wake;
  struct sl_task *first, **last;
  bool stop;
  atomic_bool cancelled;
  size_t count;
  pthread_t *threads;
};

/* Starts the threads. False when there is no memory or no thread. */
bool sl_compute_start(struct sl_compute *compute, size_t threads);

/* Any thread may call this. The task stays the caller's memory, and is not touched by others until
 * `done` is called. */
void sl_compute_submit(struct sl_compute *compute, struct sl_task *task);

/* From now on tasks are done without being run: nothing waits for them any more. */
void sl_compute_cancel(struct sl_compute *compute);

/* Does what is queued, then ends the threads. Tolerates all zeros. */
void sl_compute_stop(struct sl_compute *compute);

#endif
