/*
 * The thread that ends connections: those that take longer than their deadline, which
 * libmicrohttpd, seeing only gaps, would leave to a client that sends a byte now and then; and
 * while the server stops, those that wait for nothing.
 *
 * It also points out clients that have gone. libmicrohttpd hears of data and of the end behind it
 * at once, reads the data, and may never look for the end; so would keep the connection.
 */
#ifndef SPIKELOSS_HTTP_REAPER_H
#define SPIKELOSS_HTTP_REAPER_H

#include "http/connections.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sl_metrics;

struct sl_deadlines {
  uint64_t idle_seconds;    /* nothing moves: between requests, or in one */
  uint64_t header_seconds;  /* from the opening or the request line to the end of the headers */
  uint64_t request_seconds; /* from the request line to the last byte of the answer */
};

struct sl_reaper {
  struct sl_connections *connections; /* not owned */
  struct sl_metrics *metrics;         /* not owned */
  struct sl_deadlines deadlines;
  void (*tell)(void *closure, const char *sentence); /* NULL for nobody */
  void *closure;
  atomic_bool closing; /* end connections that wait for a request */

  bool runs;
  pthread_t thread;
  pthread_mutex_t mutex; /* of `stop` */
  pthread_cond_t wake;
  bool stop;
};

/* The members above the empty line are set. False if there is no thread. */
bool sl_reaper_start(struct sl_reaper *reaper);

/* Tolerates one that was never started (all zeros). */
void sl_reaper_stop(struct sl_reaper *reaper);

#endif
