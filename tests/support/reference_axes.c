/*
 * Which axis of a layout is which, and where the value of a sample, a step and a neuron is.
 */
#include "reference.h"

#include <math.h>
#include <string.h>

char sl_reference_axis(enum sl_layout layout, size_t rank, size_t axis) {
  static const char *const orders[] = {"btn", "tbn", "bnt"};
  const char *order = rank == 1                         ? "n"
                      : rank > 2                        ? orders[layout]
                      : layout == SL_BATCH_NEURONS_TIME ? "nt"
                                                        : "tn";
  size_t neurons = (size_t)(strchr(order, 'n') - order);
  size_t more = rank > 3 ? rank - 3 : 0; /* axes of neurons */
  return axis <= neurons ? order[axis] : axis <= neurons + more ? 'n' : order[axis - more];
}

struct sl_axes sl_reference_axes(enum sl_layout layout, size_t rank, const size_t *shape) {
  struct sl_axes axes = {1, 1, 1};
  for (size_t axis = 0; axis < rank; axis++) {
    char letter = sl_reference_axis(layout, rank, axis);
    *(letter == 'b' ? &axes.samples : letter == 't' ? &axes.steps : &axes.neurons) *= shape[axis];
  }
  return axes;
}

/* The axes of the values themselves. */
static struct sl_axes axes_of_values(const struct sl_reference_tensor *tensor) {
  struct sl_axes axes = sl_reference_axes(tensor->layout, tensor->rank, tensor->shape);
  axes.steps = tensor->summed != SL_SUMMED_NOT ? 1 : axes.steps;
  axes.samples = tensor->summed == SL_SUMMED_BATCH_TIME ? 1 : axes.samples;
  return axes;
}

void sl_reference_locate(const struct sl_reference_tensor *tensor, size_t index, size_t *sample,
                         size_t *neuron) {
  struct sl_axes axes = axes_of_values(tensor);
  size_t row = index / axes.neurons;
  *neuron = index % axes.neurons;
  *sample = row / axes.steps;
  if (tensor->layout == SL_TIME_BATCH_NEURONS) {
    *sample = row % axes.samples;
  } else if (tensor->layout == SL_BATCH_NEURONS_TIME) {
    *neuron = index / axes.steps % axes.neurons;
    *sample = index / axes.steps / axes.neurons;
  }
}

size_t sl_reference_index(const struct sl_reference_tensor *tensor, size_t sample, size_t step,
                          size_t neuron) {
  struct sl_axes axes = axes_of_values(tensor);
  size_t pair = sample * axes.neurons + neuron;
  return tensor->layout == SL_TIME_BATCH_NEURONS ? step * axes.samples * axes.neurons + pair
         : tensor->layout == SL_BATCH_NEURONS_TIME
             ? pair * axes.steps + step
             : (sample * axes.steps + step) * axes.neurons + neuron;
}

bool sl_reference_is_graded(const struct sl_reference_tensor *tensor, double value,
                            uint64_t *ones) {
  struct sl_axes axes = sl_reference_axes(tensor->layout, tensor->rank, tensor->shape);
  double samples = tensor->summed == SL_SUMMED_BATCH_TIME ? (double)axes.samples : 1;
  double most = tensor->summed == SL_SUMMED_NOT ? 1 : (double)axes.steps * samples;
  bool count = value >= 0 && value <= most && floor(value) == value;
  *ones = count ? (uint64_t)value : 0;
  return !count;
}
