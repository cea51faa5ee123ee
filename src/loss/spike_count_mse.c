/*
 * The squared distance of spike counts from target counts, in the forms in which libraries have it.
 *
 * A unit u is a neuron (n_u = 1), or the population of a class (n_u neurons); s = 1 for counts and
 * 1/T for rates:
 *
 *     a[b,u]   = s * sum of spk[b,t,o] over t and the neurons o of u
 *     tau[b,u] = s * T * rate * n_u, cut to an integer if asked       rate: correct or incorrect
 *
 *     L = weight/R * sum of (a - tau)^2                               R: number of (b,u), or 1
 *
 *     dL/d spk[b,t,o] = 2 weight s (a - tau) / R       of the unit of o, the same for every t
 *     dL/d rate       = -2 weight s T / R * sum of (a - tau) n_u over the units that have it
 */
#include "loss/loss.h"
#include "loss/population.h"
#include "loss/result.h"
#include <math.h>

enum {
  CORRECT_RATE = SL_POPULATION_FIELDS,
  INCORRECT_RATE,
  PER,
  MEASURE,
  TRUNCATE,
  REDUCTION,
  WEIGHT,
  FIELD_COUNT,
};

static const struct sl_field fields[FIELD_COUNT] = {
    SL_POPULATION_FIELD_ROWS,
    [CORRECT_RATE] = {.name = "correct_rate",
                      .summary = "The target rate of the neurons of the sample's class, in "
                                 "spikes per neuron and time step",
                      .kind = SL_FIELD_REAL},
    [INCORRECT_RATE] = {.name = "incorrect_rate",
                        .summary = "The target rate of all other neurons, in spikes per neuron "
                                   "and time step",
                        .kind = SL_FIELD_REAL},
    [PER] = {.name = "per",
             .summary = "What has a target: every neuron, or the total of every population",
             .kind = SL_FIELD_CHOICE,
             .choices = sl_units,
             .optional = true},
    [MEASURE] = {.name = "measure",
                 .summary = "What is compared: counts of spikes, or rates, which are counts "
                            "divided by the time steps",
                 .kind = SL_FIELD_CHOICE,
                 .choices = sl_measures,
                 .optional = true},
    [TRUNCATE] = {.name = "truncate",
                  .summary = "Whether targets are cut to integers, toward zero",
                  .kind = SL_FIELD_FLAG,
                  .optional = true},
    [REDUCTION] = {.name = "reduction",
                   .summary = "The mean of all squares, or their sum",
                   .kind = SL_FIELD_CHOICE,
                   .choices = sl_reductions,
                   .optional = true},
    [WEIGHT] = {.name = "weight",
                .summary = "A factor of the whole loss",
                .kind = SL_FIELD_REAL,
                .setting = true,
                .optional = true,
                .default_real = 1.0},
};

static struct sl_distance distance_of(const struct sl_population *population,
                                      const struct sl_count_mse *settings) {
  const struct sl_spikes *spikes = population->spikes;
  size_t units = settings->by_population ? population->classes : spikes->neurons;
  double divisor = settings->of_rates ? (double)spikes->steps : 1.0;
  return (struct sl_distance){.by_population = settings->by_population,
                              .divisor = divisor,
                              .terms = settings->sum ? 1.0 : (double)(spikes->samples * units),
                              .scale = settings->weight / divisor};
}

/* Multiplies as snnTorch does, which matters where the product is cut to an integer. */
static double target_of(const struct sl_count_mse *settings, double steps, double rate,
                        double neurons) {
  double target = steps * rate * neurons;
  return settings->truncate ? trunc(target) : target;
}

enum sl_status sl_population_mse(struct sl_result *result, const struct sl_population *population,
                                 const struct sl_count_mse *settings,
                                 const struct sl_field *loss_fields, struct sl_error *error) {
  struct sl_distance distance = distance_of(population, settings);
  struct sl_gradient *gradient = sl_population_gradient(result, population, &distance, 3, 0, error);
  if (gradient == NULL) {
    return error->code;
  }
  double *correct = sl_result_add_real_gradient(result, settings->correct_field, error);
  double *incorrect = sl_result_add_real_gradient(result, settings->incorrect_field, error);
  if (correct == NULL || incorrect == NULL) {
    return error->code;
  }
  double steps = settings->of_rates ? 1.0 : (double)population->spikes->steps;
  double neurons = settings->by_population ? (double)population->neurons : 1.0;
  struct sl_population_totals totals = {
      .correct.target = target_of(settings, steps, settings->correct_rate, neurons),
      .incorrect.target = target_of(settings, steps, settings->incorrect_rate, neurons)};
  sl_population_score(gradient, &totals, population, &distance);
  result->loss = totals.squares / distance.terms * settings->weight;
  if (!isfinite(result->loss)) {
    return sl_fail_at(error, SL_RESULT_NOT_FINITE, "/spk", SL_NO_OFFSET,
                      "the %s of (count - target count)^2" SL_TOO_LARGE,
                      settings->sum ? "sum" : "mean");
  }
  if (!settings->truncate) {
    double slope = -2.0 * (steps * neurons);
    *correct = slope * totals.correct.residuals / distance.terms * settings->weight;
    *incorrect = slope * totals.incorrect.residuals / distance.terms * settings->weight;
  }
  sl_population_add_diagnostics(result, population, &totals);
  /* No residual is beyond the root of the loss: unless scaled, its gradient is finite too. */
  size_t known = distance.scale == 1.0 && distance.divisor == 1.0 ? 1 : 0;
  return sl_result_check_finite(result, known, loss_fields, error);
}

static enum sl_status evaluate_counts(const struct sl_value *values, struct sl_result *result,
                                      struct sl_error *error) {
  struct sl_population population;
  if (sl_population_read(&population, values, 0, error) != SL_OK) {
    return error->code;
  }
  const struct sl_count_mse settings = {
      .correct_field = CORRECT_RATE,
      .incorrect_field = INCORRECT_RATE,
      .correct_rate = values[CORRECT_RATE].real,
      .incorrect_rate = values[INCORRECT_RATE].real,
      .by_population = sl_value_choice(&fields[PER], &values[PER]) == SL_UNIT_POPULATION,
      .of_rates = sl_value_choice(&fields[MEASURE], &values[MEASURE]) == SL_MEASURE_RATE,
      .truncate = values[TRUNCATE].flag,
      .sum = sl_value_choice(&fields[REDUCTION], &values[REDUCTION]) == SL_REDUCTION_SUM,
      .weight = sl_value_real(&fields[WEIGHT], &values[WEIGHT])};
  return sl_population_mse(result, &population, &settings, fields, error);
}

const struct sl_loss sl_spike_count_mse_row = {
    .name = "spike_count_mse",
    .summary = "Squared distance of spike counts or rates, of neurons or of whole populations, "
               "from targets that are high for the right class and low for all others",
    .formula = "L = weight * mean_{b,u} (a[b,u] - tau[b,u])^2, where a is the count (or rate) of "
               "unit u, a neuron or a population, and tau = T * rate * neurons of u (or rate * "
               "neurons of u), with correct_rate if u belongs to class targets[b], else "
               "incorrect_rate",
    .example = "{\"spk\": [[[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]], "
               "\"targets\": [0], \"num_classes\": 2, \"correct_rate\": 0.7, "
               "\"incorrect_rate\": 0.1, \"per\": \"population\", \"truncate\": true, "
               "\"weight\": 0.25}",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate_counts,
};

enum sl_status sl_spike_count_mse(const struct sl_spike_count_mse_arguments *arguments,
                                  struct sl_result *result, struct sl_error *error) {
  if (arguments == NULL || result == NULL || error == NULL) {
    return sl_fail_argument(error, "sl_spike_count_mse: a pointer is NULL");
  }
  const struct sl_value values[FIELD_COUNT] = {
      SL_POPULATION_VALUES(arguments),
      [CORRECT_RATE] = {.present = true, .real = arguments->correct_rate},
      [INCORRECT_RATE] = {.present = true, .real = arguments->incorrect_rate},
      [PER] = {.present = true, .choice = arguments->per},
      [MEASURE] = {.present = true, .choice = arguments->measure},
      [TRUNCATE] = {.present = true, .flag = arguments->truncate},
      [REDUCTION] = {.present = true, .choice = arguments->reduction},
      [WEIGHT] = {.present = true, .real = arguments->weight},
  };
  return sl_loss_evaluate(&sl_spike_count_mse_row, values, result, error);
}
