/*
 * The memory of a tensor's accumulators, for what counts values into them. It is taken where it is
 * needed. Errors: SL_OUT_OF_MEMORY, those of the budget.
 */
#ifndef SPIKELOSS_SPIKES_ACCUMULATORS_H
#define SPIKELOSS_SPIKES_ACCUMULATORS_H

#include "spikes/spikes.h"

enum { SL_MAX_SMALL_COUNT = UINT8_MAX };

enum sl_status sl_spikes_no_memory(struct sl_error *error);

/* Charges (sample, neuron) pairs to what the caller grants, or fails with SL_TENSOR_TOO_LARGE. */
enum sl_status sl_spikes_take_pairs(struct sl_spikes *spikes, uint64_t pairs,
                                    struct sl_error *error);

/* Finds the arrays after memory may have moved. */
void sl_spikes_find_arrays(struct sl_spikes *spikes);

/* Reserves accumulators [0, needed) of a shape that is still discovered. */
enum sl_status sl_spikes_grow(struct sl_spikes *spikes, size_t needed, struct sl_error *error);

/* Takes memory for the counts of ones of all accumulators. */
enum sl_status sl_spikes_reserve_ones(struct sl_spikes *spikes, enum sl_lazy_kind kind,
                                      struct sl_error *error);

/* Makes accumulators below `end` writable. */
enum sl_status sl_spikes_reach(struct sl_spikes *spikes, size_t end, struct sl_error *error);

/* Begins to add spikes one by one to a known shape: nothing can be pushed any more. Where a value
 * may be named again and again, no count stays small. */
enum sl_status sl_spikes_begin_scattered(struct sl_spikes *spikes, bool named_once,
                                         struct sl_error *error);

/* Makes small counts large, before a sample has more steps than they can count. */
enum sl_status sl_spikes_enlarge_counts(struct sl_spikes *spikes, struct sl_error *error);

/* Adds to a count, one of those in the memory of ones or of graded values. */
static inline void sl_spikes_add_count(const struct sl_spikes *spikes,
                                       const struct sl_lazy_words *counts, size_t accumulator,
                                       uint64_t count) {
  if (spikes->is_small) {
    ((uint8_t *)counts->words)[accumulator] += (uint8_t)count;
  } else {
    ((uint64_t *)counts->words)[accumulator] += count;
  }
}

/* Makes numbers and sums of graded values writable, which are kept from the first one on. */
enum sl_status sl_spikes_reach_graded(struct sl_spikes *spikes, size_t end, struct sl_error *error);

/* Count values, known to be finite, of a tensor with time last: see time_last.c. */
enum sl_status sl_time_last_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                      struct sl_error *error);
enum sl_status sl_time_last_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                       struct sl_error *error);
void sl_time_last_end_axis(struct sl_spikes *spikes, bool is_time);

#endif
