#include "answer.h"
#include "base64.h"
#include "failure.h"
#include <cjson/cJSON.h>
#include <math.h>
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
  if (cJSON_IsNumber(offset) && offset->valuedouble >= 0 && offset->valuedouble < 0x1p53) {
    error->offset = (int64_t)offset->valuedouble;
  }
  if (error->detail[0] == '\0') {
    snprintf(error->detail, sizeof error->detail, "status %ld without a reason", http_status);
  }
}

static bool is_number(const cJSON *value) {
  return cJSON_IsNumber(value) && isfinite(value->valuedouble);
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
    double max_length = (double)(SIZE_MAX / 16) / (double)gradient->count;
    double length = is_number(entry) ? entry->valuedouble : 0;
    if (length < 1 || length > max_length || length != (double)(size_t)length) {
      return false;
    }
    gradient->shape[gradient->rank++] = (size_t)length;
    gradient->count *= (size_t)length;
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

/* Reads so many floats, which must be finite. */
static bool read_floats(const char *text, size_t width, double *values, size_t count) {
  uint8_t *bytes = malloc(width * count);
  bool ok = bytes != NULL && slc_base64_decode(bytes, width * count, text);
  for (size_t i = 0; ok && i < count; i++) {
    values[i] = width == 4 ? float_at(bytes + 4 * i) : double_at(bytes + 8 * i);
    ok = isfinite(values[i]);
  }
  free(bytes);
  return ok;
}

/* Reads a table, and bytes that are indices into it. */
static bool read_indexed(const char *text, const char *table, size_t width,
                         struct spikeloss_gradient *gradient) {
  double values[UINT8_MAX + 1];
  size_t entries = strlen(table) / 4 * 3 / width; /* the padding is less than a float */
  uint8_t *indices = malloc(gradient->count);
  bool ok = indices != NULL && entries <= UINT8_MAX + 1 &&
            read_floats(table, width, values, entries) &&
            slc_base64_decode(indices, gradient->count, text);
  for (size_t i = 0; ok && i < gradient->count; i++) {
    ok = indices[i] < entries;
    gradient->values[i] = ok ? values[indices[i]] : 0;
  }
  free(indices);
  return ok;
}

static bool read_numbers(const cJSON *numbers, struct spikeloss_gradient *gradient) {
  size_t i = 0;
  const cJSON *number;
  cJSON_ArrayForEach(number, numbers) {
    if (!is_number(number) || i == gradient->count) {
      return false;
    }
    gradient->values[i++] = number->valuedouble;
  }
  return i == gradient->count;
}

static bool read_data(const cJSON *tensor, const cJSON *data, struct spikeloss_gradient *gradient) {
  const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(tensor, "encoding");
  if (encoding == NULL) {
    return cJSON_IsArray(data) && read_numbers(data, gradient);
  }
  const char *table = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tensor, "table"));
  const char *text = cJSON_GetStringValue(data);
  const char *name = cJSON_GetStringValue(encoding);
  if (name == NULL || text == NULL) {
    return false;
  }
  bool indexed = strncmp(name, "indexed_", strlen("indexed_")) == 0;
  const char *floats = indexed ? name + strlen("indexed_") : name;
  size_t width = strcmp(floats, "f32") == 0 ? 4 : strcmp(floats, "f64") == 0 ? 8 : 0;
  if (width == 0 || (indexed && table == NULL)) {
    return false;
  }
  return indexed ? read_indexed(text, table, width, gradient)
                 : read_floats(text, width, gradient->values, gradient->count);
}

/* Needs no more memory than its text. */
static bool read_tensor(const cJSON *tensor, struct spikeloss_gradient *gradient) {
  const cJSON *data = cJSON_GetObjectItemCaseSensitive(tensor, "data");
  size_t length = cJSON_IsString(data) ? strlen(data->valuestring) : size_of(data);
  if (!read_shape(cJSON_GetObjectItemCaseSensitive(tensor, "shape"), gradient) ||
      gradient->count > length) {
    return false;
  }
  gradient->values = malloc(gradient->count * sizeof *gradient->values);
  return gradient->values != NULL && read_data(tensor, data, gradient);
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
  if (!is_number(number) || gradient->values == NULL) {
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
  return is_number(value) || cJSON_IsBool(value);
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
  bool ok = result->gradients != NULL;
  cJSON_ArrayForEach(member, gradients) {
    size_t item = 0;
    const cJSON *value = is_list_of_objects(member) ? member->child : member;
    for (; ok && value != NULL; value = is_list_of_objects(member) ? value->next : NULL) {
      ok = read_gradient(member->string, item++, value, result);
    }
  }
  return ok;
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
  bool ok = result->diagnostics != NULL;
  cJSON_ArrayForEach(member, diagnostics) {
    if (!is_list_of_objects(member)) {
      ok = ok && read_diagnostic(member->string, 0, member, result);
      continue;
    }
    size_t item = 0;
    cJSON_ArrayForEach(object, member) {
      cJSON_ArrayForEach(value, object) {
        ok = ok && read_diagnostic(value->string, item, value, result);
      }
      item++;
    }
  }
  return ok;
}

/* These have a gradient in every loss that has them. */
static bool has_gradient(const struct spikeloss_field *field) {
  static const char *const names[] = {"correct_rate", "incorrect_rate", "offsets", "multipliers",
                                      "lower",        "upper",          "weights"};
  bool has = field->kind == SPIKELOSS_TENSOR || field->kind == SPIKELOSS_TENSORS;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    has = has || strcmp(field->name, names[i]) == 0;
  }
  return has;
}

/* A gradient has the form of what was sent. */
static bool belongs_to(const struct spikeloss_gradient *gradient,
                       const struct spikeloss_field *field, size_t item) {
  switch (field->kind) {
  case SPIKELOSS_TENSOR:
  case SPIKELOSS_TENSORS:
    return gradient != NULL &&
           slc_broadcasts(gradient, field->tensors[item].shape, field->tensors[item].rank);
  case SPIKELOSS_NUMBERS:
    return gradient != NULL && gradient->rank == 1 && gradient->count == field->count;
  default:
    return gradient != NULL && gradient->rank == 0;
  }
}

static bool fits_request(const struct spikeloss_result *result,
                         const struct spikeloss_field *fields, size_t count) {
  bool ok = true;
  for (size_t i = 0; i < count; i++) {
    const struct spikeloss_field *field = &fields[i];
    size_t items = field->kind == SPIKELOSS_TENSORS ? field->count : 1;
    for (size_t item = 0; ok && has_gradient(field) && item < items; item++) {
      ok = belongs_to(spikeloss_gradient(result, field->name, item), field, item);
    }
  }
  return ok;
}

static bool asks_for_gradients(const struct spikeloss_field *fields, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (fields[i].kind == SPIKELOSS_WORD && strcmp(fields[i].name, "gradient") == 0) {
      return strcmp(fields[i].word, "none") != 0;
    }
  }
  return true;
}

static bool read_all(const cJSON *json, const struct spikeloss_field *fields, size_t count,
                     struct spikeloss_result *result) {
  const cJSON *loss = cJSON_GetObjectItemCaseSensitive(json, "loss");
  const cJSON *gradients = cJSON_GetObjectItemCaseSensitive(json, "gradients");
  const cJSON *diagnostics = cJSON_GetObjectItemCaseSensitive(json, "diagnostics");
  if (!is_number(loss) || !cJSON_IsObject(diagnostics)) {
    return false;
  }
  result->loss = loss->valuedouble;
  return read_diagnostics(diagnostics, result) &&
         (!asks_for_gradients(fields, count) ||
          (cJSON_IsObject(gradients) && read_gradients(gradients, result) &&
           fits_request(result, fields, count)));
}

/* Parses the answer. Returns NULL if anything is before or after its JSON text. */
static cJSON *parse(const struct answer *answer) {
  if (answer->body[0] == '\xef' || strlen(answer->body) != answer->length) {
    return NULL;
  }
  return cJSON_ParseWithLengthOpts(answer->body, answer->length + 1, NULL, true);
}

static void refuse(const struct answer *answer, struct spikeloss_error *error) {
  const char *location = answer->location != NULL ? answer->location : "";
  const char *reason = location[0] != '\0'     ? "a redirect, which is not followed, to "
                       : answer->status != 200 ? "a success or redirect of another kind"
                       : answer->compressed    ? "compressed, which was not asked for"
                                               : "not what was asked for, or no memory to read it";
  char detail[sizeof error->detail];
  snprintf(detail, sizeof detail, "%s: the answer is not one of spikelossd: %s%s", answer->url,
           reason, location);
  slc_failure_set(error, SPIKELOSS_BAD_ANSWER, answer->status, detail);
}

struct spikeloss_result *slc_answer_read(const struct answer *answer,
                                         const struct spikeloss_field *fields, size_t field_count,
                                         struct spikeloss_error *error) {
  cJSON *json = parse(answer);
  struct spikeloss_result *result = NULL;
  if (answer->status >= 400) {
    read_problem(json, answer->status, error);
  } else {
    result = answer->status == 200 && !answer->compressed ? calloc(1, sizeof *result) : NULL;
    if (result == NULL || !read_all(json, fields, field_count, result)) {
      refuse(answer, error);
      spikeloss_result_free(result);
      result = NULL;
    }
  }
  cJSON_Delete(json);
  return result;
}
