#include "golden.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_AXES = 16 };

const cJSON *member(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

size_t size_of(const cJSON *list) {
  return (size_t)cJSON_GetArraySize(list);
}

double *flatten(const cJSON *nested, double *values) {
  if (cJSON_IsNumber(nested)) {
    *values = nested->valuedouble;
    return values + 1;
  }
  const cJSON *item;
  cJSON_ArrayForEach(item, nested) {
    values = flatten(item, values);
  }
  return values;
}

static void read_tensor(const cJSON *nested, struct spikeloss_tensor *tensor) {
  size_t *shape = calloc(MAX_AXES, sizeof *shape);
  size_t rank = 0, count = 1;
  for (const cJSON *level = nested; cJSON_IsArray(level); level = level->child) {
    ck_assert_uint_lt(rank, MAX_AXES);
    shape[rank] = size_of(level);
    count *= shape[rank++];
  }
  double *values = calloc(count + 1, sizeof *values);
  ck_assert_ptr_eq(flatten(nested, values), values + count);
  *tensor = (struct spikeloss_tensor){
      .type = SPIKELOSS_F64, .values = values, .rank = rank, .shape = shape};
}

static void read_tensors(const cJSON *list, struct spikeloss_field *field) {
  struct spikeloss_tensor *tensors = calloc(field->count, sizeof *tensors);
  for (size_t i = 0; i < field->count; i++) {
    read_tensor(cJSON_GetArrayItem(list, (int)i), &tensors[i]);
  }
  field->tensors = tensors;
}

static void read_labels(const cJSON *list, struct spikeloss_field *field) {
  int64_t *labels = calloc(field->count, sizeof *labels);
  for (size_t i = 0; i < field->count; i++) {
    labels[i] = (int64_t)cJSON_GetArrayItem(list, (int)i)->valuedouble;
  }
  field->labels = labels;
}

static void read_field(const cJSON *value, struct spikeloss_field *field) {
  *field = (struct spikeloss_field){.name = value->string, .count = size_of(value)};
  if (strcmp(field->name, "spk") == 0) {
    field->kind = SPIKELOSS_TENSOR;
    struct spikeloss_tensor *tensor = calloc(1, sizeof *tensor);
    read_tensor(value, tensor);
    field->tensors = tensor;
    field->count = 1;
  } else if (strcmp(field->name, "spikes_list") == 0) {
    field->kind = SPIKELOSS_TENSORS;
    read_tensors(value, field);
  } else if (strcmp(field->name, "targets") == 0) {
    field->kind = SPIKELOSS_LABELS;
    read_labels(value, field);
  } else if (cJSON_IsString(value)) {
    field->kind = SPIKELOSS_WORD;
    field->word = value->valuestring;
  } else {
    field->kind = cJSON_IsArray(value) ? SPIKELOSS_NUMBERS : SPIKELOSS_NUMBER;
    double *numbers = calloc(field->count + 1, sizeof *numbers);
    flatten(value, numbers);
    field->numbers = numbers;
  }
}

void read_fields(const cJSON *object, struct request *request) {
  const cJSON *value;
  cJSON_ArrayForEach(value, object) {
    ck_assert_uint_lt(request->count, MAX_FIELDS);
    read_field(value, &request->fields[request->count++]);
  }
}

void free_request(struct request *request) {
  for (size_t i = 0; i < request->count; i++) {
    const struct spikeloss_field *field = &request->fields[i];
    for (size_t item = 0; field->tensors != NULL && item < field->count; item++) {
      free((void *)(uintptr_t)field->tensors[item].values);
      free((void *)(uintptr_t)field->tensors[item].shape);
    }
    free((void *)(uintptr_t)field->tensors);
    free((void *)(uintptr_t)field->numbers);
    free((void *)(uintptr_t)field->labels);
  }
}

cJSON *read_json(const char *path) {
  static char text[1 << 22];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  return length == sizeof text ? NULL : cJSON_ParseWithLength(text, length);
}
