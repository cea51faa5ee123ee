/*
 * The empty server: takes bodies of any size, looks at nothing, answers bytes of a fixed number.
 *
 *     sink 2900000 --listen 127.0.0.1:0 --threads 1
 *
 * The options of spikelossd follow the size of the answer. Its own code reads them and opens the
 * socket; libmicrohttpd runs threads of its own, which accept for themselves: nothing that can be
 * built on it is faster, and what spikelossd takes longer than this is what its work costs.
 */
#include "daemon/config.h"
#include "http/server.h"
#include "net/listener.h"

#include <err.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Marks a request that has begun. Only its address matters. */
static const char begun = 0;

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *piece, size_t *piece_length, void **slot) {
  (void)path;
  (void)method;
  (void)version;
  (void)piece;
  if (*slot == NULL) {
    *slot = (void *)&begun;
    return MHD_YES;
  }
  if (*piece_length > 0) {
    *piece_length = 0;
    return MHD_YES;
  }
  return MHD_queue_response(connection, MHD_HTTP_OK, closure);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how) {
  (void)closure;
  (void)connection;
  (void)how;
  *slot = NULL;
}

static struct MHD_Daemon *start(const struct sl_server_options *options, int listening_socket,
                                struct MHD_Response *answer) {
  unsigned threads = (unsigned)sl_server_threads(options);
  struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, threads, NULL},
                                  {MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem single[] = {{MHD_OPTION_END, 0, NULL}};
  return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, answer,
                          MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_LISTEN_SOCKET,
                          listening_socket, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                          (size_t)SL_CONNECTION_MEMORY, MHD_OPTION_ARRAY,
                          threads > 1 ? pool : single, MHD_OPTION_END);
}

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

int main(int count, char **arguments) {
  char *end = NULL;
  size_t answer_length = count > 1 ? strtoull(arguments[1], &end, 10) : 0;
  if (count < 2 || end == arguments[1] || *end != '\0') {
    errx(EXIT_FAILURE, "usage: sink ANSWER-BYTES [OPTION-OF-SPIKELOSSD]...");
  }
  struct sl_error error = SL_NO_ERROR;
  struct sl_config config;
  struct sl_listener listener;
  if (!sl_config_read(&config, count - 1, arguments + 1, environ, &error)) {
    errx(EXIT_FAILURE, "%s", error.message);
  }
  struct sl_server_options options = sl_config_server(&config);
  if (!sl_listener_open(&listener, options.listen[0], (mode_t)options.unix_mode, &error)) {
    errx(EXIT_FAILURE, "%s", error.message);
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);

  struct MHD_Response *answer = make_answer(answer_length);
  struct MHD_Daemon *daemon = start(&options, listener.socket, answer);
  if (daemon == NULL) {
    errx(EXIT_FAILURE, "libmicrohttpd does not start");
  }
  fprintf(stderr, "sink listening on http://%s\n", listener.address);

  int signal_number = 0;
  sigwait(&stop, &signal_number);
  MHD_stop_daemon(daemon); /* closes the socket too */
  MHD_destroy_response(answer);
  sl_config_free(&config);
  return EXIT_SUCCESS;
}
