/*
 * Every case of tests/golden/cases.json, asked of the daemon.
 */
#include "golden.h"
#include "support.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All cases and the client that asks; main opens them once. */
static cJSON *cases;
static struct spikeloss_client *client;

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
