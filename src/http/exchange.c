#include "http/exchange.h"

#include <time.h>

#define NANOSECONDS UINT64_C(1000000000)

const char *sl_ending_name(enum sl_ending ending) {
  static const char *const names[SL_ENDING_COUNT] = {
      [SL_ENDING_ANSWERED] = "answered",
      [SL_ENDING_CLIENT_LEFT] = "client_left",
      [SL_ENDING_IDLE_DEADLINE] = "idle_deadline",
      [SL_ENDING_HEADER_DEADLINE] = "header_deadline",
      [SL_ENDING_REQUEST_DEADLINE] = "request_deadline",
      [SL_ENDING_DRAIN_BOUNDS] = "drain_bounds",
      [SL_ENDING_STOPPED] = "stopped",
      [SL_ENDING_HEADER_BYTES] = "header_bytes",
      [SL_ENDING_EVICTED] = "evicted",
      [SL_ENDING_NOT_TLS] = "not_tls",
  };
  return names[ending];
}

uint64_t sl_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

void sl_exchange_begin(struct sl_exchange *exchange) {
  exchange->phase = SL_PHASE_RECEIVE;
  exchange->since = sl_now();
}

void sl_exchange_enter(struct sl_exchange *exchange, enum sl_phase phase) {
  uint64_t now = sl_now();
  exchange->nanoseconds[exchange->phase] += now - exchange->since;
  exchange->phase = phase;
  exchange->since = now;
}
