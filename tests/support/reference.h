/*
 * The slow, strict reading of a request body: what the push decoder is compared with.
 *
 * The whole body is in memory and is read once from left to right by recursive descent; each value
 * is judged where it ends, or at its first byte if it is of another kind than the field wants.
 * Spike tensors become plain arrays of doubles; numbers are converted by strtod, whatever their
 * length, and integers are judged by their text. Nothing is shared with the decoder but the field
 * tables. Safe on any bytes: recursion is bounded by the depth limit.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_H
#define SPIKELOSS_TESTS_REFERENCE_H

#include "decode/limits.h"
#include "decode/schema.h"
#include "loss/loss.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_reference_tensor {
  bool nested; /* it came as nested arrays without a shape */
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t count;
  double *values; /* [count], row-major; NULL if the tensor is too large to be laid out */
};

struct sl_reference_value {
  bool present;
  size_t length;
  struct sl_reference_tensor *tensors; /* SPIKES, SPIKES_LIST */
  double *reals;                       /* REALS */
  int64_t *labels;                     /* LABELS; those that no int64_t holds are saturated */
  double real;                         /* REAL */
  uint64_t count;                      /* COUNT */
  size_t choice;                       /* CHOICE */
  bool flag;                           /* FLAG */
};

struct sl_reference {
  const struct sl_loss *loss;
  struct sl_error error; /* the code is SL_OK if the body is accepted; no message */
  struct sl_reference_value values[SL_MAX_REQUEST_FIELDS]; /* by sl_request_field index */
  struct sl_block *memory;                                 /* all that was allocated */
};

/* Reads a complete body. Owned by the caller until sl_reference_free. Aborts without memory. */
struct sl_reference *sl_reference_read(const struct sl_loss *loss, const struct sl_limits *limits,
                                       const char *body, size_t length);

void sl_reference_free(struct sl_reference *reference);

/* Coordinates may describe far more values than they are bytes: more than this are not laid out. */
enum { SL_REFERENCE_LARGEST_LAYOUT = 1 << 22 };

/* Batch, time and the product of all other dimensions of a shape: absent axes are 1. */
struct sl_axes {
  size_t samples, steps, neurons;
};
struct sl_axes sl_reference_axes(size_t rank, const size_t *shape);

/*
 * Whether cJSON accepts the body and sees the same structure in it. A second opinion on bodies
 * that the reference accepts; true without a look at numbers too long for cJSON.
 */
bool sl_reference_agrees_with_cjson(const struct sl_reference *reference, const char *body,
                                    size_t length);

#endif
