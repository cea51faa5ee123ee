#include "loss/result.h"

#include "core/budget.h"
#include "core/checked.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_value_free(struct sl_value *value, struct sl_budget *budget) {
  for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
    sl_spikes_release(&value->spikes[item]);
  }
  sl_budget_free(budget, value->spikes, 0);
  sl_budget_free(budget, value->reals, 0);
  sl_budget_free(budget, value->labels, 0);
  *value = (struct sl_value){0};
}

void sl_result_free(struct sl_result *result) {
  if (result == NULL) {
    return;
  }
  for (size_t i = 0; i < result->gradient_count; i++) {
    struct sl_gradient *gradient = &result->gradients[i];
    if (gradient->values != &gradient->single) {
      sl_budget_free(result->budget, gradient->values, 0);
    }
  }
  sl_budget_free(result->budget, result->diagnostics, 0);
  sl_budget_free(result->budget, result->gradients, 0);
  sl_budget_give_back(result->budget, result->charged);
  *result = (struct sl_result){0};
}

/* Returns memory that is charged to the result, or NULL with an error. */
static void *take_memory(struct sl_result *result, size_t count, size_t size, bool zeroed,
                         struct sl_error *error) {
  size_t bytes;
  void *memory = sl_checked_multiply(&bytes, count, size)
                     ? sl_budget_allocate(result->budget, bytes, zeroed, error)
                     : NULL;
  if (memory == NULL) {
    sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for the result; try again later");
    return NULL;
  }
  result->charged += bytes;
  return memory;
}

enum sl_status sl_result_reserve(struct sl_result *result, size_t gradients, size_t diagnostics,
                                 struct sl_error *error) {
  result->gradients = take_memory(result, gradients, sizeof *result->gradients, true, error);
  if (result->gradients == NULL) {
    return error->code;
  }
  result->diagnostics = take_memory(result, diagnostics, sizeof *result->diagnostics, false, error);
  return result->diagnostics != NULL ? SL_OK : error->code;
}

enum sl_status sl_result_reserve_layers(struct sl_result *result, size_t layers, size_t gradients,
                                        size_t diagnostics_per_layer, struct sl_error *error) {
  size_t diagnostics;
  if (!sl_checked_add(&gradients, layers, gradients) ||
      !sl_checked_multiply(&diagnostics, layers, diagnostics_per_layer)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for %zu layers; try again later",
                   layers);
  }
  result->list_name = "layers";
  result->list_width = diagnostics_per_layer;
  return sl_result_reserve(result, gradients, diagnostics, error);
}

/* Adds a gradient of a value of this shape, for others to give memory to. */
static struct sl_gradient *add_gradient(struct sl_result *result, size_t field, size_t item,
                                        size_t rank, const size_t *shape,
                                        const size_t *small_shape) {
  struct sl_gradient *gradient = &result->gradients[result->gradient_count++];
  gradient->field = field;
  gradient->item = item;
  gradient->rank = rank;
  for (size_t axis = 0; axis < rank; axis++) {
    gradient->shape[axis] = shape[axis];
    gradient->small_shape[axis] = small_shape[axis];
  }
  if (!sl_checked_product(&gradient->count, small_shape, rank)) {
    gradient->count = SIZE_MAX;
  }
  return gradient;
}

/* One number needs no memory of its own. */
static double *take_values(struct sl_result *result, struct sl_gradient *gradient,
                           struct sl_error *error) {
  gradient->values = gradient->count == 1 ? &gradient->single
                                          : take_memory(result, gradient->count,
                                                        sizeof *gradient->values, false, error);
  return gradient->values;
}

double *sl_result_add_spikes_gradient(struct sl_result *result, size_t field, size_t item,
                                      const struct sl_spikes *spikes, const size_t *small_shape,
                                      struct sl_error *error) {
  return take_values(
      result, add_gradient(result, field, item, spikes->rank, spikes->shape, small_shape), error);
}

double *sl_result_add_reals_gradient(struct sl_result *result, size_t field, size_t length,
                                     struct sl_error *error) {
  return take_values(result, add_gradient(result, field, 0, 1, &length, &length), error);
}

double *sl_result_add_real_gradient(struct sl_result *result, size_t field,
                                    struct sl_error *error) {
  return take_values(result, add_gradient(result, field, 0, 0, NULL, NULL), error);
}

struct sl_gradient *sl_result_add_indexed_gradient(struct sl_result *result, size_t field,
                                                   const struct sl_spikes *spikes,
                                                   const size_t *small_shape, size_t table_length,
                                                   struct sl_error *error) {
  struct sl_gradient *gradient =
      add_gradient(result, field, 0, spikes->rank, spikes->shape, small_shape);
  size_t index_memory = gradient->count / sizeof *gradient->values + 1; /* in doubles */
  gradient->values =
      take_memory(result, table_length + index_memory, sizeof *gradient->values, false, error);
  if (gradient->values == NULL) {
    return NULL;
  }
  gradient->table_length = table_length;
  gradient->indices = (uint8_t *)(gradient->values + table_length);
  return gradient;
}

enum sl_status sl_result_write_out(struct sl_result *result, struct sl_error *error) {
  for (size_t i = 0; i < result->gradient_count; i++) {
    struct sl_gradient *gradient = &result->gradients[i];
    if (gradient->indices == NULL) {
      continue;
    }
    double *values = take_memory(result, gradient->count, sizeof *values, false, error);
    if (values == NULL) {
      return error->code;
    }
    for (size_t k = 0; k < gradient->count; k++) {
      values[k] = gradient->values[gradient->indices[k]];
    }
    sl_budget_free(result->budget, gradient->values, 0);
    gradient->values = values;
    gradient->indices = NULL;
    gradient->table_length = 0;
  }
  return SL_OK;
}

static void add_diagnostic(struct sl_result *result, const char *name, enum sl_diagnostic_kind kind,
                           double value) {
  result->diagnostics[result->diagnostic_count++] =
      (struct sl_diagnostic){.name = name, .kind = kind, .value = value};
}

void sl_result_add_real(struct sl_result *result, const char *name, double value) {
  add_diagnostic(result, name, SL_DIAGNOSTIC_REAL, value);
}

void sl_result_add_count(struct sl_result *result, const char *name, size_t value) {
  add_diagnostic(result, name, SL_DIAGNOSTIC_COUNT, (double)value);
}

void sl_result_add_flag(struct sl_result *result, const char *name, bool value) {
  add_diagnostic(result, name, SL_DIAGNOSTIC_FLAG, value ? 1.0 : 0.0);
}

void sl_result_add_tensor(struct sl_result *result, const struct sl_spikes *spikes) {
  struct sl_activity activity = sl_spikes_activity(spikes);
  sl_result_add_count(result, "samples", spikes->samples);
  sl_result_add_count(result, "steps", spikes->steps);
  sl_result_add_count(result, "neurons", spikes->neurons);
  sl_result_add_count(result, "silent", activity.silent);
  sl_result_add_count(result, "saturated", activity.saturated);
  sl_result_add_flag(result, "binary", sl_spikes_binary(spikes));
}

static enum sl_status gradient_not_finite(const struct sl_gradient *gradient, size_t index,
                                          const struct sl_field *fields, struct sl_error *error) {
  const struct sl_field *field = &fields[gradient->field];
  char pointer[sizeof error->pointer];
  if (field->kind == SL_FIELD_SPIKES_LIST) {
    snprintf(pointer, sizeof pointer, "/%s/%zu", field->name, gradient->item);
  } else if (field->kind == SL_FIELD_REALS) {
    snprintf(pointer, sizeof pointer, "/%s/%zu", field->name, index);
  } else {
    snprintf(pointer, sizeof pointer, "/%s", field->name);
  }
  return sl_fail_at(error, SL_RESULT_NOT_FINITE, pointer, SL_NO_OFFSET,
                    "the gradient of %s" SL_TOO_LARGE, field->name);
}

enum sl_status sl_result_check_finite(const struct sl_result *result, size_t known,
                                      const struct sl_field *fields, struct sl_error *error) {
  if (!isfinite(result->loss)) {
    return sl_fail_at(error, SL_RESULT_NOT_FINITE, "", SL_NO_OFFSET, "the loss" SL_TOO_LARGE);
  }
  for (size_t i = known; i < result->gradient_count; i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    size_t first = sl_finite_count(gradient->values, gradient->count);
    if (first < gradient->count) {
      return gradient_not_finite(gradient, first, fields, error);
    }
  }
  for (size_t i = 0; i < result->diagnostic_count; i++) {
    if (!isfinite(result->diagnostics[i].value)) {
      return sl_fail_at(error, SL_RESULT_NOT_FINITE, "", SL_NO_OFFSET,
                        "the diagnostic %s" SL_TOO_LARGE, result->diagnostics[i].name);
    }
  }
  return SL_OK;
}
