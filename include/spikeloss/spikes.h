/*
 * The counts of one spike tensor: all that a loss ever sees of it.
 *
 * Losses see spikes only through sums over time, so the tensor itself is never stored. Values come
 * in row-major order, in pieces of any size, and are added to accumulators at once:
 *
 *     values  [batch, time, neurons]  ->  one accumulator per neuron             SL_PER_NEURON
 *                                     ->  one per (sample, neuron) pair          SL_PER_SAMPLE
 *
 * An accumulator is three numbers: how many ones, how many values that are neither 0 nor 1
 * ("graded" or negative spikes), and the sum of the graded values, added in the order in which
 * they came, starting at +0.0. Counting ones apart keeps sums of binary spikes exact and makes
 * results the same to the last bit on every instruction set and for every split of the input.
 *
 * Axes by rank: [neurons], [time, neurons], [batch, time, neurons, ...]. An absent axis counts as
 * 1, and every axis after time is part of "neurons". See enum sl_layout for other orders.
 *
 *     struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
 *     sl_spikes_push_bytes(spikes, step, neurons, &error);       as often as there are steps
 *     sl_spikes_finish(spikes, &error);
 *
 * The first error wins, so one check at the end is enough; a NULL tensor is an error as well.
 *
 * Ownership: a tensor belongs to the caller, until sl_spikes_free. It copies what it is given.
 * Threads: one tensor belongs to one thread at a time. A finished one may be read by many.
 * Errors of all functions: SL_INVALID_ARGUMENT for NULL, SL_OUT_OF_MEMORY, and those named.
 */
#ifndef SPIKELOSS_SPIKES_H
#define SPIKELOSS_SPIKES_H

#include <spikeloss/error.h>
#include <spikeloss/export.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SL_BEGIN_C

enum { SL_MAX_RANK = 8 };

/* What sums are kept. Every loss says which of them it needs. */
enum sl_sums { SL_PER_NEURON, SL_PER_SAMPLE };

/*
 * In which order the axes come. With fewer of them: [neurons], [time, neurons] or, with time last,
 * [neurons, time]; all further axes are part of "neurons", which stay together.
 */
enum sl_layout { SL_BATCH_TIME_NEURONS, SL_TIME_BATCH_NEURONS, SL_BATCH_NEURONS_TIME };

/* Over which axes the numbers that are pushed have been summed already. */
enum sl_summed { SL_SUMMED_NOT, SL_SUMMED_TIME, SL_SUMMED_BATCH_TIME };

struct sl_spikes;

/*
 * Returns an empty tensor of a known shape, or NULL. 1 <= rank <= SL_MAX_RANK, all dimensions >= 1.
 * Errors: SL_EMPTY_TENSOR, SL_WRONG_RANK, SL_SHAPE_OVERFLOW.
 */
SL_API struct sl_spikes *sl_spikes_new(enum sl_sums sums, size_t rank, const size_t *shape,
                                       struct sl_error *error);

/* The same for axes in another order. Values come, and gradients go, in this order. */
SL_API struct sl_spikes *sl_spikes_new_with_layout(enum sl_sums sums, enum sl_layout layout,
                                                   size_t rank, const size_t *shape,
                                                   struct sl_error *error);

/* Frees a tensor in any state. Tolerates NULL. */
SL_API void sl_spikes_free(struct sl_spikes *spikes);

/*
 * Push values in row-major order. Bits: the first value is the least significant bit of bits[0],
 * `count` of them, the bits above the last are ignored. Bytes are the numbers 0 to 255.
 * Errors: SL_LENGTH_MISMATCH for more values than the shape has, and nothing is pushed;
 * SL_NOT_FINITE for a NaN or an infinity, and values before it may have been pushed.
 */
SL_API enum sl_status sl_spikes_push_bits(struct sl_spikes *spikes, const uint64_t *bits,
                                          size_t count, struct sl_error *error);
SL_API enum sl_status sl_spikes_push_bytes(struct sl_spikes *spikes, const uint8_t *values,
                                           size_t count, struct sl_error *error);
SL_API enum sl_status sl_spikes_push_floats(struct sl_spikes *spikes, const float *values,
                                            size_t count, struct sl_error *error);
SL_API enum sl_status sl_spikes_push_doubles(struct sl_spikes *spikes, const double *values,
                                             size_t count, struct sl_error *error);

/*
 * Says, before anything is pushed, that sums of spikes will be, instead of the spikes: counters of
 * neuromorphic hardware, sums from a GPU, or those of many workers. The shape remains that of the
 * spikes; what is pushed is one sum for each (sample, neuron), sample by sample, or, summed over
 * batch and time, for each neuron. A sum that is an integer from 0 to the number of values it sums
 * counts as so many ones, so that all is as for the spikes themselves; any other one is graded.
 * Errors: SL_INVALID_ARGUMENT after values, and for SL_SUMMED_BATCH_TIME with SL_PER_SAMPLE.
 */
SL_API enum sl_status sl_spikes_begin_sums(struct sl_spikes *spikes, enum sl_summed summed,
                                           struct sl_error *error);

/*
 * Adds one spike at a row-major index; all values not named are 0. Errors: SL_LENGTH_MISMATCH for
 * an index outside the shape, and together with the pushes above.
 */
SL_API enum sl_status sl_spikes_add_one(struct sl_spikes *spikes, uint64_t index,
                                        struct sl_error *error);

/*
 * Completes the sums: before it no loss takes the tensor, after it nothing can be pushed. A tensor
 * that no value was pushed into is all zeros. Error: SL_LENGTH_MISMATCH for fewer values than the
 * shape has.
 */
SL_API enum sl_status sl_spikes_finish(struct sl_spikes *spikes, struct sl_error *error);

/* Return a finished tensor of the values of a row-major array, or NULL. Errors as above. */
SL_API struct sl_spikes *sl_spikes_from_bytes(enum sl_sums sums, size_t rank, const size_t *shape,
                                              const uint8_t *values, struct sl_error *error);
SL_API struct sl_spikes *sl_spikes_from_floats(enum sl_sums sums, size_t rank, const size_t *shape,
                                               const float *values, struct sl_error *error);
SL_API struct sl_spikes *sl_spikes_from_doubles(enum sl_sums sums, size_t rank, const size_t *shape,
                                                const double *values, struct sl_error *error);

/*
 * Return what a finished tensor holds. An accumulator is a neuron, or sample * neurons + neuron
 * where sums are kept per sample. Of one that is not there, and of NULL, everything is 0.
 */
SL_API size_t sl_spikes_accumulators(const struct sl_spikes *spikes);

/* Returns the sum of all values of an accumulator. */
SL_API double sl_spikes_sum(const struct sl_spikes *spikes, size_t accumulator);

/* Returns how many values of an accumulator were not 0. */
SL_API uint64_t sl_spikes_fired(const struct sl_spikes *spikes, size_t accumulator);

/* Returns how many values of the whole tensor were not 0. */
SL_API uint64_t sl_spikes_count(const struct sl_spikes *spikes);

/* Returns whether every value was 0 or 1. */
SL_API bool sl_spikes_binary(const struct sl_spikes *spikes);

/* Neurons that never fired, and neurons that fired at every step of every sample. */
struct sl_activity {
  size_t silent;
  size_t saturated;
};
SL_API struct sl_activity sl_spikes_activity(const struct sl_spikes *spikes);

SL_END_C

#endif
