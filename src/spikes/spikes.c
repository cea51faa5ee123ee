#include <spikeloss/spikes.h>

#include "core/bits.h"
#include "core/checked.h"
#include "kernels/kernels.h"
#include <stdlib.h>
#include <string.h>

/* Bits that may wait: enough rows to be added up well, few enough to stay in the cache. */
enum { WAITING_BITS = 32 * 1024 * 8, WAITING_ROWS = 16 };

/* Accumulators that are taken at once: small requests need no more. */
enum { LEAST_ROOM = 128 };

void sl_spikes_init(struct sl_spikes *spikes, bool per_sample, uint64_t *pairs_left) {
  *spikes = (struct sl_spikes){.per_sample = per_sample, .pairs_left = pairs_left};
}

void sl_spikes_free(struct sl_spikes *spikes) {
  free(spikes->ones);
  free(spikes->others);
  free(spikes->sums);
  free(spikes->waiting);
  *spikes = (struct sl_spikes){0};
}

static enum sl_status out_of_memory(struct sl_error *error) {
  return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory to count the spikes of a tensor");
}

static enum sl_status take_pairs(struct sl_spikes *spikes, uint64_t pairs, struct sl_error *error) {
  if (pairs > *spikes->pairs_left) {
    return sl_fail(error, SL_TENSOR_TOO_LARGE,
                   "the tensors have more (sample, neuron) pairs than the limit (pairs) allows");
  }
  *spikes->pairs_left -= pairs;
  return SL_OK;
}

/* Grows or shrinks an array to `capacity` elements of 8 bytes. */
static bool resize(void *array, size_t capacity) {
  void **pointer = array;
  size_t bytes;
  if (!sl_checked_multiply(&bytes, capacity, sizeof(uint64_t))) {
    return false;
  }
  void *grown = realloc(*pointer, bytes);
  if (grown != NULL) {
    *pointer = grown;
  }
  return grown != NULL;
}

/* Makes room for accumulators [0, needed), all new ones zero. Pages are touched only when their
 * sample comes, so the spare room of geometric growth costs no memory. */
static enum sl_status grow(struct sl_spikes *spikes, size_t needed, struct sl_error *error) {
  if (needed > spikes->capacity) {
    size_t capacity = spikes->capacity + spikes->capacity / 2 + LEAST_ROOM;
    capacity = capacity > needed ? capacity : needed;
    bool graded = spikes->others != NULL;
    if (!resize(&spikes->ones, capacity) ||
        (graded && (!resize(&spikes->others, capacity) || !resize(&spikes->sums, capacity)))) {
      return out_of_memory(error);
    }
    spikes->capacity = capacity;
  }
  size_t more = (needed - spikes->accumulators) * sizeof(uint64_t);
  memset(spikes->ones + spikes->accumulators, 0, more);
  if (spikes->others != NULL) {
    memset(spikes->others + spikes->accumulators, 0, more);
    memset(spikes->sums + spikes->accumulators, 0, more);
  }
  spikes->accumulators = needed;
  return SL_OK;
}

/* The first graded value: from now on sums of others are kept too. */
static enum sl_status begin_others(struct sl_spikes *spikes, struct sl_error *error) {
  spikes->others = calloc(spikes->capacity, sizeof *spikes->others);
  spikes->sums = calloc(spikes->capacity, sizeof *spikes->sums);
  if (spikes->others == NULL || spikes->sums == NULL) {
    free(spikes->others);
    free(spikes->sums);
    spikes->others = NULL;
    spikes->sums = NULL;
    return out_of_memory(error);
  }
  return SL_OK;
}

static size_t waiting_words(const struct sl_spikes *spikes) {
  return spikes->waiting_room / 64 + 1 + SL_BITS_SLACK;
}

static enum sl_status begin_waiting(struct sl_spikes *spikes, struct sl_error *error) {
  size_t rows = WAITING_BITS / spikes->neurons;
  rows = rows > WAITING_ROWS ? rows : WAITING_ROWS;
  if (spikes->steps_known && spikes->per_sample && rows > spikes->steps) {
    rows = spikes->steps;
  }
  if (!sl_checked_multiply(&spikes->waiting_room, rows, spikes->neurons)) {
    return out_of_memory(error);
  }
  spikes->waiting = malloc(waiting_words(spikes) * sizeof *spikes->waiting);
  return spikes->waiting != NULL ? SL_OK : out_of_memory(error);
}

static void add_waiting(struct sl_spikes *spikes) {
  if (spikes->waiting_bits > 0) {
    sl_kernels()->add_columns(spikes->ones + spikes->base, spikes->waiting,
                              spikes->waiting_bits / spikes->neurons, spikes->neurons);
    spikes->waiting_bits = 0;
  }
}

/* Before the first value of a sample whose length in neurons is known. */
static enum sl_status begin_sample(struct sl_spikes *spikes, struct sl_error *error) {
  if (spikes->rank > 0) { /* the shape came first: all memory is there */
    return SL_OK;
  }
  enum sl_status status = take_pairs(spikes, spikes->neurons, error);
  size_t needed;
  if (status != SL_OK || !spikes->per_sample) {
    return status;
  }
  return sl_checked_add(&needed, spikes->accumulators, spikes->neurons)
             ? grow(spikes, needed, error)
             : out_of_memory(error);
}

static void complete_sample(struct sl_spikes *spikes) {
  if (spikes->per_sample) {
    add_waiting(spikes);
    spikes->base += spikes->neurons;
  }
  spikes->step = 0;
}

/* Moves the place of the next value on, at most to the end of a sample. */
static void advance(struct sl_spikes *spikes, size_t count) {
  spikes->values += count;
  spikes->column += count;
  if (!spikes->neurons_known || spikes->column < spikes->neurons) {
    return;
  }
  spikes->step += spikes->column / spikes->neurons;
  spikes->column %= spikes->neurons;
  if (spikes->steps_known && spikes->column == 0 && spikes->step == spikes->steps) {
    complete_sample(spikes);
  }
}

/* In the first time step nothing is known yet: every value opens a neuron of its own. */
static enum sl_status push_first_step(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                      struct sl_error *error) {
  enum sl_status status = take_pairs(spikes, count, error);
  status = status == SL_OK ? grow(spikes, spikes->accumulators + count, error) : status;
  if (status != SL_OK) {
    return status;
  }
  uint64_t *ones = spikes->ones + spikes->column;
  uint64_t word = 0;
  for (size_t i = 0; i < count; i++, word >>= 1) {
    word = i % 64 == 0 ? bits[i / 64] : word;
    ones[i] = word & 1;
  }
  advance(spikes, count);
  return SL_OK;
}

/* How many values may still come before something happens: a sample ends, the room is full. */
static size_t values_before_event(const struct sl_spikes *spikes) {
  size_t room = spikes->waiting_room - spikes->waiting_bits;
  bool samples_matter = spikes->per_sample || spikes->rank == 0;
  if (!spikes->steps_known || !samples_matter) {
    return room;
  }
  size_t steps = spikes->steps - spikes->step;
  size_t rest_of_sample; /* saturates: `room` is smaller then */
  if (!sl_checked_multiply(&rest_of_sample, steps, spikes->neurons)) {
    return room;
  }
  rest_of_sample -= spikes->column;
  return room < rest_of_sample ? room : rest_of_sample;
}

enum sl_status sl_spikes_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                   struct sl_error *error) {
  if (!spikes->neurons_known) {
    return push_first_step(spikes, bits, count, error);
  }
  if (spikes->waiting == NULL && begin_waiting(spikes, error) != SL_OK) {
    return error->code;
  }
  for (size_t done = 0; done < count;) {
    if (spikes->column == 0 && spikes->step == 0 && begin_sample(spikes, error) != SL_OK) {
      return error->code;
    }
    size_t length = values_before_event(spikes);
    length = length < count - done ? length : count - done;
    sl_copy_bits(spikes->waiting, spikes->waiting_bits, bits, done, length);
    spikes->waiting_bits += length;
    if (spikes->waiting_bits == spikes->waiting_room) {
      add_waiting(spikes);
    }
    advance(spikes, length);
    done += length;
  }
  return SL_OK;
}

/* Values of one row, at most 64: binary ones as bits. Others are added at once, and stand as 0
 * among the bits. */
static enum sl_status push_part_of_row(struct sl_spikes *spikes, const double *values, size_t count,
                                       struct sl_error *error) {
  size_t first = spikes->base + spikes->column;
  bool binary;
  uint64_t bits = sl_kernels()->find_ones(values, count, &binary);
  if (!binary) {
    bits = 0;
  }
  if (sl_spikes_push_bits(spikes, &bits, count, error) != SL_OK ||
      (!binary && spikes->others == NULL && begin_others(spikes, error) != SL_OK)) {
    return error->code;
  }
  if (!binary) {
    sl_kernels()->add_reals(spikes->ones + first, spikes->others + first, spikes->sums + first,
                            values, count);
  }
  return SL_OK;
}

enum sl_status sl_spikes_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                    struct sl_error *error) {
  for (size_t done = 0; done < count;) {
    size_t length = count - done < 64 ? count - done : 64;
    if (spikes->neurons_known && length > spikes->neurons - spikes->column) {
      length = spikes->neurons - spikes->column;
    }
    if (push_part_of_row(spikes, values + done, length, error) != SL_OK) {
      return error->code;
    }
    done += length;
  }
  return SL_OK;
}

void sl_spikes_add_one(struct sl_spikes *spikes, uint64_t index) {
  uint64_t neuron = index % spikes->neurons;
  uint64_t sample = index / spikes->neurons / spikes->steps;
  spikes->ones[spikes->per_sample ? sample * spikes->neurons + neuron : neuron] += 1;
}

void sl_spikes_end_step(struct sl_spikes *spikes) {
  spikes->neurons = spikes->column;
  spikes->neurons_known = true;
  advance(spikes, 0);
}

void sl_spikes_end_sample(struct sl_spikes *spikes) {
  spikes->steps = spikes->step;
  spikes->steps_known = true;
  complete_sample(spikes);
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

enum sl_status sl_spikes_set_shape(struct sl_spikes *spikes, size_t rank, const size_t *shape,
                                   struct sl_error *error) {
  if (check_shape(rank, shape, error) != SL_OK) {
    return error->code;
  }
  name_axes(spikes, rank, shape);
  if (spikes->values > 0) { /* discovered: all is charged and in place */
    return SL_OK;
  }
  size_t pairs = spikes->samples * spikes->neurons;
  if (take_pairs(spikes, pairs, error) != SL_OK) {
    return error->code;
  }
  size_t accumulators = spikes->per_sample ? pairs : spikes->neurons;
  spikes->ones = calloc(accumulators, sizeof *spikes->ones);
  if (spikes->ones == NULL) {
    return out_of_memory(error);
  }
  spikes->accumulators = accumulators;
  spikes->capacity = accumulators;
  return SL_OK;
}

void sl_spikes_finish(struct sl_spikes *spikes) {
  add_waiting(spikes);
  free(spikes->waiting);
  spikes->waiting = NULL;
}

double sl_spikes_sum(const struct sl_spikes *spikes, size_t accumulator) {
  double ones = (double)spikes->ones[accumulator];
  return spikes->sums != NULL ? ones + spikes->sums[accumulator] : ones;
}

uint64_t sl_spikes_fired(const struct sl_spikes *spikes, size_t accumulator) {
  uint64_t others = spikes->others != NULL ? spikes->others[accumulator] : 0;
  return spikes->ones[accumulator] + others;
}

uint64_t sl_spikes_count(const struct sl_spikes *spikes) {
  uint64_t count = 0;
  for (size_t i = 0; i < spikes->accumulators; i++) {
    count += spikes->ones[i];
  }
  for (size_t i = 0; spikes->others != NULL && i < spikes->accumulators; i++) {
    count += spikes->others[i];
  }
  return count;
}

uint64_t sl_spikes_memory(const struct sl_spikes *spikes) {
  size_t of_others = sizeof *spikes->others + sizeof *spikes->sums;
  size_t each = sizeof *spikes->ones + (spikes->others != NULL ? of_others : 0);
  size_t waiting = spikes->waiting != NULL ? waiting_words(spikes) * sizeof *spikes->waiting : 0;
  enum { OF_MALLOC = 4 * 32 }; /* around four arrays */
  return (uint64_t)spikes->capacity * each + waiting + OF_MALLOC;
}

bool sl_spikes_binary(const struct sl_spikes *spikes) {
  return spikes->others == NULL;
}

/* Adds what a few neighbouring neurons fired in one sample. */
static void add_fired(uint64_t *fired, const struct sl_spikes *spikes, size_t first, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fired[i] += spikes->ones[first + i];
  }
  for (size_t i = 0; spikes->others != NULL && i < count; i++) {
    fired[i] += spikes->others[first + i];
  }
}

struct sl_spikes_health sl_spikes_health(const struct sl_spikes *spikes) {
  enum { NEIGHBOURS = 64 };
  struct sl_spikes_health health = {0};
  uint64_t always = (uint64_t)spikes->samples * spikes->steps;
  for (size_t neuron = 0; neuron < spikes->neurons; neuron += NEIGHBOURS) {
    size_t left = spikes->neurons - neuron;
    size_t count = left < NEIGHBOURS ? left : NEIGHBOURS;
    uint64_t fired[NEIGHBOURS] = {0};
    for (size_t i = neuron; i < spikes->accumulators; i += spikes->neurons) {
      add_fired(fired, spikes, i, count);
    }
    for (size_t i = 0; i < count; i++) {
      health.silent += fired[i] == 0;
      health.saturated += fired[i] == always;
    }
  }
  return health;
}
