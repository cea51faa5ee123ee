#include "spikes/accumulators.h"

/* Accumulators that are taken at once: small requests need no more. */
enum { MIN_CAPACITY = 128 };

enum sl_status sl_spikes_no_memory(struct sl_error *error) {
  return sl_fail(error, SL_OUT_OF_MEMORY,
                 "not enough memory to count the spikes of a tensor; try again later");
}

enum sl_status sl_spikes_take_pairs(struct sl_spikes *spikes, uint64_t pairs,
                                    struct sl_error *error) {
  if (spikes->pairs_left == NULL) {
    return SL_OK;
  }
  if (pairs > *spikes->pairs_left) {
    return sl_fail(error, SL_TENSOR_TOO_LARGE,
                   "the tensors have more (sample, neuron) pairs than the limit (pairs) allows; "
                   "send smaller batches");
  }
  *spikes->pairs_left -= pairs;
  return SL_OK;
}

void sl_spikes_find_arrays(struct sl_spikes *spikes) {
  spikes->ones = spikes->is_small ? NULL : spikes->ones_memory.words;
  spikes->small_ones = spikes->is_small ? spikes->ones_memory.words : NULL;
  spikes->graded = spikes->graded_memory.words;
  spikes->sums = spikes->sums_memory.words;
}

/* Returns how many words so many ones take. */
static size_t words_of_ones(const struct sl_spikes *spikes, size_t accumulators) {
  return spikes->is_small ? accumulators / 8 + (accumulators % 8 > 0) : accumulators;
}

enum sl_status sl_spikes_grow(struct sl_spikes *spikes, size_t needed, struct sl_error *error) {
  if (needed > spikes->capacity) {
    size_t capacity = spikes->capacity + spikes->capacity / 2 + MIN_CAPACITY;
    capacity = capacity > needed ? capacity : needed;
    struct sl_budget *budget = spikes->budget;
    bool graded = spikes->graded != NULL;
    enum sl_status status =
        sl_lazy_words_grow(&spikes->ones_memory, words_of_ones(spikes, capacity), budget, error);
    if (status == SL_OK && graded) {
      status = sl_lazy_words_grow(&spikes->graded_memory, capacity, budget, error);
    }
    if (status == SL_OK && graded) {
      status = sl_lazy_words_grow(&spikes->sums_memory, capacity, budget, error);
    }
    sl_spikes_find_arrays(spikes);
    if (status != SL_OK) {
      return status;
    }
    spikes->capacity = capacity;
  }
  spikes->accumulators = needed;
  return SL_OK;
}

enum sl_status sl_spikes_reach(struct sl_spikes *spikes, size_t end, struct sl_error *error) {
  if (spikes->ones_memory.words == NULL) {
    if (sl_lazy_words_reserve(&spikes->ones_memory, words_of_ones(spikes, spikes->capacity),
                              SL_LAZY_DENSE, spikes->budget, error) != SL_OK) {
      return error->code;
    }
    sl_spikes_find_arrays(spikes);
  }
  spikes->reached = end > spikes->reached ? end : spikes->reached;
  return sl_lazy_words_reach(&spikes->ones_memory, words_of_ones(spikes, end), spikes->budget,
                             error);
}

enum sl_status sl_spikes_enlarge_ones(struct sl_spikes *spikes, struct sl_error *error) {
  if (!spikes->is_small) {
    return SL_OK;
  }
  struct sl_lazy_words small = spikes->ones_memory;
  const uint8_t *ones = small.words;
  size_t count = spikes->reached;
  spikes->ones_memory = (struct sl_lazy_words){0};
  spikes->is_small = false;
  if (sl_spikes_reach(spikes, count, error) != SL_OK) {
    sl_lazy_words_free(&spikes->ones_memory, spikes->budget);
    spikes->ones_memory = small;
    spikes->is_small = true;
    sl_spikes_find_arrays(spikes);
    return error->code;
  }
  for (size_t i = 0; i < count; i++) {
    spikes->ones[i] = ones[i];
  }
  sl_lazy_words_free(&small, spikes->budget);
  return SL_OK;
}

enum sl_status sl_spikes_reach_graded(struct sl_spikes *spikes, size_t end,
                                      struct sl_error *error) {
  struct sl_budget *budget = spikes->budget;
  if (spikes->graded == NULL) {
    if (sl_spikes_enlarge_ones(spikes, error) != SL_OK) {
      return error->code;
    }
    if (sl_lazy_words_reserve(&spikes->graded_memory, spikes->capacity, SL_LAZY_DENSE, budget,
                              error) != SL_OK) {
      return error->code;
    }
    if (sl_lazy_words_reserve(&spikes->sums_memory, spikes->capacity, SL_LAZY_DENSE, budget,
                              error) != SL_OK) {
      sl_lazy_words_free(&spikes->graded_memory, budget);
      return error->code;
    }
    sl_spikes_find_arrays(spikes);
  }
  enum sl_status status = sl_lazy_words_reach(&spikes->graded_memory, end, budget, error);
  return status == SL_OK ? sl_lazy_words_reach(&spikes->sums_memory, end, budget, error) : status;
}
