#include "loss/loss.h"

#include <string.h>

/*
 * The table: one row a loss, in the order in which users see them. The loss itself is at the end
 * of the file that has its name.
 */
#define LOSS_ROWS(ROW)                                                                             \
  ROW(firing_rate_target_mse_loss)                                                                 \
  ROW(balanced_population_mse)                                                                     \
  ROW(spike_count_mse)                                                                             \
  ROW(spike_count_cross_entropy)                                                                   \
  ROW(activity_regularization)

#define DECLARED(name) extern const struct sl_loss sl_##name##_row;
LOSS_ROWS(DECLARED)

#define LISTED(name) &sl_##name##_row,
const struct sl_loss *const sl_losses[] = {LOSS_ROWS(LISTED) NULL};

const char *const sl_units[] = {
    [SL_UNIT_NEURON] = "neuron", [SL_UNIT_POPULATION] = "population", NULL};
const char *const sl_measures[] = {[SL_MEASURE_COUNT] = "count", [SL_MEASURE_RATE] = "rate", NULL};
const char *const sl_reductions[] = {
    [SL_REDUCTION_MEAN] = "mean", [SL_REDUCTION_SUM] = "sum", NULL};

const struct sl_loss *sl_loss_find(const char *name) {
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    if (strcmp((*loss)->name, name) == 0) {
      return *loss;
    }
  }
  return NULL;
}
