/*
 * An event loop: what one worker waits for, its clock, and its connections. It belongs to the
 * worker's thread; others only wake it, and compute threads give tasks back.
 *
 *     connection ── sl_loop_compute ─► compute thread ── wake ─► sl_loop_take_finished
 *
 * The clock counts milliseconds in which the worker waited for clients, or did no more than is
 * usual between two waits. While a worker is held up (by the system, or because it was stopped),
 * the clock stops, so that no deadline passes for what clients could not help.
 */
#ifndef SPIKELOSS_HTTP_LOOP_H
#define SPIKELOSS_HTTP_LOOP_H

#include "http/connections.h"
#include "http/service.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_loop {
  struct sl_service *service; /* not owned */

  uint64_t now;                        /* the clock */
  int64_t clock_reading;               /* when `now` was last moved on */
  struct sl_connection *first, **last; /* the oldest first */
  size_t computing;                    /* requests that are on compute threads */
  int epoll;
  int event; /* an eventfd: other threads have something for the loop */

  atomic_size_t load;    /* connections that it has or will have */
  pthread_mutex_t mutex; /* of `finished` and of what its worker is handed */
  struct sl_task *finished;
};

/* The members above the empty line are set. False if the system has no descriptors left;
 * sl_loop_close then frees what is there. */
bool sl_loop_open(struct sl_loop *loop);
void sl_loop_close(struct sl_loop *loop);

/* Moves the clock on by what has passed, but not by more than `usual`. */
void sl_loop_advance_clock(struct sl_loop *loop, int usual);

/* Waits for events of a file; `what` comes with them. */
bool sl_loop_watch(struct sl_loop *loop, int file, uint32_t events, const void *what);
void sl_loop_forget(struct sl_loop *loop, int file);

/* Any thread may call this. */
void sl_loop_wake(struct sl_loop *loop);

void sl_loop_add(struct sl_loop *loop, struct sl_connection *connection);
void sl_loop_remove(struct sl_loop *loop, struct sl_connection *connection);

/* A client that was to be served is not. */
void sl_loop_lose(struct sl_loop *loop);

/* Takes a connection away from libmicrohttpd until its socket is readable, and gives it back. */
void sl_loop_park(struct sl_loop *loop, struct sl_connection *connection);
void sl_loop_unpark(struct sl_loop *loop, struct sl_connection *connection);

/* Suspends the connection and has the task done on a compute thread; then libmicrohttpd calls for
 * the request again. */
void sl_loop_compute(struct sl_connection *connection, struct sl_task *task);

/* For each call of libmicrohttpd for a request that has begun. */
void sl_loop_continue(struct sl_connection *connection);

/* Resumes the connections of tasks that are done, which `sl_loop_wake` told of. */
void sl_loop_take_finished(struct sl_loop *loop, struct sl_task *task);

#endif
