/*
 * All losses against cases.json and count_cases.json, which an independent implementation with
 * automatic differentiation made (tests/golden/make_vectors.py), against what other libraries' own
 * code computed (library_cases.json), and against their own finite differences.
 */
#include "dense_request.h"
#include "suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All cases that have an answer, and those of other libraries; main reads them once, no test
 * changes them. */
static cJSON *cases;
static cJSON *library;

static cJSON *read_json(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return NULL;
  }
  char *text = NULL;
  size_t space = 0;
  cJSON *json = getdelim(&text, &space, '\0', file) > 0 ? cJSON_Parse(text) : NULL;
  free(text);
  fclose(file);
  return json;
}

/* A request that is refused says more about decoding than about the losses; the clients' tests
 * send it. */
static void remove_problems(void) {
  cJSON *next;
  for (cJSON *json = cases->child; json != NULL; json = next) {
    next = json->next;
    if (cJSON_HasObjectItem(json, "problem")) {
      cJSON_Delete(cJSON_DetachItemViaPointer(cases, json));
    }
  }
}

struct golden {
  const char *name;
  const cJSON *expect;
  bool smooth; /* quadratic in every number: of the two losses in cases.json */
  struct dense_request request;
  struct sl_result result;
  struct sl_error error;
};

static const cJSON *member(const cJSON *object, const char *name) {
  const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
  ck_assert_msg(found != NULL, "cases.json lacks %s", name);
  return found;
}

static void evaluate_case(struct golden *golden, int index) {
  const cJSON *json = cJSON_GetArrayItem(cases, index);
  const struct sl_loss *loss = sl_loss_find(member(json, "loss")->valuestring);
  ck_assert_ptr_nonnull(loss);
  *golden = (struct golden){.name = member(json, "name")->valuestring,
                            .expect = member(json, "expect"),
                            .smooth = cJSON_HasObjectItem(json, "smooth"),
                            .error = SL_NO_ERROR};
  dense_request_read(&golden->request, loss, member(json, "request"));
  enum sl_status status = dense_request_evaluate(&golden->request, &golden->result, &golden->error);
  ck_assert_msg(status == SL_OK, "%s: %s", golden->name, golden->error.message);
}

static void free_case(struct golden *golden) {
  sl_result_free(&golden->result);
  dense_request_free(&golden->request);
}

static void assert_close_to(const struct golden *golden, const char *what, double got, double want,
                            double rounding) {
  ck_assert_msg(fabs(got - want) <= 1e-12 * fabs(want) + rounding,
                "%s: %s is %.17g, expected %.17g", golden->name, what, got, want);
}

static void assert_close(const struct golden *golden, const char *what, double got, double want) {
  assert_close_to(golden, what, got, want, 0);
}

/* A softmax, and a distance from a target, are differences: what is lost is relative to the largest
 * of a tensor. */
static void assert_close_list(const struct golden *golden, const char *what, const double *got,
                              size_t count, const cJSON *want) {
  ck_assert_uint_eq(count, (size_t)cJSON_GetArraySize(want));
  double largest = 0;
  for (const cJSON *number = want->child; number != NULL; number = number->next) {
    largest = fmax(largest, fabs(number->valuedouble));
  }
  for (const cJSON *number = want->child; number != NULL; number = number->next) {
    assert_close_to(golden, what, *got++, number->valuedouble,
                    golden->smooth ? 0 : 1e-14 * largest);
  }
}

static void assert_spikes_gradient(const struct golden *golden, const char *what,
                                   const struct sl_gradient *gradient, const cJSON *want) {
  const struct dense_tensor *tensor = &golden->request.tensors[gradient->field][gradient->item];
  ck_assert_uint_eq(gradient->rank, tensor->rank);
  ck_assert_mem_eq(gradient->shape, tensor->shape, tensor->rank * sizeof *tensor->shape);
  const cJSON *shape = member(want, "shape");
  ck_assert_uint_eq(gradient->rank, (size_t)cJSON_GetArraySize(shape));
  const cJSON *length = shape->child;
  for (size_t axis = 0; axis < gradient->rank; axis++, length = length->next) {
    ck_assert_uint_eq(gradient->small_shape[axis], (size_t)length->valuedouble);
  }
  assert_close_list(golden, what, gradient->values, gradient->count, member(want, "data"));
}

static void assert_gradient(const struct golden *golden, const struct sl_gradient *gradient) {
  const struct sl_field *field = &golden->request.loss->fields[gradient->field];
  const cJSON *want = member(member(golden->expect, "gradients"), field->name);
  if (field->kind == SL_FIELD_SPIKES) {
    assert_spikes_gradient(golden, field->name, gradient, want);
  } else if (field->kind == SL_FIELD_SPIKES_LIST) {
    assert_spikes_gradient(golden, field->name, gradient,
                           cJSON_GetArrayItem(want, (int)gradient->item));
  } else if (field->kind == SL_FIELD_REALS) {
    ck_assert_uint_eq(gradient->rank, 1);
    ck_assert_uint_eq(gradient->shape[0], gradient->count);
    ck_assert_uint_eq(gradient->small_shape[0], gradient->count);
    assert_close_list(golden, field->name, gradient->values, gradient->count, want);
  } else {
    ck_assert_uint_eq(gradient->rank, 0);
    ck_assert_uint_eq(gradient->count, 1);
    assert_close(golden, field->name, gradient->values[0], want->valuedouble);
  }
}

START_TEST(loss_and_gradients_match_automatic_differentiation) {
  struct golden golden;
  evaluate_case(&golden, _i);
  assert_close(&golden, "loss", golden.result.loss, member(golden.expect, "loss")->valuedouble);
  for (size_t i = 0; i < golden.result.gradient_count; i++) {
    assert_gradient(&golden, &golden.result.gradients[i]);
  }
  free_case(&golden);
}
END_TEST

START_TEST(every_field_that_can_be_learned_has_its_gradients_in_field_and_item_order) {
  struct golden golden;
  evaluate_case(&golden, _i);
  const struct sl_gradient *gradient = golden.result.gradients;
  for (size_t field = 0; field < golden.request.loss->field_count; field++) {
    const char *name = golden.request.loss->fields[field].name;
    const cJSON *want = cJSON_GetObjectItemCaseSensitive(member(golden.expect, "gradients"), name);
    bool tensors = golden.request.tensors[field] != NULL;
    size_t items = tensors ? golden.request.values[field].length : want != NULL;
    for (size_t item = 0; item < items; item++, gradient++) {
      ck_assert_uint_eq(gradient->field, field);
      ck_assert_uint_eq(gradient->item, item);
    }
  }
  ck_assert_ptr_eq(gradient, golden.result.gradients + golden.result.gradient_count);
  free_case(&golden);
}
END_TEST

static const struct sl_diagnostic *assert_diagnostics(const struct golden *golden,
                                                      const struct sl_diagnostic *got,
                                                      const cJSON *object) {
  const cJSON *want;
  cJSON_ArrayForEach(want, object) {
    ck_assert_str_eq(got->name, want->string);
    if (cJSON_IsBool(want)) {
      ck_assert_int_eq(got->kind, SL_DIAGNOSTIC_FLAG);
      ck_assert_msg(got->value == cJSON_IsTrue(want), "%s: %s", golden->name, got->name);
    } else if (got->kind == SL_DIAGNOSTIC_COUNT) {
      ck_assert_msg(got->value == want->valuedouble, "%s: %s is %g, expected %g", golden->name,
                    got->name, got->value, want->valuedouble);
    } else {
      ck_assert_int_eq(got->kind, SL_DIAGNOSTIC_REAL);
      assert_close(golden, got->name, got->value, want->valuedouble);
    }
    got++;
  }
  return got;
}

START_TEST(diagnostics_match_the_independent_implementation_name_by_name) {
  struct golden golden;
  evaluate_case(&golden, _i);
  const struct sl_result *result = &golden.result;
  const struct sl_diagnostic *end = result->diagnostics;
  const cJSON *want = member(golden.expect, "diagnostics");
  if (result->list_name == NULL) {
    end = assert_diagnostics(&golden, end, want);
  } else {
    const cJSON *item;
    cJSON_ArrayForEach(item, member(want, result->list_name)) {
      ck_assert_uint_eq(result->list_width, (size_t)cJSON_GetArraySize(item));
      end = assert_diagnostics(&golden, end, item);
    }
  }
  ck_assert_ptr_eq(end, result->diagnostics + result->diagnostic_count);
  free_case(&golden);
}
END_TEST

static double loss_of(const struct dense_request *request) {
  struct sl_result result;
  struct sl_error error = SL_NO_ERROR;
  ck_assert_int_eq(dense_request_evaluate(request, &result, &error), SL_OK);
  double loss = result.loss;
  sl_result_free(&result);
  return loss;
}

/*
 * The two losses of cases.json are quadratic in every single number, so central differences are
 * exact but for rounding, and a step as large as this loses little to it. The others have curves
 * and corners; no corner is within the small step.
 */
static void assert_slope(const struct golden *golden, const char *what, double *parameter,
                         double slope) {
  double kept = *parameter;
  double step = (golden->smooth ? 0.0625 : 1e-6) * fmax(1.0, fabs(kept));
  *parameter = kept + step;
  double above = *parameter;
  double loss_above = loss_of(&golden->request);
  *parameter = kept - step;
  double below = *parameter;
  double loss_below = loss_of(&golden->request);
  *parameter = kept;
  double difference = (loss_above - loss_below) / (above - below);
  double rounding = 64 * DBL_EPSILON * fmax(fabs(loss_above), fabs(loss_below)) / step;
  double tolerance = golden->smooth ? 1e-9 : 1e-5;
  ck_assert_msg(fabs(difference - slope) <= tolerance * fabs(slope) + rounding,
                "%s: the gradient of %s is %.17g, its central difference %.17g", golden->name, what,
                slope, difference);
}

/* The index of a tensor's value in the small gradient that broadcasts to the tensor. */
static size_t small_index(const struct sl_gradient *gradient, size_t index) {
  size_t small = 0;
  size_t stride = 1;
  for (size_t axis = gradient->rank; axis-- > 0; index /= gradient->shape[axis]) {
    if (gradient->small_shape[axis] > 1) {
      small += index % gradient->shape[axis] * stride;
    }
    stride *= gradient->small_shape[axis];
  }
  return small;
}

START_TEST(every_gradient_matches_central_differences) {
  struct golden golden;
  evaluate_case(&golden, _i);
  for (size_t i = 0; i < golden.result.gradient_count; i++) {
    const struct sl_gradient *gradient = &golden.result.gradients[i];
    const char *name = golden.request.loss->fields[gradient->field].name;
    struct sl_value *value = &golden.request.values[gradient->field];
    struct dense_tensor *tensors = golden.request.tensors[gradient->field];
    if (tensors != NULL) {
      struct dense_tensor *tensor = &tensors[gradient->item];
      for (size_t at = 0; at < tensor->count; at++) {
        assert_slope(&golden, name, &tensor->values[at],
                     gradient->values[small_index(gradient, at)]);
      }
      continue;
    }
    for (size_t at = 0; value->present && at < gradient->count; at++) {
      double *parameter = value->reals != NULL ? &value->reals[at] : &value->real;
      assert_slope(&golden, name, parameter, gradient->values[at]);
    }
  }
  free_case(&golden);
}
END_TEST

START_TEST(every_loss_has_at_least_a_dozen_cases) {
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    int found = 0;
    const cJSON *json;
    cJSON_ArrayForEach(json, cases) {
      found += strcmp(member(json, "loss")->valuestring, (*loss)->name) == 0;
    }
    ck_assert_int_ge(found, 12);
  }
}
END_TEST

/* Turns rows of digits, "0110", into arrays of numbers. */
static cJSON *array_of(const cJSON *nested) {
  cJSON *array = cJSON_CreateArray();
  for (const char *digit = nested->valuestring; digit != NULL && *digit != '\0'; digit++) {
    cJSON_AddItemToArray(array, cJSON_CreateNumber(*digit - '0'));
  }
  const cJSON *item;
  cJSON_ArrayForEach(item, nested) {
    cJSON_AddItemToArray(array, array_of(item));
  }
  return array;
}

/* Reads a case of another library: its spikes are named, and are the one layer of a list. */
static void read_library_case(struct dense_request *request, const cJSON *json) {
  const struct sl_loss *loss = sl_loss_find(member(json, "loss")->valuestring);
  ck_assert_ptr_nonnull(loss);
  const char *tensor = member(json, "spikes")->valuestring;
  cJSON *body = cJSON_Duplicate(member(json, "request"), true);
  cJSON *spikes = array_of(member(member(library, "spikes"), tensor));
  if (loss->fields[0].kind == SL_FIELD_SPIKES_LIST) {
    cJSON *list = cJSON_CreateArray();
    cJSON_AddItemToArray(list, spikes);
    spikes = list;
  }
  cJSON_AddItemToObject(body, loss->fields[0].name, spikes);
  dense_request_read(request, loss, body);
  cJSON_Delete(body);
}

static double relative_error(double got, double want) {
  return got == want ? 0 : fabs(got - want) / fabs(want);
}

/* Returns the worst error of the gradient of one (sample, neuron) pair. */
static double worst_gradient_error(const struct sl_gradient *gradient, const cJSON *want) {
  double worst = 0;
  for (size_t sample = 0; sample < gradient->shape[0]; sample++) {
    const cJSON *row = cJSON_GetArrayItem(want, (int)sample);
    ck_assert_uint_eq((size_t)cJSON_GetArraySize(row), gradient->shape[2]);
    for (size_t neuron = 0; neuron < gradient->shape[2]; neuron++) {
      size_t index =
          small_index(gradient, sample * gradient->shape[1] * gradient->shape[2] + neuron);
      double number = cJSON_GetArrayItem(row, (int)neuron)->valuedouble;
      worst = fmax(worst, relative_error(gradient->values[index], number));
    }
  }
  return worst;
}

/* Loss and gradient, from the code of snnTorch, lava-dl, norse, stork and others in double. */
START_TEST(the_losses_of_other_libraries_are_reproduced) {
  double worst_loss = 0, worst_gradient = 0;
  int count = 0;
  const cJSON *json;
  cJSON_ArrayForEach(json, member(library, "cases")) {
    struct dense_request request;
    struct sl_result result;
    struct sl_error error = SL_NO_ERROR;
    read_library_case(&request, json);
    enum sl_status status = dense_request_evaluate(&request, &result, &error);
    const char *source = member(json, "source")->valuestring;
    ck_assert_msg(status == SL_OK, "%s: %s", source, error.message);
    const cJSON *expected = member(json, "expected");
    double loss_error = relative_error(result.loss, member(expected, "loss")->valuedouble);
    double gradient_error =
        worst_gradient_error(&result.gradients[0], member(expected, "gradient"));
    ck_assert_msg(loss_error <= 1e-12, "%s: the loss is wrong by %g", source, loss_error);
    ck_assert_msg(gradient_error <= 1e-12, "%s: a gradient is wrong by %g", source, gradient_error);
    worst_loss = fmax(worst_loss, loss_error);
    worst_gradient = fmax(worst_gradient, gradient_error);
    count++;
    sl_result_free(&result);
    dense_request_free(&request);
  }
  ck_assert_int_ge(count, 44);
  printf("%d cases of other libraries: worst relative error of losses %.2g, of gradients %.2g\n",
         count, worst_loss, worst_gradient);
}
END_TEST

/* Reads the table of nWave's losses, and adds that of the others. */
static bool read_tables(void) {
  cases = read_json(GOLDEN_DIR "/cases.json");
  cJSON *others = read_json(GOLDEN_DIR "/count_cases.json");
  library = read_json(GOLDEN_DIR "/library_cases.json");
  if (!cJSON_IsArray(cases) || !cJSON_IsArray(others) || !cJSON_IsObject(library)) {
    return false;
  }
  cJSON *json;
  cJSON_ArrayForEach(json, cases) {
    cJSON_AddTrueToObject(json, "smooth");
  }
  while (others->child != NULL) {
    cJSON_AddItemToArray(cases, cJSON_DetachItemViaPointer(others, others->child));
  }
  cJSON_Delete(others);
  return true;
}

int main(void) {
  if (!read_tables()) {
    fprintf(stderr, "cannot read the tables in %s\n", GOLDEN_DIR);
    return 1;
  }
  remove_problems();
  int count = cJSON_GetArraySize(cases);
  TCase *group = tcase_create("golden");
  tcase_set_timeout(group, 300);
  tcase_add_test(group, every_loss_has_at_least_a_dozen_cases);
  tcase_add_loop_test(group, loss_and_gradients_match_automatic_differentiation, 0, count);
  tcase_add_loop_test(
      group, every_field_that_can_be_learned_has_its_gradients_in_field_and_item_order, 0, count);
  tcase_add_loop_test(group, diagnostics_match_the_independent_implementation_name_by_name, 0,
                      count);
  tcase_add_loop_test(group, every_gradient_matches_central_differences, 0, count);
  tcase_add_test(group, the_losses_of_other_libraries_are_reproduced);
  Suite *suite = suite_create("losses_golden");
  suite_add_tcase(suite, group);
  int status = suite_end(suite);
  cJSON_Delete(cases);
  cJSON_Delete(library);
  return status;
}
