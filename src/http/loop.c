#include "http/loop.h"

#include <microhttpd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool sl_loop_open(struct sl_loop *loop) {
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  loop->clock_reading = monotonic_milliseconds();
  return loop->epoll >= 0 && loop->event >= 0 &&
         sl_loop_watch(loop, loop->event, EPOLLIN, &loop->event);
}

void sl_loop_close(struct sl_loop *loop) {
  if (loop->event >= 0) {
    close(loop->event);
  }
  if (loop->epoll >= 0) {
    close(loop->epoll);
  }
  pthread_mutex_destroy(&loop->mutex);
}

void sl_loop_advance_clock(struct sl_loop *loop, int usual) {
  int64_t reading = monotonic_milliseconds();
  int64_t elapsed = reading - loop->clock_reading;
  loop->clock_reading = reading;
  loop->now += (uint64_t)(elapsed < usual ? elapsed : usual);
}

bool sl_loop_watch(struct sl_loop *loop, int file, uint32_t events, const void *what) {
  struct epoll_event event = {.events = events, .data.ptr = (void *)what};
  return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, file, &event) == 0;
}

void sl_loop_forget(struct sl_loop *loop, int file) {
  epoll_ctl(loop->epoll, EPOLL_CTL_DEL, file, NULL);
}

void sl_loop_wake(struct sl_loop *loop) {
  eventfd_write(loop->event, 1);
}

void sl_loop_add(struct sl_loop *loop, struct sl_connection *connection) {
  connection->loop = loop;
  connection->next = NULL;
  connection->link = loop->last;
  *loop->last = connection;
  loop->last = &connection->next;
}

void sl_loop_lose(struct sl_loop *loop) {
  atomic_fetch_sub_explicit(&loop->load, 1, memory_order_relaxed);
}

void sl_loop_remove(struct sl_loop *loop, struct sl_connection *connection) {
  *connection->link = connection->next;
  if (connection->next != NULL) {
    connection->next->link = connection->link;
  } else {
    loop->last = connection->link;
  }
  sl_loop_lose(loop);
}

static void suspend_connection(struct sl_connection *connection) {
  MHD_suspend_connection(connection->handle);
  connection->suspended = true;
}

static void resume_connection(struct sl_connection *connection) {
  connection->suspended = false;
  connection->progress->ready = true;
  MHD_resume_connection(connection->handle);
}

void sl_loop_park(struct sl_loop *loop, struct sl_connection *connection) {
  suspend_connection(connection);
  if (!sl_loop_watch(loop, connection->socket, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, connection)) {
    resume_connection(connection);
  }
}

void sl_loop_unpark(struct sl_loop *loop, struct sl_connection *connection) {
  sl_loop_forget(loop, connection->socket);
  resume_connection(connection);
}

/* On a compute thread. */
static void return_task(struct sl_task *task) {
  const struct sl_connection *connection = task->owner;
  struct sl_loop *loop = connection->loop;
  pthread_mutex_lock(&loop->mutex);
  task->next = loop->finished;
  loop->finished = task;
  /* Woken before the mutex is released: after that the worker may take the task, and end. */
  sl_loop_wake(loop);
  pthread_mutex_unlock(&loop->mutex);
}

/*
 * libmicrohttpd would read from a resumed connection before it calls for the request again, and
 * take the end of what the client sends for the end of the connection, although the whole request
 * has come. Connections with a timeout of their own it looks at before it reads from any.
 */
static void look_before_reading(struct sl_connection *connection, bool before) {
  enum { SECONDS = 1000 * 1000 }; /* longer than any request lives */
  connection->looks_first = before;
  MHD_set_connection_option(connection->handle, MHD_CONNECTION_OPTION_TIMEOUT,
                            before ? (unsigned)SECONDS : 0U);
}

void sl_loop_continue(struct sl_connection *connection) {
  if (connection->looks_first) {
    look_before_reading(connection, false);
  }
}

void sl_loop_compute(struct sl_connection *connection, struct sl_task *task) {
  struct sl_loop *loop = connection->loop;
  look_before_reading(connection, true);
  suspend_connection(connection);
  sl_connection_enter(connection, SL_STAGE_COMPUTE);
  loop->computing++;
  task->done = return_task;
  task->owner = connection;
  sl_compute_submit(&loop->service->compute, task);
}

void sl_loop_take_finished(struct sl_loop *loop, struct sl_task *task) {
  while (task != NULL) {
    struct sl_task *next = task->next;
    struct sl_connection *connection = task->owner;
    loop->computing--;
    sl_connection_enter(connection, SL_STAGE_BODY);
    resume_connection(connection);
    task = next;
  }
}
