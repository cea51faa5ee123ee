#include "http/connections.h"

#include <sched.h>
#include <stdlib.h>

bool sl_connections_init(struct sl_connections *connections, size_t places) {
  size_t bytes;
  if (__builtin_mul_overflow(places, sizeof *connections->places, &bytes)) {
    return false;
  }
  connections->places = aligned_alloc(_Alignof(struct sl_connection), bytes);
  if (connections->places == NULL) {
    return false;
  }
  connections->count = places;
  atomic_init(&connections->open, 0);
  atomic_init(&connections->now, 0);
  for (size_t i = 0; i < places; i++) {
    connections->places[i] = (struct sl_connection){.table = connections};
    atomic_init(&connections->places[i].use, SL_USE_FREE);
  }
  return true;
}

void sl_connections_free(struct sl_connections *connections) {
  free(connections->places);
  connections->places = NULL;
  connections->count = 0;
}

bool sl_connections_are_full(const struct sl_connections *connections) {
  return atomic_load_explicit(&connections->open, memory_order_relaxed) >= connections->count;
}

static bool change_use(struct sl_connection *connection, int from, int to) {
  return atomic_compare_exchange_strong_explicit(&connection->use, &from, to, memory_order_acq_rel,
                                                 memory_order_relaxed);
}

/* A free place, held until it is opened. */
static struct sl_connection *find_place(struct sl_connections *connections) {
  for (size_t i = 0; i < connections->count; i++) {
    struct sl_connection *place = &connections->places[i];
    bool is_free = atomic_load_explicit(&place->use, memory_order_relaxed) == SL_USE_FREE;
    if (is_free && change_use(place, SL_USE_FREE, SL_USE_HELD)) {
      return place;
    }
  }
  return NULL;
}

struct sl_connection *sl_connection_open(struct sl_connections *connections, int socket) {
  struct sl_connection *connection = find_place(connections);
  if (connection == NULL) {
    return NULL;
  }
  connection->socket = socket;
  connection->told_of_end = false;
  atomic_store_explicit(&connection->ended, SL_ENDING_ANSWERED, memory_order_relaxed);
  sl_connection_enter(connection, SL_STAGE_OPENED);
  atomic_fetch_add_explicit(&connections->open, 1, memory_order_relaxed);
  atomic_store_explicit(&connection->use, SL_USE_OPEN, memory_order_release);
  return connection;
}

void sl_connection_close(struct sl_connection *connection) {
  while (!change_use(connection, SL_USE_OPEN, SL_USE_FREE)) {
    sched_yield(); /* the reaper looks at it, for as long as two system calls take */
  }
  atomic_fetch_sub_explicit(&connection->table->open, 1, memory_order_release);
}

/* The times are set before the stage: who sees the stage never sees older times with it. */
void sl_connection_enter(struct sl_connection *connection, enum sl_stage stage) {
  sl_connection_move(connection);
  if (stage <= SL_STAGE_HEAD) {
    uint64_t now = atomic_load_explicit(&connection->moved, memory_order_relaxed);
    atomic_store_explicit(&connection->since, now, memory_order_relaxed);
  }
  atomic_store_explicit(&connection->stage, (int)stage, memory_order_release);
}
