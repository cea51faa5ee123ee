/*
 * What the server needs to know: the one struct that the configuration fills and all of the server
 * reads. Beside it, as constants, what no operator has a reason to change.
 */
#ifndef SPIKELOSS_HTTP_OPTIONS_H
#define SPIKELOSS_HTTP_OPTIONS_H

#include "decode/limits.h"
#include "net/tls.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_record;
struct sl_route_match;

enum {
  /* The buffer of each connection, through which headers and bodies flow. Large bodies were fastest
   * with this size; a larger one gained nothing. */
  SL_CONNECTION_MEMORY = 128 * 1024,

  /* Of the request line and headers together. Clients send a few hundred bytes and proxies add a
   * few hundred; tokens and cookies of single sign-on, the longest headers in use, stay below 8
   * KiB. */
  SL_HEADER_BYTES = 16 * 1024,

  /* Of a refused upload this much is read before the answer, because most clients read an answer
   * only after they have sent everything; where body_bytes is more, that much. Reading costs
   * little, and larger uploads are refused at the head, by clients that know their length. */
  SL_DRAIN_BYTES = 64 * 1024 * 1024,

  /* Of all connections, this part is left when one client address has taken the rest. Through a
   * proxy all clients have one address and lose little by it; without one, no client shuts out the
   * others, or a health check. */
  SL_CONNECTIONS_FOR_OTHERS = 8, /* an eighth */
};

/* What is called for each request that is over, by the thread of its connection. */
typedef void sl_report_function(void *closure, const struct sl_record *record);

/* What finds the route of a request; see sl_route_find. */
typedef enum sl_status sl_find_route(struct sl_route_match *match, const char *method,
                                     const char *target, struct sl_error *error);

/* Numbers are 64 bits wide and texts are pointers, so that a table can say where each belongs. */
struct sl_server_options {
  const char *const *listen; /* "127.0.0.1:8080", "[::1]:0", "unix:/run/spikelossd.sock" */
  size_t listen_count;
  int first_socket; /* without `listen`: the first of listen_count sockets that listen already */
  uint64_t threads; /* that serve all listeners; 0 is one for each core */
  uint64_t idle_seconds;       /* a connection on which nothing moves is closed */
  uint64_t header_seconds;     /* and one whose headers take longer */
  uint64_t request_seconds;    /* and one whose whole request takes longer */
  uint64_t connections;        /* that are served at once */
  uint64_t memory_bytes;       /* for all of them; 0 is no bound */
  uint64_t stop_delay_seconds; /* new clients are still served when the server stops */
  uint64_t stop_seconds;       /* requests in flight get to finish after that */
  uint64_t unix_mode;          /* of the files of Unix sockets */
  const char *token_file;      /* bearer tokens that are accepted, or NULL: none is needed */
  struct sl_tls_files tls;     /* of TCP listeners; without a certificate they speak plain HTTP */
  const char *cors_origins;    /* of web pages that may call, with commas between them, or NULL */
  const char *hosts;           /* names of this server, with commas between them, or NULL */
  struct sl_limits limits;     /* what one request may ask for */

  sl_find_route *find_route;

  /* Told, from any thread, what operators should know; or NULL. */
  void (*tell)(void *closure, const char *sentence);
  void *tell_closure;

  sl_report_function *report; /* or NULL */
  void *report_closure;
};

#endif
