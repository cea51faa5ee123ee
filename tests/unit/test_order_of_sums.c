/*
 * The population loss of counts that are bytes, which may be added up in another order where that
 * changes no bit, beside a plain loop over all pairs in row-major order.
 */
#include "kernels/kernels.h"
#include "loss/loss.h"
#include "suite.h"
#include "support/every.h"
#include "support/small_random.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAMPLES = 80, MAX_PAIRS = 6000 };

/* One request, and its counts. */
struct request {
  size_t samples, steps, classes, neurons;
  double correct_rate, incorrect_rate;
  int64_t targets[MAX_SAMPLES];
  uint64_t counts[MAX_PAIRS];
};

/* What must come out of it. */
struct outcome {
  double squares, counts[2], residuals[2]; /* of incorrect pairs, of correct ones */
  double gradient[MAX_PAIRS];
  size_t hits, ties;
};

static void add_sample(struct outcome *outcome, const struct request *request, size_t sample) {
  size_t row = request->classes * request->neurons;
  double pairs = (double)(request->samples * row);
  double totals[64] = {0};
  for (size_t i = 0; i < row; i++) {
    size_t class = i / request->neurons;
    bool correct = (int64_t) class == request->targets[sample];
    double rate = correct ? request->correct_rate : request->incorrect_rate;
    double count = (double)request->counts[sample * row + i];
    double residual = count - (double)request->steps * rate;
    outcome->squares += residual * residual;
    outcome->counts[correct] += count;
    outcome->residuals[correct] += residual;
    outcome->gradient[sample * row + i] = 2.0 * residual / pairs;
    totals[class] += count;
  }
  size_t winner = 0;
  size_t winners = 0;
  for (size_t class = 1; class < request->classes; class ++) {
    winner = totals[class] > totals[winner] ? class : winner;
  }
  for (size_t class = 0; class < request->classes; class ++) {
    winners += totals[class] == totals[winner];
  }
  outcome->hits += (int64_t)winner == request->targets[sample];
  outcome->ties += winners > 1;
}

/* Counts random spikes; returns the tensor. */
static struct sl_spikes *spikes_of(struct request *request, struct sl_random *random) {
  size_t row = request->classes * request->neurons;
  struct sl_error error = {0};
  struct sl_spikes *spikes =
      sl_spikes_new(SL_PER_SAMPLE, 3, (size_t[]){request->samples, request->steps, row}, &error);
  ck_assert_ptr_nonnull(spikes);
  uint64_t scarce = sl_random_one_in(random, 2) ? UINT64_MAX : sl_random_next(random);
  uint64_t saturated = sl_random_one_in(random, 4) ? UINT64_MAX : 0;
  memset(request->counts, 0, sizeof request->counts);
  for (size_t sample = 0; sample < request->samples; sample++) {
    for (size_t first = 0; first < request->steps * row; first += 64) {
      size_t left = request->steps * row - first;
      uint64_t bits = (sl_random_next(random) | saturated) & scarce;
      sl_spikes_push_bits(spikes, &bits, left < 64 ? left : 64, &error);
      for (size_t i = 0; i < 64 && i < left; i++) {
        request->counts[sample * row + (first + i) % row] += bits >> i & 1;
      }
    }
  }
  ck_assert_int_eq(sl_spikes_finish(spikes, &error), SL_OK);
  return spikes;
}

static double value_of(const struct sl_result *result, const char *name) {
  const struct sl_diagnostic *diagnostic = sl_result_diagnostic(result, name, 0);
  ck_assert_ptr_nonnull(diagnostic);
  return diagnostic->value;
}

static void assert_as_in_row_major_order(struct request *request, struct sl_random *random) {
  static struct outcome expected;
  struct sl_spikes *spikes = spikes_of(request, random);
  memset(&expected, 0, sizeof expected);
  for (size_t sample = 0; sample < request->samples; sample++) {
    add_sample(&expected, request, sample);
  }
  const struct sl_balanced_population_mse_arguments arguments = {
      .spk = spikes,
      .targets = request->targets,
      .target_count = request->samples,
      .num_classes = request->classes,
      .neurons_per_class = request->neurons,
      .correct_rate = request->correct_rate,
      .incorrect_rate = request->incorrect_rate};
  struct sl_result result;
  struct sl_error error = {0};
  ck_assert_int_eq(sl_balanced_population_mse(&arguments, &result, &error), SL_OK);
  size_t pairs = request->samples * request->classes * request->neurons;
  double slope = -2.0 * (double)request->steps;
  double values = (double)(request->samples * request->neurons * request->steps);
  ck_assert(result.loss == expected.squares / (double)pairs);
  ck_assert_mem_eq(result.gradients[0].values, expected.gradient, pairs * sizeof(double));
  ck_assert(result.gradients[1].values[0] == slope * expected.residuals[1] / (double)pairs);
  ck_assert(result.gradients[2].values[0] == slope * expected.residuals[0] / (double)pairs);
  ck_assert(value_of(&result, "accuracy") == (double)expected.hits / (double)request->samples);
  ck_assert(value_of(&result, "ties") == (double)expected.ties);
  ck_assert(value_of(&result, "mean_rate_correct") == expected.counts[1] / values);
  if (request->classes > 1) {
    ck_assert(value_of(&result, "mean_rate_incorrect") ==
              expected.counts[0] / (values * (double)(request->classes - 1)));
  }
  sl_result_free(&result);
  sl_spikes_free(spikes);
}

/* With all steps, targets that are integers, binary fractions, neither, and too large to be exact.
 */
static const double rates[] = {0.0,       1.0,  0.5,   0.8, 0.1, 0.03,
                               0.0078125, 1e-5, -0.25, 7.0, 3e6, 1e12};
enum { RATES = sizeof rates / sizeof rates[0] };

START_TEST(sums_are_those_of_row_major_order_to_the_last_bit) {
  static const size_t steps[] = {1, 2, 10, 16, 25, 100, 127, 128, 255, 256};
  struct sl_random random = {41};
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    ck_assert(sl_kernels_choose(sl_kernels_variant(variant)->name));
    for (size_t round = 0; round < 300; round += sl_every()) {
      struct request request = {.steps =
                                    steps[sl_random_below(&random, sizeof steps / sizeof *steps)],
                                .classes = 1 + sl_random_below(&random, 12),
                                .neurons = round % 2 == 0 ? 1 : 1 + sl_random_below(&random, 40),
                                .correct_rate = rates[sl_random_below(&random, RATES)],
                                .incorrect_rate = rates[sl_random_below(&random, RATES)]};
      size_t row = request.classes * request.neurons;
      size_t most = row * MAX_SAMPLES < MAX_PAIRS ? MAX_SAMPLES : MAX_PAIRS / row;
      request.samples = 1 + sl_random_below(&random, most);
      for (size_t sample = 0; sample < request.samples; sample++) {
        request.targets[sample] = (int64_t)sl_random_below(&random, request.classes);
      }
      assert_as_in_row_major_order(&request, &random);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("order of sums");
  TCase *cases = tcase_create("counts that are bytes");
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, sums_are_those_of_row_major_order_to_the_last_bit);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
