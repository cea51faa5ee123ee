#include "http/record.h"

#include <time.h>

#define NANOSECONDS UINT64_C(1000000000)

const char *sl_outcome_name(enum sl_outcome outcome) {
  static const char *const names[SL_OUTCOME_COUNT] = {
      [SL_OUTCOME_ANSWERED] = "answered",
      [SL_OUTCOME_CLIENT_LEFT] = "client_left",
      [SL_OUTCOME_IDLE_DEADLINE] = "idle_deadline",
      [SL_OUTCOME_HEADER_DEADLINE] = "header_deadline",
      [SL_OUTCOME_REQUEST_DEADLINE] = "request_deadline",
      [SL_OUTCOME_DRAIN_BOUNDS] = "drain_bounds",
      [SL_OUTCOME_STOPPED] = "stopped",
      [SL_OUTCOME_HEADER_BYTES] = "header_bytes",
      [SL_OUTCOME_EVICTED] = "evicted",
      [SL_OUTCOME_NOT_TLS] = "not_tls",
  };
  return names[outcome];
}

uint64_t sl_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

void sl_record_begin(struct sl_record *record) {
  record->phase = SL_PHASE_RECEIVE;
  record->since = sl_now();
}

void sl_record_enter(struct sl_record *record, enum sl_phase phase) {
  uint64_t now = sl_now();
  record->nanoseconds[record->phase] += now - record->since;
  record->phase = phase;
  record->since = now;
}
