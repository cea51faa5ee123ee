// Three losses of libspikeloss from C++17, on the worked examples of docs/losses.md. With an
// installed library:
//
//     c++ -std=c++17 worked_example.cpp $(pkg-config --cflags --libs spikeloss) -o worked_example
#include <cstdio>
#include <memory>
#include <spikeloss/spikeloss.h>
#include <vector>

using spikes = std::unique_ptr<sl_spikes, decltype(&sl_spikes_free)>;

static void print_result(const char *loss, sl_result &result) {
  std::printf("%s: loss %g\n", loss, result.loss);
  for (size_t i = 0; i < result.gradient_count; i++) {
    const sl_gradient &gradient = result.gradients[i];
    std::printf("  gradient of %s[%zu]:", gradient.name, gradient.item);
    for (size_t k = 0; k < gradient.count; k++) {
      std::printf(" %.10g", gradient.values[k]);
    }
    std::printf("\n");
  }
  sl_result_free(&result);
}

int main() {
  sl_error error = SL_NO_ERROR; // the first one wins, so one look at the end is enough
  sl_result result = {};

  // A tensor [batch, time, neurons] of a row-major array.
  auto count = [&](sl_sums sums, std::vector<size_t> shape, std::vector<float> values) {
    return spikes(sl_spikes_from_floats(sums, shape.size(), shape.data(), values.data(), &error),
                  sl_spikes_free);
  };
  spikes hidden = count(SL_PER_NEURON, {2, 2, 3}, {1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1});
  spikes output = count(SL_PER_NEURON, {2, 2, 2}, {0, 0, 0, 1, 0, 0, 0, 0});
  const sl_spikes *layers[] = {hidden.get(), output.get()};
  const double offsets[] = {0.25, 0.25}, multipliers[] = {1, 10};
  sl_firing_rate_target_mse_loss_arguments rates = {2, layers, offsets, multipliers};
  sl_firing_rate_target_mse_loss(&rates, &result, &error);
  print_result("firing_rate_target_mse_loss", result);

  spikes spk = count(SL_PER_SAMPLE, {2, 4, 4}, {1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
                                                0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0});
  const int64_t targets[] = {0, 0};
  sl_balanced_population_mse_arguments populations = {};
  populations.spk = spk.get();
  populations.targets = targets;
  populations.target_count = 2;
  populations.num_classes = 2;
  populations.neurons_per_class = 2;
  populations.correct_rate = 0.75;
  populations.incorrect_rate = 0.125;
  sl_balanced_population_mse(&populations, &result, &error);
  print_result("balanced_population_mse", result);

  // A loss with options: what is not said has its default.
  sl_spike_count_mse_arguments totals = sl_spike_count_mse_defaults();
  totals.spk = spk.get();
  totals.targets = targets;
  totals.target_count = 2;
  totals.num_classes = 2;
  totals.correct_rate = 0.75;
  totals.incorrect_rate = 0.125;
  totals.per = SL_UNIT_POPULATION;
  sl_spike_count_mse(&totals, &result, &error);
  print_result("spike_count_mse", result);

  std::fputs(error.message, stderr);
  return error.code != SL_OK;
}
