/*
 * Cross entropy of the softmax of what each class has spiked: the population with the most spikes
 * is the network's answer.
 *
 *     z[b,k] = s * sum of spk[b,t,o] over t and the neurons o of class k     s: 1, or 1/T for rates
 *     p[b,k] = exp(z[b,k]) / sum over j of exp(z[b,j])
 *     v[b,k] = w_y ((1 - e) [k = y] + e/K w_k / w_y)             the label y, smoothed by e
 *
 *     L = weight/R * sum over b, k of -v[b,k] log p[b,k]         R: sum over b of w_y, or 1
 *
 *     dL/d z[b,k] = weight/R * (p[b,k] V - v[b,k])               V: sum over k of v[b,k]
 *
 * Nothing overflows, however many spikes there are, and nothing small is lost beside 1, because the
 * winner is taken out of all sums. With `rest` = sum over all others of exp(z - z of the winner):
 *
 *     p of the winner = 1/(1 + rest)      1 - p of the winner = rest/(1 + rest)
 *     -log p[k] = z of the winner - z[k] + log1p(rest)
 */
#include "loss/loss.h"
#include "loss/population.h"
#include "loss/result.h"
#include <math.h>

enum {
  MEASURE = SL_POPULATION_FIELDS,
  LABEL_SMOOTHING,
  CLASS_WEIGHTS,
  REDUCTION,
  WEIGHT,
  FIELD_COUNT,
};

static const struct sl_field fields[FIELD_COUNT] = {
    SL_POPULATION_FIELD_ROWS,
    [MEASURE] = {.name = "measure",
                 .summary = "What the softmax is of: counts of spikes, or rates, which are counts "
                            "divided by the time steps",
                 .kind = SL_FIELD_CHOICE,
                 .choices = sl_measures,
                 .optional = true},
    [LABEL_SMOOTHING] = {.name = "label_smoothing",
                         .summary = "The share of every label that is spread over all classes",
                         .kind = SL_FIELD_REAL,
                         .setting = true,
                         .max_real = 1.0,
                         .optional = true},
    [CLASS_WEIGHTS] = {.name = "class_weights",
                       .summary = "The weight of every class; by default 1 each",
                       .kind = SL_FIELD_REALS,
                       .setting = true,
                       .max_real = INFINITY,
                       .optional = true,
                       .default_real = 1.0},
    [REDUCTION] = {.name = "reduction",
                   .summary = "The mean over all samples, each with the weight of its class, or "
                              "the sum",
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

/* A request whose relations hold. */
struct entropy {
  struct sl_population population;
  const struct sl_value *class_weights;
  double smoothing;
  double divisor; /* from counts to z */
  double factor;  /* weight / R */
  double mean_class_weight;
  double probability_correct; /* summed over the samples */
};

static double weight_of(const struct entropy *entropy, size_t class) {
  return sl_value_item(&fields[CLASS_WEIGHTS], entropy->class_weights, class);
}

/* Returns v[k] of a sample with this label. */
static double label_of(const struct entropy *entropy, size_t label, size_t class) {
  double spread = entropy->smoothing * weight_of(entropy, class);
  double own = class == label ? (1.0 - entropy->smoothing) * weight_of(entropy, class) : 0.0;
  return own + spread / (double)entropy->population.classes;
}

static enum sl_status check_class_weights(const struct sl_value *value, size_t classes,
                                          struct sl_error *error) {
  return !value->present || value->length == classes
             ? SL_OK
             : sl_fail_at(error, SL_LENGTH_MISMATCH, "/class_weights", SL_NO_OFFSET,
                          "class_weights has %zu number%s, but num_classes is %zu: give one number "
                          "a class",
                          value->length, value->length == 1 ? "" : "s", classes);
}

/* Finds R, the sum of the weights of all labels. */
static enum sl_status sum_weights(double *sum, const struct entropy *entropy,
                                  struct sl_error *error) {
  const struct sl_population *population = &entropy->population;
  *sum = 0.0;
  for (size_t sample = 0; sample < population->spikes->samples; sample++) {
    *sum += weight_of(entropy, (size_t)population->targets[sample]);
  }
  return *sum > 0.0 ? SL_OK
                    : sl_fail_at(error, SL_OUT_OF_RANGE, "/class_weights", SL_NO_OFFSET,
                                 "class_weights: the classes of all targets have weight 0, so "
                                 "there is no mean; give one of them a weight, or ask for "
                                 "reduction: sum");
}

static size_t winner_of(const double *row, const struct sl_population *population) {
  size_t winner = 0;
  for (size_t class = 1; class < population->classes; class ++) {
    if (row[class * population->neurons] > row[winner * population->neurons]) {
      winner = class;
    }
  }
  return winner;
}

/* Turns the totals of a sample's populations into exponentials, in place, adds all but that of the
 * winner to `rest`, and returns the sum of v[k] (z of the winner - z[k]). */
static double add_exponentials(double *row, size_t label, size_t winner, double *rest,
                               const struct entropy *entropy) {
  size_t neurons = entropy->population.neurons;
  double max = row[winner * neurons];
  double distances = 0.0;
  for (size_t class = 0; class < entropy->population.classes; class ++) {
    double distance = (max - row[class * neurons]) / entropy->divisor;
    double v = label_of(entropy, label, class);
    distances += v > 0.0 ? v * distance : 0.0;
    row[class * neurons] = class == winner ? 1.0 : exp(-distance);
    *rest += class == winner ? 0.0 : row[class * neurons];
  }
  return distances;
}

/* Turns the totals of a sample's populations into gradients, in place, and returns its term. */
static double score_sample(double *row, size_t label, struct entropy *entropy) {
  const struct sl_population *population = &entropy->population;
  size_t neurons = population->neurons;
  size_t winner = winner_of(row, population);
  double rest = 0.0;
  double distances = add_exponentials(row, label, winner, &rest, entropy);
  double own = (1.0 - entropy->smoothing) * weight_of(entropy, label);
  double labels = own + entropy->smoothing * entropy->mean_class_weight;
  for (size_t class = 0; class < population->classes; class ++) {
    double probability = row[class * neurons] / (1.0 + rest);
    double others = class == winner ? rest / (1.0 + rest) : 1.0 - probability;
    double v = label_of(entropy, label, class);
    entropy->probability_correct += class == label ? probability : 0.0;
    /* p V - v, without the difference of two large numbers. */
    double slope = probability * (labels - v) - others * v;
    for (size_t i = class * neurons; i < (class + 1) * neurons; i++) {
      row[i] = entropy->factor * slope / entropy->divisor;
    }
  }
  return labels * log1p(rest) + distances;
}

/* Turns the totals of all populations into gradients and returns the loss. */
static double score_samples(double *totals, struct entropy *entropy) {
  const struct sl_population *population = &entropy->population;
  double sum = 0.0;
  for (size_t class = 0; class < population->classes; class ++) {
    sum += weight_of(entropy, class);
  }
  entropy->mean_class_weight = sum / (double)population->classes;
  double terms = 0.0;
  for (size_t sample = 0; sample < population->spikes->samples; sample++) {
    size_t label = (size_t)population->targets[sample];
    terms += score_sample(totals + sample * population->spikes->neurons, label, entropy);
  }
  return terms * entropy->factor;
}

static enum sl_status evaluate_entropy(const struct sl_value *values, struct sl_result *result,
                                       struct sl_error *error) {
  struct entropy entropy = {.class_weights = &values[CLASS_WEIGHTS],
                            .smoothing =
                                sl_value_real(&fields[LABEL_SMOOTHING], &values[LABEL_SMOOTHING])};
  struct sl_population *population = &entropy.population;
  if (sl_population_read(population, values, 0, error) != SL_OK ||
      check_class_weights(&values[CLASS_WEIGHTS], population->classes, error) != SL_OK) {
    return error->code;
  }
  double terms = 1.0;
  if (sl_value_choice(&fields[REDUCTION], &values[REDUCTION]) == SL_REDUCTION_MEAN &&
      sum_weights(&terms, &entropy, error) != SL_OK) {
    return error->code;
  }
  bool of_rates = sl_value_choice(&fields[MEASURE], &values[MEASURE]) == SL_MEASURE_RATE;
  entropy.divisor = of_rates ? (double)population->spikes->steps : 1.0;
  entropy.factor = sl_value_real(&fields[WEIGHT], &values[WEIGHT]) / terms;
  struct sl_gradient *gradient = sl_population_gradient(result, population, NULL, 1, 1, error);
  if (gradient == NULL) {
    return error->code;
  }
  struct sl_population_totals totals = {0};
  sl_population_score(gradient, &totals, population, NULL);
  result->loss = score_samples(gradient->values, &entropy);
  sl_population_add_diagnostics(result, population, &totals);
  sl_result_add_real(result, "mean_probability_correct",
                     entropy.probability_correct / (double)population->spikes->samples);
  return sl_result_check_finite(result, 0, fields, error);
}

const struct sl_loss sl_spike_count_cross_entropy_row = {
    .name = "spike_count_cross_entropy",
    .summary = "Cross entropy between the classes of all samples and the softmax of what their "
               "populations have spiked",
    .formula = "L = weight * mean_b -log softmax_k(z[b,k])[targets[b]], where z[b,k] is the sum "
               "of spk[b,t,o] over t (or its mean) and the neurons o of class k; with "
               "label_smoothing and class_weights as PyTorch's cross_entropy has them",
    .example = "{\"spk\": [[[1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0]]], "
               "\"targets\": [1], \"num_classes\": 2, \"label_smoothing\": 0.1, "
               "\"class_weights\": [1, 2]}",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate_entropy,
};

enum sl_status
sl_spike_count_cross_entropy(const struct sl_spike_count_cross_entropy_arguments *arguments,
                             struct sl_result *result, struct sl_error *error) {
  if (arguments == NULL || result == NULL || error == NULL) {
    return sl_fail_argument(error, "sl_spike_count_cross_entropy: a pointer is NULL");
  }
  const struct sl_value values[FIELD_COUNT] = {
      SL_POPULATION_VALUES(arguments),
      [MEASURE] = {.present = true, .choice = arguments->measure},
      [LABEL_SMOOTHING] = {.present = true, .real = arguments->label_smoothing},
      [CLASS_WEIGHTS] = {.present = arguments->class_weights != NULL,
                         .length = (size_t)arguments->num_classes,
                         .reals = (double *)arguments->class_weights},
      [REDUCTION] = {.present = true, .choice = arguments->reduction},
      [WEIGHT] = {.present = true, .real = arguments->weight},
  };
  return sl_loss_evaluate(&sl_spike_count_cross_entropy_row, values, result, error);
}
