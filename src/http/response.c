#include "http/response.h"

#include "core/codes.h"
#include "http/auth/cors.h"
#include "http/problem.h"
#include "net/listener.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Answers up to this length are written at once, so that the request's memory is free before they
 * are sent. */
enum { SMALL_ANSWER = 64 * 1024 };

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
  return sl_problem_http_status(code) != 503 || add_header(response, "Retry-After", RETRY_AFTER);
}

static bool add_headers(struct MHD_Response *response, const struct sl_request *request,
                        const char *media_type) {
  bool closing = request->must_close ||
                 atomic_load_explicit(&request->service->draining, memory_order_relaxed);
  return (media_type == NULL || add_header(response, "Content-Type", media_type)) &&
         add_header(response, "Cache-Control", "no-store") &&
         add_header(response, "X-Request-Id", request->id) &&
         sl_cors_add_headers(response, &request->service->auth.pages, &request->page) &&
         (!closing || add_header(response, "Connection", "close")) &&
         add_problem_headers(response, request);
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
    record->status = record->code != SL_OK ? sl_problem_http_status(record->code)
                     : media_type == NULL  ? MHD_HTTP_NO_CONTENT
                                           : MHD_HTTP_OK;
    record->answer_bytes = request->head ? 0 : length;
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

enum MHD_Result sl_response_empty(struct sl_request *request) {
  struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
  return queue_response(request, NULL, response, 0);
}

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

/* The whole answer in one buffer; the request keeps nothing. */
static struct MHD_Response *small_answer(struct sl_request *request, size_t length) {
  char *bytes = sl_answer_take(request->answer);
  if (bytes == NULL) {
    bytes = malloc(length);
    if (bytes == NULL) {
      return NULL;
    }
    sl_answer_read(request->answer, bytes, length);
  }
  sl_request_free_body(request);
  return response_from(bytes, length);
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
