#include "core/checked.h"
#include "loss/loss.h"
#include "loss/result.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fails with a code, at an argument or an item of one. */
#define FAIL(code, ...) sl_fail_at(error, code, pointer, SL_NO_OFFSET, __VA_ARGS__)

static enum sl_status check_tensor(const struct sl_field *field, const struct sl_spikes *spikes,
                                   const char *pointer, struct sl_error *error) {
  if (!spikes->finished) {
    return FAIL(SL_INVALID_ARGUMENT, "%s: the tensor is not finished: call sl_spikes_finish",
                field->name);
  }
  if (spikes->per_sample != field->per_sample) {
    return FAIL(SL_INVALID_ARGUMENT, "%s: the loss needs a tensor with sums %s", field->name,
                field->per_sample ? "SL_PER_SAMPLE" : "SL_PER_NEURON");
  }
  if (spikes->rank < field->min_rank || spikes->rank > field->max_rank) {
    return FAIL(SL_WRONG_RANK, "%s: the tensor has %zu dimensions, the loss takes %s", field->name,
                spikes->rank, field->axes);
  }
  return SL_OK;
}

static enum sl_status check_tensors(const struct sl_field *field, const struct sl_value *value,
                                    const char *pointer, struct sl_error *error) {
  if (value->length == 0) {
    return FAIL(SL_EMPTY_TENSOR, "%s has no layers; give at least one tensor", field->name);
  }
  for (size_t item = 0; item < value->length; item++) {
    char at_item[sizeof error->pointer];
    snprintf(at_item, sizeof at_item, "/%s/%zu", field->name, item);
    if (check_tensor(field, &value->spikes[item], at_item, error) != SL_OK) {
      return error->code;
    }
  }
  return SL_OK;
}

static enum sl_status check_reals(const struct sl_field *field, const double *reals, size_t count,
                                  const char *pointer, struct sl_error *error) {
  size_t finite = sl_finite_count(reals, count);
  if (finite < count) {
    return FAIL(SL_NOT_FINITE, "%s: number %zu is not finite; replace NaN and infinities",
                field->name, finite);
  }
  for (size_t i = 0; i < count; i++) {
    if (!sl_field_allows(field, reals[i])) {
      return FAIL(SL_OUT_OF_RANGE, "%s: number %zu is %g: it must be from %g to %g", field->name, i,
                  reals[i], field->min_real, field->max_real);
    }
  }
  return SL_OK;
}

static enum sl_status check_choice(const struct sl_field *field, size_t choice, const char *pointer,
                                   struct sl_error *error) {
  size_t count = 0;
  while (field->choices[count] != NULL) {
    count++;
  }
  return choice < count ? SL_OK
                        : FAIL(SL_INVALID_ARGUMENT, "%s is %zu, not one of its %zu enumerators",
                               field->name, choice, count);
}

static enum sl_status check_count(const struct sl_field *field, uint64_t count, const char *pointer,
                                  struct sl_error *error) {
  return count >= field->min_count && count <= field->max_count
             ? SL_OK
             : FAIL(SL_OUT_OF_RANGE, "%s is %llu: it must be from %llu to %llu", field->name,
                    (unsigned long long)count, (unsigned long long)field->min_count,
                    (unsigned long long)field->max_count);
}

/* Returns whether a value's array is missing. */
static bool is_null(const struct sl_field *field, const struct sl_value *value) {
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    return value->spikes == NULL;
  case SL_FIELD_SPIKES_LIST:
    return value->spikes == NULL && value->length > 0;
  case SL_FIELD_REALS:
    return value->reals == NULL && value->length > 0;
  case SL_FIELD_LABELS:
    return value->labels == NULL && value->length > 0;
  default:
    return false;
  }
}

static enum sl_status check_field_value(const struct sl_field *field, const struct sl_value *value,
                                        struct sl_error *error) {
  char pointer[sizeof error->pointer];
  snprintf(pointer, sizeof pointer, "/%s", field->name);
  if (is_null(field, value)) {
    return FAIL(SL_INVALID_ARGUMENT, "%s is NULL", field->name);
  }
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    return check_tensor(field, value->spikes, pointer, error);
  case SL_FIELD_SPIKES_LIST:
    return check_tensors(field, value, pointer, error);
  case SL_FIELD_REALS:
    return check_reals(field, value->reals, value->length, pointer, error);
  case SL_FIELD_REAL:
    return check_reals(field, &value->real, 1, pointer, error);
  case SL_FIELD_COUNT:
    return check_count(field, value->count, pointer, error);
  case SL_FIELD_CHOICE:
    return check_choice(field, value->choice, pointer, error);
  default:
    return SL_OK;
  }
}

enum sl_status sl_loss_evaluate(const struct sl_loss *loss, const struct sl_value *values,
                                struct sl_result *result, struct sl_error *error) {
  *result = (struct sl_result){0};
  for (size_t i = 0; i < loss->field_count; i++) {
    const struct sl_field *field = &loss->fields[i];
    if (values[i].present && check_field_value(field, &values[i], error) != SL_OK) {
      return error->code;
    }
    if (field->or_next && !values[i].present && !values[i + 1].present) {
      char pointer[sizeof error->pointer];
      snprintf(pointer, sizeof pointer, "/%s", field->name);
      return FAIL(SL_INVALID_ARGUMENT, "%s and %s are both NULL: give one or both", field->name,
                  field[1].name);
    }
  }
  enum sl_status status = loss->evaluate(values, result, error);
  if (status == SL_OK) {
    status = sl_result_write_out(result, error);
  }
  if (status != SL_OK) {
    sl_result_free(result);
  }
  for (size_t i = 0; i < result->gradient_count; i++) {
    result->gradients[i].name = loss->fields[result->gradients[i].field].name;
  }
  return status;
}

enum sl_status sl_check_layers(const struct sl_field *field, const struct sl_value *value,
                               size_t layers, struct sl_error *error) {
  if (!value->present || value->length == layers) {
    return SL_OK;
  }
  char pointer[sizeof error->pointer];
  snprintf(pointer, sizeof pointer, "/%s", field->name);
  return FAIL(SL_LENGTH_MISMATCH,
              "%s has %zu number%s, but spikes_list has %zu layer%s: give one number a layer, and "
              "spikes_list as a list of tensors",
              field->name, value->length, value->length == 1 ? "" : "s", layers,
              layers == 1 ? "" : "s");
}

/* Makes one array of the tensors of a list, for the caller to free. NULL if there are none. */
static enum sl_status copy_layers(struct sl_spikes **copies, const struct sl_spikes *const *list,
                                  size_t layers, struct sl_error *error) {
  *copies = NULL;
  if (list == NULL || layers == 0) {
    return SL_OK;
  }
  for (size_t i = 0; i < layers; i++) {
    if (list[i] == NULL) {
      char pointer[sizeof error->pointer];
      snprintf(pointer, sizeof pointer, "/spikes_list/%zu", i);
      return FAIL(SL_INVALID_ARGUMENT, "spikes_list[%zu] is NULL", i);
    }
  }
  *copies = calloc(layers, sizeof **copies);
  if (*copies == NULL) {
    return sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for %zu layers; try again later",
                   layers);
  }
  for (size_t i = 0; i < layers; i++) {
    (*copies)[i] = *list[i];
  }
  return SL_OK;
}

enum sl_status sl_loss_evaluate_layers(const struct sl_loss *loss, struct sl_value *values,
                                       const struct sl_spikes *const *list, size_t layers,
                                       struct sl_result *result, struct sl_error *error) {
  *result = (struct sl_result){0};
  struct sl_spikes *spikes;
  if (copy_layers(&spikes, list, layers, error) != SL_OK) {
    return error->code;
  }
  values[0] = (struct sl_value){.present = true, .length = layers, .spikes = spikes};
  enum sl_status status = sl_loss_evaluate(loss, values, result, error);
  free(spikes);
  return status;
}

const struct sl_gradient *sl_result_gradient(const struct sl_result *result, const char *name,
                                             size_t item) {
  for (size_t i = 0; result != NULL && name != NULL && i < result->gradient_count; i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    if (gradient->item == item && strcmp(gradient->name, name) == 0) {
      return gradient;
    }
  }
  return NULL;
}

const struct sl_diagnostic *sl_result_diagnostic(const struct sl_result *result, const char *name,
                                                 size_t item) {
  if (result == NULL || name == NULL) {
    return NULL;
  }
  size_t width = result->list_name != NULL ? result->list_width : result->diagnostic_count;
  if (width == 0 || item >= result->diagnostic_count / width) {
    return NULL;
  }
  for (size_t i = item * width; i < (item + 1) * width; i++) {
    if (strcmp(result->diagnostics[i].name, name) == 0) {
      return &result->diagnostics[i];
    }
  }
  return NULL;
}
