/*
 * The HTTP service: listeners, threads, and the one table of routes.
 */
#ifndef SPIKELOSS_HTTP_SERVER_H
#define SPIKELOSS_HTTP_SERVER_H

#include "http/tls.h"
#include "http/unix_file.h"
#include "decode/limits.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_exchange;

/* What is called for each exchange that is over, by the thread of its connection. */
typedef void sl_report_function(void *closure, const struct sl_exchange *exchange);

struct sl_server_options {
  const char *const *listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/run/spikelossd.sock" */
  size_t listen_count;
  int first_socket; /* without `listen`: the first of listen_count sockets that listen already */
  unsigned threads; /* per listener; 0 is one for each core */
  uint64_t idle_seconds;      /* a connection on which nothing moves is closed */
  uint64_t header_seconds;    /* and one whose headers take longer */
  uint64_t request_seconds;   /* and one whose whole request takes longer */
  uint64_t connection_memory; /* bytes of libmicrohttpd's buffer per connection */
  uint64_t header_bytes;      /* of one request */
  uint64_t connections;       /* that are served at once */
  uint64_t connections_per_address;
  uint64_t requests;     /* computed at once */
  uint64_t memory_bytes; /* for all of them, connection_memory included; 0 is no bound */
  uint64_t drain_bytes;  /* of a refused upload are read before the answer */
  uint64_t drain_seconds;
  uint64_t stop_delay_seconds;   /* new clients are still served when the server stops */
  uint64_t stop_seconds;         /* requests in flight get to finish after that */
  const char *token_file;        /* of those who may come in, or NULL: everyone may */
  struct sl_tls_files tls;       /* of TCP listeners; without a certificate they speak plain HTTP */
  const char *cors_origins;      /* of web pages that may call, with commas between them, or NULL */
  struct sl_unix_file unix_file; /* of Unix sockets */
  struct sl_limits limits;       /* what one request may ask for */

  /* Told, from any thread, what those who run the server should know. NULL for nobody. */
  void (*tell)(void *closure, const char *sentence);
  void *tell_closure;

  sl_report_function *report; /* or NULL */
  void *report_closure;
};

struct sl_server;

/* How many threads serve, all listeners together. */
size_t sl_server_threads(const struct sl_server_options *options);

/* Whether the files that the options name are good: what sl_server_start would say of them. */
bool sl_server_check(const struct sl_server_options *options, char *message, size_t message_size);

/*
 * Tells, one sentence each, which options cannot work together although each is good by itself. The
 * server starts nevertheless: what does work with them may be all that is wanted.
 */
void sl_server_tell_conflicts(const struct sl_server_options *options,
                              void (*tell)(void *closure, const char *sentence), void *closure);

/*
 * Binds every address, then serves. On failure returns NULL and writes one sentence to `message`.
 * Port 0 takes a free port; sl_server_address tells which.
 */
struct sl_server *sl_server_start(const struct sl_server_options *options, char *message,
                                  size_t message_size);

/* The bound address of a listener as text that a client can use ("127.0.0.1:45123", "unix:..."). */
const char *sl_server_address(const struct sl_server *server, size_t listener);

/* The address of a listener through which everybody on a network may come in, or NULL. */
const char *sl_server_exposed_address(const struct sl_server *server);

/* Whether a listener speaks TLS. */
bool sl_server_is_encrypted(const struct sl_server *server, size_t listener);

/*
 * Reads tokens and certificates again, without touching a connection. What is good is taken; on
 * failure returns false, with a `message`, and what was not good stays as it was. One thread at a
 * time.
 */
bool sl_server_reload(struct sl_server *server, char *message, size_t message_size);

/* From now on /readyz answers 503. */
void sl_server_drain(struct sl_server *server);

/*
 * Drains; after stop_delay_seconds lets nobody new in; requests that have begun finish, within
 * stop_seconds, connections without one are closed; frees everything. Tolerates NULL.
 */
void sl_server_stop(struct sl_server *server);

#endif
