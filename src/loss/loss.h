/*
 * A loss, as one table row: its name, its fields, and the function that computes it.
 *
 * The field table alone drives decoding, validation, error messages, GET /v1/losses and OpenAPI.
 * A new loss is one file with one `const struct sl_loss`, one row in src/loss/table.c, and one
 * line in meson.build; nothing else needs to know its name. If programs in C shall call it too, its
 * file gets a function that fills `values` and calls sl_loss_evaluate, and <spikeloss/losses.h>
 * declares it.
 *
 * All tables are constant and shared by all threads. An evaluation touches only its arguments.
 */
#ifndef SPIKELOSS_LOSS_LOSS_H
#define SPIKELOSS_LOSS_LOSS_H

#include "spikes/spikes.h"
#include <spikeloss/error.h>
#include <spikeloss/losses.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_field_kind {
  SL_FIELD_SPIKES,      /* one spike tensor */
  SL_FIELD_SPIKES_LIST, /* a list of spike tensors */
  SL_FIELD_REALS,       /* a list of real numbers */
  SL_FIELD_REAL,        /* one real number */
  SL_FIELD_LABELS,      /* a list of class labels (integers) */
  SL_FIELD_COUNT,       /* one integer within bounds */
  SL_FIELD_CHOICE,      /* one word out of a few */
};

struct sl_field {
  const char *name;
  const char *summary; /* one sentence for people, no full stop */
  enum sl_field_kind kind;

  /* Spike tensors: allowed ranks, the meaning of the axes ("[batch, time, neurons]"), and whether
   * sums are kept per (sample, neuron) or per neuron only. */
  size_t min_rank, max_rank;
  const char *axes;
  bool per_sample;
  bool uniform_gradient; /* one number is the gradient of a whole tensor, however large it is */

  /* Counts: both bounds are allowed values. */
  uint64_t min_count, max_count;

  /* Choices: NULL-terminated; the first is the default of an optional field. */
  const char *const *choices;
  bool optional; /* only choices are ever optional */
};

/* Returns the most numbers that the gradient of a tensor with so many accumulators has. */
static inline size_t sl_field_gradient_count(const struct sl_field *field, size_t accumulators) {
  return field->uniform_gradient && accumulators > 0 ? 1 : accumulators;
}

/* The value of one field; only what its kind needs is set. Arrays are owned by the value. */
struct sl_value {
  bool present;
  size_t length;            /* of the array below that is set */
  struct sl_spikes *spikes; /* SPIKES (length 1), SPIKES_LIST */
  double *reals;            /* REALS */
  int64_t *labels;          /* LABELS */
  double real;              /* REAL */
  uint64_t count;           /* COUNT */
  size_t choice;            /* CHOICE: index into choices */
};

/* Frees the arrays of a value and makes it absent. Tolerates all zeros. */
void sl_value_free(struct sl_value *value);

struct sl_loss {
  const char *name;
  const char *summary; /* one sentence for people */
  const char *formula; /* one line of plain text */
  const char *example; /* a small request body that works, as JSON text */
  const struct sl_field *fields;
  size_t field_count;

  /*
   * Checks the relations between fields, in field order, then computes. `values` holds one value
   * per field, in the order of `fields`, all present and each valid for itself. `result` comes
   * zeroed but for its budget, goes to the caller whatever the status is, and is freed by
   * sl_result_free. Errors: SL_LENGTH_MISMATCH, SL_CLASS_OUT_OF_RANGE, SL_RESULT_NOT_FINITE,
   * SL_OUT_OF_MEMORY, those of the budget; they carry a pointer, never an offset. Reentrant.
   */
  enum sl_status (*evaluate)(const struct sl_value *values, struct sl_result *result,
                             struct sl_error *error);
};

/* No loss may have more fields than this. */
enum { SL_MAX_FIELDS = 12 };

/* All losses, in the order in which they are listed to users; the last entry is NULL. */
extern const struct sl_loss *const sl_losses[];

/* Returns the loss of that name, or NULL. */
const struct sl_loss *sl_loss_find(const char *name);

/*
 * Does what a function for users does with its arguments: checks every value against its field,
 * which a decoder has done for the service, and evaluates. `result` need not be set; after a
 * failure it owns nothing. Errors: SL_INVALID_ARGUMENT, SL_WRONG_RANK, SL_NOT_FINITE,
 * SL_OUT_OF_RANGE, and those of the loss.
 */
enum sl_status sl_loss_evaluate(const struct sl_loss *loss, const struct sl_value *values,
                                struct sl_result *result, struct sl_error *error);

#endif
