/*
 * One listener as one worker serves it: a daemon of libmicrohttpd without threads, and the
 * functions that it calls. And the event loop of that worker: what it waits for, its clock, and its
 * connections. Both belong to the worker's thread; others only wake it, and compute threads give
 * tasks back:
 *
 *     request ── submit ─► compute thread ── wake ─► sl_loop_take_finished
 *
 * The clock counts milliseconds in which the worker waited for clients, or did no more than is
 * usual between two waits. While a worker is held up (by the system, or because it was stopped),
 * the clock stops, so that no deadline passes for what clients could not help.
 */
#ifndef SPIKELOSS_HTTP_ENDPOINT_H
#define SPIKELOSS_HTTP_ENDPOINT_H

#include "http/connections.h"
#include "http/service.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

struct MHD_Daemon;
struct sl_tls;

struct sl_loop {
  struct sl_service *service;          /* not owned */
  uint64_t now;                        /* the clock */
  int64_t clock_reading;               /* when `now` was last moved on */
  struct sl_connection *first, **last; /* the oldest first */
  size_t computing;                    /* requests that are on compute threads */
  struct sl_request *spare;            /* memory of the last request, for the next, or NULL */
  int epoll;
  int event; /* an eventfd: other threads have something for the loop */

  atomic_size_t load;    /* connections that it has or will have */
  pthread_mutex_t mutex; /* of `finished` and of what its worker is handed */
  struct sl_task *finished;
};

/* Waits for events of a file; `what` comes with them. */
static inline bool sl_loop_watch(struct sl_loop *loop, int file, uint32_t events,
                                 const void *what) {
  struct epoll_event event = {.events = events, .data.ptr = (void *)what};
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, file, &event) == 0;
}

static inline void sl_loop_forget(struct sl_loop *loop, int file) {
  epoll_ctl(loop->epoll, EPOLL_CTL_DEL, file, NULL);
}

/* Any thread may call this. */
static inline void sl_loop_wake(struct sl_loop *loop) {
  eventfd_write(loop->event, 1);
}

/* Resumes the connections of tasks that are done, of which sl_loop_wake told. */
void sl_loop_take_finished(struct sl_loop *loop, struct sl_task *task);

/* Gives a connection back to libmicrohttpd that waited for something to read. */
void sl_loop_unpark(struct sl_loop *loop, struct sl_connection *connection);

struct sl_endpoint {
  struct sl_loop *loop;     /* not owned */
  const char *address;      /* of the listener; not owned */
  const struct sl_tls *tls; /* not owned; NULL: plain HTTP */

  struct MHD_Daemon *daemon; /* NULL until it is started */
  int events;                /* its epoll descriptor */
  size_t arriving;           /* added and not yet open */
  struct sl_progress progress;
  struct sl_connection *dry; /* handshakes to be parked */
};

/* The members above the empty line are set. False when there is no memory. */
bool sl_endpoint_start(struct sl_endpoint *endpoint);

/* Serves a client, whose socket does not block, from now on. Closes it where there is no memory. */
void sl_endpoint_add(struct sl_endpoint *endpoint, int client, const struct sockaddr *address,
                     socklen_t length);

/* Does what is to be done now, without waiting. Leaves `progress.ready` true if there is more. */
void sl_endpoint_run(struct sl_endpoint *endpoint);

/* Ends all connections; none may be suspended. Tolerates one that was never started. */
void sl_endpoint_stop(struct sl_endpoint *endpoint);

#endif
