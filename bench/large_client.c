/*
 * Posts one large body to several servers in turn, again and again.
 *
 *     large_client 21 body.json /v1/losses/balanced_population_mse spikelossd=40001 sink=40002
 *
 * Each line says for one request: the server's name, seconds from the first byte sent to the last
 * byte read, seconds of these after the last byte sent, and the bytes of the answer's body. A
 * first round, which warms everything up, is not told.
 */
#include "client.h"
#include "clock.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_SERVERS = 8 };

struct server {
  const char *name;
  int connection;
};

struct text {
  char *bytes;
  size_t length;
};

/* Read into memory of our own, so that no page is met for the first time while it is sent. */
static struct text read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  struct stat about;
  if (file == NULL || fstat(fileno(file), &about) != 0) {
    err(EXIT_FAILURE, "%s", path);
  }
  struct text text = {.length = (size_t)about.st_size};
  text.bytes = malloc(text.length);
  if (text.bytes == NULL || fread(text.bytes, 1, text.length, file) != text.length) {
    err(EXIT_FAILURE, "%s", path);
  }
  fclose(file);
  return text;
}

static struct server open_server(char *argument) {
  char *port = strchr(argument, '=');
  if (port == NULL) {
    errx(EXIT_FAILURE, "%s: not NAME=PORT", argument);
  }
  *port++ = '\0';
  return (struct server){.name = argument, .connection = bench_connect(port)};
}

static void ask(const struct server *server, const char *path, struct text body, bool tell) {
  double start = bench_seconds();
  bench_send_head(server->connection, path, body.length);
  bench_send(server->connection, body.bytes, body.length);
  double sent = bench_seconds();
  uint64_t answer = bench_read_answer(server->connection);
  double end = bench_seconds();
  if (tell) {
    printf("%s %.9f %.9f %ju\n", server->name, end - start, end - sent, (uintmax_t)answer);
    fflush(stdout);
  }
}

int main(int count, char **arguments) {
  if (count < 5 || count > 4 + MAX_SERVERS) {
    errx(EXIT_FAILURE, "usage: large_client ROUNDS BODY PATH NAME=PORT...");
  }
  long rounds = strtol(arguments[1], NULL, 10);
  struct text body = read_file(arguments[2]);
  struct server servers[MAX_SERVERS];
  int server_count = count - 4;
  for (int i = 0; i < server_count; i++) {
    servers[i] = open_server(arguments[4 + i]);
  }
  for (long round = 0; round <= rounds; round++) {
    for (int i = 0; i < server_count; i++) {
      int turn = round % 2 == 0 ? i : server_count - 1 - i; /* none always follows the same */
      ask(&servers[turn], arguments[3], body, round > 0);
    }
  }
  free(body.bytes);
  return EXIT_SUCCESS;
}
