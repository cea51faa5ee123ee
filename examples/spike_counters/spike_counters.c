/*
 * Losses of spike counters. Neuromorphic hardware does not deliver spikes but counts them: for each
 * sample one counter a neuron. No loss needs more. Computes the same loss twice: in this process by
 * libspikeloss, and by a spikelossd.
 *
 *     cc spike_counters.c $(pkg-config --cflags --libs spikeloss spikeloss-client)
 *     ./a.out http://127.0.0.1:8080
 */
#include <spikeloss/spikeloss.h>
#include <spikeloss_client.h>
#include <stdio.h>

enum { SAMPLES = 2, STEPS = 50, CLASSES = 2, PER_CLASS = 3, NEURONS = CLASSES * PER_CLASS };

static const size_t shape[3] = {SAMPLES, STEPS, NEURONS}; /* of the spikes that were counted */
static const int64_t labels[SAMPLES] = {0, 1};
static const double correct_rate = 0.5, incorrect_rate = 0.05; /* spikes per neuron and step */

/* Stands for the registers of a chip after 50 steps of each sample. */
static const uint16_t counters[SAMPLES * NEURONS] = {21, 27, 25, 2, 9, 0, 14, 3, 0, 30, 24, 50};

static void print_result(const char *where, double loss, const double *gradient) {
  printf("%s: loss %.17g\n", where, loss);
  for (size_t sample = 0; sample < SAMPLES; sample++) {
    printf("  gradient of sample %zu:", sample);
    for (size_t neuron = 0; neuron < NEURONS; neuron++) {
      printf(" %.10g", gradient[sample * NEURONS + neuron]);
    }
    printf("\n");
  }
}

static bool compute_here(void) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result = {0};
  struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  sl_spikes_begin_sums(spikes, SL_SUMMED_TIME, &error);
  for (size_t i = 0; i < SAMPLES * NEURONS; i++) {
    const double count = counters[i];
    sl_spikes_push_doubles(spikes, &count, 1, &error);
  }
  sl_spikes_finish(spikes, &error);

  struct sl_spike_count_mse_arguments arguments = sl_spike_count_mse_defaults();
  arguments.spk = spikes;
  arguments.targets = labels;
  arguments.target_count = SAMPLES;
  arguments.num_classes = CLASSES;
  arguments.correct_rate = correct_rate;
  arguments.incorrect_rate = incorrect_rate;
  sl_spike_count_mse(&arguments, &result, &error);

  if (error.code == SL_OK) {
    print_result("libspikeloss", result.loss, result.gradients[0].values);
  } else {
    fprintf(stderr, "libspikeloss: %s\n", error.message);
  }
  sl_result_free(&result);
  sl_spikes_free(spikes);
  return error.code == SL_OK;
}

static bool ask_server(const char *url) {
  struct spikeloss_error error;
  struct spikeloss_client *client = spikeloss_client_new(url, NULL);
  const struct spikeloss_tensor spk = {.type = SPIKELOSS_U16,
                                       .values = counters,
                                       .rank = 3,
                                       .shape = shape,
                                       .summed = SPIKELOSS_SUMMED_TIME};
  struct spikeloss_spike_count_mse_arguments arguments = spikeloss_spike_count_mse_defaults();
  arguments.spk = &spk;
  arguments.targets = labels;
  arguments.target_count = SAMPLES;
  arguments.num_classes = CLASSES;
  arguments.correct_rate = correct_rate;
  arguments.incorrect_rate = incorrect_rate;
  struct spikeloss_result *result = spikeloss_spike_count_mse(client, &arguments, &error);

  const bool ok = result != NULL;
  if (ok) {
    print_result("spikelossd", result->loss, spikeloss_gradient(result, "spk", 0)->values);
  } else {
    fprintf(stderr, "spikelossd: %s\n", error.detail);
  }
  spikeloss_result_free(result);
  spikeloss_client_free(client);
  return ok;
}

int main(int argc, char **argv) {
  const char *url = argc > 1 ? argv[1] : "http://127.0.0.1:8080";
  return compute_here() && ask_server(url) ? 0 : 1;
}
