/*
 * The toy that tests/third_loss.sh adds to a copy of the tree: the square of a mean firing rate.
 *
 *     L = mean(spk)^2        dL/d spk[...] = 2 mean(spk) / numel(spk)
 */
#include "loss/loss.h"
#include "loss/result.h"

enum { SPK, FIELD_COUNT };

static const struct sl_field fields[FIELD_COUNT] = {
    [SPK] = {.name = "spk",
             .summary = "The spikes whose mean rate is squared",
             .kind = SL_FIELD_SPIKES,
             .min_rank = 1,
             .max_rank = SL_MAX_RANK,
             .axes = "[batch, time, neurons]"},
};

static const size_t every_axis_small[SL_MAX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};

static enum sl_status evaluate(const struct sl_value *values, struct sl_result *result,
                               struct sl_error *error) {
  const struct sl_spikes *spikes = values[SPK].spikes;
  if (sl_result_reserve(result, 1, 1, error) != SL_OK) {
    return error->code;
  }
  double *gradient = sl_result_add_spikes_gradient(result, SPK, 0, spikes, every_axis_small, error);
  if (gradient == NULL) {
    return error->code;
  }

  double sum = 0.0;
  for (size_t neuron = 0; neuron < spikes->accumulators; neuron++) {
    sum += sl_spikes_sum(spikes, neuron);
  }
  double numel = (double)(spikes->samples * spikes->steps * spikes->neurons);
  double rate = sum / numel;

  result->loss = rate * rate;
  gradient[0] = 2.0 * rate / numel;
  sl_result_add_real(result, "rate", rate);
  return sl_result_check_finite(result, 0, fields, error);
}

const struct sl_loss sl_mean_rate_loss_row = {
    .name = "mean_rate_loss",
    .summary = "The square of a mean firing rate",
    .formula = "L = mean(spk)^2",
    .fields = fields,
    .field_count = FIELD_COUNT,
    .evaluate = evaluate,
};
