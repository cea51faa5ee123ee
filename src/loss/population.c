#include "loss/population.h"

#include <math.h>
#include <stdio.h>

/* The axes of spk in each layout, for messages. */
static const char *const axes[] = {
    [SL_BATCH_TIME_NEURONS] = "[batch, time, neurons]",
    [SL_TIME_BATCH_NEURONS] = "[time, batch, neurons]",
    [SL_BATCH_NEURONS_TIME] = "[batch, neurons, time]",
};

static enum sl_status check_product(const struct sl_spikes *spikes, size_t classes,
                                    size_t population, struct sl_error *error) {
  const size_t *shape = spikes->shape;
  size_t expected;
  if (!sl_checked_multiply(&expected, classes, population)) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                      "spk has %zu output neurons, but num_classes * neurons_per_class is "
                      "%zu * %zu, more than any tensor has",
                      spikes->neurons, classes, population);
  }
  return spikes->neurons == expected
             ? SL_OK
             : sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                          "spk [%zu, %zu, %zu] has %zu output neuron%s, but num_classes * "
                          "neurons_per_class is %zu * %zu = %zu; spk is %s",
                          shape[0], shape[1], shape[2], spikes->neurons,
                          spikes->neurons == 1 ? "" : "s", classes, population, expected,
                          axes[spikes->layout]);
}

static enum sl_status check_division(const struct sl_spikes *spikes, size_t classes,
                                     struct sl_error *error) {
  const size_t *shape = spikes->shape;
  return spikes->neurons % classes == 0
             ? SL_OK
             : sl_fail_at(error, SL_LENGTH_MISMATCH, "/spk", SL_NO_OFFSET,
                          "spk [%zu, %zu, %zu] has %zu output neuron%s, which num_classes (%zu) "
                          "does not divide; spk is %s, with as many neurons for each class",
                          shape[0], shape[1], shape[2], spikes->neurons,
                          spikes->neurons == 1 ? "" : "s", classes, axes[spikes->layout]);
}

static enum sl_status check_targets(const struct sl_population *population, size_t length,
                                    struct sl_error *error) {
  const struct sl_spikes *spikes = population->spikes;
  if (length != spikes->samples) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, "/targets", SL_NO_OFFSET,
                      "targets has %zu label%s, but spk has %zu sample%s: spk is %s, here [%zu, "
                      "%zu, %zu]",
                      length, length == 1 ? "" : "s", spikes->samples,
                      spikes->samples == 1 ? "" : "s", axes[spikes->layout], spikes->shape[0],
                      spikes->shape[1], spikes->shape[2]);
  }
  for (size_t i = 0; i < length; i++) {
    int64_t label = population->targets[i];
    if (label < 0 || (uint64_t)label >= population->classes) {
      char pointer[sizeof error->pointer];
      snprintf(pointer, sizeof pointer, "/targets/%zu", i);
      return sl_fail_at(error, SL_CLASS_OUT_OF_RANGE, pointer, SL_NO_OFFSET,
                        "targets[%zu] is %lld, but num_classes is %zu: labels go from 0 to %zu", i,
                        (long long)label, population->classes, population->classes - 1);
    }
  }
  return SL_OK;
}

enum sl_status sl_population_read(struct sl_population *population, const struct sl_value *values,
                                  size_t neurons_per_class, struct sl_error *error) {
  const struct sl_spikes *spikes = values[SL_POPULATION_SPK].spikes;
  size_t classes = (size_t)values[SL_POPULATION_NUM_CLASSES].count;
  enum sl_status status = neurons_per_class > 0
                              ? check_product(spikes, classes, neurons_per_class, error)
                              : check_division(spikes, classes, error);
  if (status != SL_OK) {
    return status;
  }
  *population = (struct sl_population){.spikes = spikes,
                                       .targets = values[SL_POPULATION_TARGETS].labels,
                                       .classes = classes,
                                       .neurons = spikes->neurons / classes};
  return check_targets(population, values[SL_POPULATION_TARGETS].length, error);
}

enum { DIAGNOSTICS = 4 + SL_TENSOR_DIAGNOSTICS };

/* What most requests ask for is compiled apart: a division less for each neuron. */
static bool is_plain(const struct sl_distance *distance) {
  return distance != NULL && !distance->by_population && distance->divisor == 1.0 &&
         distance->scale == 1.0;
}

struct sl_gradient *sl_population_gradient(struct sl_result *result,
                                           const struct sl_population *population,
                                           const struct sl_distance *distance, size_t gradients,
                                           size_t diagnostics, struct sl_error *error) {
  const struct sl_spikes *spikes = population->spikes;
  size_t table_length = is_plain(distance) ? sl_population_small_table(population) : 0;
  size_t small_shape[SL_MAX_RANK];
  sl_spikes_small_shape(spikes, true, true, small_shape);
  if (sl_result_reserve(result, gradients, DIAGNOSTICS + diagnostics, error) != SL_OK) {
    return NULL;
  }
  if (table_length > 0) {
    return sl_result_add_indexed_gradient(result, SL_POPULATION_SPK, spikes, small_shape,
                                          table_length, error);
  }
  double *values =
      sl_result_add_spikes_gradient(result, SL_POPULATION_SPK, 0, spikes, small_shape, error);
  return values != NULL ? result->gradients : NULL;
}

/* Reads neighbouring counts. */
static void read_counts(double *counts, const struct sl_spikes *spikes, size_t first, size_t end) {
  for (size_t i = first; spikes->small_ones != NULL && i < end; i++) {
    counts[i] = spikes->small_ones[i];
  }
  for (size_t i = first; spikes->ones != NULL && i < end; i++) {
    counts[i] = (double)spikes->ones[i];
  }
  for (size_t i = first; spikes->sums != NULL && i < end; i++) {
    counts[i] += spikes->sums[i];
  }
}

/* The class with the most spikes in a sample; of several, the lowest. */
struct winner {
  size_t class;
  double max_total;
  bool shared;
};

/* Without a branch: which class wins is what no processor can predict. */
static inline void update_winner(struct winner *winner, size_t class, double total) {
  bool above = total > winner->max_total;
  winner->shared = (winner->shared & !above) | (total == winner->max_total);
  winner->class = above ? class : winner->class;
  winner->max_total = above ? total : winner->max_total;
}

/* Adds the distance of one value, and returns its gradient. `plain`: a count, with a scale of 1. */
static inline double add_value(double count, struct sl_population_group *group, double *squares,
                               const struct sl_distance *distance, bool plain) {
  double residual = (plain ? count : count / distance->divisor) - group->target;
  *squares += residual * residual;
  group->residuals += residual;
  double gradient = 2.0 * residual / distance->terms;
  return plain ? gradient : gradient * distance->scale;
}

/*
 * Scores neighbouring populations of one group. Each sum is a chain of additions, one waiting for
 * the other: in one loop, and in registers, the chains run at the same time.
 */
static inline void score_populations(double *row, size_t first, size_t end,
                                     struct sl_population_group *group, struct winner *winner,
                                     double *squares, size_t neurons,
                                     const struct sl_distance *distance, bool plain) {
  struct sl_population_group sums = *group;
  double square_sum = *squares;
  bool by_neuron = plain || (distance != NULL && !distance->by_population);
  for (size_t class = first; class < end; class ++) {
    double *counts = row + class * neurons;
    double total = 0.0;
    for (size_t i = 0; i < neurons; i++) {
      total += counts[i];
      sums.counts += counts[i];
      if (by_neuron) {
        counts[i] = add_value(counts[i], &sums, &square_sum, distance, plain);
      }
    }
    update_winner(winner, class, total);
    double shared = total;
    if (!by_neuron && distance != NULL) {
      shared = add_value(total, &sums, &square_sum, distance, plain);
    }
    for (size_t i = 0; i < neurons && !by_neuron; i++) {
      counts[i] = shared;
    }
  }
  *group = sums;
  *squares = square_sum;
}

static inline void score_samples(double *gradient, size_t first, size_t end,
                                 struct sl_population_totals *totals,
                                 const struct sl_population *population,
                                 const struct sl_distance *distance, bool plain) {
  size_t neurons = population->neurons;
  double *squares = &totals->squares;
  for (size_t sample = first; sample < end; sample++) {
    size_t target = (size_t)population->targets[sample];
    double *row = gradient + sample * population->spikes->neurons;
    struct winner winner = {.max_total = -INFINITY};
    score_populations(row, 0, target, &totals->incorrect, &winner, squares, neurons, distance,
                      plain);
    score_populations(row, target, target + 1, &totals->correct, &winner, squares, neurons,
                      distance, plain);
    score_populations(row, target + 1, population->classes, &totals->incorrect, &winner, squares,
                      neurons, distance, plain);
    totals->hits += winner.class == target;
    totals->ties += winner.shared;
  }
}

void sl_population_score(struct sl_gradient *gradient, struct sl_population_totals *totals,
                         const struct sl_population *population,
                         const struct sl_distance *distance) {
  enum { PAIRS = 1024 }; /* few enough to stay in the cache after they are read */
  const struct sl_spikes *spikes = population->spikes;
  size_t samples = 1 + PAIRS / spikes->neurons;
  bool plain = is_plain(distance);
  if (plain && sl_population_score_small(gradient, totals, population, distance->terms)) {
    return;
  }
  for (size_t first = 0, end; first < spikes->samples; first = end) {
    end = samples < spikes->samples - first ? first + samples : spikes->samples;
    read_counts(gradient->values, spikes, first * spikes->neurons, end * spikes->neurons);
    if (plain) {
      score_samples(gradient->values, first, end, totals, population, distance, true);
    } else {
      score_samples(gradient->values, first, end, totals, population, distance, false);
    }
  }
}

void sl_population_add_diagnostics(struct sl_result *result, const struct sl_population *population,
                                   const struct sl_population_totals *totals) {
  const struct sl_spikes *spikes = population->spikes;
  double samples = (double)spikes->samples;
  double correct_values = samples * (double)population->neurons * (double)spikes->steps;
  double incorrect_values = correct_values * (double)(population->classes - 1);
  sl_result_add_real(result, "accuracy", (double)totals->hits / samples);
  sl_result_add_count(result, "ties", totals->ties);
  sl_result_add_tensor(result, spikes);
  sl_result_add_real(result, "mean_rate_correct", totals->correct.counts / correct_values);
  /* A single class has no wrong population: its mean rate is reported as 0. */
  sl_result_add_real(result, "mean_rate_incorrect",
                     population->classes > 1 ? totals->incorrect.counts / incorrect_values : 0.0);
}
