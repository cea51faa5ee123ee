/*
 * libspikeloss as its users call it: through the public headers alone. Right calls give what the
 * service gives; wrong ones are an error, never a crash or a write beyond an array.
 */
#include "suite.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <spikeloss/spikeloss.h>
#include <stdio.h>
#include <string.h>

static const size_t shape[] = {2, 4, 4};
static const uint8_t worked[32] = {1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
                                   0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0};
static const int64_t targets[] = {0, 0, 0};
static const double numbers[] = {0.25, 0.25, 0.25};

static struct sl_spikes *new_worked(enum sl_sums sums) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spikes = sl_spikes_from_bytes(sums, 3, shape, worked, &error);
  ck_assert_msg(spikes != NULL, "%s", error.message);
  return spikes;
}

static struct sl_balanced_population_mse_arguments population(const struct sl_spikes *spk) {
  return (struct sl_balanced_population_mse_arguments){.spk = spk,
                                                       .targets = targets,
                                                       .target_count = 2,
                                                       .num_classes = 2,
                                                       .neurons_per_class = 2,
                                                       .correct_rate = 0.75,
                                                       .incorrect_rate = 0.125};
}

/* What a call with these arguments says; nothing is left to free. */
static enum sl_status
population_status(const struct sl_balanced_population_mse_arguments *arguments,
                  const char *pointer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  memset(&result, 0xff, sizeof result);
  enum sl_status status = sl_balanced_population_mse(arguments, &result, &error);
  ck_assert_int_eq(status, error.code);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert_str_ne(error.message, "");
  ck_assert(result.gradients == NULL && result.diagnostics == NULL);
  return status;
}

static enum sl_status rates_status(const struct sl_firing_rate_target_mse_loss_arguments *arguments,
                                   const char *pointer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  memset(&result, 0xff, sizeof result);
  enum sl_status status = sl_firing_rate_target_mse_loss(arguments, &result, &error);
  ck_assert_int_eq(status, error.code);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert(result.gradients == NULL && result.diagnostics == NULL);
  return status;
}

START_TEST(a_result_names_its_gradients_and_diagnostics) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  struct sl_spikes *spk = new_worked(SL_PER_SAMPLE);
  struct sl_balanced_population_mse_arguments arguments = population(spk);
  ck_assert_int_eq(sl_balanced_population_mse(&arguments, &result, &error), SL_OK);
  ck_assert(result.loss == 3.625);
  ck_assert(sl_result_gradient(&result, "correct_rate", 0)->values[0] == 6);
  ck_assert(sl_result_gradient(&result, "incorrect_rate", 0)->values[0] == -5);
  const struct sl_gradient *gradient = sl_result_gradient(&result, "spk", 0);
  ck_assert_uint_eq(gradient->count, 8);
  ck_assert(gradient->values[5] == -0.75);
  ck_assert(sl_result_diagnostic(&result, "accuracy", 0)->value == 0.5);
  ck_assert_ptr_null(sl_result_gradient(&result, "spk", 1));
  ck_assert_ptr_null(sl_result_gradient(&result, "targets", 0));
  ck_assert_ptr_null(sl_result_diagnostic(&result, "accuracy", 1));
  ck_assert_ptr_null(sl_result_diagnostic(&result, "rate", 0));
  sl_result_free(&result);
  sl_spikes_free(spk);
}
END_TEST

START_TEST(diagnostics_of_a_list_have_an_item_for_each_layer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  struct sl_spikes *layer = new_worked(SL_PER_NEURON);
  const struct sl_spikes *const layers[] = {layer, layer};
  const struct sl_firing_rate_target_mse_loss_arguments arguments = {2, layers, numbers, numbers};
  ck_assert_int_eq(sl_firing_rate_target_mse_loss(&arguments, &result, &error), SL_OK);
  ck_assert(sl_result_diagnostic(&result, "rate", 0)->value == 13. / 32);
  ck_assert(sl_result_diagnostic(&result, "rate", 1)->value == 13. / 32);
  ck_assert_ptr_null(sl_result_diagnostic(&result, "rate", 2));
  ck_assert_uint_eq(sl_result_gradient(&result, "offsets", 0)->count, 2);
  ck_assert_ptr_nonnull(sl_result_gradient(&result, "spikes_list", 1));
  ck_assert_ptr_null(sl_result_gradient(&result, "spikes_list", 2));
  sl_result_free(&result);
  sl_spikes_free(layer);
}
END_TEST

static void assert_same(const struct sl_spikes *got, const struct sl_spikes *expected) {
  ck_assert_uint_eq(sl_spikes_accumulators(got), sl_spikes_accumulators(expected));
  for (size_t i = 0; i < sl_spikes_accumulators(expected); i++) {
    ck_assert(sl_spikes_sum(got, i) == sl_spikes_sum(expected, i));
    ck_assert_uint_eq(sl_spikes_fired(got, i), sl_spikes_fired(expected, i));
  }
  ck_assert_int_eq(sl_spikes_binary(got), sl_spikes_binary(expected));
}

/* 0 to 255, most of them graded, in rows that are no multiple of a piece. */
START_TEST(arrays_of_every_type_count_the_same) {
  enum { SAMPLES = 3, STEPS = 7, NEURONS = 83, VALUES = SAMPLES * STEPS * NEURONS };
  const size_t dimensions[] = {SAMPLES, STEPS, NEURONS};
  static uint8_t bytes[VALUES];
  static float floats[VALUES];
  static double doubles[VALUES];
  for (int graded = 0; graded < 2; graded++) {
    for (size_t i = 0; i < VALUES; i++) {
      bytes[i] = (uint8_t)(i * i / 7 % (graded ? 256 : 2));
      floats[i] = bytes[i];
      doubles[i] = bytes[i];
    }
    for (enum sl_sums sums = SL_PER_NEURON; sums <= SL_PER_SAMPLE; sums++) {
      struct sl_error error = SL_NO_ERROR;
      struct sl_spikes *of_bytes = sl_spikes_from_bytes(sums, 3, dimensions, bytes, &error);
      struct sl_spikes *of_floats = sl_spikes_from_floats(sums, 3, dimensions, floats, &error);
      struct sl_spikes *of_doubles = sl_spikes_from_doubles(sums, 3, dimensions, doubles, &error);
      ck_assert_int_eq(error.code, SL_OK);
      ck_assert_int_eq(sl_spikes_binary(of_bytes), !graded);
      double sum = 0;
      for (size_t step = 0; step < (sums == SL_PER_SAMPLE ? 1 : SAMPLES) * STEPS; step++) {
        sum += bytes[step * NEURONS + 5];
      }
      ck_assert(sl_spikes_sum(of_bytes, 5) == sum);
      assert_same(of_floats, of_bytes);
      assert_same(of_doubles, of_bytes);
      sl_spikes_free(of_bytes);
      sl_spikes_free(of_floats);
      sl_spikes_free(of_doubles);
    }
  }
}
END_TEST

START_TEST(values_beyond_a_shape_are_refused_whole) {
  static const double doubles[33];
  static const float floats[33];
  static const uint8_t bytes[33];
  static const uint64_t bits[1];
  for (enum sl_sums sums = SL_PER_NEURON; sums <= SL_PER_SAMPLE; sums++) {
    for (size_t before = 0; before <= 32; before++) {
      struct sl_error error = SL_NO_ERROR;
      struct sl_spikes *spikes = sl_spikes_new(sums, 3, shape, &error);
      ck_assert_int_eq(sl_spikes_push_bytes(spikes, worked, before, &error), SL_OK);
      size_t count = 33 - before;
      ck_assert_int_eq(sl_spikes_push_bytes(spikes, bytes, count, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_floats(spikes, floats, count, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_doubles(spikes, doubles, count, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_bits(spikes, bits, count, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_bytes(spikes, bytes, SIZE_MAX, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_bytes(spikes, worked + before, 32 - before, &error), SL_OK);
      ck_assert_int_eq(sl_spikes_finish(spikes, &error), SL_OK);
      ck_assert_uint_eq(sl_spikes_count(spikes), 13);
      sl_spikes_free(spikes);
    }
  }
}
END_TEST

START_TEST(a_finished_tensor_takes_nothing_more) {
  struct sl_spikes *spikes = new_worked(SL_PER_SAMPLE);
  struct sl_error error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_push_bytes(spikes, worked, 1, &error), SL_LENGTH_MISMATCH);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_add_one(spikes, 0, &error), SL_LENGTH_MISMATCH);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_push_bytes(spikes, NULL, 0, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_finish(spikes, &error), SL_OK);
  ck_assert_uint_eq(sl_spikes_count(spikes), 13);
  sl_spikes_free(spikes);

  spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  ck_assert_int_eq(sl_spikes_add_one(spikes, 31, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_finish(spikes, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_add_one(spikes, 30, &error), SL_LENGTH_MISMATCH);
  sl_spikes_free(spikes);
}
END_TEST

START_TEST(values_that_are_not_finite_are_refused_with_their_index) {
  const double values[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    double doubles[32] = {0};
    float floats[32] = {0};
    doubles[7 * i + 3] = values[i];
    floats[7 * i + 3] = (float)values[i];
    struct sl_error error = SL_NO_ERROR;
    char expected[96];
    snprintf(expected, sizeof expected,
             "value %zu of the tensor is not finite; replace NaN and infinities", 7 * i + 3);
    ck_assert_ptr_null(sl_spikes_from_doubles(SL_PER_NEURON, 3, shape, doubles, &error));
    ck_assert_int_eq(error.code, SL_NOT_FINITE);
    ck_assert_str_eq(error.message, expected);
    error = SL_NO_ERROR;
    ck_assert_ptr_null(sl_spikes_from_floats(SL_PER_SAMPLE, 3, shape, floats, &error));
    ck_assert_int_eq(error.code, SL_NOT_FINITE);
    ck_assert_str_eq(error.message, expected);
  }
}
END_TEST

START_TEST(pointers_that_are_null_are_an_error) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  ck_assert_ptr_null(sl_spikes_new(SL_PER_SAMPLE, 3, NULL, &error));
  ck_assert_int_eq(error.code, SL_INVALID_ARGUMENT);
  ck_assert_ptr_null(sl_spikes_new(SL_PER_SAMPLE, 3, shape, NULL));
  ck_assert_ptr_null(sl_spikes_from_bytes(SL_PER_SAMPLE, 3, NULL, worked, &error));
  ck_assert_ptr_null(sl_spikes_from_bytes(SL_PER_SAMPLE, 3, shape, NULL, &error));
  ck_assert_ptr_null(sl_spikes_from_floats(SL_PER_SAMPLE, 3, shape, NULL, &error));
  ck_assert_ptr_null(sl_spikes_from_doubles(SL_PER_SAMPLE, 3, shape, NULL, NULL));
  ck_assert_int_eq(sl_spikes_push_bits(NULL, &(uint64_t){1}, 1, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_bits(spikes, NULL, 1, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_bytes(NULL, worked, 1, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_bytes(spikes, NULL, 1, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_bytes(spikes, worked, 1, NULL), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_floats(NULL, NULL, 0, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_push_doubles(NULL, numbers, 1, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_add_one(NULL, 0, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_add_one(spikes, 0, NULL), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_finish(NULL, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_spikes_finish(spikes, NULL), SL_INVALID_ARGUMENT);
  sl_spikes_free(spikes);
  sl_spikes_free(NULL);
  sl_result_free(NULL);
  ck_assert_ptr_null(sl_result_gradient(NULL, "spk", 0));
  ck_assert_ptr_null(sl_result_gradient(&(struct sl_result){0}, NULL, 0));
  ck_assert_ptr_null(sl_result_diagnostic(NULL, "spk", 0));
  ck_assert_ptr_null(sl_result_diagnostic(&(struct sl_result){0}, "spk", 0));
}
END_TEST

START_TEST(what_a_tensor_does_not_hold_is_zero) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  struct sl_spikes *complete = new_worked(SL_PER_NEURON);
  const struct sl_spikes *tensors[] = {NULL, spikes, complete};
  for (size_t i = 0; i < 3; i++) {
    ck_assert(sl_spikes_sum(tensors[i], 4) == 0);
    ck_assert_uint_eq(sl_spikes_fired(tensors[i], SIZE_MAX), 0);
  }
  ck_assert_uint_eq(sl_spikes_count(NULL), 0);
  ck_assert_uint_eq(sl_spikes_count(spikes), 0);
  ck_assert_uint_eq(sl_spikes_accumulators(NULL), 0);
  ck_assert_uint_eq(sl_spikes_activity(NULL).silent, 0);
  ck_assert_uint_eq(sl_spikes_activity(spikes).silent, 0);
  ck_assert(sl_spikes_binary(NULL));
  ck_assert_str_eq(sl_status_name((enum sl_status)4711), "unknown");
  sl_spikes_free(spikes);
  sl_spikes_free(complete);
}
END_TEST

START_TEST(shapes_that_cannot_be_are_an_error) {
  static const struct {
    size_t rank;
    size_t shape[SL_MAX_RANK];
    enum sl_status status;
  } cases[] = {
      {0, {1}, SL_WRONG_RANK},
      {SL_MAX_RANK + 1, {1, 1, 1, 1, 1, 1, 1, 1}, SL_WRONG_RANK},
      {3, {1, 0, 1}, SL_EMPTY_TENSOR},
      {3, {SIZE_MAX, 2, 1}, SL_SHAPE_OVERFLOW},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct sl_error error = SL_NO_ERROR;
    ck_assert_ptr_null(sl_spikes_new(SL_PER_SAMPLE, cases[i].rank, cases[i].shape, &error));
    ck_assert_int_eq(error.code, cases[i].status);
  }
  struct sl_error error = SL_NO_ERROR;
  ck_assert_ptr_null(sl_spikes_new((enum sl_sums)7, 3, shape, &error));
  ck_assert_int_eq(error.code, SL_INVALID_ARGUMENT);
}
END_TEST

/* 2^61 accumulators are refused where the first value needs them. */
START_TEST(more_memory_than_there_is_is_an_error) {
  struct sl_error error = SL_NO_ERROR;
  const size_t vast[] = {1, 1, SIZE_MAX / 8};
  struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, vast, &error);
  ck_assert_int_eq(sl_spikes_push_bytes(spikes, worked, 1, &error), SL_OUT_OF_MEMORY);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_add_one(spikes, 0, &error), SL_OUT_OF_MEMORY);
  sl_spikes_free(spikes);
}
END_TEST

START_TEST(the_population_loss_checks_every_argument) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spk = new_worked(SL_PER_SAMPLE);
  struct sl_spikes *per_neuron = new_worked(SL_PER_NEURON);
  struct sl_spikes *begun = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  struct sl_spikes *flat = sl_spikes_from_bytes(SL_PER_SAMPLE, 1, &shape[2], worked, &error);
  struct sl_result result;
  struct sl_balanced_population_mse_arguments arguments = population(spk);
  ck_assert_int_eq(sl_balanced_population_mse(NULL, &result, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_balanced_population_mse(&arguments, NULL, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_balanced_population_mse(&arguments, &result, NULL), SL_INVALID_ARGUMENT);

  const struct sl_spikes *const wrong[] = {NULL, per_neuron, begun};
  for (size_t i = 0; i < 3; i++) {
    arguments = population(wrong[i]);
    ck_assert_int_eq(population_status(&arguments, "/spk"), SL_INVALID_ARGUMENT);
  }
  arguments = population(flat);
  ck_assert_int_eq(population_status(&arguments, "/spk"), SL_WRONG_RANK);
  arguments = population(spk);
  arguments.targets = NULL;
  ck_assert_int_eq(population_status(&arguments, "/targets"), SL_INVALID_ARGUMENT);
  arguments.target_count = 0;
  ck_assert_int_eq(population_status(&arguments, "/targets"), SL_LENGTH_MISMATCH);
  arguments = population(spk);
  arguments.target_count = 3;
  ck_assert_int_eq(population_status(&arguments, "/targets"), SL_LENGTH_MISMATCH);
  arguments = population(spk);
  arguments.targets = (const int64_t[]){0, 2};
  ck_assert_int_eq(population_status(&arguments, "/targets/1"), SL_CLASS_OUT_OF_RANGE);
  arguments.targets = (const int64_t[]){-1, 0};
  ck_assert_int_eq(population_status(&arguments, "/targets/0"), SL_CLASS_OUT_OF_RANGE);
  arguments = population(spk);
  arguments.num_classes = 0;
  ck_assert_int_eq(population_status(&arguments, "/num_classes"), SL_OUT_OF_RANGE);
  arguments.num_classes = UINT64_MAX;
  ck_assert_int_eq(population_status(&arguments, "/num_classes"), SL_OUT_OF_RANGE);
  arguments.num_classes = 3;
  ck_assert_int_eq(population_status(&arguments, "/spk"), SL_LENGTH_MISMATCH);
  arguments = population(spk);
  arguments.neurons_per_class = 0;
  ck_assert_int_eq(population_status(&arguments, "/neurons_per_class"), SL_OUT_OF_RANGE);
  arguments = population(spk);
  arguments.correct_rate = NAN;
  ck_assert_int_eq(population_status(&arguments, "/correct_rate"), SL_NOT_FINITE);
  arguments = population(spk);
  arguments.incorrect_rate = DBL_MAX;
  ck_assert_int_eq(population_status(&arguments, "/spk"), SL_RESULT_NOT_FINITE);
  sl_spikes_free(spk);
  sl_spikes_free(per_neuron);
  sl_spikes_free(begun);
  sl_spikes_free(flat);
}
END_TEST

START_TEST(the_firing_rate_loss_checks_every_argument) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  struct sl_spikes *layer = new_worked(SL_PER_NEURON);
  struct sl_spikes *per_sample = new_worked(SL_PER_SAMPLE);
  struct sl_spikes *begun = sl_spikes_new(SL_PER_NEURON, 3, shape, &error);
  const struct sl_spikes *const layers[] = {layer, layer};
  struct sl_firing_rate_target_mse_loss_arguments arguments = {2, layers, numbers, numbers};
  ck_assert_int_eq(sl_firing_rate_target_mse_loss(NULL, &result, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_firing_rate_target_mse_loss(&arguments, NULL, &error), SL_INVALID_ARGUMENT);
  ck_assert_int_eq(sl_firing_rate_target_mse_loss(&arguments, &result, NULL), SL_INVALID_ARGUMENT);

  arguments.layer_count = 0;
  ck_assert_int_eq(rates_status(&arguments, "/spikes_list"), SL_EMPTY_TENSOR);
  arguments.layer_count = 2;
  arguments.spikes_list = NULL;
  ck_assert_int_eq(rates_status(&arguments, "/spikes_list"), SL_INVALID_ARGUMENT);
  const struct sl_spikes *const wrong[] = {NULL, per_sample, begun};
  for (size_t i = 0; i < 3; i++) {
    const struct sl_spikes *const list[] = {layer, wrong[i]};
    arguments.spikes_list = list;
    ck_assert_int_eq(rates_status(&arguments, "/spikes_list/1"), SL_INVALID_ARGUMENT);
  }
  arguments.spikes_list = layers;
  arguments.offsets = NULL;
  ck_assert_int_eq(rates_status(&arguments, "/offsets"), SL_INVALID_ARGUMENT);
  arguments.offsets = (const double[]){0, INFINITY};
  ck_assert_int_eq(rates_status(&arguments, "/offsets"), SL_NOT_FINITE);
  arguments.offsets = numbers;
  arguments.multipliers = NULL;
  ck_assert_int_eq(rates_status(&arguments, "/multipliers"), SL_INVALID_ARGUMENT);
  arguments.multipliers = (const double[]){1, DBL_MAX};
  ck_assert_int_eq(rates_status(&arguments, "/spikes_list/1"), SL_RESULT_NOT_FINITE);
  sl_spikes_free(layer);
  sl_spikes_free(per_sample);
  sl_spikes_free(begun);
}
END_TEST

START_TEST(the_losses_of_counts_take_their_defaults) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  struct sl_spikes *spk = new_worked(SL_PER_SAMPLE);
  struct sl_spike_count_mse_arguments mse = sl_spike_count_mse_defaults();
  mse.spk = spk;
  mse.targets = targets;
  mse.target_count = mse.num_classes = 2;
  mse.correct_rate = 0.75;
  mse.incorrect_rate = 0.125;
  ck_assert_int_eq(sl_spike_count_mse(&mse, &result, &error), SL_OK);
  ck_assert(result.loss == 3.625);
  ck_assert(sl_result_gradient(&result, "correct_rate", 0)->values[0] == 6);
  sl_result_free(&result);

  struct sl_spike_count_cross_entropy_arguments entropy = sl_spike_count_cross_entropy_defaults();
  entropy.spk = spk;
  entropy.targets = targets;
  entropy.target_count = entropy.num_classes = 2;
  ck_assert_int_eq(sl_spike_count_cross_entropy(&entropy, &result, &error), SL_OK);
  ck_assert_double_eq_tol(result.loss, (log1p(exp(-4)) + 5 + log1p(exp(-5))) / 2, 1e-15);
  ck_assert(sl_result_diagnostic(&result, "steps", 0)->value == 4);
  sl_result_free(&result);

  const struct sl_spikes *const layers[] = {spk};
  struct sl_activity_regularization_arguments activity = sl_activity_regularization_defaults();
  activity.layer_count = 1;
  activity.spikes_list = layers;
  activity.upper = numbers;
  ck_assert_int_eq(sl_activity_regularization(&activity, &result, &error), SL_OK);
  ck_assert(result.loss == (13. / 32 - 0.25) * (13. / 32 - 0.25));
  ck_assert_ptr_null(sl_result_gradient(&result, "lower", 0));
  ck_assert(sl_result_gradient(&result, "upper", 0)->values[0] == -2 * (13. / 32 - 0.25));
  ck_assert(sl_result_gradient(&result, "weights", 0)->values[0] == result.loss);
  sl_result_free(&result);
  sl_spikes_free(spk);
}
END_TEST

static void mse_fails(const struct sl_spike_count_mse_arguments *arguments, enum sl_status status,
                      const char *pointer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  memset(&result, 0xff, sizeof result);
  ck_assert_int_eq(sl_spike_count_mse(arguments, &result, &error), status);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert(result.gradients == NULL && result.diagnostics == NULL);
}

static void entropy_fails(const struct sl_spike_count_cross_entropy_arguments *arguments,
                          enum sl_status status, const char *pointer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  memset(&result, 0xff, sizeof result);
  ck_assert_int_eq(sl_spike_count_cross_entropy(arguments, &result, &error), status);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert(result.gradients == NULL && result.diagnostics == NULL);
}

static void activity_fails(const struct sl_activity_regularization_arguments *arguments,
                           enum sl_status status, const char *pointer) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  memset(&result, 0xff, sizeof result);
  ck_assert_int_eq(sl_activity_regularization(arguments, &result, &error), status);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert(result.gradients == NULL && result.diagnostics == NULL);
}

START_TEST(the_losses_of_counts_check_their_arguments) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result;
  struct sl_spikes *spk = new_worked(SL_PER_SAMPLE);
  struct sl_spike_count_mse_arguments mse = sl_spike_count_mse_defaults();
  ck_assert_int_eq(sl_spike_count_mse(NULL, &result, &error), SL_INVALID_ARGUMENT);
  mse_fails(&mse, SL_INVALID_ARGUMENT, "/spk");
  mse.spk = spk;
  mse.targets = targets;
  mse.target_count = mse.num_classes = 2;
  mse.per = (enum sl_unit)2;
  mse_fails(&mse, SL_INVALID_ARGUMENT, "/per");
  mse.per = SL_UNIT_POPULATION;
  mse.reduction = (enum sl_reduction) - 1;
  mse_fails(&mse, SL_INVALID_ARGUMENT, "/reduction");
  mse.reduction = SL_REDUCTION_SUM;
  mse.weight = NAN;
  mse_fails(&mse, SL_NOT_FINITE, "/weight");
  mse.weight = 1;
  mse.num_classes = 3;
  mse_fails(&mse, SL_LENGTH_MISMATCH, "/spk");

  error = SL_NO_ERROR;
  struct sl_spike_count_cross_entropy_arguments entropy = sl_spike_count_cross_entropy_defaults();
  ck_assert_int_eq(sl_spike_count_cross_entropy(&entropy, NULL, &error), SL_INVALID_ARGUMENT);
  entropy.spk = spk;
  entropy.targets = targets;
  entropy.target_count = entropy.num_classes = 2;
  entropy.label_smoothing = 1.5;
  entropy_fails(&entropy, SL_OUT_OF_RANGE, "/label_smoothing");
  entropy.label_smoothing = 1;
  entropy.class_weights = (const double[]){1, -1};
  entropy_fails(&entropy, SL_OUT_OF_RANGE, "/class_weights");
  entropy.class_weights = (const double[]){0, 1};
  entropy_fails(&entropy, SL_OUT_OF_RANGE, "/class_weights");

  error = SL_NO_ERROR;
  struct sl_activity_regularization_arguments activity = sl_activity_regularization_defaults();
  ck_assert_int_eq(sl_activity_regularization(&activity, &result, NULL), SL_INVALID_ARGUMENT);
  activity_fails(&activity, SL_EMPTY_TENSOR, "/spikes_list");
  const struct sl_spikes *const layers[] = {spk, NULL};
  activity.layer_count = 1;
  activity.spikes_list = layers;
  activity_fails(&activity, SL_INVALID_ARGUMENT, "/lower");
  activity.lower = numbers;
  activity.upper = (const double[]){0};
  activity_fails(&activity, SL_OUT_OF_RANGE, "/upper/0");
  activity.upper = (const double[]){INFINITY};
  activity_fails(&activity, SL_NOT_FINITE, "/upper");
  activity.upper = NULL;
  activity.measure = (enum sl_measure)3;
  activity_fails(&activity, SL_INVALID_ARGUMENT, "/measure");
  activity.layer_count = 2;
  activity_fails(&activity, SL_INVALID_ARGUMENT, "/spikes_list/1");
  sl_spikes_free(spk);
}
END_TEST

START_TEST(kernels_that_there_are_not_are_not_chosen) {
  ck_assert(!sl_kernels_choose("abacus"));
  ck_assert_str_eq(sl_kernels_name(), "scalar");
  ck_assert(sl_kernels_choose(NULL));
  ck_assert(sl_kernels_choose("scalar"));
  ck_assert_str_eq(sl_version(), SL_VERSION);
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "library", NULL, a_result_names_its_gradients_and_diagnostics,
      diagnostics_of_a_list_have_an_item_for_each_layer, arrays_of_every_type_count_the_same,
      values_beyond_a_shape_are_refused_whole, a_finished_tensor_takes_nothing_more,
      values_that_are_not_finite_are_refused_with_their_index, pointers_that_are_null_are_an_error,
      what_a_tensor_does_not_hold_is_zero, shapes_that_cannot_be_are_an_error,
      more_memory_than_there_is_is_an_error, the_population_loss_checks_every_argument,
      the_firing_rate_loss_checks_every_argument, the_losses_of_counts_take_their_defaults,
      the_losses_of_counts_check_their_arguments, kernels_that_there_are_not_are_not_chosen);
}
