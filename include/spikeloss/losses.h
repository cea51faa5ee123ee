/*
 * The losses, with their gradients and diagnostics, as functions.
 *
 * Each takes its arguments in a struct, whose members have the names of the published formula, and
 * fills a result that the caller owns:
 *
 *     struct sl_balanced_population_mse_arguments arguments = {
 *         .spk = spikes, .targets = targets, .target_count = 2, .num_classes = 2, ...};
 *     struct sl_result result;
 *     if (sl_balanced_population_mse(&arguments, &result, &error) == SL_OK) {
 *       ... result.loss, sl_result_gradient(&result, "spk", 0)->values[i] ...
 *       sl_result_free(&result);
 *     }
 *
 * Members that are not named are 0 or NULL; a program that is compiled with later headers keeps the
 * meaning of its arguments. Everything is computed in double precision; results are the same to the
 * last bit on every instruction set.
 *
 * Ownership: arguments are only read, and not kept. A result is freed with sl_result_free; after a
 * failure it owns nothing. Threads: a call touches only its arguments; any number may run at once.
 * Errors of every loss: SL_INVALID_ARGUMENT (NULL, tensors that are not finished or keep other sums
 * than the loss needs), SL_NOT_FINITE, SL_RESULT_NOT_FINITE (finite arguments, but a loss or a
 * gradient that overflows), SL_OUT_OF_MEMORY, and those named. `error->pointer` names the argument.
 */
#ifndef SPIKELOSS_LOSSES_H
#define SPIKELOSS_LOSSES_H

#include <spikeloss/error.h>
#include <spikeloss/export.h>
#include <spikeloss/spikes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

SL_BEGIN_C

/*
 * The gradient with respect to one tensor, list or number, as a small tensor that broadcasts (by
 * NumPy's rule) to the shape of what it belongs to: gradients are constant along time, and for a
 * mean over a whole layer constant everywhere.
 */
struct sl_gradient {
  const char *name;                /* of the argument, "spk"; NULL inside the service */
  size_t field;                    /* index of the argument */
  size_t item;                     /* index in a list of tensors, else 0 */
  size_t rank;                     /* 0 for a single number */
  size_t shape[SL_MAX_RANK];       /* of what it belongs to */
  size_t small_shape[SL_MAX_RANK]; /* of `values`: each entry is shape[i] or 1 */
  size_t count;                    /* product of small_shape */
  double *values;                  /* row-major; owned by the result */
  double single;                   /* where `values` may point if there is one */

  /* Inside the service, where few values are different: `values` has only those, table_length of
   * them, and value i is values[indices[i]]. NULL in results of the functions below. */
  uint8_t *indices;
  size_t table_length;
};

enum sl_diagnostic_kind { SL_DIAGNOSTIC_REAL, SL_DIAGNOSTIC_COUNT, SL_DIAGNOSTIC_FLAG };

/* A named number that says how the network is doing. */
struct sl_diagnostic {
  const char *name;
  enum sl_diagnostic_kind kind;
  double value; /* counts and flags (0, 1) are exact */
};

struct sl_budget;

/*
 * What a loss computes. Gradients come in the order of the arguments, those of a list in its order.
 * Diagnostics have the same names and kinds whatever was asked. They are one object, or, if
 * list_name is set, a list of objects under that name: then diagnostics[i * list_width ... +
 * list_width - 1] is the object of item i.
 */
struct sl_result {
  double loss;
  size_t gradient_count;
  struct sl_gradient *gradients;
  size_t diagnostic_count;
  struct sl_diagnostic *diagnostics;
  const char *list_name;
  size_t list_width;

  /* Of the service: what the arrays are charged to, and how many bytes were. */
  struct sl_budget *budget;
  uint64_t charged;
};

/* Frees what a result owns. Tolerates NULL, all zeros and half-built results. */
SL_API void sl_result_free(struct sl_result *result);

/* Returns the gradient of an argument (of the item of a list of tensors, else item 0), or NULL. */
SL_API const struct sl_gradient *sl_result_gradient(const struct sl_result *result,
                                                    const char *name, size_t item);

/* Returns a diagnostic (of an item, where they are a list, else item 0), or NULL. */
SL_API const struct sl_diagnostic *sl_result_diagnostic(const struct sl_result *result,
                                                        const char *name, size_t item);

/*
 * Pulls the mean firing rate of every layer towards a target of its own:
 *
 *     L = sum_i ((mean(spikes_list[i]) - offsets[i]) * multipliers[i])^2
 *
 * Source: firing_rate_target_mse_loss of the nWave SDK, page "Network-level Losses". The batch is
 * averaged inside the mean, and the multiplier is inside the square.
 *
 * Gradients: spikes_list (an item a layer; one number each), offsets, multipliers. Diagnostics, a
 * list of layers: rate, target, loss, samples, steps, neurons, silent, saturated, binary.
 */
struct sl_firing_rate_target_mse_loss_arguments {
  size_t layer_count;                         /* at least 1; the length of the three arrays */
  const struct sl_spikes *const *spikes_list; /* SL_PER_NEURON, of any rank */
  const double *offsets;                      /* spikes per neuron and time step */
  const double *multipliers;                  /* weights without a unit */
};

/* Error: SL_EMPTY_TENSOR without layers. */
SL_API enum sl_status
sl_firing_rate_target_mse_loss(const struct sl_firing_rate_target_mse_loss_arguments *arguments,
                               struct sl_result *result, struct sl_error *error);

/*
 * Teaches populations of output neurons to spike at one rate for the right class, at another for
 * all wrong ones:
 *
 *     L = mean_{b,o} (sum_t spk[b,t,o] - steps * rate[b,o])^2
 *
 * where rate[b,o] is correct_rate if neuron o belongs to class targets[b], else incorrect_rate.
 * Class k owns neurons k * neurons_per_class to (k + 1) * neurons_per_class - 1.
 * Source: balanced_population_mse of the nWave SDK, page "Network-level Losses". Target counts are
 * not cut to integers.
 *
 * Gradients: spk ([batch, 1, neurons]), correct_rate, incorrect_rate. Diagnostics: accuracy, ties,
 * samples, steps, neurons, silent, saturated, binary, mean_rate_correct, mean_rate_incorrect.
 */
struct sl_balanced_population_mse_arguments {
  const struct sl_spikes *spk; /* SL_PER_SAMPLE, [batch, time, neurons] */
  const int64_t *targets;      /* the class of every sample, 0 to num_classes - 1 */
  size_t target_count;         /* as many as samples */
  uint64_t num_classes;
  uint64_t neurons_per_class; /* num_classes * neurons_per_class is the number of neurons */
  double correct_rate;        /* spikes per neuron and time step */
  double incorrect_rate;
};

/* Errors: SL_WRONG_RANK, SL_OUT_OF_RANGE, SL_LENGTH_MISMATCH, SL_CLASS_OUT_OF_RANGE. */
SL_API enum sl_status
sl_balanced_population_mse(const struct sl_balanced_population_mse_arguments *arguments,
                           struct sl_result *result, struct sl_error *error);

/* What settings of the losses below mean. The first of each is 0. */
enum sl_unit { SL_UNIT_NEURON, SL_UNIT_POPULATION };
enum sl_measure {
  SL_MEASURE_COUNT, /* sums over time */
  SL_MEASURE_RATE   /* divided by the number of time steps */
};
enum sl_reduction { SL_REDUCTION_MEAN, SL_REDUCTION_SUM };

/*
 * The squared distance of counts or rates from targets, as snnTorch, SLAYER and spikingjelly have
 * it:
 *
 *     L = weight * mean_{b,u} (a[b,u] - tau[b,u])^2            or the sum instead of the mean
 *
 * A unit u is a neuron, or the population of a class with its n_u neurons. a[b,u] is its count, or
 * count / steps; tau = steps * rate * n_u, or rate * n_u, cut toward zero if asked. The rate is
 * correct_rate if u belongs to class targets[b], else incorrect_rate. Each class has
 * neurons / num_classes neurons, one class after the other.
 *
 * Gradients: spk ([batch, 1, neurons]), correct_rate, incorrect_rate (0 where targets are cut).
 * Diagnostics: those of balanced_population_mse.
 */
struct sl_spike_count_mse_arguments {
  const struct sl_spikes *spk; /* SL_PER_SAMPLE, [batch, time, neurons] */
  const int64_t *targets;      /* the class of every sample, 0 to num_classes - 1 */
  size_t target_count;         /* as many as samples */
  uint64_t num_classes;        /* divides the number of neurons */
  double correct_rate;         /* spikes per neuron and time step */
  double incorrect_rate;
  enum sl_unit per;
  enum sl_measure measure;
  bool truncate;
  enum sl_reduction reduction;
  double weight; /* 1 by default, all others are 0: see sl_spike_count_mse_defaults */
};

/* Returns arguments with all defaults, to be completed. */
static inline struct sl_spike_count_mse_arguments sl_spike_count_mse_defaults(void) {
  struct sl_spike_count_mse_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.weight = 1.0;
  return arguments;
}

/* Errors: SL_WRONG_RANK, SL_OUT_OF_RANGE, SL_LENGTH_MISMATCH, SL_CLASS_OUT_OF_RANGE. */
SL_API enum sl_status sl_spike_count_mse(const struct sl_spike_count_mse_arguments *arguments,
                                         struct sl_result *result, struct sl_error *error);

/*
 * Cross entropy of the softmax of what each class has spiked, as PyTorch has it:
 *
 *     L = weight/R * sum_b ( -(1 - e) w[y] log p[b,y] - e/K sum_k w[k] log p[b,k] )
 *
 * with p[b] = softmax_k(z[b,k]), z the count (or rate) of the population of class k, y the label,
 * e label_smoothing, K num_classes, w class_weights, and R = sum_b w[y], or 1 for a sum.
 *
 * Gradients: spk ([batch, 1, neurons]). Diagnostics: those of balanced_population_mse, and
 * mean_probability_correct.
 */
struct sl_spike_count_cross_entropy_arguments {
  const struct sl_spikes *spk; /* SL_PER_SAMPLE, [batch, time, neurons] */
  const int64_t *targets;      /* the class of every sample, 0 to num_classes - 1 */
  size_t target_count;         /* as many as samples */
  uint64_t num_classes;        /* divides the number of neurons */
  enum sl_measure measure;
  double label_smoothing;      /* 0 to 1 */
  const double *class_weights; /* num_classes numbers from 0 on; NULL: 1 each */
  enum sl_reduction reduction;
  double weight; /* 1 by default, all others are 0 */
};

/* Returns arguments with all defaults, to be completed. */
static inline struct sl_spike_count_cross_entropy_arguments
sl_spike_count_cross_entropy_defaults(void) {
  struct sl_spike_count_cross_entropy_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.weight = 1.0;
  return arguments;
}

/* Errors: SL_WRONG_RANK, SL_OUT_OF_RANGE (also where all targets' weights are 0 and there is no
 * mean), SL_LENGTH_MISMATCH, SL_CLASS_OUT_OF_RANGE. */
SL_API enum sl_status
sl_spike_count_cross_entropy(const struct sl_spike_count_cross_entropy_arguments *arguments,
                             struct sl_result *result, struct sl_error *error);

/* What activity_regularization judges, over how many samples at once, and by which power. */
enum sl_activity_unit { SL_ACTIVITY_LAYER, SL_ACTIVITY_NEURON };
enum sl_activity_samples { SL_SAMPLES_MEAN, SL_SAMPLES_EACH };
enum sl_norm { SL_NORM_L2, SL_NORM_L1 };

/*
 * Keeps the activity of layers or neurons between bounds:
 *
 *     L = sum_i weights[i] * mean_u ( max(lower[i] - a[u], 0)^k + max(a[u] - upper[i], 0)^k )
 *
 * or the sum instead of the mean. A unit u is a layer or one of its neurons; a[u] is its mean rate
 * (or count), over the batch, or for each sample alone; k is 2, or 1 for SL_NORM_L1.
 *
 * Gradients: spikes_list (an item a layer; [batch, 1, neurons], 1 where it is constant), lower and
 * upper, where they are there, and weights. At a bound the gradient is 0. Diagnostics, a list of
 * layers: rate, loss, below, above (shares of the units), samples, steps, neurons, silent,
 * saturated, binary.
 */
struct sl_activity_regularization_arguments {
  size_t layer_count;                         /* at least 1; the length of all arrays */
  const struct sl_spikes *const *spikes_list; /* SL_PER_SAMPLE, of any rank */
  const double *lower;                        /* NULL: no such bound; not both */
  const double *upper;                        /* from lower on */
  const double *weights;                      /* NULL: 1 each */
  enum sl_activity_unit per;
  enum sl_activity_samples samples;
  enum sl_measure measure; /* SL_MEASURE_RATE by default, all others are 0 */
  enum sl_norm norm;
  enum sl_reduction reduction;
};

/* Returns arguments with all defaults, to be completed. */
static inline struct sl_activity_regularization_arguments
sl_activity_regularization_defaults(void) {
  struct sl_activity_regularization_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.measure = SL_MEASURE_RATE;
  return arguments;
}

/* Errors: SL_EMPTY_TENSOR without layers, SL_OUT_OF_RANGE where lower is above upper. */
SL_API enum sl_status
sl_activity_regularization(const struct sl_activity_regularization_arguments *arguments,
                           struct sl_result *result, struct sl_error *error);

SL_END_C

#endif
