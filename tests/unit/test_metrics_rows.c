/*
 * Counting from many threads at once: every thread has a row of its own, and threads beyond the
 * last row share one.
 */
#include "http/metrics.h"
#include "suite.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 8, COUNTS = 400000 };

static struct sl_metrics *metrics;
static pthread_barrier_t together;

static void *count(void *closure) {
  (void)closure;
  const struct sl_record exchange = {.loss = sl_losses[0],
                                     .evaluated = true,
                                     .body_bytes = 9, /* compressed */
                                     .decoded_bytes = 10,
                                     .fast_bytes = 7,
                                     .answer_bytes = 5,
                                     .spikes = 3,
                                     .nanoseconds = {10000, 10001, UINT64_C(30000000001)}};
  pthread_barrier_wait(&together);
  for (int i = 0; i < COUNTS; i++) {
    sl_metrics_count_record(metrics, &exchange);
  }
  sl_metrics_count_connection(metrics, true);
  return NULL;
}

static void count_in_threads(size_t expected_threads) {
  pthread_t threads[THREADS];
  metrics = sl_metrics_new(expected_threads);
  ck_assert_ptr_nonnull(metrics);
  pthread_barrier_init(&together, NULL, THREADS);
  for (size_t i = 0; i < THREADS; i++) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
  }
  for (size_t i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
  }
  pthread_barrier_destroy(&together);
}

static void expect_every_count(void) {
  const uint64_t all = (uint64_t)THREADS * COUNTS;
  uint64_t *sums = sl_metrics_sum(metrics);
  ck_assert_ptr_nonnull(sums);
  ck_assert_uint_eq(sums[sl_column_of_requests(0, SL_ENCODING_TEXT, SL_OK)], all);
  ck_assert_uint_eq(sums[SL_COLUMN_BODY_BYTES], 9 * all);
  ck_assert_uint_eq(sums[SL_COLUMN_FAST_BYTES], 7 * all);
  ck_assert_uint_eq(sums[SL_COLUMN_EXACT_BYTES], 3 * all);
  ck_assert_uint_eq(sums[SL_COLUMN_ANSWER_BYTES], 5 * all);
  ck_assert_uint_eq(sums[SL_COLUMN_SPIKES], 3 * all);
  ck_assert_uint_eq(sums[SL_COLUMN_CONNECTIONS_OPENED], THREADS);
  ck_assert_uint_eq(sums[sl_column_of_nanoseconds(SL_PHASE_COMPUTE)], 10001 * all);
  /* A bound belongs to its bucket; what is above the last goes into the one after it. */
  ck_assert_uint_eq(sums[sl_column_of_duration(SL_PHASE_RECEIVE, 0)], all);
  ck_assert_uint_eq(sums[sl_column_of_duration(SL_PHASE_COMPUTE, 1)], all);
  ck_assert_uint_eq(sums[sl_column_of_duration(SL_PHASE_SEND, SL_DURATION_BUCKETS)], all);
  free(sums);
  sl_metrics_free(metrics);
}

START_TEST(threads_with_rows_of_their_own_lose_nothing) {
  count_in_threads(THREADS);
  expect_every_count();
}
END_TEST

START_TEST(more_threads_than_rows_lose_nothing) {
  count_in_threads(1);
  expect_every_count();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("metrics_rows");
  TCase *rows = tcase_create("rows");
  tcase_set_timeout(rows, 120);
  tcase_add_test(rows, threads_with_rows_of_their_own_lose_nothing);
  tcase_add_test(rows, more_threads_than_rows_lose_nothing);
  suite_add_tcase(suite, rows);
  return suite_end(suite);
}
