/*
 * Whether one more request fits, and what it needs of memory: the limits of the
 * server as a whole, as they are at the moment. What is taken up here is given back when the last
 * byte of the answer is sent. Numbers that all threads share, without a lock.
 */
#ifndef SPIKELOSS_HTTP_ADMISSION_H
#define SPIKELOSS_HTTP_ADMISSION_H

#include "core/budget.h"
#include "http/connections.h"
#include <spikeloss/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What every request takes of memory at first, so that small ones never ask again. */
enum { SL_FIRST_MEMORY = 128 * 1024 };

/* What libmicrohttpd and GnuTLS hold for an encrypted connection beside its buffer: 11 KiB in
 * between, three times as much during the handshake. */
enum { SL_TLS_MEMORY = 32 * 1024 };

struct sl_capacity {
  uint64_t max_memory; /* bytes, for all requests and the buffers of their connections */
  atomic_uint_least64_t memory;
  atomic_uint_least64_t shortages; /* how often there was no memory for a request */
};

/* What one request has taken up; all zeros is nothing. */
struct sl_admission {
  struct sl_capacity *capacity;     /* not owned; NULL while nothing is taken up */
  struct sl_connection *connection; /* not owned */
  struct sl_budget budget;          /* what is granted is taken up */
};

/* Errors: SL_BUSY, and then nothing is taken up. */
enum sl_status sl_admit(struct sl_admission *admission, struct sl_capacity *capacity,
                        struct sl_connection *connection, struct sl_error *error);

/* Gives everything back. */
void sl_admission_end(struct sl_admission *admission);

/*
 * The buffer of a connection, and TLS where it is encrypted, from its opening to its end. They are
 * charged in any case, because they are there; the connection is marked as over_memory if there was
 * not enough for them, until it is reconsidered and there is.
 */
void sl_capacity_take_buffer(struct sl_capacity *capacity, struct sl_connection *connection);
void sl_capacity_reconsider(const struct sl_capacity *capacity, struct sl_connection *connection);
void sl_capacity_return_buffer(struct sl_capacity *capacity, struct sl_connection *connection);

/* Whether buffers alone fill all that is kept free beyond the limit, so that nothing more may be
 * read of a request that was turned away. */
bool sl_capacity_is_exhausted(const struct sl_capacity *capacity);

#endif
