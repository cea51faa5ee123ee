/*
 * Counts against a plain array: whatever the shape, the pieces and the instruction set, the
 * accumulators are those that a loop over the whole tensor gives, to the last bit.
 */
#include "kernels/kernels.h"
#include "suite.h"
#include "support/every.h"
#include "support/small_random.h"

#include "spikes/spikes.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

struct tensor {
  size_t samples, steps, neurons;
  double *values;
};

static struct tensor random_tensor(struct sl_random *random, bool graded) {
  static const size_t neurons[] = {1, 2, 3, 10, 31, 63, 64, 65, 130, 257, 1000};
  struct tensor tensor = {
      .samples = 1 + sl_random_below(random, 4),
      .steps = 1 + sl_random_below(random, 40),
      .neurons = neurons[sl_random_below(random, sizeof neurons / sizeof neurons[0])],
  };
  size_t count = tensor.samples * tensor.steps * tensor.neurons;
  tensor.values = malloc(count * sizeof *tensor.values);
  ck_assert_ptr_nonnull(tensor.values);
  for (size_t i = 0; i < count; i++) {
    bool other = graded && sl_random_one_in(random, 5);
    tensor.values[i] =
        other ? (double)sl_random_below(random, 1000) / 7 - 50 : (double)sl_random_below(random, 2);
  }
  return tensor;
}

static bool is_binary(double value) {
  return value == 0 || value == 1;
}

static void assert_counts(const struct sl_spikes *spikes, const struct tensor *tensor) {
  size_t accumulators = spikes->per_sample ? tensor->samples * tensor->neurons : tensor->neurons;
  ck_assert_uint_eq(spikes->accumulators, accumulators);
  uint64_t *ones = calloc(accumulators, sizeof *ones);
  uint64_t *graded = calloc(accumulators, sizeof *graded);
  double *sums = calloc(accumulators, sizeof *sums);
  ck_assert(ones != NULL && graded != NULL && sums != NULL);
  for (size_t i = 0; i < tensor->samples * tensor->steps * tensor->neurons; i++) {
    size_t neuron = i % tensor->neurons;
    size_t sample = i / tensor->neurons / tensor->steps;
    size_t accumulator = spikes->per_sample ? sample * tensor->neurons + neuron : neuron;
    ones[accumulator] += tensor->values[i] == 1;
    if (!is_binary(tensor->values[i])) {
      graded[accumulator]++;
      sums[accumulator] += tensor->values[i];
    }
  }
  for (size_t accumulator = 0; accumulator < accumulators; accumulator++) {
    double expected = (double)ones[accumulator] + sums[accumulator];
    ck_assert(sl_spikes_sum(spikes, accumulator) == expected);
    ck_assert_uint_eq(sl_spikes_fired(spikes, accumulator),
                      ones[accumulator] + graded[accumulator]);
  }
  free(ones);
  free(graded);
  free(sums);
}

/* Pushes values [from, to): runs of zeros and ones as bits, graded, and now and then all, as reals.
 */
static void push(struct sl_spikes *spikes, struct sl_random *random, const double *values,
                 size_t from, size_t to) {
  struct sl_error error = SL_NO_ERROR;
  while (from < to) {
    size_t length = 1 + sl_random_below(random, 300);
    length = length < to - from ? length : to - from;
    uint64_t bits[5] = {0};
    size_t binary = 0;
    for (; binary < length && is_binary(values[from + binary]); binary++) {
      bits[binary / 64] |= (uint64_t)(values[from + binary] == 1) << (binary % 64);
    }
    bool as_bits = binary > 0 && !sl_random_one_in(random, 4);
    length = as_bits ? binary : length;
    enum sl_status status = as_bits ? sl_spikes_push_bits(spikes, bits, length, &error)
                                    : sl_spikes_push_reals(spikes, values + from, length, &error);
    ck_assert_int_eq(status, SL_OK);
    from += length;
  }
}

static void check_known_shape(struct sl_random *random, const struct tensor *tensor,
                              bool per_sample) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = tensor->samples * tensor->neurons;
  size_t shape[] = {tensor->samples, tensor->steps, tensor->neurons};
  sl_spikes_init(&spikes, per_sample, &pairs);
  ck_assert_int_eq(sl_spikes_set_shape(&spikes, 3, shape, &error), SL_OK);
  ck_assert_uint_eq(pairs, 0);
  push(&spikes, random, tensor->values, 0, tensor->samples * tensor->steps * tensor->neurons);
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
  assert_counts(&spikes, tensor);
  sl_spikes_release(&spikes);
}

static void check_discovered_shape(struct sl_random *random, const struct tensor *tensor,
                                   bool per_sample) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = tensor->samples * tensor->neurons;
  size_t shape[] = {tensor->samples, tensor->steps, tensor->neurons};
  size_t sample = tensor->steps * tensor->neurons;
  sl_spikes_init(&spikes, per_sample, &pairs);
  push(&spikes, random, tensor->values, 0, tensor->neurons);
  sl_spikes_end_step(&spikes);
  push(&spikes, random, tensor->values, tensor->neurons, sample);
  sl_spikes_end_sample(&spikes);
  push(&spikes, random, tensor->values, sample, tensor->samples * sample);
  ck_assert_uint_eq(pairs, 0);
  ck_assert_int_eq(sl_spikes_set_shape(&spikes, 3, shape, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
  assert_counts(&spikes, tensor);
  sl_spikes_release(&spikes);
}

START_TEST(counts_do_not_depend_on_pieces_shape_knowledge_or_instruction_set) {
  struct sl_random random = {23};
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    ck_assert(sl_kernels_choose(sl_kernels_variant(variant)->name));
    for (size_t round = 0; round < 200 / sl_every(); round++) {
      struct tensor tensor = random_tensor(&random, round % 2 == 1);
      check_known_shape(&random, &tensor, round % 4 < 2);
      check_discovered_shape(&random, &tensor, round % 4 < 2);
      free(tensor.values);
    }
  }
}
END_TEST

START_TEST(a_sample_may_fire_in_more_steps_than_a_byte_counts) {
  static const size_t steps[] = {254, 255, 256, 257, 600};
  static const double kinds[] = {1, -0.5}; /* of all values, and of the last one */
  struct sl_random random = {29};
  for (size_t i = 0; i < 8 * sizeof steps / sizeof steps[0]; i++) {
    struct tensor tensor = {.samples = 3, .steps = steps[i / 8], .neurons = i / 4 % 2 ? 70 : 3};
    size_t count = tensor.samples * tensor.steps * tensor.neurons;
    tensor.values = malloc(count * sizeof *tensor.values);
    ck_assert_ptr_nonnull(tensor.values);
    for (size_t value = 0; value < count; value++) {
      tensor.values[value] = kinds[i / 2 % 2];
    }
    tensor.values[count - 1] = kinds[i % 2];
    check_known_shape(&random, &tensor, true);
    check_discovered_shape(&random, &tensor, true);
    free(tensor.values);
  }
}
END_TEST

START_TEST(single_spikes_are_counted_where_they_stand) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = 100;
  size_t shape[] = {2, 3, 4};
  sl_spikes_init(&spikes, true, &pairs);
  ck_assert_int_eq(sl_spikes_set_shape(&spikes, 3, shape, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_add_one(&spikes, 0, &error), SL_OK);  /* [0][0][0] */
  ck_assert_int_eq(sl_spikes_add_one(&spikes, 8, &error), SL_OK);  /* [0][2][0] */
  ck_assert_int_eq(sl_spikes_add_one(&spikes, 23, &error), SL_OK); /* [1][2][3] */
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
  ck_assert_uint_eq(sl_spikes_ones(&spikes, 0), 2);
  ck_assert_uint_eq(sl_spikes_ones(&spikes, 7), 1);
  struct sl_activity activity = sl_spikes_activity(&spikes);
  ck_assert_uint_eq(activity.silent, 2);
  ck_assert_uint_eq(activity.saturated, 0);
  sl_spikes_release(&spikes);
}
END_TEST

START_TEST(a_neuron_that_fires_in_every_step_is_saturated_graded_or_not) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = 100;
  size_t shape[] = {2, 3};
  double values[] = {1, 0, -0.5, 1, -0.0, 2};
  sl_spikes_init(&spikes, false, &pairs);
  ck_assert_int_eq(sl_spikes_set_shape(&spikes, 2, shape, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_push_reals(&spikes, values, 6, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
  struct sl_activity activity = sl_spikes_activity(&spikes);
  ck_assert_uint_eq(activity.saturated, 2);
  ck_assert_uint_eq(activity.silent, 1);
  ck_assert(!sl_spikes_binary(&spikes));
  sl_spikes_release(&spikes);
}
END_TEST

static enum sl_status shape_status(size_t rank, const size_t *shape, uint64_t pairs) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  sl_spikes_init(&spikes, true, &pairs);
  enum sl_status status = sl_spikes_set_shape(&spikes, rank, shape, &error);
  sl_spikes_release(&spikes);
  return status;
}

START_TEST(impossible_shapes_are_refused_before_memory_is_taken) {
  size_t huge = SIZE_MAX / 2;
  ck_assert_int_eq(shape_status(0, (size_t[]){1}, 9), SL_WRONG_RANK);
  ck_assert_int_eq(shape_status(9, (size_t[9]){1, 1, 1, 1, 1, 1, 1, 1, 1}, 9), SL_WRONG_RANK);
  ck_assert_int_eq(shape_status(3, (size_t[]){2, 0, 2}, 9), SL_EMPTY_TENSOR);
  ck_assert_int_eq(shape_status(3, (size_t[]){huge, 3, 1}, 9), SL_SHAPE_OVERFLOW);
  ck_assert_int_eq(shape_status(3, (size_t[]){huge, 1, 1}, 9), SL_TENSOR_TOO_LARGE);
  ck_assert_int_eq(shape_status(3, (size_t[]){2, 1000000, 5}, 9), SL_TENSOR_TOO_LARGE);
  ck_assert_int_eq(shape_status(3, (size_t[]){2, 1000000, 5}, 10), SL_OK);
}
END_TEST

START_TEST(pairs_are_charged_sample_by_sample_while_a_shape_is_discovered) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = 5;
  uint64_t bits = 0x3f;
  sl_spikes_init(&spikes, false, &pairs);
  ck_assert_int_eq(sl_spikes_push_bits(&spikes, &bits, 2, &error), SL_OK);
  sl_spikes_end_step(&spikes);
  sl_spikes_end_sample(&spikes);
  ck_assert_int_eq(sl_spikes_push_bits(&spikes, &bits, 2, &error), SL_OK);
  ck_assert_uint_eq(pairs, 1);
  ck_assert_int_eq(sl_spikes_push_bits(&spikes, &bits, 1, &error), SL_TENSOR_TOO_LARGE);
  sl_spikes_release(&spikes);
}
END_TEST

/* [2, 3, 4], with `values` ones pushed. */
static void begin_known(struct sl_spikes *spikes, uint64_t *pairs, bool per_sample, size_t values) {
  struct sl_error error = SL_NO_ERROR;
  uint64_t ones = UINT64_MAX;
  *pairs = 100;
  sl_spikes_init(spikes, per_sample, pairs);
  ck_assert_int_eq(sl_spikes_set_shape(spikes, 3, (size_t[]){2, 3, 4}, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_push_bits(spikes, &ones, values, &error), SL_OK);
}

START_TEST(values_beyond_a_shape_are_refused) {
  uint64_t bits[2] = {1, 1};
  double reals[70] = {0.5};
  for (int per_sample = 0; per_sample < 2; per_sample++) {
    for (size_t values = 1; values <= 24; values++) {
      struct sl_spikes spikes;
      uint64_t pairs;
      begin_known(&spikes, &pairs, per_sample, values);
      struct sl_error error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_bits(&spikes, bits, 25 - values, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_reals(&spikes, reals, 25 - values, &error),
                       SL_LENGTH_MISMATCH);
      sl_spikes_release(&spikes);

      begin_known(&spikes, &pairs, per_sample, values);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_push_reals(&spikes, reals, 70, &error), SL_LENGTH_MISMATCH);
      error = SL_NO_ERROR;
      ck_assert_int_eq(sl_spikes_add_one(&spikes, 0, &error), SL_LENGTH_MISMATCH);
      sl_spikes_release(&spikes);
    }
  }
}
END_TEST

START_TEST(single_spikes_outside_a_shape_are_refused) {
  static const uint64_t outside[] = {24, 25, 1000, UINT64_MAX};
  for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
    struct sl_spikes spikes;
    uint64_t pairs, bits = 1;
    struct sl_error error = SL_NO_ERROR;
    begin_known(&spikes, &pairs, i % 2, 0);
    ck_assert_int_eq(sl_spikes_add_one(&spikes, 23, &error), SL_OK);
    ck_assert_int_eq(sl_spikes_add_one(&spikes, outside[i], &error), SL_LENGTH_MISMATCH);
    error = SL_NO_ERROR;
    ck_assert_int_eq(sl_spikes_push_bits(&spikes, &bits, 1, &error), SL_LENGTH_MISMATCH);
    error = SL_NO_ERROR;
    ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
    ck_assert_uint_eq(sl_spikes_count(&spikes), 1);
    sl_spikes_release(&spikes);
  }
}
END_TEST

START_TEST(a_tensor_is_not_finished_before_all_values_came) {
  struct sl_spikes spikes;
  uint64_t pairs;
  for (size_t values = 0; values <= 24; values++) {
    struct sl_error error = SL_NO_ERROR;
    begin_known(&spikes, &pairs, values % 2, values);
    bool complete = values == 0 || values == 24; /* none at all: a silent tensor */
    ck_assert_int_eq(sl_spikes_finish(&spikes, &error), complete ? SL_OK : SL_LENGTH_MISMATCH);
    sl_spikes_release(&spikes);
  }
  struct sl_error error = SL_NO_ERROR;
  sl_spikes_init(&spikes, true, &pairs);
  ck_assert_int_eq(sl_spikes_add_one(&spikes, 0, &error), SL_LENGTH_MISMATCH);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_LENGTH_MISMATCH);
  sl_spikes_release(&spikes);
}
END_TEST

/* 12 ones as steps of three neurons, samples of two steps. */
static enum sl_status discover(size_t rank, const size_t *shape, size_t steps, size_t samples,
                               bool per_sample) {
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  uint64_t pairs = 100;
  uint64_t ones = UINT64_MAX;
  sl_spikes_init(&spikes, per_sample, &pairs);
  ck_assert_int_eq(sl_spikes_push_bits(&spikes, &ones, 3, &error), SL_OK);
  if (steps > 0) {
    sl_spikes_end_step(&spikes);
    ck_assert_int_eq(sl_spikes_push_bits(&spikes, &ones, 3 * (steps - 1), &error), SL_OK);
  }
  if (samples > 0) {
    sl_spikes_end_sample(&spikes);
    ck_assert_int_eq(sl_spikes_push_bits(&spikes, &ones, 3 * steps * (samples - 1), &error), SL_OK);
  }
  enum sl_status status = sl_spikes_set_shape(&spikes, rank, shape, &error);
  sl_spikes_release(&spikes);
  return status;
}

START_TEST(a_shape_that_the_values_do_not_have_is_refused) {
  for (int per_sample = 0; per_sample < 2; per_sample++) {
    ck_assert_int_eq(discover(1, (size_t[]){3}, 0, 0, per_sample), SL_OK);
    ck_assert_int_eq(discover(1, (size_t[]){3}, 1, 0, per_sample), SL_OK);
    ck_assert_int_eq(discover(3, (size_t[]){1, 3, 1}, 0, 0, per_sample), SL_LENGTH_MISMATCH);
    ck_assert_int_eq(discover(2, (size_t[]){4, 3}, 4, 0, per_sample), SL_OK);
    ck_assert_int_eq(discover(2, (size_t[]){4, 3}, 3, 0, per_sample), SL_LENGTH_MISMATCH);
    ck_assert_int_eq(discover(3, (size_t[]){2, 2, 3}, 4, 0, per_sample), SL_LENGTH_MISMATCH);
    ck_assert_int_eq(discover(3, (size_t[]){2, 2, 3}, 2, 2, per_sample), SL_OK);
    ck_assert_int_eq(discover(3, (size_t[]){2, 3, 2}, 2, 2, per_sample), SL_LENGTH_MISMATCH);
    ck_assert_int_eq(discover(3, (size_t[]){4, 1, 3}, 2, 2, per_sample), SL_LENGTH_MISMATCH);
    ck_assert_int_eq(discover(3, (size_t[]){1, 2, 3}, 2, 2, per_sample), SL_LENGTH_MISMATCH);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("spikes");
  TCase *cases = tcase_create("counts");
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, counts_do_not_depend_on_pieces_shape_knowledge_or_instruction_set);
  tcase_add_test(cases, a_sample_may_fire_in_more_steps_than_a_byte_counts);
  tcase_add_test(cases, single_spikes_are_counted_where_they_stand);
  tcase_add_test(cases, a_neuron_that_fires_in_every_step_is_saturated_graded_or_not);
  tcase_add_test(cases, impossible_shapes_are_refused_before_memory_is_taken);
  tcase_add_test(cases, pairs_are_charged_sample_by_sample_while_a_shape_is_discovered);
  tcase_add_test(cases, values_beyond_a_shape_are_refused);
  tcase_add_test(cases, single_spikes_outside_a_shape_are_refused);
  tcase_add_test(cases, a_tensor_is_not_finished_before_all_values_came);
  tcase_add_test(cases, a_shape_that_the_values_do_not_have_is_refused);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
