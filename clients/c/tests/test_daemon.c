/*
 * What the daemon and the client say to each other, beyond the table of cases.
 */
#include "support.h"
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct spikeloss_client *client;
static struct spikeloss_error error;

static void open_client(void) {
  client = new_client(daemon_url(), NULL);
}

static void close_client(void) {
  spikeloss_client_free(client);
}

static const size_t shape[] = {1, 2, 3};

/* One layer of six values, against a target of 0.25 with multiplier 2. */
static struct spikeloss_result *ask(enum spikeloss_type type, const void *values) {
  struct spikeloss_tensor layer = {.type = type, .values = values, .rank = 3, .shape = shape};
  return spikeloss_firing_rate_target_mse_loss(client, &layer, &(double){0.25}, &(double){2}, 1,
                                               &error);
}

static void expect_rate(enum spikeloss_type type, const void *values, double rate) {
  struct spikeloss_result *result = ask(type, values);
  ck_assert_msg(result != NULL, "%s", error.detail);
  ck_assert_double_eq(spikeloss_diagnostic(result, "rate", 0), rate);
  ck_assert_double_eq(result->loss, (rate - 0.25) * 2 * (rate - 0.25) * 2);
  spikeloss_result_free(result);
}

START_TEST(spikes_of_every_type_give_the_same_answer) {
  expect_rate(SPIKELOSS_U8, (uint8_t[]){1, 0, 1, 0, 0, 1}, 0.5);
  expect_rate(SPIKELOSS_F32, (float[]){1, 0, 1, -0.0f, 0, 1}, 0.5);
  expect_rate(SPIKELOSS_F64, (double[]){1, 0, 1, 0, 0, 1}, 0.5);
  expect_rate(SPIKELOSS_BITS, (uint8_t[]){0xa4}, 0.5);
}
END_TEST

START_TEST(graded_spikes_of_every_type_are_exact) {
  expect_rate(SPIKELOSS_U8, (uint8_t[]){255, 0, 0, 0, 0, 3}, 43);
  expect_rate(SPIKELOSS_F32, (float[]){0.1f, 0, 0, 0, 0, 0}, (double)0.1f / 6);
  expect_rate(SPIKELOSS_F64, (double[]){0.1, 0, 0, 0, 0, 0}, 0.1 / 6);
}
END_TEST

/* The gradient of a multiplier of 1 is twice the square of the distance to the offset. */
static void expect_exact_offset(double offset) {
  struct spikeloss_tensor layer = {
      .type = SPIKELOSS_U8, .values = (uint8_t[6]){0}, .rank = 3, .shape = shape};
  struct spikeloss_result *result =
      spikeloss_firing_rate_target_mse_loss(client, &layer, &offset, &(double){1}, 1, &error);
  ck_assert_ptr_nonnull(result);
  ck_assert_double_eq(spikeloss_diagnostic(result, "target", 0), offset);
  spikeloss_result_free(result);
}

START_TEST(numbers_arrive_with_all_of_their_digits) {
  expect_exact_offset(0.1 + 0.2);
  expect_exact_offset(1.0 / 3);
  expect_exact_offset(-5e-324);
}
END_TEST

START_TEST(numbers_are_written_as_in_c_wherever_the_program_runs) {
  const char *locale = getenv("LOCALE_WITH_COMMA");
  if (locale == NULL) {
    puts("skipped: LOCALE_WITH_COMMA names no locale that writes 0,5");
    return;
  }
  ck_assert_ptr_nonnull(setlocale(LC_NUMERIC, locale));
  ck_assert_str_eq(localeconv()->decimal_point, ",");
  expect_exact_offset(0.5);
  setlocale(LC_NUMERIC, "C");
}
END_TEST

START_TEST(a_large_tensor_arrives_whole) {
  const size_t large[] = {3, 1000, 1001};
  enum { VALUES = 3 * 1000 * 1001 };
  float *values = calloc(VALUES, sizeof *values);
  double ones = 0, total = 0;
  for (size_t i = 0; i < VALUES; i++) {
    values[i] = i % 7 == 0 || i % 11 == 0;
    ones += (double)values[i];
  }
  struct spikeloss_tensor layer = {
      .type = SPIKELOSS_F32, .values = values, .rank = 3, .shape = large};
  for (int graded = 0; graded < 2; graded++) {
    struct spikeloss_result *result = spikeloss_firing_rate_target_mse_loss(
        client, &layer, &(double){0}, &(double){1}, 1, &error);
    ck_assert_msg(result != NULL, "%s", error.detail);
    total = ones + graded * 1.5;
    ck_assert_double_eq(spikeloss_diagnostic(result, "rate", 0), total / VALUES);
    spikeloss_result_free(result);
    values[VALUES - 1] += 1.5f;
  }
  free(values);
}
END_TEST

/* The batch of docs/losses.md: two samples, four steps, two classes of two neurons. */
static const uint8_t batch_spikes[] = {1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
                                       0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0};
static const size_t batch[] = {2, 4, 4};
static const struct spikeloss_tensor batch_spk = {
    .type = SPIKELOSS_U8, .values = batch_spikes, .rank = 3, .shape = batch};

START_TEST(a_gradient_repeats_to_the_shape_of_its_tensor) {
  struct spikeloss_result *result = spikeloss_balanced_population_mse(
      client, &batch_spk, (int64_t[]){0, 0}, 2, 2, 2, 0.75, 0.125, &error);
  ck_assert_ptr_nonnull(result);
  ck_assert_double_eq(result->loss, 3.625);
  const struct spikeloss_gradient *gradient = spikeloss_gradient(result, "spk", 0);
  const double rows[2][4] = {{0, -0.25, -0.125, 0.125}, {-0.5, -0.75, 0.875, 0.375}};
  double dense[32];
  ck_assert(spikeloss_broadcast(gradient, batch, 3, dense));
  for (size_t i = 0; i < 32; i++) {
    ck_assert_double_eq(dense[i], rows[i / 16][i % 4]);
  }
  ck_assert(!spikeloss_broadcast(gradient, batch, 2, dense));
  ck_assert(!spikeloss_broadcast(gradient, (size_t[]){3, 4, 4}, 3, dense));
  ck_assert(!spikeloss_broadcast(gradient, (size_t[]){2, 4, 1}, 3, dense));
  ck_assert_double_eq(spikeloss_gradient(result, "incorrect_rate", 0)->values[0], -5);
  ck_assert_ptr_null(spikeloss_gradient(result, "spk", 1));
  ck_assert(isnan(spikeloss_diagnostic(result, "no such thing", 0)));
  spikeloss_result_free(result);
}
END_TEST

static void expect_problem(long http_status, const char *code, const char *pointer) {
  ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
  ck_assert_int_eq(error.http_status, http_status);
  ck_assert_str_eq(error.code, code);
  ck_assert_str_eq(error.pointer, pointer);
  ck_assert_str_ne(error.detail, "");
}

START_TEST(a_value_that_is_no_number_is_refused_with_its_place) {
  ck_assert_ptr_null(ask(SPIKELOSS_F32, (float[]){1, 0, 0, 0, (float)NAN, 0}));
  expect_problem(422, "not_finite", "/spikes_list/0/data");
  const char *before = "{\"spikes_list\":[{\"shape\":[1,2,3],\"encoding\":\"f32\",\"data\":";
  ck_assert_int_eq(error.offset, (int64_t)strlen(before));

  struct spikeloss_tensor layer = {
      .type = SPIKELOSS_U8, .values = (uint8_t[6]){0}, .rank = 3, .shape = shape};
  ck_assert_ptr_null(spikeloss_firing_rate_target_mse_loss(
      client, &layer, &(double){(double)INFINITY}, &(double){1}, 1, &error));
  expect_problem(400, "wrong_type", "/offsets/0");
}
END_TEST

START_TEST(bits_after_the_last_value_are_refused) {
  ck_assert_ptr_null(ask(SPIKELOSS_BITS, (uint8_t[]){0xa5}));
  expect_problem(422, "nonzero_padding", "/spikes_list/0/data");
}
END_TEST

START_TEST(gradients_of_few_different_values_are_looked_up_in_a_table) {
  enum { SAMPLES = 3, STEPS = 5, NEURONS = 40 };
  uint8_t spikes[SAMPLES * STEPS * NEURONS];
  for (size_t i = 0; i < sizeof spikes; i++) {
    spikes[i] = i % 7 < 3;
  }
  const struct spikeloss_tensor spk = {.type = SPIKELOSS_U8,
                                       .values = spikes,
                                       .rank = 3,
                                       .shape = (size_t[]){SAMPLES, STEPS, NEURONS}};
  struct spikeloss_field fields[] = {
      {.name = "spk", .kind = SPIKELOSS_TENSOR, .tensors = &spk},
      {.name = "targets", .kind = SPIKELOSS_LABELS, .count = 3, .labels = (int64_t[]){1, 0, 3}},
      {.name = "num_classes", .kind = SPIKELOSS_NUMBER, .numbers = &(double){4}},
      {.name = "correct_rate", .kind = SPIKELOSS_NUMBER, .numbers = &(double){0.8}},
      {.name = "incorrect_rate", .kind = SPIKELOSS_NUMBER, .numbers = &(double){0.1}},
      {.name = "gradient_encoding", .kind = SPIKELOSS_WORD, .word = NULL},
  };
  const char *const words[] = {"f32", "indexed_f32", "f64", "indexed_f64"};
  struct spikeloss_result *results[4];
  for (size_t i = 0; i < 4; i++) {
    fields[5].word = words[i];
    results[i] = spikeloss_evaluate(client, "spike_count_mse", fields, 6, &error);
    ck_assert_msg(results[i] != NULL, "%s", error.detail);
  }
  for (size_t i = 0; i < 4; i += 2) {
    const struct spikeloss_gradient *plain = spikeloss_gradient(results[i], "spk", 0);
    const struct spikeloss_gradient *indexed = spikeloss_gradient(results[i + 1], "spk", 0);
    ck_assert_uint_eq(plain->count, SAMPLES * NEURONS);
    ck_assert_uint_eq(indexed->count, plain->count);
    ck_assert_mem_eq(indexed->values, plain->values, plain->count * sizeof *plain->values);
    spikeloss_result_free(results[i]);
    spikeloss_result_free(results[i + 1]);
  }
}
END_TEST

START_TEST(gradients_may_travel_as_text) {
  const struct spikeloss_tensor layer = {
      .type = SPIKELOSS_U8, .values = (uint8_t[]){1, 0, 1, 0, 0, 1}, .rank = 3, .shape = shape};
  const struct spikeloss_field fields[] = {
      {.name = "spikes_list", .kind = SPIKELOSS_TENSORS, .count = 1, .tensors = &layer},
      {.name = "offsets", .kind = SPIKELOSS_NUMBERS, .count = 1, .numbers = &(double){0.25}},
      {.name = "multipliers", .kind = SPIKELOSS_NUMBERS, .count = 1, .numbers = &(double){2}},
      {.name = "gradient_encoding", .kind = SPIKELOSS_WORD, .word = "text"},
  };
  struct spikeloss_result *result =
      spikeloss_evaluate(client, "firing_rate_target_mse_loss", fields, 4, &error);
  ck_assert_msg(result != NULL, "%s", error.detail);
  const struct spikeloss_gradient *gradient = spikeloss_gradient(result, "spikes_list", 0);
  ck_assert_uint_eq(gradient->rank, 3);
  ck_assert_double_eq(gradient->values[0], 1.0 / 3);
  spikeloss_result_free(result);
}
END_TEST

static void expect_loss(struct spikeloss_result *result, double loss, double spk_gradient) {
  ck_assert_msg(result != NULL, "%s", error.detail);
  ck_assert_double_eq_tol(result->loss, loss, 1e-12);
  ck_assert_double_eq_tol(spikeloss_gradient(result, "spk", 0)->values[0], spk_gradient, 1e-12);
  spikeloss_result_free(result);
}

START_TEST(counts_have_targets_by_neuron_or_population) {
  struct spikeloss_spike_count_mse_arguments arguments = spikeloss_spike_count_mse_defaults();
  arguments.spk = &batch_spk;
  arguments.targets = (int64_t[]){0, 0};
  arguments.target_count = 2;
  arguments.num_classes = 2;
  arguments.correct_rate = 0.75;
  arguments.incorrect_rate = 0.125;
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 3.625, 0);
  arguments.per = SPIKELOSS_UNIT_POPULATION;
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 12.75, -0.5);
  arguments.reduction = SPIKELOSS_REDUCTION_SUM;
  arguments.measure = SPIKELOSS_MEASURE_RATE;
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 51.0 / 16, -0.5 / 4);
  arguments.truncate = true; /* 1.5 becomes 1, 0.25 becomes 0 */
  arguments.weight = 16;
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 1 + 1 + 9 + 36, 2);
}
END_TEST

START_TEST(sums_over_time_give_the_answer_of_their_spikes) {
  struct spikeloss_tensor sums = {.type = SPIKELOSS_U8,
                                  .values = (uint8_t[]){3, 2, 0, 1, 1, 0, 4, 2},
                                  .rank = 3,
                                  .shape = batch,
                                  .summed = SPIKELOSS_SUMMED_TIME};
  struct spikeloss_spike_count_mse_arguments arguments = spikeloss_spike_count_mse_defaults();
  arguments.spk = &sums;
  arguments.targets = (int64_t[]){0, 0};
  arguments.target_count = 2;
  arguments.num_classes = 2;
  arguments.correct_rate = 0.75;
  arguments.incorrect_rate = 0.125;
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 3.625, 0);
  sums.type = SPIKELOSS_U32;
  sums.values = (uint32_t[]){3, 2, 0, 1, 1, 0, 4, 2};
  expect_loss(spikeloss_spike_count_mse(client, &arguments, &error), 3.625, 0);
}
END_TEST

/* One sample of two steps and three neurons, of which the last has all spikes. */
START_TEST(tensors_may_have_time_first_or_last) {
  struct spikeloss_tensor spk = {.type = SPIKELOSS_U8, .rank = 3};
  struct spikeloss_spike_count_mse_arguments arguments = spikeloss_spike_count_mse_defaults();
  arguments.spk = &spk;
  arguments.targets = (int64_t[]){0};
  arguments.target_count = 1;
  arguments.num_classes = 3;
  const struct {
    size_t shape[3];
    uint8_t values[6];
    size_t gradient[3];
  } layouts[] = {
      [SPIKELOSS_BATCH_TIME_NEURONS] = {{1, 2, 3}, {0, 0, 1, 0, 0, 1}, {1, 1, 3}},
      [SPIKELOSS_TIME_BATCH_NEURONS] = {{2, 1, 3}, {0, 0, 1, 0, 0, 1}, {1, 1, 3}},
      [SPIKELOSS_BATCH_NEURONS_TIME] = {{1, 3, 2}, {0, 0, 0, 0, 1, 1}, {1, 3, 1}},
  };
  for (enum spikeloss_axes axes = 0; axes <= SPIKELOSS_BATCH_NEURONS_TIME; axes++) {
    spk.shape = layouts[axes].shape;
    spk.values = layouts[axes].values;
    arguments.axes = axes;
    struct spikeloss_result *result = spikeloss_spike_count_mse(client, &arguments, &error);
    ck_assert_msg(result != NULL, "%s", error.detail);
    ck_assert_double_eq_tol(result->loss, 4.0 / 3, 1e-15);
    ck_assert_double_eq(spikeloss_diagnostic(result, "steps", 0), 2);
    const struct spikeloss_gradient *gradient = spikeloss_gradient(result, "spk", 0);
    ck_assert_mem_eq(gradient->shape, layouts[axes].gradient, sizeof layouts[axes].gradient);
    ck_assert_double_eq_tol(gradient->values[2], 4.0 / 3, 1e-15);
    spikeloss_result_free(result);
  }
}
END_TEST

START_TEST(counts_have_a_cross_entropy) {
  struct spikeloss_spike_count_cross_entropy_arguments arguments =
      spikeloss_spike_count_cross_entropy_defaults();
  arguments.spk = &batch_spk;
  arguments.targets = (int64_t[]){0, 0};
  arguments.target_count = 2;
  arguments.num_classes = 2;
  const double first = log1p(exp(-4)), second = log1p(exp(5));
  const double slope = 1 / (1 + exp(-4)) - 1; /* of the first sample */
  expect_loss(spikeloss_spike_count_cross_entropy(client, &arguments, &error), (first + second) / 2,
              slope / 2);
  arguments.class_weights = (double[]){3, 1};
  arguments.reduction = SPIKELOSS_REDUCTION_SUM;
  expect_loss(spikeloss_spike_count_cross_entropy(client, &arguments, &error), 3 * (first + second),
              3 * slope);
  arguments.measure = SPIKELOSS_MEASURE_RATE;
  arguments.label_smoothing = 1;
  arguments.class_weights = NULL;
  arguments.weight = 2;
  expect_loss(spikeloss_spike_count_cross_entropy(client, &arguments, &error),
              log1p(exp(-1)) + log1p(exp(1)) + log1p(exp(-1.25)) + log1p(exp(1.25)),
              2 * (1 / (1 + exp(-1)) - 0.5) / 4);
}
END_TEST

START_TEST(activity_has_bounds) {
  const struct spikeloss_tensor layer = {.type = SPIKELOSS_U8,
                                         .values = (uint8_t[]){1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1},
                                         .rank = 3,
                                         .shape = (size_t[]){2, 2, 3}};
  struct spikeloss_activity_regularization_arguments arguments =
      spikeloss_activity_regularization_defaults();
  arguments.layer_count = 1;
  arguments.spikes_list = &layer;
  arguments.lower = &(double){0.5};
  arguments.per = SPIKELOSS_ACTIVITY_NEURON;
  struct spikeloss_result *result = spikeloss_activity_regularization(client, &arguments, &error);
  ck_assert_msg(result != NULL, "%s", error.detail);
  ck_assert_double_eq_tol(result->loss, 1.0 / 48, 1e-15);
  const struct spikeloss_gradient *gradient = spikeloss_gradient(result, "spikes_list", 0);
  ck_assert_double_eq_tol(gradient->values[1], -1.0 / 24, 1e-15);
  ck_assert_ptr_null(spikeloss_gradient(result, "upper", 0));
  spikeloss_result_free(result);

  arguments.lower = NULL;
  arguments.upper = &(double){0};
  arguments.weights = &(double){4};
  arguments.samples = SPIKELOSS_SAMPLES_EACH;
  arguments.measure = SPIKELOSS_MEASURE_COUNT;
  arguments.norm = SPIKELOSS_NORM_L1;
  arguments.reduction = SPIKELOSS_REDUCTION_SUM;
  result = spikeloss_activity_regularization(client, &arguments, &error);
  ck_assert_msg(result != NULL, "%s", error.detail);
  ck_assert_double_eq(result->loss, 4 * 6);
  ck_assert_double_eq(spikeloss_gradient(result, "weights", 0)->values[0], 6);
  spikeloss_result_free(result);
}
END_TEST

START_TEST(an_error_is_forgotten_with_the_next_call) {
  ck_assert_ptr_null(ask(SPIKELOSS_BITS, (uint8_t[]){0xa5}));
  spikeloss_result_free(ask(SPIKELOSS_BITS, (uint8_t[]){0xa4}));
  ck_assert_int_eq(error.status, SPIKELOSS_OK);
  ck_assert_str_eq(error.code, "");
  ck_assert_str_eq(error.detail, "");
  ck_assert_int_eq(error.offset, -1);
}
END_TEST

START_TEST(an_unknown_loss_and_a_request_without_fields_are_refused) {
  ck_assert_ptr_null(spikeloss_evaluate(client, "no such loss", NULL, 0, &error));
  expect_problem(404, "not_found", "");
  ck_assert_ptr_null(spikeloss_evaluate(client, "balanced_population_mse", NULL, 0, &error));
  expect_problem(400, "missing_member", "/spk");
  ck_assert_ptr_null(spikeloss_evaluate(client, "balanced_population_mse", NULL, 0, NULL));
}
END_TEST

START_TEST(a_type_that_is_none_is_refused_before_anything_is_sent) {
  struct spikeloss_tensor layers[2] = {
      {.type = SPIKELOSS_U8, .values = (uint8_t[6]){0}, .rank = 3, .shape = shape},
      {.type = (enum spikeloss_type)9, .values = (uint8_t[6]){0}, .rank = 3, .shape = shape}};
  const double two[2] = {0, 1};
  ck_assert_ptr_null(spikeloss_firing_rate_target_mse_loss(client, layers, two, two, 2, &error));
  ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
  ck_assert_int_eq(error.http_status, -1);
  ck_assert_str_eq(error.detail,
                   "spikes_list[1]: there is no type 9; use one of enum spikeloss_type");
  layers[1].type = SPIKELOSS_U8;
  layers[1].summed = (enum spikeloss_summed)3;
  ck_assert_ptr_null(spikeloss_firing_rate_target_mse_loss(client, layers, two, two, 2, NULL));
}
END_TEST

START_TEST(a_negative_count_is_refused_as_it_was_given) {
  struct spikeloss_tensor spk = {
      .type = SPIKELOSS_U8, .values = (uint8_t[6]){0}, .rank = 3, .shape = shape};
  const int64_t target = 0;
  ck_assert_ptr_null(
      spikeloss_balanced_population_mse(client, &spk, &target, 1, (size_t)-1, 1, 1, 0, &error));
  expect_problem(422, "out_of_range", "/num_classes");
  ck_assert_ptr_nonnull(strstr(error.detail, "not -1"));
  struct spikeloss_spike_count_cross_entropy_arguments arguments =
      spikeloss_spike_count_cross_entropy_defaults();
  arguments.spk = &spk;
  arguments.targets = &target;
  arguments.target_count = 1;
  arguments.num_classes = (size_t)-1;
  arguments.class_weights = (double[]){1};
  ck_assert_ptr_null(spikeloss_spike_count_cross_entropy(client, &arguments, &error));
  expect_problem(422, "out_of_range", "/num_classes");
  arguments.num_classes = 3;
  arguments.class_weights = NULL;
  arguments.axes = (enum spikeloss_axes)7;
  ck_assert_ptr_null(spikeloss_spike_count_cross_entropy(client, &arguments, &error));
  expect_problem(422, "unknown_choice", "/axes");
}
END_TEST

START_TEST(an_empty_list_is_sent_as_one) {
  ck_assert_ptr_null(spikeloss_firing_rate_target_mse_loss(client, NULL, NULL, NULL, 0, &error));
  ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
  ck_assert_str_ne(error.code, "not_json");
}
END_TEST

static void *ask_often(void *unused) {
  (void)unused;
  struct spikeloss_client *own = new_client(daemon_url(), NULL);
  for (int i = 0; i < 50; i++) {
    struct spikeloss_tensor layer = {
        .type = SPIKELOSS_U8, .values = (uint8_t[]){1, 0, 1, 0, 0, 1}, .rank = 3, .shape = shape};
    const double offset = i;
    struct spikeloss_result *result =
        spikeloss_firing_rate_target_mse_loss(own, &layer, &offset, &(double){1}, 1, NULL);
    ck_assert_ptr_nonnull(result);
    ck_assert_double_eq(result->loss, (0.5 - offset) * (0.5 - offset));
    spikeloss_result_free(result);
  }
  spikeloss_client_free(own);
  return NULL;
}

START_TEST(every_thread_may_have_a_client_of_its_own) {
  pthread_t threads[4];
  for (size_t i = 0; i < 4; i++) {
    ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_often, NULL), 0);
  }
  for (size_t i = 0; i < 4; i++) {
    pthread_join(threads[i], NULL);
  }
}
END_TEST

START_TEST(nothing_is_freed_without_complaint) {
  spikeloss_result_free(NULL);
  spikeloss_client_free(NULL);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("daemon");
  tcase_add_checked_fixture(tests, open_client, close_client);
  tcase_add_test(tests, spikes_of_every_type_give_the_same_answer);
  tcase_add_test(tests, graded_spikes_of_every_type_are_exact);
  tcase_add_test(tests, numbers_arrive_with_all_of_their_digits);
  tcase_add_test(tests, numbers_are_written_as_in_c_wherever_the_program_runs);
  tcase_add_test(tests, a_large_tensor_arrives_whole);
  tcase_add_test(tests, a_gradient_repeats_to_the_shape_of_its_tensor);
  tcase_add_test(tests, a_value_that_is_no_number_is_refused_with_its_place);
  tcase_add_test(tests, bits_after_the_last_value_are_refused);
  tcase_add_test(tests, gradients_of_few_different_values_are_looked_up_in_a_table);
  tcase_add_test(tests, gradients_may_travel_as_text);
  tcase_add_test(tests, counts_have_targets_by_neuron_or_population);
  tcase_add_test(tests, sums_over_time_give_the_answer_of_their_spikes);
  tcase_add_test(tests, tensors_may_have_time_first_or_last);
  tcase_add_test(tests, counts_have_a_cross_entropy);
  tcase_add_test(tests, activity_has_bounds);
  tcase_add_test(tests, an_error_is_forgotten_with_the_next_call);
  tcase_add_test(tests, an_unknown_loss_and_a_request_without_fields_are_refused);
  tcase_add_test(tests, a_type_that_is_none_is_refused_before_anything_is_sent);
  tcase_add_test(tests, a_negative_count_is_refused_as_it_was_given);
  tcase_add_test(tests, an_empty_list_is_sent_as_one);
  tcase_add_test(tests, every_thread_may_have_a_client_of_its_own);
  tcase_add_test(tests, nothing_is_freed_without_complaint);
  return run_tests(tests);
}
