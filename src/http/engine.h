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

/*
 * Serves the listening socket, which stays the caller's, with `closure` for all callbacks.
 * `on_connection` may be NULL, unless the connections are `encrypted`: then it must equip them.
 * NULL when there is no memory or no thread.
 */
struct MHD_Daemon *sl_engine_start(const struct sl_server_options *options, int listening_socket,
                                   bool encrypted, MHD_AccessHandlerCallback on_request,
                                   MHD_RequestCompletedCallback on_completed,
                                   MHD_NotifyConnectionCallback on_connection, void *closure);

#endif
