/*
 * One listener as one worker serves it: a daemon of libmicrohttpd without threads, and the
 * functions that it calls. It belongs to the thread of its worker.
 */
#ifndef SPIKELOSS_HTTP_ENDPOINT_H
#define SPIKELOSS_HTTP_ENDPOINT_H

#include "http/loop.h"
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct MHD_Daemon;
struct sl_tls;

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
