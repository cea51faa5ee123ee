#include "http/engine.h"

#include "http/tls.h"
#include <unistd.h>

/* Paths are compared as they come: none of ours has a character that needs a percent sign. */
static size_t leave_escapes(void *closure, struct MHD_Connection *connection, char *text) {
  (void)closure;
  (void)connection;
  size_t length = 0;
  while (text[length] != '\0') {
    length++;
  }
  return length;
}

unsigned sl_engine_threads(const struct sl_server_options *options) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (options->threads > 0) {
    return options->threads;
  }
  return cores > 1 ? (unsigned)cores : 1;
}

/* Of connections: on_client counts, not libmicrohttpd, whose limit is one for each thread. */
#define ENOUGH (1U << 30)

struct MHD_Daemon *sl_engine_start(const struct sl_server_options *options, int listening_socket,
                                   const struct sl_engine *calls) {
  unsigned threads = sl_engine_threads(options);
  struct MHD_OptionItem pool[] = {
      {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  if (threads == 1) {
    pool[0].option = MHD_OPTION_END; /* one thread is no pool */
  }
  static const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  unsigned flags =
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | (calls->encrypted ? MHD_USE_TLS : 0u);
  return MHD_start_daemon(
      flags, 0, calls->on_client, calls->closure, calls->on_request, calls->closure,
      MHD_OPTION_LISTEN_SOCKET, listening_socket, MHD_OPTION_NOTIFY_COMPLETED, calls->on_completed,
      calls->closure, MHD_OPTION_NOTIFY_CONNECTION, calls->on_connection, calls->closure,
      MHD_OPTION_URI_LOG_CALLBACK, calls->on_head, calls->closure, MHD_OPTION_CONNECTION_TIMEOUT,
      0U, MHD_OPTION_CONNECTION_LIMIT, ENOUGH, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)options->connection_memory, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL,
      MHD_OPTION_ARRAY, pool, MHD_OPTION_ARRAY, calls->encrypted ? sl_tls_daemon_options() : plain,
      MHD_OPTION_END);
}
