/*
 * Writes one request body to standard output.
 *
 *     make_body balanced_population_mse python_floats 128x100x1000 broadcast >body.json
 */
#include "body.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  if (count != 5) {
    errx(EXIT_FAILURE, "usage: make_body LOSS SPELLING BxTxN GRADIENT");
  }
  static char bytes[256 * 1024];
  struct bench_question question = bench_question_read(arguments + 1);
  struct bench_body *body = bench_body_new(&question);
  size_t length = 0;
  while ((length = bench_body_read(body, bytes, sizeof bytes)) > 0) {
    fwrite(bytes, 1, length, stdout);
  }
  bench_body_free(body);
  return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
