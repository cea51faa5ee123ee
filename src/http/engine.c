#include "http/engine.h"

#include "http/tls.h"
#include <stdlib.h>
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
    return (unsigned)options->threads;
  }
  return cores > 1 ? (unsigned)cores : 1;
}

/* Of connections: the server counts them, not libmicrohttpd, whose limit is one for each thread. */
#define ENOUGH (1U << 30)

struct sl_engine {
  unsigned next; /* whose turn it is */
  unsigned count;
  struct MHD_Daemon *daemons[];
};

static struct MHD_Daemon *start_thread(const struct sl_engine_calls *calls) {
  static const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET |
                   (calls->encrypted ? MHD_USE_TLS : 0u);
  return MHD_start_daemon(flags, 0, NULL, NULL, calls->on_request, calls->closure,
                          MHD_OPTION_NOTIFY_COMPLETED, calls->on_completed, calls->closure,
                          MHD_OPTION_NOTIFY_CONNECTION, calls->on_connection, calls->closure,
                          MHD_OPTION_URI_LOG_CALLBACK, calls->on_head, calls->closure,
                          MHD_OPTION_CONNECTION_TIMEOUT, 0U, MHD_OPTION_CONNECTION_LIMIT, ENOUGH,
                          MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SL_CONNECTION_MEMORY,
                          MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_ARRAY,
                          calls->encrypted ? sl_tls_daemon_options() : plain, MHD_OPTION_END);
}

struct sl_engine *sl_engine_start(const struct sl_server_options *options,
                                  const struct sl_engine_calls *calls) {
  unsigned threads = sl_engine_threads(options);
  struct sl_engine *engine = calloc(1, sizeof *engine + threads * sizeof engine->daemons[0]);
  for (unsigned i = 0; engine != NULL && i < threads; i++) {
    engine->daemons[i] = start_thread(calls);
    if (engine->daemons[i] == NULL) {
      sl_engine_stop(engine);
      return NULL;
    }
    engine->count++;
  }
  return engine;
}

bool sl_engine_add(struct sl_engine *engine, int client, const struct sockaddr *address,
                   socklen_t length) {
  struct MHD_Daemon *daemon = engine->daemons[engine->next];
  engine->next = (engine->next + 1) % engine->count;
  return MHD_add_connection(daemon, client, address, length) == MHD_YES;
}

void sl_engine_stop(struct sl_engine *engine) {
  for (unsigned i = 0; engine != NULL && i < engine->count; i++) {
    MHD_stop_daemon(engine->daemons[i]);
  }
  free(engine);
}
