/*
 * What the service counts about itself, for GET /metrics.
 *
 * Every thread counts into a row of its own, which no other thread writes, so that counting is a
 * few plain additions without a lock or a cache line that wanders between cores. A scrape adds up
 * the rows:
 *
 *     thread 1   requests  bytes  spikes ...        GET /metrics
 *     thread 2   requests  bytes  spikes ...   ──►  one sum for each column
 */
#ifndef SPIKELOSS_HTTP_METRICS_H
#define SPIKELOSS_HTTP_METRICS_H

#include "core/codes.h"
#include "http/record.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_metrics;

/* Rows for this number of threads and a few more; NULL when there is no memory. Threads that count
 * must not outlive the metrics. */
struct sl_metrics *sl_metrics_new(size_t threads);

/* Tolerates NULL. */
void sl_metrics_free(struct sl_metrics *metrics);

/* A request is over. */
void sl_metrics_count_record(struct sl_metrics *metrics, const struct sl_record *record);

/* A connection was turned away before it had a request: for a status, or by an outcome. */
void sl_metrics_count_refusal(struct sl_metrics *metrics, size_t reason);

void sl_metrics_count_connection(struct sl_metrics *metrics, bool opened);

/*
 * What a scrape reads. Reasons are one range of numbers: an answer's status, or after those an
 * outcome without an answer.
 */
enum { SL_REASON_COUNT = (int)SL_CODE_COUNT + (int)SL_OUTCOME_COUNT };

static inline size_t sl_reason_of_outcome(enum sl_outcome outcome) {
  return SL_CODE_COUNT + (size_t)outcome;
}

enum { SL_DURATION_BUCKETS = 20 };

/* The upper bounds of the buckets, in nanoseconds; a last bucket without a bound follows. */
extern const uint64_t sl_duration_bounds[SL_DURATION_BUCKETS];

/* The columns. */
enum sl_column {
  SL_COLUMN_BODY_BYTES,
  SL_COLUMN_ANSWER_BYTES,
  SL_COLUMN_SPIKES,
  SL_COLUMN_FAST_BYTES,
  SL_COLUMN_EXACT_BYTES,
  SL_COLUMN_CONNECTIONS_OPENED,
  SL_COLUMN_CONNECTIONS_CLOSED,
  SL_COLUMN_NANOSECONDS, /* [phase] */
  /* [phase][bucket], the last + 1 */
  SL_COLUMN_DURATIONS = SL_COLUMN_NANOSECONDS + (int)SL_PHASE_COUNT,
  SL_COLUMN_REFUSALS = SL_COLUMN_DURATIONS + (int)SL_PHASE_COUNT * ((int)SL_DURATION_BUCKETS + 1),
  /* [loss, then none][encoding][reason] */
  SL_COLUMN_REQUESTS = SL_COLUMN_REFUSALS + (int)SL_REASON_COUNT,
};

static inline size_t sl_column_of_nanoseconds(enum sl_phase phase) {
  return SL_COLUMN_NANOSECONDS + (size_t)phase;
}

static inline size_t sl_column_of_duration(enum sl_phase phase, size_t bucket) {
  return SL_COLUMN_DURATIONS + (size_t)phase * (SL_DURATION_BUCKETS + 1) + bucket;
}

/* `loss` is an index into sl_losses; the index of its NULL is no loss. */
static inline size_t sl_column_of_requests(size_t loss, size_t encoding, size_t reason) {
  return SL_COLUMN_REQUESTS + (loss * SL_ENCODING_COUNT + encoding) * SL_REASON_COUNT + reason;
}

/* The sums of all columns; free() them. NULL when there is no memory. */
uint64_t *sl_metrics_sum(const struct sl_metrics *metrics);

#endif
