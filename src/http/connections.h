/*
 * Every open connection, in a table of fixed size.
 *
 *     OPENED ─► HEAD ─► BODY ─► COMPUTE ─► ANSWER ─► WAITING ─► HEAD ...
 *
 * A slot is claimed by whichever thread accepts a connection. From then on it belongs to the worker
 * that serves the connection, and no other thread looks at it; only the counts of the table, and
 * the address in a slot, are shared.
 *
 * Times are milliseconds of the worker's clock, which counts no time in which the worker itself was
 * held up (see endpoint.h).
 */
#ifndef SPIKELOSS_HTTP_CONNECTIONS_H
#define SPIKELOSS_HTTP_CONNECTIONS_H

#include "http/headers.h"
#include "http/record.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct MHD_Connection;
struct sl_loop;

/* What moves on the connections of one listener. */
struct sl_progress {
  uint64_t count; /* grows with each call of libmicrohttpd and each piece of an answer */
  bool ready;     /* libmicrohttpd has something to do */
};

enum sl_stage {
  SL_STAGE_OPENED,  /* nothing of a request has come */
  SL_STAGE_WAITING, /* between two requests */
  SL_STAGE_HEAD,    /* a request line has come, not all of its headers */
  SL_STAGE_BODY,
  SL_STAGE_COMPUTE, /* on a compute thread: nothing is expected of the client */
  SL_STAGE_ANSWER,
};

/* Whether a connection exceeds a limit. Its requests are refused, so that it ends soon. */
enum sl_over_limit { SL_WITHIN_LIMITS, SL_OVER_CONNECTIONS, SL_OVER_ADDRESS };

/* Slots for connections that are told that they exceed a limit. */
enum { SL_SPARE_CONNECTIONS = 32 };

struct sl_connections;

struct sl_connection {
  _Alignas(64) struct sl_connections *table;
  atomic_bool used;
  atomic_uint_least64_t address; /* of the client, if it is counted; 0 is none */

  /* The worker's. */
  struct sl_connection *next, **link; /* in the worker's list: *link is this one */
  struct sl_loop *loop;
  struct sl_progress *progress;
  struct MHD_Connection *handle;
  const uint64_t *now; /* the worker's clock */
  int socket;
  enum sl_over_limit over_limit;
  enum sl_stage stage;
  enum sl_outcome ended; /* why the worker has shut it down, ANSWERED if it has not */
  bool encrypted;
  bool suspended;        /* libmicrohttpd does not look at it */
  bool looks_first;      /* see look_before_reading */
  bool told_of_end;      /* the client's end has been pointed out to libmicrohttpd */
  uint64_t since;        /* it was opened, or waits, or its request began */
  uint64_t moved;        /* bytes of a body or an answer moved, or the stage changed */
  uint64_t computing;    /* since when it is in SL_STAGE_COMPUTE */
  uint64_t bytes;        /* of bodies and answers that have moved */
  uint64_t sample_bytes; /* `bytes` when the rate was last measured, and when that was */
  uint64_t sample_time;
  uint64_t rate; /* bytes a second, over the last second or more */
  struct sl_head_marks marks;
  uint64_t heads;         /* how many request lines have come */
  uint64_t head_bytes;    /* that had come over TCP when the head was first looked at */
  uint64_t buffer_memory; /* bytes charged for buffers and TLS */
  bool over_memory;       /* beyond what all requests together may take */
  uint64_t held;          /* bytes that the request has been granted */

  /* Of an encrypted connection, see endpoint.c. */
  struct sl_connection **dry, *next_dry;
  bool is_dry;
  bool has_sent;
};

struct sl_connections {
  struct sl_connection *slots;
  size_t count;
  uint64_t max_served;
  uint64_t max_per_address;
  atomic_uint_least64_t served;
  atomic_size_t open;
  atomic_size_t arriving; /* reserved, being accepted or not yet open */
};

/*
 * At most `max_served` connections are served, and `max_per_address` of one client address; the
 * spare slots come on top. False when there is no memory.
 */
bool sl_connections_init(struct sl_connections *connections, uint64_t max_served,
                         uint64_t max_per_address);

/* All connections are closed. Tolerates all zeros. */
void sl_connections_free(struct sl_connections *connections);

/* Whether no slot is left for one more, those that are arriving included. */
bool sl_connections_are_full(const struct sl_connections *connections);

/* Keeps a slot for one more, which counts as arriving until it is open. False if none is left. */
bool sl_connections_reserve(struct sl_connections *connections);

/* Whether as many are served as may be. */
bool sl_connections_are_at_limit(const struct sl_connections *connections);

/*
 * Claims a slot; NULL if none is left. IPv6 clients are told apart by the first half of their
 * addresses, as networks are given out; clients of Unix sockets have no address and share no limit
 * but that of all.
 */
struct sl_connection *sl_connection_open(struct sl_connections *connections, int socket,
                                         const struct sockaddr *client, const uint64_t *now);

/* Ends a connection of whose requests nothing has come, so that libmicrohttpd closes it. What has
 * come is thrown away: after the beginning of a TLS record it would wait for the rest for ever. */
void sl_hang_up(int socket);

/* Before its socket is closed. */
void sl_connection_close(struct sl_connection *connection);

/* Serves a connection that was over a limit, if it is within the limits now. */
void sl_connection_reconsider(struct sl_connection *connection);

/* The request goes on from here. HEAD to ANSWER are one request, with one `since`. */
void sl_connection_enter(struct sl_connection *connection, enum sl_stage stage);

/* Bytes came or went. */
static inline void sl_connection_move(struct sl_connection *connection, uint64_t bytes) {
  connection->moved = *connection->now;
  connection->bytes += bytes;
}

#endif
