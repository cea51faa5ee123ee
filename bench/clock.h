#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline int bench_compare(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

/* Sorts times or speeds; returns the one that so many percent of them are below. */
static inline double bench_percentile(double *values, size_t count, size_t percent) {
  qsort(values, count, sizeof values[0], bench_compare);
  return values[count * percent / 100];
}

#endif
