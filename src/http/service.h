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
#include "http/connections.h"
#include "http/metrics.h"
#include "http/options.h"
#include "loss/loss.h"
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_listener;
struct sl_request;

struct sl_route {
  const char *method;
  const char *path; /* may end in "{name}", the name of a loss */
  bool takes_body;
  bool open; /* to all clients, without authentication */

  /* Queues the answer to a request that has arrived completely. Where that takes long, it sets the
   * request's task and returns MHD_YES; it is called again after the task has run on a compute
   * thread. MHD_NO closes the connection. */
  enum MHD_Result (*handle)(struct sl_request *request);
};

struct sl_route_match {
  const struct sl_route *route; /* NULL if there is none */
  const struct sl_loss *loss;   /* of a path that names one */
  char allow[32];               /* the methods that the path has, if it has any */
};

struct sl_service {
  struct sl_server_options options;
  uint64_t drain_bytes; /* of a refused body that are read before the answer */
  struct sl_auth auth;
  struct sl_connections connections;
  struct sl_capacity capacity;
  struct sl_compute compute; /* for what would hold an event loop for too long */
  atomic_bool draining;
  atomic_bool closing;            /* end connections that wait for no answer */
  atomic_uint_least64_t refusals; /* clients turned away for lack of a slot */
  atomic_size_t requests;         /* begun and not yet answered to the last byte */

  struct sl_metrics *metrics;
  double started;                 /* seconds since 1970 */
  struct MHD_Response *no_memory; /* the answer that needs no memory: 503, made beforehand */
  size_t listener_count;
  struct sl_listener *listeners; /* all of them are open */
};

/* Counts a request that is over, and reports it. */
static inline void sl_service_report(struct sl_service *service, const struct sl_record *record) {
  sl_metrics_count_record(service->metrics, record);
  if (service->options.report != NULL) {
    service->options.report(service->options.report_closure, record);
  }
}

#endif
