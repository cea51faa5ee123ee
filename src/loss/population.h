/*
 * What the losses of class populations share: one output layer whose neurons belong to classes,
 * one class after the other, and a label for each sample.
 *
 *     neurons     0 1 2 3 | 4 5 6 7 | 8 9 ...      one population after the other
 *     class          0    |    1    |    2
 *     target      incorr. | correct | incorr.      (for a sample whose label is 1)
 *
 * One pass over all counts, in row-major order, by one thread: the order of the additions is a
 * promise to users. It finds the winner of each sample, adds up what the right and the wrong
 * populations have, and, where a loss wants it, the squared distance from target counts.
 */
#ifndef SPIKELOSS_LOSS_POPULATION_H
#define SPIKELOSS_LOSS_POPULATION_H

#include "core/checked.h"
#include "loss/loss.h"
#include "loss/result.h"

/* The fields that all of these losses begin with. */
enum { SL_POPULATION_SPK, SL_POPULATION_TARGETS, SL_POPULATION_NUM_CLASSES, SL_POPULATION_FIELDS };

/* The largest integer below which JSON clients that only have doubles agree on every one. */
#define SL_POPULATION_MAX_COUNT (UINT64_C(1) << 53)

/* clang-format off */
#define SL_POPULATION_FIELD_ROWS                                                                   \
    [SL_POPULATION_SPK] = {.name = "spk",                                                          \
                           .summary = "Spikes of the output layer, one population after the other",\
                           .kind = SL_FIELD_SPIKES,                                                \
                           .min_rank = 3,                                                          \
                           .max_rank = 3,                                                          \
                           .axes = "[batch, time, output_neurons]",                                \
                           .per_sample = true},                                                    \
    [SL_POPULATION_TARGETS] = {.name = "targets",                                                  \
                               .summary = "The class of every sample, from 0 to num_classes - 1",  \
                               .kind = SL_FIELD_LABELS},                                           \
    [SL_POPULATION_NUM_CLASSES] = {.name = "num_classes",                                          \
                                   .summary = "How many classes there are",                        \
                                   .kind = SL_FIELD_COUNT,                                         \
                                   .min_count = 1,                                                 \
                                   .max_count = SL_POPULATION_MAX_COUNT}

/* Their values from what a program in C gives, which is only read. */
#define SL_POPULATION_VALUES(arguments)                                                            \
    [SL_POPULATION_SPK] = {.present = true,                                                        \
                           .length = 1,                                                            \
                           .spikes = (struct sl_spikes *)(arguments)->spk},                        \
    [SL_POPULATION_TARGETS] = {.present = true,                                                    \
                               .length = (arguments)->target_count,                                \
                               .labels = (int64_t *)(arguments)->targets},                         \
    [SL_POPULATION_NUM_CLASSES] = {.present = true, .count = (arguments)->num_classes}
/* clang-format on */

/* A request whose relations hold. */
struct sl_population {
  const struct sl_spikes *spikes;
  const int64_t *targets;
  size_t classes;
  size_t neurons; /* of a class */
};

/*
 * Reads the first three fields into a population. Fails with SL_LENGTH_MISMATCH, unless classes of
 * so many neurons are all neurons there are (0: as many as fit), or unless there is a label for
 * each sample; with SL_CLASS_OUT_OF_RANGE for a label that is no class.
 */
enum sl_status sl_population_read(struct sl_population *population, const struct sl_value *values,
                                  size_t neurons_per_class, struct sl_error *error);

/* How far values are from what they should be. A value is count / divisor: that of a neuron, or of
 * a population. Its gradient is scale * 2 (value - target) / terms. */
struct sl_distance {
  bool by_population;
  double divisor;
  double terms;
  double scale;
};

/* Returns the gradient of spk, the first of a result that is reserved here, for
 * sl_population_score to write by that distance; NULL with an error. `gradients` is how many there
 * will be, `diagnostics` how many beside those of sl_population_add_diagnostics. */
struct sl_gradient *sl_population_gradient(struct sl_result *result,
                                           const struct sl_population *population,
                                           const struct sl_distance *distance, size_t gradients,
                                           size_t diagnostics, struct sl_error *error);

/* Sums over the populations of one kind: of the right ones, or of the wrong ones. */
struct sl_population_group {
  double target;    /* that each value should have */
  double counts;    /* sum of all counts */
  double residuals; /* sum of value - target */
};

struct sl_population_totals {
  double squares; /* of value - target */
  struct sl_population_group correct;
  struct sl_population_group incorrect;
  size_t hits; /* samples won by their own class */
  size_t ties; /* samples that several classes won together */
};

/*
 * Adds up all counts, and writes gradients by the distance of their values from the targets in
 * `totals`; without a distance (NULL), the total of their population, never with indices.
 */
void sl_population_score(struct sl_gradient *gradient, struct sl_population_totals *totals,
                         const struct sl_population *population,
                         const struct sl_distance *distance);

/* Does the same for counts of neurons that are bytes, with a divisor and a scale of 1. Returns
 * false, and does nothing, where there are others, or too few to be worth it. */
bool sl_population_score_small(struct sl_gradient *gradient, struct sl_population_totals *totals,
                               const struct sl_population *population, double terms);

/* Returns how many entries the table of gradients has that it needs; 0 if it needs none, as it
 * writes values. */
size_t sl_population_small_table(const struct sl_population *population);

/* accuracy, ties, those of the tensor, mean_rate_correct, mean_rate_incorrect. */
void sl_population_add_diagnostics(struct sl_result *result, const struct sl_population *population,
                                   const struct sl_population_totals *totals);

/* What spike_count_mse is told, and balanced_population_mse always tells it. */
struct sl_count_mse {
  size_t correct_field, incorrect_field; /* of the rates */
  double correct_rate, incorrect_rate;   /* spikes per neuron and time step */
  bool by_population;
  bool of_rates; /* else of counts */
  bool truncate; /* the targets to integers */
  bool sum;      /* else the mean */
  double weight;
};

/* Computes the loss, with gradients and diagnostics. `fields` are those of the loss. */
enum sl_status sl_population_mse(struct sl_result *result, const struct sl_population *population,
                                 const struct sl_count_mse *settings, const struct sl_field *fields,
                                 struct sl_error *error);

#endif
