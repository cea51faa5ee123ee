#include "bare_server.h"

#include "daemon/config.h"
#include "http/server.h"
#include "net/listener.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum MHD_Result on_request(void *closure, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *piece, size_t *piece_length, void **request) {
  const struct bench_service *service = closure;
  (void)method;
  (void)version;
  if (*request == NULL) {
    *request = service->begin(path);
    return MHD_YES;
  }
  if (*piece_length > 0) {
    service->take(*request, piece, *piece_length);
    *piece_length = 0;
    return MHD_YES;
  }
  return service->answer(*request, connection);
}

static void on_completed(void *closure, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode how) {
  const struct bench_service *service = closure;
  (void)connection;
  (void)how;
  if (*request != NULL) {
    service->end(*request);
  }
  *request = NULL;
}

static struct MHD_Daemon *start(const struct sl_server_options *options, int listening_socket,
                                const struct bench_service *service) {
  unsigned threads = (unsigned)sl_server_threads(options);
  struct MHD_OptionItem pool[] = {{MHD_OPTION_THREAD_POOL_SIZE, threads, NULL},
                                  {MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem single[] = {{MHD_OPTION_END, 0, NULL}};
  return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, (void *)service,
                          MHD_OPTION_NOTIFY_COMPLETED, on_completed, (void *)service,
                          MHD_OPTION_LISTEN_SOCKET, listening_socket,
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_CONNECTION_MEMORY,
                          MHD_OPTION_ARRAY, threads > 1 ? pool : single, MHD_OPTION_END);
}

static sigset_t block_signals(void) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, NULL);
  return stop;
}

int bench_serve(const struct bench_service *service, int count, char **arguments) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_config config;
  struct sl_listener listener;
  if (!sl_config_read(&config, count, arguments, environ, &error)) {
    errx(EXIT_FAILURE, "%s", error.message);
  }
  struct sl_server_options options = sl_config_server(&config);
  if (!sl_listener_open(&listener, options.listen[0], (mode_t)options.unix_mode, &error)) {
    errx(EXIT_FAILURE, "%s", error.message);
  }
  sigset_t stop = block_signals();
  struct MHD_Daemon *daemon = start(&options, listener.socket, service);
  if (daemon == NULL) {
    errx(EXIT_FAILURE, "libmicrohttpd does not start");
  }
  fprintf(stderr, "%s listening on http://%s\n", service->name, listener.address);

  int signal_number = 0;
  sigwait(&stop, &signal_number);
  MHD_stop_daemon(daemon); /* closes the socket too */
  sl_config_free(&config);
  return EXIT_SUCCESS;
}
