/*
 * Teaches populations of output neurons to spike at one rate for the right class and at another
 * for all wrong ones, by the squared distance of spike counts from target counts.
 *
 *     neurons     0 1 2 3 | 4 5 6 7 | 8 9 ...      one population after the other
 *     class          0    |    1    |    2
 *     target      incorr. | correct | incorr.      (for a sample whose label is 1)
 *
 *     count[b,o] = sum over t of spk[b,t,o]      target[b,o] = T * correct_rate or incorrect_rate
 *
 *     L = 1/(B O) * sum of residual[b,o]^2       residual = count - target
 *
 * Every step of a neuron adds to its count alike, so the gradient of spk has one value for a whole
 * (sample, neuron) pair, 2 residual / (B O), and no time axis.
 */
#include "core/checked.h"
#include "loss/loss.h"
#include "loss/result.h"
#include <math.h>
#include <stdio.h>

enum {
  SPK,
  TARGETS,
  NUM_CLASSES,
  NEURONS_PER_CLASS,
  CORRECT_RATE,
  INCORRECT_RATE,
  FIELD_COUNT,
};

/* The largest integer below which JSON clients that only have doubles agree on every one. */
#define MAX_COUNT (UINT64_C(1) << 53)

static const struct sl_field fields[FIELD_COUNT] = {
    [SPK] = {.name = "spk",
             .summary = "Spikes of the output layer, one population after the other",
             .kind = SL_FIELD_SPIKES,
             .min_rank = 3,
             .max_rank = 3,
             .axes = "[batch, time, output_neurons]",
             .per_sample = true},
    [TARGETS] = {.name = "targets",
                 .summary = "The class of every sample, from 0 to num_classes - 1",
                 .kind = SL_FIELD_LABELS},
    [NUM_CLASSES] = {.name = "num_classes",
                     .summary = "How many classes there are",
                     .kind = SL_FIELD_COUNT,
                     .min_count = 1,
                     .max_count = MAX_COUNT},
    [NEURONS_PER_CLASS] = {.name = "neurons_per_class",
                           .summary = "How many neurons a class has; class k owns the "
                                      "neurons from k * neurons_per_class on",
                           .kind = SL_FIELD_COUNT,
                           .min_count = 1,
                           .max_count = MAX_COUNT},
    [CORRECT_RATE] = {.name = "correct_rate",
                      .summary = "The target rate of the population of the sample's class, in "
                                 "spikes per neuron and time step",
                      .kind = SL_FIELD_REAL},
    [INCORRECT_RATE] = {.name = "incorrect_rate",
                        .summary = "The target rate of all other populations, in spikes per neuron "
                                   "and time step",
                        .kind = SL_FIELD_REAL},
};

/* How many the function add_population_diagnostics adds. */
enum { DIAGNOSTIC_COUNT = 8 };

/* A request whose relations hold. */
struct inputs {
  const struct sl_spikes *spikes;
  const int64_t *targets;
  size_t classes;
  size_t population; /* neurons of a class */
  double pairs;      /* B * O */
};

/* Sums over the pairs of one kind: of the right populations, or of the wrong ones. */
struct group {
  double target;    /* count that each pair should have */
  double counts;    /* sum of what they have */
  double residuals; /* sum of count - target */
};

/* What the pass over all pairs adds up. */
struct totals {
  double squares;
  struct group correct;
  struct group incorrect;
  size_t hits; /* samples won by their own class */
  size_t ties; /* samples that several classes won together */
};

static enum sl_status check_neurons(const struct sl_value *values, struct sl_error *error) {
  size_t neurons = values[SPK].spikes->neurons;
  size_t classes = (size_t)values[NUM_CLASSES].count;
  size_t population = (size_t)values[NEURONS_PER_CLASS].count;
  size_t expected;
  if (!sl_checked_multiply(&expected, classes, population)) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                      "spk has %zu output neurons, but num_classes * neurons_per_class is "
                      "%zu * %zu, more than any tensor has",
                      neurons, classes, population);
  }
  if (neurons != expected) {
    const size_t *shape = values[SPK].spikes->shape;
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                      "spk [%zu, %zu, %zu] has %zu output neuron%s, but num_classes * "
                      "neurons_per_class is %zu * %zu = %zu; spk is [batch, time, neurons]",
                      shape[0], shape[1], shape[2], neurons, neurons == 1 ? "" : "s", classes,
                      population, expected);
  }
  return SL_OK;
}

static enum sl_status check_targets(const struct sl_value *values, struct sl_error *error) {
  const struct sl_spikes *spikes = values[SPK].spikes;
  size_t length = values[TARGETS].length;
  if (length != spikes->samples) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/targets", SL_NO_OFFSET,
                      "targets has %zu label%s, but spk has %zu sample%s: spk is [batch, time, "
                      "neurons], here [%zu, %zu, %zu]",
                      length, length == 1 ? "" : "s", spikes->samples,
                      spikes->samples == 1 ? "" : "s", spikes->samples, spikes->steps,
                      spikes->neurons);
  }
  uint64_t classes = values[NUM_CLASSES].count;
  for (size_t i = 0; i < length; i++) {
    int64_t label = values[TARGETS].labels[i];
    if (label < 0 || (uint64_t)label >= classes) {
      char pointer[sizeof error->pointer];
      snprintf(pointer, sizeof pointer, "/targets/%zu", i);
      return sl_fail_at(error, SL_CLASS_OUT_OF_RANGE, pointer, SL_NO_OFFSET,
                        "targets[%zu] is %lld, but num_classes is %llu: labels go from 0 to %llu",
                        i, (long long)label, (unsigned long long)classes,
                        (unsigned long long)(classes - 1));
    }
  }
  return SL_OK;
}

static void copy_counts(double *counts, const struct sl_spikes *spikes) {
  for (size_t i = 0; i < spikes->accumulators; i++) {
    counts[i] = (double)spikes->ones[i];
  }
  if (spikes->sums != NULL) {
    for (size_t i = 0; i < spikes->accumulators; i++) {
      counts[i] += spikes->sums[i];
    }
  }
}

/* The class with the most spikes in a sample; of several, the lowest. */
struct winner {
  size_t class;
  double max_total;
  bool shared;
};

static void update_winner(struct winner *winner, size_t class, double total) {
  if (class == 0 || total > winner->max_total) {
    *winner = (struct winner){.class = class, .max_total = total};
  } else if (total == winner->max_total) {
    winner->shared = true;
  }
}

/*
 * Turns the counts of neighbouring populations of one group into gradients, in place, and adds to
 * the sums. Each sum is a chain of additions, one waiting for the other: in one loop, and in
 * registers, the chains run at the same time.
 */
static void score_populations(double *counts, size_t first, size_t end, struct group *group,
                              struct winner *winner, double *squares, const struct inputs *inputs) {
  struct group sums = *group;
  double square_sum = *squares;
  for (size_t class = first; class < end; class ++) {
    double total = 0.0;
    for (size_t i = class * inputs->population; i < (class + 1) * inputs->population; i++) {
      double residual = counts[i] - sums.target;
      total += counts[i];
      square_sum += residual * residual;
      sums.counts += counts[i];
      sums.residuals += residual;
      counts[i] = 2.0 * residual / inputs->pairs;
    }
    update_winner(winner, class, total);
  }
  *group = sums;
  *squares = square_sum;
}

/* Scores in row-major order, by one thread: the order of the additions is a promise to users. */
static void score_all(double *counts, struct totals *totals, const struct inputs *inputs) {
  for (size_t sample = 0; sample < inputs->spikes->samples; sample++) {
    size_t target = (size_t)inputs->targets[sample];
    double *row = counts + sample * inputs->spikes->neurons;
    struct winner winner = {0};
    score_populations(row, 0, target, &totals->incorrect, &winner, &totals->squares, inputs);
    score_populations(row, target, target + 1, &totals->correct, &winner, &totals->squares, inputs);
    score_populations(row, target + 1, inputs->classes, &totals->incorrect, &winner,
                      &totals->squares, inputs);
    totals->hits += winner.class == target;
    totals->ties += winner.shared;
  }
}

static void add_population_diagnostics(struct sl_result *result, const struct totals *totals,
                                       const struct inputs *inputs) {
  const struct sl_spikes *spikes = inputs->spikes;
  struct sl_activity activity = sl_spikes_activity(spikes);
  double samples = (double)spikes->samples;
  double correct_values = samples * (double)inputs->population * (double)spikes->steps;
  double incorrect_values = correct_values * (double)(inputs->classes - 1);
  sl_result_add_real(result, "accuracy", (double)totals->hits / samples);
  sl_result_add_count(result, "ties", totals->ties);
  sl_result_add_count(result, "neurons", spikes->neurons);
  sl_result_add_count(result, "silent", activity.silent);
  sl_result_add_count(result, "saturated", activity.saturated);
  sl_result_add_flag(result, "binary", sl_spikes_binary(spikes));
  sl_result_add_real(result, "mean_rate_correct", totals->correct.counts / correct_values);
  /* A single class has no wrong population: its mean rate is reported as 0. */
  sl_result_add_real(result, "mean_rate_incorrect",
                     inputs->classes > 1 ? totals->incorrect.counts / incorrect_values : 0.0);
}

static enum sl_status evaluate_population(const struct sl_value *values, struct sl_result *result,
                                          struct sl_error *error) {
  if (check_neurons(values, error) != SL_OK || check_targets(values, error) != SL_OK) {
    return error->code;
  }
  const struct sl_spikes *spikes = values[SPK].spikes;
  if (sl_result_reserve(result, 3, DIAGNOSTIC_COUNT, error) != SL_OK) {
    return error->code;
  }
  size_t small_shape[] = {spikes->samples, 1, spikes->neurons};
  double *gradient = sl_result_add_spikes_gradient(result, SPK, 0, spikes, small_shape, error);
  double *correct_gradient = sl_result_add_real_gradient(result, CORRECT_RATE, error);
  double *incorrect_gradient = sl_result_add_real_gradient(result, INCORRECT_RATE, error);
  if (gradient == NULL || correct_gradient == NULL || incorrect_gradient == NULL) {
    return error->code;
  }
  double steps = (double)spikes->steps;
  struct inputs inputs = {.spikes = spikes,
                          .targets = values[TARGETS].labels,
                          .classes = (size_t)values[NUM_CLASSES].count,
                          .population = (size_t)values[NEURONS_PER_CLASS].count,
                          .pairs = (double)spikes->accumulators};
  struct totals totals = {.correct.target = steps * values[CORRECT_RATE].real,
                          .incorrect.target = steps * values[INCORRECT_RATE].real};
  copy_counts(gradient, spikes);
  score_all(gradient, &totals, &inputs);
  result->loss = totals.squares / inputs.pairs;
  if (!isfinite(result->loss)) {
    return sl_fail_at(error, SL_RESULT_NOT_FINITE, "/spk", SL_NO_OFFSET,
                      "the mean of (count - target count)^2 is too large for a double");
  }
  *correct_gradient = -2.0 * steps * totals.correct.residuals / inputs.pairs;
  *incorrect_gradient = -2.0 * steps * totals.incorrect.residuals / inputs.pairs;
  add_population_diagnostics(result, &totals, &inputs);
  return sl_result_check_finite(result, fields, error);
}

const struct sl_loss sl_balanced_population_mse_row = {
    .name = "balanced_population_mse",
    .summary = "Mean squared distance of every output neuron's spike count from a target count "
               "that is high in the population of the right class and low in all others",
    .formula = "L = mean_{b,o} (sum_t spk[b,t,o] - T * rate[b,o])^2, where rate[b,o] is "
               "correct_rate if o belongs to class targets[b], else incorrect_rate",
    .example = "{\"spk\": [[[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]], "
               "\"targets\": [0], \"num_classes\": 2, \"neurons_per_class\": 2, "
               "\"correct_rate\": 0.75, \"incorrect_rate\": 0.125}",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate_population,
};

enum sl_status
sl_balanced_population_mse(const struct sl_balanced_population_mse_arguments *arguments,
                           struct sl_result *result, struct sl_error *error) {
  if (arguments == NULL || result == NULL || error == NULL) {
    return sl_fail_argument(error, "sl_balanced_population_mse: a pointer is NULL");
  }
  const struct sl_value values[FIELD_COUNT] = {
      /* Arguments are only read. */
      [SPK] = {.present = true, .length = 1, .spikes = (struct sl_spikes *)arguments->spk},
      [TARGETS] = {.present = true,
                   .length = arguments->target_count,
                   .labels = (int64_t *)arguments->targets},
      [NUM_CLASSES] = {.present = true, .count = arguments->num_classes},
      [NEURONS_PER_CLASS] = {.present = true, .count = arguments->neurons_per_class},
      [CORRECT_RATE] = {.present = true, .real = arguments->correct_rate},
      [INCORRECT_RATE] = {.present = true, .real = arguments->incorrect_rate},
  };
  return sl_loss_evaluate(&sl_balanced_population_mse_row, values, result, error);
}
