/*
 * What the two losses promise: the worked examples of docs/losses.md to the last bit, the order of
 * additions, the diagnostics, and what each says of itself.
 */
#include "dense_request.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct sl_loss *firing_rate(void) {
  return sl_loss_find("firing_rate_target_mse_loss");
}

static const struct sl_loss *population(void) {
  return sl_loss_find("balanced_population_mse");
}

static struct sl_result answer(const struct sl_loss *loss, const char *body) {
  struct sl_result result;
  struct sl_error error;
  enum sl_status status = evaluate_text(loss, body, &result, &error);
  ck_assert_msg(status == SL_OK, "%s: %s", error.pointer, error.message);
  return result;
}

static void assert_gradient(const struct sl_result *result, size_t index, size_t count,
                            const double *values) {
  ck_assert_uint_lt(index, result->gradient_count);
  const struct sl_gradient *gradient = &result->gradients[index];
  ck_assert_uint_eq(gradient->count, count);
  for (size_t i = 0; i < count; i++) {
    ck_assert_msg(gradient->values[i] == values[i], "gradient %zu, value %zu is %.17g, not %.17g",
                  index, i, gradient->values[i], values[i]);
  }
}

static double diagnostic(const struct sl_result *result, size_t item, const char *name) {
  size_t width = result->list_name != NULL ? result->list_width : result->diagnostic_count;
  ck_assert_uint_le((item + 1) * width, result->diagnostic_count);
  for (size_t i = item * width; i < (item + 1) * width; i++) {
    if (strcmp(result->diagnostics[i].name, name) == 0) {
      return result->diagnostics[i].value;
    }
  }
  ck_abort_msg("no diagnostic %s", name);
}

#define VALUES(...)                                                                                \
  sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]) {                                   \
    __VA_ARGS__                                                                                    \
  }

START_TEST(the_worked_example_of_the_firing_rate_loss_is_exact) {
  struct sl_result result =
      answer(firing_rate(), "{\"spikes_list\":[[[[1,0,1],[0,0,1]],[[0,1,0],[1,0,1]]],"
                            "[[[0,0],[0,1]],[[0,0],[0,0]]]],"
                            "\"offsets\":[0.25,0.25],\"multipliers\":[1,10]}");
  ck_assert(result.loss == 1.625);
  ck_assert_uint_eq(result.gradient_count, 4);
  assert_gradient(&result, 0, VALUES(1.0 / 24.0));
  assert_gradient(&result, 1, VALUES(-3.125));
  assert_gradient(&result, 2, VALUES(-0.5, 25));
  assert_gradient(&result, 3, VALUES(0.125, 0.3125));
  ck_assert(diagnostic(&result, 0, "rate") == 0.5);
  ck_assert(diagnostic(&result, 0, "target") == 0.25);
  ck_assert(diagnostic(&result, 0, "loss") == 0.0625);
  ck_assert(diagnostic(&result, 1, "rate") == 0.125);
  ck_assert(diagnostic(&result, 1, "loss") == 1.5625);
  sl_result_free(&result);
}
END_TEST

#define WORKED_SPK                                                                                 \
  "\"spk\":[[[1,0,0,1],[1,1,0,0],[1,0,0,0],[0,1,0,0]],"                                            \
  "[[0,0,1,1],[0,0,1,0],[1,0,1,1],[0,0,1,0]]]"

START_TEST(the_worked_example_of_the_population_loss_is_exact) {
  struct sl_result result = answer(
      population(), "{" WORKED_SPK ",\"targets\":[0,0],\"num_classes\":2,"
                    "\"neurons_per_class\":2,\"correct_rate\":0.75,\"incorrect_rate\":0.125}");
  ck_assert(result.loss == 3.625);
  ck_assert_uint_eq(result.gradient_count, 3);
  assert_gradient(&result, 0, VALUES(0, -0.25, -0.125, 0.125, -0.5, -0.75, 0.875, 0.375));
  assert_gradient(&result, 1, VALUES(6));
  assert_gradient(&result, 2, VALUES(-5));
  ck_assert(diagnostic(&result, 0, "accuracy") == 0.5);
  ck_assert(diagnostic(&result, 0, "ties") == 0);
  ck_assert(diagnostic(&result, 0, "mean_rate_correct") == 0.375);
  ck_assert(diagnostic(&result, 0, "mean_rate_incorrect") == 0.4375);
  sl_result_free(&result);
}
END_TEST

/* 1e16 + 1.5 rounds to 1e16 + 2: taking -1e16 off again leaves 2. The ones are counted apart. */
START_TEST(graded_sums_of_a_layer_are_added_in_ascending_order_after_the_ones) {
  struct sl_result result =
      answer(firing_rate(), "{\"spikes_list\":[[1e16,1,1,1.5,-1e16],[1,1,1.5,1e16,-1e16]],"
                            "\"offsets\":[0,0],\"multipliers\":[1,1]}");
  ck_assert(diagnostic(&result, 0, "rate") == 4.0 / 5.0);
  ck_assert(diagnostic(&result, 1, "rate") == 4.0 / 5.0);
  sl_result_free(&result);
  result = answer(firing_rate(), "{\"spikes_list\":[[1,1,1e16,-1e16,1.5]],"
                                 "\"offsets\":[0],\"multipliers\":[1]}");
  ck_assert(diagnostic(&result, 0, "rate") == 3.5 / 5.0);
  sl_result_free(&result);
}
END_TEST

/* Next to 2^53 a single 1 is lost, but two that were added before are not. */
START_TEST(terms_of_the_population_loss_are_added_in_row_major_order) {
  const double large = 9007199254740992.0;
  const char *const rest = "\"targets\":[0,0],\"num_classes\":1,\"neurons_per_class\":3,"
                           "\"correct_rate\":0,\"incorrect_rate\":0}";
  char body[256];
  snprintf(body, sizeof body, "{\"spk\":[[[9007199254740992,1,1]],[[0,0,0]]],%s", rest);
  struct sl_result result = answer(population(), body);
  assert_gradient(&result, 1, VALUES(-2.0 * large / 6.0));
  sl_result_free(&result);
  snprintf(body, sizeof body, "{\"spk\":[[[1,0,1]],[[9007199254740992,0,0]]],%s", rest);
  result = answer(population(), body);
  assert_gradient(&result, 1, VALUES(-2.0 * (large + 2.0) / 6.0));
  sl_result_free(&result);
  snprintf(body, sizeof body, "{\"spk\":[[[1e8,1,1]],[[0,0,0]]],%s", rest);
  result = answer(population(), body);
  const double square = 1e16;
  ck_assert(square + 1.0 + 1.0 != 1.0 + 1.0 + square);
  ck_assert(result.loss == (square + 1.0 + 1.0) / 6.0);
  sl_result_free(&result);
}
END_TEST

START_TEST(a_huge_multiplier_does_no_harm_to_a_layer_on_its_target) {
  struct sl_result result =
      answer(firing_rate(), "{\"spikes_list\":[[1,0]],\"offsets\":[0.5],\"multipliers\":[1e200]}");
  ck_assert(result.loss == 0);
  for (size_t i = 0; i < 3; i++) {
    assert_gradient(&result, i, VALUES(0));
  }
  sl_result_free(&result);
}
END_TEST

START_TEST(silent_and_saturated_neurons_are_counted_over_all_samples_and_steps) {
  struct sl_result result =
      answer(firing_rate(), "{\"spikes_list\":[[[[0,1,1,0],[0,1,0,-1]],[[0,1,1,0.5],[0,0.5,0,2]]]],"
                            "\"offsets\":[0],\"multipliers\":[1]}");
  ck_assert(diagnostic(&result, 0, "neurons") == 4);
  ck_assert(diagnostic(&result, 0, "silent") == 1);
  ck_assert(diagnostic(&result, 0, "saturated") == 1);
  ck_assert(diagnostic(&result, 0, "binary") == 0);
  sl_result_free(&result);
  result = answer(population(), "{\"spk\":[[[0,1,1],[0,1,1]],[[0,1,0],[0,1,1]]],\"targets\":[1,2],"
                                "\"num_classes\":3,\"neurons_per_class\":1,"
                                "\"correct_rate\":1,\"incorrect_rate\":0}");
  ck_assert(diagnostic(&result, 0, "neurons") == 3);
  ck_assert(diagnostic(&result, 0, "silent") == 1);
  ck_assert(diagnostic(&result, 0, "saturated") == 1);
  ck_assert(diagnostic(&result, 0, "binary") == 1);
  sl_result_free(&result);
}
END_TEST

static struct sl_result winners(const char *spk, const char *targets) {
  char body[512];
  snprintf(body, sizeof body,
           "{\"spk\":%s,\"targets\":%s,\"num_classes\":3,\"neurons_per_class\":2,"
           "\"correct_rate\":0.5,\"incorrect_rate\":0}",
           spk, targets);
  return answer(population(), body);
}

START_TEST(the_class_with_the_most_spikes_in_its_whole_population_wins) {
  struct sl_result result = winners("[[[1,0,0,1,0,0],[1,0,1,1,0,0]]]", "[1]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 1);
  ck_assert(diagnostic(&result, 0, "ties") == 0);
  sl_result_free(&result);
}
END_TEST

START_TEST(on_a_tie_the_lowest_class_wins_and_the_tie_is_counted) {
  const char *const tie_of_one_and_two = "[[[1,0,1,1,1,1]]]";
  struct sl_result result = winners(tie_of_one_and_two, "[1]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 1);
  ck_assert(diagnostic(&result, 0, "ties") == 1);
  sl_result_free(&result);
  result = winners(tie_of_one_and_two, "[2]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 0);
  ck_assert(diagnostic(&result, 0, "ties") == 1);
  sl_result_free(&result);
}
END_TEST

START_TEST(classes_that_tie_below_the_winner_are_no_tie) {
  struct sl_result result = winners("[[[1,0,0,1,1,1]]]", "[2]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 1);
  ck_assert(diagnostic(&result, 0, "ties") == 0);
  sl_result_free(&result);
}
END_TEST

START_TEST(negative_totals_have_a_winner_too) {
  struct sl_result result = winners("[[[-3,0,-1,0,-2,0]]]", "[1]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 1);
  ck_assert(diagnostic(&result, 0, "ties") == 0);
  sl_result_free(&result);
}
END_TEST

START_TEST(a_silent_network_shows_a_tie_in_every_sample) {
  struct sl_result result = winners("[[[0,0,0,0,0,0]],[[0,0,0,0,0,0]]]", "[0,1]");
  ck_assert(diagnostic(&result, 0, "accuracy") == 0.5);
  ck_assert(diagnostic(&result, 0, "ties") == 2);
  ck_assert(diagnostic(&result, 0, "silent") == 6);
  sl_result_free(&result);
}
END_TEST

START_TEST(a_single_class_has_no_ties_and_no_incorrect_rate) {
  struct sl_result result =
      answer(population(), "{\"spk\":[[[1,0],[0,0]]],\"targets\":[0],\"num_classes\":1,"
                           "\"neurons_per_class\":2,\"correct_rate\":1,\"incorrect_rate\":7}");
  ck_assert(diagnostic(&result, 0, "ties") == 0);
  ck_assert(diagnostic(&result, 0, "mean_rate_correct") == 0.25);
  ck_assert(diagnostic(&result, 0, "mean_rate_incorrect") == 0);
  assert_gradient(&result, 2, VALUES(0));
  sl_result_free(&result);
}
END_TEST

START_TEST(losses_are_found_by_name_and_only_by_their_whole_name) {
  ck_assert_ptr_eq(sl_losses[0], firing_rate());
  ck_assert_ptr_eq(sl_losses[1], population());
  ck_assert_str_eq(sl_losses[4]->name, "activity_regularization");
  ck_assert_ptr_null(sl_losses[5]);
  ck_assert_ptr_null(sl_loss_find("balanced_population"));
  ck_assert_ptr_null(sl_loss_find("balanced_population_mse2"));
  ck_assert_ptr_null(sl_loss_find(""));
}
END_TEST

START_TEST(fields_stand_in_the_order_of_the_api_and_say_what_they_are) {
  const char *const names[][10] = {
      {"spikes_list", "offsets", "multipliers"},
      {"spk", "targets", "num_classes", "neurons_per_class", "correct_rate", "incorrect_rate"},
      {"spk", "targets", "num_classes", "correct_rate", "incorrect_rate", "per", "measure",
       "truncate", "reduction", "weight"},
      {"spk", "targets", "num_classes", "measure", "label_smoothing", "class_weights", "reduction",
       "weight"},
      {"spikes_list", "lower", "upper", "weights", "per", "samples", "measure", "norm",
       "reduction"}};
  const size_t counts[] = {3, 6, 10, 8, 9};
  for (size_t i = 0; sl_losses[i] != NULL; i++) {
    ck_assert_uint_eq(sl_losses[i]->field_count, counts[i]);
    ck_assert_uint_gt(strlen(sl_losses[i]->summary), 0);
    ck_assert_uint_gt(strlen(sl_losses[i]->formula), 0);
    for (size_t f = 0; f < counts[i]; f++) {
      ck_assert_str_eq(sl_losses[i]->fields[f].name, names[i][f]);
      ck_assert_uint_gt(strlen(sl_losses[i]->fields[f].summary), 0);
    }
  }
}
END_TEST

START_TEST(every_loss_has_no_more_fields_than_there_is_space_for) {
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    ck_assert_uint_le((*loss)->field_count, SL_MAX_FIELDS);
  }
}
END_TEST

START_TEST(the_example_of_every_loss_has_an_answer) {
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    struct sl_result result = answer(*loss, (*loss)->example);
    ck_assert_double_gt(result.loss, 0);
    sl_result_free(&result);
  }
}
END_TEST

START_TEST(nothing_can_be_freed_and_what_is_free_can_be_freed_again) {
  struct sl_value value = {0};
  struct sl_result result = {0};
  sl_value_free(&value, NULL);
  sl_result_free(&result);
  result = winners("[[[0,0,0,0,0,0]]]", "[0]");
  sl_result_free(&result);
  ck_assert_ptr_null(result.gradients);
  ck_assert_uint_eq(result.gradient_count, 0);
  sl_result_free(&result);
}
END_TEST

int main(void) {
  TCase *group = tcase_create("losses");
  tcase_add_test(group, the_worked_example_of_the_firing_rate_loss_is_exact);
  tcase_add_test(group, the_worked_example_of_the_population_loss_is_exact);
  tcase_add_test(group, graded_sums_of_a_layer_are_added_in_ascending_order_after_the_ones);
  tcase_add_test(group, terms_of_the_population_loss_are_added_in_row_major_order);
  tcase_add_test(group, a_huge_multiplier_does_no_harm_to_a_layer_on_its_target);
  tcase_add_test(group, silent_and_saturated_neurons_are_counted_over_all_samples_and_steps);
  tcase_add_test(group, the_class_with_the_most_spikes_in_its_whole_population_wins);
  tcase_add_test(group, on_a_tie_the_lowest_class_wins_and_the_tie_is_counted);
  tcase_add_test(group, classes_that_tie_below_the_winner_are_no_tie);
  tcase_add_test(group, negative_totals_have_a_winner_too);
  tcase_add_test(group, a_silent_network_shows_a_tie_in_every_sample);
  tcase_add_test(group, a_single_class_has_no_ties_and_no_incorrect_rate);
  tcase_add_test(group, losses_are_found_by_name_and_only_by_their_whole_name);
  tcase_add_test(group, fields_stand_in_the_order_of_the_api_and_say_what_they_are);
  tcase_add_test(group, every_loss_has_no_more_fields_than_there_is_space_for);
  tcase_add_test(group, the_example_of_every_loss_has_an_answer);
  tcase_add_test(group, nothing_can_be_freed_and_what_is_free_can_be_freed_again);
  Suite *suite = suite_create("losses");
  suite_add_tcase(suite, group);
  return suite_end(suite);
}
