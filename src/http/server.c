#include "http/server.h"

#include "core/codes.h"
#include "http/admission.h"
#include "http/auth/auth.h"
#include "http/metrics.h"
#include "http/request.h"
#include "http/service.h"
#include "http/worker.h"
#include "net/address.h"
#include "net/listener.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct sl_server {
  struct sl_service service;
  struct sl_workers workers;
  struct sl_listener listeners[]; /* of the service */
};

size_t sl_server_threads(const struct sl_server_options *options) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (options->threads > 0) {
    return (size_t)options->threads;
  }
  return cores > 1 ? (size_t)cores : 1;
}

/* Of a service that is all zeros but for its listeners. */
static bool init_service(struct sl_service *service, const struct sl_server_options *options) {
  size_t threads = sl_server_threads(options);
  uint64_t connections = sl_server_connections(options);
  service->options = *options;
  service->capacity.max_memory = options->memory_bytes > 0 ? options->memory_bytes : UINT64_MAX;
  service->drain_bytes =
      options->limits.body_bytes > SL_DRAIN_BYTES ? options->limits.body_bytes : SL_DRAIN_BYTES;
  service->no_memory = sl_response_no_memory_new();
  service->metrics = sl_metrics_new(threads);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  service->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
  return service->no_memory != NULL && service->metrics != NULL &&
         sl_compute_start(&service->compute, threads) &&
         sl_connections_init(&service->connections, connections,
                             connections - connections / SL_CONNECTIONS_FOR_OTHERS);
}

uint64_t sl_server_connections(const struct sl_server_options *options) {
  bool encrypted = options->tls.certificate != NULL;
  uint64_t memory = SL_CONNECTION_MEMORY + (encrypted ? SL_TLS_MEMORY : 0);
  uint64_t fitting = options->memory_bytes / 2 / memory;
  if (options->memory_bytes == 0 || options->connections <= fitting) {
    return options->connections;
  }
  return fitting > 1 ? fitting : 1;
}

bool sl_server_check(const struct sl_server_options *options, struct sl_error *error) {
  struct sl_auth auth;
  bool ok = sl_auth_open(&auth, options, error);
  sl_auth_close(&auth);
  return ok;
}

void sl_server_tell_conflicts(const struct sl_server_options *options,
                              void (*tell)(void *closure, const char *sentence), void *closure) {
  char sentence[256];
  const uint64_t smallest = SL_CONNECTION_MEMORY + SL_FIRST_MEMORY;
  if (options->memory_bytes > 0 && options->memory_bytes < smallest) {
    snprintf(sentence, sizeof sentence,
             "memory_bytes is %ju, but the smallest request needs %ju: every POST will be refused",
             (uintmax_t)options->memory_bytes, (uintmax_t)smallest);
    tell(closure, sentence);
  }
}

uint64_t sl_server_other_files(const struct sl_server_options *options) {
  enum { PROCESS = 32, WORKER = 2, ENDPOINT = 2 };
  return PROCESS + SL_SPARE_CONNECTIONS + options->listen_count +
         sl_server_threads(options) * (WORKER + ENDPOINT * options->listen_count);
}

/* Clients beyond the open files that the system allows, or beyond the memory, wait to be accepted:
 * an operator should know. */
static void tell_of_few_connections(const struct sl_server_options *options) {
  char sentence[160];
  struct rlimit limit;
  rlim_t wanted = options->connections + sl_server_other_files(options);
  uint64_t fitting = sl_server_connections(options);
  if (options->tell == NULL) {
    return;
  }
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
    snprintf(sentence, sizeof sentence,
             "connections: %ju connections need %ju open files; the system allows %ju",
             (uintmax_t)options->connections, (uintmax_t)wanted, (uintmax_t)limit.rlim_cur);
    options->tell(options->tell_closure, sentence);
  }
  if (fitting < options->connections) {
    snprintf(sentence, sizeof sentence,
             "connections: %ju instead of %ju are served at once; more do not fit into half of "
             "memory_bytes",
             (uintmax_t)fitting, (uintmax_t)options->connections);
    options->tell(options->tell_closure, sentence);
  }
}

/* All addresses are bound before the first one is served: a server starts whole or not at all. */
static bool open_listeners(struct sl_service *service, struct sl_error *error) {
  const struct sl_server_options *options = &service->options;
  bool ok = true;
  for (size_t i = 0; ok && i < service->listener_count; i++) {
    struct sl_listener *listener = &service->listeners[i];
    ok = options->listen == NULL
             ? sl_listener_adopt(listener, options->first_socket + (int)i, error)
             : sl_listener_open(listener, options->listen[i], (mode_t)options->unix_mode, error);
  }
  return ok;
}

static bool start_server(struct sl_server *server, const struct sl_server_options *options,
                         struct sl_error *error) {
  if (!init_service(&server->service, options)) {
    sl_fail(error, SL_CANNOT_START, "not enough memory to start");
    return false;
  }
  tell_of_few_connections(options);
  if (!sl_auth_open(&server->service.auth, &server->service.options, error) ||
      !open_listeners(&server->service, error)) {
    return false;
  }
  server->workers.service = &server->service;
  server->workers.count = sl_server_threads(options);
  if (!sl_workers_start(&server->workers)) {
    sl_fail(error, SL_CANNOT_START, "not enough memory or threads to start");
    return false;
  }
  return true;
}

/* Tolerates any half-started state. */
static void free_server(struct sl_server *server) {
  struct sl_service *service = &server->service;
  sl_workers_stop(&server->workers);
  sl_compute_stop(&service->compute);
  for (size_t i = 0; i < service->listener_count; i++) {
    sl_listener_close(&service->listeners[i]);
  }
  sl_connections_free(&service->connections);
  if (service->no_memory != NULL) {
    MHD_destroy_response(service->no_memory);
  }
  sl_auth_close(&service->auth);
  sl_metrics_free(service->metrics);
  free(server);
}

struct sl_server *sl_server_start(const struct sl_server_options *options, struct sl_error *error) {
  size_t count = options->listen_count;
  struct sl_server *server = calloc(1, sizeof *server + count * sizeof server->listeners[0]);
  if (server == NULL) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the server");
    return NULL;
  }
  server->service.listener_count = count;
  server->service.listeners = server->listeners;
  for (size_t i = 0; i < count; i++) {
    server->listeners[i] = SL_NO_LISTENER;
  }
  if (!start_server(server, options, error)) {
    free_server(server);
    return NULL;
  }
  return server;
}

const char *sl_server_exposed_address(const struct sl_server *server) {
  if (sl_auth_is_required(&server->service.auth)) {
    return NULL;
  }
  for (size_t i = 0; i < server->service.listener_count; i++) {
    if (!sl_address_is_local(server->listeners[i].address)) {
      return server->listeners[i].address;
    }
  }
  return NULL;
}

bool sl_server_is_encrypted(const struct sl_server *server, size_t listener) {
  return server->service.auth.tls != NULL &&
         !sl_address_is_unix(server->listeners[listener].address);
}

const char *sl_server_address(const struct sl_server *server, size_t listener) {
  return server->listeners[listener].address;
}

bool sl_server_reload_certificates(struct sl_server *server, struct sl_error *error) {
  return sl_auth_reload_certificates(&server->service.auth, error);
}

bool sl_server_reload_tokens(struct sl_server *server, struct sl_error *error) {
  return sl_auth_reload_tokens(&server->service.auth, error);
}

bool sl_server_responds(struct sl_server *server) {
  return sl_workers_respond(&server->workers);
}

void sl_server_drain(struct sl_server *server) {
  atomic_store(&server->service.draining, true);
}

/* Looks a hundred times a second, until a number is 0: nothing on the path of a request has to tell
 * us. */
static void wait_for_none(const atomic_size_t *number, uint64_t seconds) {
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  for (uint64_t looks = seconds * 100; looks > 0 && atomic_load(number) > 0; looks--) {
    nanosleep(&pause, NULL);
  }
}

void sl_server_stop(struct sl_server *server) {
  if (server == NULL) {
    return;
  }
  struct sl_service *service = &server->service;
  const struct timespec delay = {.tv_sec = (time_t)service->options.stop_delay_seconds};
  sl_server_drain(server);
  nanosleep(&delay, NULL); /* until load balancers have seen it */
  sl_workers_stop_listening(&server->workers);
  for (size_t i = 0; i < service->listener_count; i++) {
    sl_workers_accept_rest(&server->workers, i);
    sl_listener_stop(&service->listeners[i]);
  }
  atomic_store(&service->closing, true);
  wait_for_none(&service->connections.arriving, 1); /* workers that are not busy take a moment */
  wait_for_none(&service->connections.open, service->options.stop_seconds);
  free_server(server);
}
