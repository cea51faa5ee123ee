/*
 * A client that costs as little as a client can: one socket kept open, large writes, and an answer
 * that is counted but not kept. Whatever goes wrong ends the program with a sentence.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/* A server, given on a command line as NAME=PORT, or as NAME=PORT/ if it is a sink. */
struct bench_server {
  const char *name;
  const char *port;
  int is_sink; /* its path is the length of the answer that it is to give */
};
struct bench_server bench_server_read(char *argument);

/* A connection to that port of 127.0.0.1. */
int bench_connect(const char *port);

void bench_send(int connection, const char *bytes, size_t length);

/*
 * Writes the head of a POST request whose body follows, and returns its length. `answer_length`
 * matters to sinks only.
 */
enum { BENCH_HEAD_SPACE = 512 };
size_t bench_head(char head[BENCH_HEAD_SPACE], const struct bench_server *server, const char *loss,
                  uint64_t body_length, uint64_t answer_length);

/* Reads one whole answer, which must be 200. Returns the length of its body. */
uint64_t bench_read_answer(int connection);

#endif
