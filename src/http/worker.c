#include "http/worker.h"

#include "http/endpoint.h"
#include "http/reaper.h"
#include "net/address.h"
#include "net/listener.h"
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A client on its way from the worker that accepted it. */
struct arrival {
  struct arrival *next;
  size_t endpoint;
  int client;
  socklen_t length;
  struct sockaddr_storage address;
};

struct sl_worker {
  struct sl_workers *all;
  struct sl_loop loop;
  struct sl_endpoint *endpoints; /* one for each listener */
  struct sl_reaper reaper;
  uint64_t next_look;
  bool accepting;
  bool full;   /* does not listen until the next look */
  size_t runs; /* of endpoints since it last waited */
  pthread_t thread;
  bool runs_thread;

  atomic_bool asked;           /* to take its messages, see sl_workers_respond */
  atomic_uint_least64_t worst; /* see sl_reaper_look */
  struct arrival *arrivals;    /* under the loop's mutex */
};

/* Milliseconds between two looks of the reaper. */
enum { LOOK_INTERVAL = 100 };

/* Milliseconds of work between two waits that still count for the clock. */
enum { USUAL_WORK = 50 };

/* How often endpoints are run, at most, before the worker looks at everything else it waits for. */
enum { MAX_RUNS = 16 };

enum { MAX_EVENTS = 64, MAX_ACCEPTS = 16 };

static int64_t monotonic_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Moves the clock on by what has passed, but not by more than `usual`. */
static void advance_clock(struct sl_loop *loop, int usual) {
  int64_t reading = monotonic_milliseconds();
  int64_t elapsed = reading - loop->clock_reading;
  loop->clock_reading = reading;
  loop->now += (uint64_t)(elapsed < usual ? elapsed : usual);
}

/* False if the system has no descriptors left; close_loop then frees what is there. */
static bool open_loop(struct sl_loop *loop) {
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  loop->clock_reading = monotonic_milliseconds();
  return loop->epoll >= 0 && loop->event >= 0 &&
         sl_loop_watch(loop, loop->event, EPOLLIN, &loop->event);
}

static void close_loop(struct sl_loop *loop) {
  if (loop->event >= 0) {
    close(loop->event);
  }
  if (loop->epoll >= 0) {
    close(loop->epoll);
  }
  pthread_mutex_destroy(&loop->mutex);
}

static bool watch_listeners(struct sl_worker *worker) {
  const struct sl_service *service = worker->loop.service;
  bool ok = true;
  for (size_t i = 0; i < service->listener_count; i++) {
    ok = sl_loop_watch(&worker->loop, service->listeners[i].socket, EPOLLIN | EPOLLEXCLUSIVE,
                       &service->listeners[i]) &&
         ok;
  }
  return ok;
}

static void forget_listeners(struct sl_worker *worker) {
  for (size_t i = 0; i < worker->loop.service->listener_count; i++) {
    sl_loop_forget(&worker->loop, worker->loop.service->listeners[i].socket);
  }
}

/* Leaves clients in the queue of the listening sockets until slots may be free. */
static void pause_accepting(struct sl_worker *worker) {
  if (worker->accepting && !worker->full) {
    worker->full = true;
    forget_listeners(worker);
  }
}

static void resume_accepting(struct sl_worker *worker) {
  if (worker->full && !sl_connections_are_full(&worker->loop.service->connections)) {
    worker->full = false;
    if (worker->accepting) {
      watch_listeners(worker);
    }
  }
}

static struct sl_worker *least_busy(struct sl_workers *workers) {
  struct sl_worker *found = workers->workers;
  for (struct sl_worker *worker = found + 1; worker < workers->workers + workers->count; worker++) {
    if (atomic_load_explicit(&worker->loop.load, memory_order_relaxed) <
        atomic_load_explicit(&found->loop.load, memory_order_relaxed)) {
      found = worker;
    }
  }
  return found;
}

/* Takes a client from the queue of a listener. Returns false if none waits, or there is nothing to
 * serve it with; then *exhausted tells which. */
static bool take_client(struct sl_workers *all, struct arrival *arrival, bool *exhausted) {
  *exhausted = !sl_connections_reserve(&all->service->connections);
  if (*exhausted) {
    atomic_fetch_add_explicit(&all->service->refusals, 1, memory_order_relaxed);
    return false;
  }
  arrival->length = sizeof arrival->address;
  arrival->client =
      accept4(all->service->listeners[arrival->endpoint].socket,
              (struct sockaddr *)&arrival->address, &arrival->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (arrival->client < 0) {
    *exhausted = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    atomic_fetch_sub(&all->service->connections.arriving, 1);
    return false;
  }
  if (sl_connections_are_at_limit(&all->service->connections)) {
    atomic_fetch_add_explicit(&all->service->refusals, 1, memory_order_relaxed);
  }
  return true;
}

/* Gives an arrival to the worker that will serve it. False where there is no memory for that. */
static bool hand_over(struct sl_worker *chosen, const struct arrival *arrival) {
  struct arrival *copy = malloc(sizeof *copy);
  if (copy == NULL) {
    return false;
  }
  *copy = *arrival;
  atomic_fetch_add_explicit(&chosen->loop.load, 1, memory_order_relaxed);
  pthread_mutex_lock(&chosen->loop.mutex);
  bool first = chosen->arrivals == NULL;
  copy->next = chosen->arrivals;
  chosen->arrivals = copy;
  pthread_mutex_unlock(&chosen->loop.mutex);
  if (first) {
    sl_loop_wake(&chosen->loop);
  }
  return true;
}

static void serve(struct sl_worker *worker, const struct arrival *arrival) {
  sl_endpoint_add(&worker->endpoints[arrival->endpoint], arrival->client,
                  (const struct sockaddr *)&arrival->address, arrival->length);
}

static bool accept_one(struct sl_worker *worker, size_t endpoint) {
  struct sl_workers *all = worker->all;
  struct arrival arrival = {.endpoint = endpoint};
  bool exhausted;
  if (!take_client(all, &arrival, &exhausted)) {
    if (exhausted) {
      pause_accepting(worker);
    }
    return false;
  }
  struct sl_worker *chosen = least_busy(all);
  if (chosen == worker || !hand_over(chosen, &arrival)) {
    atomic_fetch_add_explicit(&worker->loop.load, 1, memory_order_relaxed);
    serve(worker, &arrival);
  }
  return true;
}

static void take_messages(struct sl_worker *worker) {
  eventfd_t ignored;
  eventfd_read(worker->loop.event, &ignored);
  atomic_store_explicit(&worker->asked, false, memory_order_relaxed);
  pthread_mutex_lock(&worker->loop.mutex);
  struct arrival *arrivals = worker->arrivals;
  struct sl_task *finished = worker->loop.finished;
  worker->arrivals = NULL;
  worker->loop.finished = NULL;
  pthread_mutex_unlock(&worker->loop.mutex);
  while (arrivals != NULL) {
    struct arrival *arrival = arrivals;
    arrivals = arrival->next;
    serve(worker, arrival);
    free(arrival);
  }
  sl_loop_take_finished(&worker->loop, finished);
  if (worker->accepting && !atomic_load(&worker->all->listening)) {
    forget_listeners(worker);
    worker->accepting = false;
    atomic_fetch_sub(&worker->all->accepting, 1);
  }
}

static void dispatch_event(struct sl_worker *worker, void *what) {
  const struct sl_service *service = worker->loop.service;
  const struct sl_listener *listener = what;
  struct sl_endpoint *endpoint = what;
  if (what == &worker->loop.event) {
    take_messages(worker);
  } else if (endpoint >= worker->endpoints &&
             endpoint < worker->endpoints + service->listener_count) {
    endpoint->progress.ready = true;
  } else if (listener >= service->listeners &&
             listener < service->listeners + service->listener_count) {
    size_t index = (size_t)(listener - service->listeners);
    for (int accepted = 0; accepted < MAX_ACCEPTS && accept_one(worker, index); accepted++) {
    }
  } else {
    sl_loop_unpark(&worker->loop, what);
  }
}

static bool has_ready_endpoint(const struct sl_worker *worker) {
  for (size_t i = 0; i < worker->loop.service->listener_count; i++) {
    if (worker->endpoints[i].progress.ready) {
      return true;
    }
  }
  return false;
}

/* Milliseconds; -1 where nothing will be to do until something comes. */
static int time_to_wait(const struct sl_worker *worker) {
  if (has_ready_endpoint(worker)) {
    return 0;
  }
  if (worker->loop.first == NULL && !worker->full) {
    return -1;
  }
  return worker->next_look > worker->loop.now ? (int)(worker->next_look - worker->loop.now) : 0;
}

static void wait_for_events(struct sl_worker *worker) {
  struct epoll_event events[MAX_EVENTS];
  int timeout = time_to_wait(worker);
  int count = epoll_wait(worker->loop.epoll, events, MAX_EVENTS, timeout);
  advance_clock(&worker->loop, timeout > 0 ? timeout : USUAL_WORK);
  for (int i = 0; i < count; i++) {
    dispatch_event(worker, events[i].data.ptr);
  }
}

static uint64_t worst_of_others(const struct sl_worker *worker) {
  const struct sl_workers *all = worker->all;
  uint64_t worst = 0;
  for (const struct sl_worker *other = all->workers; other < all->workers + all->count; other++) {
    uint64_t score = atomic_load_explicit(&other->worst, memory_order_relaxed);
    worst = other != worker && score > worst ? score : worst;
  }
  return worst;
}

static void look_at_connections(struct sl_worker *worker) {
  worker->next_look = worker->loop.now + LOOK_INTERVAL;
  if (worker->full) { /* clients still wait */
    atomic_fetch_add_explicit(&worker->loop.service->refusals, 1, memory_order_relaxed);
  }
  uint64_t worst = sl_reaper_look(&worker->reaper, worker->loop.first, worst_of_others(worker));
  atomic_store_explicit(&worker->worst, worst, memory_order_relaxed);
  resume_accepting(worker);
}

/* One call of libmicrohttpd is often enough for a request, so it is called again as long as
 * something moves before the worker waits: a wait costs as much as a small request's loss. */
static void *run_worker(void *closure) {
  struct sl_worker *worker = closure;
  while (!atomic_load(&worker->all->stop)) {
    if (worker->runs >= MAX_RUNS || !has_ready_endpoint(worker)) {
      worker->runs = 0;
      wait_for_events(worker);
    }
    worker->runs++;
    for (size_t i = 0; i < worker->loop.service->listener_count; i++) {
      if (worker->endpoints[i].progress.ready) {
        sl_endpoint_run(&worker->endpoints[i]);
      }
    }
    advance_clock(&worker->loop, USUAL_WORK);
    if (worker->loop.now >= worker->next_look) {
      look_at_connections(worker);
    }
  }
  struct pollfd wanted = {.fd = worker->loop.event, .events = POLLIN};
  while (worker->loop.computing > 0) { /* a suspended connection may not be ended */
    poll(&wanted, 1, -1);
    take_messages(worker);
  }
  return NULL;
}

static bool start_endpoints(struct sl_worker *worker) {
  struct sl_service *service = worker->loop.service;
  worker->endpoints = calloc(service->listener_count, sizeof *worker->endpoints);
  if (worker->endpoints == NULL) {
    return false;
  }
  for (size_t i = 0; i < service->listener_count; i++) {
    struct sl_endpoint *endpoint = &worker->endpoints[i];
    const char *address = service->listeners[i].address;
    *endpoint = (struct sl_endpoint){.loop = &worker->loop,
                                     .address = address,
                                     .tls = sl_address_is_unix(address) ? NULL : service->auth.tls};
    if (!sl_endpoint_start(endpoint) ||
        !sl_loop_watch(&worker->loop, endpoint->events, EPOLLIN, endpoint)) {
      return false;
    }
  }
  return true;
}

static bool start_worker(struct sl_worker *worker) {
  worker->reaper.service = worker->loop.service;
  worker->accepting = true;
  return open_loop(&worker->loop) && start_endpoints(worker) && watch_listeners(worker);
}

bool sl_workers_start(struct sl_workers *workers) {
  workers->workers = calloc(workers->count, sizeof *workers->workers);
  if (workers->workers == NULL) {
    return false;
  }
  atomic_init(&workers->stop, false);
  atomic_init(&workers->listening, true);
  atomic_init(&workers->accepting, workers->count);
  for (size_t i = 0; i < workers->count; i++) {
    struct sl_worker *worker = &workers->workers[i];
    worker->all = workers;
    worker->loop = (struct sl_loop){
        .service = workers->service, .last = &worker->loop.first, .epoll = -1, .event = -1};
    atomic_init(&worker->loop.load, 0);
    atomic_init(&worker->asked, false);
    atomic_init(&worker->worst, 0);
    pthread_mutex_init(&worker->loop.mutex, NULL);
  }
  for (size_t i = 0; i < workers->count; i++) {
    if (!start_worker(&workers->workers[i])) {
      return false;
    }
  }
  for (size_t i = 0; i < workers->count; i++) {
    struct sl_worker *worker = &workers->workers[i];
    worker->runs_thread = pthread_create(&worker->thread, NULL, run_worker, worker) == 0;
    if (!worker->runs_thread) {
      return false;
    }
  }
  return true;
}

static void wake_all(struct sl_workers *workers) {
  for (size_t i = 0; i < workers->count; i++) {
    sl_loop_wake(&workers->workers[i].loop);
  }
}

bool sl_workers_respond(struct sl_workers *workers) {
  bool all = true;
  for (size_t i = 0; i < workers->count; i++) {
    all = !atomic_exchange(&workers->workers[i].asked, true) && all;
  }
  wake_all(workers);
  return all;
}

/* Looks a hundred times a second: a worker that is busy takes a moment. */
void sl_workers_stop_listening(struct sl_workers *workers) {
  const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
  atomic_store(&workers->listening, false);
  wake_all(workers);
  while (atomic_load(&workers->accepting) > 0) {
    nanosleep(&pause, NULL);
  }
}

void sl_workers_accept_rest(struct sl_workers *workers, size_t listener) {
  struct arrival arrival = {.endpoint = listener};
  bool exhausted;
  while (take_client(workers, &arrival, &exhausted)) {
    if (!hand_over(least_busy(workers), &arrival)) {
      close(arrival.client);
      atomic_fetch_sub(&workers->service->connections.arriving, 1);
    }
  }
}

/* What is still parked goes back to libmicrohttpd, which ends everything. */
static void free_worker(struct sl_worker *worker) {
  for (struct sl_connection *connection = worker->loop.first; connection != NULL;
       connection = connection->next) {
    if (connection->suspended) {
      sl_loop_unpark(&worker->loop, connection);
    }
  }
  for (size_t i = 0; worker->endpoints != NULL && i < worker->loop.service->listener_count; i++) {
    sl_endpoint_stop(&worker->endpoints[i]);
  }
  while (worker->arrivals != NULL) {
    struct arrival *arrival = worker->arrivals;
    worker->arrivals = arrival->next;
    close(arrival->client);
    free(arrival);
  }
  free(worker->loop.spare);
  free(worker->endpoints);
  close_loop(&worker->loop);
}

void sl_workers_stop(struct sl_workers *workers) {
  if (workers->workers == NULL) {
    return;
  }
  sl_compute_cancel(&workers->service->compute);
  atomic_store(&workers->stop, true);
  wake_all(workers);
  for (size_t i = 0; i < workers->count; i++) {
    if (workers->workers[i].runs_thread) {
      pthread_join(workers->workers[i].thread, NULL);
    }
  }
  for (size_t i = 0; i < workers->count; i++) {
    free_worker(&workers->workers[i]);
  }
  free(workers->workers);
  workers->workers = NULL;
}
