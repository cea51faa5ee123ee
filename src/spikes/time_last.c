/*
 * Time as the last axis, [batch, neurons, time]: a row is all that one neuron does in one sample,
 * and is summed up, bits by counting them:
 *
 *     base      the accumulator of the row: pairs in their order, or neurons, again and again
 *     column    time step of the next value
 *
 * As everywhere, graded values are added in the order of the body.
 */
#include "spikes/accumulators.h"

/* Which rows the next values are of. */
struct rows {
  size_t begun; /* by them */
  size_t end;   /* they go to accumulators before this one */
};

static struct rows rows_of(const struct sl_spikes *spikes, size_t count) {
  size_t values = spikes->column + count;
  size_t touched = spikes->rows_known ? values / spikes->rows + (values % spikes->rows > 0) : 1;
  struct rows rows = {touched - (spikes->column > 0), spikes->base + touched};
  bool again = !spikes->per_sample && spikes->row_known && rows.end > spikes->row_length;
  rows.end = again ? spikes->row_length : rows.end;
  return rows;
}

/* Makes the accumulators of the next values writable. */
static enum sl_status begin_rows(struct sl_spikes *spikes, struct rows rows, size_t count,
                                 struct sl_error *error) {
  if (spikes->rank == 0) {
    size_t needed = rows.end > spikes->accumulators ? rows.end : spikes->accumulators;
    if (sl_spikes_take_pairs(spikes, rows.begun, error) != SL_OK ||
        sl_spikes_grow(spikes, needed, error) != SL_OK) {
      return error->code;
    }
  }
  bool many_steps = !spikes->rows_known && spikes->column + count > SL_MAX_SMALL_COUNT;
  if (many_steps && sl_spikes_enlarge_counts(spikes, error) != SL_OK) {
    return error->code;
  }
  return sl_spikes_reach(spikes, rows.end, error);
}

/* Goes to the row after this one. */
static void end_row(struct sl_spikes *spikes) {
  spikes->column = 0;
  spikes->base += 1;
  if (!spikes->per_sample && spikes->row_known && spikes->base == spikes->row_length) {
    spikes->base = 0;
  }
}

/* Returns how many of the next values are of one row. */
static size_t values_of_row(const struct sl_spikes *spikes, size_t count) {
  size_t left = spikes->rows_known ? spikes->rows - spikes->column : count;
  return left < count ? left : count;
}

static void go_on(struct sl_spikes *spikes, size_t count) {
  spikes->column += count;
  if (spikes->rows_known && spikes->column == spikes->rows) {
    end_row(spikes);
  }
}

static size_t count_bits(const uint64_t *bits, size_t from, size_t count) {
  size_t ones = 0;
  while (count > 0) {
    size_t space = 64 - from % 64;
    size_t length = count < space ? count : space;
    uint64_t word = bits[from / 64] >> (from % 64) << (64 - length);
    ones += (size_t)__builtin_popcountll(word);
    from += length;
    count -= length;
  }
  return ones;
}

enum sl_status sl_time_last_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                      struct sl_error *error) {
  if (count == 0) {
    return SL_OK;
  }
  if (begin_rows(spikes, rows_of(spikes, count), count, error) != SL_OK) {
    return error->code;
  }
  spikes->values += count;
  for (size_t done = 0; done < count;) {
    size_t length = values_of_row(spikes, count - done);
    sl_spikes_add_count(spikes, &spikes->ones_memory, spikes->base, count_bits(bits, done, length));
    go_on(spikes, length);
    done += length;
  }
  return SL_OK;
}

/* Adds values of one row. */
static void add_reals(struct sl_spikes *spikes, const double *values, size_t count) {
  size_t ones = 0;
  size_t graded = 0;
  double sum = spikes->sums[spikes->base];
  for (size_t i = 0; i < count; i++) {
    bool one = values[i] == 1;
    bool other = values[i] != 0 && !one;
    ones += one;
    graded += other;
    sum += other ? values[i] : 0.0;
  }
  sl_spikes_add_count(spikes, &spikes->ones_memory, spikes->base, ones);
  sl_spikes_add_count(spikes, &spikes->graded_memory, spikes->base, graded);
  spikes->sums[spikes->base] = sum;
}

enum sl_status sl_time_last_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                       struct sl_error *error) {
  struct rows rows = rows_of(spikes, count);
  if (begin_rows(spikes, rows, count, error) != SL_OK ||
      sl_spikes_reach_graded(spikes, rows.end, error) != SL_OK) {
    return error->code;
  }
  spikes->values += count;
  for (size_t done = 0; done < count;) {
    size_t length = values_of_row(spikes, count - done);
    add_reals(spikes, values + done, length);
    go_on(spikes, length);
    done += length;
  }
  return SL_OK;
}

void sl_time_last_end_axis(struct sl_spikes *spikes, bool is_time) {
  if (is_time) {
    spikes->rows = spikes->column;
    spikes->rows_known = true;
    end_row(spikes);
  } else {
    spikes->row_length = spikes->base;
    spikes->row_known = true;
    spikes->base = spikes->per_sample ? spikes->base : 0;
  }
}
