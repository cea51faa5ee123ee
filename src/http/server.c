#include "http/server.h"

#include "http/address.h"
#include "http/admission.h"
#include "http/doors.h"
#include "http/engine.h"
#include "http/listener.h"
#include "http/metrics.h"
#include "http/reaper.h"
#include "http/reply.h"
#include "http/service.h"
#include "http/station.h"
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

struct sl_server {
  struct sl_service service;
  struct sl_connections connections;
  struct sl_reaper reaper;
  uint64_t stop_delay_seconds;
  uint64_t stop_seconds;
  size_t station_count;
  struct sl_station stations[];
};

size_t sl_server_threads(const struct sl_server_options *options) {
  return options->listen_count * sl_engine_threads(options);
}

static bool init_service(struct sl_service *service, const struct sl_server_options *options) {
  service->limits = options->limits;
  service->header_bytes = SL_HEADER_BYTES;
  service->capacity.most_requests = options->connections;
  service->capacity.most_memory = options->memory_bytes > 0 ? options->memory_bytes : UINT64_MAX;
  service->capacity.buffer_memory = SL_CONNECTION_MEMORY;
  atomic_init(&service->capacity.requests, 0);
  atomic_init(&service->capacity.memory, 0);
  /* A refused upload has the time of one that is not. */
  service->drain_bytes =
      options->limits.body_bytes > SL_DRAIN_BYTES ? options->limits.body_bytes : SL_DRAIN_BYTES;
  service->drain_seconds = options->request_seconds;
  service->report = options->report;
  service->report_closure = options->report_closure;
  atomic_init(&service->draining, false);
  atomic_init(&service->requests, 0);
  service->no_memory = sl_reply_no_memory_new();
  service->metrics = sl_metrics_new(sl_server_threads(options));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  service->started = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
  return service->no_memory != NULL && service->metrics != NULL;
}

static bool start_reaper(struct sl_server *server, const struct sl_server_options *options) {
  server->reaper = (struct sl_reaper){
      .connections = &server->connections,
      .metrics = server->service.metrics,
      .deadlines = {.idle_seconds = options->idle_seconds,
                    .header_seconds = options->header_seconds,
                    .request_seconds = options->request_seconds},
      .tell = options->tell,
      .closure = options->tell_closure,
  };
  uint64_t for_others = options->connections / SL_CONNECTIONS_FOR_OTHERS;
  return sl_connections_init(&server->connections, options->connections,
                             options->connections - for_others) &&
         sl_reaper_start(&server->reaper);
}

bool sl_server_check(const struct sl_server_options *options, char *message, size_t message_size) {
  struct sl_doors doors;
  bool good = sl_doors_open(&doors, options, message, message_size);
  sl_doors_close(&doors);
  return good;
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

static bool open_listener(struct sl_listener *listener, const struct sl_server_options *options,
                          size_t index, char *message, size_t message_size) {
  if (options->listen == NULL) {
    return sl_listener_adopt(listener, options->first_socket + (int)index, message, message_size);
  }
  return sl_listener_open(listener, options->listen[index], (mode_t)options->unix_mode, message,
                          message_size);
}

/* Every connection is an open file. Where the system does not allow as many, clients wait to be
 * taken in; whoever runs the server should know. */
static void allow_open_files(const struct sl_server_options *options) {
  enum { OTHERS = 64 };
  struct rlimit limit;
  rlim_t wanted = options->connections + OTHERS + 2 * (rlim_t)sl_server_threads(options);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) {
    return;
  }
  limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < wanted && options->tell != NULL) {
    char sentence[160];
    snprintf(sentence, sizeof sentence,
             "%ju connections want %ju open files, the system allows %ju",
             (uintmax_t)options->connections, (uintmax_t)wanted, (uintmax_t)limit.rlim_cur);
    options->tell(options->tell_closure, sentence);
  }
}

/* All addresses are bound before the first one is served: a server starts whole or not at all. */
static bool start(struct sl_server *server, const struct sl_server_options *options, char *message,
                  size_t message_size) {
  if (!init_service(&server->service, options) || !start_reaper(server, options)) {
    snprintf(message, message_size, "there is no memory for the server");
    return false;
  }
  allow_open_files(options);
  if (!sl_doors_open(&server->service.doors, options, message, message_size)) {
    return false;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    struct sl_station *station = &server->stations[i];
    if (!open_listener(&station->listener, options, i, message, message_size)) {
      return false;
    }
    bool local = sl_address_is_unix(station->listener.address);
    station->tls = local ? NULL : server->service.doors.tls;
  }
  for (size_t i = 0; i < server->station_count; i++) {
    if (!sl_station_start(&server->stations[i], options)) {
      snprintf(message, message_size, "cannot serve %s: no memory or no threads",
               server->stations[i].listener.address);
      return false;
    }
  }
  return true;
}

/* Tolerates any half-started state. */
static void free_server(struct sl_server *server) {
  for (size_t i = 0; i < server->station_count; i++) {
    sl_station_close(&server->stations[i]);
  }
  sl_reaper_stop(&server->reaper);
  sl_connections_free(&server->connections);
  if (server->service.no_memory != NULL) {
    MHD_destroy_response(server->service.no_memory);
  }
  sl_doors_close(&server->service.doors);
  sl_metrics_free(server->service.metrics);
  free(server);
}

struct sl_server *sl_server_start(const struct sl_server_options *options, char *message,
                                  size_t message_size) {
  size_t count = options->listen_count;
  struct sl_server *server = calloc(1, sizeof *server + count * sizeof server->stations[0]);
  if (server == NULL) {
    snprintf(message, message_size, "there is no memory for the server");
    return NULL;
  }
  server->stop_delay_seconds = options->stop_delay_seconds;
  server->stop_seconds = options->stop_seconds;
  server->station_count = count;
  for (size_t i = 0; i < count; i++) {
    server->stations[i] = (struct sl_station){.listener = SL_NO_LISTENER,
                                              .service = &server->service,
                                              .connections = &server->connections};
  }
  if (!start(server, options, message, message_size)) {
    free_server(server);
    return NULL;
  }
  return server;
}

const char *sl_server_exposed_address(const struct sl_server *server) {
  for (size_t i = 0; server->service.doors.access == NULL && i < server->station_count; i++) {
    const char *address = server->stations[i].listener.address;
    if (!sl_address_is_local(address)) {
      return address;
    }
  }
  return NULL;
}

bool sl_server_is_encrypted(const struct sl_server *server, size_t listener) {
  return server->stations[listener].tls != NULL;
}

const char *sl_server_address(const struct sl_server *server, size_t listener) {
  return server->stations[listener].listener.address;
}

bool sl_server_reload(struct sl_server *server, char *message, size_t message_size) {
  return sl_doors_reload(&server->service.doors, message, message_size);
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

static void wait_for_load_balancers(const struct sl_server *server) {
  const struct timespec delay = {.tv_sec = (time_t)server->stop_delay_seconds};
  nanosleep(&delay, NULL);
}

void sl_server_stop(struct sl_server *server) {
  if (server == NULL) {
    return;
  }
  sl_server_drain(server);
  wait_for_load_balancers(server);
  for (size_t i = 0; i < server->station_count; i++) {
    sl_station_stop_listening(&server->stations[i]);
  }
  atomic_store(&server->reaper.closing, true);
  wait_for_none(&server->connections.coming, 1); /* threads that are not busy take a moment */
  wait_for_none(&server->connections.open, server->stop_seconds);
  free_server(server);
}
