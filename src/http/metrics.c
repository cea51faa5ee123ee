#include "http/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Threads other than workers that may count: the main thread while it stops the server. */
enum { OTHER_THREADS = 4 };

enum { CACHE_LINE = 64 };

/* Atomic only so that a scrape may read it at any moment. */
typedef _Atomic uint64_t counter;

struct sl_metrics {
  size_t rows;
  size_t row_length; /* counters, filled up to whole cache lines */
  size_t columns;
  size_t losses;
  atomic_size_t rows_taken;
  _Alignas(CACHE_LINE) counter counters[]; /* [rows][row_length] */
};

/* The row into which a thread counts, remembered by the thread. */
struct row {
  const struct sl_metrics *metrics;
  counter *counters;
  bool shared; /* there were more threads than rows: all others share the last one */
};

static _Thread_local struct row thread_row;

const uint64_t sl_duration_bounds[SL_DURATION_BUCKETS] = {
    10000,     25000,      50000,      100000,     250000,      500000,      1000000,
    2500000,   5000000,    10000000,   25000000,   50000000,    100000000,   250000000,
    500000000, 1000000000, 2500000000, 5000000000, 10000000000, 30000000000,
};

const char *sl_outcome_name(enum sl_outcome outcome) {
  static const char *const names[SL_OUTCOME_COUNT] = {
      [SL_OUTCOME_ANSWERED] = "answered",
      [SL_OUTCOME_CLIENT_LEFT] = "client_left",
      [SL_OUTCOME_IDLE_DEADLINE] = "idle_deadline",
      [SL_OUTCOME_HEADER_DEADLINE] = "header_deadline",
      [SL_OUTCOME_REQUEST_DEADLINE] = "request_deadline",
      [SL_OUTCOME_DRAIN_BOUNDS] = "drain_bounds",
      [SL_OUTCOME_STOPPED] = "stopped",
      [SL_OUTCOME_HEADER_BYTES] = "header_bytes",
      [SL_OUTCOME_EVICTED] = "evicted",
      [SL_OUTCOME_NOT_TLS] = "not_tls",
  };
  return names[outcome];
}

static size_t count_losses(void) {
  size_t losses = 0;
  while (sl_losses[losses] != NULL) {
    losses++;
  }
  return losses;
}

struct sl_metrics *sl_metrics_new(size_t threads) {
  const size_t line = CACHE_LINE / sizeof(counter);
  size_t losses = count_losses();
  size_t columns = sl_column_of_requests(losses + 1, 0, 0);
  size_t row_length = (columns + line - 1) / line * line;
  size_t rows = threads + OTHER_THREADS;
  size_t bytes = sizeof(struct sl_metrics) + rows * row_length * sizeof(counter);
  struct sl_metrics *metrics = aligned_alloc(CACHE_LINE, bytes);
  if (metrics != NULL) {
    memset(metrics, 0, bytes);
    metrics->rows = rows;
    metrics->row_length = row_length;
    metrics->columns = columns;
    metrics->losses = losses;
  }
  return metrics;
}

void sl_metrics_free(struct sl_metrics *metrics) {
  free(metrics);
}

static const struct row *own_row(struct sl_metrics *metrics) {
  if (thread_row.metrics != metrics) {
    size_t taken = atomic_fetch_add_explicit(&metrics->rows_taken, 1, memory_order_relaxed);
    size_t last = metrics->rows - 1;
    size_t index = taken < last ? taken : last;
    thread_row = (struct row){.metrics = metrics,
                              .counters = metrics->counters + index * metrics->row_length,
                              .shared = index == last};
  }
  return &thread_row;
}

/* No other thread writes to this row, so that reading and writing need not be one step. */
static void add_to(const struct row *row, size_t column, uint64_t number) {
  counter *sum = &row->counters[column];
  if (row->shared) {
    atomic_fetch_add_explicit(sum, number, memory_order_relaxed);
    return;
  }
  uint64_t before = atomic_load_explicit(sum, memory_order_relaxed);
  atomic_store_explicit(sum, before + number, memory_order_relaxed);
}

static size_t bucket_of(uint64_t nanoseconds) {
  size_t bucket = 0;
  while (bucket < SL_DURATION_BUCKETS && nanoseconds > sl_duration_bounds[bucket]) {
    bucket++;
  }
  return bucket;
}

static void add_durations(const struct row *row, const struct sl_record *record) {
  for (enum sl_phase phase = 0; phase < SL_PHASE_COUNT; phase++) {
    uint64_t nanoseconds = record->nanoseconds[phase];
    add_to(row, sl_column_of_nanoseconds(phase), nanoseconds);
    add_to(row, sl_column_of_duration(phase, bucket_of(nanoseconds)), 1);
  }
}

static size_t index_of(const struct sl_metrics *metrics, const struct sl_loss *loss) {
  size_t index = 0;
  while (index < metrics->losses && sl_losses[index] != loss) {
    index++;
  }
  return index;
}

void sl_metrics_count_record(struct sl_metrics *metrics, const struct sl_record *record) {
  const struct row *row = own_row(metrics);
  bool answered = record->outcome == SL_OUTCOME_ANSWERED;
  size_t reason = answered ? record->code : sl_reason_of_outcome(record->outcome);
  add_to(row, sl_column_of_requests(index_of(metrics, record->loss), record->encoding, reason), 1);
  add_to(row, SL_COLUMN_BODY_BYTES, record->body_bytes);
  add_to(row, SL_COLUMN_ANSWER_BYTES, record->answer_bytes);
  if (record->evaluated) {
    add_to(row, SL_COLUMN_SPIKES, record->spikes);
    add_to(row, SL_COLUMN_FAST_BYTES, record->fast_bytes);
    add_to(row, SL_COLUMN_EXACT_BYTES, record->decoded_bytes - record->fast_bytes);
  }
  if (record->evaluated && answered) {
    add_durations(row, record);
  }
}

void sl_metrics_count_refusal(struct sl_metrics *metrics, size_t reason) {
  add_to(own_row(metrics), SL_COLUMN_REFUSALS + reason, 1);
}

void sl_metrics_count_connection(struct sl_metrics *metrics, bool opened) {
  add_to(own_row(metrics), opened ? SL_COLUMN_CONNECTIONS_OPENED : SL_COLUMN_CONNECTIONS_CLOSED, 1);
}

uint64_t *sl_metrics_sum(const struct sl_metrics *metrics) {
  uint64_t *sums = calloc(metrics->columns, sizeof *sums);
  for (size_t row = 0; sums != NULL && row < metrics->rows; row++) {
    const counter *counters = metrics->counters + row * metrics->row_length;
    for (size_t column = 0; column < metrics->columns; column++) {
      sums[column] += atomic_load_explicit(&counters[column], memory_order_relaxed);
    }
  }
  return sums;
}
