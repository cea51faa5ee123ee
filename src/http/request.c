#include "http/request.h"

#include "http/access.h"
#include "http/cors.h"
#include <stdlib.h>
#include <string.h>

#define NANOSECONDS UINT64_C(1000000000)

struct sl_request *sl_request_new(struct sl_service *service, const char *address,
                                  struct sl_connection *connection) {
  struct sl_request *request = calloc(1, sizeof *request);
  if (request == NULL) {
    return NULL;
  }
  request->service = service;
  request->address = address;
  request->connection = connection;
  request->error = SL_NO_ERROR;
  sl_exchange_begin(&request->exchange);
  atomic_fetch_add_explicit(&service->requests, 1, memory_order_relaxed);
  return request;
}

void sl_request_free_body(struct sl_request *request) {
  sl_answer_free(request->answer);
  sl_decoder_free(request->decoder);
  request->answer = NULL;
  request->decoder = NULL;
}

void sl_request_end(struct sl_request *request, enum sl_ending ending) {
  struct sl_exchange *exchange = &request->exchange;
  if (exchange->ending == SL_ENDING_ANSWERED) {
    exchange->ending = ending;
  }
  const struct sl_route *route = request->match.route;
  exchange->id = request->id;
  exchange->traceparent = request->traceparent;
  exchange->client = request->client;
  if (route != NULL) {
    exchange->method = request->head ? "HEAD" : route->method;
    exchange->path = route->path;
  }
  if (exchange->code == SL_OK) {
    exchange->code = request->error.code; /* latched, but not answered */
  }
  exchange->offset = request->error.offset;
  sl_exchange_enter(exchange, SL_PHASE_COUNT);
  sl_service_end_exchange(request->service, exchange);
}

void sl_request_free(struct sl_request *request) {
  if (request == NULL) {
    return;
  }
  sl_request_free_body(request);
  sl_admission_end(&request->admission);
  atomic_fetch_sub_explicit(&request->service->requests, 1, memory_order_release);
  free(request);
}

/* From now on the body is read, so that the client gets to reading the answer, and thrown away. */
static void discard_body(struct sl_request *request) {
  sl_request_free_body(request);
  sl_admission_end(&request->admission);
  request->discard_until = sl_now() + request->service->drain_seconds * NANOSECONDS;
}

void sl_request_refuse(struct sl_request *request, const struct sl_error *error) {
  if (request->error.code == SL_OK) {
    request->error = *error;
  }
  discard_body(request);
}

static void check_query(struct MHD_Connection *connection, struct sl_error *error) {
  if (MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, NULL, NULL) > 0) {
    sl_fail(error, SL_UNEXPECTED_QUERY,
            "the path ends in a query string; put all options into the JSON body");
  }
}

static enum sl_status check_header_size(const struct sl_request *request,
                                        struct MHD_Connection *connection, struct sl_error *error) {
  uint64_t limit = request->service->header_bytes;
  size_t size =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
  return size <= limit ? SL_OK
                       : sl_fail(error, SL_HEADERS_TOO_LARGE,
                                 "the headers have %zu bytes, the limit (header_bytes) is %ju",
                                 size, (uintmax_t)limit);
}

static void check_announced_length(const struct sl_request *request, struct sl_error *error) {
  uint64_t limit = request->service->limits.body_bytes;
  if (request->headers.content_length > limit) {
    sl_fail(error, SL_BODY_TOO_LARGE, "the body has %ju bytes, the limit (body_bytes) is %ju",
            (uintmax_t)request->headers.content_length, (uintmax_t)limit);
  }
}

/* Who may not come in is not told either whether there is something at the path. */
static bool let_in(struct sl_request *request, struct MHD_Connection *connection,
                   struct sl_error *error) {
  const struct sl_route *route = request->match.route;
  struct sl_error refusal = SL_NO_ERROR;
  if ((route != NULL && route->open) || sl_access_check(request->service->doors.access, connection,
                                                        request->client, &refusal) == SL_OK) {
    return true;
  }
  *error = refusal;
  return false;
}

/* Everything that can be said before the body comes; the first trouble stays in `error`. */
static void check_headers(struct sl_request *request, struct MHD_Connection *connection,
                          const char *path, const char *method, const char *version,
                          struct sl_error *error) {
  if (sl_headers_check_framing(&request->headers, version, error) != SL_OK) {
    request->must_close = true;
    return;
  }
  request->must_close =
      request->connection->surplus != SL_NO_SURPLUS || request->connection->crowded;
  if (check_header_size(request, connection, error) != SL_OK) {
    return;
  }
  sl_route_find(&request->match, method, path, error);
  if (request->service->doors.origins != NULL &&
      sl_cors_check(request, connection, method, error) != SL_OK) {
    return;
  }
  if (request->service->doors.access != NULL && !let_in(request, connection, error)) {
    return;
  }
  if (error->code != SL_OK || !request->match.route->takes_body) {
    return;
  }
  request->exchange.loss = request->match.loss;
  check_query(connection, error);
  sl_headers_check_content(&request->headers, error);
  check_announced_length(request, error);
  if (error->code == SL_OK) {
    sl_admit(&request->admission, &request->service->capacity, request->connection, error);
  }
}

/*
 * Whether an error is answered before the body has come. libmicrohttpd closes the connection then
 * (and only for these methods), which a client that is still sending sees as a broken pipe; so only
 * where the client waits for our word, where no byte behind the headers can be trusted, where
 * there would be too much to throw away, or no memory for the buffers that this takes.
 */
static bool can_answer_now(const struct sl_request *request, const struct sl_error *error,
                           const char *method, const char *version) {
  bool waits = request->headers.wants_continue && strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
  bool hopeless =
      request->headers.content_length > request->service->drain_bytes ||
      (request->connection->crowded && sl_capacity_is_exhausted(&request->service->capacity));
  bool uploads = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
  bool ambiguous = error->code == SL_BAD_REQUEST;
  return uploads && (waits || hopeless || ambiguous);
}

void sl_request_open(struct sl_request *request, struct MHD_Connection *connection,
                     const char *path, const char *method, const char *version) {
  sl_headers_read(&request->headers, connection);
  sl_request_id_choose(request->id, request->headers.request_id);
  if (request->headers.traceparent != NULL) {
    sl_traceparent_read(request->traceparent, request->headers.traceparent);
  }
  request->head = strcmp(method, "HEAD") == 0;
  struct sl_error error = SL_NO_ERROR;
  check_headers(request, connection, path, method, version, &error);

  if (error.code == SL_OK && request->match.route->takes_body) {
    request->decoder = sl_decoder_new(request->match.loss, &request->service->limits,
                                      &request->admission.memory);
    if (request->decoder != NULL) {
      return;
    }
    sl_fail(&error, SL_OUT_OF_MEMORY, "there is no memory for this request now, try again later");
  }
  request->error = error;
  discard_body(request);
  request->answer_now = error.code != SL_OK && can_answer_now(request, &error, method, version);
}

/* Counts what is thrown away. False beyond the bounds. */
static bool discard(struct sl_request *request, size_t length) {
  request->discarded += length;
  bool within =
      request->discarded <= request->service->drain_bytes && sl_now() <= request->discard_until;
  if (!within) {
    request->exchange.ending = SL_ENDING_DRAIN_BOUNDS;
  }
  return within;
}

static enum sl_status feed(struct sl_decoder *decoder, const char *bytes, size_t length) {
  size_t consumed;
  enum sl_status status;
  while ((status = sl_decoder_feed(decoder, bytes, length, &consumed)) == SL_HAS_WORK) {
    sl_decoder_work(decoder);
    bytes += consumed;
    length -= consumed;
  }
  return status;
}

bool sl_request_take(struct sl_request *request, const char *bytes, size_t length) {
  request->exchange.body_bytes += length;
  if (request->decoder == NULL) {
    return discard(request, length);
  }
  uint64_t limit = request->service->limits.body_bytes;
  if (request->exchange.body_bytes > limit) {
    struct sl_error error = SL_NO_ERROR;
    sl_fail(&error, SL_BODY_TOO_LARGE, "the body is larger than the limit (body_bytes) of %ju",
            (uintmax_t)limit);
    sl_request_refuse(request, &error);
  } else if (feed(request->decoder, bytes, length) != SL_OK) {
    sl_request_refuse(request, sl_decoder_error(request->decoder));
  }
  return true;
}
