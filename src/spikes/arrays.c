/*
 * What users of libspikeloss push: whole tensors and pieces of them, as arrays of any type.
 */
#include "core/checked.h"
#include "spikes/spikes.h"
#include <stdlib.h>

enum { PIECE = 64 }; /* values that are looked at together */

struct sl_spikes *sl_spikes_new(enum sl_sums sums, size_t rank, const size_t *shape,
                                struct sl_error *error) {
  return sl_spikes_new_with_layout(sums, SL_BATCH_TIME_NEURONS, rank, shape, error);
}

struct sl_spikes *sl_spikes_new_with_layout(enum sl_sums sums, enum sl_layout layout, size_t rank,
                                            const size_t *shape, struct sl_error *error) {
  bool known = sums == SL_PER_NEURON || sums == SL_PER_SAMPLE;
  if (error == NULL || shape == NULL || !known || (unsigned)layout > SL_BATCH_NEURONS_TIME) {
    sl_fail_argument(error, !known ? "sl_spikes_new: sums is SL_PER_NEURON or SL_PER_SAMPLE"
                            : shape == NULL
                                ? "sl_spikes_new: a pointer is NULL"
                                : "sl_spikes_new: layout is not one of its enumerators");
    return NULL;
  }
  struct sl_spikes *spikes = malloc(sizeof *spikes);
  if (spikes == NULL) {
    sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for a tensor");
    return NULL;
  }
  sl_spikes_init(spikes, sums == SL_PER_SAMPLE, NULL);
  spikes->layout = layout;
  if (sl_spikes_set_shape(spikes, rank, shape, error) != SL_OK) {
    free(spikes);
    return NULL;
  }
  return spikes;
}

void sl_spikes_free(struct sl_spikes *spikes) {
  if (spikes != NULL) {
    sl_spikes_release(spikes);
    free(spikes);
  }
}

/* Checks before `count` values of a user are pushed. */
static enum sl_status check_values(const struct sl_spikes *spikes, const void *values, size_t count,
                                   struct sl_error *error) {
  if (error == NULL || spikes == NULL || (values == NULL && count > 0)) {
    return sl_fail_argument(error, "pushing values: a pointer is NULL");
  }
  return count <= spikes->max_values - spikes->values ? SL_OK : sl_spikes_too_many(error);
}

/* Pushes up to PIECE values of an array. */
typedef enum sl_status push_piece(struct sl_spikes *spikes, const void *values, size_t count,
                                  struct sl_error *error);

static enum sl_status push_array(struct sl_spikes *spikes, push_piece *push, const void *values,
                                 size_t value_size, size_t count, struct sl_error *error) {
  enum sl_status status = check_values(spikes, values, count, error);
  for (size_t done = 0; status == SL_OK && done < count; done += PIECE) {
    size_t length = count - done < PIECE ? count - done : PIECE;
    status = push(spikes, (const char *)values + done * value_size, length, error);
  }
  return status;
}

static enum sl_status push_double_piece(struct sl_spikes *spikes, const void *values, size_t count,
                                        struct sl_error *error) {
  size_t finite = sl_finite_count(values, count);
  if (finite < count) {
    return sl_fail(error, SL_NOT_FINITE,
                   "value %llu of the tensor is not finite; replace NaN and infinities",
                   (unsigned long long)(spikes->values + finite));
  }
  return sl_spikes_push_reals(spikes, values, count, error);
}

static enum sl_status push_float_piece(struct sl_spikes *spikes, const void *values, size_t count,
                                       struct sl_error *error) {
  const float *floats = values;
  double reals[PIECE];
  for (size_t i = 0; i < count; i++) {
    reals[i] = (double)floats[i];
  }
  return push_double_piece(spikes, reals, count, error);
}

/* Pushes bytes as bits, if all are 0 or 1. */
static enum sl_status push_byte_piece(struct sl_spikes *spikes, const void *values, size_t count,
                                      struct sl_error *error) {
  const uint8_t *bytes = values;
  double reals[PIECE];
  uint64_t bits = 0;
  uint8_t all = 0;
  for (size_t i = 0; i < count; i++) {
    all |= bytes[i];
    bits |= (uint64_t)(bytes[i] & 1) << i;
    reals[i] = bytes[i];
  }
  return all <= 1 ? sl_spikes_push_bits(spikes, &bits, count, error)
                  : sl_spikes_push_reals(spikes, reals, count, error);
}

enum sl_status sl_spikes_push_doubles(struct sl_spikes *spikes, const double *values, size_t count,
                                      struct sl_error *error) {
  return push_array(spikes, push_double_piece, values, sizeof *values, count, error);
}

enum sl_status sl_spikes_push_floats(struct sl_spikes *spikes, const float *values, size_t count,
                                     struct sl_error *error) {
  return push_array(spikes, push_float_piece, values, sizeof *values, count, error);
}

enum sl_status sl_spikes_push_bytes(struct sl_spikes *spikes, const uint8_t *values, size_t count,
                                    struct sl_error *error) {
  return push_array(spikes, push_byte_piece, values, sizeof *values, count, error);
}

/* Finishes a new tensor whose values were pushed with `status`; frees it if either has failed. */
static struct sl_spikes *finished(struct sl_spikes *spikes, enum sl_status status,
                                  struct sl_error *error) {
  if (status == SL_OK && sl_spikes_finish(spikes, error) == SL_OK) {
    return spikes;
  }
  sl_spikes_free(spikes);
  return NULL;
}

/* Returns how many values a new tensor takes, 0 for NULL. */
static size_t all_values(const struct sl_spikes *spikes) {
  return spikes != NULL ? spikes->max_values : 0;
}

struct sl_spikes *sl_spikes_from_bytes(enum sl_sums sums, size_t rank, const size_t *shape,
                                       const uint8_t *values, struct sl_error *error) {
  struct sl_spikes *spikes = sl_spikes_new(sums, rank, shape, error);
  return finished(spikes, sl_spikes_push_bytes(spikes, values, all_values(spikes), error), error);
}

struct sl_spikes *sl_spikes_from_floats(enum sl_sums sums, size_t rank, const size_t *shape,
                                        const float *values, struct sl_error *error) {
  struct sl_spikes *spikes = sl_spikes_new(sums, rank, shape, error);
  return finished(spikes, sl_spikes_push_floats(spikes, values, all_values(spikes), error), error);
}

struct sl_spikes *sl_spikes_from_doubles(enum sl_sums sums, size_t rank, const size_t *shape,
                                         const double *values, struct sl_error *error) {
  struct sl_spikes *spikes = sl_spikes_new(sums, rank, shape, error);
  return finished(spikes, sl_spikes_push_doubles(spikes, values, all_values(spikes), error), error);
}
