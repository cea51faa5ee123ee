#include "spikes/accumulators.h"

/* Accumulators that are taken at once: small requests need no more. */
enum { MIN_CAPACITY = 128 };

void sl_spikes_init(struct sl_spikes *spikes, bool per_sample, uint64_t *pairs_left) {
  *spikes = (struct sl_spikes){.per_sample = per_sample,
                               .is_small = per_sample,
                               .pairs_left = pairs_left,
                               .max_values = UINT64_MAX};
}

void sl_spikes_set_budget(struct sl_spikes *spikes, struct sl_budget *budget) {
  spikes->budget = budget;
}

void sl_spikes_release(struct sl_spikes *spikes) {
  struct sl_lazy_words *const arrays[] = {&spikes->ones_memory, &spikes->graded_memory,
                                          &spikes->sums_memory, &spikes->buffer_memory};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    if (arrays[i]->words != NULL) {
      sl_lazy_words_free(arrays[i], spikes->budget);
    }
  }
  *spikes = (struct sl_spikes){0};
}

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
  spikes->graded = spikes->is_small ? NULL : spikes->graded_memory.words;
  spikes->small_graded = spikes->is_small ? spikes->graded_memory.words : NULL;
  spikes->sums = spikes->sums_memory.words;
}

/* Returns how many words so many counts take. */
static size_t words_of_counts(const struct sl_spikes *spikes, size_t accumulators) {
  return spikes->is_small ? accumulators / 8 + (accumulators % 8 > 0) : accumulators;
}

enum sl_status sl_spikes_grow(struct sl_spikes *spikes, size_t needed, struct sl_error *error) {
  if (needed > spikes->capacity) {
    size_t capacity = spikes->capacity + spikes->capacity / 2 + MIN_CAPACITY;
    capacity = capacity > needed ? capacity : needed;
    struct sl_budget *budget = spikes->budget;
    bool graded = spikes->sums != NULL;
    size_t words = words_of_counts(spikes, capacity);
    enum sl_status status = sl_lazy_words_grow(&spikes->ones_memory, words, budget, error);
    if (status == SL_OK && graded) {
      status = sl_lazy_words_grow(&spikes->graded_memory, words, budget, error);
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

enum sl_status sl_spikes_reserve_ones(struct sl_spikes *spikes, enum sl_lazy_kind kind,
                                      struct sl_error *error) {
  enum sl_status status = sl_lazy_words_reserve(
      &spikes->ones_memory, words_of_counts(spikes, spikes->capacity), kind, spikes->budget, error);
  sl_spikes_find_arrays(spikes);
  return status;
}

enum sl_status sl_spikes_reach(struct sl_spikes *spikes, size_t end, struct sl_error *error) {
  if (spikes->ones_memory.words == NULL &&
      sl_spikes_reserve_ones(spikes, SL_LAZY_DENSE, error) != SL_OK) {
    return error->code;
  }
  spikes->reached = end > spikes->reached ? end : spikes->reached;
  return sl_lazy_words_reach(&spikes->ones_memory, words_of_counts(spikes, end), spikes->budget,
                             error);
}

/* Fills an array of large counts with small ones, of which there may be none. */
static enum sl_status copy_counts(const struct sl_spikes *spikes, struct sl_lazy_words *large,
                                  const struct sl_lazy_words *small, struct sl_error *error) {
  const uint8_t *counts = small->words;
  size_t count = small->front * sizeof(uint64_t);
  count = count < spikes->reached ? count : spikes->reached;
  if (counts == NULL) {
    return SL_OK;
  }
  if (sl_lazy_words_reserve(large, spikes->capacity, SL_LAZY_DENSE, spikes->budget, error) !=
          SL_OK ||
      sl_lazy_words_reach(large, count, spikes->budget, error) != SL_OK) {
    return error->code;
  }
  for (size_t i = 0; i < count; i++) {
    ((uint64_t *)large->words)[i] = counts[i];
  }
  return SL_OK;
}

enum sl_status sl_spikes_enlarge_counts(struct sl_spikes *spikes, struct sl_error *error) {
  struct sl_lazy_words ones = {0};
  struct sl_lazy_words graded = {0};
  if (!spikes->is_small) {
    return SL_OK;
  }
  if (copy_counts(spikes, &ones, &spikes->ones_memory, error) != SL_OK ||
      copy_counts(spikes, &graded, &spikes->graded_memory, error) != SL_OK) {
    sl_lazy_words_free(&graded, spikes->budget);
    sl_lazy_words_free(&ones, spikes->budget);
    return error->code;
  }
  sl_lazy_words_free(&spikes->graded_memory, spikes->budget);
  sl_lazy_words_free(&spikes->ones_memory, spikes->budget);
  spikes->ones_memory = ones;
  spikes->graded_memory = graded;
  spikes->is_small = false;
  sl_spikes_find_arrays(spikes);
  return SL_OK;
}

enum sl_status sl_spikes_reach_graded(struct sl_spikes *spikes, size_t end,
                                      struct sl_error *error) {
  struct sl_budget *budget = spikes->budget;
  if (spikes->sums == NULL) {
    if (sl_lazy_words_reserve(&spikes->graded_memory, words_of_counts(spikes, spikes->capacity),
                              SL_LAZY_DENSE, budget, error) != SL_OK) {
      return error->code;
    }
    if (sl_lazy_words_reserve(&spikes->sums_memory, spikes->capacity, SL_LAZY_DENSE, budget,
                              error) != SL_OK) {
      sl_lazy_words_free(&spikes->graded_memory, budget);
      return error->code;
    }
    sl_spikes_find_arrays(spikes);
  }
  enum sl_status status =
      sl_lazy_words_reach(&spikes->graded_memory, words_of_counts(spikes, end), budget, error);
  return status == SL_OK ? sl_lazy_words_reach(&spikes->sums_memory, end, budget, error) : status;
}
