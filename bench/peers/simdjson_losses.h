/*
 * Both losses as an expert would write them in C++ with simdjson's on-demand parser: spikes are
 * added up while the parser walks over them, and no tensor is built.
 */
#ifndef BENCH_SIMDJSON_LOSSES_H
#define BENCH_SIMDJSON_LOSSES_H

#include <cstdint>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

namespace peer {

/* Sums of one tensor: for each sample and neuron, or for each neuron. */
struct sums {
  std::size_t samples, steps, neurons;
  bool per_sample;
  bool binary;
  std::vector<double> counts;
  std::vector<std::uint32_t> fired; /* values that are not 0 */
};

/* One request. Used again, it takes no memory that it has already. */
struct question {
  simdjson::ondemand::parser parser;
  std::vector<sums> tensors; /* `tensor_count` of them are of this request */
  std::size_t tensor_count;
  std::vector<std::size_t> targets;
  std::vector<double> offsets, multipliers;
  std::size_t num_classes, neurons_per_class;
  double correct_rate, incorrect_rate;
  bool broadcast, as_f32;
  std::vector<std::uint8_t> decoded; /* base64 */
};

/* Reads a body, which SIMDJSON_PADDING bytes follow. Throws if it is not right. */
void read(question &question, bool population, const char *bytes, std::size_t length);

/* Writes loss, gradients and diagnostics as spikelossd does. */
void answer(std::string &text, const question &question, bool population);

} // namespace peer

#endif
