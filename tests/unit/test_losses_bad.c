/*
 * Requests whose values do not fit together, or whose results no double can hold: an error that
 * points at the value and helps.
 */
#include "dense_request.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define FIRING_RATE "firing_rate_target_mse_loss"
#define POPULATION  "balanced_population_mse"

/* `words` is a piece of the message. */
static void assert_refused(const char *loss, const char *body, enum sl_status code,
                           const char *pointer, const char *words) {
  struct sl_result result;
  struct sl_error error;
  ck_assert_int_eq(evaluate_text(sl_loss_find(loss), body, &result, &error), code);
  sl_result_free(&result);
  ck_assert_int_eq(error.code, code);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert_uint_eq(error.offset, SL_NO_OFFSET);
  ck_assert_msg(strstr(error.message, words) != NULL, "\"%s\" does not say \"%s\"", error.message,
                words);
}

/* Two samples of four neurons. */
#define SPK "\"spk\":[[[1,0,0,1]],[[0,0,1,1]]]"

START_TEST(offsets_and_multipliers_need_one_number_a_layer) {
  assert_refused(FIRING_RATE, "{\"spikes_list\":[[1],[0]],\"offsets\":[0],\"multipliers\":[1,1]}",
                 SL_LENGTH_MISMATCH, "/offsets",
                 "offsets has 1 number, but spikes_list has 2 layers");
  assert_refused(FIRING_RATE, "{\"spikes_list\":[[1]],\"offsets\":[0],\"multipliers\":[1,2,3]}",
                 SL_LENGTH_MISMATCH, "/multipliers",
                 "multipliers has 3 numbers, but spikes_list has 1 layer");
  assert_refused(FIRING_RATE, "{\"spikes_list\":[[1]],\"offsets\":[],\"multipliers\":[]}",
                 SL_LENGTH_MISMATCH, "/offsets", "offsets has 0 numbers");
}
END_TEST

#define RATES      ",\"correct_rate\":0.75,\"incorrect_rate\":0.125}"
#define TWO_BY_TWO ",\"num_classes\":2,\"neurons_per_class\":2" RATES

START_TEST(output_neurons_must_be_classes_times_neurons_per_class) {
  assert_refused(POPULATION,
                 "{" SPK ",\"targets\":[0,0],\"num_classes\":2,\"neurons_per_class\":3" RATES,
                 SL_LENGTH_MISMATCH, "/spk",
                 "has 4 output neurons, but num_classes * neurons_per_class is 2 * 3 = 6");
}
END_TEST

START_TEST(a_product_of_classes_and_neurons_that_overflows_is_a_mismatch) {
  assert_refused(POPULATION,
                 "{\"spk\":[[[0]]],\"targets\":[0],\"num_classes\":4294967296,"
                 "\"neurons_per_class\":4294967296" RATES,
                 SL_LENGTH_MISMATCH, "/spk", "4294967296 * 4294967296, more than any tensor has");
}
END_TEST

START_TEST(targets_need_one_label_a_sample) {
  assert_refused(POPULATION, "{" SPK ",\"targets\":[0,1,0]" TWO_BY_TWO, SL_LENGTH_MISMATCH,
                 "/targets",
                 "targets has 3 labels, but spk has 2 samples: spk is [batch, time, neurons]");
  assert_refused(POPULATION, "{" SPK ",\"targets\":[]" TWO_BY_TWO, SL_LENGTH_MISMATCH, "/targets",
                 "targets has 0 labels");
}
END_TEST

START_TEST(labels_outside_the_classes_are_pointed_at) {
  assert_refused(POPULATION, "{" SPK ",\"targets\":[1,2]" TWO_BY_TWO, SL_CLASS_OUT_OF_RANGE,
                 "/targets/1", "targets[1] is 2, but num_classes is 2: labels go from 0 to 1");
  assert_refused(POPULATION, "{" SPK ",\"targets\":[-1,5]" TWO_BY_TWO, SL_CLASS_OUT_OF_RANGE,
                 "/targets/0", "targets[0] is -1");
}
END_TEST

START_TEST(the_first_relation_in_field_order_wins) {
  assert_refused(FIRING_RATE, "{\"spikes_list\":[[1]],\"offsets\":[],\"multipliers\":[1,2]}",
                 SL_LENGTH_MISMATCH, "/offsets", "offsets");
  assert_refused(POPULATION,
                 "{" SPK ",\"targets\":[9],\"num_classes\":3,\"neurons_per_class\":2" RATES,
                 SL_LENGTH_MISMATCH, "/spk", "has 4 output neurons");
  assert_refused(POPULATION, "{" SPK ",\"targets\":[9]" TWO_BY_TWO, SL_LENGTH_MISMATCH, "/targets",
                 "1 label,");
}
END_TEST

START_TEST(a_layer_whose_loss_overflows_is_refused_and_named) {
  assert_refused(FIRING_RATE,
                 "{\"spikes_list\":[[1],[1e200]],\"offsets\":[0,0],\"multipliers\":[1,1]}",
                 SL_RESULT_NOT_FINITE, "/spikes_list/1", "mean of spikes_list[1]");
  assert_refused(
      FIRING_RATE, "{\"spikes_list\":[[1.5e308,1.5e308]],\"offsets\":[0],\"multipliers\":[0]}",
      SL_RESULT_NOT_FINITE, "/spikes_list/0", "too large for a double; use smaller numbers");
}
END_TEST

START_TEST(a_sum_of_layers_that_overflows_is_refused) {
  assert_refused(FIRING_RATE,
                 "{\"spikes_list\":[[1.2e154],[1.2e154]],\"offsets\":[0,0],\"multipliers\":[1,1]}",
                 SL_RESULT_NOT_FINITE, "", "the loss is too large");
}
END_TEST

START_TEST(a_gradient_that_overflows_is_refused_and_pointed_at) {
  assert_refused(FIRING_RATE,
                 "{\"spikes_list\":[[1e-200],[1]],\"offsets\":[0,0],\"multipliers\":[1e300,1]}",
                 SL_RESULT_NOT_FINITE, "/spikes_list/0", "gradient of spikes_list");
  assert_refused(FIRING_RATE,
                 "{\"spikes_list\":[[1],[1e-200]],\"offsets\":[0,0],\"multipliers\":[1,1e300]}",
                 SL_RESULT_NOT_FINITE, "/spikes_list/1", "gradient of spikes_list");
  assert_refused(FIRING_RATE,
                 "{\"spikes_list\":[[1],[1e300]],\"offsets\":[0,0],\"multipliers\":[1,1e-200]}",
                 SL_RESULT_NOT_FINITE, "/multipliers/1", "gradient of multipliers");
}
END_TEST

START_TEST(a_population_loss_that_overflows_is_refused) {
  const char *const rest = "\"targets\":[0],\"num_classes\":1,\"neurons_per_class\":2,";
  char body[256];
  snprintf(body, sizeof body,
           "{\"spk\":[[[1e200,0]]],%s\"correct_rate\":1,"
           "\"incorrect_rate\":0}",
           rest);
  assert_refused(POPULATION, body, SL_RESULT_NOT_FINITE, "/spk",
                 "too large for a double; use smaller numbers");
  snprintf(body, sizeof body,
           "{\"spk\":[[[1,0],[1,0]]],%s\"correct_rate\":1.5e308,"
           "\"incorrect_rate\":0}",
           rest);
  assert_refused(POPULATION, body, SL_RESULT_NOT_FINITE, "/spk",
                 "too large for a double; use smaller numbers");
}
END_TEST

START_TEST(a_diagnostic_that_overflows_is_refused) {
  assert_refused(POPULATION,
                 "{\"spk\":[[[1e308,1e308]]],\"targets\":[0],\"num_classes\":1,"
                 "\"neurons_per_class\":2,\"correct_rate\":1e308,\"incorrect_rate\":0}",
                 SL_RESULT_NOT_FINITE, "", "mean_rate_correct");
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "bad losses", NULL, offsets_and_multipliers_need_one_number_a_layer,
      output_neurons_must_be_classes_times_neurons_per_class,
      a_product_of_classes_and_neurons_that_overflows_is_a_mismatch,
      targets_need_one_label_a_sample, labels_outside_the_classes_are_pointed_at,
      the_first_relation_in_field_order_wins, a_layer_whose_loss_overflows_is_refused_and_named,
      a_sum_of_layers_that_overflows_is_refused,
      a_gradient_that_overflows_is_refused_and_pointed_at,
      a_population_loss_that_overflows_is_refused, a_diagnostic_that_overflows_is_refused);
}
