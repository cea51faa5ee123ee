#include "reference_losses.h"

#include "reference_text.h"
#include <math.h>
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

/* Returns what one neuron spiked in one sample. */
static double count_of(const struct sl_reference_tensor *tensor, size_t sample, size_t neuron) {
  struct sl_axes axes = sl_reference_axes(tensor->rank, tensor->shape);
  struct sum sum = {0};
  for (size_t step = 0; step < axes.steps; step++) {
    add(&sum, tensor->values[(sample * axes.steps + step) * axes.neurons + neuron]);
  }
  return (double)sum.ones + sum.graded;
}

/* Returns whether a choice that is there is that word. */
static bool is_word(const struct sl_reference *reference, size_t field, const char *word) {
  const struct sl_reference_value *value = &reference->values[field];
  return value->present && strcmp(reference->loss->fields[field].choices[value->choice], word) == 0;
}

static double real_or(const struct sl_reference_value *value, double otherwise) {
  return value->present ? value->real : otherwise;
}

/* Returns whether tensor, labels and classes fit together. */
static bool classes_fit(const struct sl_reference_value *values) {
  const struct sl_reference_tensor *spk = &values[0].tensors[0];
  return spk->values != NULL && spk->shape[2] % values[2].count == 0 &&
         targets_fit(&values[1], spk->shape[0], values[2].count);
}

/* Returns the total of a class in a sample. */
static double total_of(const struct sl_reference_value *values, size_t sample, size_t class,
                       size_t population) {
  double total = 0.0;
  for (size_t i = 0; i < population; i++) {
    total += count_of(values[0].tensors, sample, class * population + i);
  }
  return total;
}

static bool population_loss(const struct sl_reference_value *values, double *loss) {
  const struct sl_reference_tensor *spk = &values[0].tensors[0];
  size_t samples = spk->shape[0], steps = spk->shape[1], neurons = spk->shape[2];
  uint64_t classes = values[2].count, population = values[3].count;
  bool fits = classes_fit(values) && neurons / classes == population;
  double squares = 0.0;
  for (size_t pair = 0; fits && pair < samples * neurons; pair++) {
    size_t sample = pair / neurons, neuron = pair % neurons;
    bool right = neuron / population == (uint64_t)values[1].labels[sample];
    double target = (double)steps * (right ? values[4].real : values[5].real);
    double residual = count_of(spk, sample, neuron) - target;
    squares += residual * residual;
  }
  *loss = squares / ((double)samples * (double)neurons);
  return fits;
}

static bool mse_loss(const struct sl_reference *reference, double *loss) {
  enum { CORRECT = 3, INCORRECT, PER, MEASURE, TRUNCATE, REDUCTION, WEIGHT };
  const struct sl_reference_value *values = reference->values;
  if (!classes_fit(values)) {
    return false;
  }
  const size_t *shape = values[0].tensors[0].shape;
  size_t population = shape[2] / values[2].count;
  size_t unit = is_word(reference, PER, "population") ? population : 1;
  bool rates = is_word(reference, MEASURE, "rate");
  double squares = 0.0;
  for (size_t i = 0; i < shape[0] * shape[2] / unit; i++) {
    size_t sample = i / (shape[2] / unit), first = i % (shape[2] / unit) * unit;
    bool right = first / population == (uint64_t)values[1].labels[sample];
    double target = (rates ? 1.0 : (double)shape[1]) * values[right ? CORRECT : INCORRECT].real;
    target *= (double)unit;
    target = values[TRUNCATE].flag ? trunc(target) : target;
    double value = unit > 1 ? total_of(values, sample, first / population, population)
                            : count_of(values[0].tensors, sample, first);
    double residual = value / (rates ? (double)shape[1] : 1.0) - target;
    squares += residual * residual;
  }
  size_t terms = is_word(reference, REDUCTION, "sum") ? 1 : shape[0] * shape[2] / unit;
  *loss = squares / (double)terms * real_or(&values[WEIGHT], 1.0);
  return true;
}

/* The definition, in long doubles, without any care for what overflows: then nothing is known. */
static bool entropy_loss(const struct sl_reference *reference, double *loss) {
  enum { MEASURE = 3, SMOOTHING, CLASS_WEIGHTS, REDUCTION, WEIGHT };
  const struct sl_reference_value *values = reference->values;
  size_t classes = values[2].count;
  if (!classes_fit(values) ||
      (values[CLASS_WEIGHTS].present && values[CLASS_WEIGHTS].length != classes)) {
    return false;
  }
  const size_t *shape = values[0].tensors[0].shape;
  long double smoothing = (long double)real_or(&values[SMOOTHING], 0.0), sum = 0, weights = 0;
  for (size_t sample = 0; sample < shape[0]; sample++) {
    long double exponentials = 0, own = 0, all = 0;
    for (size_t pass = 0; pass < 2; pass++) {
      for (size_t class = 0; class < classes; class ++) {
        long double w =
            values[CLASS_WEIGHTS].present ? (long double)values[CLASS_WEIGHTS].reals[class] : 1;
        long double z = (long double)total_of(values, sample, class, shape[2] / classes);
        z /= is_word(reference, MEASURE, "rate") ? (long double)shape[1] : 1;
        bool label = (uint64_t)values[1].labels[sample] == class;
        exponentials += pass == 0 ? expl(z) : 0;
        all += pass == 1 ? w * (logl(exponentials) - z) : 0;
        own += pass == 1 && label ? w * (logl(exponentials) - z) : 0;
        weights += pass == 1 && label ? w : 0;
      }
    }
    sum += (1 - smoothing) * own + smoothing / (long double)classes * all;
  }
  sum *= (long double)real_or(&values[WEIGHT], 1.0);
  *loss = (double)(is_word(reference, REDUCTION, "sum") ? sum : sum / weights);
  return isfinite(*loss);
}

/* Whether lists and bounds of activity_regularization fit together. */
static bool layers_fit(const struct sl_reference_value *values) {
  for (size_t field = 1; field <= 3; field++) {
    if (values[field].present && values[field].length != values[0].length) {
      return false;
    }
  }
  for (size_t i = 0; i < values[0].length; i++) {
    bool both = values[1].present && values[2].present;
    if (values[0].tensors[i].values == NULL || (both && values[1].reals[i] > values[2].reals[i])) {
      return false;
    }
  }
  return true;
}

static double layer_loss(const struct sl_reference *reference, size_t layer) {
  enum { LOWER = 1, UPPER, WEIGHTS, PER, SAMPLES, MEASURE, NORM, REDUCTION };
  const struct sl_reference_value *values = reference->values;
  const struct sl_reference_tensor *tensor = &values[0].tensors[layer];
  struct sl_axes axes = sl_reference_axes(tensor->rank, tensor->shape);
  size_t wide = is_word(reference, PER, "neuron") ? 1 : axes.neurons;
  size_t deep = is_word(reference, SAMPLES, "each") ? 1 : axes.samples;
  size_t steps = is_word(reference, MEASURE, "count") ? 1 : axes.steps;
  size_t units = axes.neurons / wide * (axes.samples / deep);
  double terms = 0.0;
  for (size_t unit = 0; unit < units; unit++) {
    size_t row = unit / (axes.neurons / wide) * deep, column = unit % (axes.neurons / wide) * wide;
    double sum = 0.0;
    for (size_t i = 0; i < deep * wide; i++) {
      sum += count_of(tensor, row + i / wide, column + i % wide);
    }
    double activity = sum / (double)(deep * wide * steps);
    double below = values[LOWER].present ? fmax(values[LOWER].reals[layer] - activity, 0.0) : 0.0;
    double above = values[UPPER].present ? fmax(activity - values[UPPER].reals[layer], 0.0) : 0.0;
    double distance = below > 0.0 ? below : above;
    terms += is_word(reference, NORM, "l1") ? distance : distance * distance;
  }
  terms /= is_word(reference, REDUCTION, "sum") ? 1.0 : (double)units;
  return terms * (values[WEIGHTS].present ? values[WEIGHTS].reals[layer] : 1.0);
}

static bool activity_loss(const struct sl_reference *reference, double *loss) {
  *loss = 0.0;
  if (!layers_fit(reference->values)) {
    return false;
  }
  for (size_t i = 0; i < reference->values[0].length; i++) {
    *loss += layer_loss(reference, i);
  }
  return true;
}

bool sl_reference_loss(const struct sl_reference *reference, double *loss) {
  const char *name = reference->loss->name;
  return strcmp(name, "firing_rate_target_mse_loss") == 0 ? rates_loss(reference->values, loss)
         : strcmp(name, "balanced_population_mse") == 0   ? population_loss(reference->values, loss)
         : strcmp(name, "spike_count_mse") == 0           ? mse_loss(reference, loss)
         : strcmp(name, "spike_count_cross_entropy") == 0 ? entropy_loss(reference, loss)
                                                          : activity_loss(reference, loss);
}

/* A softmax is computed in another way here. */
bool sl_reference_agrees(const struct sl_reference *reference, double loss, double got) {
  bool exact = strcmp(reference->loss->name, "spike_count_cross_entropy") != 0;
  return exact ? loss == got : fabs(loss - got) <= 1e-10 * fabs(loss) + 1e-12;
}
