#include "http/server.h"

#include "http/doors.h"
#include "http/engine.h"
#include "http/listener.h"
#include "http/metrics.h"
#include "http/reaper.h"
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
  struct sl_connections *connections;
  struct MHD_Daemon *daemon;
};

struct sl_server {
  struct sl_service service;
  struct sl_connections connections;
  struct sl_reaper reaper;
  uint64_t stop_delay_seconds;
  uint64_t stop_seconds;
  size_t station_count;
  struct station stations[];
};

/* How many connections there may be. */
enum { PLACES = 1024 };

/* Stands in the place of a request for which there was no memory. Only its address matters. */
static const char no_request = 0;

/* The place in the table of connections; NULL if there was none. */
static struct sl_connection *place_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static enum MHD_Result on_client(void *closure, const struct sockaddr *address, socklen_t length) {
  (void)address;
  (void)length;
  struct station *station = closure;
  return sl_connections_are_full(station->connections) ? MHD_NO : MHD_YES;
}

static void on_connection(void *closure, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what) {
  struct station *station = closure;
  bool opened = what == MHD_CONNECTION_NOTIFY_STARTED;
  sl_metrics_count_connection(station->service->metrics, opened);
  if (opened && station->tls != NULL) {
    sl_tls_equip(station->tls, connection);
  }
  if (opened) {
    int wire = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *place = sl_connection_open(station->connections, wire);
    if (*place == NULL) {
      shutdown(wire, SHUT_RDWR);
    }
  } else if (*place != NULL) {
    sl_connection_close(*place);
  }
}

static void *on_head(void *closure, const char *target, struct MHD_Connection *connection) {
  (void)closure;
  (void)target;
  struct sl_connection *place = place_of(connection);
  if (place != NULL) {
    sl_connection_enter(place, SL_STAGE_HEAD);
  }
  return NULL; /* what begin finds in the request's slot */
}

static enum MHD_Result begin(struct station *station, struct MHD_Connection *connection,
                             const char *path, const char *method, const char *version,
                             void **slot) {
  struct sl_connection *place = place_of(connection);
  if (place == NULL) {
    return MHD_NO;
  }
  sl_connection_enter(place, SL_STAGE_BODY);
  struct sl_request *request = sl_request_new(station->service, station->listener.address, place);
  if (request == NULL) {
    *slot = (void *)&no_request;
    return MHD_YES;
  }
  *slot = request;
  sl_request_open(request, connection, path, method, version);
  if (!request->answer_now) {
    return MHD_YES;
  }
  sl_connection_enter(place, SL_STAGE_ANSWER);
  return sl_reply_problem(request, connection);
}

/* There was no memory for the request: 503 from what stands ready. */
static enum MHD_Result answer_without_memory(struct sl_service *service,
                                             struct MHD_Connection *connection) {
  struct sl_exchange exchange = {
      .status = MHD_HTTP_SERVICE_UNAVAILABLE, .code = SL_OUT_OF_MEMORY, .offset = SL_NO_OFFSET};
  sl_service_end_exchange(service, &exchange);
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
    sl_connection_move(place_of(connection));
    return !counted || sl_request_take(request, piece, length) ? MHD_YES : MHD_NO;
  }
  sl_connection_enter(place_of(connection), SL_STAGE_ANSWER);
  if (!counted) {
    return answer_without_memory(station->service, connection);
  }
  sl_exchange_enter(&request->exchange, SL_PHASE_COMPUTE);
  if (request->error.code != SL_OK) {
    return sl_reply_problem(request, connection);
  }
  return request->match.route->answer(request, connection);
}

static enum sl_ending ending_of(const struct sl_connection *place,
                                enum MHD_RequestTerminationCode how) {
  switch (how) {
  case MHD_REQUEST_TERMINATED_COMPLETED_OK:
    return SL_ENDING_ANSWERED;
  case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
    return SL_ENDING_STOPPED;
  default:
    break;
  }
  enum sl_ending ended = (enum sl_ending)atomic_load_explicit(&place->ended, memory_order_relaxed);
  return ended != SL_ENDING_ANSWERED ? ended : SL_ENDING_CLIENT_LEFT;
}

/* The last byte of the answer is sent, or the connection is gone. */
static void on_completed(void *closure, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how) {
  (void)closure;
  struct sl_request *request = *slot;
  struct sl_connection *place = place_of(connection);
  if (request != NULL && *slot != &no_request) {
    sl_request_end(request, ending_of(place, how));
    sl_request_free(request);
  }
  *slot = NULL;
  if (place != NULL) {
    sl_connection_enter(place, SL_STAGE_WAITING);
  }
}

static bool start_station(struct station *station, const struct sl_server_options *options) {
  const struct sl_engine calls = {
      .encrypted = station->tls != NULL,
      .on_request = on_request,
      .on_completed = on_completed,
      .on_client = on_client,
      .on_connection = on_connection,
      .on_head = on_head,
      .closure = station,
  };
  station->daemon = sl_engine_start(options, station->listener.socket, &calls);
  return station->daemon != NULL;
}

static bool init_service(struct sl_service *service, const struct sl_server_options *options) {
  service->limits = options->limits;
  service->drain_bytes = options->drain_bytes;
  service->drain_seconds = options->drain_seconds;
  service->report = options->report;
  service->report_closure = options->report_closure;
  atomic_init(&service->draining, false);
  atomic_init(&service->requests, 0);
  service->no_memory = sl_reply_no_memory_new();
  service->metrics = sl_metrics_new(options->listen_count * sl_engine_threads(options));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  service->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
  return service->no_memory != NULL && service->metrics != NULL;
}

static bool start_reaper(struct sl_server *server, const struct sl_server_options *options) {
  server->reaper = (struct sl_reaper){
      .connections = &server->connections,
      .metrics = server->service.metrics,
      .deadlines = {.idle_seconds = options->idle_seconds,
                    .header_seconds = options->header_seconds,
                    .request_seconds = options->request_seconds},
      .tell = options->tell,
      .closure = options->tell_closure,
  };
  return sl_connections_init(&server->connections, PLACES) && sl_reaper_start(&server->reaper);
}

bool sl_server_check(const struct sl_server_options *options, char *message, size_t message_size) {
  struct sl_doors doors;
  bool good = sl_doors_open(&doors, options, message, message_size);
  sl_doors_close(&doors);
  return good;
}

static bool open_listener(struct sl_listener *listener, const struct sl_server_options *options,
                          size_t index, char *message, size_t message_size) {
  if (options->listen == NULL) {
    return sl_listener_adopt(listener, options->first_socket + (int)index, message, message_size);
  }
  return sl_listener_open(listener, options->listen[index], &options->unix_file, message,
                          message_size);
}

/* All addresses are bound before the first one is served: a server starts whole or not at all. */
static bool start(struct sl_server *server, const struct sl_server_options *options, char *message,
                  size_t message_size) {
  if (!init_service(&server->service, options) || !start_reaper(server, options)) {
    snprintf(message, message_size, "there is no memory for the server");
    return false;
  }
  if (!sl_doors_open(&server->service.doors, options, message, message_size)) {
    return false;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    struct station *station = &server->stations[i];
    if (!open_listener(&station->listener, options, i, message, message_size)) {
      return false;
    }
    bool local = sl_address_is_unix(station->listener.address);
    station->tls = local ? NULL : server->service.doors.tls;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    if (!start_station(&server->stations[i], options)) {
      snprintf(message, message_size, "cannot serve %s: no memory or no threads",
               server->stations[i].listener.address);
      return false;
    }
  }
  return true;
}

/* Tolerates any half-started state. */
static void free_server(struct sl_server *server) {
  for (size_t i = 0; i < server->station_count; i++) {
    if (server->stations[i].daemon != NULL) {
      MHD_stop_daemon(server->stations[i].daemon);
    }
    sl_listener_close(&server->stations[i].listener);
  }
  sl_reaper_stop(&server->reaper);
  sl_connections_free(&server->connections);
  if (server->service.no_memory != NULL) {
    MHD_destroy_response(server->service.no_memory);
  }
  sl_doors_close(&server->service.doors);
  sl_metrics_free(server->service.metrics);
  free(server);
}

struct sl_server *sl_server_start(const struct sl_server_options *options, char *message,
                                  size_t message_size) {
  size_t count = options->listen_count;
  struct sl_server *server = calloc(1, sizeof *server + count * sizeof server->stations[0]);
  if (server == NULL) {
    snprintf(message, message_size, "there is no memory for the server");
    return NULL;
  }
  server->stop_delay_seconds = options->stop_delay_seconds;
  server->stop_seconds = options->stop_seconds;
  server->station_count = count;
  for (size_t i = 0; i < count; i++) {
    server->stations[i].listener = SL_NO_LISTENER;
    server->stations[i].service = &server->service;
    server->stations[i].connections = &server->connections;
  }
  if (!start(server, options, message, message_size)) {
    free_server(server);
    return NULL;
  }
  return server;
}

const char *sl_server_exposed_address(const struct sl_server *server) {
  for (size_t i = 0; server->service.doors.access == NULL && i < server->station_count; i++) {
    const char *address = server->stations[i].listener.address;
    if (!sl_address_is_local(address)) {
      return address;
    }
  }
  return NULL;
}

bool sl_server_is_encrypted(const struct sl_server *server, size_t listener) {
  return server->stations[listener].tls != NULL;
}

const char *sl_server_address(const struct sl_server *server, size_t listener) {
  return server->stations[listener].listener.address;
}

bool sl_server_reload(struct sl_server *server, char *message, size_t message_size) {
  return sl_doors_reload(&server->service.doors, message, message_size);
}

void sl_server_drain(struct sl_server *server) {
  atomic_store(&server->service.draining, true);
}

/* Clients that have connected already, but were not yet taken in, are. */
static void take_in_the_last(struct station *station) {
  for (;;) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int wire = accept4(station->listener.socket, (struct sockaddr *)&address, &length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (wire < 0) {
      return;
    }
    MHD_add_connection(station->daemon, wire, (struct sockaddr *)&address, length);
  }
}

/* New clients are turned away, connections that are open stay. */
static void stop_listening(struct station *station) {
  MHD_quiesce_daemon(station->daemon);
  take_in_the_last(station);
  sl_listener_stop(&station->listener);
}

static bool is_open(const struct sl_server *server) {
  return atomic_load_explicit(&server->connections.open, memory_order_acquire) > 0;
}

/* Looks a hundred times a second: nothing on the path of a request has to tell us. */
static void wait_for_connections(const struct sl_server *server) {
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  for (uint64_t looks = server->stop_seconds * 100; looks > 0 && is_open(server); looks--) {
    nanosleep(&pause, NULL);
  }
}

void sl_server_stop(struct sl_server *server) {
  if (server == NULL) {
    return;
  }
  sl_server_drain(server);
  const struct timespec delay = {.tv_sec = (time_t)server->stop_delay_seconds};
  nanosleep(&delay, NULL);
  for (size_t i = 0; i < server->station_count; i++) {
    stop_listening(&server->stations[i]);
  }
  atomic_store(&server->reaper.closing, true);
  wait_for_connections(server);
  free_server(server);
}
