/*
 * The shape of a tensor: which of its axes are samples, time and neurons, and how values that come
 * in this order are counted. Rows of values go to neighbouring accumulators; after so many rows the
 * next accumulators follow:
 *
 *     [batch, time, neurons]    sums per pair: rows of N, T of them;   per neuron: the same
 *     [time, batch, neurons]    rows of B * N, all of them             rows of N
 *     [batch, neurons, time]    time_last.c, rows of T for one accumulator each
 *     sums over time            rows of N, each for a sample           rows of N
 */
#include "core/checked.h"
#include "spikes/accumulators.h"
#include <string.h>

enum sl_axis { SL_AXIS_SAMPLES, SL_AXIS_TIME, SL_AXIS_NEURONS };

static enum sl_axis axis_meaning(enum sl_layout layout, size_t rank, size_t axis) {
  bool time_last = layout == SL_BATCH_NEURONS_TIME;
  size_t samples = layout == SL_TIME_BATCH_NEURONS ? 1 : 0;
  if (rank > 1 && axis == (time_last ? rank - 1 : rank == 2 ? 0 : 1 - samples)) {
    return SL_AXIS_TIME;
  }
  return rank > 2 && axis == samples ? SL_AXIS_SAMPLES : SL_AXIS_NEURONS;
}

void sl_spikes_small_shape(const struct sl_spikes *spikes, bool by_sample, bool by_neuron,
                           size_t *small_shape) {
  for (size_t axis = 0; axis < spikes->rank; axis++) {
    enum sl_axis meaning = axis_meaning(spikes->layout, spikes->rank, axis);
    bool varies =
        (meaning == SL_AXIS_SAMPLES && by_sample) || (meaning == SL_AXIS_NEURONS && by_neuron);
    small_shape[axis] = varies ? spikes->shape[axis] : 1;
  }
}

size_t sl_spikes_summed_shape(const struct sl_spikes *spikes, size_t *shape) {
  size_t rank = 0;
  for (size_t axis = 0; axis < spikes->rank; axis++) {
    enum sl_axis meaning = axis_meaning(spikes->layout, spikes->rank, axis);
    bool kept = spikes->summed == SL_SUMMED_NOT || meaning == SL_AXIS_NEURONS ||
                (spikes->summed == SL_SUMMED_TIME && meaning == SL_AXIS_SAMPLES);
    if (kept) {
      shape[rank++] = spikes->shape[axis];
    }
  }
  return rank;
}

void sl_spikes_set_rank(struct sl_spikes *spikes, size_t rank) {
  if (rank == 1 || (rank == 2 && spikes->layout == SL_TIME_BATCH_NEURONS)) {
    spikes->layout = SL_BATCH_TIME_NEURONS; /* there is no difference */
  }
  spikes->time_last = spikes->layout == SL_BATCH_NEURONS_TIME;
}

void sl_spikes_end_axis(struct sl_spikes *spikes, size_t rank, size_t axis) {
  size_t first_neuron = rank < 3 ? rank - 1 : 2;
  bool time_first = spikes->layout == SL_TIME_BATCH_NEURONS;
  if (spikes->time_last) {
    if (axis == rank - 1 || axis == 1) {
      sl_time_last_end_axis(spikes, axis == rank - 1);
    }
  } else if (time_first && spikes->per_sample) {
    if (axis == 1) {
      sl_spikes_end_step(spikes);
      spikes->all_begun = true;
    }
  } else if (axis == first_neuron) {
    sl_spikes_end_step(spikes);
    if (time_first) { /* every row is of another sample */
      sl_spikes_end_sample(spikes);
    }
  } else if (axis + 1 == first_neuron && time_first) {
    spikes->all_begun = true;
  } else if (axis + 1 == first_neuron) {
    sl_spikes_end_sample(spikes);
  }
}

/* Chooses how values are counted. */
static void choose_rows(struct sl_spikes *spikes) {
  bool time_first = spikes->layout == SL_TIME_BATCH_NEURONS;
  bool summed = spikes->summed != SL_SUMMED_NOT;
  spikes->time_last = spikes->layout == SL_BATCH_NEURONS_TIME && !summed;
  spikes->row_length = spikes->neurons;
  spikes->rows = spikes->steps;
  if (summed || (time_first && !spikes->per_sample)) {
    spikes->rows = 1;
  } else if (time_first) {
    spikes->row_length = spikes->samples * spikes->neurons;
  }
  spikes->row_known = true;
  spikes->rows_known = true;
}

/* Reads a shape as (samples, steps, neurons). Its product has been checked. */
static void name_axes(struct sl_spikes *spikes, size_t rank, const size_t *shape) {
  sl_spikes_set_rank(spikes, rank);
  spikes->rank = rank;
  memcpy(spikes->shape, shape, rank * sizeof *shape);
  size_t *sizes[] = {&spikes->samples, &spikes->steps, &spikes->neurons};
  spikes->samples = spikes->steps = spikes->neurons = 1;
  for (size_t axis = 0; axis < rank; axis++) {
    *sizes[axis_meaning(spikes->layout, rank, axis)] *= shape[axis];
  }
  size_t stride = 1;
  for (size_t axis = rank; axis-- > 0;) {
    enum sl_axis meaning = axis_meaning(spikes->layout, rank, axis);
    bool counted = meaning == SL_AXIS_NEURONS || (meaning == SL_AXIS_SAMPLES && spikes->per_sample);
    spikes->strides[axis] = counted ? stride : 0;
    stride *= counted ? shape[axis] : 1;
  }
  choose_rows(spikes);
}

static enum sl_status check_shape(size_t rank, const size_t *shape, struct sl_error *error) {
  if (rank < 1 || rank > SL_MAX_RANK) {
    return sl_fail(error, SL_WRONG_RANK, "a tensor has 1 to %d dimensions, not %zu", SL_MAX_RANK,
                   rank);
  }
  for (size_t axis = 0; axis < rank; axis++) {
    if (shape[axis] == 0) {
      return sl_fail(error, SL_EMPTY_TENSOR, "dimension %zu is 0; a tensor has at least one value",
                     axis);
    }
  }
  size_t values;
  if (!sl_checked_product(&values, shape, rank)) {
    return sl_fail(error, SL_SHAPE_OVERFLOW,
                   "the product of the dimensions is too large; check the shape");
  }
  return SL_OK;
}

/* Fails unless values that came before their shape fill it. */
static enum sl_status check_discovered(const struct sl_spikes *spikes, size_t rank,
                                       const size_t *shape, struct sl_error *error) {
  struct sl_spikes known = {.layout = spikes->layout, .per_sample = spikes->per_sample};
  name_axes(&known, rank, shape);
  bool in_rows = spikes->row_known || known.time_last;
  size_t row = spikes->row_known ? spikes->row_length
               : known.time_last ? spikes->base
                                 : spikes->column;
  size_t rows = spikes->rows_known ? spikes->rows : spikes->row_known ? spikes->step : known.rows;
  bool inside = (in_rows && spikes->column > 0) || (spikes->rows_known && spikes->step > 0);
  bool agrees = row == known.row_length && rows == known.rows && !inside &&
                spikes->values == (uint64_t)known.samples * known.steps * known.neurons;
  return agrees ? SL_OK
                : sl_fail(error, SL_LENGTH_MISMATCH,
                          "the shape is not that of the values that were pushed");
}

enum sl_status sl_spikes_set_shape(struct sl_spikes *spikes, size_t rank, const size_t *shape,
                                   struct sl_error *error) {
  if (check_shape(rank, shape, error) != SL_OK) {
    return error->code;
  }
  if (spikes->rank > 0) {
    return sl_fail(error, SL_INVALID_ARGUMENT, "the tensor has a shape already");
  }
  bool discovered = spikes->values > 0;
  if (discovered && check_discovered(spikes, rank, shape, error) != SL_OK) {
    return error->code;
  }
  name_axes(spikes, rank, shape);
  size_t pairs = spikes->samples * spikes->neurons;
  spikes->max_values = (uint64_t)pairs * spikes->steps;
  if (discovered) { /* all is granted and counted */
    return SL_OK;
  }
  spikes->accumulators = spikes->per_sample ? pairs : spikes->neurons;
  spikes->capacity = spikes->accumulators;
  spikes->is_small = spikes->per_sample && spikes->steps <= SL_MAX_SMALL_COUNT;
  return sl_spikes_take_pairs(spikes, pairs, error);
}

enum sl_status sl_spikes_begin_sums(struct sl_spikes *spikes, enum sl_summed summed,
                                    struct sl_error *error) {
  if (error == NULL || spikes == NULL) {
    return sl_fail_argument(error, "sl_spikes_begin_sums: a pointer is NULL");
  }
  bool known = summed == SL_SUMMED_TIME || (summed == SL_SUMMED_BATCH_TIME && !spikes->per_sample);
  if (!known || spikes->rank == 0 || spikes->values > 0 || spikes->summed != SL_SUMMED_NOT) {
    return sl_fail(error, SL_INVALID_ARGUMENT,
                   known ? "sums are pushed into a tensor of a known shape, before any values"
                         : "sums over time, or over batch and time where sums are SL_PER_NEURON");
  }
  bool of_batch = summed == SL_SUMMED_BATCH_TIME;
  spikes->summed = summed;
  spikes->max_values = of_batch ? spikes->neurons : spikes->samples * spikes->neurons;
  spikes->max_sum = (double)spikes->steps * (double)(of_batch ? spikes->samples : 1);
  choose_rows(spikes);
  return SL_OK;
}
