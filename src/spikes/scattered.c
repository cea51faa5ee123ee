/*
 * Spikes that are named one by one: all values that are not named are 0. Only the memory around
 * those that are gets touched, as few may be spread over a large tensor.
 */
#include "spikes/accumulators.h"

#include "core/checked.h"

enum sl_status sl_spikes_begin_scattered(struct sl_spikes *spikes, bool named_once,
                                         struct sl_error *error) {
  if (spikes->rank == 0 || spikes->values > 0 || spikes->finished) {
    return sl_fail(error, SL_LENGTH_MISMATCH,
                   "single spikes are added to a known shape that no values were pushed into");
  }
  spikes->is_small = spikes->is_small && named_once;
  if (sl_spikes_reserve_ones(spikes, SL_LAZY_SCATTERED, error) != SL_OK) {
    return error->code;
  }
  spikes->scattered = true;
  spikes->values = spikes->max_values;
  return SL_OK;
}

enum sl_status sl_spikes_add_to(struct sl_spikes *spikes, size_t accumulator,
                                struct sl_error *error) {
  if (!spikes->scattered && sl_spikes_begin_scattered(spikes, true, error) != SL_OK) {
    return error->code;
  }
  size_t word = spikes->is_small ? accumulator / sizeof(uint64_t) : accumulator;
  if (sl_lazy_words_touch(&spikes->ones_memory, word, spikes->budget, error) != SL_OK) {
    return error->code;
  }
  sl_spikes_add_count(spikes, &spikes->ones_memory, accumulator, 1);
  return SL_OK;
}

enum sl_status sl_spikes_add_one(struct sl_spikes *spikes, uint64_t index, struct sl_error *error) {
  if (error == NULL || spikes == NULL) {
    return sl_fail_argument(error, "sl_spikes_add_one: a pointer is NULL");
  }
  if (spikes->summed != SL_SUMMED_NOT) {
    return sl_fail(error, SL_LENGTH_MISMATCH, "single spikes are not added to sums");
  }
  if (!spikes->scattered && sl_spikes_begin_scattered(spikes, false, error) != SL_OK) {
    return error->code;
  }
  if (index >= spikes->max_values) {
    return sl_fail(error, SL_LENGTH_MISMATCH, "a spike is added outside the shape");
  }
  if (spikes->time_last) {
    uint64_t pair = index / spikes->steps;
    return sl_spikes_add_to(spikes, spikes->per_sample ? pair : pair % spikes->neurons, error);
  }
  size_t column = index % spikes->row_length;
  size_t sample = spikes->per_sample ? index / spikes->row_length / spikes->rows : 0;
  return sl_spikes_add_to(spikes, sample * spikes->row_length + column, error);
}
