/*
 * The empty server: takes bodies of any size, looks at nothing, answers bytes of a fixed number.
 *
 *     sink 2900000 --listen 127.0.0.1:0 --threads 1
 *
 * Behind the size of the answer stand the options of spikelossd. They are read by its own code, its
 * own code opens the socket and sets up libmicrohttpd: what spikelossd takes longer than this is
 * what its work costs.
 */
#include "daemon/config.h"
#include "http/acceptor.h"
#include "http/engine.h"
#include "http/listener.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stands for a request that has begun. Only its address matters. */
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

static void take_in(void *closure, int client, const struct sockaddr *address, socklen_t length) {
  sl_engine_add(closure, client, address, length);
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
  char message[1024];
  struct sl_config config;
  struct sl_listener listener;
  if (!sl_config_read(&config, count - 1, arguments + 1, environ, message, sizeof message)) {
    errx(EXIT_FAILURE, "%s", message);
  }
  struct sl_server_options options = sl_config_server(&config);
  if (!sl_listener_open(&listener, options.listen[0], (mode_t)options.unix_mode, message,
                        sizeof message)) {
    errx(EXIT_FAILURE, "%s", message);
  }
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);

  struct MHD_Response *answer = make_answer(answer_length);
  struct sl_engine *engine = sl_engine_start(
      &options, &(struct sl_engine_calls){
                    .on_request = on_request, .on_completed = on_completed, .closure = answer});
  struct sl_acceptor acceptor = {
      .listening_socket = listener.socket, .take = take_in, .closure = engine};
  if (engine == NULL || !sl_acceptor_start(&acceptor)) {
    errx(EXIT_FAILURE, "libmicrohttpd does not start");
  }
  fprintf(stderr, "sink listening on http://%s\n", listener.address);

  int signal_number = 0;
  sigwait(&stop, &signal_number);
  sl_acceptor_stop(&acceptor);
  sl_engine_stop(engine);
  MHD_destroy_response(answer);
  sl_listener_close(&listener);
  sl_config_free(&config);
  return EXIT_SUCCESS;
}
