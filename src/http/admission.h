/*
 * Whether there is room for one more request, and for what it needs of memory: the limits of the
 * server as a whole, as they stand at the moment. What is taken up here is given back when the last
 * byte of the answer is sent. Numbers that all threads share, without a lock.
 */
#ifndef SPIKELOSS_HTTP_ADMISSION_H
#define SPIKELOSS_HTTP_ADMISSION_H

#include "http/connections.h"
#include "core/budget.h"
#include <spikeloss/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What every request takes of memory at first, so that small ones never ask again. */
enum { SL_FIRST_MEMORY = 128 * 1024 };

struct sl_capacity {
  uint64_t most_requests; /* that are computed at once */
  uint64_t most_memory;   /* bytes, for all requests and the buffers of their connections */
  uint64_t buffer_memory; /* of these, for the buffer of each connection */
  atomic_uint_least64_t requests;
  atomic_uint_least64_t memory;
};

/* What one request has taken up; all zeros is nothing. */
struct sl_admission {
  struct sl_capacity *capacity;   /* not owned; NULL while nothing is taken up */
  struct sl_budget memory;      /* what is granted is taken up */
};

/* Errors: SL_BUSY, and then nothing is taken up. */
enum sl_status sl_admit(struct sl_admission *admission, struct sl_capacity *capacity,
                        const struct sl_connection *connection, struct sl_error *error);

/* Gives everything back. */
void sl_admission_end(struct sl_admission *admission);

/*
 * The buffer of a connection is in use from its first request to its end. It is counted in any
 * case, because it is there; the connection is `crowded` if there was no room for it.
 */
void sl_capacity_take_buffer(struct sl_capacity *capacity, struct sl_connection *connection);
void sl_capacity_return_buffer(struct sl_capacity *capacity, struct sl_connection *connection);

/* Whether buffers alone fill all that is kept free beyond the limit, so that nothing more may be
 * read of a request that was turned away. */
bool sl_capacity_is_exhausted(const struct sl_capacity *capacity);

#endif
