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
  SL_FIELD_FLAG,        /* true or false */
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

  /* Counts: both bounds are allowed values. */
  uint64_t min_count, max_count;

  /* Real numbers and each of a list: both bounds are allowed values, INFINITY is none. Without
   * bounds where both are 0. */
  double min_real, max_real;
  bool setting; /* without a gradient */

  const char *const *choices; /* NULL-terminated */

  /* Whether the field may be absent, and what it then is: a word, a number or each number of a list
   * (NAN: nothing at all), false. */
  bool optional;
  size_t default_choice;
  double default_real;
  bool or_next; /* this field or the next, both optional, must be there */
};

/* The words of choices that several losses have, in the order of their enumerators. */
extern const char *const sl_units[];      /* enum sl_unit */
extern const char *const sl_measures[];   /* enum sl_measure */
extern const char *const sl_reductions[]; /* enum sl_reduction */

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
  bool flag;                /* FLAG */
};

/* Return what a value is, or, where it is absent, what its field says that it then is. */
static inline size_t sl_value_choice(const struct sl_field *field, const struct sl_value *value) {
  return value->present ? value->choice : field->default_choice;
}
static inline double sl_value_real(const struct sl_field *field, const struct sl_value *value) {
  return value->present ? value->real : field->default_real;
}
static inline double sl_value_item(const struct sl_field *field, const struct sl_value *value,
                                   size_t item) {
  return value->present ? value->reals[item] : field->default_real;
}

/* Returns whether a real number is within the bounds of its field. */
static inline bool sl_field_allows(const struct sl_field *field, double real) {
  bool bounded = field->min_real < field->max_real;
  return !bounded || (real >= field->min_real && real <= field->max_real);
}

/* Frees the arrays of a value, which others uncharge, and makes it absent. Tolerates all zeros. */
void sl_value_free(struct sl_value *value, struct sl_budget *budget);

struct sl_loss {
  const char *name;
  const char *summary; /* one sentence for people */
  const char *formula; /* one line of plain text */
  const char *example; /* a small request body that works, as JSON text */
  const struct sl_field *fields;
  size_t field_count;

  /*
   * Checks the relations between fields, in field order, then computes. `values` holds one value
   * per field, in the order of `fields`, present unless optional, each valid for itself. `result`
   * comes zeroed but for its budget, goes to the caller whatever the status is, and is freed by
   * sl_result_free. Errors: SL_LENGTH_MISMATCH, SL_CLASS_OUT_OF_RANGE, SL_RESULT_NOT_FINITE,
   * SL_OUT_OF_MEMORY, those of the budget; they carry a pointer, never an offset. Reentrant.
   */
  enum sl_status (*evaluate)(const struct sl_value *values, struct sl_result *result,
                             struct sl_error *error);
};

/* No loss may have more fields than this. */
enum { SL_MAX_FIELDS = 16 };

/* All losses, in the order in which they are listed to users; the last entry is NULL. */
extern const struct sl_loss *const sl_losses[];

/* Returns the loss of that name, or NULL. */
const struct sl_loss *sl_loss_find(const char *name);

/* Fails with SL_LENGTH_MISMATCH unless a list, if it is there, has one number a layer. */
enum sl_status sl_check_layers(const struct sl_field *field, const struct sl_value *value,
                               size_t layers, struct sl_error *error);

/*
 * Does what a function for users does with its arguments: checks every value against its field,
 * which a decoder has done for the service, and evaluates. `result` need not be set; after a
 * failure it owns nothing. Errors: SL_INVALID_ARGUMENT, SL_WRONG_RANK, SL_NOT_FINITE,
 * SL_OUT_OF_RANGE, and those of the loss.
 */
enum sl_status sl_loss_evaluate(const struct sl_loss *loss, const struct sl_value *values,
                                struct sl_result *result, struct sl_error *error);

/* Does the same for a loss of layers: `values[0]` becomes the user's list of tensors, which still
 * own their arrays. */
enum sl_status sl_loss_evaluate_layers(const struct sl_loss *loss, struct sl_value *values,
                                       const struct sl_spikes *const *list, size_t layers,
                                       struct sl_result *result, struct sl_error *error);

#endif
