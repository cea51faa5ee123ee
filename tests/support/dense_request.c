#include "dense_request.h"

#include "loss/result.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

static void *take(size_t count, size_t size) {
  void *memory = calloc(count, size);
  ck_assert_ptr_nonnull(memory);
  return memory;
}

static size_t length_of(const cJSON *array) {
  ck_assert(cJSON_IsArray(array));
  return (size_t)cJSON_GetArraySize(array);
}

static double *copy_values(double *to, const cJSON *nested) {
  if (cJSON_IsNumber(nested)) {
    *to = nested->valuedouble;
    return to + 1;
  }
  const cJSON *element;
  cJSON_ArrayForEach(element, nested) {
    to = copy_values(to, element);
  }
  return to;
}

static void read_tensor(struct dense_tensor *tensor, const cJSON *nested) {
  tensor->count = 1;
  for (const cJSON *level = nested; cJSON_IsArray(level); level = level->child) {
    ck_assert_uint_lt(tensor->rank, SL_MAX_RANK);
    tensor->shape[tensor->rank] = length_of(level);
    tensor->count *= tensor->shape[tensor->rank++];
  }
  tensor->values = take(tensor->count, sizeof *tensor->values);
  double *end = copy_values(tensor->values, nested);
  ck_assert_ptr_eq(end, tensor->values + tensor->count);
}

static void read_tensors(struct dense_request *request, size_t field, const cJSON *member) {
  struct sl_value *value = &request->values[field];
  bool list = request->loss->fields[field].kind == SL_FIELD_SPIKES_LIST;
  value->length = list ? length_of(member) : 1;
  request->tensors[field] = take(value->length, sizeof(struct dense_tensor));
  const cJSON *nested = list ? member->child : member;
  for (size_t item = 0; item < value->length; item++) {
    read_tensor(&request->tensors[field][item], nested);
    nested = nested->next;
  }
}

static void read_numbers(struct sl_value *value, enum sl_field_kind kind, const cJSON *member) {
  value->length = length_of(member);
  value->reals = kind == SL_FIELD_REALS ? take(value->length, sizeof *value->reals) : NULL;
  value->labels = kind == SL_FIELD_LABELS ? take(value->length, sizeof *value->labels) : NULL;
  const cJSON *number = member->child;
  for (size_t i = 0; i < value->length; i++, number = number->next) {
    ck_assert(cJSON_IsNumber(number));
    if (kind == SL_FIELD_REALS) {
      value->reals[i] = number->valuedouble;
    } else {
      value->labels[i] = (int64_t)number->valuedouble;
    }
  }
}

static void read_word(struct sl_value *value, const struct sl_field *field, const cJSON *member) {
  ck_assert(cJSON_IsString(member));
  while (strcmp(field->choices[value->choice], member->valuestring) != 0) {
    value->choice++;
    ck_assert_msg(field->choices[value->choice] != NULL, "no word %s", member->valuestring);
  }
}

static bool is_spikes(const struct sl_field *field) {
  return field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST;
}

void dense_request_read(struct dense_request *request, const struct sl_loss *loss,
                        const cJSON *body) {
  *request = (struct dense_request){.loss = loss};
  for (size_t i = 0; i < loss->field_count; i++) {
    const struct sl_field *field = &loss->fields[i];
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(body, field->name);
    if (member == NULL && field->optional) {
      continue;
    }
    ck_assert_msg(member != NULL, "the body has no %s", field->name);
    struct sl_value *value = &request->values[i];
    value->present = true;
    if (is_spikes(field)) {
      read_tensors(request, i, member);
    } else if (field->kind == SL_FIELD_REALS || field->kind == SL_FIELD_LABELS) {
      read_numbers(value, field->kind, member);
    } else if (field->kind == SL_FIELD_CHOICE) {
      read_word(value, field, member);
    } else if (field->kind == SL_FIELD_FLAG) {
      ck_assert(cJSON_IsBool(member));
      value->flag = cJSON_IsTrue(member);
    } else {
      ck_assert(cJSON_IsNumber(member));
      value->real = member->valuedouble;
      value->count = field->kind == SL_FIELD_COUNT ? (uint64_t)member->valuedouble : 0;
    }
  }
}

void dense_request_free(struct dense_request *request) {
  for (size_t i = 0; i < request->loss->field_count; i++) {
    for (size_t item = 0; request->tensors[i] != NULL && item < request->values[i].length; item++) {
      free(request->tensors[i][item].values);
    }
    free(request->tensors[i]);
    sl_value_free(&request->values[i], NULL);
  }
}

static struct sl_spikes *count_spikes(const struct dense_tensor *tensors, size_t length,
                                      bool per_sample, struct sl_error *error) {
  struct sl_spikes *spikes = take(length, sizeof *spikes);
  uint64_t pairs_left = UINT64_MAX;
  for (size_t item = 0; item < length; item++) {
    const struct dense_tensor *tensor = &tensors[item];
    sl_spikes_init(&spikes[item], per_sample, &pairs_left);
    sl_spikes_set_shape(&spikes[item], tensor->rank, tensor->shape, error);
    sl_spikes_push_reals(&spikes[item], tensor->values, tensor->count, error);
    sl_spikes_finish(&spikes[item], error);
    ck_assert_msg(error->code == SL_OK, "%s", error->message);
  }
  return spikes;
}

enum sl_status dense_request_evaluate(const struct dense_request *request, struct sl_result *result,
                                      struct sl_error *error) {
  const struct sl_loss *loss = request->loss;
  struct sl_value values[SL_MAX_FIELDS];
  for (size_t i = 0; i < loss->field_count; i++) {
    values[i] = request->values[i];
    if (request->tensors[i] != NULL) {
      values[i].spikes =
          count_spikes(request->tensors[i], values[i].length, loss->fields[i].per_sample, error);
    }
  }
  *result = (struct sl_result){0};
  enum sl_status status = loss->evaluate(values, result, error);
  if (status == SL_OK) {
    status = sl_result_write_out(result, error);
  }
  for (size_t i = 0; i < loss->field_count; i++) {
    if (request->tensors[i] != NULL) {
      struct sl_value spikes = {.spikes = values[i].spikes, .length = values[i].length};
      sl_value_free(&spikes, NULL);
    }
  }
  return status;
}

enum sl_status evaluate_text(const struct sl_loss *loss, const char *body, struct sl_result *result,
                             struct sl_error *error) {
  *error = SL_NO_ERROR;
  cJSON *json = cJSON_Parse(body);
  ck_assert_msg(json != NULL, "the test's own body is not JSON: %s", body);
  struct dense_request request;
  dense_request_read(&request, loss, json);
  cJSON_Delete(json);
  enum sl_status status = dense_request_evaluate(&request, result, error);
  dense_request_free(&request);
  return status;
}
