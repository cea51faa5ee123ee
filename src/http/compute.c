#include "http/compute.h"

#include <stdlib.h>

/* The next task; waits for one. NULL when the threads are to end and nothing is left to do. */
static struct sl_task *take_task(struct sl_compute *compute) {
  pthread_mutex_lock(&compute->mutex);
  while (compute->first == NULL && !compute->stop) {
    pthread_cond_wait(&compute->wake, &compute->mutex);
  }
  struct sl_task *task = compute->first;
  if (task != NULL) {
    compute->first = task->next;
    compute->last = task->next == NULL ? &compute->first : compute->last;
  }
  pthread_mutex_unlock(&compute->mutex);
  return task;
}

static void *run_tasks(void *closure) {
  struct sl_compute *compute = closure;
  for (struct sl_task *task; (task = take_task(compute)) != NULL;) {
    if (!atomic_load_explicit(&compute->cancelled, memory_order_relaxed)) {
      task->run(task);
      task->run = NULL;
    }
    task->done(task);
  }
  return NULL;
}

bool sl_compute_start(struct sl_compute *compute, size_t threads) {
  *compute = (struct sl_compute){0};
  compute->threads = calloc(threads, sizeof *compute->threads);
  if (compute->threads == NULL) {
    return false;
  }
  compute->last = &compute->first;
  pthread_mutex_init(&compute->mutex, NULL);
  pthread_cond_init(&compute->wake, NULL);
  while (compute->count < threads &&
         pthread_create(&compute->threads[compute->count], NULL, run_tasks, compute) == 0) {
    compute->count++;
  }
  if (compute->count < threads) {
    sl_compute_stop(compute);
    return false;
  }
  return true;
}

void sl_compute_submit(struct sl_compute *compute, struct sl_task *task) {
  task->next = NULL;
  pthread_mutex_lock(&compute->mutex);
  *compute->last = task;
  compute->last = &task->next;
  pthread_cond_signal(&compute->wake);
  pthread_mutex_unlock(&compute->mutex);
}

void sl_compute_cancel(struct sl_compute *compute) {
  atomic_store(&compute->cancelled, true);
}

void sl_compute_stop(struct sl_compute *compute) {
  if (compute->threads == NULL) {
    return;
  }
  pthread_mutex_lock(&compute->mutex);
  compute->stop = true;
  pthread_cond_broadcast(&compute->wake);
  pthread_mutex_unlock(&compute->mutex);
  for (size_t i = 0; i < compute->count; i++) {
    pthread_join(compute->threads[i], NULL);
  }
  pthread_cond_destroy(&compute->wake);
  pthread_mutex_destroy(&compute->mutex);
  free(compute->threads);
  *compute = (struct sl_compute){0};
}
