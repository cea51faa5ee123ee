#include "http/server.h"

#include "http/doors.h"
#include "http/engine.h"
#include "http/listener.h"
#include "http/metrics.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/service.h"
#include "http/tls.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* libmicrohttpd listens on one socket a daemon, so every listener has its own daemon and threads.
 */
struct station {
  struct sl_listener listener;
  struct sl_service *service;
  const struct sl_tls *tls; /* NULL on a Unix socket */
  struct MHD_Daemon *daemon;
};

struct sl_server {
  struct sl_service service;
  uint64_t stop_seconds;
  size_t station_count;
  struct station stations[];
};

/* Stands in the place of a request for which there was no memory. Only its address matters. */
static const char no_request = 0;

static enum MHD_Result begin(struct station *station, struct MHD_Connection *connection,
                             const char *path, const char *method, const char *version,
                             void **slot) {
  struct sl_request *request = sl_request_new(station->service, station->listener.address);
  if (request == NULL) {
    *slot = (void *)&no_request;
    return MHD_YES;
  }
  *slot = request;
  sl_request_open(request, connection, path, method, version);
  return request->answer_now ? sl_reply_problem(request, connection) : MHD_YES;
}

/* There was no memory for the request: 503 from what stands ready. */
static enum MHD_Result answer_without_memory(struct sl_service *service,
                                             struct MHD_Connection *connection) {
  struct sl_exchange exchange = {.code = SL_OUT_OF_MEMORY};
  sl_metrics_count_exchange(service->metrics, &exchange);
  return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, service->no_memory);
}

/*
 * libmicrohttpd calls this once when the headers have come, once for every piece of the body, and
 * once more when the body is complete. A piece is always taken whole: bytes left to it can stall
 * the connection.
 */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *piece, size_t *piece_length, void **slot) {
  struct station *station = closure;
  if (*slot == NULL) {
    return begin(station, connection, path, method, version, slot);
  }
  bool counted = *slot != &no_request;
  struct sl_request *request = *slot;
  if (*piece_length > 0) {
    size_t length = *piece_length;
    *piece_length = 0;
    return !counted || sl_request_take(request, piece, length) ? MHD_YES : MHD_NO;
  }
  if (!counted) {
    return answer_without_memory(station->service, connection);
  }
  sl_exchange_enter(&request->exchange, SL_PHASE_COMPUTE);
  if (request->error.code != SL_OK) {
    return sl_reply_problem(request, connection);
  }
  return request->match.route->answer(request, connection);
}

static enum sl_ending ending_of(enum MHD_RequestTerminationCode how) {
  switch (how) {
  case MHD_REQUEST_TERMINATED_COMPLETED_OK:
    return SL_ENDING_ANSWERED;
  case MHD_REQUEST_TERMINATED_TIMEOUT_REACHED:
    return SL_ENDING_IDLE_DEADLINE;
  case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
    return SL_ENDING_STOPPED;
  default:
    return SL_ENDING_CLIENT_LEFT;
  }
}

/* The last byte of the answer is sent, or the connection is gone. */
static void on_completed(void *closure, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how) {
  (void)closure;
  (void)connection;
  struct sl_request *request = *slot;
  if (request != NULL && *slot != &no_request) {
    sl_request_end(request, ending_of(how));
    sl_request_free(request);
  }
  *slot = NULL;
}

static void on_connection(void *closure, struct MHD_Connection *connection, void **slot,
                          enum MHD_ConnectionNotificationCode what) {
  struct station *station = closure;
  (void)slot;
  bool started = what == MHD_CONNECTION_NOTIFY_STARTED;
  if (started && station->tls != NULL) {
    sl_tls_equip(station->tls, connection);
  }
  sl_metrics_count_connection(station->service->metrics, started);
}

static bool start_station(struct station *station, const struct sl_server_options *options) {
  station->daemon = sl_engine_start(options, station->listener.socket, station->tls != NULL,
                                    on_request, on_completed, on_connection, station);
  return station->daemon != NULL;
}

static bool init_service(struct sl_service *service, const struct sl_server_options *options) {
  service->limits = options->limits;
  service->drain_bytes = options->drain_bytes;
  service->drain_seconds = options->drain_seconds;
  atomic_init(&service->draining, false);
  atomic_init(&service->requests, 0);
  service->no_memory = sl_reply_no_memory_new();
  service->metrics = sl_metrics_new(options->listen_count * sl_engine_threads(options));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  service->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
  return service->no_memory != NULL && service->metrics != NULL;
}

bool sl_server_check(const struct sl_server_options *options, char *message, size_t message_size) {
  struct sl_doors doors;
  bool good = sl_doors_open(&doors, options, message, message_size);
  sl_doors_close(&doors);
  return good;
}

/* All addresses are bound before the first one is served: a server starts whole or not at all. */
static bool start(struct sl_server *server, const struct sl_server_options *options, char *message,
                  size_t message_size) {
  if (!init_service(&server->service, options)) {
    snprintf(message, message_size, "there is no memory for the server");
    return false;
  }
  if (!sl_doors_open(&server->service.doors, options, message, message_size)) {
    return false;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    if (!sl_listener_open(&server->stations[i].listener, options->listen[i], message,
                          message_size)) {
      return false;
    }
    bool local = sl_address_is_unix(options->listen[i]);
    server->stations[i].tls = local ? NULL : server->service.doors.tls;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    if (!start_station(&server->stations[i], options)) {
      snprintf(message, message_size, "cannot serve %s: no memory or no threads",
               options->listen[i]);
      return false;
    }
  }
  return true;
}

struct sl_server *sl_server_start(const struct sl_server_options *options, char *message,
                                  size_t message_size) {
  size_t count = options->listen_count;
  struct sl_server *server = calloc(1, sizeof *server + count * sizeof server->stations[0]);
  if (server == NULL) {
    snprintf(message, message_size, "there is no memory for the server");
    return NULL;
  }
  server->stop_seconds = options->stop_seconds;
  server->station_count = count;
  for (size_t i = 0; i < count; i++) {
    server->stations[i].listener = SL_NO_LISTENER;
    server->stations[i].service = &server->service;
  }
  if (!start(server, options, message, message_size)) {
    sl_server_stop(server);
    return NULL;
  }
  return server;
}

bool sl_server_is_encrypted(const struct sl_server *server, size_t listener) {
  return server->stations[listener].tls != NULL;
}

const char *sl_server_address(const struct sl_server *server, size_t listener) {
  return server->stations[listener].listener.address;
}

void sl_server_drain(struct sl_server *server) {
  atomic_store(&server->service.draining, true);
}

/* New clients are turned away, connections that are open stay. */
static void stop_listening(struct station *station) {
  if (station->daemon != NULL) {
    MHD_quiesce_daemon(station->daemon);
  }
  sl_listener_stop(&station->listener);
}

static bool requests_in_flight(const struct sl_server *server) {
  return atomic_load_explicit(&server->service.requests, memory_order_acquire) > 0;
}

/* Looks a hundred times a second: nothing on the path of a request has to tell us. */
static void wait_for_requests(const struct sl_server *server) {
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  for (uint64_t looks = server->stop_seconds * 100; looks > 0 && requests_in_flight(server);
       looks--) {
    nanosleep(&pause, NULL);
  }
}

void sl_server_stop(struct sl_server *server) {
  if (server == NULL) {
    return;
  }
  sl_server_drain(server);
  for (size_t i = 0; i < server->station_count; i++) {
    stop_listening(&server->stations[i]);
  }
  wait_for_requests(server);
  for (size_t i = 0; i < server->station_count; i++) {
    if (server->stations[i].daemon != NULL) {
      MHD_stop_daemon(server->stations[i].daemon);
    }
    sl_listener_close(&server->stations[i].listener);
  }
  if (server->service.no_memory != NULL) {
    MHD_destroy_response(server->service.no_memory);
  }
  sl_doors_close(&server->service.doors);
  sl_metrics_free(server->service.metrics);
  free(server);
}
