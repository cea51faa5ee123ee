/*
 * What losses and users of libspikeloss read: sums, numbers of spikes, and how active neurons are.
 */
#include "spikes/spikes.h"

#include <string.h>

/* Returns whether there are sums; a silent tensor may have none before it is finished. */
static bool has_sums(const struct sl_spikes *spikes) {
  return spikes != NULL && spikes->ones_memory.words != NULL;
}

size_t sl_spikes_accumulators(const struct sl_spikes *spikes) {
  return has_sums(spikes) ? spikes->accumulators : 0;
}

double sl_spikes_sum(const struct sl_spikes *spikes, size_t accumulator) {
  if (accumulator >= sl_spikes_accumulators(spikes)) {
    return 0;
  }
  double ones = (double)sl_spikes_ones(spikes, accumulator);
  return spikes->sums != NULL ? ones + spikes->sums[accumulator] : ones;
}

uint64_t sl_spikes_fired(const struct sl_spikes *spikes, size_t accumulator) {
  if (accumulator >= sl_spikes_accumulators(spikes)) {
    return 0;
  }
  return sl_spikes_ones(spikes, accumulator) + sl_spikes_graded(spikes, accumulator);
}

uint64_t sl_spikes_count(const struct sl_spikes *spikes) {
  uint64_t count = 0;
  if (!has_sums(spikes)) {
    return count;
  }
  for (size_t i = 0; i < spikes->accumulators; i++) {
    count += sl_spikes_ones(spikes, i);
  }
  for (size_t i = 0; spikes->sums != NULL && i < spikes->accumulators; i++) {
    count += sl_spikes_graded(spikes, i);
  }
  return count;
}

bool sl_spikes_binary(const struct sl_spikes *spikes) {
  return spikes == NULL || spikes->sums == NULL;
}

/* Adds what a few neighbouring neurons fired in one sample. */
static void add_fired(uint64_t *fired, const struct sl_spikes *spikes, size_t first, size_t count) {
  for (size_t i = 0; i < count; i++) {
    fired[i] += sl_spikes_ones(spikes, first + i);
  }
  for (size_t i = 0; spikes->sums != NULL && i < count; i++) {
    fired[i] += sl_spikes_graded(spikes, first + i);
  }
}

struct sl_activity sl_spikes_activity(const struct sl_spikes *spikes) {
  enum { NEIGHBOURS = 64 };
  struct sl_activity activity = {0};
  if (!has_sums(spikes)) {
    return activity;
  }
  uint64_t always = (uint64_t)spikes->samples * spikes->steps;
  for (size_t neuron = 0; neuron < spikes->neurons; neuron += NEIGHBOURS) {
    size_t left = spikes->neurons - neuron;
    size_t count = left < NEIGHBOURS ? left : NEIGHBOURS;
    uint64_t fired[NEIGHBOURS];
    memset(fired, 0, count * sizeof *fired);
    for (size_t i = neuron; i < spikes->accumulators; i += spikes->neurons) {
      add_fired(fired, spikes, i, count);
    }
    for (size_t i = 0; i < count; i++) {
      activity.silent += fired[i] == 0;
      activity.saturated += fired[i] == always;
    }
  }
  return activity;
}
