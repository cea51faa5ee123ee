/*
 * A program of somebody else's: computes a small loss with an installed libspikeloss. Two layers in
 * one list, [1, 2, 3] and [1, 2, 1]; rates 3/6 and 1/2, targets 1/4 and 1/2, so that L is
 * (1/4 * 2)^2 + 0 and the gradient of the first target -2 * 2^2 * 1/4.
 */
#include "loss/loss.h"
#include "spikes/spikes.h"
#include <spikeloss/error.h>
#include <spikeloss/kernels.h>
#include <stdio.h>
#include <stdlib.h>

static bool count_spikes(struct sl_spikes *spikes, const size_t *shape, uint64_t bits,
                         uint64_t *pairs_left, struct sl_error *error) {
  sl_spikes_init(spikes, false, pairs_left);
  bool good = sl_spikes_set_shape(spikes, 3, shape, error) == SL_OK &&
              sl_spikes_push_bits(spikes, &bits, shape[0] * shape[1] * shape[2], error) == SL_OK &&
              sl_spikes_finish(spikes, error) == SL_OK;
  return good;
}

int main(void) {
  const struct sl_loss *loss = sl_loss_find("firing_rate_target_mse_loss");
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result = {0};
  uint64_t pairs_left = 100;
  struct sl_spikes layers[2];
  double offsets[2] = {0.25, 0.5};
  double multipliers[2] = {2, 7};
  const struct sl_value values[] = {
      {.present = true, .length = 2, .spikes = layers},
      {.present = true, .length = 2, .reals = offsets},
      {.present = true, .length = 2, .reals = multipliers},
  };

  sl_kernels_choose(NULL);
  if (!count_spikes(&layers[0], (const size_t[]){1, 2, 3}, 0x25, &pairs_left, &error) ||
      !count_spikes(&layers[1], (const size_t[]){1, 2, 1}, 0x1, &pairs_left, &error) ||
      loss->evaluate(values, &result, &error) != SL_OK) {
    fprintf(stderr, "%s\n", error.message);
    return EXIT_FAILURE;
  }
  printf("%s %.17g, gradient of the first offset %.17g\n", loss->name, result.loss,
         result.gradients[2].values[0]);
  sl_result_free(&result);
  sl_spikes_free(&layers[0]);
  sl_spikes_free(&layers[1]);
  return EXIT_SUCCESS;
}
