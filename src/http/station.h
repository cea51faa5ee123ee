/*
 * One listener with the threads that serve it, and what they do when libmicrohttpd calls.
 *
 *     clients ──► acceptor ──► in turns to the threads of the engine ──► requests
 */
#ifndef SPIKELOSS_HTTP_STATION_H
#define SPIKELOSS_HTTP_STATION_H

#include "http/acceptor.h"
#include "http/connections.h"
#include "http/listener.h"
#include "http/server.h"
#include "http/service.h"
#include <stdbool.h>

struct sl_engine;
struct sl_tls;

struct sl_station {
  struct sl_listener listener;
  struct sl_service *service;         /* not owned */
  struct sl_connections *connections; /* not owned */
  const struct sl_tls *tls;           /* not owned; NULL on a Unix socket */
  struct sl_engine *engine;           /* NULL until it is started */
  struct sl_acceptor acceptor;
};

/* Serves the listener, which is open. False when there is no memory or no thread. */
bool sl_station_start(struct sl_station *station, const struct sl_server_options *options);

/* New clients are turned away, connections that are open stay, and so do those who have connected
 * but were not yet taken in. */
void sl_station_stop_listening(struct sl_station *station);

/* Ends all connections and threads. Tolerates a station that was never started. */
void sl_station_close(struct sl_station *station);

#endif
