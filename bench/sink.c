/*
 * The empty server: takes bodies of any size, looks at nothing, answers as many bytes as the path
 * says.
 *
 *     sink --listen 127.0.0.1:0 --threads 1       then: POST /2900000
 *
 * What spikelossd takes longer than this is what its work costs.
 */
#include "bare_server.h"

#include <err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Each thread keeps its last answer, as all of a measurement are equally long. */
static _Thread_local struct MHD_Response *kept;
static _Thread_local size_t kept_length;

static struct MHD_Response *make_answer(size_t length) {
  char *bytes = malloc(length + 1);
  if (bytes == NULL) {
    err(EXIT_FAILURE, "an answer of %zu bytes", length);
  }
  memset(bytes, ' ', length);
  struct MHD_Response *answer =
      MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE);
  if (answer == NULL ||
      MHD_add_response_header(answer, "Content-Type", "application/json") != MHD_YES) {
    errx(EXIT_FAILURE, "there is no memory for the answer");
  }
  return answer;
}

/* A request is the length of its answer, plus one: no request is NULL. */
static void *begin(const char *path) {
  return (void *)(uintptr_t)(strtoull(path + 1, NULL, 10) + 1);
}

static void take(void *request, const char *bytes, size_t length) {
  (void)request;
  (void)bytes;
  (void)length;
}

static enum MHD_Result answer(void *request, struct MHD_Connection *connection) {
  size_t length = (size_t)(uintptr_t)request - 1;
  if (kept == NULL || kept_length != length) {
    if (kept != NULL) {
      MHD_destroy_response(kept); /* one that is being sent is freed when that is over */
    }
    kept = make_answer(length);
    kept_length = length;
  }
  return MHD_queue_response(connection, MHD_HTTP_OK, kept);
}

static void end(void *request) {
  (void)request;
}

int main(int count, char **arguments) {
  static const struct bench_service sink = {"sink", begin, take, answer, end};
  return bench_serve(&sink, count, arguments);
}
