/*
 * Adds rows of spikes, as fast as memory gives them.
 *
 * Narrow rows would leave lanes of vectors unused, and cost more in loops than in additions. So as
 * many as fill whole vectors are one row first, whose parts are added in the end. They are a power
 * of two:
 *
 *     t0 t1 t2 t3 | t4 t5 t6 t7 | …  -->  t0+t4+… t1+t5+… t2+t6+… t3+t7+…  -->  halves  -->  sum
 *
 * Sums of whole numbers are exact in any order.
 */
#include "count.h"

#include <string.h>

#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX2__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

typedef float floats __attribute__((vector_size(4 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));
typedef uint8_t bytes __attribute__((vector_size(LANES)));

/* Rows that are added as one have whole vectors; of sixteen lanes, halves are as fast. */
enum { MIN_PERIOD = 64, PERIOD_UNIT = LANES < 8 ? LANES : 8 };

enum { CACHE_LINE = 64, AHEAD = 8 * 1024 };

static inline floats load(const float *values) {
  floats loaded;
  memcpy(&loaded, values, sizeof loaded);
  return loaded;
}

static inline void store(float *values, floats stored) {
  memcpy(values, &stored, sizeof stored);
}

/* Returns how many rows are added as one. */
static size_t rows_together(size_t steps, size_t stride, size_t width) {
  size_t rows = 1;
  while (stride == width && 2 * rows <= steps && 2 * rows * width <= SL_COUNT_COLUMNS &&
         (rows * width < MIN_PERIOD || rows * width % PERIOD_UNIT != 0)) {
    rows *= 2;
  }
  return rows;
}

static inline void add_row(float *sums, const float *row, size_t width) {
  size_t column = 0;
  for (; column + LANES <= width; column += LANES) {
    store(sums + column, load(sums + column) + load(row + column));
  }
  for (; column < width; column++) {
    sums[column] += row[column];
  }
}

static inline void add_four_rows(float *sums, const float *rows, size_t stride, size_t width) {
  const float *others[] = {rows + stride, rows + 2 * stride, rows + 3 * stride};
  size_t column = 0;
  for (; column + LANES <= width; column += LANES) {
    floats two = load(rows + column) + load(others[0] + column);
    floats more = load(others[1] + column) + load(others[2] + column);
    store(sums + column, load(sums + column) + (two + more));
  }
  for (; column < width; column++) {
    float two = rows[column] + others[0][column];
    float more = others[1][column] + others[2][column];
    sums[column] += two + more;
  }
}

/* Asks for memory before it is needed: left alone, a processor looks ahead to the end of a page. An
 * address that nothing is at does no harm. */
static inline void prefetch(const float *values, size_t count) {
  size_t size = count * sizeof *values;
  uintptr_t first = (uintptr_t)values + (size > AHEAD ? size : AHEAD);
  for (size_t line = 0; line < size; line += CACHE_LINE) {
    __builtin_prefetch((const void *)(first + line));
  }
}

static void add_rows(float *sums, const float *rows, size_t count, size_t stride, size_t width) {
  for (; count >= 4; count -= 4, rows += 4 * stride) {
    prefetch(rows, stride == width ? 4 * width : 0);
    add_four_rows(sums, rows, stride, width);
  }
  for (; count > 0; count--, rows += stride) {
    add_row(sums, rows, width);
  }
}

/* Adds the parts of a row to the first, half of them at a time, in whole vectors: what that adds to
 * a part after them was read before. */
static void fold(float *sums, size_t parts, size_t width) {
  for (; parts > 1; parts /= 2) {
    size_t half = parts / 2 * width;
    add_row(sums, sums + half, (half + LANES - 1) / LANES * LANES);
  }
}

/* Makes bytes of whole vectors. Returns false if a number is no whole one from 0 to 255. */
static bool narrow(uint8_t *counts, const float *sums, size_t width) {
  integers wrong = {0};
  for (size_t column = 0; column < width; column += LANES) {
    floats sum = load(sums + column);
    integers within = (sum >= 0.0F) & (sum <= 255.0F);
    integers number = __builtin_convertvector((floats)((integers)sum & within), integers);
    wrong |= ~within | (__builtin_convertvector(number, floats) != sum);
    bytes count = __builtin_convertvector(number, bytes);
    memcpy(counts + column, &count, sizeof count);
  }
  int32_t any = 0;
  for (size_t lane = 0; lane < LANES; lane++) {
    any |= wrong[lane];
  }
  return any == 0;
}

bool COUNT_STEPS(uint8_t *counts, const float *spikes, size_t steps, size_t stride, size_t width) {
  float sums[SL_COUNT_COLUMNS + LANES];
  size_t together = rows_together(steps, stride, width);
  size_t period = together * width;
  size_t whole = steps / together;
  memset(sums, 0, (period + LANES) * sizeof *sums);
  add_rows(sums, spikes, whole, together * stride, period);
  add_row(sums, spikes + whole * together * stride, steps % together * width);
  fold(sums, together, width);
  memset(sums + width, 0, LANES * sizeof *sums);
  return narrow(counts, sums, width);
}
