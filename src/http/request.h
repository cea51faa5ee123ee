/*
 * One request, from its first header to the last byte of its answer.
 *
 * This one struct has everything that a request owns, and sl_request_end frees it in any
 * half-built state. A request belongs to the thread of its connection; serve_request in endpoint.c
 * shows its life.
 */
#ifndef SPIKELOSS_HTTP_REQUEST_H
#define SPIKELOSS_HTTP_REQUEST_H

#include "decode/request.h"
#include "encode/encode.h"
#include "http/admission.h"
#include "http/auth/cors.h"
#include "http/compute.h"
#include "http/connections.h"
#include "http/headers.h"
#include "http/inflate.h"
#include "http/record.h"
#include "http/service.h"
#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file of this program, which clients may keep. */
struct sl_file {
  const char *media_type;
  const char *etag;
  const char *policy; /* Content-Security-Policy */
  const unsigned char *bytes;
  size_t length;
};

struct sl_request {
  struct sl_service *service;       /* not owned */
  const char *address;              /* of the listener it came to; not owned */
  struct sl_connection *connection; /* not owned */
  struct sl_admission admission;    /* what it takes up of the server */
  struct sl_headers headers;
  struct sl_route_match match;
  struct sl_error error; /* latched: the first that happened */
  char id[SL_REQUEST_ID_MAX + 1];
  char client[SL_TOKEN_NAME_MAX + 1]; /* the name of the token that came, or "" */
  char traceparent[SL_TRACEPARENT_LENGTH + 1];
  char unrouted_method[16]; /* of a request that no route answers, cut; else "" */
  char unrouted_path[101];
  struct sl_page page;
  struct sl_record record; /* for the metrics and the log, at its end */

  struct sl_task task; /* with a function to run: work for a compute thread */

  struct sl_decoder *decoder;   /* NULL where no body is wanted, or not any more */
  struct sl_inflater *inflater; /* NULL for a body that is not compressed */
  struct sl_answer *answer;
  const struct sl_file *file; /* that is the answer; NULL: another */

  uint64_t discarded; /* bytes of the body that were thrown away */
  bool head;          /* the answer's headers are wanted, its body is not */
  bool must_close;    /* the connection cannot carry another request */
  bool answer_now;    /* without waiting for the body */

  _Alignas(16) char block[96 * 1024]; /* of the budget: enough for a small request */
};

/* In the spare memory, if there is any. NULL when there is no memory. */
struct sl_request *sl_request_new(struct sl_request **spare, struct sl_service *service,
                                  const char *address, struct sl_connection *connection);

/* The request is over, in this way: counts and reports it, and frees it. Its memory becomes the
 * spare one, for free(). */
void sl_request_end(struct sl_request *request, enum sl_outcome outcome, struct sl_request **spare);

/* Reads the headers. What is wrong with them is latched. */
void sl_request_open(struct sl_request *request, const struct sl_request_line *line);

/*
 * Takes a piece of the body. Leaves in `*length` how many bytes, at its end, are to be given again
 * after the request's task has run on a compute thread. Returns false if too much was thrown away
 * already: hang up.
 */
bool sl_request_take(struct sl_request *request, const char *bytes, size_t *length);

/* The body is complete: an error is latched if its compressed data is not. */
void sl_request_finish_body(struct sl_request *request);

/*
 * Each of these queues one response and returns what libmicrohttpd's handler should return: MHD_NO
 * only where not even an error can be answered, and the connection is closed. All answers carry
 * X-Request-Id, and all but files Cache-Control: no-store.
 */

/* Text that lives for ever; 204 without one where `media_type` is NULL. */
enum MHD_Result sl_response_static(struct sl_request *request, const char *media_type,
                                   const char *text);

/* 304 without it if the client keeps this file already. */
enum MHD_Result sl_response_file(struct sl_request *request, const struct sl_file *file);

/* Text from malloc, which is taken over; NULL is answered as out of memory. */
enum MHD_Result sl_response_text(struct sl_request *request, const char *media_type, char *text);

/* The request's latched error as a problem document. Frees the body and the answer. */
enum MHD_Result sl_response_problem(struct sl_request *request);

/* Bytes of memory that sending an answer takes beside it, what waits in the system included. */
uint64_t sl_response_memory(const struct sl_answer *answer);

/* The request's answer: small ones in one piece, large ones made while they are sent. */
enum MHD_Result sl_response_answer(struct sl_request *request);

/* The response that needs no memory any more when it is used; NULL if there is none now. */
struct MHD_Response *sl_response_no_memory_new(void);

#endif
