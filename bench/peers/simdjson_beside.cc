/*
 * spikelossd's decoder beside simdjson's in turn: parsing and counting, without a server and
 * without a loss. Arguments as of alone.c; the first line is spikelossd's.
 */
#include "../rounds.h"
#include "simdjson_losses.h"

static_assert(BENCH_PADDING >= simdjson::SIMDJSON_PADDING);

static void decode(const struct bench_question *asked, const char *bytes, std::size_t length) {
  static peer::question question;
  peer::read(question, std::string_view(asked->loss) == "balanced_population_mse", bytes, length);
}

int main(int count, char **arguments) {
  bench_decode *const decoders[] = {bench_decode_here, decode};
  return bench_rounds(count, arguments, decoders, 2);
}
