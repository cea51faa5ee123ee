/*
 * Three losses of libspikeloss, on the worked examples of docs/losses.md. With an installed one:
 *
 *     cc worked_example.c $(pkg-config --cflags --libs spikeloss) -o worked_example
 */
#include <spikeloss/spikeloss.h>
#include <stdio.h>

static void print_result(const char *loss, struct sl_result *result) {
  printf("%s: loss %g\n", loss, result->loss);
  for (size_t i = 0; i < result->gradient_count; i++) {
    printf("  gradient of %s[%zu]:", result->gradients[i].name, result->gradients[i].item);
    for (size_t k = 0; k < result->gradients[i].count; k++) {
      printf(" %.10g", result->gradients[i].values[k]);
    }
    printf("\n");
  }
  sl_result_free(result);
}

int main(void) {
  struct sl_error error = SL_NO_ERROR; /* the first one wins, so one look at the end is enough */
  struct sl_result result = {0};

  /* Two layers, [batch, time, neurons], from arrays. */
  const uint8_t hidden[2][2][3] = {{{1, 0, 1}, {0, 0, 1}}, {{0, 1, 0}, {1, 0, 1}}};
  const uint8_t output[2][2][2] = {{{0, 0}, {0, 1}}, {{0, 0}, {0, 0}}};
  const size_t shapes[2][3] = {{2, 2, 3}, {2, 2, 2}};
  struct sl_spikes *layers[2] = {
      sl_spikes_from_bytes(SL_PER_NEURON, 3, shapes[0], &hidden[0][0][0], &error),
      sl_spikes_from_bytes(SL_PER_NEURON, 3, shapes[1], &output[0][0][0], &error)};
  const struct sl_firing_rate_target_mse_loss_arguments rates = {
      .layer_count = 2,
      .spikes_list = (const struct sl_spikes *const *)layers,
      .offsets = (const double[]){0.25, 0.25},
      .multipliers = (const double[]){1, 10}};
  sl_firing_rate_target_mse_loss(&rates, &result, &error);
  print_result("firing_rate_target_mse_loss", &result);

  /* Two samples of four steps, pushed step by step, as a simulation makes them. */
  const uint8_t steps[8][4] = {{1, 0, 0, 1}, {1, 1, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0},
                               {0, 0, 1, 1}, {0, 0, 1, 0}, {1, 0, 1, 1}, {0, 0, 1, 0}};
  struct sl_spikes *spk = sl_spikes_new(SL_PER_SAMPLE, 3, (const size_t[]){2, 4, 4}, &error);
  for (size_t step = 0; step < 8; step++) {
    sl_spikes_push_bytes(spk, steps[step], 4, &error);
  }
  sl_spikes_finish(spk, &error);
  const struct sl_balanced_population_mse_arguments populations = {.spk = spk,
                                                                   .targets =
                                                                       (const int64_t[]){0, 0},
                                                                   .target_count = 2,
                                                                   .num_classes = 2,
                                                                   .neurons_per_class = 2,
                                                                   .correct_rate = 0.75,
                                                                   .incorrect_rate = 0.125};
  sl_balanced_population_mse(&populations, &result, &error);
  print_result("balanced_population_mse", &result);

  /* A loss with options: what is not said has its default. */
  struct sl_spike_count_mse_arguments totals = sl_spike_count_mse_defaults();
  totals.spk = spk;
  totals.targets = (const int64_t[]){0, 0};
  totals.target_count = 2;
  totals.num_classes = 2;
  totals.correct_rate = 0.75;
  totals.incorrect_rate = 0.125;
  totals.per = SL_UNIT_POPULATION;
  sl_spike_count_mse(&totals, &result, &error);
  print_result("spike_count_mse", &result);

  sl_spikes_free(layers[0]);
  sl_spikes_free(layers[1]);
  sl_spikes_free(spk);
  fputs(error.message, stderr);
  return error.code != SL_OK;
}
