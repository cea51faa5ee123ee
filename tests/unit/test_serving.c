/*
 * Parts of the event loop that need no network: slots for connections, and the threads that
 * compute.
 */
#include "http/compute.h"
#include "http/connections.h"
#include "suite.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static struct sl_connections table;
static uint64_t now;

static struct sl_connection *open_one(void) {
  const struct sockaddr nobody = {.sa_family = AF_UNIX};
  struct sl_connection *connection = sl_connection_open(&table, -1, &nobody, &now);
  ck_assert_ptr_nonnull(connection);
  atomic_fetch_sub(&table.arriving, 1);
  return connection;
}

START_TEST(as_many_slots_are_reserved_as_there_are) {
  ck_assert(sl_connections_init(&table, 4, 4));
  struct sl_connection *opened = NULL;
  for (size_t i = 0; i < table.count; i++) {
    ck_assert(sl_connections_reserve(&table));
    opened = i % 2 == 0 ? open_one() : opened;
  }
  ck_assert(!sl_connections_reserve(&table));
  ck_assert_uint_eq(atomic_load(&table.arriving), table.count / 2);
  sl_connection_close(opened);
  ck_assert(sl_connections_reserve(&table));
  ck_assert(!sl_connections_reserve(&table));
  sl_connections_free(&table);
}
END_TEST

enum { RESERVERS = 4, TRIES = 20000 };

static atomic_size_t reserved;
static atomic_bool too_many;

/* Counts before it gives back, so that the count is never less than what is reserved. */
static void *reserve_and_give_back(void *closure) {
  (void)closure;
  for (int i = 0; i < TRIES; i++) {
    if (sl_connections_reserve(&table)) {
      if (atomic_fetch_add(&reserved, 1) >= table.count) {
        atomic_store(&too_many, true);
      }
      atomic_fetch_sub(&reserved, 1);
      atomic_fetch_sub(&table.arriving, 1);
    }
  }
  return NULL;
}

START_TEST(no_slot_is_promised_twice_at_once) {
  pthread_t threads[RESERVERS];
  ck_assert(sl_connections_init(&table, 1, 1));
  for (size_t i = 0; i + 1 < table.count; i++) {
    ck_assert(sl_connections_reserve(&table));
    open_one();
  }
  atomic_store(&reserved, table.count - 1);
  for (size_t i = 0; i < RESERVERS; i++) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, reserve_and_give_back, NULL), 0);
  }
  for (size_t i = 0; i < RESERVERS; i++) {
    pthread_join(threads[i], NULL);
  }
  ck_assert(!atomic_load(&too_many));
  ck_assert_uint_eq(atomic_load(&table.arriving), 0);
  sl_connections_free(&table);
}
END_TEST

START_TEST(time_on_a_compute_thread_counts_for_no_deadline_and_no_rate) {
  ck_assert(sl_connections_init(&table, 1, 1));
  ck_assert(sl_connections_reserve(&table));
  now = 1000;
  struct sl_connection *connection = open_one();
  sl_connection_enter(connection, SL_STAGE_HEAD);
  sl_connection_enter(connection, SL_STAGE_BODY);
  now = 1500;
  sl_connection_enter(connection, SL_STAGE_COMPUTE);
  now = 9500;
  sl_connection_enter(connection, SL_STAGE_ANSWER);
  ck_assert_uint_eq(now - connection->since, 500);
  ck_assert_uint_eq(now - connection->sample_time, 500);
  ck_assert_uint_eq(connection->moved, now);
  sl_connections_free(&table);
}
END_TEST

enum { TASKS = 10 };

struct job {
  struct sl_task task;
  size_t runs, ends;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int begun[2]; /* a pipe: one byte for each task that has begun */

static void wait_at_gate(struct sl_task *task) {
  ((struct job *)(void *)task)->runs++;
  ck_assert_int_eq(write(begun[1], "", 1), 1);
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
}

static void count_end(struct sl_task *task) {
  ((struct job *)(void *)task)->ends++;
}

/* One thread, which is held up in the first of them. */
static void queue_jobs(struct sl_compute *compute, struct job *jobs) {
  char byte;
  ck_assert_int_eq(pipe(begun), 0);
  ck_assert(sl_compute_start(compute, 1));
  pthread_mutex_lock(&gate);
  for (size_t i = 0; i < TASKS; i++) {
    jobs[i].task = (struct sl_task){.run = wait_at_gate, .done = count_end};
    sl_compute_submit(compute, &jobs[i].task);
  }
  ck_assert_int_eq(read(begun[0], &byte, 1), 1);
}

static void end_jobs(struct sl_compute *compute) {
  pthread_mutex_unlock(&gate);
  sl_compute_stop(compute);
  close(begun[0]);
  close(begun[1]);
}

START_TEST(what_is_queued_is_done_before_the_threads_end) {
  struct sl_compute compute;
  struct job jobs[TASKS] = {0};
  queue_jobs(&compute, jobs);
  end_jobs(&compute);
  for (size_t i = 0; i < TASKS; i++) {
    ck_assert_uint_eq(jobs[i].runs, 1);
    ck_assert_uint_eq(jobs[i].ends, 1);
  }
}
END_TEST

START_TEST(cancelled_tasks_are_handed_back_without_being_run) {
  struct sl_compute compute;
  struct job jobs[TASKS] = {0};
  queue_jobs(&compute, jobs);
  sl_compute_cancel(&compute);
  end_jobs(&compute);
  for (size_t i = 0; i < TASKS; i++) {
    ck_assert_uint_eq(jobs[i].runs, i == 0);
    ck_assert_uint_eq(jobs[i].ends, 1);
  }
}
END_TEST

int main(void) {
  return RUN_SUITE("serving", NULL, as_many_slots_are_reserved_as_there_are,
                   no_slot_is_promised_twice_at_once,
                   time_on_a_compute_thread_counts_for_no_deadline_and_no_rate,
                   what_is_queued_is_done_before_the_threads_end,
                   cancelled_tasks_are_handed_back_without_being_run);
}
