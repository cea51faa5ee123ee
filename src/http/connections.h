/*
 * Every open connection, in a table of fixed size: what the reaper has to know to end those that
 * take too long, and the limits to know how many there are.
 *
 *     a worker thread                                   the reaper
 *     opens ─► enters stages, moves ─► closes           looks at each, may shut its socket down
 *
 * There is no lock. A place of the table belongs to the worker whose connection it is; the reaper
 * holds it only while it looks, and only the closing of that same connection waits for that, so
 * that a socket is never touched once its number may be another connection's.
 *
 * Times are milliseconds of the reaper's clock, which stands still between two of its looks.
 */
#ifndef SPIKELOSS_HTTP_CONNECTIONS_H
#define SPIKELOSS_HTTP_CONNECTIONS_H

#include "http/exchange.h"
#include "http/head_bytes.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where a connection is in the course of its requests. */
enum sl_stage {
  SL_STAGE_OPENED,  /* nothing of a request has come */
  SL_STAGE_WAITING, /* between two requests */
  SL_STAGE_HEAD,    /* a request line has come, not all of its headers */
  SL_STAGE_BODY,
  SL_STAGE_ANSWER,
};

/* Whether a connection is one too many: its requests are turned away, so that it ends soon. */
enum sl_surplus { SL_NO_SURPLUS, SL_SURPLUS_IN_ALL, SL_SURPLUS_OF_ADDRESS };

enum sl_use { SL_USE_FREE, SL_USE_OPEN, SL_USE_HELD };

struct sl_connections;

struct sl_connection {
  _Alignas(64) struct sl_connections *table;
  int socket;
  enum sl_surplus surplus;
  uint64_t buffer_memory; /* bytes counted for the buffer of its requests; 0 before the first */
  bool crowded;           /* there was no room for them */
  struct sl_head_marks marks;
  atomic_uint_least64_t address; /* of the client, if it is counted; 0 is none */
  atomic_int use;                /* enum sl_use */
  atomic_int stage;              /* enum sl_stage */
  atomic_int ended; /* enum sl_ending: why the reaper shut it down, ANSWERED if it did not */
  bool told_of_end; /* the reaper's: the client's end has been pointed out */
  atomic_uint_least64_t since; /* it was opened, or waits, or its request began */
  atomic_uint_least64_t moved; /* bytes of a body or an answer moved, or the stage changed */
};

struct sl_connections {
  struct sl_connection *places;
  size_t count;
  uint64_t most;             /* that are served */
  uint64_t most_per_address; /* of these */
  atomic_uint_least64_t served;
  atomic_size_t open;
  atomic_size_t coming; /* accepted and not yet open, or hung up on because there was no memory */
  atomic_uint_least64_t now;
};

/*
 * So many connections are served, and so many of one client address. There are a few places more,
 * for those who are told that they are one too many. False when there is no memory.
 */
bool sl_connections_init(struct sl_connections *connections, uint64_t most,
                         uint64_t most_per_address);

/* All connections are closed. Tolerates all zeros. */
void sl_connections_free(struct sl_connections *connections);

/* Whether there is no place left. */
bool sl_connections_are_full(const struct sl_connections *connections);

/*
 * NULL if there is no place. IPv6 clients are told apart by the first half of their addresses, as
 * networks are given out; clients of Unix sockets have none and share no limit but that of all.
 */
struct sl_connection *sl_connection_open(struct sl_connections *connections, int socket,
                                         const struct sockaddr *client);

/* Before its socket is closed. */
void sl_connection_close(struct sl_connection *connection);

/* The request goes on from here. Phases from HEAD to ANSWER are one request, with one `since`. */
void sl_connection_enter(struct sl_connection *connection, enum sl_stage stage);

/* Something came or went. */
static inline void sl_connection_move(struct sl_connection *connection) {
  uint64_t now = atomic_load_explicit(&connection->table->now, memory_order_relaxed);
  atomic_store_explicit(&connection->moved, now, memory_order_relaxed);
}

#endif
