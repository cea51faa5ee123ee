/*
 * The losses of counts beyond nWave's: what their options mean, what happens at bounds and at
 * extremes, and which requests they refuse. Their numbers are compared in test_losses_golden.
 */
#include "dense_request.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MSE      "spike_count_mse"
#define ENTROPY  "spike_count_cross_entropy"
#define ACTIVITY "activity_regularization"

static struct sl_result answer(const char *loss, const char *body) {
  struct sl_result result;
  struct sl_error error;
  enum sl_status status = evaluate_text(sl_loss_find(loss), body, &result, &error);
  ck_assert_msg(status == SL_OK, "%s: %s", error.pointer, error.message);
  return result;
}

static void assert_refused(const char *loss, const char *body, enum sl_status code,
                           const char *pointer, const char *words) {
  struct sl_result result;
  struct sl_error error;
  ck_assert_int_eq(evaluate_text(sl_loss_find(loss), body, &result, &error), code);
  sl_result_free(&result);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert_msg(strstr(error.message, words) != NULL, "\"%s\" does not say \"%s\"", error.message,
                words);
}

static double diagnostic(const struct sl_result *result, const char *name, size_t item) {
  size_t width = result->list_name != NULL ? result->list_width : result->diagnostic_count;
  for (size_t i = item * width; i < (item + 1) * width; i++) {
    if (strcmp(result->diagnostics[i].name, name) == 0) {
      return result->diagnostics[i].value;
    }
  }
  ck_abort_msg("no diagnostic %s", name);
}

static void assert_values(const struct sl_result *result, size_t index, const double *values,
                          size_t count) {
  const struct sl_gradient *gradient = &result->gradients[index];
  ck_assert_uint_eq(gradient->count, count);
  for (size_t i = 0; i < count; i++) {
    ck_assert_msg(gradient->values[i] == values[i], "gradient %zu, value %zu is %.17g, not %.17g",
                  index, i, gradient->values[i], values[i]);
  }
}
#define ASSERT_VALUES(result, index, ...)                                                          \
  assert_values(&result, index, (double[]){__VA_ARGS__},                                           \
                sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void assert_shape(const struct sl_result *result, size_t index, const size_t *shape,
                         size_t rank) {
  ck_assert_uint_eq(result->gradients[index].rank, rank);
  ck_assert_mem_eq(result->gradients[index].small_shape, shape, rank * sizeof *shape);
}
#define ASSERT_SHAPE(result, index, ...)                                                           \
  assert_shape(&result, index, (size_t[]){__VA_ARGS__},                                            \
               sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* Two samples of four steps and four neurons, with counts 3 2 0 1 and 1 0 4 2. */
#define SPK                                                                                        \
  "\"spk\":[[[1,0,0,1],[1,1,0,0],[1,0,0,0],[0,1,0,0]],"                                            \
  "[[0,0,1,1],[0,0,1,0],[1,0,1,1],[0,0,1,0]]]"
#define LABELS "," SPK ",\"targets\":[0,0],\"num_classes\":2}"

/* With rates 3/4 and 1/8, targets of neurons are 3 and 1/2. */
#define RATES "\"correct_rate\":0.75,\"incorrect_rate\":0.125"

START_TEST(with_all_defaults_it_is_the_loss_of_nwave_to_the_last_bit) {
  struct sl_result nwave =
      answer("balanced_population_mse", "{\"neurons_per_class\":2," RATES LABELS);
  struct sl_result result = answer(MSE, "{" RATES LABELS);
  ck_assert(result.loss == 3.625 && nwave.loss == 3.625);
  ASSERT_VALUES(result, 0, 0, -0.25, -0.125, 0.125, -0.5, -0.75, 0.875, 0.375);
  for (size_t i = 0; i < 3; i++) {
    assert_values(&result, i, nwave.gradients[i].values, nwave.gradients[i].count);
  }
  ck_assert_uint_eq(result.diagnostic_count, nwave.diagnostic_count);
  for (size_t i = 0; i < result.diagnostic_count; i++) {
    ck_assert_str_eq(result.diagnostics[i].name, nwave.diagnostics[i].name);
    ck_assert(result.diagnostics[i].value == nwave.diagnostics[i].value);
  }
  sl_result_free(&nwave);
  sl_result_free(&result);
}
END_TEST

/* Totals 5 1 and 1 6, targets 6 and 1: residuals -1 0 and -5 5. */
START_TEST(a_population_has_one_target_for_its_total) {
  struct sl_result result = answer(MSE, "{\"per\":\"population\"," RATES LABELS);
  ck_assert(result.loss == 51.0 / 4);
  ASSERT_VALUES(result, 0, -0.5, -0.5, 0, 0, -2.5, -2.5, 2.5, 2.5);
  ASSERT_VALUES(result, 1, -16.0 / 4 * -6);
  ASSERT_VALUES(result, 2, -16.0 / 4 * 5);
  sl_result_free(&result);
}
END_TEST

/* Rates are counts / 4, so everything is a sixteenth; its gradient along a rate a quarter of it. */
START_TEST(rates_are_counts_divided_by_the_steps) {
  struct sl_result result = answer(MSE, "{\"measure\":\"rate\"," RATES LABELS);
  ck_assert(result.loss == 3.625 / 16);
  ASSERT_VALUES(result, 0, 0, -0.015625, -0.0078125, 0.0078125, -0.03125, -0.046875, 0.0546875,
                0.0234375);
  ASSERT_VALUES(result, 1, 0.375);
  ASSERT_VALUES(result, 2, -0.3125);
  sl_result_free(&result);
}
END_TEST

START_TEST(cut_targets_are_integers_and_their_rates_have_no_gradient) {
  struct sl_result result =
      answer(MSE, "{\"truncate\":true,\"reduction\":\"sum\",\"weight\":0.5," RATES LABELS);
  ck_assert(result.loss == 0.5 * (0 + 1 + 0 + 1 + 4 + 9 + 16 + 4));
  ASSERT_VALUES(result, 0, 0, -1, 0, 1, -2, -3, 4, 2);
  ASSERT_VALUES(result, 1, 0);
  ASSERT_VALUES(result, 2, 0);
  sl_result_free(&result);
}
END_TEST

/* 5 * 0.7 * 6 is 21, but 6 * 0.7 * 5 is less than 21 in doubles, and would be cut to 20. */
START_TEST(targets_are_multiplied_in_the_order_of_snntorch) {
#define STEP "[0,0,0,0,0,0]"
  struct sl_result result =
      answer(MSE, "{\"spk\":[[" STEP "," STEP "," STEP "," STEP "," STEP "]],\"targets\":[0],"
                  "\"num_classes\":1,\"correct_rate\":0.7,\"incorrect_rate\":0,"
                  "\"truncate\":true,\"per\":\"population\"}");
  ck_assert(result.loss == 21 * 21);
  sl_result_free(&result);
}
END_TEST

START_TEST(neurons_that_classes_do_not_divide_are_refused) {
  const char *const rest = "\"targets\":[0],\"correct_rate\":1,\"incorrect_rate\":0}";
  char body[256];
  snprintf(body, sizeof body, "{\"spk\":[[[1,0,1,0],[1,1,1,1]]],\"num_classes\":3,%s", rest);
  assert_refused(MSE, body, SL_LENGTH_MISMATCH, "/spk",
                 "spk [1, 2, 4] has 4 output neurons, which num_classes (3) does not divide");
  snprintf(body, sizeof body, "{\"spk\":[[[1]]],\"num_classes\":9007199254740992,%s", rest);
  assert_refused(MSE, body, SL_LENGTH_MISMATCH, "/spk", "1 output neuron,");
  assert_refused(ENTROPY, "{\"spk\":[[[1,0]]],\"num_classes\":1,\"targets\":[1]}",
                 SL_CLASS_OUT_OF_RANGE, "/targets/0", "labels go from 0 to 0");
  assert_refused(ENTROPY, "{\"spk\":[[[1,0]]],\"num_classes\":1,\"targets\":[0,0]}",
                 SL_LENGTH_MISMATCH, "/targets", "here [1, 1, 2]");
}
END_TEST

START_TEST(a_silent_network_guesses) {
  struct sl_result result =
      answer(ENTROPY, "{\"spk\":[[[0,0,0,0]]],\"targets\":[2],\"num_classes\":4}");
  ck_assert_double_eq_tol(result.loss, log(4), 1e-15);
  ASSERT_VALUES(result, 0, 0.25, 0.25, -0.75, 0.25);
  ck_assert(diagnostic(&result, "mean_probability_correct", 0) == 0.25);
  ck_assert(diagnostic(&result, "ties", 0) == 1);
  sl_result_free(&result);
}
END_TEST

/* A million spikes more than any other class: exp alone would overflow. */
START_TEST(counts_of_a_million_do_not_overflow) {
  const char *const spk = "{\"spk\":[[[1e6,0,3]]],\"num_classes\":3,\"targets\":";
  char body[128];
  snprintf(body, sizeof body, "%s[0]}", spk);
  struct sl_result result = answer(ENTROPY, body);
  ck_assert(result.loss == 0);
  ASSERT_VALUES(result, 0, 0, 0, 0);
  sl_result_free(&result);
  snprintf(body, sizeof body, "%s[1]}", spk);
  result = answer(ENTROPY, body);
  ck_assert(result.loss == 1e6);
  ASSERT_VALUES(result, 0, 1, -1, 0);
  ck_assert(diagnostic(&result, "mean_probability_correct", 0) == 0);
  sl_result_free(&result);
}
END_TEST

/* p is 1 - 1e-13 or so: what is lost in the difference of p and 1 would be a thousandth. */
START_TEST(a_sure_winner_keeps_its_small_loss_and_gradient) {
  struct sl_result result =
      answer(ENTROPY, "{\"spk\":[[[30,0]]],\"targets\":[0],\"num_classes\":2}");
  double small = exp(-30);
  ck_assert_double_eq_tol(result.loss / small, 1, 1e-12);
  ck_assert_double_eq_tol(result.gradients[0].values[0] / small, -1, 1e-12);
  ck_assert_double_eq_tol(result.gradients[0].values[1] / small, 1, 1e-12);
  sl_result_free(&result);
}
END_TEST

#define ONE_OF_TWO "\"spk\":[[[1,0]],[[0,1]]],\"num_classes\":2,\"targets\":"

START_TEST(class_weights_need_a_number_for_each_class_and_a_mean_a_weight) {
  assert_refused(ENTROPY, "{\"class_weights\":[1]," ONE_OF_TWO "[0,1]}", SL_LENGTH_MISMATCH,
                 "/class_weights", "has 1 number, but num_classes is 2");
  assert_refused(ENTROPY, "{\"class_weights\":[0,1]," ONE_OF_TWO "[0,0]}", SL_OUT_OF_RANGE,
                 "/class_weights", "reduction: sum");
  struct sl_result result =
      answer(ENTROPY, "{\"class_weights\":[0,1],\"reduction\":\"sum\"," ONE_OF_TWO "[0,0]}");
  ck_assert(result.loss == 0);
  sl_result_free(&result);
}
END_TEST

/* Mean rates of the neurons: 1/2, 0, 1; of the layer: 1/2. */
#define LAYER "\"spikes_list\":[[[[1,0,1],[0,0,1]],[[0,0,1],[1,0,1]]]]"

START_TEST(at_a_bound_nothing_is_lost_and_the_gradient_is_zero) {
  const char *const norms[] = {"l1", "l2"};
  for (size_t i = 0; i < 2; i++) {
    char body[256];
    snprintf(body, sizeof body, "{\"lower\":[0.5],\"upper\":[0.5],\"norm\":\"%s\"," LAYER "}",
             norms[i]);
    struct sl_result result = answer(ACTIVITY, body);
    ck_assert(result.loss == 0);
    for (size_t k = 0; k < 4; k++) {
      ASSERT_VALUES(result, k, 0);
    }
    ck_assert(diagnostic(&result, "below", 0) == 0 && diagnostic(&result, "above", 0) == 0);
    sl_result_free(&result);
  }
}
END_TEST

START_TEST(neurons_below_and_above_are_pulled_back) {
  struct sl_result result = answer(
      ACTIVITY, "{\"lower\":[0.25],\"upper\":[0.75],\"per\":\"neuron\",\"reduction\":\"sum\","
                "\"weights\":[2]," LAYER "}");
  ck_assert(result.loss == 2 * (0.0625 + 0.0625));
  ASSERT_VALUES(result, 0, 0, -0.25, 0.25);
  ASSERT_VALUES(result, 1, 1);
  ASSERT_VALUES(result, 2, -1);
  ASSERT_VALUES(result, 3, 0.125);
  ck_assert(diagnostic(&result, "rate", 0) == 0.5);
  ck_assert(diagnostic(&result, "loss", 0) == 0.25);
  ck_assert(diagnostic(&result, "below", 0) == 1.0 / 3 &&
            diagnostic(&result, "above", 0) == 1.0 / 3);
  ck_assert(diagnostic(&result, "samples", 0) == 2 && diagnostic(&result, "steps", 0) == 2);
  ck_assert(diagnostic(&result, "silent", 0) == 1 && diagnostic(&result, "saturated", 0) == 1);
  sl_result_free(&result);
}
END_TEST

START_TEST(the_example_of_the_page_is_exact) {
  struct sl_result result =
      answer(ACTIVITY, "{\"lower\":[0.5],\"per\":\"neuron\","
                       "\"spikes_list\":[[[[1,0,1],[0,0,1]],[[0,1,0],[1,0,1]]]]}");
  ck_assert(result.loss == 1.0 / 48);
  ASSERT_VALUES(result, 0, 0, -1.0 / 24, 0);
  sl_result_free(&result);
}
END_TEST

/* As many numbers as differ, and no more. */
START_TEST(gradients_are_as_small_as_they_are_constant) {
  struct sl_result result = answer(ACTIVITY, "{\"upper\":[0]," LAYER "}");
  ASSERT_SHAPE(result, 0, 1, 1, 1);
  sl_result_free(&result);
  result = answer(ACTIVITY, "{\"upper\":[0],\"per\":\"neuron\"," LAYER "}");
  ASSERT_SHAPE(result, 0, 1, 1, 3);
  sl_result_free(&result);
  result = answer(ACTIVITY, "{\"upper\":[0],\"samples\":\"each\"," LAYER "}");
  ASSERT_SHAPE(result, 0, 2, 1, 1);
  sl_result_free(&result);
  result = answer(ACTIVITY, "{\"upper\":[0],\"samples\":\"each\",\"per\":\"neuron\"," LAYER "}");
  ASSERT_SHAPE(result, 0, 2, 1, 3);
  sl_result_free(&result);
  result = answer(ACTIVITY, "{\"upper\":[0,0,0],\"samples\":\"each\",\"per\":\"neuron\","
                            "\"spikes_list\":[[1,0],[[1,0,1]],[[[[1,0],[1,1],[0,0]]]]]}");
  ASSERT_SHAPE(result, 0, 2);
  ASSERT_SHAPE(result, 1, 1, 3);
  ASSERT_SHAPE(result, 2, 1, 1, 3, 2);
  sl_result_free(&result);
}
END_TEST

START_TEST(bounds_that_are_not_there_have_no_gradient_and_weights_always_do) {
  struct sl_result result = answer(ACTIVITY, "{\"upper\":[0.25]," LAYER "}");
  ck_assert_uint_eq(result.gradient_count, 3);
  ASSERT_VALUES(result, 1, -0.5);
  ASSERT_VALUES(result, 2, 0.0625);
  sl_result_free(&result);
}
END_TEST

START_TEST(lists_of_layers_must_agree_and_bounds_must_be_in_order) {
#define TWO "\"spikes_list\":[[1],[0]]}"
  assert_refused(ACTIVITY, "{\"lower\":[0]," TWO, SL_LENGTH_MISMATCH, "/lower",
                 "lower has 1 number, but spikes_list has 2 layers");
  assert_refused(ACTIVITY, "{\"lower\":[0,0],\"upper\":[1,1,1]," TWO, SL_LENGTH_MISMATCH, "/upper",
                 "3 numbers");
  assert_refused(ACTIVITY, "{\"upper\":[1,1],\"weights\":[]," TWO, SL_LENGTH_MISMATCH, "/weights",
                 "0 numbers");
  assert_refused(ACTIVITY, "{\"lower\":[0,0.5],\"upper\":[1,0.25],\"weights\":[1]," TWO,
                 SL_OUT_OF_RANGE, "/upper/1", "upper[1] is 0.25, below lower[1], which is 0.5");
#undef TWO
}
END_TEST

START_TEST(what_no_double_holds_is_refused) {
  assert_refused(MSE,
                 "{\"spk\":[[[1e200]]],\"targets\":[0],\"num_classes\":1,\"correct_rate\":0,"
                 "\"incorrect_rate\":0,\"reduction\":\"sum\"}",
                 SL_RESULT_NOT_FINITE, "/spk", "sum of (count - target count)^2");
  assert_refused(MSE,
                 "{\"spk\":[[[1e100]]],\"targets\":[0],\"num_classes\":1,\"correct_rate\":0,"
                 "\"incorrect_rate\":0,\"weight\":1e200}",
                 SL_RESULT_NOT_FINITE, "/spk", "too large for a double; use smaller numbers");
  assert_refused(MSE,
                 "{\"spk\":[[[1]]],\"targets\":[0],\"num_classes\":1,\"correct_rate\":0,"
                 "\"incorrect_rate\":0,\"truncate\":true,\"weight\":1.5e308}",
                 SL_RESULT_NOT_FINITE, "/spk", "the gradient of spk is too large");
  assert_refused(ENTROPY, "{\"spk\":[[[1e308,1e308]]],\"targets\":[0],\"num_classes\":1}",
                 SL_RESULT_NOT_FINITE, "", "too large for a double; use smaller numbers");
  assert_refused(ENTROPY, "{\"spk\":[[[9,0]]],\"targets\":[1],\"num_classes\":2,\"weight\":1e308}",
                 SL_RESULT_NOT_FINITE, "", "the loss is too large");
  assert_refused(ACTIVITY,
                 "{\"upper\":[1.4e308],\"per\":\"neuron\",\"norm\":\"l1\","
                 "\"spikes_list\":[[1.5e308,1.5e308]]}",
                 SL_RESULT_NOT_FINITE, "", "the diagnostic rate is too large");
  assert_refused(ACTIVITY, "{\"upper\":[0,0],\"spikes_list\":[[1],[1e200]]}", SL_RESULT_NOT_FINITE,
                 "/spikes_list/1", "too large for a double; use smaller numbers");
  assert_refused(
      ACTIVITY, "{\"upper\":[0],\"weights\":[1e-300],\"norm\":\"l2\",\"spikes_list\":[[1e200]]}",
      SL_RESULT_NOT_FINITE, "/spikes_list/0", "too large for a double; use smaller numbers");
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "count losses", NULL, with_all_defaults_it_is_the_loss_of_nwave_to_the_last_bit,
      a_population_has_one_target_for_its_total, rates_are_counts_divided_by_the_steps,
      cut_targets_are_integers_and_their_rates_have_no_gradient,
      targets_are_multiplied_in_the_order_of_snntorch,
      neurons_that_classes_do_not_divide_are_refused, a_silent_network_guesses,
      counts_of_a_million_do_not_overflow, a_sure_winner_keeps_its_small_loss_and_gradient,
      class_weights_need_a_number_for_each_class_and_a_mean_a_weight,
      at_a_bound_nothing_is_lost_and_the_gradient_is_zero, neurons_below_and_above_are_pulled_back,
      the_example_of_the_page_is_exact, gradients_are_as_small_as_they_are_constant,
      bounds_that_are_not_there_have_no_gradient_and_weights_always_do,
      lists_of_layers_must_agree_and_bounds_must_be_in_order, what_no_double_holds_is_refused);
}
