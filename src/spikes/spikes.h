/*
 * The counts of one spike tensor, with all that the project does beside what users of libspikeloss
 * do: see <spikeloss/spikes.h> first.
 *
 * A shape is either known before the values (sl_spikes_set_shape) or discovered by them: push the
 * first time step, sl_spikes_end_step; push the rest of the first sample, sl_spikes_end_sample;
 * push all other samples; sl_spikes_set_shape. In any layout: sl_spikes_set_rank before the first
 * value, sl_spikes_end_axis where the first array of an axis ends. A count takes 8 bytes, or 1
 * where it is of a sample of up to 255 steps. An accumulator is one count while all values are 0 or
 * 1, and two counts and 8 bytes more from the first graded value on. Memory is charged to a budget,
 * if there is one, and that of a large tensor page by page, where values are added.
 *
 * Ownership: here the struct belongs to the caller, its arrays to the struct; sl_spikes_release
 * tolerates any state, all zeros included.
 */
#ifndef SPIKELOSS_SPIKES_SPIKES_H
#define SPIKELOSS_SPIKES_SPIKES_H

#include "spikes/lazy_words.h"
#include <spikeloss/spikes.h>

struct sl_spikes {
  /* What a loss reads, complete after sl_spikes_finish. */
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t samples, steps, neurons; /* the same shape as (batch, time, everything else) */
  enum sl_layout layout;          /* of that shape; the default where it makes no difference */
  bool per_sample;
  size_t accumulators; /* neurons, or samples * neurons if per_sample */
  uint64_t *ones;      /* [accumulators], or NULL if they are small */
  uint8_t *small_ones; /* [accumulators], or NULL: see is_small */
  uint64_t *graded;    /* both likewise, and NULL while every value was 0 or 1 */
  uint8_t *small_graded;
  double *sums; /* [accumulators], or NULL while every value was 0 or 1 */

  /* How values are counted: see shape.c. */
  size_t row_length, rows; /* values of a row, rows of a sample: neurons, steps */
  bool row_known, rows_known;
  bool time_last;              /* counted by time_last.c */
  bool all_begun;              /* pairs of a shape that is still discovered */
  enum sl_summed summed;       /* what is pushed are sums, */
  double max_sum;              /* of so many values */
  size_t strides[SL_MAX_RANK]; /* of the axes, in accumulators; 0 where they are summed */

  /* Where the next value goes. */
  uint64_t *pairs_left; /* what the caller still grants; NULL without bound */
  uint64_t values;      /* pushed so far */
  uint64_t max_values;  /* of a known shape, else without bound */
  size_t capacity;      /* accumulators that there is, or will be, memory for */
  size_t base;          /* first accumulator of the current sample */
  size_t column;        /* of the next value in its row */
  size_t step;          /* row of the next value within its sample */
  size_t reached;       /* accumulators that were made writable */
  bool scattered;       /* spikes are added one by one, anywhere */
  bool is_small;        /* no count can be larger than a byte */
  bool finished;

  /* Bits that are not added up yet, many rows at a time: whole rows, one directly after the other,
   * the first value in the least significant bit. */
  uint64_t *buffered;
  size_t buffered_bits;     /* how many there are */
  size_t max_buffered_bits; /* when they are added up: a multiple of `row_length` */
  size_t buffered_base;     /* base and step of the first row */
  size_t buffered_step;

  /* What owns the arrays above. */
  struct sl_budget *budget; /* not owned; NULL without bound */
  struct sl_lazy_words ones_memory, graded_memory, sums_memory, buffer_memory;
};

/*
 * Starts an empty tensor. `pairs_left` (not owned, must outlive the struct) is charged one for
 * every (sample, neuron) pair before memory is taken for it; when it is used up the calls below
 * fail with SL_TENSOR_TOO_LARGE. NULL has no bound.
 */
void sl_spikes_init(struct sl_spikes *spikes, bool per_sample, uint64_t *pairs_left);

/* Charges the memory of a tensor that was just begun to `budget` (not owned, must outlive it). */
void sl_spikes_set_budget(struct sl_spikes *spikes, struct sl_budget *budget);

/* Frees the arrays, gives back what they were charged, and leaves all zeros. */
void sl_spikes_release(struct sl_spikes *spikes);

/*
 * Fixes the shape, 1 <= rank <= SL_MAX_RANK, all dimensions >= 1. If values came before it (a
 * discovered shape), their steps and samples must agree with it.
 * Errors: SL_EMPTY_TENSOR, SL_WRONG_RANK, SL_SHAPE_OVERFLOW, SL_TENSOR_TOO_LARGE,
 * SL_LENGTH_MISMATCH.
 */
enum sl_status sl_spikes_set_shape(struct sl_spikes *spikes, size_t rank, const size_t *shape,
                                   struct sl_error *error);

/* Pushes values that are known to be finite. Errors: those of the other pushes, and
 * SL_TENSOR_TOO_LARGE, those of a budget. */
enum sl_status sl_spikes_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                    struct sl_error *error);

/* Pushes bits as bytes of which each has its first bit as the most significant one. Errors: those
 * of sl_spikes_push_bits. */
enum sl_status sl_spikes_push_packed(struct sl_spikes *spikes, const uint8_t *bytes, size_t count,
                                     struct sl_error *error);

/* Fails with SL_NOT_FINITE for the value of an index. */
enum sl_status sl_spikes_not_finite(uint64_t index, struct sl_error *error);

/* Returns whether sl_spikes_push_singles can be called for this tensor, now and later. */
bool sl_spikes_take_singles(const struct sl_spikes *spikes);

/* Pushes little-endian floats of four bytes, of which some are neither 0 nor 1. Errors: those of
 * sl_spikes_push_reals, SL_NOT_FINITE. */
enum sl_status sl_spikes_push_singles(struct sl_spikes *spikes, const uint8_t *bytes, size_t count,
                                      struct sl_error *error);

/* Does the same for sums that can be counts of ones, in the fastest way. Returns how many, or 0 if
 * they must be pushed as reals. */
size_t sl_spikes_push_byte_sums(struct sl_spikes *spikes, const uint8_t *sums, size_t count,
                                struct sl_error *error);

/* Adds one spike to an accumulator, as sl_spikes_add_one does to that of an index; none twice. */
enum sl_status sl_spikes_add_to(struct sl_spikes *spikes, size_t accumulator,
                                struct sl_error *error);

/* Returns the accumulator of coordinates within a known shape. */
static inline size_t sl_spikes_accumulator(const struct sl_spikes *spikes,
                                           const uint64_t *coordinates, size_t rank) {
  size_t accumulator = 0;
  for (size_t axis = 0; axis < rank; axis++) {
    accumulator += coordinates[axis] * spikes->strides[axis];
  }
  return accumulator;
}

/* Ends the first time step (first sample): its length is now known for all others. */
void sl_spikes_end_step(struct sl_spikes *spikes);
void sl_spikes_end_sample(struct sl_spikes *spikes);

/* Says how many axes the shape will have that is discovered. */
void sl_spikes_set_rank(struct sl_spikes *spikes, size_t rank);

/* Ends the first array along an axis: its length is now known for all others. */
void sl_spikes_end_axis(struct sl_spikes *spikes, size_t rank, size_t axis);

/* Writes the shape of a gradient that is constant along time, and, unless they are asked for, along
 * samples and neurons. */
void sl_spikes_small_shape(const struct sl_spikes *spikes, bool by_sample, bool by_neuron,
                           size_t *small_shape);

/* Writes the shape of what is pushed, without the axes that were summed. Returns its rank. */
size_t sl_spikes_summed_shape(const struct sl_spikes *spikes, size_t *shape);

/* Returns how many values of an accumulator are 1. */
static inline uint64_t sl_spikes_ones(const struct sl_spikes *spikes, size_t accumulator) {
  return spikes->small_ones != NULL ? spikes->small_ones[accumulator] : spikes->ones[accumulator];
}

/* Returns how many values of an accumulator are neither 0 nor 1. */
static inline uint64_t sl_spikes_graded(const struct sl_spikes *spikes, size_t accumulator) {
  return spikes->sums == NULL           ? 0
         : spikes->small_graded != NULL ? spikes->small_graded[accumulator]
                                        : spikes->graded[accumulator];
}

/* Fails with SL_LENGTH_MISMATCH: more values than the shape has. */
enum sl_status sl_spikes_too_many(struct sl_error *error);

#endif
