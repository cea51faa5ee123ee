#include "http/station.h"

#include "http/engine.h"
#include "http/metrics.h"
#include "http/reply.h"
#include "http/request.h"
#include "http/tls.h"
#include <sys/socket.h>
#include <unistd.h>

/* Stands in the place of a request for which there was no memory. Only its address matters. */
static const char no_request = 0;

/* The place in the table of connections; NULL if there was none. */
static struct sl_connection *place_of(struct MHD_Connection *connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Where even those who would be told that they are one too many have no place, nothing is said. */
static void take_in(void *closure, int client, const struct sockaddr *address, socklen_t length) {
  struct sl_station *station = closure;
  if (sl_connections_are_full(station->connections)) {
    sl_metrics_count_refusal(station->service->metrics, SL_BUSY);
    close(client);
    return;
  }
  atomic_fetch_add(&station->connections->coming, 1);
  if (!sl_engine_add(station->engine, client, address, length)) {
    atomic_fetch_sub(&station->connections->coming, 1);
  }
}

static void on_connection(void *closure, struct MHD_Connection *connection, void **place,
                          enum MHD_ConnectionNotificationCode what) {
  struct sl_station *station = closure;
  bool opened = what == MHD_CONNECTION_NOTIFY_STARTED;
  sl_metrics_count_connection(station->service->metrics, opened);
  if (opened && station->tls != NULL) {
    sl_tls_equip(station->tls, connection);
  }
  if (opened) {
    int wire = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const struct sockaddr *client =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    *place = sl_connection_open(station->connections, wire, client);
    atomic_fetch_sub(&station->connections->coming, 1);
    if (*place == NULL) {
      sl_metrics_count_refusal(station->service->metrics, SL_BUSY);
      shutdown(wire, SHUT_RDWR);
    }
  } else if (*place != NULL) {
    sl_capacity_return_buffer(&station->service->capacity, *place);
    sl_connection_close(*place);
  }
}

static void *on_head(void *closure, const char *target, struct MHD_Connection *connection) {
  (void)closure;
  struct sl_connection *place = place_of(connection);
  if (place != NULL) {
    sl_head_note_target(&place->marks, target);
    sl_connection_enter(place, SL_STAGE_HEAD);
  }
  return NULL; /* what begin finds in the request's slot */
}

static enum MHD_Result begin(struct sl_station *station, struct MHD_Connection *connection,
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
  sl_capacity_take_buffer(&station->service->capacity, place);
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
  struct sl_station *station = closure;
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

bool sl_station_start(struct sl_station *station, const struct sl_server_options *options) {
  const struct sl_engine_calls calls = {
      .encrypted = station->tls != NULL,
      .on_request = on_request,
      .on_completed = on_completed,
      .on_connection = on_connection,
      .on_head = on_head,
      .closure = station,
  };
  station->engine = sl_engine_start(options, &calls);
  station->acceptor = (struct sl_acceptor){
      .listening_socket = station->listener.socket, .take = take_in, .closure = station};
  return station->engine != NULL && sl_acceptor_start(&station->acceptor);
}

void sl_station_stop_listening(struct sl_station *station) {
  sl_acceptor_stop(&station->acceptor);
  sl_listener_stop(&station->listener);
}

void sl_station_close(struct sl_station *station) {
  sl_acceptor_stop(&station->acceptor);
  sl_engine_stop(station->engine);
  station->engine = NULL;
  sl_listener_close(&station->listener);
}
