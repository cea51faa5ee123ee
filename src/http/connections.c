#include "http/connections.h"

#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* For those who are told that they are one too many. */
enum { SPARE_PLACES = 32 };

bool sl_connections_init(struct sl_connections *connections, uint64_t most,
                         uint64_t most_per_address) {
  size_t places = (size_t)most + SPARE_PLACES;
  size_t bytes;
  if (__builtin_mul_overflow(places, sizeof *connections->places, &bytes)) {
    return false;
  }
  connections->places = aligned_alloc(_Alignof(struct sl_connection), bytes);
  if (connections->places == NULL) {
    return false;
  }
  connections->count = places;
  connections->most = most;
  connections->most_per_address = most_per_address;
  atomic_init(&connections->served, 0);
  atomic_init(&connections->open, 0);
  atomic_init(&connections->coming, 0);
  atomic_init(&connections->now, 0);
  for (size_t i = 0; i < places; i++) {
    connections->places[i] = (struct sl_connection){.table = connections};
    atomic_init(&connections->places[i].use, SL_USE_FREE);
    atomic_init(&connections->places[i].address, 0);
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

static uint64_t number_of_ipv4(uint32_t address) {
  return UINT64_C(1) << 32 | address;
}

/* The network; but a socket that is handed over may be for IPv4 too, and has clients
 * ::ffff:192.0.2.1, all of one network. */
static uint64_t number_of_ipv6(const struct in6_addr *address) {
  if (IN6_IS_ADDR_V4MAPPED(address)) {
    uint32_t last;
    memcpy(&last, &address->s6_addr[12], sizeof last);
    return number_of_ipv4(last);
  }
  uint64_t network;
  memcpy(&network, address, sizeof network);
  return network | UINT64_C(1) << 63; /* ::1 is a client too */
}

/* A number for each client that is told apart; 0 where there is no address. */
static uint64_t number_of(const struct sockaddr *client) {
  switch (client->sa_family) {
  case AF_INET:
    return number_of_ipv4(((const struct sockaddr_in *)(const void *)client)->sin_addr.s_addr);
  case AF_INET6:
    return number_of_ipv6(&((const struct sockaddr_in6 *)(const void *)client)->sin6_addr);
  default:
    return 0;
  }
}

/* Looking through the table costs a microsecond a connection, and needs no second table. */
static uint64_t count_of_address(const struct sl_connections *connections, uint64_t number) {
  uint64_t count = 0;
  for (size_t i = 0; i < connections->count; i++) {
    count += atomic_load(&connections->places[i].address) == number;
  }
  return count;
}

/* Counts first and looks then: of two that come at once both may be one too many, never none. */
static enum sl_surplus admit(struct sl_connection *connection, uint64_t number) {
  struct sl_connections *connections = connection->table;
  if (atomic_fetch_add(&connections->served, 1) >= connections->most) {
    atomic_fetch_sub(&connections->served, 1);
    return SL_SURPLUS_IN_ALL;
  }
  if (number == 0 || connections->most_per_address >= connections->most) {
    return SL_NO_SURPLUS;
  }
  atomic_store(&connection->address, number);
  if (count_of_address(connections, number) > connections->most_per_address) {
    atomic_store(&connection->address, 0);
    atomic_fetch_sub(&connections->served, 1);
    return SL_SURPLUS_OF_ADDRESS;
  }
  return SL_NO_SURPLUS;
}

struct sl_connection *sl_connection_open(struct sl_connections *connections, int socket,
                                         const struct sockaddr *client) {
  struct sl_connection *connection = find_place(connections);
  if (connection == NULL) {
    return NULL;
  }
  connection->socket = socket;
  connection->told_of_end = false;
  connection->buffer_memory = 0;
  connection->crowded = false;
  connection->marks = (struct sl_head_marks){0};
  connection->surplus = admit(connection, number_of(client));
  atomic_store_explicit(&connection->ended, SL_ENDING_ANSWERED, memory_order_relaxed);
  sl_connection_enter(connection, SL_STAGE_OPENED);
  atomic_fetch_add_explicit(&connections->open, 1, memory_order_relaxed);
  atomic_store_explicit(&connection->use, SL_USE_OPEN, memory_order_release);
  return connection;
}

void sl_connection_close(struct sl_connection *connection) {
  struct sl_connections *connections = connection->table;
  if (connection->surplus == SL_NO_SURPLUS) {
    atomic_fetch_sub(&connections->served, 1);
  }
  atomic_store(&connection->address, 0);
  while (!change_use(connection, SL_USE_OPEN, SL_USE_FREE)) {
    sched_yield(); /* the reaper looks at it, for as long as two system calls take */
  }
  atomic_fetch_sub_explicit(&connections->open, 1, memory_order_release);
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
