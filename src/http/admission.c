#include "http/admission.h"

#include "core/codes.h"
#include "http/options.h"
#include <stddef.h>

/* The steps in which requests ask for more than the first memory. */
enum { STEP = 64 * 1024 };

static uint64_t add_memory(struct sl_capacity *capacity, uint64_t bytes) {
  return atomic_fetch_add_explicit(&capacity->memory, bytes, memory_order_relaxed) + bytes;
}

static void subtract_memory(struct sl_capacity *capacity, uint64_t bytes) {
  atomic_fetch_sub_explicit(&capacity->memory, bytes, memory_order_relaxed);
}

static uint64_t memory_taken(const struct sl_capacity *capacity) {
  return atomic_load_explicit(&capacity->memory, memory_order_relaxed);
}

/*
 * An eighth of all memory is kept for requests that begin: those that grow cannot take it.
 *
 *     0                                                      7/8        max_memory
 *     | buffers, first memory of requests, what they grow to  | first memory |
 */
static uint64_t limit_of(const struct sl_capacity *capacity, bool grows) {
  return capacity->max_memory - (grows ? capacity->max_memory / 8 : 0);
}

static bool has_room(uint64_t limit, uint64_t taken, uint64_t bytes) {
  return bytes <= limit && taken <= limit - bytes;
}

/* Looks, so that what does not fit disturbs no other request, then counts, and looks again: of two
 * that come at once both may find too little, but never is more taken than there is. */
static bool take_memory(struct sl_capacity *capacity, uint64_t limit, uint64_t bytes) {
  if (!has_room(limit, memory_taken(capacity), bytes)) {
    return false;
  }
  if (add_memory(capacity, bytes) <= limit) {
    return true;
  }
  subtract_memory(capacity, bytes);
  return false;
}

/* There is not enough memory for a request that has `before` bytes and needs `bytes`. */
static enum sl_status no_room(struct sl_capacity *capacity, uint64_t before, uint64_t bytes,
                              struct sl_error *error) {
  uint64_t limit = limit_of(capacity, before > 0);
  if (!has_room(limit, SL_CONNECTION_MEMORY, bytes)) {
    uint64_t alone = limit > SL_CONNECTION_MEMORY ? limit - SL_CONNECTION_MEMORY : 0;
    return sl_fail(error, SL_TENSOR_TOO_LARGE, /* trying again would not help */
                   "the request needs %ju bytes of memory; a single request may take %ju of the "
                   "limit (memory_bytes) of %ju; send a smaller one",
                   (uintmax_t)bytes, (uintmax_t)alone, (uintmax_t)capacity->max_memory);
  }
  atomic_fetch_add_explicit(&capacity->shortages, 1, memory_order_relaxed);
  return sl_fail(error, SL_BUSY,
                 "not enough memory for %ju bytes more: all requests together take %ju, the "
                 "limit (memory_bytes) is %ju; try again later",
                 (uintmax_t)(bytes - before), (uintmax_t)memory_taken(capacity),
                 (uintmax_t)capacity->max_memory);
}

/* In whole steps, where they fit. */
static enum sl_status grow_budget(struct sl_budget *budget, uint64_t bytes,
                                  struct sl_error *error) {
  struct sl_admission *admission = (void *)((char *)budget - offsetof(struct sl_admission, budget));
  struct sl_capacity *capacity = admission->capacity;
  uint64_t missing = bytes - budget->granted;
  uint64_t steps = (missing + STEP - 1) / STEP * STEP;
  uint64_t limit = limit_of(capacity, budget->granted > 0);
  uint64_t taken = take_memory(capacity, limit, steps)     ? steps
                   : take_memory(capacity, limit, missing) ? missing
                                                           : 0;
  budget->granted += taken;
  admission->connection->held = budget->granted;
  return taken > 0 ? SL_OK : no_room(capacity, budget->granted, bytes, error);
}

static enum sl_status refuse_over_limit(const struct sl_connection *connection,
                                        struct sl_error *error) {
  const struct sl_connections *connections = connection->table;
  if (connection->over_limit == SL_OVER_ADDRESS) {
    return sl_fail(error, SL_BUSY,
                   "connections: %ju are open from your address, which is the limit (seven "
                   "eighths of all); close some",
                   (uintmax_t)connections->max_per_address);
  }
  return sl_fail(error, SL_BUSY, "connections: %ju are open, which is the limit; try again later",
                 (uintmax_t)connections->max_served);
}

enum sl_status sl_admit(struct sl_admission *admission, struct sl_capacity *capacity,
                        struct sl_connection *connection, struct sl_error *error) {
  if (connection->over_limit != SL_WITHIN_LIMITS) {
    return refuse_over_limit(connection, error);
  }
  if (connection->over_memory) {
    return no_room(capacity, 0, SL_FIRST_MEMORY, error);
  }
  struct sl_admission taken = {
      .capacity = capacity, .connection = connection, .budget.grow = grow_budget};
  if (grow_budget(&taken.budget, SL_FIRST_MEMORY, error) != SL_OK) {
    return error->code;
  }
  *admission = taken;
  return SL_OK;
}

void sl_admission_end(struct sl_admission *admission) {
  struct sl_capacity *capacity = admission->capacity;
  if (capacity != NULL) {
    subtract_memory(capacity, admission->budget.granted);
    admission->connection->held = 0;
    *admission = (struct sl_admission){0};
  }
}

void sl_capacity_take_buffer(struct sl_capacity *capacity, struct sl_connection *connection) {
  connection->buffer_memory = SL_CONNECTION_MEMORY + (connection->encrypted ? SL_TLS_MEMORY : 0);
  connection->over_memory = add_memory(capacity, connection->buffer_memory) > capacity->max_memory;
}

void sl_capacity_reconsider(const struct sl_capacity *capacity, struct sl_connection *connection) {
  connection->over_memory =
      connection->over_memory && memory_taken(capacity) > capacity->max_memory;
}

void sl_capacity_return_buffer(struct sl_capacity *capacity, struct sl_connection *connection) {
  subtract_memory(capacity, connection->buffer_memory);
  connection->buffer_memory = 0;
}

bool sl_capacity_is_exhausted(const struct sl_capacity *capacity) {
  uint64_t memory = memory_taken(capacity);
  return memory > capacity->max_memory && memory - capacity->max_memory > capacity->max_memory / 8;
}
