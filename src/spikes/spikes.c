#include "spikes/spikes.h"

#include "core/bits.h"
#include "core/checked.h"
#include "kernels/kernels.h"
#include <string.h>

/* Bits that may be buffered: enough rows to be added up well, few enough to stay in the cache. */
enum { BUFFERED_BITS = 32 * 1024 * 8, MIN_BUFFERED_ROWS = 16 };

/* Accumulators that are taken at once: small requests need no more. */
enum { MIN_CAPACITY = 128 };

enum {
  PARTS = 16, /* words of values that are looked at together */
  MAX_PART = 64 * PARTS,
  MAX_SMALL_COUNT = UINT8_MAX
};

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
  sl_lazy_words_free(&spikes->ones_memory, spikes->budget);
  sl_lazy_words_free(&spikes->graded_memory, spikes->budget);
  sl_lazy_words_free(&spikes->sums_memory, spikes->budget);
  sl_lazy_words_free(&spikes->buffer_memory, spikes->budget);
  *spikes = (struct sl_spikes){0};
}

static enum sl_status no_memory_to_count(struct sl_error *error) {
  return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to count the spikes of a tensor");
}

static enum sl_status take_pairs(struct sl_spikes *spikes, uint64_t pairs, struct sl_error *error) {
  if (spikes->pairs_left == NULL) {
    return SL_OK;
  }
  if (pairs > *spikes->pairs_left) {
    return sl_fail(error, SL_TENSOR_TOO_LARGE,
                   "the tensors have more (sample, neuron) pairs than the limit (pairs) allows");
  }
  *spikes->pairs_left -= pairs;
  return SL_OK;
}

/* Finds the arrays after memory may have moved. */
static void find_arrays(struct sl_spikes *spikes) {
  spikes->ones = spikes->is_small ? NULL : spikes->ones_memory.words;
  spikes->small_ones = spikes->is_small ? spikes->ones_memory.words : NULL;
  spikes->graded = spikes->graded_memory.words;
  spikes->sums = spikes->sums_memory.words;
}

/* Returns how many words so many ones take. */
static size_t words_of_ones(const struct sl_spikes *spikes, size_t accumulators) {
  return spikes->is_small ? accumulators / 8 + (accumulators % 8 > 0) : accumulators;
}

/* Reserves accumulators [0, needed) of a shape that is still discovered. */
static enum sl_status grow_accumulators(struct sl_spikes *spikes, size_t needed,
                                        struct sl_error *error) {
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
    find_arrays(spikes);
    if (status != SL_OK) {
      return status;
    }
    spikes->capacity = capacity;
  }
  spikes->accumulators = needed;
  return SL_OK;
}

/* Makes accumulators below `end` writable. */
static enum sl_status reach(struct sl_spikes *spikes, size_t end, struct sl_error *error) {
  if (spikes->ones_memory.words == NULL) {
    if (sl_lazy_words_reserve(&spikes->ones_memory, words_of_ones(spikes, spikes->capacity),
                              SL_LAZY_DENSE, spikes->budget, error) != SL_OK) {
      return error->code;
    }
    find_arrays(spikes);
  }
  return sl_lazy_words_reach(&spikes->ones_memory, words_of_ones(spikes, end), spikes->budget,
                             error);
}

static enum sl_status begin_buffer(struct sl_spikes *spikes, struct sl_error *error) {
  size_t rows = BUFFERED_BITS / spikes->neurons;
  rows = rows > MIN_BUFFERED_ROWS ? rows : MIN_BUFFERED_ROWS;
  size_t all_rows = spikes->rank > 0 ? spikes->samples * spikes->steps : SIZE_MAX;
  rows = rows < all_rows ? rows : all_rows;
  size_t words;
  if (!sl_checked_multiply(&spikes->max_buffered_bits, rows, spikes->neurons) ||
      !sl_checked_add(&words, spikes->max_buffered_bits / 64, 1 + SL_BITS_SLACK)) {
    return no_memory_to_count(error);
  }
  if (sl_lazy_words_reserve(&spikes->buffer_memory, words, SL_LAZY_SCRATCH, spikes->budget,
                            error) != SL_OK) {
    return error->code;
  }
  spikes->buffered = spikes->buffer_memory.words;
  return SL_OK;
}

/* Adds up buffered rows of so many samples, the first `skipped` ones left out. */
static void add_rows(struct sl_spikes *spikes, size_t skipped, size_t base, size_t samples,
                     size_t rows) {
  size_t count_bytes = spikes->is_small ? sizeof *spikes->small_ones : sizeof *spikes->ones;
  char *counts = spikes->ones_memory.words;
  if (samples > 0 && rows > 0) {
    sl_kernels()->add_columns(counts + base * count_bytes, count_bytes, spikes->buffered,
                              skipped * spikes->neurons, samples, rows, spikes->neurons);
  }
}

/* Adds up what is buffered. Where samples are kept apart, that is the rest of one, whole ones, and
 * the front of one. */
static void add_buffered(struct sl_spikes *spikes) {
  size_t rows = spikes->buffered_bits > 0 ? spikes->buffered_bits / spikes->neurons : 0;
  bool apart = spikes->per_sample && spikes->steps_known;
  size_t rest = apart ? spikes->steps - spikes->buffered_step : rows;
  rest = rest < rows ? rest : rows;
  size_t samples = rest < rows ? (rows - rest) / spikes->steps : 0;
  size_t front = rest < rows ? (rows - rest) % spikes->steps : 0;
  size_t base = spikes->buffered_base;
  add_rows(spikes, 0, base, 1, rest);
  add_rows(spikes, rest, base + spikes->neurons, samples, spikes->steps);
  add_rows(spikes, rows - front, base + (1 + samples) * spikes->neurons, 1, front);
  spikes->buffered_bits = 0;
}

/* Where the next value goes after `count` more. */
struct position {
  size_t base, step, column;
  size_t samples; /* that have begun, of those that have not ended yet */
  size_t end;     /* those values go to accumulators before this one */
};

static struct position position_after(const struct sl_spikes *spikes, size_t count) {
  size_t column = spikes->column + count;
  struct position after = {.base = spikes->base, .step = spikes->step, .column = column};
  if (column >= spikes->neurons) {
    after.step += column / spikes->neurons;
    after.column = column % spikes->neurons;
  }
  size_t ended = spikes->steps_known ? after.step / spikes->steps : 0;
  after.step -= ended * spikes->steps;
  after.samples = ended + (after.step > 0 || after.column > 0);
  if (spikes->per_sample) {
    after.base += ended * spikes->neurons;
    ended = 0;
  }
  after.end = after.base + (ended > 0 || after.step > 0 ? spikes->neurons : after.column);
  return after;
}

static void go_to(struct sl_spikes *spikes, struct position position) {
  spikes->base = position.base;
  spikes->step = position.step;
  spikes->column = position.column;
}

/* Makes small counts large: those of more steps, or of graded values. */
static enum sl_status enlarge_ones(struct sl_spikes *spikes, struct sl_error *error) {
  if (!spikes->is_small) {
    return SL_OK;
  }
  struct sl_lazy_words small = spikes->ones_memory;
  const uint8_t *ones = small.words;
  size_t count = spikes->neurons_known ? position_after(spikes, 0).end : spikes->column;
  spikes->ones_memory = (struct sl_lazy_words){0};
  spikes->is_small = false;
  if (reach(spikes, count, error) != SL_OK) {
    sl_lazy_words_free(&spikes->ones_memory, spikes->budget);
    spikes->ones_memory = small;
    spikes->is_small = true;
    find_arrays(spikes);
    return error->code;
  }
  for (size_t i = 0; i < count; i++) {
    spikes->ones[i] = ones[i];
  }
  sl_lazy_words_free(&small, spikes->budget);
  return SL_OK;
}

/* Makes numbers and sums of graded values writable, which are kept from the first one on. */
static enum sl_status reach_graded(struct sl_spikes *spikes, size_t end, struct sl_error *error) {
  struct sl_budget *budget = spikes->budget;
  if (spikes->graded == NULL) {
    if (enlarge_ones(spikes, error) != SL_OK) {
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
    find_arrays(spikes);
  }
  enum sl_status status = sl_lazy_words_reach(&spikes->graded_memory, end, budget, error);
  return status == SL_OK ? sl_lazy_words_reach(&spikes->sums_memory, end, budget, error) : status;
}

/* Begins the samples that so many values are the first of, or none if they cannot all begin. */
static enum sl_status begin_samples(struct sl_spikes *spikes, size_t count,
                                    struct sl_error *error) {
  if (spikes->rank > 0) { /* the shape came first: all is granted */
    return SL_OK;
  }
  bool inside = spikes->step > 0 || spikes->column > 0;
  size_t pairs = (position_after(spikes, count).samples - inside) * spikes->neurons;
  size_t needed;
  if (pairs == 0) {
    return SL_OK;
  }
  enum sl_status status = take_pairs(spikes, pairs, error);
  if (status != SL_OK || !spikes->per_sample) {
    return status;
  }
  return sl_checked_add(&needed, spikes->accumulators, pairs)
             ? grow_accumulators(spikes, needed, error)
             : no_memory_to_count(error);
}

/* Pushes values of the first time step, where nothing is known yet: every value begins a neuron of
 * its own. */
static enum sl_status push_first_step(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                      struct sl_error *error) {
  enum sl_status status = take_pairs(spikes, count, error);
  size_t end = spikes->column + count;
  if (status != SL_OK || grow_accumulators(spikes, end, error) != SL_OK ||
      reach(spikes, end, error) != SL_OK) {
    return error->code;
  }
  for (size_t i = 0; i < count; i++) {
    uint8_t one = bits[i / 64] >> (i % 64) & 1;
    if (spikes->is_small) {
      spikes->small_ones[spikes->column + i] = one;
    } else {
      spikes->ones[spikes->column + i] = one;
    }
  }
  spikes->values += count;
  spikes->column = end;
  return SL_OK;
}

/* Takes values that fit into the buffer. */
static enum sl_status buffer_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t from,
                                  size_t count, struct sl_error *error) {
  struct position after = position_after(spikes, count);
  size_t bit_end = spikes->buffered_bits + count;
  if (after.step > MAX_SMALL_COUNT && enlarge_ones(spikes, error) != SL_OK) {
    return error->code;
  }
  if (reach(spikes, after.end, error) != SL_OK ||
      sl_lazy_words_reach(&spikes->buffer_memory, bit_end / 64 + 1, spikes->budget, error) !=
          SL_OK) {
    return error->code;
  }
  if (spikes->buffered_bits == 0) {
    spikes->buffered_base = spikes->base;
    spikes->buffered_step = spikes->step;
  }
  sl_copy_bits(spikes->buffered, spikes->buffered_bits, bits, from, count);
  spikes->buffered_bits = bit_end;
  spikes->values += count;
  go_to(spikes, after);
  if (spikes->buffered_bits == spikes->max_buffered_bits) {
    add_buffered(spikes);
  }
  return SL_OK;
}

enum sl_status sl_spikes_too_many(struct sl_error *error) {
  return sl_fail(error, SL_LENGTH_MISMATCH, "more values are pushed than the shape has");
}

enum sl_status sl_spikes_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                   struct sl_error *error) {
  if (error == NULL || spikes == NULL || (bits == NULL && count > 0)) {
    return sl_fail_argument(error, "sl_spikes_push_bits: a pointer is NULL");
  }
  if (count > spikes->max_values - spikes->values) {
    return sl_spikes_too_many(error);
  }
  if (!spikes->neurons_known) {
    return push_first_step(spikes, bits, count, error);
  }
  if ((spikes->buffered == NULL && begin_buffer(spikes, error) != SL_OK) ||
      begin_samples(spikes, count, error) != SL_OK) {
    return error->code;
  }
  for (size_t done = 0; done < count;) {
    size_t space = spikes->max_buffered_bits - spikes->buffered_bits;
    size_t length = space < count - done ? space : count - done;
    if (buffer_bits(spikes, bits, done, length, error) != SL_OK) {
      return error->code;
    }
    done += length;
  }
  return SL_OK;
}

/* Finds the ones among values; returns whether all others are 0. */
static bool find_bits(const double *values, size_t count, uint64_t *bits) {
  bool binary = true;
  for (size_t i = 0; i < count && binary; i += 64) {
    size_t length = count - i < 64 ? count - i : 64;
    bits[i / 64] = sl_kernels()->find_ones(values + i, length, &binary);
  }
  return binary;
}

static void add_reals(struct sl_spikes *spikes, size_t first, const double *values, size_t rows,
                      size_t columns) {
  sl_kernels()->add_reals(spikes->ones + first, spikes->graded + first, spikes->sums + first,
                          values, rows, columns, columns);
}

/* Adds values of one row, which are no bits, at once. */
static enum sl_status push_graded_part(struct sl_spikes *spikes, const double *values, size_t count,
                                       struct sl_error *error) {
  static const uint64_t no_bits[PARTS];
  size_t first = spikes->base + spikes->column;
  if (sl_spikes_push_bits(spikes, no_bits, count, error) != SL_OK ||
      reach_graded(spikes, first + count, error) != SL_OK) {
    return error->code;
  }
  add_reals(spikes, first, values, 1, count);
  return SL_OK;
}

/* Adds whole rows at once. There are no bits for them, so those of rows before them, which know
 * their sample by their order, are added before. */
static enum sl_status push_graded_rows(struct sl_spikes *spikes, const double *values, size_t rows,
                                       struct sl_error *error) {
  size_t count = rows * spikes->neurons;
  bool apart = spikes->per_sample && spikes->steps_known;
  if (count > spikes->max_values - spikes->values) {
    return sl_spikes_too_many(error);
  }
  if (begin_samples(spikes, count, error) != SL_OK) {
    return error->code;
  }
  size_t end = position_after(spikes, count).end;
  if (reach_graded(spikes, end, error) != SL_OK || reach(spikes, end, error) != SL_OK) {
    return error->code;
  }
  if (spikes->per_sample) {
    add_buffered(spikes);
  }
  while (rows > 0) {
    size_t left = apart ? spikes->steps - spikes->step : rows;
    size_t together = rows < left ? rows : left;
    add_reals(spikes, spikes->base, values, together, spikes->neurons);
    go_to(spikes, position_after(spikes, together * spikes->neurons));
    values += together * spikes->neurons;
    rows -= together;
  }
  spikes->values += count;
  return SL_OK;
}

enum sl_status sl_spikes_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                    struct sl_error *error) {
  for (size_t done = 0; done < count;) {
    uint64_t bits[PARTS];
    size_t length = count - done < MAX_PART ? count - done : MAX_PART;
    size_t row_left = spikes->neurons_known ? spikes->neurons - spikes->column : SIZE_MAX;
    size_t rows = spikes->neurons_known && spikes->column == 0 ? length / spikes->neurons : 0;
    length = rows > 0 ? rows * spikes->neurons : length < row_left ? length : row_left;
    enum sl_status status = find_bits(values + done, length, bits)
                                ? sl_spikes_push_bits(spikes, bits, length, error)
                            : rows > 0 ? push_graded_rows(spikes, values + done, rows, error)
                                       : push_graded_part(spikes, values + done, length, error);
    if (status != SL_OK) {
      return status;
    }
    done += length;
  }
  return SL_OK;
}

/* Begins to add spikes one by one. Nothing can be pushed any more: all values that are not named
 * are 0. */
static enum sl_status begin_scattered(struct sl_spikes *spikes, struct sl_error *error) {
  if (spikes->rank == 0 || spikes->values > 0 || spikes->finished) {
    return sl_fail(error, SL_LENGTH_MISMATCH,
                   "single spikes are added to a known shape that no values were pushed into");
  }
  spikes->is_small = false;
  if (sl_lazy_words_reserve(&spikes->ones_memory, spikes->capacity, SL_LAZY_SCATTERED,
                            spikes->budget, error) != SL_OK) {
    return error->code;
  }
  find_arrays(spikes);
  spikes->scattered = true;
  spikes->values = spikes->max_values;
  return SL_OK;
}

enum sl_status sl_spikes_add_to(struct sl_spikes *spikes, size_t accumulator,
                                struct sl_error *error) {
  if (!spikes->scattered && begin_scattered(spikes, error) != SL_OK) {
    return error->code;
  }
  if (sl_lazy_words_touch(&spikes->ones_memory, accumulator, spikes->budget, error) != SL_OK) {
    return error->code;
  }
  spikes->ones[accumulator] += 1;
  return SL_OK;
}

enum sl_status sl_spikes_add_one(struct sl_spikes *spikes, uint64_t index, struct sl_error *error) {
  if (error == NULL || spikes == NULL) {
    return sl_fail_argument(error, "sl_spikes_add_one: a pointer is NULL");
  }
  if (!spikes->scattered && begin_scattered(spikes, error) != SL_OK) {
    return error->code;
  }
  if (index >= spikes->max_values) {
    return sl_fail(error, SL_LENGTH_MISMATCH, "a spike is added outside the shape");
  }
  size_t neuron = index % spikes->neurons;
  size_t sample = spikes->per_sample ? index / spikes->neurons / spikes->steps : 0;
  return sl_spikes_add_to(spikes, sample * spikes->neurons + neuron, error);
}

void sl_spikes_end_step(struct sl_spikes *spikes) {
  spikes->neurons = spikes->column;
  spikes->neurons_known = true;
  go_to(spikes, position_after(spikes, 0));
}

void sl_spikes_end_sample(struct sl_spikes *spikes) {
  spikes->steps = spikes->step;
  spikes->steps_known = true;
  go_to(spikes, position_after(spikes, 0));
}

/* Reads a shape as (samples, steps, neurons). Its product has been checked. */
static void name_axes(struct sl_spikes *spikes, size_t rank, const size_t *shape) {
  spikes->rank = rank;
  memcpy(spikes->shape, shape, rank * sizeof *shape);
  size_t axis = 0;
  spikes->samples = rank >= 3 ? shape[axis++] : 1;
  spikes->steps = rank >= 2 ? shape[axis++] : 1;
  spikes->neurons = 1;
  while (axis < rank) {
    spikes->neurons *= shape[axis++];
  }
  spikes->neurons_known = true;
  spikes->steps_known = true;
}

static enum sl_status check_shape(size_t rank, const size_t *shape, struct sl_error *error) {
  if (rank < 1 || rank > SL_MAX_RANK) {
    return sl_fail(error, SL_WRONG_RANK, "a tensor has 1 to %d dimensions, not %zu", SL_MAX_RANK,
                   rank);
  }
  for (size_t axis = 0; axis < rank; axis++) {
    if (shape[axis] == 0) {
      return sl_fail(error, SL_EMPTY_TENSOR, "dimension %zu is 0: there is no mean of nothing",
                     axis);
    }
  }
  size_t values;
  if (!sl_checked_product(&values, shape, rank)) {
    return sl_fail(error, SL_SHAPE_OVERFLOW, "the product of the dimensions is too large");
  }
  return SL_OK;
}

/* Fails unless values that came before their shape fill it. */
static enum sl_status check_discovered(const struct sl_spikes *spikes, size_t rank,
                                       const size_t *shape, struct sl_error *error) {
  struct sl_spikes known = {0};
  name_axes(&known, rank, shape);
  bool first_step = !spikes->neurons_known;
  bool first_sample = !spikes->steps_known;
  bool agrees = known.neurons == (first_step ? spikes->column : spikes->neurons) &&
                (first_step || spikes->column == 0) &&
                (first_step || known.steps == (first_sample ? spikes->step : spikes->steps)) &&
                (first_sample || spikes->step == 0) &&
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
  spikes->is_small = spikes->per_sample && spikes->steps <= MAX_SMALL_COUNT;
  return take_pairs(spikes, pairs, error);
}

enum sl_status sl_spikes_finish(struct sl_spikes *spikes, struct sl_error *error) {
  if (error == NULL || spikes == NULL) {
    return sl_fail_argument(error, "sl_spikes_finish: a pointer is NULL");
  }
  if (spikes->rank > 0 && spikes->values == 0 && begin_scattered(spikes, error) != SL_OK) {
    return error->code;
  }
  if (spikes->values != spikes->max_values) {
    return sl_fail(error, SL_LENGTH_MISMATCH, "fewer values were pushed than the shape has");
  }
  add_buffered(spikes);
  sl_lazy_words_settle(&spikes->graded_memory);
  sl_lazy_words_settle(&spikes->sums_memory);
  sl_lazy_words_free(&spikes->buffer_memory, spikes->budget);
  spikes->buffered = NULL;
  spikes->scattered = false;
  spikes->finished = true;
  return SL_OK;
}
