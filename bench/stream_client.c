/*
 * Posts one body of any size, which is made while it is sent.
 *
 *     stream_client 40001 balanced_population_mse ints 128x4190x1000 broadcast
 *
 * Prints the bytes of the body and those of the answer.
 */
#include "body.h"
#include "client.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  if (count != 6) {
    errx(EXIT_FAILURE, "usage: stream_client PORT LOSS SPELLING BxTxN GRADIENT");
  }
  static char bytes[256 * 1024];
  char path[256];
  struct bench_question question = bench_question_read(arguments + 2);
  struct bench_body *body = bench_body_new(&question);
  int connection = bench_connect(arguments[1]);

  snprintf(path, sizeof path, "/v1/losses/%s", question.loss);
  bench_send_head(connection, path, bench_body_length(body));
  size_t length = 0;
  while ((length = bench_body_read(body, bytes, sizeof bytes)) > 0) {
    bench_send(connection, bytes, length);
  }
  uint64_t answer = bench_read_answer(connection);
  printf("%ju %ju\n", (uintmax_t)bench_body_length(body), (uintmax_t)answer);
  bench_body_free(body);
  return EXIT_SUCCESS;
}
