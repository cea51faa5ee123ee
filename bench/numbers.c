/*
 * Formatting of doubles, by kind of number. Each line: kind, nanoseconds for a number, the median
 * of a few timings.
 *
 *     numbers [MILLISECONDS]      for each timing; 20 if not said
 */
#include "clock.h"
#include "json/number_format.h"

#include <err.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 16384, TIMINGS = 7 };

static uint64_t next_random(void) {
  static uint64_t state = 88172645463325252;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static double from_parts(uint64_t biased_exponent) {
  uint64_t bits = biased_exponent << 52 | next_random() >> 12;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* What the gradients of a batch are: multiples of one over its size. */
static double gradient(void) {
  return (double)(1 + next_random() % 100) / 12800;
}

static double unit_interval(void) {
  return 0x1p-53 * (double)(next_random() >> 11);
}

static double spike_count(void) {
  return (double)(next_random() % 1000);
}

static double up_to_1000(void) {
  return 1 + 999 * unit_interval();
}

static double every_exponent(void) {
  return from_parts(1 + next_random() % 2046);
}

static double tiny(void) {
  return 1e-30 * (1 + unit_interval());
}

static double from_two_to_the_53(void) {
  return ldexp(1 + unit_interval(), 53 + (int)(next_random() % 60));
}

static double subnormal(void) {
  return from_parts(0);
}

static const struct {
  const char *name;
  double (*next)(void);
} kinds[] = {
    {"gradient", gradient},
    {"unit_interval", unit_interval},
    {"spike_count", spike_count},
    {"1_to_1000", up_to_1000},
    {"every_exponent", every_exponent},
    {"1e-30", tiny},
    {"from_2^53", from_two_to_the_53},
    {"subnormal", subnormal},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static double nanoseconds_a_number(const double *numbers, double min_seconds) {
  char text[SL_NUMBER_TEXT_MAX + 1];
  size_t runs = 0;
  double start = bench_seconds();
  double seconds = 0;
  do {
    size_t length = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
      length += sl_number_format(text, numbers[i]);
    }
    if (length < NUMBERS) {
      errx(EXIT_FAILURE, "a number has no text");
    }
    runs++;
    seconds = bench_seconds() - start;
  } while (seconds < min_seconds);
  return 1e9 * seconds / (double)(runs * NUMBERS);
}

int main(int count, char **arguments) {
  static double numbers[KINDS][NUMBERS];
  double times[KINDS][TIMINGS];
  double min_seconds = 1e-3 * (count > 1 ? strtod(arguments[1], NULL) : 20);
  for (size_t i = 0; i < KINDS * NUMBERS; i++) {
    numbers[i / NUMBERS][i % NUMBERS] = kinds[i / NUMBERS].next();
  }
  for (size_t i = 0; i < TIMINGS * KINDS; i++) { /* in turn: what slows one slows all */
    times[i % KINDS][i / KINDS] = nanoseconds_a_number(numbers[i % KINDS], min_seconds);
  }
  for (size_t i = 0; i < KINDS; i++) {
    printf("%s %.1f\n", kinds[i].name, bench_percentile(times[i], TIMINGS, 50));
  }
  return EXIT_SUCCESS;
}
