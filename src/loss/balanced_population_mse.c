/*
 * Teaches populations of output neurons to spike at one rate for the right class and at another
 * for all wrong ones, by the squared distance of spike counts from target counts.
 *
 *     count[b,o] = sum over t of spk[b,t,o]      target[b,o] = T * correct_rate or incorrect_rate
 *
 *     L = 1/(B O) * sum of residual[b,o]^2       residual = count - target
 *
 * Every step of a neuron adds to its count alike, so the gradient of spk has one value for a whole
 * (sample, neuron) pair, 2 residual / (B O), and no time axis. This is spike_count_mse with all its
 * defaults, which also computes it.
 */
#include "loss/loss.h"
#include "loss/population.h"

enum {
  NEURONS_PER_CLASS = SL_POPULATION_FIELDS,
  CORRECT_RATE,
  INCORRECT_RATE,
  FIELD_COUNT,
};

static const struct sl_field fields[FIELD_COUNT] = {
    SL_POPULATION_FIELD_ROWS,
    [NEURONS_PER_CLASS] = {.name = "neurons_per_class",
                           .summary = "How many neurons a class has; class k owns the "
                                      "neurons from k * neurons_per_class on",
                           .kind = SL_FIELD_COUNT,
                           .min_count = 1,
                           .max_count = SL_POPULATION_MAX_COUNT},
    [CORRECT_RATE] = {.name = "correct_rate",
                      .summary = "The target rate of the population of the sample's class, in "
                                 "spikes per neuron and time step",
                      .kind = SL_FIELD_REAL},
    [INCORRECT_RATE] = {.name = "incorrect_rate",
                        .summary = "The target rate of all other populations, in spikes per neuron "
                                   "and time step",
                        .kind = SL_FIELD_REAL},
};

static enum sl_status evaluate_population(const struct sl_value *values, struct sl_result *result,
                                          struct sl_error *error) {
  struct sl_population population;
  size_t neurons = (size_t)values[NEURONS_PER_CLASS].count;
  if (sl_population_read(&population, values, neurons, error) != SL_OK) {
    return error->code;
  }
  const struct sl_count_mse settings = {.correct_field = CORRECT_RATE,
                                        .incorrect_field = INCORRECT_RATE,
                                        .correct_rate = values[CORRECT_RATE].real,
                                        .incorrect_rate = values[INCORRECT_RATE].real,
                                        .weight = 1.0};
  return sl_population_mse(result, &population, &settings, fields, error);
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
      SL_POPULATION_VALUES(arguments),
      [NEURONS_PER_CLASS] = {.present = true, .count = arguments->neurons_per_class},
      [CORRECT_RATE] = {.present = true, .real = arguments->correct_rate},
      [INCORRECT_RATE] = {.present = true, .real = arguments->incorrect_rate},
  };
  return sl_loss_evaluate(&sl_balanced_population_mse_row, values, result, error);
}
