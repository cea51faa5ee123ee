#include "simdjson_losses.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace peer {
namespace {

using simdjson::ondemand::array;
using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

void require(bool right, const char *problem) {
  if (!right) {
    throw std::runtime_error(problem);
  }
}

void add(sums &sums, std::size_t at, double number) {
  sums.counts[at] += number;
  sums.fired[at] += number != 0;
  sums.binary &= (number == 0) | (number == 1);
}

/* Zeros and ones are read from the text: the parser's branches would guess wrong at each spike. */
double read_number(value element) {
  std::string_view text = element.raw_json_token();
  unsigned digit = static_cast<unsigned char>(text[0]) - '0';
  if (digit < 2 && (text.size() == 1 || (text.size() == 3 && text[1] == '.' && text[2] == '0'))) {
    return digit;
  }
  return element.get_double();
}

std::size_t read_row(sums &sums, array row, std::size_t base, bool first) {
  std::size_t neuron = 0;
  for (auto element : row) {
    double number = read_number(element.value());
    if (first) {
      sums.counts.push_back(0);
      sums.fired.push_back(0);
    }
    require(first || neuron < sums.neurons, "ragged");
    add(sums, base + neuron++, number);
  }
  return neuron;
}

void read_nested(sums &sums, array samples) {
  for (array sample : samples) {
    std::size_t base = sums.per_sample ? sums.samples * sums.neurons : 0;
    sums.counts.resize(base + sums.neurons);
    sums.fired.resize(base + sums.neurons);
    std::size_t step = 0;
    for (array row : sample) {
      bool first = sums.samples == 0 && step == 0;
      std::size_t length = read_row(sums, row, base, first);
      sums.neurons = first ? length : sums.neurons;
      require(length == sums.neurons, "ragged");
      step++;
    }
    sums.steps = sums.samples == 0 ? step : sums.steps;
    require(step == sums.steps, "ragged");
    sums.samples++;
  }
}

/* For each place in a group of four letters, what each letter adds to the 24 bits. */
const auto letter_values = [] {
  std::array<std::array<std::uint32_t, 256>, 4> tables;
  const char *letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int place = 0; place < 4; place++) {
    tables[place].fill(1u << 31);
    for (std::uint32_t i = 0; i < 64; i++) {
      tables[place][static_cast<unsigned char>(letters[i])] = i << (18 - 6 * place);
    }
  }
  return tables;
}();

void decode_base64(std::vector<std::uint8_t> &bytes, std::string_view text) {
  require(text.size() % 4 == 0, "base64");
  std::size_t padding = text.empty() ? 0 : (text.back() == '=') + (text[text.size() - 2] == '=');
  bytes.resize(text.size() / 4 * 3 + 8);
  std::uint32_t bad = 0;
  const auto *letters = reinterpret_cast<const unsigned char *>(text.data());
  std::uint8_t *out = bytes.data();
  std::size_t groups = text.size() / 4 - (padding > 0);
  const auto group = [&](const unsigned char *four) {
    std::uint32_t bits = letter_values[0][four[0]] | letter_values[1][four[1]] |
                         letter_values[2][four[2]] | letter_values[3][four[3]];
    bad |= bits;
    std::uint32_t in_order = __builtin_bswap32(bits << 8);
    std::memcpy(out, &in_order, sizeof in_order);
    out += 3;
  };
  for (std::size_t i = 0; i < groups; i++) {
    group(letters + 4 * i);
  }
  if (padding > 0) {
    unsigned char last[4] = {'A', 'A', 'A', 'A'};
    std::memcpy(last, letters + 4 * groups, 4 - padding);
    group(last);
    out -= padding;
  }
  require(bad >> 31 == 0, "base64");
  bytes.resize(static_cast<std::size_t>(out - bytes.data()));
}

/* Goes from set bit to set bit, 64 at a time. */
void count_bits(sums &sums, const std::vector<std::uint8_t> &bytes) {
  std::size_t row_begin = 0, row = 0, base = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    word = __builtin_bswap64(word);
    while (word != 0) {
      unsigned zeros = static_cast<unsigned>(__builtin_clzll(word));
      std::size_t value = 8 * at + zeros;
      word &= ~(UINT64_C(1) << 63 >> zeros);
      while (value >= row_begin + sums.neurons) {
        row_begin += sums.neurons;
        base = sums.per_sample ? ++row / sums.steps * sums.neurons : 0;
      }
      require(base + value - row_begin < sums.counts.size(), "set padding");
      sums.counts[base + value - row_begin] += 1;
    }
  }
  for (std::size_t i = 0; i < sums.counts.size(); i++) {
    sums.fired[i] = static_cast<std::uint32_t>(sums.counts[i]);
  }
}

void read_packed(question &question, sums &sums, object tensor) {
  std::size_t sizes[3] = {0, 0, 0};
  for (auto field : tensor) {
    std::string_view name = field.unescaped_key();
    if (name == "shape") {
      std::size_t rank = 0;
      for (std::uint64_t size : field.value().get_array()) {
        require(rank < 3, "rank");
        sizes[rank++] = size;
      }
    } else if (name == "encoding") {
      require(field.value().get_string().value() == "bits", "encoding");
    } else {
      decode_base64(question.decoded, field.value().get_string());
    }
  }
  sums.samples = sizes[0], sums.steps = sizes[1], sums.neurons = sizes[2];
  require(question.decoded.size() == (sizes[0] * sizes[1] * sizes[2] + 7) / 8 && sizes[2] > 0,
          "length");
  sums.counts.assign(sums.neurons * (sums.per_sample ? sums.samples : 1), 0);
  sums.fired.resize(sums.counts.size());
  count_bits(sums, question.decoded);
}

void read_tensor(question &question, value tensor, bool per_sample) {
  if (question.tensors.size() == question.tensor_count) {
    question.tensors.emplace_back();
  }
  sums &sums = question.tensors[question.tensor_count++];
  sums.samples = sums.steps = sums.neurons = 0;
  sums.per_sample = per_sample;
  sums.binary = true;
  sums.counts.clear();
  sums.fired.clear();
  if (tensor.type() == json_type::array) {
    read_nested(sums, tensor.get_array());
  } else {
    read_packed(question, sums, tensor.get_object());
  }
}

void read_numbers(std::vector<double> &numbers, array list) {
  numbers.clear();
  for (double number : list) {
    numbers.push_back(number);
  }
}

void read_member(question &question, std::string_view name, value value) {
  if (name == "spk") {
    read_tensor(question, value, true);
  } else if (name == "spikes_list") {
    for (auto tensor : value.get_array()) {
      read_tensor(question, tensor.value(), false);
    }
  } else if (name == "targets") {
    for (std::uint64_t label : value.get_array()) {
      question.targets.push_back(label);
    }
  } else if (name == "offsets") {
    read_numbers(question.offsets, value.get_array());
  } else if (name == "multipliers") {
    read_numbers(question.multipliers, value.get_array());
  } else if (name == "num_classes") {
    question.num_classes = value.get_uint64();
  } else if (name == "neurons_per_class") {
    question.neurons_per_class = value.get_uint64();
  } else if (name == "correct_rate") {
    question.correct_rate = value.get_double();
  } else if (name == "incorrect_rate") {
    question.incorrect_rate = value.get_double();
  } else if (name == "gradient") {
    question.broadcast = value.get_string().value() == "broadcast";
  } else if (name == "gradient_encoding") {
    question.as_f32 = value.get_string().value() == "f32";
  } else {
    require(false, "unknown member");
  }
}

/* The answer. */

void write(std::string &text, double number) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, number + 0.0).ptr;
  text.append(digits, end);
}

void write(std::string &text, const char *name, double number) {
  text += name;
  write(text, number);
}

void write_base64(std::string &text, const std::vector<float> &values) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto *bytes = reinterpret_cast<const std::uint8_t *>(values.data());
  std::size_t length = 4 * values.size(), begin = text.size();
  text.resize(begin + (length + 2) / 3 * 4, '=');
  char *out = text.data() + begin;
  for (std::size_t at = 0; at < length; at += 3) {
    std::size_t there = std::min<std::size_t>(3, length - at);
    std::uint32_t three =
        bytes[at] << 16 | (there > 1 ? bytes[at + 1] << 8 : 0) | (there > 2 ? bytes[at + 2] : 0);
    for (std::size_t i = 0; i < there + 1; i++) {
      *out++ = letters[three >> (18 - 6 * i) & 63];
    }
    out += 3 - there;
  }
}

void write_gradient(std::string &text, const question &question, std::size_t samples,
                    std::size_t neurons, const std::vector<double> &values) {
  text += "{\"shape\":[" + std::to_string(samples) + ",1," + std::to_string(neurons) + "],";
  if (question.as_f32) {
    text += "\"encoding\":\"f32\",\"data\":\"";
    write_base64(text, std::vector<float>(values.begin(), values.end()));
    text += "\"}";
    return;
  }
  text += "\"data\":";
  for (std::size_t i = 0; i < values.size(); i++) {
    text += i > 0 ? ',' : '[';
    write(text, values[i]);
  }
  text += "]}";
}

void write_activity(std::string &text, const sums &sums) {
  std::size_t silent = 0, saturated = 0;
  std::size_t rows = sums.samples * sums.steps;
  for (std::size_t neuron = 0; neuron < sums.neurons; neuron++) {
    std::uint64_t fired = 0;
    for (std::size_t i = neuron; i < sums.fired.size(); i += sums.neurons) {
      fired += sums.fired[i];
    }
    silent += fired == 0;
    saturated += fired == rows;
  }
  text += "\"neurons\":" + std::to_string(sums.neurons) + ",\"silent\":" + std::to_string(silent) +
          ",\"saturated\":" + std::to_string(saturated) +
          (sums.binary ? ",\"binary\":true" : ",\"binary\":false");
}

/* Samples whose class has the largest sum, and those where several have it. */
std::pair<std::size_t, std::size_t> count_winners(const question &question, const sums &sums) {
  std::size_t hits = 0, ties = 0;
  const double *counts = sums.counts.data();
  for (std::size_t sample = 0; sample < sums.samples; sample++) {
    double best = 0;
    std::size_t winner = 0, equal = 0;
    for (std::size_t label = 0; label < question.num_classes; label++) {
      double total = 0;
      for (std::size_t i = 0; i < question.neurons_per_class; i++) {
        total += *counts++;
      }
      equal = label > 0 && total == best ? equal + 1 : equal;
      if (label == 0 || total > best) {
        best = total, winner = label, equal = 0;
      }
    }
    hits += winner == question.targets[sample];
    ties += equal > 0;
  }
  return {hits, ties};
}

void answer_population(std::string &text, const question &question) {
  const sums &sums = question.tensors[0];
  const std::size_t pairs = sums.samples * sums.neurons;
  const double steps = static_cast<double>(sums.steps);
  std::vector<double> gradient(question.broadcast ? pairs : 0);
  double loss = 0, apart[2] = {0, 0}, counted[2] = {0, 0};
  std::size_t at = 0;
  for (std::size_t sample = 0; sample < sums.samples; sample++) {
    for (std::size_t label = 0; label < question.num_classes; label++) {
      bool correct = label == question.targets[sample];
      double wanted = steps * (correct ? question.correct_rate : question.incorrect_rate);
      for (std::size_t i = 0; i < question.neurons_per_class; i++, at++) {
        double difference = sums.counts[at] - wanted;
        loss += difference * difference;
        apart[correct] += difference;
        counted[correct] += sums.counts[at];
        if (question.broadcast) {
          gradient[at] = 2 * difference / static_cast<double>(pairs);
        }
      }
    }
  }
  auto [hits, ties] = count_winners(question, sums);
  double correct_pairs = static_cast<double>(sums.samples * question.neurons_per_class);
  double scale = -2 * steps / static_cast<double>(pairs);
  write(text, "{\"loss\":", loss / static_cast<double>(pairs));
  if (question.broadcast) {
    text += ",\"gradients\":{\"spk\":";
    write_gradient(text, question, sums.samples, sums.neurons, gradient);
    write(text, ",\"correct_rate\":", scale * apart[1]);
    write(text, ",\"incorrect_rate\":", scale * apart[0]);
    text += "}";
  }
  write(text, ",\"diagnostics\":{\"accuracy\":",
        static_cast<double>(hits) / static_cast<double>(sums.samples));
  text += ",\"ties\":" + std::to_string(ties) + ",";
  write_activity(text, sums);
  write(text, ",\"mean_rate_correct\":", counted[1] / (correct_pairs * steps));
  double incorrect_pairs = static_cast<double>(pairs) - correct_pairs;
  write(text, ",\"mean_rate_incorrect\":",
        incorrect_pairs > 0 ? counted[0] / (incorrect_pairs * steps) : 0);
  text += "}}\n";
}

void answer_rates(std::string &text, const question &question) {
  std::string gradients[3], layers;
  double loss = 0;
  for (std::size_t i = 0; i < question.tensor_count; i++) {
    const sums &sums = question.tensors[i];
    double total = 0;
    for (double count : sums.counts) {
      total += count;
    }
    double values = static_cast<double>(sums.samples * sums.steps * sums.neurons);
    double apart = total / values - question.offsets[i], factor = question.multipliers[i];
    double its_loss = apart * factor * (apart * factor);
    loss += its_loss;
    for (auto &gradient : gradients) {
      gradient += i > 0 ? "," : "";
    }
    write_gradient(gradients[0], question, 1, 1, {2 * factor * factor * apart / values});
    write(gradients[1], -2 * factor * factor * apart);
    write(gradients[2], 2 * factor * apart * apart);
    write(layers, i > 0 ? ",{\"rate\":" : "{\"rate\":", total / values);
    write(layers, ",\"target\":", question.offsets[i]);
    write(layers, ",\"loss\":", its_loss);
    layers += ",";
    write_activity(layers, sums);
    layers += "}";
  }
  write(text, "{\"loss\":", loss);
  if (question.broadcast) {
    text += ",\"gradients\":{\"spikes_list\":[" + gradients[0] + "],\"offsets\":[" + gradients[1] +
            "],\"multipliers\":[" + gradients[2] + "]}";
  }
  text += ",\"diagnostics\":{\"layers\":[" + layers + "]}}\n";
}

void check(const question &question, bool population) {
  if (!population) {
    require(question.tensor_count == question.offsets.size() &&
                question.tensor_count == question.multipliers.size(),
            "lists of different lengths");
    return;
  }
  require(question.tensor_count == 1, "spk");
  const sums &sums = question.tensors[0];
  require(sums.samples * sums.steps * sums.neurons > 0, "empty");
  require(question.targets.size() == sums.samples, "targets");
  require(question.num_classes * question.neurons_per_class == sums.neurons, "classes");
  for (std::size_t label : question.targets) {
    require(label < question.num_classes, "class");
  }
}

} // namespace

void read(question &question, bool population, const char *bytes, std::size_t length) {
  question.tensor_count = 0;
  question.targets.clear();
  question.broadcast = question.as_f32 = false;
  auto document =
      question.parser
          .iterate(simdjson::padded_string_view(bytes, length, length + simdjson::SIMDJSON_PADDING))
          .value();
  for (auto field : document.get_object()) {
    std::string_view name = field.unescaped_key();
    read_member(question, name, field.value());
  }
  check(question, population);
}

void answer(std::string &text, const question &question, bool population) {
  text.clear();
  if (population) {
    answer_population(text, question);
  } else {
    answer_rates(text, question);
  }
}

} // namespace peer
