#include "http/endpoint.h"

#include "core/codes.h"
#include "http/handshake.h"
#include "http/head_bytes.h"
#include "http/metrics.h"
#include "http/options.h"
#include "http/request.h"
#include "http/response.h"
#include "http/worker.h"
#include "net/tls.h"
#include <microhttpd.h>
#include <sys/socket.h>
#include <unistd.h>

/* In the slot of a request for which there was no memory. Only its address matters. */
static const char no_request = 0;

/* NULL if there was no slot for it. */
static struct sl_connection *connection_of(struct MHD_Connection *handle) {
  return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static struct sl_connection *open_connection(struct sl_endpoint *endpoint,
                                             struct MHD_Connection *handle) {
  int wire = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const struct sockaddr *client =
      MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  struct sl_worker *worker = endpoint->worker;
  struct sl_connection *connection =
      sl_connection_open(worker->all->connections, wire, client, &worker->now);
  if (connection == NULL) {
    sl_worker_lost(worker);
    sl_metrics_count_refusal(endpoint->service->metrics, SL_BUSY);
    sl_hang_up(wire);
    return NULL;
  }
  connection->endpoint = endpoint;
  connection->handle = handle;
  connection->encrypted = endpoint->tls != NULL;
  sl_capacity_take_buffer(&endpoint->service->capacity, connection);
  sl_worker_opened(worker, connection);
  if (connection->encrypted) {
    sl_handshake_watch(connection, &endpoint->dry);
  }
  return connection;
}

/* A client that spoke plain text to TLS is not seen by anything else. */
static void report_plain_text(const struct sl_endpoint *endpoint,
                              const struct sl_connection *connection) {
  if (connection->ended == SL_OUTCOME_NOT_TLS) {
    struct sl_record record = {.outcome = SL_OUTCOME_NOT_TLS, .offset = SL_NO_OFFSET};
    sl_service_report(endpoint->service, &record);
  }
}

static void close_connection(struct sl_endpoint *endpoint, struct sl_connection *connection) {
  report_plain_text(endpoint, connection);
  sl_handshake_forget(connection);
  sl_capacity_return_buffer(&endpoint->service->capacity, connection);
  sl_worker_closed(endpoint->worker, connection);
  sl_connection_close(connection);
}

static void on_connection(void *closure, struct MHD_Connection *handle, void **slot,
                          enum MHD_ConnectionNotificationCode what) {
  struct sl_endpoint *endpoint = closure;
  bool opened = what == MHD_CONNECTION_NOTIFY_STARTED;
  endpoint->activity++;
  sl_metrics_count_connection(endpoint->service->metrics, opened);
  if (opened && endpoint->tls != NULL) {
    sl_tls_equip(endpoint->tls, handle);
  }
  if (opened) {
    *slot = open_connection(endpoint, handle);
  } else if (*slot != NULL) {
    close_connection(endpoint, *slot);
  }
}

static void *on_head(void *closure, const char *target, struct MHD_Connection *handle) {
  struct sl_endpoint *endpoint = closure;
  struct sl_connection *connection = connection_of(handle);
  endpoint->activity++;
  if (connection != NULL) {
    sl_head_note_target(&connection->marks, target, endpoint->service->capacity.buffer_memory);
    sl_connection_enter(connection, SL_STAGE_HEAD);
  }
  return NULL; /* what begin finds in the request's slot */
}

static enum MHD_Result begin(struct sl_endpoint *endpoint, struct MHD_Connection *handle,
                             const char *path, const char *method, const char *version,
                             void **slot) {
  struct sl_connection *connection = connection_of(handle);
  if (connection == NULL) {
    return MHD_NO;
  }
  sl_connection_enter(connection, SL_STAGE_BODY);
  sl_connection_reconsider(connection);
  sl_capacity_reconsider(&endpoint->service->capacity, connection);
  struct sl_request *request = sl_request_new(endpoint->service, endpoint->address, connection);
  if (request == NULL) {
    *slot = (void *)&no_request;
    return MHD_YES;
  }
  *slot = request;
  sl_request_open(request, handle, path, method, version);
  if (!request->answer_now) {
    return MHD_YES;
  }
  sl_connection_enter(connection, SL_STAGE_ANSWER);
  return sl_response_problem(request, handle);
}

/* There was no memory for the request: 503 from what stands ready. */
static enum MHD_Result answer_without_memory(struct sl_service *service,
                                             struct MHD_Connection *handle) {
  struct sl_record record = {
      .status = MHD_HTTP_SERVICE_UNAVAILABLE, .code = SL_OUT_OF_MEMORY, .offset = SL_NO_OFFSET};
  sl_service_report(service, &record);
  return MHD_queue_response(handle, MHD_HTTP_SERVICE_UNAVAILABLE, service->no_memory);
}

/*
 * libmicrohttpd calls this once when the headers have come, once for every piece of the body, and
 * once more when the body is complete; and again where it was suspended, when it is resumed. Unless
 * it is, a piece is always taken whole: bytes left to libmicrohttpd can stall the connection.
 */
static enum MHD_Result on_request(void *closure, struct MHD_Connection *handle, const char *path,
                                  const char *method, const char *version, const char *piece,
                                  size_t *piece_length, void **slot) {
  struct sl_endpoint *endpoint = closure;
  endpoint->activity++;
  if (*slot == NULL) {
    return begin(endpoint, handle, path, method, version, slot);
  }
  bool counted = *slot != &no_request;
  struct sl_request *request = *slot;
  struct sl_connection *connection = connection_of(handle);
  sl_worker_continue(connection);
  if (*piece_length > 0 && counted) {
    size_t offered = *piece_length;
    bool ok = sl_request_take(request, piece, piece_length);
    sl_connection_move(connection, offered - *piece_length);
    return ok ? MHD_YES : MHD_NO;
  }
  if (*piece_length > 0) {
    *piece_length = 0;
    return MHD_YES;
  }
  sl_connection_enter(connection, SL_STAGE_ANSWER);
  if (!counted) {
    return answer_without_memory(endpoint->service, handle);
  }
  sl_record_enter(&request->record, SL_PHASE_COMPUTE);
  if (request->error.code != SL_OK) {
    return sl_response_problem(request, handle);
  }
  return request->match.route->answer(request, handle);
}

static enum sl_outcome outcome_of(const struct sl_connection *connection,
                                  enum MHD_RequestTerminationCode how) {
  switch (how) {
  case MHD_REQUEST_TERMINATED_COMPLETED_OK:
    return SL_OUTCOME_ANSWERED;
  case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
    return SL_OUTCOME_STOPPED;
  default:
    return connection->ended != SL_OUTCOME_ANSWERED ? connection->ended : SL_OUTCOME_CLIENT_LEFT;
  }
}

/* The last byte of the answer is sent, or the connection is gone. */
static void on_completed(void *closure, struct MHD_Connection *handle, void **slot,
                         enum MHD_RequestTerminationCode how) {
  struct sl_endpoint *endpoint = closure;
  struct sl_request *request = *slot;
  struct sl_connection *connection = connection_of(handle);
  endpoint->activity++;
  if (request != NULL && *slot != &no_request) {
    sl_request_end(request, outcome_of(connection, how));
    sl_request_free(request);
  }
  *slot = NULL;
  if (connection != NULL) {
    sl_connection_enter(connection, SL_STAGE_WAITING);
  }
}

/* Paths are compared as they come: none of ours has a character that needs a percent sign. */
static size_t leave_escapes(void *closure, struct MHD_Connection *handle, char *text) {
  (void)closure;
  (void)handle;
  size_t length = 0;
  while (text[length] != '\0') {
    length++;
  }
  return length;
}

/* Of connections: the table counts them, not libmicrohttpd, whose limit is one for each daemon. */
#define NO_LIMIT (1U << 30)

bool sl_endpoint_start(struct sl_endpoint *endpoint) {
  static const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  bool encrypted = endpoint->tls != NULL;
  unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                   (encrypted ? MHD_USE_TLS : 0u);
  endpoint->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, on_request, endpoint, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
      endpoint, MHD_OPTION_NOTIFY_CONNECTION, on_connection, endpoint, MHD_OPTION_URI_LOG_CALLBACK,
      on_head, endpoint, MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_LIMIT, NO_LIMIT,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_CONNECTION_MEMORY,
      MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT,
      sl_head_bytes_matter() ? 0 : 1, MHD_OPTION_ARRAY, encrypted ? sl_tls_daemon_options() : plain,
      MHD_OPTION_END);
  if (endpoint->daemon == NULL) {
    return false;
  }
  endpoint->events = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  return true;
}

void sl_endpoint_add(struct sl_endpoint *endpoint, int client, const struct sockaddr *address,
                     socklen_t length) {
  uint64_t before = endpoint->activity;
  endpoint->ready = true;
  bool added = MHD_add_connection(endpoint->daemon, client, address, length) == MHD_YES;
  atomic_fetch_sub(&endpoint->worker->all->connections->arriving, 1);
  if (!added) {
    if (endpoint->activity == before) { /* else it was opened, and closed again */
      sl_worker_lost(endpoint->worker);
    }
    sl_metrics_count_refusal(endpoint->service->metrics, SL_OUT_OF_MEMORY);
  }
}

static void park_handshakes(struct sl_endpoint *endpoint) {
  while (endpoint->dry != NULL) {
    struct sl_connection *connection = endpoint->dry;
    sl_handshake_forget(connection);
    if (!connection->suspended && connection->stage == SL_STAGE_OPENED) {
      sl_worker_park(endpoint->worker, connection);
    }
  }
}

void sl_endpoint_run(struct sl_endpoint *endpoint) {
  uint64_t before = endpoint->activity;
  MHD_UNSIGNED_LONG_LONG wait = 1;
  endpoint->ready = false;
  MHD_run(endpoint->daemon);
  park_handshakes(endpoint);
  endpoint->ready = endpoint->ready || endpoint->activity != before ||
                    (MHD_get_timeout(endpoint->daemon, &wait) == MHD_YES && wait == 0);
}

void sl_endpoint_stop(struct sl_endpoint *endpoint) {
  if (endpoint->daemon != NULL) {
    MHD_stop_daemon(endpoint->daemon);
    endpoint->daemon = NULL;
  }
}
