/*
 * Scores populations whose counts are bytes. There are few different counts then, and what each
 * comes to is computed once:
 *
 *     count                 0      1      2    …   T
 *     residual          -10.0   -9.0   -8.0            its distance from the target
 *     gradient         -0.002     …
 *
 * Sums of doubles depend on the order of their terms only where an addition rounds. Targets are
 * mostly integers or short binary fractions, as T * rate is; then all residuals and squares are
 * multiples of one power of two, and as long as their sums have at most 53 bits nothing is rounded:
 *
 *     sum of (count - target)^2 = sum of count^2 - 2 target * sum of counts + pairs * target^2
 *
 * in integers is the same double as one addition after the other in row-major order.
 *
 * Up to 127 steps the gradients of both groups are a table of at most 256, one group after the
 * other: a count is its own index, and T + 1 is added to those of the correct group.
 */
#include "kernels/kernels.h"
#include "loss/population.h"

#include <endian.h>
#include <math.h>
#include <string.h>

enum { INCORRECT, CORRECT, GROUPS };

enum { COUNTS = UINT8_MAX + 1 };

/* What each count comes to in a group. */
struct outcomes {
  double residuals[COUNTS], squares[COUNTS], gradients[COUNTS];
  double incorrect[COUNTS]; /* residuals, or 0 where they are of the correct group */
};

/* The populations while they are scored. */
struct score {
  const struct sl_population *population;
  const uint8_t *counts;
  double *gradient; /* where there are no indices */
  uint8_t *indices; /* or NULL; gradients[GROUPS][T + 1] is the table then */
  struct sl_population_totals *totals;
  struct outcomes outcomes[GROUPS];
};

static void fill_outcomes(struct score *score, size_t group, double target, double terms) {
  struct outcomes *outcomes = &score->outcomes[group];
  size_t steps = score->population->spikes->steps;
  for (size_t count = 0; count <= steps; count++) {
    double residual = (double)count - target;
    outcomes->residuals[count] = residual;
    outcomes->incorrect[count] = group == INCORRECT ? residual : 0.0;
    outcomes->squares[count] = residual * residual;
    outcomes->gradients[count] = 2.0 * residual / terms;
  }
}

/* Returns the index of the gradient of a count in the correct group. */
static inline uint8_t correct_index(const struct score *score, uint32_t count) {
  return (uint8_t)(score->population->spikes->steps + 1 + count);
}

/* The class with the most spikes in a sample; of several, the lowest. */
struct winner {
  size_t class;
  int64_t max_total;
  bool shared;
};

static const struct winner no_winner = {.max_total = -1};

/* Without a branch: which class wins is what no processor can predict. */
static inline void update_winner(struct winner *winner, size_t class, uint64_t total) {
  int64_t signed_total = (int64_t)total;
  bool above = signed_total > winner->max_total;
  winner->shared = (winner->shared & !above) | (signed_total == winner->max_total);
  winner->class = above ? class : winner->class;
  winner->max_total = above ? signed_total : winner->max_total;
}

static inline void add_winner(struct sl_population_totals *totals, bool hit, bool shared) {
  totals->hits += hit;
  totals->ties += shared;
}

enum { MAX_SAMPLES = 256 }; /* that are scored together */

/* Finds which class wins each sample. */
static void find_winners(const struct score *score, size_t first, size_t samples, uint32_t *classes,
                         bool *shared) {
  const struct sl_population *population = score->population;
  size_t neurons = population->neurons;
  const uint8_t *counts = score->counts + first * population->classes * neurons;
  if (neurons == 1) {
    sl_kernels()->find_largest(classes, shared, counts, samples, population->classes);
    return;
  }
  for (size_t sample = 0; sample < samples; sample++) {
    struct winner winner = no_winner;
    for (size_t class = 0; class < population->classes; class ++, counts += neurons) {
      uint64_t total = 0;
      for (size_t i = 0; i < neurons; i++) {
        total += counts[i];
      }
      update_winner(&winner, class, total);
    }
    classes[sample] = (uint32_t)winner.class;
    shared[sample] = winner.shared;
  }
}

/* Counts the samples that their own class wins, and those that several classes win. */
static void count_hits(struct score *score, size_t first, size_t samples) {
  uint32_t classes[MAX_SAMPLES];
  bool shared[MAX_SAMPLES];
  find_winners(score, first, samples, classes, shared);
  for (size_t sample = 0; sample < samples; sample++) {
    size_t target = (size_t)score->population->targets[first + sample];
    add_winner(score->totals, classes[sample] == target, shared[sample]);
  }
}

/* Adds one value after the other, in row-major order. Where it is of the other group, 0 is added to
 * the residuals. Inline, so that the compiler knows populations of one neuron, for which it leaves
 * the winners to count_hits. */
static inline void add_in_order(struct score *score, size_t neurons) {
  const struct sl_population *population = score->population;
  const uint8_t *counts = score->counts;
  bool indexed = score->indices != NULL;
  double *gradient = score->gradient;
  double squares = 0.0;
  double incorrect = 0.0;
  double correct = 0.0;
  uint64_t count = 0;
  uint64_t correct_count = 0;
  for (size_t sample = 0; sample < population->spikes->samples; sample++) {
    size_t target = (size_t)population->targets[sample];
    struct winner winner = no_winner;
    uint8_t *indices = indexed ? score->indices + sample * population->spikes->neurons : NULL;
    for (size_t i = target * neurons; i < (target + 1) * neurons; i++) {
      correct += score->outcomes[CORRECT].residuals[counts[i]];
      correct_count += counts[i];
      if (indexed) {
        indices[i] = correct_index(score, counts[i]);
      }
    }
    for (size_t class = 0; class < population->classes; class ++) {
      const struct outcomes *outcomes = &score->outcomes[class == target];
      uint64_t total = 0;
      for (size_t i = 0; i < neurons; i++) {
        total += counts[i];
        squares += outcomes->squares[counts[i]];
        incorrect += outcomes->incorrect[counts[i]];
        if (!indexed) {
          gradient[i] = outcomes->gradients[counts[i]];
        }
      }
      count += total;
      update_winner(&winner, class, total);
      counts += neurons;
      gradient += indexed ? 0 : neurons;
    }
    if (neurons > 1) {
      add_winner(score->totals, winner.class == target, winner.shared);
    }
  }
  score->totals->squares = squares;
  score->totals->correct.residuals = correct;
  score->totals->incorrect.residuals = incorrect;
  score->totals->correct.counts = (double)correct_count;
  score->totals->incorrect.counts = (double)(count - correct_count);
}

static void score_in_order(struct score *score) {
  const struct sl_spikes *spikes = score->population->spikes;
  size_t samples = spikes->samples;
  if (score->indices != NULL) {
    memcpy(score->indices, score->counts, samples * spikes->neurons);
  }
  if (score->population->neurons > 1) {
    add_in_order(score, score->population->neurons);
    return;
  }
  add_in_order(score, 1);
  for (size_t first = 0; first < samples; first += MAX_SAMPLES) {
    count_hits(score, first, samples - first < MAX_SAMPLES ? samples - first : MAX_SAMPLES);
  }
}

/* Returns a power of two that makes integers of both targets, or 0 if there is no small one, or
 * if sums of squares could need more bits than a double has. */
static double exact_scale(const struct sl_population_totals *totals, double steps, double pairs) {
  const double max_scale = 1024.0;
  double correct = totals->correct.target;
  double incorrect = totals->incorrect.target;
  double farthest = fmax(fmax(fabs(correct), fabs(correct - steps)),
                         fmax(fabs(incorrect), fabs(incorrect - steps)));
  for (double scale = 1.0; scale <= max_scale; scale *= 2.0) {
    if (!(farthest * farthest * scale * scale * pairs < 0x1p53)) {
      return 0.0;
    }
    if (correct * scale == floor(correct * scale) &&
        incorrect * scale == floor(incorrect * scale)) {
      return scale;
    }
  }
  return 0.0;
}

/* Sums of counts and of their squares. */
enum { COUNT_SUM, SQUARE_SUM, SUMS };

struct moments {
  size_t pairs;
  uint64_t sums[SUMS];
};

/* Looks up gradients, eight counts in one load. */
static void write_gradient(double *gradient, const uint8_t *counts, size_t pairs,
                           const double *gradients) {
  size_t i = 0;
  for (uint64_t eight; i + sizeof eight <= pairs; i += sizeof eight) {
    memcpy(&eight, counts + i, sizeof eight);
    eight = le64toh(eight);
    for (size_t k = 0; k < sizeof eight; k++) {
      gradient[i + k] = gradients[eight >> (8 * k) & UINT8_MAX];
    }
  }
  for (; i < pairs; i++) {
    gradient[i] = gradients[counts[i]];
  }
}

/* Scores the targets of samples, whose values were all taken for incorrect ones. Inline, so that
 * the compiler knows populations of one neuron. */
static inline void score_targets(struct score *score, size_t first, size_t samples, size_t neurons,
                                 struct moments *correct) {
  const struct sl_population *population = score->population;
  for (size_t sample = 0; sample < samples; sample++) {
    size_t target = (size_t)population->targets[first + sample];
    size_t offset = ((first + sample) * population->classes + target) * neurons;
    for (size_t i = offset; i < offset + neurons; i++) {
      uint32_t count = score->counts[i];
      correct->sums[COUNT_SUM] += count;
      correct->sums[SQUARE_SUM] += count * count;
      if (score->indices != NULL) {
        score->indices[i] = correct_index(score, count);
      } else {
        score->gradient[i] = score->outcomes[CORRECT].gradients[count];
      }
    }
  }
}

/* Makes doubles of the sums of a group. */
static void set_group(struct sl_population_totals *totals, struct sl_population_group *group,
                      struct moments moments, double scale) {
  int64_t factor = (int64_t)scale;
  int64_t target = (int64_t)(group->target * scale);
  int64_t pairs = (int64_t)moments.pairs;
  int64_t counts = factor * (int64_t)moments.sums[COUNT_SUM];
  int64_t squares = factor * factor * (int64_t)moments.sums[SQUARE_SUM];
  group->counts = (double)moments.sums[COUNT_SUM];
  group->residuals = (double)(counts - pairs * target) / scale;
  totals->squares +=
      (double)(squares - 2 * target * counts + pairs * target * target) / (scale * scale);
}

static void score_exactly(struct score *score, double scale) {
  enum { PAIRS = 4096 }; /* few enough to stay in the cache */
  const struct sl_population *population = score->population;
  size_t row = population->spikes->neurons;
  size_t samples = population->spikes->samples;
  size_t at_once = PAIRS / row < MAX_SAMPLES ? 1 + PAIRS / row : MAX_SAMPLES;
  struct moments all = {0};
  struct moments correct = {.pairs = samples * population->neurons};
  for (size_t first = 0, end; first < samples; first = end) {
    end = at_once < samples - first ? first + at_once : samples;
    size_t pairs = (end - first) * row;
    if (score->indices != NULL) {
      memcpy(score->indices + first * row, score->counts + first * row, pairs);
    } else {
      write_gradient(score->gradient + first * row, score->counts + first * row, pairs,
                     score->outcomes[INCORRECT].gradients);
    }
    sl_kernels()->add_moments(all.sums, score->counts + first * row, pairs);
    count_hits(score, first, end - first);
    if (population->neurons == 1) {
      score_targets(score, first, end - first, 1, &correct);
    } else {
      score_targets(score, first, end - first, population->neurons, &correct);
    }
  }
  struct moments incorrect = {.pairs = samples * row - correct.pairs};
  for (size_t sum = 0; sum < SUMS; sum++) {
    incorrect.sums[sum] = all.sums[sum] - correct.sums[sum];
  }
  set_group(score->totals, &score->totals->correct, correct, scale);
  set_group(score->totals, &score->totals->incorrect, incorrect, scale);
}

static bool is_small(const struct sl_population *population) {
  const struct sl_spikes *spikes = population->spikes;
  return spikes->small_ones != NULL && spikes->sums == NULL && spikes->steps <= UINT8_MAX &&
         spikes->steps <= spikes->samples * spikes->neurons;
}

/* Gradients of a group without values need not be finite. */
size_t sl_population_small_table(const struct sl_population *population) {
  bool both = population->classes > 1;
  return both && is_small(population) && population->spikes->steps < COUNTS / GROUPS
             ? GROUPS * (population->spikes->steps + 1)
             : 0;
}

bool sl_population_score_small(struct sl_gradient *gradient, struct sl_population_totals *totals,
                               const struct sl_population *population, double terms) {
  const struct sl_spikes *spikes = population->spikes;
  if (!is_small(population)) {
    return false;
  }
  struct score score; /* outcomes of counts above the number of steps stay unset */
  score.population = population;
  score.counts = spikes->small_ones;
  score.gradient = gradient->values;
  score.indices = gradient->indices;
  score.totals = totals;
  fill_outcomes(&score, CORRECT, totals->correct.target, terms);
  fill_outcomes(&score, INCORRECT, totals->incorrect.target, terms);
  for (size_t group = 0; score.indices != NULL && group < GROUPS; group++) {
    memcpy(gradient->values + group * (spikes->steps + 1), score.outcomes[group].gradients,
           (spikes->steps + 1) * sizeof *gradient->values);
  }
  double scale = exact_scale(totals, (double)spikes->steps, (double)gradient->count);
  if (scale > 0.0) {
    score_exactly(&score, scale);
  } else {
    score_in_order(&score);
  }
  return true;
}
