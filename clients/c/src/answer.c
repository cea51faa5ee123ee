#include "answer.h"
#include "base64.h"
#include "failure.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(char *text, size_t size, const cJSON *object, const char *name) {
  const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
  snprintf(text, size, "%s", value != NULL ? value : "");
}

/* Answers of proxies and other servers have no problem document: then only the status is known. */
static void read_problem(const cJSON *problem, long http_status, struct spikeloss_error *error) {
  if (error == NULL) {
    return;
  }
  slc_failure_set(error, SPIKELOSS_REFUSED, http_status, "");
  copy_text(error->code, sizeof error->code, problem, "code");
  copy_text(error->detail, sizeof error->detail, problem, "detail");
  copy_text(error->pointer, sizeof error->pointer, problem, "pointer");
  copy_text(error->request_id, sizeof error->request_id, problem, "instance");
  const cJSON *offset = cJSON_GetObjectItemCaseSensitive(problem, "offset");
  if (cJSON_IsNumber(offset)) {
    error->offset = (int64_t)offset->valuedouble;
  }
  if (error->detail[0] == '\0') {
    snprintf(error->detail, sizeof error->detail, "status %ld without a reason", http_status);
  }
}

static size_t size_of(const cJSON *items) {
  return (size_t)cJSON_GetArraySize(items);
}

/* Fails if the product of the entries is larger than any memory. */
static bool read_shape(const cJSON *shape, struct spikeloss_gradient *gradient) {
  if (!cJSON_IsArray(shape) || size_of(shape) > SPIKELOSS_MAX_RANK) {
    return false;
  }
  gradient->count = 1;
  const cJSON *entry;
  cJSON_ArrayForEach(entry, shape) {
    if (!cJSON_IsNumber(entry) || entry->valuedouble < 1 ||
        entry->valuedouble > (double)(SIZE_MAX / 16) / (double)gradient->count) {
      return false;
    }
    gradient->shape[gradient->rank++] = (size_t)entry->valuedouble;
    gradient->count *= (size_t)entry->valuedouble;
  }
  return true;
}

static uint64_t little_endian(const uint8_t *bytes, size_t count) {
  uint64_t value = 0;
  for (size_t i = count; i > 0; i--) {
    value = value << 8 | bytes[i - 1];
  }
  return value;
}

static double double_at(const uint8_t *bytes) {
  uint64_t bits = little_endian(bytes, 8);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double float_at(const uint8_t *bytes) {
  uint32_t bits = (uint32_t)little_endian(bytes, 4);
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

/* f32 or f64. */
static bool read_packed(const char *text, bool single, struct spikeloss_gradient *gradient) {
  size_t width = single ? 4 : 8;
  uint8_t *bytes = malloc(width * gradient->count);
  bool good = bytes != NULL && slc_base64_decode(bytes, width * gradient->count, text);
  for (size_t i = 0; good && i < gradient->count; i++) {
    gradient->values[i] = single ? float_at(bytes + 4 * i) : double_at(bytes + 8 * i);
  }
  free(bytes);
  return good;
}

static bool read_numbers(const cJSON *numbers, struct spikeloss_gradient *gradient) {
  size_t i = 0;
  const cJSON *number;
  cJSON_ArrayForEach(number, numbers) {
    if (!cJSON_IsNumber(number) || i == gradient->count) {
      return false;
    }
    gradient->values[i++] = number->valuedouble;
  }
  return i == gradient->count;
}

static bool read_tensor(const cJSON *tensor, struct spikeloss_gradient *gradient) {
  if (!read_shape(cJSON_GetObjectItemCaseSensitive(tensor, "shape"), gradient)) {
    return false;
  }
  gradient->values = malloc(gradient->count * sizeof *gradient->values);
  const cJSON *data = cJSON_GetObjectItemCaseSensitive(tensor, "data");
  const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(tensor, "encoding");
  if (gradient->values == NULL) {
    return false;
  }
  if (!cJSON_IsString(data) || !cJSON_IsString(encoding)) {
    return cJSON_IsArray(data) && read_numbers(data, gradient);
  }
  return read_packed(data->valuestring, strcmp(encoding->valuestring, "f32") == 0, gradient);
}

static bool read_list(const cJSON *numbers, struct spikeloss_gradient *gradient) {
  gradient->rank = 1;
  gradient->shape[0] = gradient->count = size_of(numbers);
  gradient->values = malloc((gradient->count + 1) * sizeof *gradient->values);
  return gradient->values != NULL && read_numbers(numbers, gradient);
}

static bool read_number(const cJSON *number, struct spikeloss_gradient *gradient) {
  gradient->count = 1;
  gradient->values = malloc(sizeof *gradient->values);
  if (!cJSON_IsNumber(number) || gradient->values == NULL) {
    return false;
  }
  gradient->values[0] = number->valuedouble;
  return true;
}

/* Finds nothing if the answer has a list where an object belongs. */
static void set_name(char name[64], const char *text) {
  snprintf(name, 64, "%s", text != NULL ? text : "");
}

static bool read_gradient(const char *field, size_t item, const cJSON *value,
                          struct spikeloss_result *result) {
  struct spikeloss_gradient *gradient = &result->gradients[result->gradient_count++];
  set_name(gradient->field, field);
  gradient->item = item;
  return cJSON_IsObject(value)  ? read_tensor(value, gradient)
         : cJSON_IsArray(value) ? read_list(value, gradient)
                                : read_number(value, gradient);
}

static bool read_diagnostic(const char *name, size_t item, const cJSON *value,
                            struct spikeloss_result *result) {
  struct spikeloss_diagnostic *diagnostic = &result->diagnostics[result->diagnostic_count++];
  set_name(diagnostic->name, name);
  diagnostic->item = item;
  diagnostic->value = cJSON_IsTrue(value) ? 1 : value->valuedouble;
  return cJSON_IsNumber(value) || cJSON_IsBool(value);
}

static bool is_list_of_objects(const cJSON *value) {
  return cJSON_IsArray(value) && cJSON_IsObject(value->child);
}

/* A member is a gradient of its own, or a list of gradients of tensors. */
static bool read_gradients(const cJSON *gradients, struct spikeloss_result *result) {
  size_t count = 0;
  const cJSON *member;
  cJSON_ArrayForEach(member, gradients) {
    count += is_list_of_objects(member) ? size_of(member) : 1;
  }
  result->gradients = calloc(count + 1, sizeof *result->gradients);
  bool good = result->gradients != NULL;
  cJSON_ArrayForEach(member, gradients) {
    size_t item = 0;
    const cJSON *value = is_list_of_objects(member) ? member->child : member;
    for (; good && value != NULL; value = is_list_of_objects(member) ? value->next : NULL) {
      good = read_gradient(member->string, item++, value, result);
    }
  }
  return good;
}

/* A member is a number or flag, or a list of objects of these. */
static bool read_diagnostics(const cJSON *diagnostics, struct spikeloss_result *result) {
  size_t count = 0;
  const cJSON *member, *object, *value;
  cJSON_ArrayForEach(member, diagnostics) {
    if (is_list_of_objects(member)) {
      cJSON_ArrayForEach(object, member) {
        count += size_of(object);
      }
    }
    count++;
  }
  result->diagnostics = calloc(count + 1, sizeof *result->diagnostics);
  bool good = result->diagnostics != NULL;
  cJSON_ArrayForEach(member, diagnostics) {
    if (!is_list_of_objects(member)) {
      good = good && read_diagnostic(member->string, 0, member, result);
      continue;
    }
    size_t item = 0;
    cJSON_ArrayForEach(object, member) {
      cJSON_ArrayForEach(value, object) {
        good = good && read_diagnostic(value->string, item, value, result);
      }
      item++;
    }
  }
  return good;
}

static struct spikeloss_result *read_result(const cJSON *json) {
  struct spikeloss_result *result = calloc(1, sizeof *result);
  const cJSON *loss = cJSON_GetObjectItemCaseSensitive(json, "loss");
  if (result == NULL || !cJSON_IsNumber(loss) ||
      !read_gradients(cJSON_GetObjectItemCaseSensitive(json, "gradients"), result) ||
      !read_diagnostics(cJSON_GetObjectItemCaseSensitive(json, "diagnostics"), result)) {
    spikeloss_result_free(result);
    return NULL;
  }
  result->loss = loss->valuedouble;
  return result;
}

struct spikeloss_result *slc_answer_read(const struct answer *answer,
                                         struct spikeloss_error *error) {
  cJSON *json = cJSON_ParseWithLength(answer->body, answer->length);
  struct spikeloss_result *result = NULL;
  if (answer->status != 200) {
    read_problem(json, answer->status, error);
  } else if ((result = read_result(json)) == NULL) {
    slc_failure_set(error, SPIKELOSS_BAD_ANSWER, 200,
                    "the answer is not one of spikelossd, or there is no memory to read it");
  }
  cJSON_Delete(json);
  return result;
}
