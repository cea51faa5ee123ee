/*
 * Teaches populations of output neurons to spike at one rate for the right class and at another
 * for all wrong ones, by the squared distance of spike counts from target counts.
 *
 *     neurons     0 1 2 3 | 4 5 6 7 | 8 9 ...      populations stand side by side
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
#include "loss/result.h"
#include <math.h>
#include <spikeloss/loss.h>
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
#define LARGEST_COUNT (UINT64_C(1) << 53)

static const struct sl_field fields[FIELD_COUNT] = {
    [SPK] = {.name = "spk",
             .summary = "Spikes of the output layer, the populations side by side",
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
                     .max_count = LARGEST_COUNT},
    [NEURONS_PER_CLASS] = {.name = "neurons_per_class",
                           .summary = "How many neurons stand for a class; class k owns the "
                                      "neurons from k * neurons_per_class on",
                           .kind = SL_FIELD_COUNT,
                           .min_count = 1,
                           .max_count = LARGEST_COUNT},
    [CORRECT_RATE] = {.name = "correct_rate",
                      .summary = "The target rate of the population of the sample's class, in "
                                 "spikes per neuron and time step",
                      .kind = SL_FIELD_REAL},
    [INCORRECT_RATE] = {.name = "incorrect_rate",
                        .summary = "The target rate of all other populations, in spikes per neuron "
                                   "and time step",
                        .kind = SL_FIELD_REAL},
};

/* How many the function add_diagnostics adds. */
enum { DIAGNOSTIC_COUNT = 8 };

/* A request whose relations hold. */
struct task {
  const struct sl_spikes *spikes;
  const int64_t *targets;
  size_t classes;
  size_t population; /* neurons of a class */
  double pairs;      /* B * O */
};

/* Sums over the pairs of one kind: those of the right populations, or those of the wrong ones. */
struct side {
  double target;    /* count that each pair should have */
  double counts;    /* sum of what they have */
  double residuals; /* sum of count - target */
};

/* What the walk over all pairs gathers. */
struct tally {
  double squares;
  struct side correct;
  struct side incorrect;
  size_t hits; /* samples won by their own class */
  size_t ties; /* samples whose winner had to share the first place */
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
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                      "spk has %zu output neuron%s, but num_classes * neurons_per_class is "
                      "%zu * %zu = %zu",
                      neurons, neurons == 1 ? "" : "s", classes, population, expected);
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

/* Who leads in a sample: the class with the most spikes; of several, the lowest. */
struct race {
  size_t winner;
  double most;
  bool shared;
};

static void enter_race(struct race *race, size_t class, double total) {
  if (class == 0 || total > race->most) {
    *race = (struct race){.winner = class, .most = total};
  } else if (total == race->most) {
    race->shared = true;
  }
}

/*
 * Turns the counts of neighbouring populations of one side into gradients, in place, and adds up
 * what they tell. The sums are chains of additions that wait for themselves: in one loop, and in
 * registers, they wait at the same time.
 */
static void score_populations(double *counts, size_t first, size_t end, struct side *side,
                              struct race *race, double *squares, const struct task *task) {
  struct side sums = *side;
  double square_sum = *squares;
  for (size_t class = first; class < end; class ++) {
    double total = 0.0;
    for (size_t i = class * task->population; i < (class + 1) * task->population; i++) {
      double residual = counts[i] - sums.target;
      total += counts[i];
      square_sum += residual * residual;
      sums.counts += counts[i];
      sums.residuals += residual;
      counts[i] = 2.0 * residual / task->pairs;
    }
    enter_race(race, class, total);
  }
  *side = sums;
  *squares = square_sum;
}

/* Row-major, by one thread: the order of the additions is a promise to users. */
static void score_all(double *counts, struct tally *tally, const struct task *task) {
  for (size_t sample = 0; sample < task->spikes->samples; sample++) {
    size_t target = (size_t)task->targets[sample];
    double *row = counts + sample * task->spikes->neurons;
    struct race race = {0};
    score_populations(row, 0, target, &tally->incorrect, &race, &tally->squares, task);
    score_populations(row, target, target + 1, &tally->correct, &race, &tally->squares, task);
    score_populations(row, target + 1, task->classes, &tally->incorrect, &race, &tally->squares,
                      task);
    tally->hits += race.winner == target;
    tally->ties += race.shared;
  }
}

static void add_diagnostics(struct sl_result *result, const struct tally *tally,
                            const struct task *task) {
  const struct sl_spikes *spikes = task->spikes;
  struct sl_spikes_health health = sl_spikes_health(spikes);
  double samples = (double)spikes->samples;
  double correct_values = samples * (double)task->population * (double)spikes->steps;
  double incorrect_values = correct_values * (double)(task->classes - 1);
  sl_result_add_real(result, "accuracy", (double)tally->hits / samples);
  sl_result_add_count(result, "ties", tally->ties);
  sl_result_add_count(result, "neurons", spikes->neurons);
  sl_result_add_count(result, "silent", health.silent);
  sl_result_add_count(result, "saturated", health.saturated);
  sl_result_add_flag(result, "binary", sl_spikes_binary(spikes));
  sl_result_add_real(result, "mean_rate_correct", tally->correct.counts / correct_values);
  /* A single class has no wrong population: the mean rate of nothing is told as 0. */
  sl_result_add_real(result, "mean_rate_incorrect",
                     task->classes > 1 ? tally->incorrect.counts / incorrect_values : 0.0);
}

static enum sl_status evaluate(const struct sl_value *values, struct sl_result *result,
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
  struct task task = {.spikes = spikes,
                      .targets = values[TARGETS].labels,
                      .classes = (size_t)values[NUM_CLASSES].count,
                      .population = (size_t)values[NEURONS_PER_CLASS].count,
                      .pairs = (double)spikes->accumulators};
  struct tally tally = {.correct.target = steps * values[CORRECT_RATE].real,
                        .incorrect.target = steps * values[INCORRECT_RATE].real};
  copy_counts(gradient, spikes);
  score_all(gradient, &tally, &task);
  result->loss = tally.squares / task.pairs;
  if (!isfinite(result->loss)) {
    return sl_fail_at(error, SL_RESULT_NOT_FINITE, "/spk", SL_NO_OFFSET,
                      "the mean of (count - target count)^2 is too large for a double");
  }
  *correct_gradient = -2.0 * steps * tally.correct.residuals / task.pairs;
  *incorrect_gradient = -2.0 * steps * tally.incorrect.residuals / task.pairs;
  add_diagnostics(result, &tally, &task);
  return sl_result_check_finite(result, fields, error);
}

const struct sl_loss sl_balanced_population_mse = {
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
    .evaluate = evaluate,
};
