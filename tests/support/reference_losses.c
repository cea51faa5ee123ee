#include "reference_losses.h"

#include "reference_text.h"
#include <stdlib.h>
#include <string.h>

/* What losses see of a value that belongs to one sum: ones are counted, all graded ones added up.
 */
struct sum {
  uint64_t ones;
  double graded;
};

static void add(struct sum *sum, double value) {
  if (value == 1.0) {
    sum->ones++;
  } else if (value != 0.0) {
    sum->graded += value;
  }
}

static double mean(const struct sl_reference_tensor *tensor) {
  size_t neurons = sl_reference_axes(tensor->rank, tensor->shape).neurons;
  struct sum *sums = sl_must_allocate(neurons, sizeof *sums);
  for (size_t i = 0; i < tensor->count; i++) {
    add(&sums[i % neurons], tensor->values[i]);
  }
  uint64_t ones = 0;
  double graded = 0.0;
  for (size_t neuron = 0; neuron < neurons; neuron++) {
    ones += sums[neuron].ones;
    graded += sums[neuron].graded;
  }
  free(sums);
  return ((double)ones + graded) / (double)tensor->count;
}

static bool rates_loss(const struct sl_reference_value *values, double *loss) {
  const struct sl_reference_value *layers = &values[0];
  if (values[1].length != layers->length || values[2].length != layers->length) {
    return false;
  }
  *loss = 0.0;
  for (size_t i = 0; i < layers->length; i++) {
    if (layers->tensors[i].values == NULL) {
      return false;
    }
    double weighted = (mean(&layers->tensors[i]) - values[1].reals[i]) * values[2].reals[i];
    *loss += weighted * weighted;
  }
  return true;
}

static bool targets_fit(const struct sl_reference_value *targets, size_t samples,
                        uint64_t classes) {
  bool fit = targets->length == samples;
  for (size_t i = 0; fit && i < samples; i++) {
    fit = targets->labels[i] >= 0 && (uint64_t)targets->labels[i] < classes;
  }
  return fit;
}

static bool population_loss(const struct sl_reference_value *values, double *loss) {
  const struct sl_reference_tensor *spk = &values[0].tensors[0];
  size_t samples = spk->shape[0], steps = spk->shape[1], neurons = spk->shape[2];
  uint64_t classes = values[2].count, population = values[3].count;
  bool fits = spk->values != NULL && neurons % classes == 0 && neurons / classes == population &&
              targets_fit(&values[1], samples, classes);
  double squares = 0.0;
  for (size_t pair = 0; fits && pair < samples * neurons; pair++) {
    size_t sample = pair / neurons, neuron = pair % neurons;
    struct sum sum = {0};
    for (size_t step = 0; step < steps; step++) {
      add(&sum, spk->values[(sample * steps + step) * neurons + neuron]);
    }
    bool right = neuron / population == (uint64_t)values[1].labels[sample];
    double target = (double)steps * (right ? values[4].real : values[5].real);
    double residual = ((double)sum.ones + sum.graded) - target;
    squares += residual * residual;
  }
  *loss = squares / ((double)samples * (double)neurons);
  return fits;
}

bool sl_reference_loss(const struct sl_reference *reference, double *loss) {
  bool rates = strcmp(reference->loss->name, "firing_rate_target_mse_loss") == 0;
  return rates ? rates_loss(reference->values, loss) : population_loss(reference->values, loss);
}
