#include "http/admission.h"

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

static bool has_room(const struct sl_capacity *capacity, uint64_t taken, uint64_t bytes) {
  return bytes <= capacity->most_memory && taken <= capacity->most_memory - bytes;
}

/* Looks, so that nobody is disturbed by what does not fit, then counts, and looks again: of two
 * that come at once both may find no room, but never both the last. */
static bool take_memory(struct sl_capacity *capacity, uint64_t bytes) {
  if (!has_room(capacity, memory_taken(capacity), bytes)) {
    return false;
  }
  if (add_memory(capacity, bytes) <= capacity->most_memory) {
    return true;
  }
  subtract_memory(capacity, bytes);
  return false;
}

/* Coming again would not help a request that does not even fit alone. */
static enum sl_status never_fits(const struct sl_capacity *capacity, uint64_t bytes,
                                 struct sl_error *error) {
  return sl_fail(error, SL_TENSOR_TOO_LARGE,
                 "the request needs %ju bytes of memory and %ju for its connection; all requests "
                 "together may take %ju, which is the limit (memory_bytes)",
                 (uintmax_t)bytes, (uintmax_t)capacity->buffer_memory,
                 (uintmax_t)capacity->most_memory);
}

/* There is no room for a request that has `before` bytes and needs `bytes`. */
static enum sl_status no_room(const struct sl_capacity *capacity, uint64_t before, uint64_t bytes,
                              struct sl_error *error) {
  if (!has_room(capacity, capacity->buffer_memory, bytes)) {
    return never_fits(capacity, bytes, error);
  }
  return sl_fail(error, SL_BUSY,
                 "there is no memory for %ju bytes more now: all requests together take %ju, the "
                 "limit (memory_bytes) is %ju",
                 (uintmax_t)(bytes - before), (uintmax_t)memory_taken(capacity),
                 (uintmax_t)capacity->most_memory);
}

/* In whole steps, where they fit. */
static enum sl_status ask(struct sl_budget *source, uint64_t bytes, struct sl_error *error) {
  struct sl_admission *admission = (void *)((char *)source - offsetof(struct sl_admission, memory));
  struct sl_capacity *capacity = admission->capacity;
  uint64_t missing = bytes - source->granted;
  uint64_t steps = (missing + STEP - 1) / STEP * STEP;
  uint64_t taken = take_memory(capacity, steps)     ? steps
                   : take_memory(capacity, missing) ? missing
                                                    : 0;
  source->granted += taken;
  return taken > 0 ? SL_OK : no_room(capacity, source->granted, bytes, error);
}

static enum sl_status refuse_surplus(const struct sl_connection *connection,
                                     struct sl_error *error) {
  uint64_t most = connection->table->most;
  if (connection->surplus == SL_SURPLUS_OF_ADDRESS) {
    most = connection->table->most_per_address;
    return sl_fail(error, SL_BUSY,
                   "there are %ju connections from your address, which is the limit "
                   "(connections_per_address)",
                   (uintmax_t)most);
  }
  return sl_fail(error, SL_BUSY, "there are %ju connections, which is the limit (connections)",
                 (uintmax_t)most);
}

enum sl_status sl_admit(struct sl_admission *admission, struct sl_capacity *capacity,
                        const struct sl_connection *connection, struct sl_error *error) {
  if (connection->surplus != SL_NO_SURPLUS) {
    return refuse_surplus(connection, error);
  }
  if (connection->crowded) {
    return no_room(capacity, 0, SL_FIRST_MEMORY, error);
  }
  struct sl_admission taken = {.capacity = capacity, .memory.grow = ask};
  if (ask(&taken.memory, SL_FIRST_MEMORY, error) != SL_OK) {
    return error->code;
  }
  uint64_t before = atomic_fetch_add_explicit(&capacity->requests, 1, memory_order_relaxed);
  if (before >= capacity->most_requests) {
    sl_admission_end(&taken);
    return sl_fail(error, SL_BUSY, "%ju requests are being computed, which is the limit (requests)",
                   (uintmax_t)capacity->most_requests);
  }
  *admission = taken;
  return SL_OK;
}

void sl_admission_end(struct sl_admission *admission) {
  struct sl_capacity *capacity = admission->capacity;
  if (capacity != NULL) {
    atomic_fetch_sub_explicit(&capacity->requests, 1, memory_order_relaxed);
    subtract_memory(capacity, admission->memory.granted);
    *admission = (struct sl_admission){0};
  }
}

void sl_capacity_take_buffer(struct sl_capacity *capacity, struct sl_connection *connection) {
  if (connection->buffer_memory == 0) {
    connection->buffer_memory = capacity->buffer_memory;
    connection->crowded = add_memory(capacity, capacity->buffer_memory) > capacity->most_memory;
  }
}

void sl_capacity_return_buffer(struct sl_capacity *capacity, struct sl_connection *connection) {
  subtract_memory(capacity, connection->buffer_memory);
  connection->buffer_memory = 0;
}

bool sl_capacity_is_exhausted(const struct sl_capacity *capacity) {
  uint64_t memory = atomic_load_explicit(&capacity->memory, memory_order_relaxed);
  return memory > capacity->most_memory &&
         memory - capacity->most_memory > capacity->most_memory / 8;
}
