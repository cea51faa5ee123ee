#include "http/endpoint.h"

#include "core/codes.h"
#include "http/request.h"
#include "net/tls.h"
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* In the slot of a request for which there was no memory. Only its address matters. */
static const char no_request = 0;

/* NULL if there was no slot for it. */
static struct sl_connection *connection_of(struct MHD_Connection *handle) {
  return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void suspend_connection(struct sl_connection *connection) {
  MHD_suspend_connection(connection->handle);
  connection->suspended = true;
}

static void resume_connection(struct sl_connection *connection) {
  connection->suspended = false;
  connection->progress->ready = true;
  MHD_resume_connection(connection->handle);
}

void sl_loop_unpark(struct sl_loop *loop, struct sl_connection *connection) {
  sl_loop_forget(loop, connection->socket);
  resume_connection(connection);
}

/* On a compute thread. */
static void return_task(struct sl_task *task) {
  const struct sl_connection *connection = task->owner;
  struct sl_loop *loop = connection->loop;
  pthread_mutex_lock(&loop->mutex);
  task->next = loop->finished;
  loop->finished = task;
  /* Woken before the mutex is released: after that the worker may take the task, and end. */
  sl_loop_wake(loop);
  pthread_mutex_unlock(&loop->mutex);
}

/*
 * libmicrohttpd would read from a resumed connection before it calls for the request again, and
 * take the end of what the client sends for the end of the connection, although the whole request
 * has come. Connections with a timeout of their own it looks at before it reads from any.
 */
static void look_before_reading(struct sl_connection *connection, bool before) {
  enum { SECONDS = 1000 * 1000 }; /* longer than any request lives */
  connection->looks_first = before;
  MHD_set_connection_option(connection->handle, MHD_CONNECTION_OPTION_TIMEOUT,
                            before ? (unsigned)SECONDS : 0U);
}

/* Suspends the connection and has the task done on a compute thread; then libmicrohttpd calls for
 * the request again. */
static void compute_task(struct sl_connection *connection, struct sl_task *task) {
  struct sl_loop *loop = connection->loop;
  look_before_reading(connection, true);
  suspend_connection(connection);
  sl_connection_enter(connection, SL_STAGE_COMPUTE);
  loop->computing++;
  task->done = return_task;
  task->owner = connection;
  sl_compute_submit(&loop->service->compute, task);
}

void sl_loop_take_finished(struct sl_loop *loop, struct sl_task *task) {
  while (task != NULL) {
    struct sl_task *next = task->next;
    struct sl_connection *connection = task->owner;
    loop->computing--;
    sl_connection_enter(connection, SL_STAGE_BODY);
    resume_connection(connection);
    task = next;
  }
}

/*
 * TLS as libmicrohttpd does it. Up to 1.0.1 it takes a connection for readable for as long as its
 * handshake is not done, and with epoll asks it again and again: one client that connects and sends
 * nothing more takes a whole core. So a connection whose socket has run dry before its first
 * request is taken away from libmicrohttpd until there is something to read:
 *
 *     libmicrohttpd ── nothing to read ─► parked ── socket readable ─► libmicrohttpd
 *
 * GnuTLS reads through a function of ours, which sees both.
 */

/* The first byte of every TLS connection: the type of a record with a handshake message. */
enum { HANDSHAKE_RECORD = 22 };

/* Marks a client that speaks plain text: GnuTLS will refuse what it sent, and it is closed. */
static void check_first_byte(struct sl_connection *connection, const char *bytes) {
  if (!connection->has_sent && bytes[0] != HANDSHAKE_RECORD) {
    connection->ended = SL_OUTCOME_NOT_TLS;
  }
  connection->has_sent = true;
}

static ssize_t pull_bytes(gnutls_transport_ptr_t closure, void *bytes, size_t size) {
  struct sl_connection *connection = closure;
  ssize_t length = recv(connection->socket, bytes, size, 0);
  int reason = errno;
  if (length > 0) {
    check_first_byte(connection, bytes);
  } else if (length < 0 && (reason == EAGAIN || reason == EWOULDBLOCK) &&
             connection->stage == SL_STAGE_OPENED && !connection->is_dry) {
    connection->is_dry = true;
    connection->next_dry = *connection->dry;
    *connection->dry = connection;
  }
  errno = reason;
  return length;
}

/* GnuTLS wants one beside a pull function. */
static int wait_for_bytes(gnutls_transport_ptr_t closure, unsigned milliseconds) {
  const struct sl_connection *connection = closure;
  struct pollfd wanted = {.fd = connection->socket, .events = POLLIN};
  return poll(&wanted, 1, (int)milliseconds);
}

static gnutls_session_t session_of(struct MHD_Connection *handle) {
  return MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
}

/* Reads for an encrypted connection that has just been opened, whose handle is set. Each time its
 * socket runs dry before the first request, the connection is put on the list `dry`. */
static void watch_handshake(struct sl_connection *connection, struct sl_connection **dry) {
  gnutls_session_t session = session_of(connection->handle);
  gnutls_transport_ptr_t ignored, sender;
  gnutls_transport_get_ptr2(session, &ignored, &sender);
  gnutls_transport_set_ptr2(session, connection, sender);
  gnutls_transport_set_pull_function(session, pull_bytes);
  gnutls_transport_set_pull_timeout_function(session, wait_for_bytes);
  connection->dry = dry;
}

/* Takes a connection from the list, if it is on it. */
static void forget_handshake(struct sl_connection *connection) {
  if (!connection->is_dry) {
    return;
  }
  struct sl_connection **link = connection->dry;
  while (*link != connection) {
    link = &(*link)->next_dry;
  }
  *link = connection->next_dry;
  connection->is_dry = false;
}

/* libmicrohttpd wants a certificate for the whole daemon, or this: a connection that was not
 * equipped has none. */
static int refuse_unequipped(gnutls_session_t session, const struct gnutls_cert_retr_st *wanted,
                             gnutls_pcert_st **certificates, unsigned *certificate_count,
                             gnutls_ocsp_data_st **answers, unsigned *answer_count,
                             gnutls_privkey_t *key, unsigned *flags) {
  (void)session;
  (void)wanted;
  (void)certificates;
  (void)certificate_count;
  (void)answers;
  (void)answer_count;
  (void)key;
  (void)flags;
  return -1;
}

/* The loop has one client less, or one that was to come did not. */
static void lose_client(struct sl_loop *loop) {
  atomic_fetch_sub_explicit(&loop->load, 1, memory_order_relaxed);
}

static struct sl_connection *open_connection(struct sl_endpoint *endpoint,
                                             struct MHD_Connection *handle) {
  int socket = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const struct sockaddr *client =
      MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
  struct sl_loop *loop = endpoint->loop;
  struct sl_connection *connection =
      sl_connection_open(&loop->service->connections, socket, client, &loop->now);
  if (connection == NULL) {
    lose_client(loop);
    sl_metrics_count_refusal(endpoint->loop->service->metrics, SL_BUSY);
    sl_hang_up(socket);
    return NULL;
  }
  connection->progress = &endpoint->progress;
  connection->handle = handle;
  connection->encrypted = endpoint->tls != NULL;
  sl_capacity_take_buffer(&endpoint->loop->service->capacity, connection);
  connection->loop = loop;
  connection->link = loop->last;
  *loop->last = connection;
  loop->last = &connection->next;
  if (connection->encrypted) {
    watch_handshake(connection, &endpoint->dry);
  }
  return connection;
}

static void close_connection(struct sl_endpoint *endpoint, struct sl_connection *connection) {
  if (connection->ended == SL_OUTCOME_NOT_TLS) { /* not seen by anything else */
    const struct sl_record record = {.outcome = SL_OUTCOME_NOT_TLS, .offset = SL_NO_OFFSET};
    sl_service_report(endpoint->loop->service, &record);
  }
  forget_handshake(connection);
  sl_capacity_return_buffer(&endpoint->loop->service->capacity, connection);
  *connection->link = connection->next;
  if (connection->next != NULL) {
    connection->next->link = connection->link;
  } else {
    endpoint->loop->last = connection->link;
  }
  lose_client(endpoint->loop);
  sl_connection_close(connection);
}

static void on_connection(void *closure, struct MHD_Connection *handle, void **slot,
                          enum MHD_ConnectionNotificationCode what) {
  struct sl_endpoint *endpoint = closure;
  bool opened = what == MHD_CONNECTION_NOTIFY_STARTED;
  endpoint->progress.count++;
  sl_metrics_count_connection(endpoint->loop->service->metrics, opened);
  if (opened && endpoint->tls != NULL) {
    sl_tls_equip(endpoint->tls, session_of(handle));
  }
  if (opened) {
    *slot = open_connection(endpoint, handle);
    endpoint->arriving--;
    atomic_fetch_sub(&endpoint->loop->service->connections.arriving, 1);
  } else if (*slot != NULL) {
    close_connection(endpoint, *slot);
  }
}

static void *on_head(void *closure, const char *target, struct MHD_Connection *handle) {
  struct sl_endpoint *endpoint = closure;
  struct sl_connection *connection = connection_of(handle);
  endpoint->progress.count++;
  if (connection != NULL) {
    sl_head_note_target(&connection->marks, target);
    sl_connection_enter(connection, SL_STAGE_HEAD);
  }
  return NULL; /* what serve_request finds in the request's slot */
}

/* There was no memory for the request: takes its body, then answers with a 503 made at the start.
 */
static enum MHD_Result serve_without_memory(struct sl_service *service,
                                            struct MHD_Connection *handle, size_t *piece_length) {
  if (*piece_length > 0) {
    *piece_length = 0;
    return MHD_YES;
  }
  const struct sl_record record = {
      .status = MHD_HTTP_SERVICE_UNAVAILABLE, .code = SL_OUT_OF_MEMORY, .offset = SL_NO_OFFSET};
  sl_service_report(service, &record);
  sl_connection_enter(connection_of(handle), SL_STAGE_ANSWER);
  return MHD_queue_response(handle, MHD_HTTP_SERVICE_UNAVAILABLE, service->no_memory);
}

/* Queues the answer, or sets a task to be run before that. */
static enum MHD_Result answer_request(struct sl_request *request) {
  sl_connection_enter(request->connection, SL_STAGE_ANSWER);
  if (request->error.code != SL_OK) {
    return sl_response_problem(request);
  }
  if (request->page.is_preflight) {
    return sl_response_static(request, NULL, "");
  }
  return request->match.route->handle(request);
}

/* Makes the request, and answers it at once where its client waits for an error. */
static enum MHD_Result open_request(struct sl_endpoint *endpoint, struct MHD_Connection *handle,
                                    const struct sl_request_line *line, void **slot) {
  struct sl_loop *loop = endpoint->loop;
  struct sl_connection *connection = connection_of(handle);
  sl_connection_enter(connection, SL_STAGE_BODY);
  sl_connection_reconsider(connection);
  sl_capacity_reconsider(&loop->service->capacity, connection);
  struct sl_request *request =
      sl_request_new(&loop->spare, loop->service, endpoint->address, connection);
  if (request == NULL) {
    *slot = (void *)&no_request;
    return MHD_YES;
  }
  *slot = request;
  sl_request_open(request, line);
  return request->answer_now ? answer_request(request) : MHD_YES;
}

/*
 * The whole life of a request. libmicrohttpd calls this when the headers have come, once for every
 * piece of the body, and once more when the body is complete; and again after a suspension:
 *
 *     headers ─► open ─► take ... take ─► answer ─► on_completed
 *                 │       │  ▲             │  ▲
 *                 │       compute          compute        work that would hold up the event loop
 *                 └─► answer                              an error, if the client waits for it
 *
 * A compressed body is inflated as it is taken; at its end its checksum must have come.
 *
 * The first error is kept: the rest of the body is then read and thrown away, so that the client
 * gets to reading the answer. A piece is always taken whole, unless the request has work for a
 * compute thread: bytes left to libmicrohttpd can stall the connection.
 */
static enum MHD_Result serve_request(void *closure, struct MHD_Connection *handle,
                                     const char *target, const char *method, const char *version,
                                     const char *piece, size_t *piece_length, void **slot) {
  struct sl_endpoint *endpoint = closure;
  struct sl_connection *connection = connection_of(handle);
  struct sl_request *request = *slot;
  enum MHD_Result result;
  endpoint->progress.count++;
  if (connection == NULL) {
    return MHD_NO;
  }
  if (*slot == &no_request) {
    return serve_without_memory(endpoint->loop->service, handle, piece_length);
  }
  if (request == NULL) { /* the headers have come */
    const struct sl_request_line line = {method, target, version};
    return open_request(endpoint, handle, &line, slot);
  }
  if (connection->suspended) { /* another chunk had come with the one that brought work */
    return MHD_YES;
  }
  if (connection->looks_first) {
    look_before_reading(connection, false);
  }
  if (request->task.run != NULL) { /* the server stops: the work was not done */
    return MHD_NO;
  }
  if (*piece_length > 0) { /* a piece of the body has come */
    size_t offered = *piece_length;
    result = sl_request_take(request, piece, piece_length) ? MHD_YES : MHD_NO;
    sl_connection_move(connection, offered - *piece_length);
  } else { /* the body is complete */
    sl_record_enter(&request->record, SL_PHASE_COMPUTE);
    sl_request_finish_body(request);
    result = answer_request(request);
  }
  if (request->task.run != NULL) {
    compute_task(connection, &request->task);
  }
  return result;
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
  endpoint->progress.count++;
  if (request != NULL && *slot != &no_request) {
    sl_request_end(request, outcome_of(connection, how), &endpoint->loop->spare);
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
  static const struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_PRIORITIES, 0, SL_TLS_PRIORITIES},
      {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, refuse_unequipped},
      {MHD_OPTION_END, 0, NULL},
  };
  bool encrypted = endpoint->tls != NULL;
  unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
                   (encrypted ? MHD_USE_TLS : 0u);
  endpoint->daemon = MHD_start_daemon(
      flags, 0, NULL, NULL, serve_request, endpoint, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
      endpoint, MHD_OPTION_NOTIFY_CONNECTION, on_connection, endpoint, MHD_OPTION_URI_LOG_CALLBACK,
      on_head, endpoint, MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_LIMIT, NO_LIMIT,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_CONNECTION_MEMORY,
      MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT,
      sl_head_bytes_matter() ? 0 : 1, MHD_OPTION_ARRAY, encrypted ? tls : plain, MHD_OPTION_END);
  if (endpoint->daemon == NULL) {
    return false;
  }
  endpoint->events = MHD_get_daemon_info(endpoint->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
  return true;
}

void sl_endpoint_add(struct sl_endpoint *endpoint, int client, const struct sockaddr *address,
                     socklen_t length) {
  endpoint->progress.ready = true;
  endpoint->arriving++;
  if (MHD_add_connection(endpoint->daemon, client, address, length) != MHD_YES) {
    sl_metrics_count_refusal(endpoint->loop->service->metrics, SL_OUT_OF_MEMORY);
  }
}

/* Newer versions of libmicrohttpd open connections not when they are added, but when it runs. What
 * is not open then never will be. */
static void settle_arrivals(struct sl_endpoint *endpoint) {
  for (; endpoint->arriving > 0; endpoint->arriving--) {
    atomic_fetch_sub(&endpoint->loop->service->connections.arriving, 1);
    lose_client(endpoint->loop);
  }
}

static void park_handshakes(struct sl_endpoint *endpoint) {
  while (endpoint->dry != NULL) {
    struct sl_connection *connection = endpoint->dry;
    forget_handshake(connection);
    if (!connection->suspended && connection->stage == SL_STAGE_OPENED) {
      suspend_connection(connection);
      if (!sl_loop_watch(endpoint->loop, connection->socket, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT,
                         connection)) {
        resume_connection(connection);
      }
    }
  }
}

void sl_endpoint_run(struct sl_endpoint *endpoint) {
  uint64_t before = endpoint->progress.count;
  MHD_UNSIGNED_LONG_LONG wait = 1;
  endpoint->progress.ready = false;
  MHD_run(endpoint->daemon);
  settle_arrivals(endpoint);
  park_handshakes(endpoint);
  endpoint->progress.ready = endpoint->progress.ready || endpoint->progress.count != before ||
                             (MHD_get_timeout(endpoint->daemon, &wait) == MHD_YES && wait == 0);
}

void sl_endpoint_stop(struct sl_endpoint *endpoint) {
  if (endpoint->daemon != NULL) {
    MHD_stop_daemon(endpoint->daemon);
    endpoint->daemon = NULL;
  }
}
