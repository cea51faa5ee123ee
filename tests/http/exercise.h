/*
 * Random requests whose answers are known: the maths of docs/losses.md once more, in plain loops
 * over plain arrays, sharing nothing with the daemon.
 */
#ifndef SPIKELOSS_TESTS_HTTP_EXERCISE_H
#define SPIKELOSS_TESTS_HTTP_EXERCISE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXERCISE_MAX_VALUES = 512 };

struct exercise {
  bool population; /* which of the two losses */
  bool dense;
  bool nested;
  size_t batch, steps, neurons;
  double spikes[EXERCISE_MAX_VALUES];

  double offset, multiplier; /* of the one layer */
  size_t classes, neurons_per_class;
  size_t targets[8];
  double correct_rate, incorrect_rate;

  char body[1 << 14];
};

/* Another exercise for every seed. */
void exercise_make(struct exercise *exercise, uint64_t seed);

const char *exercise_path(const struct exercise *exercise);

/* NULL if this is the answer, else what is wrong with it. */
const char *exercise_check(const struct exercise *exercise, const char *answer);

#endif
