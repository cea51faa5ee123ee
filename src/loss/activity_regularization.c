/*
 * Keeps the activity of layers, or of each of their neurons, between bounds.
 *
 *     S_i --mean over the values of a unit--> a_u --bounds--> d_u --power k--> mean or sum --> L_i
 *
 *     per    samples   units of a layer           gradient of S_i
 *     layer  mean      1                          [1, 1, 1]
 *     neuron mean      N                          [1, 1, N]
 *     layer  each      B                          [B, 1, 1]
 *     neuron each      B * N                      [B, 1, N]
 *
 *     d- = max(lower - a, 0)    d+ = max(a - upper, 0)    k = 2 (l2) or 1 (l1)
 *     L_i = weights_i / R * sum over u of (d-^k + d+^k)         R: number of units, or 1
 *
 *     dL/d a_u       = weights_i / R * (k d+^(k-1) [d+ > 0] - k d-^(k-1) [d- > 0])
 *     dL/d lower_i   = weights_i / R * sum over u of k d-^(k-1) [d- > 0]      upper_i: minus d+
 *     dL/d weights_i = L_i / weights_i
 *
 * All values of a unit have the same weight in its mean: one number of a small tensor is the
 * gradient of all of them.
 */
#include "core/checked.h"
#include "loss/loss.h"
#include "loss/result.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  SPIKES_LIST,
  LOWER,
  UPPER,
  WEIGHTS,
  PER,
  SAMPLES,
  MEASURE,
  NORM,
  REDUCTION,
  FIELD_COUNT,
};

static const char *const units[] = {
    [SL_ACTIVITY_LAYER] = "layer", [SL_ACTIVITY_NEURON] = "neuron", NULL};
static const char *const samples[] = {[SL_SAMPLES_MEAN] = "mean", [SL_SAMPLES_EACH] = "each", NULL};
static const char *const norms[] = {[SL_NORM_L2] = "l2", [SL_NORM_L1] = "l1", NULL};

static const struct sl_field fields[FIELD_COUNT] = {
    [SPIKES_LIST] = {.name = "spikes_list",
                     .summary = "One spike tensor a layer, of any rank from 1 to 8",
                     .kind = SL_FIELD_SPIKES_LIST,
                     .min_rank = 1,
                     .max_rank = SL_MAX_RANK,
                     .axes = "[batch, time, neurons]",
                     .per_sample = true},
    [LOWER] = {.name = "lower",
               .summary = "Below this the activity of every layer costs; if it is absent there "
                          "is no such bound, but lower or upper must be there",
               .kind = SL_FIELD_REALS,
               .optional = true,
               .default_real = NAN,
               .or_next = true},
    [UPPER] = {.name = "upper",
               .summary = "Above this the activity of every layer costs; if it is absent there "
                          "is no such bound, but lower or upper must be there",
               .kind = SL_FIELD_REALS,
               .optional = true,
               .default_real = NAN},
    [WEIGHTS] = {.name = "weights",
                 .summary = "The weight of every layer; by default 1 each",
                 .kind = SL_FIELD_REALS,
                 .optional = true,
                 .default_real = 1.0},
    [PER] = {.name = "per",
             .summary = "What is kept between the bounds: the mean of the whole layer, or every "
                        "neuron",
             .kind = SL_FIELD_CHOICE,
             .choices = units,
             .optional = true},
    [SAMPLES] = {.name = "samples",
                 .summary = "Whether activity is averaged over the batch first, or each sample is "
                            "judged alone",
                 .kind = SL_FIELD_CHOICE,
                 .choices = samples,
                 .optional = true},
    [MEASURE] = {.name = "measure",
                 .summary = "What the bounds are of: counts of spikes, or rates, which are counts "
                            "divided by the time steps",
                 .kind = SL_FIELD_CHOICE,
                 .choices = sl_measures,
                 .optional = true,
                 .default_choice = SL_MEASURE_RATE},
    [NORM] = {.name = "norm",
              .summary = "The square of the distance from a bound, or the distance itself",
              .kind = SL_FIELD_CHOICE,
              .choices = norms,
              .optional = true},
    [REDUCTION] = {.name = "reduction",
                   .summary = "The mean over the units of a layer, or their sum; layers are always "
                              "summed",
                   .kind = SL_FIELD_CHOICE,
                   .choices = sl_reductions,
                   .optional = true},
};

struct settings {
  bool by_neuron, by_sample, of_rates, linear, sum;
};

/* A layer while it is judged. */
struct layer {
  const struct sl_spikes *spikes;
  double lower, upper; /* NAN: no such bound, and no comparison with it is true */
  double weight;
  double *values; /* of the units: sums, then gradients of the spikes */
  size_t units;
  double divisor; /* from the sum of a unit to its activity */

  /* What comes of it. */
  double total; /* of all spikes */
  double loss, loss_without_weight;
  double lower_gradient, upper_gradient;
  size_t below, above; /* units */
};

/* What is reported about a layer beside its tensor: rate, loss, below, above. */
enum { DIAGNOSTICS_PER_LAYER = 4 + SL_TENSOR_DIAGNOSTICS };

static enum sl_status check_bounds(const struct sl_value *values, struct sl_error *error) {
  const struct sl_value *lower = &values[LOWER];
  const struct sl_value *upper = &values[UPPER];
  for (size_t i = 0; lower->present && upper->present && i < upper->length; i++) {
    if (lower->reals[i] > upper->reals[i]) {
      char pointer[sizeof error->pointer];
      snprintf(pointer, sizeof pointer, "/upper/%zu", i);
      return sl_fail_at(error, SL_OUT_OF_RANGE, pointer, SL_NO_OFFSET,
                        "upper[%zu] is %g, below lower[%zu], which is %g: lower <= upper must hold "
                        "in every layer",
                        i, upper->reals[i], i, lower->reals[i]);
    }
  }
  return SL_OK;
}

static enum sl_status check_relations(const struct sl_value *values, struct sl_error *error) {
  size_t layers = values[SPIKES_LIST].length;
  for (size_t field = LOWER; field <= WEIGHTS; field++) {
    if (sl_check_layers(&fields[field], &values[field], layers, error) != SL_OK ||
        (field == UPPER && check_bounds(values, error) != SL_OK)) {
      return error->code;
    }
  }
  return SL_OK;
}

/* Adds the gradient of a layer's spikes: 1 along time, and along all that a unit averages. */
static double *add_units(struct sl_result *result, size_t item, const struct sl_spikes *spikes,
                         const struct settings *settings, struct sl_error *error) {
  size_t small_shape[SL_MAX_RANK];
  sl_spikes_small_shape(spikes, settings->by_sample, settings->by_neuron, small_shape);
  return sl_result_add_spikes_gradient(result, SPIKES_LIST, item, spikes, small_shape, error);
}

/* Adds the counts of all (sample, neuron) pairs, in row-major order, to their units. */
static void sum_units(struct layer *layer, const struct settings *settings) {
  const struct sl_spikes *spikes = layer->spikes;
  size_t stride = !settings->by_sample ? 0 : settings->by_neuron ? spikes->neurons : 1;
  for (size_t sample = 0; sample < spikes->samples; sample++) {
    double *row = layer->values + sample * stride;
    double layer_sum = row[0];
    for (size_t neuron = 0; neuron < spikes->neurons; neuron++) {
      size_t pair = sample * spikes->neurons + neuron;
      double count = (double)sl_spikes_ones(spikes, pair);
      count += spikes->sums != NULL ? spikes->sums[pair] : 0.0;
      if (settings->by_neuron) {
        row[neuron] += count;
      } else {
        layer_sum += count;
      }
    }
    if (!settings->by_neuron) {
      row[0] = layer_sum;
    }
  }
}

/* Judges one unit and returns dL/d a_u without weight and R. */
static double judge(struct layer *layer, double activity, bool linear) {
  double below = layer->lower - activity;
  double above = activity - layer->upper;
  double slope = 0.0;
  if (below > 0.0) {
    double force = linear ? 1.0 : 2.0 * below;
    layer->loss_without_weight += linear ? below : below * below;
    layer->lower_gradient += force;
    layer->below++;
    slope -= force;
  }
  if (above > 0.0) {
    double force = linear ? 1.0 : 2.0 * above;
    layer->loss_without_weight += linear ? above : above * above;
    layer->upper_gradient -= force;
    layer->above++;
    slope += force;
  }
  return slope;
}

static void evaluate_layer(struct layer *layer, const struct settings *settings) {
  double terms = settings->sum ? 1.0 : (double)layer->units;
  double scale = layer->weight / terms;
  memset(layer->values, 0, layer->units * sizeof *layer->values);
  sum_units(layer, settings);
  for (size_t unit = 0; unit < layer->units; unit++) {
    layer->total += layer->values[unit];
    double slope = judge(layer, layer->values[unit] / layer->divisor, settings->linear);
    layer->values[unit] = scale * slope / layer->divisor;
  }
  layer->loss_without_weight /= terms;
  layer->loss = layer->weight * layer->loss_without_weight;
  layer->lower_gradient *= scale;
  layer->upper_gradient *= scale;
}

static void add_layer_diagnostics(struct sl_result *result, const struct layer *layer) {
  const struct sl_spikes *spikes = layer->spikes;
  double values = (double)(spikes->samples * spikes->steps * spikes->neurons);
  sl_result_add_real(result, "rate", layer->total / values);
  sl_result_add_real(result, "loss", layer->loss);
  sl_result_add_real(result, "below", (double)layer->below / (double)layer->units);
  sl_result_add_real(result, "above", (double)layer->above / (double)layer->units);
  sl_result_add_tensor(result, spikes);
}

static enum sl_status layer_not_finite(size_t item, struct sl_error *error) {
  char pointer[sizeof error->pointer];
  snprintf(pointer, sizeof pointer, "/spikes_list/%zu", item);
  return sl_fail_at(error, SL_RESULT_NOT_FINITE, pointer, SL_NO_OFFSET,
                    "the loss of spikes_list[%zu]" SL_TOO_LARGE, item);
}

static struct layer new_layer(const struct sl_value *values, size_t item, const struct settings *s,
                              struct sl_gradient *gradient) {
  const struct sl_spikes *spikes = &values[SPIKES_LIST].spikes[item];
  size_t averaged = spikes->samples * spikes->neurons / gradient->count;
  return (struct layer){.spikes = spikes,
                        .lower = sl_value_item(&fields[LOWER], &values[LOWER], item),
                        .upper = sl_value_item(&fields[UPPER], &values[UPPER], item),
                        .weight = sl_value_item(&fields[WEIGHTS], &values[WEIGHTS], item),
                        .values = gradient->values,
                        .units = gradient->count,
                        .divisor = (double)(s->of_rates ? averaged * spikes->steps : averaged)};
}

/* Adds the gradients of a list that is there; `gradients` is left alone if it is not. */
static enum sl_status add_list(double **gradients, size_t field, const struct sl_value *values,
                               struct sl_result *result, struct sl_error *error) {
  if (!values[field].present && isnan(fields[field].default_real)) {
    return SL_OK;
  }
  *gradients = sl_result_add_reals_gradient(result, field, values[SPIKES_LIST].length, error);
  return *gradients != NULL ? SL_OK : error->code;
}

static enum sl_status evaluate_layers(const struct sl_value *values, struct sl_result *result,
                                      const struct settings *settings, struct sl_error *error) {
  size_t layers = values[SPIKES_LIST].length;
  double *gradients[FIELD_COUNT] = {NULL};
  for (size_t i = 0; i < layers; i++) {
    if (add_units(result, i, &values[SPIKES_LIST].spikes[i], settings, error) == NULL) {
      return error->code;
    }
  }
  for (size_t field = LOWER; field <= WEIGHTS; field++) {
    if (add_list(&gradients[field], field, values, result, error) != SL_OK) {
      return error->code;
    }
  }
  for (size_t i = 0; i < layers; i++) {
    struct layer layer = new_layer(values, i, settings, &result->gradients[i]);
    evaluate_layer(&layer, settings);
    if (!isfinite(layer.loss)) {
      return layer_not_finite(i, error);
    }
    result->loss += layer.loss;
    if (gradients[LOWER] != NULL) {
      gradients[LOWER][i] = layer.lower_gradient;
    }
    if (gradients[UPPER] != NULL) {
      gradients[UPPER][i] = layer.upper_gradient;
    }
    gradients[WEIGHTS][i] = layer.loss_without_weight;
    add_layer_diagnostics(result, &layer);
  }
  return sl_result_check_finite(result, 0, fields, error);
}

static size_t choice_of(const struct sl_value *values, size_t field) {
  return sl_value_choice(&fields[field], &values[field]);
}

static enum sl_status evaluate_activity(const struct sl_value *values, struct sl_result *result,
                                        struct sl_error *error) {
  const struct settings settings = {.by_neuron = choice_of(values, PER) == SL_ACTIVITY_NEURON,
                                    .by_sample = choice_of(values, SAMPLES) == SL_SAMPLES_EACH,
                                    .of_rates = choice_of(values, MEASURE) == SL_MEASURE_RATE,
                                    .linear = choice_of(values, NORM) == SL_NORM_L1,
                                    .sum = choice_of(values, REDUCTION) == SL_REDUCTION_SUM};
  if (check_relations(values, error) != SL_OK ||
      sl_result_reserve_layers(result, values[SPIKES_LIST].length, 3, DIAGNOSTICS_PER_LAYER,
                               error) != SL_OK) {
    return error->code;
  }
  return evaluate_layers(values, result, &settings, error);
}

const struct sl_loss sl_activity_regularization_row = {
    .name = "activity_regularization",
    .summary = "How far the activity of every layer, or of every neuron, is below a lower or above "
               "an upper bound, weighted by layer and summed",
    .formula = "L = sum_i weights[i] * mean_u (max(lower[i] - a[u], 0)^2 + "
               "max(a[u] - upper[i], 0)^2), where a[u] is the mean rate (or count) of unit u, a "
               "layer or a neuron, over the batch or in each sample",
    .example = "{\"spikes_list\": [[[[1, 0, 1], [0, 0, 1]]]], \"lower\": [0.1], \"upper\": [0.4], "
               "\"per\": \"neuron\"}",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate_activity,
};

enum sl_status
sl_activity_regularization(const struct sl_activity_regularization_arguments *arguments,
                           struct sl_result *result, struct sl_error *error) {
  if (arguments == NULL || result == NULL || error == NULL) {
    return sl_fail_argument(error, "sl_activity_regularization: a pointer is NULL");
  }
  size_t layers = arguments->layer_count;
#define LIST(member)                                                                               \
  { .present = arguments->member != NULL, .length = layers, .reals = (double *)arguments->member }
#define CHOICE(member)                                                                             \
  { .present = true, .choice = arguments->member }
  struct sl_value values[FIELD_COUNT] = {
      /* Arguments are only read. */
      [LOWER] = LIST(lower), [UPPER] = LIST(upper),           [WEIGHTS] = LIST(weights),
      [PER] = CHOICE(per),   [SAMPLES] = CHOICE(samples),     [MEASURE] = CHOICE(measure),
      [NORM] = CHOICE(norm), [REDUCTION] = CHOICE(reduction),
  };
  return sl_loss_evaluate_layers(&sl_activity_regularization_row, values, arguments->spikes_list,
                                 layers, result, error);
}
