/*
 * What all requests share: the limits in force and a few numbers that any thread may read or count
 * up without a lock. Made by the server before the first connection, freed after the last.
 */
#ifndef SPIKELOSS_HTTP_SERVICE_H
#define SPIKELOSS_HTTP_SERVICE_H

#include "decode/limits.h"
#include "http/admission.h"
#include "http/auth/auth.h"
#include "http/compute.h"
#include "http/server.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Response;
struct sl_record;
struct sl_metrics;

struct sl_service {
  struct sl_limits limits;
  uint64_t header_bytes;
  uint64_t drain_bytes;
  struct sl_auth auth;
  struct sl_capacity capacity;
  struct sl_compute compute; /* for what would hold an event loop for too long */
  atomic_bool draining;
  atomic_bool closing;            /* end connections that wait for no answer */
  atomic_uint_least64_t refusals; /* clients turned away for lack of a slot */
  atomic_size_t requests;         /* begun and not yet answered to the last byte */

  struct sl_metrics *metrics;
  sl_report_function *report; /* may be NULL */
  void *report_closure;
  double started; /* seconds since 1970 */

  /* The answer that needs no memory: 503, made beforehand. */
  struct MHD_Response *no_memory;
};

/* An exchange is over: counts it and reports it. */
void sl_service_report(struct sl_service *service, const struct sl_record *record);

#endif
