/*
 * Whether there is room for one more request: the limits of the server as a whole, as they stand at
 * the moment when the headers have come. What is taken up here is given back when the last byte of
 * the answer is sent. Numbers that all threads share, without a lock.
 */
#ifndef SPIKELOSS_HTTP_ADMISSION_H
#define SPIKELOSS_HTTP_ADMISSION_H

#include "http/connections.h"
#include <spikeloss/error.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sl_capacity {
  uint64_t most_requests; /* that are computed at once */
  atomic_uint_least64_t requests;
};

/* What one request has taken up; all zeros is nothing. */
struct sl_admission {
  struct sl_capacity *capacity; /* not owned; NULL while nothing is taken up */
};

/* Errors: SL_BUSY, and then nothing is taken up. */
enum sl_status sl_admit(struct sl_admission *admission, struct sl_capacity *capacity,
                        const struct sl_connection *connection, struct sl_error *error);

/* Gives everything back. */
void sl_admission_end(struct sl_admission *admission);

#endif
