#include "rounds.h"

#include "clock.h"
#include "decode/request.h"
#include "kernels/kernels.h"

#include <err.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 64 * 1024, MAX_ROUNDS = 1000, MIN_ROUNDS = 3, MAX_DECODERS = 2 };

void bench_decode_here(const struct bench_question *question, const char *bytes, size_t length) {
  struct sl_decoder *decoder =
      sl_decoder_new(sl_loss_find(question->loss), &SL_DEFAULT_LIMITS, NULL);
  for (size_t done = 0; done < length; done += PIECE) {
    size_t consumed;
    size_t piece = length - done < PIECE ? length - done : PIECE;
    sl_decoder_feed(decoder, bytes + done, piece, &consumed); /* shape before data: no work */
  }
  if (sl_decoder_finish(decoder) != SL_OK) {
    errx(EXIT_FAILURE, "the decoder refuses: %s", sl_decoder_error(decoder)->message);
  }
  sl_decoder_free(decoder);
}

static struct bench_text padded_body(const struct bench_question *question) {
  struct bench_text body = bench_body_whole(question);
  body.bytes = realloc(body.bytes, body.length + BENCH_PADDING);
  if (body.bytes == NULL) {
    err(EXIT_FAILURE, "body");
  }
  return body;
}

int bench_rounds(int count, char **arguments, bench_decode *const *decoders, size_t decoder_count) {
  static double seconds[MAX_DECODERS][MAX_ROUNDS];
  long max_rounds = count > 1 ? strtol(arguments[1], NULL, 10) : 0;
  if (count != 3 + BENCH_QUESTION_WORDS || max_rounds < MIN_ROUNDS || max_rounds > MAX_ROUNDS) {
    errx(EXIT_FAILURE, "usage: %s ROUNDS SECONDS LOSS SPELLING SHAPE GRADIENT", arguments[0]);
  }
  struct bench_question question = bench_question_read(arguments + 3);
  struct bench_text body = padded_body(&question);
  sl_kernels_choose(NULL);
  /* As in the daemon, memory that a request gives back stays for the next one. */
  mallopt(M_MMAP_THRESHOLD, 16 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);
  for (size_t i = 0; i < decoder_count; i++) {
    decoders[i](&question, body.bytes, body.length); /* warms up */
  }
  double end = bench_seconds() + strtod(arguments[2], NULL);
  long round = 0;
  while (round < max_rounds && (round < MIN_ROUNDS || bench_seconds() < end)) {
    for (size_t i = 0; i < decoder_count; i++) {
      double start = bench_seconds();
      decoders[i](&question, body.bytes, body.length);
      seconds[i][round] = bench_seconds() - start;
    }
    round++;
  }
  for (size_t i = 0; i < decoder_count; i++) {
    printf("%zu %.9f\n", body.length, bench_percentile(seconds[i], (size_t)round, 50));
  }
  free(body.bytes);
  return EXIT_SUCCESS;
}
