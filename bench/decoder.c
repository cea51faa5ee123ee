/*
 * The decoder alone: a body fed in pieces of 64 KiB, no server. The body is made between the feeds;
 * only the feeds are timed (and, under callgrind, counted: bench/instructions.sh).
 *
 *     decoder balanced_population_mse ints 128x100x1000 none         prints bytes, seconds
 */
#include "body.h"
#include "clock.h"
#include "decode/request.h"
#include "kernels/kernels.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 64 * 1024 };

static double feed_all(struct sl_decoder *decoder, struct bench_body *body, uint64_t *total) {
  static char bytes[PIECE];
  double seconds = 0;
  size_t length = 0;
  while ((length = bench_body_read(body, bytes, sizeof bytes)) > 0) {
    double start = bench_seconds();
    size_t consumed;
    sl_decoder_feed(decoder, bytes, length, &consumed); /* shape before data: no work */
    seconds += bench_seconds() - start;
    *total += length;
  }
  return seconds;
}

int main(int count, char **arguments) {
  if (count != 5) {
    errx(EXIT_FAILURE, "usage: decoder LOSS SPELLING BxTxN GRADIENT");
  }
  struct bench_question question = bench_question_read(arguments + 1);
  struct bench_body *body = bench_body_new(&question);
  sl_kernels_choose(NULL);
  struct sl_decoder *decoder =
      sl_decoder_new(sl_loss_find(question.loss), &SL_DEFAULT_LIMITS, NULL);
  uint64_t total = 0;
  double seconds = feed_all(decoder, body, &total);
  if (sl_decoder_finish(decoder) != SL_OK) {
    errx(EXIT_FAILURE, "the decoder refuses: %s", sl_decoder_error(decoder)->message);
  }
  printf("%ju %.9f\n", (uintmax_t)total, seconds);
  sl_decoder_free(decoder);
  bench_body_free(body);
  return EXIT_SUCCESS;
}
