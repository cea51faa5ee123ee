#include "loss/result.h"

#include "core/budget.h"
#include "core/checked.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_value_free(struct sl_value *value) {
  if (value->spikes != NULL) {
    for (size_t item = 0; item < value->length; item++) {
      sl_spikes_release(&value->spikes[item]);
    }
  }
  free(value->spikes);
  free(value->reals);
  free(value->labels);
  *value = (struct sl_value){0};
}

void sl_result_free(struct sl_result *result) {
  if (result == NULL) {
    return;
  }
  for (size_t i = 0; i < result->gradient_count; i++) {
    free(result->gradients[i].values);
  }
  free(result->gradients);
  free(result->diagnostics);
  sl_budget_give_back(result->budget, result->charged);
  *result = (struct sl_result){0};
}

/* Returns zeros that are charged to the result, or NULL with an error. */
static void *take_zeros(struct sl_result *result, size_t count, size_t size,
                        struct sl_error *error) {
  size_t bytes;
  if (!sl_checked_multiply(&bytes, count, size)) {
    sl_fail(error, SL_OUT_OF_MEMORY, "no memory for the result");
    return NULL;
  }
  if (sl_budget_take(result->budget, bytes, error) != SL_OK) {
    return NULL;
  }
  void *memory = calloc(count, size);
  if (memory == NULL) {
    sl_budget_give_back(result->budget, bytes);
    sl_fail(error, SL_OUT_OF_MEMORY, "no memory for the result");
    return NULL;
  }
  result->charged += bytes;
  return memory;
}

enum sl_status sl_result_reserve(struct sl_result *result, size_t gradients, size_t diagnostics,
                                 struct sl_error *error) {
  result->gradients = take_zeros(result, gradients, sizeof *result->gradients, error);
  if (result->gradients == NULL) {
    return error->code;
  }
  result->diagnostics = take_zeros(result, diagnostics, sizeof *result->diagnostics, error);
  return result->diagnostics != NULL ? SL_OK : error->code;
}

enum sl_status sl_result_reserve_layers(struct sl_result *result, size_t layers, size_t gradients,
                                        size_t diagnostics_per_layer, struct sl_error *error) {
  size_t diagnostics;
  if (!sl_checked_add(&gradients, layers, gradients) ||
      !sl_checked_multiply(&diagnostics, layers, diagnostics_per_layer)) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "no memory for %zu layers", layers);
  }
  result->list_name = "layers";
  result->list_width = diagnostics_per_layer;
  return sl_result_reserve(result, gradients, diagnostics, error);
}

/* Takes the memory of a gradient whose other members are set. */
static double *add_gradient(struct sl_result *result, struct sl_gradient gradient,
                            struct sl_error *error) {
  if (!sl_checked_product(&gradient.count, gradient.small_shape, gradient.rank)) {
    gradient.count = SIZE_MAX;
  }
  gradient.values = take_zeros(result, gradient.count, sizeof *gradient.values, error);
  if (gradient.values != NULL) {
    result->gradients[result->gradient_count++] = gradient;
  }
  return gradient.values;
}

double *sl_result_add_spikes_gradient(struct sl_result *result, size_t field, size_t item,
                                      const struct sl_spikes *spikes, const size_t *small_shape,
                                      struct sl_error *error) {
  struct sl_gradient gradient = {.field = field, .item = item, .rank = spikes->rank};
  memcpy(gradient.shape, spikes->shape, spikes->rank * sizeof *spikes->shape);
  memcpy(gradient.small_shape, small_shape, spikes->rank * sizeof *small_shape);
  return add_gradient(result, gradient, error);
}

double *sl_result_add_reals_gradient(struct sl_result *result, size_t field, size_t length,
                                     struct sl_error *error) {
  struct sl_gradient gradient = {
      .field = field, .rank = 1, .shape = {length}, .small_shape = {length}};
  return add_gradient(result, gradient, error);
}

double *sl_result_add_real_gradient(struct sl_result *result, size_t field,
                                    struct sl_error *error) {
  return add_gradient(result, (struct sl_gradient){.field = field}, error);
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
                    "the gradient of %s is too large for a double", field->name);
}

enum sl_status sl_result_check_finite(const struct sl_result *result, const struct sl_field *fields,
                                      struct sl_error *error) {
  if (!isfinite(result->loss)) {
    return sl_fail_at(error, SL_RESULT_NOT_FINITE, "", SL_NO_OFFSET,
                      "the loss is too large for a double");
  }
  for (size_t i = 0; i < result->gradient_count; i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    size_t first = sl_finite_count(gradient->values, gradient->count);
    if (first < gradient->count) {
      return gradient_not_finite(gradient, first, fields, error);
    }
  }
  for (size_t i = 0; i < result->diagnostic_count; i++) {
    if (!isfinite(result->diagnostics[i].value)) {
      return sl_fail_at(error, SL_RESULT_NOT_FINITE, "", SL_NO_OFFSET,
                        "the diagnostic %s is too large for a double", result->diagnostics[i].name);
    }
  }
  return SL_OK;
}
