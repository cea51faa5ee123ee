/*
 * libmicrohttpd with the service's settings, in the one place that knows them. The server runs on
 * it, and so does the empty sink that the benchmarks compare the server with.
 */
#ifndef SPIKELOSS_HTTP_ENGINE_H
#define SPIKELOSS_HTTP_ENGINE_H

#include "http/server.h"
#include <microhttpd.h>

/* How many threads serve each listener. */
unsigned sl_engine_threads(const struct sl_server_options *options);

/* Who is called, each with `closure`; NULL for nobody but for on_request. */
struct sl_engine {
  bool encrypted;
  MHD_AccessHandlerCallback on_request;
  MHD_RequestCompletedCallback on_completed;
  MHD_AcceptPolicyCallback on_client;                              /* may turn a client away */
  MHD_NotifyConnectionCallback on_connection;                      /* it was opened, it is closed */
  void *(*on_head)(void *, const char *, struct MHD_Connection *); /* has begun; returns NULL */
  void *closure;
};

/*
 * Serves the listening socket, which stays the caller's. Connections are never closed for taking
 * long: that is for the caller to do. Where they are `encrypted`, on_connection must equip them.
 * NULL when there is no memory or no thread.
 */
struct MHD_Daemon *sl_engine_start(const struct sl_server_options *options, int listening_socket,
                                   const struct sl_engine *calls);

#endif
