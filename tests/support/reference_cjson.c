/*
 * A second opinion: cJSON reads the same body into a tree, and the tree must hold what the
 * reference found. cJSON is lenient, so this says nothing about bodies that the reference refuses.
 */
#include "reference.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

/* cJSON 1.7.15 cuts numbers at 63 characters and then stumbles over the rest. */
static bool has_long_number(const char *body, size_t length) {
  size_t run = 0;
  for (size_t i = 0; i < length; i++) {
    run = body[i] != '\0' && strchr("0123456789+-.eE", body[i]) != NULL ? run + 1 : 0;
    if (run > 60) {
      return true;
    }
  }
  return false;
}

/* All numbers of nested arrays in order must be the values; `*count` is how many there were. */
static bool same_leaves(const cJSON *item, const double *values, size_t space, size_t *count) {
  if (cJSON_IsNumber(item)) {
    return *count < space && values[(*count)++] == item->valuedouble;
  }
  if (!cJSON_IsArray(item)) {
    return false;
  }
  const cJSON *child;
  cJSON_ArrayForEach(child, item) {
    if (!same_leaves(child, values, space, count)) {
      return false;
    }
  }
  return true;
}

static bool same_shape(const cJSON *array, const struct sl_reference_tensor *tensor) {
  for (size_t axis = 0; axis < tensor->rank; axis++) {
    if (!cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != tensor->shape[axis]) {
      return false;
    }
    array = array->child;
  }
  return cJSON_IsNumber(array);
}

static bool same_tensor(const cJSON *item, const struct sl_reference_tensor *tensor) {
  size_t count = 0;
  if (tensor->nested) {
    return same_shape(item, tensor) && same_leaves(item, tensor->values, tensor->count, &count) &&
           count == tensor->count;
  }
  const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape");
  const cJSON *data = cJSON_GetObjectItemCaseSensitive(item, "data");
  if ((size_t)cJSON_GetArraySize(shape) != tensor->rank || data == NULL) {
    return false;
  }
  for (size_t axis = 0; axis < tensor->rank; axis++) {
    if (cJSON_GetArrayItem(shape, (int)axis)->valuedouble != (double)tensor->shape[axis]) {
      return false;
    }
  }
  if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(item, "encoding"))) {
    return cJSON_IsString(data) || cJSON_IsArray(data);
  }
  return same_leaves(data, tensor->values, tensor->count, &count) && count == tensor->count;
}

static bool same_tensors(const cJSON *item, const struct sl_field *field,
                         const struct sl_reference_value *value) {
  if (field->kind == SL_FIELD_SPIKES) {
    return same_tensor(item, value->tensors);
  }
  size_t i = 0;
  const cJSON *child;
  cJSON_ArrayForEach(child, item) {
    if (i >= value->length || !same_tensor(child, &value->tensors[i++])) {
      return false;
    }
  }
  return i == value->length;
}

static bool same_value(const cJSON *item, const struct sl_field *field,
                       const struct sl_reference_value *value) {
  size_t count = 0;
  switch (field->kind) {
  case SL_FIELD_SPIKES:
  case SL_FIELD_SPIKES_LIST:
    return same_tensors(item, field, value);
  case SL_FIELD_REALS:
    return same_leaves(item, value->reals, value->length, &count) && count == value->length;
  case SL_FIELD_LABELS:
    return (size_t)cJSON_GetArraySize(item) == value->length;
  case SL_FIELD_REAL:
    return item->valuedouble == value->real;
  case SL_FIELD_COUNT:
    return item->valuedouble == (double)value->count;
  case SL_FIELD_FLAG:
    return cJSON_IsBool(item) && cJSON_IsTrue(item) == value->flag;
  default:
    return strcmp(item->valuestring, field->choices[value->choice]) == 0;
  }
}

bool sl_reference_agrees_with_cjson(const struct sl_reference *reference, const char *body,
                                    size_t length) {
  if (has_long_number(body, length)) {
    return true;
  }
  cJSON *tree = cJSON_ParseWithLength(body, length);
  bool same = cJSON_IsObject(tree);
  for (size_t i = 0; same && i < sl_request_field_count(reference->loss); i++) {
    const struct sl_field *field = sl_request_field(reference->loss, i);
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, field->name);
    bool given = item != NULL && !(field->optional && cJSON_IsNull(item));
    same = given == reference->values[i].present;
    if (same && given) {
      same = same_value(item, field, &reference->values[i]);
    }
  }
  cJSON_Delete(tree);
  return same;
}
