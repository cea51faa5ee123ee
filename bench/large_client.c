/*
 * Posts one large body to several servers in turn, again and again.
 *
 *     large_client 21 0.5 balanced_population_mse ints 128x100x1000 none spikelossd=40001
 * sink=40002/
 *
 * At most so many rounds, and no new one after so many seconds, but at least three. The first line
 * says the length of the body; each other one, for one request: the server's name, seconds from the
 * first byte sent to the last byte read, seconds of these after the last byte sent, and the bytes
 * of the answer's body. A sink gives answers as long as those of the server that is named first.
 * A first round, which warms everything up, is not told.
 */
#include "body.h"
#include "client.h"
#include "clock.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_SERVERS = 16, MIN_ROUNDS = 3, FIRST_SERVER = 3 + BENCH_QUESTION_WORDS };

/* A body on its way to servers. */
struct work {
  const char *loss;
  struct bench_text body;
  struct bench_server servers[MAX_SERVERS];
  int connections[MAX_SERVERS];
  int server_count;
  uint64_t answer_length; /* of the first server */
};

static void ask(struct work *work, int which, bool tell) {
  char head[BENCH_HEAD_SPACE];
  const struct bench_server *server = &work->servers[which];
  int connection = work->connections[which];
  size_t head_length = bench_head(head, server, work->loss, work->body.length, work->answer_length);

  double start = bench_seconds();
  bench_send(connection, head, head_length);
  bench_send(connection, work->body.bytes, work->body.length);
  double sent = bench_seconds();
  uint64_t answer = bench_read_answer(connection);
  double end = bench_seconds();
  if (which == 0) {
    work->answer_length = answer;
  }
  if (tell) {
    printf("%s %.9f %.9f %ju\n", server->name, end - start, end - sent, (uintmax_t)answer);
  }
}

static void ask_all(struct work *work, long max_rounds, double max_seconds) {
  double end = 0;
  for (long round = 0; round <= max_rounds; round++) {
    for (int i = 0; i < work->server_count; i++) {
      int turn = round % 2 == 0 ? i : work->server_count - 1 - i; /* none always follows the same */
      ask(work, turn, round > 0);
    }
    end = round == 0 ? bench_seconds() + max_seconds : end;
    if (round >= MIN_ROUNDS && bench_seconds() > end) {
      return;
    }
  }
}

int main(int count, char **arguments) {
  if (count <= FIRST_SERVER || count > FIRST_SERVER + MAX_SERVERS) {
    errx(EXIT_FAILURE, "usage: large_client ROUNDS SECONDS LOSS SPELLING SHAPE GRADIENT "
                       "NAME=PORT[/]...");
  }
  struct bench_question question = bench_question_read(arguments + 3);
  struct work work = {.loss = question.loss,
                      .body = bench_body_whole(&question),
                      .server_count = count - FIRST_SERVER};
  for (int i = 0; i < work.server_count; i++) {
    work.servers[i] = bench_server_read(arguments[FIRST_SERVER + i]);
    work.connections[i] = bench_connect(work.servers[i].port);
  }
  printf("body %zu\n", work.body.length);
  ask_all(&work, strtol(arguments[1], NULL, 10), strtod(arguments[2], NULL));
  free(work.body.bytes);
  return EXIT_SUCCESS;
}
