/*
 * A small generator of pseudo-random numbers with a fixed seed: the same tests on every run.
 */
#ifndef SPIKELOSS_TESTS_SMALL_RANDOM_H
#define SPIKELOSS_TESTS_SMALL_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_random {
  uint64_t state; /* never 0 */
};

/* xorshift64* (Vigna 2016). */
static inline uint64_t sl_random_next(struct sl_random *random) {
  random->state ^= random->state >> 12;
  random->state ^= random->state << 25;
  random->state ^= random->state >> 27;
  return random->state * UINT64_C(2685821657736338717);
}

/* From 0 to below - 1. */
static inline size_t sl_random_below(struct sl_random *random, size_t below) {
  return (size_t)((sl_random_next(random) >> 16) % below);
}

static inline bool sl_random_one_in(struct sl_random *random, size_t times) {
  return sl_random_below(random, times) == 0;
}

#endif
