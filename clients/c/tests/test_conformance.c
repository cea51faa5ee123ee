/*
 * Every case of tests/golden/cases.json, asked of the daemon.
 */
#include "support.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No request of the table has more members. */
enum { MOST_FIELDS = 12, MOST_AXES = 16 };

/* All cases and the client that asks; main opens them once. */
static cJSON *cases;
static struct spikeloss_client *client;

/* A request as a program holds it; the arrays are owned. */
struct request {
  struct spikeloss_field fields[MOST_FIELDS];
  size_t count;
};

static const cJSON *member(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

static size_t size_of(const cJSON *list) {
  return (size_t)cJSON_GetArraySize(list);
}

static double *flatten(const cJSON *nested, double *values) {
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
  size_t *shape = calloc(MOST_AXES, sizeof *shape);
  size_t rank = 0, count = 1;
  for (const cJSON *level = nested; cJSON_IsArray(level); level = level->child) {
    ck_assert_uint_lt(rank, MOST_AXES);
    shape[rank] = size_of(level);
    count *= shape[rank++];
  }
  double *values = calloc(count + 1, sizeof *values);
  ck_assert_ptr_eq(flatten(nested, values), values + count);
  *tensor = (struct spikeloss_tensor){SPIKELOSS_F64, values, rank, shape};
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

static void read_fields(const cJSON *object, struct request *request) {
  const cJSON *value;
  cJSON_ArrayForEach(value, object) {
    ck_assert_uint_lt(request->count, MOST_FIELDS);
    read_field(value, &request->fields[request->count++]);
  }
}

static void free_request(struct request *request) {
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

static void expect_close(double actual, double expected, double tolerance) {
  ck_assert_msg(fabs(actual - expected) <= tolerance * fabs(expected), "%.17g, not %.17g", actual,
                expected);
}

static void expect_values(const struct spikeloss_gradient *gradient, const cJSON *numbers,
                          double tolerance) {
  double *values = calloc(size_of(numbers) + 1, sizeof *values);
  size_t count = (size_t)(flatten(numbers, values) - values);
  ck_assert_uint_eq(gradient->count, count);
  for (size_t i = 0; i < count; i++) {
    expect_close(gradient->values[i], values[i], tolerance);
  }
  free(values);
}

static void expect_gradient(const struct spikeloss_result *result, const char *field, size_t item,
                            const cJSON *expected, double tolerance) {
  const struct spikeloss_gradient *gradient = spikeloss_gradient(result, field, item);
  ck_assert_ptr_nonnull(gradient);
  const cJSON *shape = member(expected, "shape");
  if (shape == NULL) {
    ck_assert_uint_eq(gradient->rank, cJSON_IsArray(expected) ? 1 : 0);
    expect_values(gradient, expected, 1e-12);
    return;
  }
  ck_assert_uint_eq(gradient->rank, size_of(shape));
  for (size_t axis = 0; axis < gradient->rank; axis++) {
    ck_assert_uint_eq(gradient->shape[axis],
                      (size_t)cJSON_GetArrayItem(shape, (int)axis)->valuedouble);
  }
  expect_values(gradient, member(expected, "data"), tolerance);
}

static void expect_gradients(const struct spikeloss_result *result, const cJSON *expected,
                             double tolerance) {
  size_t count = 0;
  const cJSON *field, *value;
  cJSON_ArrayForEach(field, expected) {
    if (!cJSON_IsArray(field) || !cJSON_IsObject(field->child)) {
      expect_gradient(result, field->string, 0, field, tolerance);
      count++;
      continue;
    }
    size_t item = 0;
    cJSON_ArrayForEach(value, field) {
      expect_gradient(result, field->string, item++, value, tolerance);
      count++;
    }
  }
  ck_assert_uint_eq(result->gradient_count, count);
}

static size_t expect_object(const struct spikeloss_result *result, size_t item,
                            const cJSON *expected) {
  const cJSON *value;
  cJSON_ArrayForEach(value, expected) {
    double number = cJSON_IsTrue(value) ? 1 : cJSON_IsFalse(value) ? 0 : value->valuedouble;
    expect_close(spikeloss_diagnostic(result, value->string, item), number, 1e-12);
  }
  return size_of(expected);
}

static void expect_diagnostics(const struct spikeloss_result *result, const cJSON *expected) {
  const cJSON *layers = member(expected, "layers");
  size_t count = 0;
  if (layers == NULL) {
    count = expect_object(result, 0, expected);
  }
  for (size_t layer = 0; layer < size_of(layers); layer++) {
    count += expect_object(result, layer, cJSON_GetArrayItem(layers, (int)layer));
  }
  ck_assert_uint_eq(result->diagnostic_count, count);
}

static void expect_problem(const cJSON *problem, const struct spikeloss_error *error) {
  ck_assert_int_eq(error->status, SPIKELOSS_REFUSED);
  ck_assert_int_eq(error->http_status, (long)member(problem, "status")->valuedouble);
  ck_assert_str_eq(error->code, member(problem, "code")->valuestring);
  ck_assert_str_ne(error->detail, "");
  ck_assert_uint_eq(strlen(error->request_id), 32);
  const cJSON *pointer = member(problem, "pointer");
  if (pointer != NULL) {
    ck_assert_str_eq(error->pointer, pointer->valuestring);
  }
}

static bool is_option(const cJSON *golden, const char *name, const char *word) {
  const cJSON *option = member(member(golden, "options"), name);
  return option != NULL && strcmp(option->valuestring, word) == 0;
}

START_TEST(the_daemon_answers_as_the_table_says) {
  const cJSON *golden = cJSON_GetArrayItem(cases, _i);
  struct request request = {0};
  struct spikeloss_error error;
  read_fields(member(golden, "request"), &request);
  read_fields(member(golden, "options"), &request);
  struct spikeloss_result *result = spikeloss_evaluate(client, member(golden, "loss")->valuestring,
                                                       request.fields, request.count, &error);
  const cJSON *expect = member(golden, "expect");
  if (expect == NULL) {
    ck_assert_ptr_null(result);
    expect_problem(member(golden, "problem"), &error);
  } else {
    ck_assert_msg(result != NULL, "%s: %s", member(golden, "name")->valuestring, error.detail);
    ck_assert_int_eq(error.status, SPIKELOSS_OK);
    bool none = is_option(golden, "gradient", "none");
    expect_close(result->loss, member(expect, "loss")->valuedouble, 1e-12);
    expect_gradients(result, none ? NULL : member(expect, "gradients"),
                     is_option(golden, "gradient_encoding", "f32") ? 1e-7 : 1e-12);
    expect_diagnostics(result, member(expect, "diagnostics"));
  }
  spikeloss_result_free(result);
  free_request(&request);
}
END_TEST

static cJSON *read_json(const char *path) {
  static char text[1 << 22];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  size_t length = fread(text, 1, sizeof text, file);
  fclose(file);
  return length == sizeof text ? NULL : cJSON_ParseWithLength(text, length);
}

int main(void) {
  cases = read_json(GOLDEN_CASES);
  client = spikeloss_client_new(daemon_url(), NULL);
  if (cases == NULL || client == NULL) {
    fputs("cannot read " GOLDEN_CASES "\n", stderr);
    return 1;
  }
  TCase *tests = tcase_create("conformance");
  tcase_add_loop_test(tests, the_daemon_answers_as_the_table_says, 0, cJSON_GetArraySize(cases));
  int status = run_tests(tests);
  spikeloss_client_free(client);
  cJSON_Delete(cases);
  return status;
}
