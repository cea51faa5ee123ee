#include "http/connections.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

bool sl_connections_init(struct sl_connections *connections, uint64_t max_served,
                         uint64_t max_per_address) {
  size_t count = (size_t)max_served + SL_SPARE_CONNECTIONS;
  size_t bytes;
  if (__builtin_mul_overflow(count, sizeof *connections->slots, &bytes)) {
    return false;
  }
  connections->slots = aligned_alloc(_Alignof(struct sl_connection), bytes);
  if (connections->slots == NULL) {
    return false;
  }
  connections->count = count;
  connections->max_served = max_served;
  connections->max_per_address = max_per_address;
  atomic_init(&connections->served, 0);
  atomic_init(&connections->open, 0);
  atomic_init(&connections->arriving, 0);
  for (size_t i = 0; i < count; i++) {
    connections->slots[i] = (struct sl_connection){.table = connections};
    atomic_init(&connections->slots[i].used, false);
    atomic_init(&connections->slots[i].address, 0);
  }
  return true;
}

void sl_connections_free(struct sl_connections *connections) {
  free(connections->slots);
  connections->slots = NULL;
  connections->count = 0;
}

bool sl_connections_are_full(const struct sl_connections *connections) {
  return atomic_load(&connections->open) + atomic_load(&connections->arriving) >=
         connections->count;
}

/* Counts first and looks then: of two that come at once both may be refused, but no slot is
 * promised twice. */
bool sl_connections_reserve(struct sl_connections *connections) {
  size_t arriving = atomic_fetch_add(&connections->arriving, 1) + 1;
  if (atomic_load(&connections->open) + arriving <= connections->count) {
    return true;
  }
  atomic_fetch_sub(&connections->arriving, 1);
  return false;
}

bool sl_connections_are_at_limit(const struct sl_connections *connections) {
  return atomic_load(&connections->served) >= connections->max_served;
}

static struct sl_connection *claim_slot(struct sl_connections *connections) {
  for (size_t i = 0; i < connections->count; i++) {
    struct sl_connection *slot = &connections->slots[i];
    if (!atomic_load_explicit(&slot->used, memory_order_relaxed) &&
        !atomic_exchange(&slot->used, true)) {
      return slot;
    }
  }
  return NULL;
}

/*
 * A number for each client that is told apart; 0 where there is no address. Of IPv6 the network;
 * but a socket that is handed over may be for IPv4 too, and has clients ::ffff:192.0.2.1, all of
 * one network.
 */
static uint64_t number_of(const struct sockaddr *client) {
  uint64_t network;
  uint32_t ipv4;
  if (client->sa_family == AF_INET) {
    ipv4 = ((const struct sockaddr_in *)(const void *)client)->sin_addr.s_addr;
  } else if (client->sa_family == AF_INET6) {
    const struct in6_addr *address =
        &((const struct sockaddr_in6 *)(const void *)client)->sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(address)) {
      memcpy(&network, address, sizeof network);
      return network | UINT64_C(1) << 63; /* ::1 is a client too */
    }
    memcpy(&ipv4, &address->s6_addr[12], sizeof ipv4);
  } else {
    return 0;
  }
  return UINT64_C(1) << 32 | ipv4;
}

/* Looking through the table takes a microsecond a connection, and needs no second table. */
static uint64_t count_of_address(const struct sl_connections *connections, uint64_t number) {
  uint64_t count = 0;
  for (size_t i = 0; i < connections->count; i++) {
    count += atomic_load(&connections->slots[i].address) == number;
  }
  return count;
}

/* Counts first and looks then: of two that come at once both may be refused, but never is one
 * served too many. */
static enum sl_over_limit admit(struct sl_connection *connection, uint64_t number) {
  struct sl_connections *connections = connection->table;
  if (atomic_fetch_add(&connections->served, 1) >= connections->max_served) {
    atomic_fetch_sub(&connections->served, 1);
    return SL_OVER_CONNECTIONS;
  }
  if (number == 0 || connections->max_per_address >= connections->max_served) {
    return SL_WITHIN_LIMITS;
  }
  atomic_store(&connection->address, number);
  if (count_of_address(connections, number) > connections->max_per_address) {
    atomic_store(&connection->address, 0);
    atomic_fetch_sub(&connections->served, 1);
    return SL_OVER_ADDRESS;
  }
  return SL_WITHIN_LIMITS;
}

struct sl_connection *sl_connection_open(struct sl_connections *connections, int socket,
                                         const struct sockaddr *client, const uint64_t *now) {
  struct sl_connection *connection = claim_slot(connections);
  if (connection == NULL) {
    return NULL;
  }
  const size_t shared = offsetof(struct sl_connection, next);
  memset((char *)connection + shared, 0, sizeof *connection - shared);
  connection->now = now;
  connection->socket = socket;
  connection->over_limit = admit(connection, number_of(client));
  sl_connection_enter(connection, SL_STAGE_OPENED);
  atomic_fetch_add(&connections->open, 1);
  return connection;
}

void sl_hang_up(int socket) {
  char bytes[512];
  shutdown(socket, SHUT_RDWR);
  while (recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
}

void sl_connection_close(struct sl_connection *connection) {
  struct sl_connections *connections = connection->table;
  if (connection->over_limit == SL_WITHIN_LIMITS) {
    atomic_fetch_sub(&connections->served, 1);
  }
  atomic_store(&connection->address, 0);
  atomic_store(&connection->used, false);
  atomic_fetch_sub(&connections->open, 1);
}

void sl_connection_reconsider(struct sl_connection *connection) {
  if (connection->over_limit == SL_OVER_CONNECTIONS) {
    connection->over_limit = admit(connection, 0);
  }
}

void sl_connection_enter(struct sl_connection *connection, enum sl_stage stage) {
  uint64_t now = *connection->now;
  if (stage <= SL_STAGE_HEAD) {
    connection->since = now;
    connection->heads += stage == SL_STAGE_HEAD;
    connection->head_bytes = 0;
    connection->sample_bytes = connection->bytes;
    connection->sample_time = now;
    connection->rate = UINT64_MAX; /* not known yet */
  } else if (stage == SL_STAGE_COMPUTE) {
    connection->computing = now;
  } else if (connection->stage == SL_STAGE_COMPUTE) {
    connection->since += now - connection->computing;
    connection->sample_time += now - connection->computing;
  }
  connection->moved = now;
  connection->stage = stage;
}
