/*
 * Posts one body of any size, which is made while it is sent.
 *
 *     stream_client balanced_population_mse ints 128x4190x1000 broadcast spikelossd=40001
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
    errx(EXIT_FAILURE, "usage: stream_client LOSS SPELLING SHAPE GRADIENT NAME=PORT");
  }
  static char bytes[256 * 1024];
  char head[BENCH_HEAD_SPACE];
  struct bench_question question = bench_question_read(arguments + 1);
  struct bench_server server = bench_server_read(arguments[5]);
  struct bench_body *body = bench_body_new(&question);
  uint64_t body_length = bench_body_length(body);
  int connection = bench_connect(server.port);

  bench_send(connection, head, bench_head(head, &server, question.loss, body_length, 0));
  size_t length = 0;
  while ((length = bench_body_read(body, bytes, sizeof bytes)) > 0) {
    bench_send(connection, bytes, length);
  }
  printf("%ju %ju\n", (uintmax_t)body_length, (uintmax_t)bench_read_answer(connection));
  bench_body_free(body);
  return EXIT_SUCCESS;
}
