#include "http/request.h"

#include "core/codes.h"
#include "http/problem.h"
#include "net/listener.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sl_request *sl_request_new(struct sl_request **spare, struct sl_service *service,
                                  const char *address, struct sl_connection *connection) {
  struct sl_request *request = *spare != NULL ? *spare : malloc(sizeof *request);
  if (request == NULL) {
    return NULL;
  }
  *spare = NULL;
  memset(request, 0, offsetof(struct sl_request, block));
  request->service = service;
  request->address = address;
  request->connection = connection;
  request->error.offset = SL_NO_OFFSET;
  sl_record_enter(&request->record, SL_PHASE_RECEIVE);
  atomic_fetch_add_explicit(&service->requests, 1, memory_order_relaxed);
  return request;
}

/* As soon as neither the body nor the answer is needed. */
static void free_body(struct sl_request *request) {
  sl_answer_free(request->answer);
  sl_inflater_free(request->inflater);
  sl_decoder_free(request->decoder);
  request->answer = NULL;
  request->inflater = NULL;
  request->decoder = NULL;
}

/* What still comes of the body is read, so that the client gets to reading the answer, and thrown
 * away. */
static void discard_body(struct sl_request *request) {
  free_body(request);
  sl_admission_end(&request->admission);
}

void sl_request_end(struct sl_request *request, enum sl_outcome outcome,
                    struct sl_request **spare) {
  struct sl_record *record = &request->record;
  if (record->outcome == SL_OUTCOME_ANSWERED) {
    record->outcome = outcome;
  }
  const struct sl_route *route = request->match.route;
  bool routed = route != NULL;
  record->id = request->id;
  record->traceparent = request->traceparent;
  record->client = request->client;
  record->method = !routed ? request->unrouted_method : request->head ? "HEAD" : route->method;
  record->path = routed ? route->path : request->unrouted_path;
  if (record->code == SL_OK) {
    record->code = request->error.code; /* latched, but not answered */
  }
  record->offset = request->error.offset;
  sl_record_enter(record, SL_PHASE_COUNT);
  sl_service_report(request->service, record);
  discard_body(request);
  atomic_fetch_sub_explicit(&request->service->requests, 1, memory_order_release);
  free(*spare);
  *spare = request;
}

/* Browsers ask for text/html by name, other clients for anything. */
static void prefer_html(struct sl_request *request) {
  const char *accept = request->headers.accept;
  const struct sl_route *route = request->match.route;
  if (route != NULL && route->for_browsers != NULL && accept != NULL &&
      strcasestr(accept, "text/html") != NULL) {
    request->match.route = route->for_browsers;
  }
}

/* Finds the route. Authenticates before 404 and 405, so that paths cannot be probed. */
static enum sl_status find_route(struct sl_request *request, const struct sl_request_line *line,
                                 struct sl_error *error) {
  struct sl_service *service = request->service;
  service->options.find_route(&request->match, line->method, line->target, error);
  prefer_html(request);
  bool open = request->match.route != NULL && request->match.route->open;
  if (!open && sl_auth_is_required(&service->auth)) {
    struct sl_error refusal = SL_NO_ERROR;
    if (sl_auth_check(&service->auth, request->connection, &request->headers, request->client,
                      &refusal) != SL_OK) {
      *error = refusal;
    }
  }
  return error->code;
}

static enum sl_status check_page_of(struct sl_request *request, const struct sl_request_line *line,
                                    struct sl_error *error) {
  const struct sl_page_request page_request = {.headers = &request->headers,
                                               .method = line->method,
                                               .address = request->address,
                                               .encrypted = request->connection->encrypted};
  return sl_cors_check(&request->page, &request->service->options, &page_request, error);
}

/* Whether libmicrohttpd may have read the end of the body wrongly. Older versions read trailers as
 * leniently as heads, and tell nothing of it: the next request could begin anywhere. */
static bool ends_uncertainly(const struct sl_request *request) {
  return request->headers.transfer_encoding != NULL && sl_head_bytes_matter();
}

/* Checks everything that can be known before the body comes; the first fault stays in `error`. */
static void check_head(struct sl_request *request, const struct sl_request_line *line,
                       struct sl_error *error) {
  const struct sl_headers *headers = &request->headers;
  struct sl_connection *connection = request->connection;
  uint64_t body_bytes = request->service->options.limits.body_bytes;
  if (sl_headers_check_framing(headers, line->version, error) != SL_OK) {
    request->must_close = true;
    return;
  }
  request->must_close = connection->over_limit != SL_WITHIN_LIMITS || connection->over_memory ||
                        ends_uncertainly(request);
  if (headers->size > SL_HEADER_BYTES) {
    sl_fail(error, SL_HEADERS_TOO_LARGE,
            "the headers have %zu bytes, the limit (header_bytes) is %d; send fewer", headers->size,
            SL_HEADER_BYTES);
    return;
  }
  if (check_page_of(request, line, error) != SL_OK || request->page.is_preflight ||
      find_route(request, line, error) != SL_OK || !request->match.route->takes_body) {
    return;
  }
  request->record.loss = request->match.loss;
  if (MHD_get_connection_values(connection->handle, MHD_GET_ARGUMENT_KIND, NULL, NULL) > 0) {
    sl_fail(error, SL_UNEXPECTED_QUERY,
            "the path ends in a query string; put all options into the JSON body");
  }
  sl_headers_check_content(headers, error);
  if (headers->content_length > body_bytes) {
    sl_fail(error, SL_BODY_TOO_LARGE,
            "the body has %ju bytes, the limit (body_bytes) is %ju" SL_SMALLER_BODY,
            (uintmax_t)headers->content_length, (uintmax_t)body_bytes);
  }
  if (error->code == SL_OK) {
    sl_admit(&request->admission, &request->service->capacity, connection, error);
  }
}

/*
 * Whether an error is answered before the body has come. libmicrohttpd closes the connection then,
 * which a client that is still sending sees as a broken pipe; so only where the client waits for
 * an answer, where no byte after the headers can be trusted, where there would be too much to throw
 * away, or no memory for the buffers that this takes.
 */
static bool can_answer_now(const struct sl_request *request, const struct sl_request_line *line) {
  bool waits = request->headers.wants_continue && strcmp(line->version, MHD_HTTP_VERSION_1_1) == 0;
  bool hopeless =
      request->headers.content_length > request->service->drain_bytes ||
      (request->connection->over_memory && sl_capacity_is_exhausted(&request->service->capacity));
  bool uploads = strcmp(line->method, "POST") == 0 || strcmp(line->method, "PUT") == 0;
  bool ambiguous = request->error.code == SL_BAD_REQUEST;
  return ambiguous || (uploads && (waits || hopeless));
}

/* Returns false when there is no memory. */
static bool make_decoder(struct sl_request *request) {
  const struct sl_limits *limits = &request->service->options.limits;
  struct sl_budget *budget = &request->admission.budget;
  enum sl_coding coding = sl_headers_coding(&request->headers);
  budget->block = request->block;
  budget->block_bytes = sizeof request->block;
  request->decoder = sl_decoder_new(request->match.loss, limits, budget);
  if (coding == SL_CODING_NONE || request->decoder == NULL) {
    return request->decoder != NULL;
  }
  request->inflater = sl_inflater_new(coding, limits->body_bytes, budget);
  return request->inflater != NULL;
}

void sl_request_open(struct sl_request *request, const struct sl_request_line *line) {
  struct sl_connection *connection = request->connection;
  sl_headers_read(&request->headers, &connection->marks, connection->handle, line);
  sl_request_id_choose(request->id, request->headers.request_id);
  if (request->headers.traceparent != NULL) {
    sl_traceparent_read(request->traceparent, request->headers.traceparent);
  }
  request->head = strcmp(line->method, "HEAD") == 0;
  struct sl_error *error = &request->error;
  check_head(request, line, error);
  bool routed = request->match.route != NULL;
  if (!routed && error->code != SL_BAD_REQUEST) { /* without the query, which may hold secrets */
    snprintf(request->unrouted_method, sizeof request->unrouted_method, "%s", line->method);
    snprintf(request->unrouted_path, sizeof request->unrouted_path, "%s",
             sl_target_path(line->target));
  }
  if (error->code == SL_OK && routed && request->match.route->takes_body) {
    if (make_decoder(request)) {
      return;
    }
    sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for this request; try again later");
  }
  discard_body(request);
  request->answer_now = error->code != SL_OK && can_answer_now(request, line);
}

/* The decoder's error, if there is one, is the request's, unless something failed before. */
static void latch_decoder_error(struct sl_request *request) {
  if (request->error.code == SL_OK) {
    request->error = *sl_decoder_error(request->decoder);
  }
}

/*
 * No piece is inflated further than this before other clients have their turn: a piece of 128 KiB
 * may inflate to a thousand times as much. It takes a few milliseconds.
 */
enum { MAX_INFLATED_AT_ONCE = 1024 * 1024 };

/* Feeds the decoder with what the bytes inflate to. Like sl_decoder_feed, but bytes that are
 * consumed may still wait in the inflater when there is work. */
static enum sl_status feed_inflated(struct sl_request *request, const char *bytes, size_t length,
                                    size_t *consumed) {
  enum sl_status status = request->error.code;
  size_t inflated = 0;
  size_t piece_length = 1;
  sl_inflater_give(request->inflater, bytes, length);
  while (status == SL_OK && piece_length > 0) {
    const char *piece;
    size_t taken = 0;
    status = sl_inflater_next(request->inflater, &piece, &piece_length, &request->error);
    if (status == SL_OK) {
      status = sl_decoder_feed(request->decoder, piece, piece_length, &taken);
    }
    sl_inflater_take(request->inflater, taken);
    inflated += taken;
    if (status == SL_OK && inflated >= MAX_INFLATED_AT_ONCE) {
      status = SL_HAS_WORK;
    }
  }
  *consumed = length - sl_inflater_left(request->inflater);
  return status;
}

/* Does the decoder's work, and with what the inflater has still to hand out, until there is none.
 */
static void run_decoder(struct sl_task *task) {
  struct sl_request *request =
      (struct sl_request *)(void *)((char *)task - offsetof(struct sl_request, task));
  enum sl_status status;
  size_t none;
  do {
    status = sl_decoder_work(request->decoder);
    if (status == SL_OK && request->inflater != NULL) {
      status = feed_inflated(request, NULL, 0, &none);
    }
  } while (status == SL_HAS_WORK);
  latch_decoder_error(request);
}

/* Returns how many bytes were taken. The others come again when the work is done. */
static size_t decode_piece(struct sl_request *request, const char *bytes, size_t length) {
  size_t consumed;
  enum sl_status status = request->inflater == NULL
                              ? sl_decoder_feed(request->decoder, bytes, length, &consumed)
                              : feed_inflated(request, bytes, length, &consumed);
  if (status == SL_HAS_WORK) {
    request->task.run = run_decoder;
    return consumed;
  }
  if (status != SL_OK) {
    latch_decoder_error(request);
    discard_body(request);
  }
  return length;
}

bool sl_request_take(struct sl_request *request, const char *bytes, size_t *length) {
  size_t offered = *length;
  uint64_t limit = request->service->options.limits.body_bytes;
  *length = 0;
  request->record.body_bytes += offered;
  if (request->decoder == NULL) { /* how long it takes is for the reaper */
    request->discarded += offered;
    bool within = request->discarded <= request->service->drain_bytes;
    if (!within) {
      request->record.outcome = SL_OUTCOME_DRAIN_BOUNDS;
    }
    return within;
  }
  if (request->record.body_bytes > limit) {
    sl_fail(&request->error, SL_BODY_TOO_LARGE,
            "the body is larger than the limit (body_bytes) of %ju" SL_SMALLER_BODY,
            (uintmax_t)limit);
    discard_body(request);
    return true;
  }
  *length = offered - decode_piece(request, bytes, offered);
  request->record.body_bytes -= *length;
  return true;
}

void sl_request_finish_body(struct sl_request *request) {
  if (request->inflater != NULL && request->error.code == SL_OK) {
    sl_inflater_finish(request->inflater, &request->error);
  }
  sl_inflater_free(request->inflater);
  request->inflater = NULL;
}

/* Answers up to this length are written at once, so that the request's memory is free before they
 * are sent. */
enum { SMALL_ANSWER = 128 * 1024 };

/* Large answers are made and sent in pieces of this size. */
enum { PIECE = 128 * 1024 };

/* Seconds after which a client may try again. */
#define RETRY_AFTER "1"

static bool add_header(struct MHD_Response *response, const char *name, const char *value) {
  return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* The headers that depend on the error. */
static bool add_problem_headers(struct MHD_Response *response, const struct sl_request *request) {
  enum sl_status code = request->error.code;
  if (code == SL_METHOD_NOT_ALLOWED && !add_header(response, "Allow", request->match.allow)) {
    return false;
  }
  const char *challenge = sl_auth_challenge(code);
  if (challenge != NULL && !add_header(response, "WWW-Authenticate", challenge)) {
    return false;
  }
  if (code == SL_UNSUPPORTED_ENCODING &&
      !add_header(response, "Accept-Encoding", SL_ACCEPTED_CODINGS)) {
    return false;
  }
  return sl_problem_http_status(code) != 503 || add_header(response, "Retry-After", RETRY_AFTER);
}

/* Asked for again before each use. It is another file for clients that read no HTML. */
static bool add_file_headers(struct MHD_Response *response, const struct sl_file *file) {
  return add_header(response, "Cache-Control", "no-cache") &&
         add_header(response, "ETag", file->etag) && add_header(response, "Vary", "Accept") &&
         add_header(response, "Content-Security-Policy", file->policy) &&
         add_header(response, "X-Content-Type-Options", "nosniff") &&
         add_header(response, "Referrer-Policy", "no-referrer");
}

static bool add_headers(struct MHD_Response *response, const struct sl_request *request,
                        const char *media_type) {
  bool closing = request->must_close ||
                 atomic_load_explicit(&request->service->draining, memory_order_relaxed);
  return (media_type == NULL || add_header(response, "Content-Type", media_type)) &&
         (request->file != NULL ? add_file_headers(response, request->file)
                                : add_header(response, "Cache-Control", "no-store")) &&
         add_header(response, "X-Request-Id", request->id) &&
         sl_cors_add_headers(response, &request->service->options, &request->page) &&
         (!closing || add_header(response, "Connection", "close")) &&
         add_problem_headers(response, request);
}

/* Whether the client keeps the file that it asks for. */
static bool is_unchanged(const struct sl_request *request) {
  const char *kept = request->headers.if_none_match;
  return request->file != NULL && kept != NULL &&
         (sl_header_is(kept, "*") || strstr(kept, request->file->etag) != NULL);
}

/* Adds the headers and queues; `media_type` is NULL where there is no body. Takes `response`, which
 * has a body of `length` and is NULL if there was no memory for it. */
static enum MHD_Result queue_response(struct sl_request *request, const char *media_type,
                                      struct MHD_Response *response, uint64_t length) {
  struct MHD_Connection *handle = request->connection->handle;
  struct sl_record *record = &request->record;
  enum MHD_Result queued;
  sl_record_enter(record, SL_PHASE_SEND);
  record->code = request->error.code;
  if (response != NULL && add_headers(response, request, media_type)) {
    record->status = record->code != SL_OK   ? sl_problem_http_status(record->code)
                     : media_type == NULL    ? MHD_HTTP_NO_CONTENT
                     : is_unchanged(request) ? MHD_HTTP_NOT_MODIFIED
                                             : MHD_HTTP_OK;
    record->answer_bytes = request->head || record->status == MHD_HTTP_NOT_MODIFIED ? 0 : length;
    queued = MHD_queue_response(handle, record->status, response);
  } else {
    record->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    record->code = SL_OUT_OF_MEMORY;
    queued = MHD_queue_response(handle, record->status, request->service->no_memory);
  }
  if (response != NULL) {
    MHD_destroy_response(response);
  }
  return queued;
}

enum MHD_Result sl_response_static(struct sl_request *request, const char *media_type,
                                   const char *text) {
  /* libmicrohttpd asks for void*, but only reads it. */
  struct MHD_Response *response =
      MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
  return queue_response(request, media_type, response, strlen(text));
}

enum MHD_Result sl_response_file(struct sl_request *request, const struct sl_file *file) {
  request->file = file;
  struct MHD_Response *response = MHD_create_response_from_buffer(
      file->length, (void *)file->bytes, MHD_RESPMEM_PERSISTENT); /* only read, as above */
  return queue_response(request, file->media_type, response, file->length);
}

/* Takes bytes from malloc. */
static struct MHD_Response *response_from(char *bytes, size_t length) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE);
  if (response == NULL) {
    free(bytes);
  }
  return response;
}

enum MHD_Result sl_response_text(struct sl_request *request, const char *media_type, char *text) {
  size_t length = text == NULL ? 0 : strlen(text);
  struct MHD_Response *response = text == NULL ? NULL : response_from(text, length);
  return queue_response(request, media_type, response, length);
}

enum MHD_Result sl_response_problem(struct sl_request *request) {
  discard_body(request);
  return sl_response_text(request, SL_PROBLEM_MEDIA_TYPE,
                          sl_problem_document(&request->error, request->id));
}

static ssize_t read_answer(void *closure, uint64_t position, char *bytes, size_t size) {
  (void)position; /* always where the last call ended */
  struct sl_request *request = closure;
  size_t length = sl_answer_read(request->answer, bytes, size);
  sl_connection_move(request->connection, length);
  request->connection->progress->count++;
  return length > 0 ? (ssize_t)length : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* The whole answer in one buffer, in the request's block if it fits. The request keeps nothing
 * else. */
static struct MHD_Response *small_answer(struct sl_request *request, size_t length) {
  struct sl_budget *budget = &request->admission.budget;
  char *bytes = sl_answer_take(request->answer);
  if (bytes == NULL) {
    bytes = sl_budget_use_block(budget, length);
    bytes = bytes != NULL ? bytes : malloc(length);
    if (bytes == NULL) {
      return NULL;
    }
    sl_answer_read(request->answer, bytes, length);
  }
  free_body(request);
  bool in_block = bytes >= request->block && bytes < request->block + sizeof request->block;
  return in_block ? MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_PERSISTENT)
                  : response_from(bytes, length);
}

uint64_t sl_response_memory(const struct sl_answer *answer) {
  uint64_t length = sl_answer_length(answer);
  uint64_t unsent = length < SL_UNSENT_BYTES ? length : SL_UNSENT_BYTES;
  return length <= SMALL_ANSWER ? length : PIECE + unsent;
}

enum MHD_Result sl_response_answer(struct sl_request *request) {
  uint64_t length = sl_answer_length(request->answer);
  /* The request outlives the response's last read, so the response need not free anything. */
  struct MHD_Response *response =
      length <= SMALL_ANSWER
          ? small_answer(request, (size_t)length)
          : MHD_create_response_from_callback(length, PIECE, read_answer, request, NULL);
  return queue_response(request, "application/json", response, length);
}

struct MHD_Response *sl_response_no_memory_new(void) {
  struct sl_error error = SL_NO_ERROR;
  sl_fail(&error, SL_OUT_OF_MEMORY, "not enough memory for this request; try again later");
  char *document = sl_problem_document(&error, "");
  struct MHD_Response *response =
      document == NULL ? NULL : response_from(document, strlen(document));
  if (response != NULL && add_header(response, "Content-Type", SL_PROBLEM_MEDIA_TYPE) &&
      add_header(response, "Cache-Control", "no-store") &&
      add_header(response, "Retry-After", RETRY_AFTER)) {
    return response;
  }
  if (response != NULL) {
    MHD_destroy_response(response);
  }
  return NULL;
}
