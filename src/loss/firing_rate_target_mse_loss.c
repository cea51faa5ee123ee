/*
 * Pulls the mean firing rate of every layer towards a target of its own.
 *
 *     S_i --mean--> r_i -- - o_i --> difference -- * m_i --> weighted --squared--> L_i --sum--> L
 *
 * The backward pass walks the same line from the right:
 *
 *     dL/d weighted   = 2 weighted
 *     dL/d m_i        = 2 weighted difference
 *     dL/d difference = 2 weighted m_i          called slope below
 *     dL/d o_i        = -slope
 *     dL/d S_i[...]   = slope / numel(S_i)
 *
 * Every element of a layer has the same weight in its mean, so one number is the gradient of the
 * whole tensor.
 */
#include "core/checked.h"
#include "loss/loss.h"
#include "loss/result.h"
#include <math.h>
#include <stdio.h>

enum { SPIKES_LIST, OFFSETS, MULTIPLIERS, FIELD_COUNT };

static const struct sl_field fields[FIELD_COUNT] = {
    [SPIKES_LIST] = {.name = "spikes_list",
                     .summary = "One spike tensor a layer, of any rank from 1 to 8",
                     .kind = SL_FIELD_SPIKES_LIST,
                     .min_rank = 1,
                     .max_rank = SL_MAX_RANK,
                     .axes = "[batch, time, neurons]",
                     .per_sample = false},
    [OFFSETS] = {.name = "offsets",
                 .summary = "The target firing rate of every layer, in spikes per neuron and "
                            "time step",
                 .kind = SL_FIELD_REALS},
    [MULTIPLIERS] = {.name = "multipliers",
                     .summary = "The weight of every layer; it is inside the square",
                     .kind = SL_FIELD_REALS},
};

static const size_t every_axis_small[SL_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};

/* What is reported about a layer: add_layer_diagnostics adds so many. */
enum { DIAGNOSTICS_PER_LAYER = 3 + SL_TENSOR_DIAGNOSTICS };

struct layer_loss {
  double rate;
  double loss;
  double spikes_gradient;
  double offset_gradient;
  double multiplier_gradient;
};

static double mean_rate(const struct sl_spikes *spikes) {
  uint64_t ones = 0;
  for (size_t neuron = 0; neuron < spikes->neurons; neuron++) {
    ones += spikes->ones[neuron];
  }
  double graded = 0.0;
  if (spikes->sums != NULL) {
    for (size_t neuron = 0; neuron < spikes->neurons; neuron++) {
      graded += spikes->sums[neuron];
    }
  }
  size_t values = spikes->samples * spikes->steps * spikes->neurons;
  return ((double)ones + graded) / (double)values;
}

static struct layer_loss evaluate_layer(const struct sl_spikes *spikes, double offset,
                                        double multiplier) {
  size_t values = spikes->samples * spikes->steps * spikes->neurons;
  double rate = mean_rate(spikes);
  double difference = rate - offset;
  double weighted = difference * multiplier;
  double slope = 2.0 * (weighted * multiplier);
  return (struct layer_loss){.rate = rate,
                             .loss = weighted * weighted,
                             .spikes_gradient = slope / (double)values,
                             .offset_gradient = -slope,
                             .multiplier_gradient = 2.0 * (weighted * difference)};
}

static void add_layer_diagnostics(struct sl_result *result, const struct sl_spikes *spikes,
                                  double offset, const struct layer_loss *layer) {
  sl_result_add_real(result, "rate", layer->rate);
  sl_result_add_real(result, "target", offset);
  sl_result_add_real(result, "loss", layer->loss);
  sl_result_add_tensor(result, spikes);
}

static enum sl_status layer_not_finite(size_t layer, double offset, double multiplier,
                                       struct sl_error *error) {
  char pointer[sizeof error->pointer];
  snprintf(pointer, sizeof pointer, "/%s/%zu", fields[SPIKES_LIST].name, layer);
  return sl_fail_at(error, SL_RESULT_NOT_FINITE, pointer, SL_NO_OFFSET,
                    "((mean of spikes_list[%zu] - %g) * %g)^2" SL_TOO_LARGE, layer, offset,
                    multiplier);
}

static enum sl_status evaluate_rates(const struct sl_value *values, struct sl_result *result,
                                     struct sl_error *error) {
  size_t layers = values[SPIKES_LIST].length;
  if (sl_check_layers(&fields[OFFSETS], &values[OFFSETS], layers, error) != SL_OK ||
      sl_check_layers(&fields[MULTIPLIERS], &values[MULTIPLIERS], layers, error) != SL_OK) {
    return error->code;
  }
  const struct sl_spikes *spikes = values[SPIKES_LIST].spikes;
  if (sl_result_reserve_layers(result, layers, 2, DIAGNOSTICS_PER_LAYER, error) != SL_OK) {
    return error->code;
  }
  for (size_t i = 0; i < layers; i++) {
    if (sl_result_add_spikes_gradient(result, SPIKES_LIST, i, &spikes[i], every_axis_small,
                                      error) == NULL) {
      return error->code;
    }
  }
  double *offset_gradients = sl_result_add_reals_gradient(result, OFFSETS, layers, error);
  double *multiplier_gradients = sl_result_add_reals_gradient(result, MULTIPLIERS, layers, error);
  if (offset_gradients == NULL || multiplier_gradients == NULL) {
    return error->code;
  }
  for (size_t i = 0; i < layers; i++) {
    double offset = values[OFFSETS].reals[i];
    double multiplier = values[MULTIPLIERS].reals[i];
    struct layer_loss layer = evaluate_layer(&spikes[i], offset, multiplier);
    if (!isfinite(layer.loss)) {
      return layer_not_finite(i, offset, multiplier, error);
    }
    result->loss += layer.loss;
    result->gradients[i].values[0] = layer.spikes_gradient;
    offset_gradients[i] = layer.offset_gradient;
    multiplier_gradients[i] = layer.multiplier_gradient;
    add_layer_diagnostics(result, &spikes[i], offset, &layer);
  }
  return sl_result_check_finite(result, 0, fields, error);
}

const struct sl_loss sl_firing_rate_target_mse_loss_row = {
    .name = "firing_rate_target_mse_loss",
    .summary = "Squared distance of every layer's mean firing rate from its target, weighted by "
               "layer and summed",
    .formula = "L = sum_i ((mean(spikes_list[i]) - offsets[i]) * multipliers[i])^2",
    .example = "{\"spikes_list\": [[[[1, 0, 1], [0, 0, 1]]]], \"offsets\": [0.25], "
               "\"multipliers\": [2]}",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate_rates,
};

enum sl_status
sl_firing_rate_target_mse_loss(const struct sl_firing_rate_target_mse_loss_arguments *arguments,
                               struct sl_result *result, struct sl_error *error) {
  if (arguments == NULL || result == NULL || error == NULL) {
    return sl_fail_argument(error, "sl_firing_rate_target_mse_loss: a pointer is NULL");
  }
  size_t layers = arguments->layer_count;
  struct sl_value values[FIELD_COUNT] = {
      /* Arguments are only read. */
      [OFFSETS] = {.present = true, .length = layers, .reals = (double *)arguments->offsets},
      [MULTIPLIERS] = {.present = true,
                       .length = layers,
                       .reals = (double *)arguments->multipliers},
  };
  return sl_loss_evaluate_layers(&sl_firing_rate_target_mse_loss_row, values,
                                 arguments->spikes_list, layers, result, error);
}
