/*
 * libmicrohttpd with the service's settings, in the one place that knows them. The server runs on
 * it, and so does the empty sink that the benchmarks compare the server with.
 */
#ifndef SPIKELOSS_HTTP_ENGINE_H
#define SPIKELOSS_HTTP_ENGINE_H

#include "http/server.h"
#include <microhttpd.h>
#include <sys/socket.h>

/* How many threads serve each listener. */
unsigned sl_engine_threads(const struct sl_server_options *options);

/* Who is called, each with `closure`; NULL for nobody but for on_request. */
struct sl_engine_calls {
  bool encrypted;
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  MHD_NotifyConnectionCallback on_connection;                      /* it was opened, it is closed */
  void *(*on_head)(void *, const char *, struct MHD_Connection *); /* has begun; returns NULL */
  void *closure;
};

/* Threads that serve the clients they are given, each a daemon of libmicrohttpd of its own. */
struct sl_engine;

/*
 * Connections are never closed for taking long: that is for the caller to do. Where they are
 * `encrypted`, on_connection must equip them. NULL when there is no memory or no thread.
 */
struct sl_engine *sl_engine_start(const struct sl_server_options *options,
                                  const struct sl_engine_calls *calls);

/* Gives a client, whose socket does not block, to the thread whose turn it is. False when there is
 * no memory; the client is turned away then. One thread at a time. */
bool sl_engine_add(struct sl_engine *engine, int client, const struct sockaddr *address,
                   socklen_t length);

/* Ends all connections and threads. Tolerates NULL. */
void sl_engine_stop(struct sl_engine *engine);

#endif
