/*
 * The counts of one spike tensor: all that a loss ever sees of it.
 *
 * Both losses see spikes only through sums, so the tensor itself is never stored. Values come in
 * row-major order, in pieces of any size, and are added to accumulators at once:
 *
 *     values  [batch, time, neurons]  ->  one accumulator per neuron           (per_sample false)
 *                                     ->  one per (sample, neuron) pair        (per_sample true)
 *
 * An accumulator is three numbers: how many ones, how many values that are neither 0 nor 1
 * ("graded" or negative spikes), and the sum of the graded values, added in the order in which
 * they came, starting at +0.0. Counting ones apart keeps sums of binary spikes exact and makes
 * results the same to the last bit on every instruction set and for every split of the input.
 *
 * Axes by rank: [neurons], [time, neurons], [batch, time, neurons, ...]. An absent axis counts as
 * 1, and every axis after time is part of "neurons".
 *
 * A shape is either known before the values (sl_spikes_set_shape) or discovered by them: push the
 * first time step, sl_spikes_end_step; push the rest of the first sample, sl_spikes_end_sample;
 * push all other samples; sl_spikes_set_shape. Memory is 8 bytes an accumulator while all values
 * are 0 or 1, 24 bytes from the first graded value on. A large tensor takes it page by page, where
 * values are added.
 *
 * Ownership: the struct belongs to the caller, its arrays to the struct; sl_spikes_free tolerates
 * any state, all zeros included. One struct belongs to one thread at a time.
 */
#ifndef SPIKELOSS_SPIKES_H
#define SPIKELOSS_SPIKES_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_RANK = 8 };

struct sl_budget;

/* Words of memory that is charged where it is written: see src/spikes/lazy_words.h. */
struct sl_lazy_words {
  void *words;         /* 8 bytes each, or NULL */
  size_t count;        /* words that are reserved */
  size_t front;        /* words that may be written, from the first on */
  uint64_t *pages;     /* which pages are charged, where writes are scattered; else NULL */
  unsigned page_shift; /* a page has 1 << page_shift words */
  bool mapped;         /* from the system, page by page, and not from the heap */
  uint64_t charged;    /* bytes in all */
};

struct sl_spikes {
  /* What a loss reads, complete after sl_spikes_finish. */
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t samples, steps, neurons; /* the same shape as (batch, time, everything else) */
  bool per_sample;
  size_t accumulators; /* neurons, or samples * neurons if per_sample */
  uint64_t *ones;      /* [accumulators] */
  uint64_t *graded;    /* [accumulators], or NULL while every value was 0 or 1 */
  double *sums;        /* [accumulators], or NULL like graded */

  /* Where the next value goes. */
  uint64_t *pairs_left; /* what the caller still grants, over all its tensors */
  uint64_t values;      /* pushed so far */
  uint64_t max_values;  /* of a known shape, else without bound */
  size_t capacity;      /* accumulators that there is, or will be, memory for */
  size_t base;          /* first accumulator of the current sample */
  size_t column;        /* neuron of the next value */
  size_t step;          /* time step of the next value within its sample */
  bool neurons_known, steps_known;
  bool scattered; /* spikes are added one by one, anywhere */

  /* Bits that are not added up yet, many rows at a time: whole rows, one directly after the other,
   * the first value in the least significant bit. Never more than one sample if per_sample. */
  uint64_t *buffered;
  size_t buffered_bits;     /* how many there are */
  size_t max_buffered_bits; /* when they are added up: a multiple of `neurons` */

  /* What owns the arrays above. */
  struct sl_budget *budget; /* not owned; NULL without bound */
  struct sl_lazy_words ones_memory, graded_memory, sums_memory, buffer_memory;
};

/*
 * Starts an empty tensor. `pairs_left` (not owned, must outlive the struct) is charged one for
 * every (sample, neuron) pair before memory is taken for it; when it is used up the calls below
 * fail with SL_TENSOR_TOO_LARGE.
 */
void sl_spikes_init(struct sl_spikes *spikes, bool per_sample, uint64_t *pairs_left);

void sl_spikes_free(struct sl_spikes *spikes);

/*
 * Fixes the shape, 1 <= rank <= SL_MAX_RANK, all dimensions >= 1. If values came before it (a
 * discovered shape), their steps and samples must agree with it.
 * Errors: SL_EMPTY_TENSOR, SL_WRONG_RANK, SL_SHAPE_OVERFLOW, SL_TENSOR_TOO_LARGE,
 * SL_LENGTH_MISMATCH.
 */
enum sl_status sl_spikes_set_shape(struct sl_spikes *spikes, size_t rank, const size_t *shape,
                                   struct sl_error *error);

/*
 * Push values in row-major order. Bits: the first value is the least significant bit of bits[0],
 * `count` of them, the bits above the last are ignored. Reals must be finite.
 * Errors: SL_LENGTH_MISMATCH for more values than a known shape has, SL_TENSOR_TOO_LARGE,
 * SL_OUT_OF_MEMORY, those of a budget.
 */
enum sl_status sl_spikes_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                   struct sl_error *error);
enum sl_status sl_spikes_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                    struct sl_error *error);

/*
 * Adds one spike at a row-major index of a known shape; all values not named are 0.
 * Errors: SL_LENGTH_MISMATCH for an index outside the shape, before there is one, and together with
 * the pushes above; SL_OUT_OF_MEMORY, those of a budget.
 */
enum sl_status sl_spikes_add_one(struct sl_spikes *spikes, uint64_t index, struct sl_error *error);

/* The first time step (first sample) is complete: its length is now known for all others. */
void sl_spikes_end_step(struct sl_spikes *spikes);
void sl_spikes_end_sample(struct sl_spikes *spikes);

/*
 * Adds up what is still buffered. A tensor that no value was pushed into is all zeros.
 * Errors: SL_LENGTH_MISMATCH for fewer values than the shape has, or without a shape;
 * SL_OUT_OF_MEMORY, those of a budget.
 */
enum sl_status sl_spikes_finish(struct sl_spikes *spikes, struct sl_error *error);

/* The sum of all values of an accumulator. */
double sl_spikes_sum(const struct sl_spikes *spikes, size_t accumulator);

/* How many values of an accumulator were not 0. */
uint64_t sl_spikes_fired(const struct sl_spikes *spikes, size_t accumulator);

/* How many values of the whole tensor were not 0. */
uint64_t sl_spikes_count(const struct sl_spikes *spikes);

/* Whether every value was 0 or 1. */
bool sl_spikes_binary(const struct sl_spikes *spikes);

/* Bytes of memory that were taken for the arrays, also where nothing is in them yet. */
uint64_t sl_spikes_memory(const struct sl_spikes *spikes);

/* Neurons that never fired, and neurons that fired at every step of every sample. */
struct sl_spikes_health {
  size_t silent;
  size_t saturated;
};
struct sl_spikes_health sl_spikes_health(const struct sl_spikes *spikes);

#endif
