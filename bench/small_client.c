/*
 * Keeps one request on each of many connections, and never sleeps: whatever a server answers is
 * followed by the next request at once. A client that sleeps has to be woken, by the server's own
 * time and on its own core.
 *
 *     small_client 4 0.25 8 balanced_population_mse ints 32x25x10 broadcast spikelossd=40001
 * sink=40002/
 *
 * Four times a quarter of a second for each server in turn, eight connections to each. Each line:
 * the server's name, requests a second, the 50th and the 99th percentile of their seconds.
 */
#include "body.h"
#include "client.h"
#include "clock.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
  MAX_SERVERS = 16,
  MAX_CONNECTIONS = 256,
  MAX_LATENCIES = 1024 * 1024,
  ANSWER_SPACE = 64 * 1024,
  FIRST_SERVER = 4 + BENCH_QUESTION_WORDS
};

struct connection {
  int socket;
  double sent_at;
  size_t received;
};

/* One server, the request that it gets, and the answer that it gives: always as long as the first.
 */
struct target {
  struct bench_server server;
  struct bench_text request;
  size_t answer_length;
  struct connection connections[MAX_CONNECTIONS];
  int poll;
};

/* What a turn has seen. */
struct turn {
  double latencies[MAX_LATENCIES];
  size_t answered;
  size_t pending;
};

static void send_request(struct target *target, struct connection *connection) {
  connection->received = 0;
  connection->sent_at = bench_seconds();
  bench_send(connection->socket, target->request.bytes, target->request.length);
}

/* Returns the length of one answer with its head, which every other answer has too. */
static size_t learn_answer(struct target *target, uint64_t *body_length) {
  static char bytes[ANSWER_SPACE];
  int connection = target->connections[0].socket;
  size_t length = 0;
  bench_send(connection, target->request.bytes, target->request.length);
  for (;;) {
    ssize_t more = recv(connection, bytes + length, sizeof bytes - 1 - length, 0);
    if (more <= 0) {
      errx(EXIT_FAILURE, "%s closes the connection, or its answer is too long",
           target->server.name);
    }
    length += (size_t)more;
    bytes[length] = '\0';
    const char *body = strstr(bytes, "\r\n\r\n");
    const char *announced = strcasestr(bytes, "\r\nContent-Length:");
    if (body == NULL) {
      continue;
    }
    if (strncmp(bytes, "HTTP/1.1 200", 12) != 0 || announced == NULL || announced > body) {
      errx(EXIT_FAILURE, "%s answers: %.1000s", target->server.name, bytes);
    }
    *body_length = strtoull(announced + strlen("\r\nContent-Length:"), NULL, 10);
    size_t total = (size_t)(body + 4 - bytes) + *body_length;
    if (length >= total) {
      return total;
    }
  }
}

/* Takes what is there of an answer. Returns whether that is all of it. */
static bool receive(const struct target *target, struct connection *connection) {
  static char bytes[ANSWER_SPACE];
  ssize_t length = recv(connection->socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (length < 0 && errno == EAGAIN) {
    return false;
  }
  if (length <= 0 || (connection->received == 0 && strncmp(bytes, "HTTP/1.1 200", 12) != 0)) {
    errx(EXIT_FAILURE, "%s fails: %.*s", target->server.name, (int)length, bytes);
  }
  connection->received += (size_t)length;
  return connection->received >= target->answer_length;
}

static void wait_for_answers(struct target *target, struct turn *turn, bool ask_again) {
  struct epoll_event events[MAX_CONNECTIONS];
  int count = epoll_wait(target->poll, events, MAX_CONNECTIONS, 0);
  for (int i = 0; i < count; i++) {
    struct connection *connection = events[i].data.ptr;
    if (!receive(target, connection)) {
      continue;
    }
    if (turn->answered < MAX_LATENCIES) {
      turn->latencies[turn->answered] = bench_seconds() - connection->sent_at;
    }
    turn->answered++;
    turn->pending--;
    if (ask_again) {
      send_request(target, connection);
      turn->pending++;
    }
  }
}

static void take_turn(struct target *target, int connection_count, double seconds, bool tell) {
  static struct turn turn;
  turn.answered = 0;
  turn.pending = (size_t)connection_count;
  double start = bench_seconds();
  for (int i = 0; i < connection_count; i++) {
    send_request(target, &target->connections[i]);
  }
  while (bench_seconds() - start < seconds) {
    wait_for_answers(target, &turn, true);
  }
  while (turn.pending > 0) { /* counted too, so that slow servers have a figure */
    wait_for_answers(target, &turn, false);
  }
  double end = bench_seconds();
  if (tell) {
    size_t count = turn.answered < MAX_LATENCIES ? turn.answered : MAX_LATENCIES;
    printf("%s %.3f %.9f %.9f\n", target->server.name, (double)turn.answered / (end - start),
           bench_percentile(turn.latencies, count, 50),
           bench_percentile(turn.latencies, count, 99));
  }
}

static void open_connections(struct target *target, int count) {
  target->poll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    struct connection *connection = &target->connections[i];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    connection->socket = bench_connect(target->server.port);
    if (epoll_ctl(target->poll, EPOLL_CTL_ADD, connection->socket, &event) != 0) {
      err(EXIT_FAILURE, "epoll");
    }
  }
}

static void make_request(struct target *target, const char *loss, struct bench_text body,
                         uint64_t answer_length) {
  target->request.bytes = malloc(BENCH_HEAD_SPACE + body.length);
  if (target->request.bytes == NULL) {
    err(EXIT_FAILURE, "request");
  }
  size_t head =
      bench_head(target->request.bytes, &target->server, loss, body.length, answer_length);
  memcpy(target->request.bytes + head, body.bytes, body.length);
  target->request.length = head + body.length;
}

int main(int count, char **arguments) {
  static struct target targets[MAX_SERVERS];
  int target_count = count - FIRST_SERVER;
  int connection_count = count > 3 ? atoi(arguments[3]) : 0;
  if (target_count < 1 || target_count > MAX_SERVERS || connection_count < 1 ||
      connection_count > MAX_CONNECTIONS) {
    errx(EXIT_FAILURE, "usage: small_client TURNS SECONDS CONNECTIONS LOSS SPELLING SHAPE GRADIENT "
                       "NAME=PORT[/]...");
  }
  struct bench_question question = bench_question_read(arguments + 4);
  struct bench_text body = bench_body_whole(&question);
  uint64_t answer_length = 0;
  for (int i = 0; i < target_count; i++) {
    uint64_t its_length = 0;
    targets[i].server = bench_server_read(arguments[FIRST_SERVER + i]);
    make_request(&targets[i], question.loss, body, answer_length);
    open_connections(&targets[i], connection_count);
    targets[i].answer_length = learn_answer(&targets[i], &its_length);
    answer_length = i == 0 ? its_length : answer_length;
  }
  long turns = strtol(arguments[1], NULL, 10);
  double seconds = strtod(arguments[2], NULL);
  for (long turn = 0; turn <= turns; turn++) {
    for (int i = 0; i < target_count; i++) { /* the first turn warms up */
      take_turn(&targets[i], connection_count, turn > 0 ? seconds : seconds / 4, turn > 0);
    }
  }
  return EXIT_SUCCESS;
}
