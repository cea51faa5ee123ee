/*
 * The thread that takes in the clients of one listening socket and hands each to somebody.
 *
 * libmicrohttpd's threads can accept for themselves, but up to 1.0 they cannot stop doing so while
 * they work: MHD_quiesce_daemon and the thread may both take the socket out of the same epoll set,
 * and the library ends the process for whoever comes second. So it never sees the socket.
 */
#ifndef SPIKELOSS_HTTP_ACCEPTOR_H
#define SPIKELOSS_HTTP_ACCEPTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Called by the acceptor's thread, and by the one that stops it. The client's socket, which does
 * not block, is the callee's. */
typedef void sl_take_function(void *closure, int client, const struct sockaddr *address,
                              socklen_t length);

struct sl_acceptor {
  int listening_socket; /* not owned; does not block */
  sl_take_function *take;
  void *closure;
  int order; /* an eventfd: something to read is the order to stop */
  pthread_t thread;
  bool runs;
};

/* Begins to accept; the first three members are set, the others zeros. False if there is no
 * thread. */
bool sl_acceptor_start(struct sl_acceptor *acceptor);

/* Takes in those who have connected by now, and nobody after that. The socket is best shut down at
 * once: until then more may connect. Tolerates all zeros. */
void sl_acceptor_stop(struct sl_acceptor *acceptor);

#endif
