/*
 * A thread that serves: it accepts clients, runs libmicrohttpd for those it has, and ends the
 * connections that should not go on.
 *
 *                       ┌─ listening sockets     accept, hand over to the least busy worker
 *     epoll_wait ───────┼─ endpoints             libmicrohttpd: requests, answers
 *     (one per worker)  ├─ parked handshakes     something to read: back to libmicrohttpd
 *                       ├─ event                 clients handed over, computations that are done
 *                       └─ ten times a second    the reaper
 *
 * libmicrohttpd's own threads wait in its epoll set, and after a full batch of events wait again
 * before they handle it; up to 1.0 they cannot be told to stop accepting either. So it has neither
 * threads nor listening sockets here.
 */
#ifndef SPIKELOSS_HTTP_WORKER_H
#define SPIKELOSS_HTTP_WORKER_H

#include "http/service.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_workers {
  struct sl_service *service; /* not owned */
  size_t count;
  atomic_bool listening;
  atomic_size_t accepting; /* workers that still accept */
  atomic_bool stop;
  struct sl_worker *workers; /* [count] */
};

/* Starts `count` threads that serve the listeners. False when there is no memory or no thread;
 * sl_workers_stop then frees what is there. */
bool sl_workers_start(struct sl_workers *workers);

/* Returns whether every worker has taken its messages since this was last called, and asks it to do
 * so again: a worker that hangs does not. One thread at a time. */
bool sl_workers_respond(struct sl_workers *workers);

/* From now on the workers accept no client. */
void sl_workers_stop_listening(struct sl_workers *workers);

/* After that: has the clients served that have connected to a listener by now. Its socket is best
 * shut down at once, because one that connects in between is turned away. */
void sl_workers_accept_rest(struct sl_workers *workers, size_t listener);

/* Ends all connections and threads. Tolerates workers that were never started. */
void sl_workers_stop(struct sl_workers *workers);

#endif
