/*
 * Every kernel of every instruction set that this processor has, on data that stays in the second
 * level cache. Each line: kernel, instruction set, gigabytes a second (of packed bits, of text),
 * the median of a few timings.
 *
 *     kernels [MILLISECONDS]      for each timing; 20 if not said
 */
#include "kernels/kernels.h"
#include "body.h"
#include "clock.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DATA_BYTES = 256 * 1024, TIMINGS = 7, MAX_COLUMNS = 4096 };

/* One kernel and all that it is called with. */
struct work {
  const struct sl_kernels *kernels;
  size_t rows, columns;
  uint64_t *bits;
  uint64_t *counts;
  double *values;
  double *sums;
  char *text;
  uint8_t *bytes;
  size_t length; /* bytes that one run goes through */
};

static void add_columns(struct work *work) {
  work->kernels->add_columns(work->counts, 8, work->bits, 0, 1, work->rows, work->columns);
}

static void add_reals(struct work *work) {
  work->kernels->add_reals(work->counts, work->counts + work->columns, sizeof *work->counts,
                           work->sums, work->values, work->rows, work->columns, work->columns);
}

static void scan_spike_text(struct work *work) {
  struct sl_text_scan scan = {
      .row_length = work->columns, .bits = work->bits, .capacity = work->length};
  size_t done = work->kernels->scan_spike_text(&scan, work->text, work->length);
  if (done + 2 * SL_SCAN_BLOCK < work->length) {
    errx(EXIT_FAILURE, "the scan stops at byte %zu of %zu", done, work->length);
  }
}

static void decode_base64(struct work *work) {
  if (work->kernels->decode_base64(work->bytes, work->text, work->length / 4) != work->length / 4) {
    errx(EXIT_FAILURE, "valid base64 is refused");
  }
}

static double gigabytes_a_second(void (*run)(struct work *), struct work *work,
                                 double min_seconds) {
  double speeds[TIMINGS];
  for (size_t i = 0; i < TIMINGS; i++) {
    size_t runs = 0;
    double start = bench_seconds();
    double seconds = 0;
    do {
      run(work);
      runs++;
      seconds = bench_seconds() - start;
    } while (seconds < min_seconds);
    speeds[i] = 1e-9 * (double)(runs * work->length) / seconds;
  }
  return bench_percentile(speeds, TIMINGS, 50);
}

static void measure_columns(struct work *work, double min_seconds) {
  static const size_t widths[] = {10, 100, 1000, 4096};
  for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
    work->columns = widths[i];
    work->rows = DATA_BYTES * 8 / widths[i];
    work->length = work->rows * widths[i] / 8;
    printf("add_columns/%zu %s %.3f\n", widths[i], work->kernels->name,
           gigabytes_a_second(add_columns, work, min_seconds));
  }
}

/* Rows with a comma after each: such text comes after a comma itself. */
static void fill_with_rows(struct work *work, const char *spelling, size_t columns) {
  const struct bench_question question = {
      "firing_rate_target_mse_loss", spelling, 1, 1, columns, "none", 1};
  struct bench_body *body = bench_body_new(&question);
  size_t row_length = 0;
  work->columns = columns;
  work->length = 0;
  for (size_t row = 0; work->length + 8 * columns < DATA_BYTES; row++) {
    const char *text = bench_body_row(body, row, &row_length);
    memcpy(work->text + work->length, text, row_length);
    work->length += row_length;
    work->length +=
        (size_t)(stpcpy(work->text + work->length, bench_body_separator(body)) - work->text) -
        work->length;
  }
  bench_body_free(body);
}

static void measure_text(struct work *work, double min_seconds) {
  static const char *const spellings[] = {"ints", "python_ints", "python_floats"};
  static const size_t widths[] = {10, 1000};
  for (size_t i = 0; i < 3; i++) {
    for (size_t k = 0; k < 2; k++) {
      fill_with_rows(work, spellings[i], widths[k]);
      printf("scan_spike_text/%s/%zu %s %.3f\n", spellings[i], widths[k], work->kernels->name,
             gigabytes_a_second(scan_spike_text, work, min_seconds));
    }
  }
}

static void measure_base64(struct work *work, double min_seconds) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < DATA_BYTES; i++) {
    work->text[i] = alphabet[i * 37 % 64];
  }
  work->length = DATA_BYTES;
  printf("decode_base64 %s %.3f\n", work->kernels->name,
         gigabytes_a_second(decode_base64, work, min_seconds));
}

static void measure_reals(struct work *work, double min_seconds) {
  work->columns = 1000;
  work->rows = DATA_BYTES / sizeof(double) / work->columns;
  work->length = work->rows * work->columns * sizeof(double);
  for (size_t i = 0; i < work->rows * work->columns; i++) {
    work->values[i] = 0.001 * (double)(i % 997);
  }
  printf("add_reals/1000 %s %.3f\n", work->kernels->name,
         gigabytes_a_second(add_reals, work, min_seconds));
}

static void fill_with_bits(struct work *work) {
  uint64_t random = 88172645463325252;
  for (size_t i = 0; i < DATA_BYTES / 8; i++) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    work->bits[i] = random;
  }
}

int main(int count, char **arguments) {
  double min_seconds = 1e-3 * (count > 1 ? strtod(arguments[1], NULL) : 20);
  struct work work = {
      .bits = calloc(DATA_BYTES + 8 * SL_BITS_SLACK, 1),
      .counts = calloc(MAX_COLUMNS, sizeof(uint64_t)),
      .values = calloc(DATA_BYTES, 1),
      .sums = calloc(MAX_COLUMNS, sizeof(double)),
      .text = calloc(DATA_BYTES + 64, 1),
      .bytes = calloc(DATA_BYTES, 1),
  };
  if (work.bits == NULL || work.counts == NULL || work.values == NULL || work.sums == NULL ||
      work.text == NULL || work.bytes == NULL) {
    err(EXIT_FAILURE, "kernels");
  }
  for (size_t i = 0; (work.kernels = sl_kernels_variant(i)) != NULL; i++) {
    fill_with_bits(&work);
    measure_columns(&work, min_seconds);
    measure_reals(&work, min_seconds);
    measure_text(&work, min_seconds);
    measure_base64(&work, min_seconds);
  }
  free(work.bits);
  free(work.counts);
  free(work.values);
  free(work.sums);
  free(work.text);
  free(work.bytes);
  return EXIT_SUCCESS;
}
