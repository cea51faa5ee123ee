/*
 * An HTTP server with nothing of spikelossd but its libmicrohttpd options and its listening socket:
 * what the sink and the peers in C++ are built on. libmicrohttpd runs threads of its own, which
 * accept for themselves: nothing that can be built on it is faster.
 */
#ifndef BENCH_BARE_SERVER_H
#define BENCH_BARE_SERVER_H

#include <microhttpd.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a server does. Any thread calls these; one request stays with one thread. */
struct bench_service {
  const char *name;

  /* Returns what the other functions get as `request`; never NULL. */
  void *(*begin)(const char *path);

  /* Takes the next bytes of the body. */
  void (*take)(void *request, const char *bytes, size_t length);

  /* Queues the answer to the whole body. Called once. */
  enum MHD_Result (*answer)(void *request, struct MHD_Connection *connection);

  /* Releases what `begin` returned, after the answer is sent or the connection is lost. */
  void (*end)(void *request);
};

/* Serves until SIGTERM or SIGINT. The arguments are options of spikelossd. */
int bench_serve(const struct bench_service *service, int count, char **arguments);

#ifdef __cplusplus
}
#endif

#endif
