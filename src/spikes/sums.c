/*
 * What losses and users of libspikeloss read: sums, numbers of spikes, and how active neurons are.
 */
#include "kernels/kernels.h"
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
  uint64_t sums[2] = {0};
  if (!has_sums(spikes)) {
    return 0;
  }
  if (spikes->small_ones != NULL) {
    sl_kernels()->add_moments(sums, spikes->small_ones, spikes->accumulators);
  }
  for (size_t i = 0; spikes->ones != NULL && i < spikes->accumulators; i++) {
    sums[0] += spikes->ones[i];
  }
  for (size_t i = 0; spikes->sums != NULL && i < spikes->accumulators; i++) {
    sums[0] += sl_spikes_graded(spikes, i);
  }
  return sums[0];
}

bool sl_spikes_binary(const struct sl_spikes *spikes) {
  return spikes == NULL || spikes->sums == NULL;
}

/* Which neurons fired at least once, and which rested at least once: not 0 where one did. */
enum { NEIGHBOURS = 256 };
struct seen {
  uint8_t fired[NEIGHBOURS], rested[NEIGHBOURS];
};

static void join(uint8_t *restrict bytes, const uint8_t *restrict more, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bytes[i] |= more[i];
  }
}

/* Looks at neighbouring small counts. Most are of ones alone. */
static void see_small(struct seen *seen, const struct sl_spikes *spikes, size_t first, size_t count,
                      uint8_t always) {
  const uint8_t *ones = spikes->small_ones + first;
  const uint8_t *graded = spikes->small_graded;
  for (size_t i = 0; graded == NULL && i < count; i++) {
    seen->fired[i] |= ones[i];
    seen->rested[i] |= ones[i] ^ always;
  }
  for (size_t i = 0; graded != NULL && i < count; i++) {
    uint8_t fired = (uint8_t)(ones[i] + graded[first + i]);
    seen->fired[i] |= fired;
    seen->rested[i] |= fired ^ always;
  }
}

/* Looks at neighbouring accumulators, each of up to `always` values. */
static void see(struct seen *seen, const struct sl_spikes *spikes, size_t first, size_t count,
                uint64_t always) {
  if (spikes->small_ones != NULL) {
    see_small(seen, spikes, first, count, (uint8_t)always);
    return;
  }
  for (size_t i = 0; i < count; i++) {
    uint64_t fired = spikes->ones[first + i] + sl_spikes_graded(spikes, first + i);
    seen->fired[i] |= fired > 0;
    seen->rested[i] |= fired < always;
  }
}

/* Counts silent and saturated neurons that have one accumulator each. */
static struct sl_activity activity_of_sums(const struct sl_spikes *spikes, uint64_t always) {
  struct sl_activity activity = {0};
  for (size_t i = 0; i < spikes->neurons; i++) {
    uint64_t fired = sl_spikes_ones(spikes, i) + sl_spikes_graded(spikes, i);
    activity.silent += fired == 0;
    activity.saturated += fired >= always;
  }
  return activity;
}

/* Narrow samples are seen as wider ones, several together; half of them at a time join the others.
 */
struct sl_activity sl_spikes_activity(const struct sl_spikes *spikes) {
  struct sl_activity activity = {0};
  if (!has_sums(spikes)) {
    return activity;
  }
  size_t neurons = spikes->neurons;
  uint64_t always = (uint64_t)spikes->steps * (spikes->per_sample ? 1 : spikes->samples);
  if (spikes->accumulators == neurons) {
    return activity_of_sums(spikes, always);
  }
  size_t width = neurons < NEIGHBOURS ? NEIGHBOURS / neurons * neurons : neurons;
  for (size_t column = 0; column < neurons; column += NEIGHBOURS) {
    size_t all = width < spikes->accumulators ? width : spikes->accumulators;
    size_t count = all - column < NEIGHBOURS ? all - column : NEIGHBOURS;
    struct seen seen; /* only the first `count` are used */
    memset(seen.fired, 0, count);
    memset(seen.rested, 0, count);
    for (size_t i = column; i < spikes->accumulators; i += width) {
      size_t left = spikes->accumulators - i;
      see(&seen, spikes, i, left < count ? left : count, always);
    }
    for (size_t kept, left = count; left > neurons; left = kept) {
      kept = (left / neurons + 1) / 2 * neurons;
      join(seen.fired, seen.fired + kept, left - kept);
      join(seen.rested, seen.rested + kept, left - kept);
    }
    for (size_t i = 0; i < count && column + i < neurons; i++) {
      activity.silent += seen.fired[i] == 0;
      activity.saturated += seen.rested[i] == 0;
    }
  }
  return activity;
}
