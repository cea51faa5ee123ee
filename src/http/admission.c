#include "http/admission.h"

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
  uint64_t before = atomic_fetch_add_explicit(&capacity->requests, 1, memory_order_relaxed);
  if (before >= capacity->most_requests) {
    atomic_fetch_sub_explicit(&capacity->requests, 1, memory_order_relaxed);
    return sl_fail(error, SL_BUSY, "%ju requests are being computed, which is the limit (requests)",
                   (uintmax_t)capacity->most_requests);
  }
  admission->capacity = capacity;
  return SL_OK;
}

void sl_admission_end(struct sl_admission *admission) {
  if (admission->capacity != NULL) {
    atomic_fetch_sub_explicit(&admission->capacity->requests, 1, memory_order_relaxed);
    admission->capacity = NULL;
  }
}
