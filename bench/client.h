/*
 * A client that costs as little as a client can: one socket kept open, large writes, and an answer
 * that is counted but not kept. Whatever goes wrong ends the program with a sentence.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

/* A connection to that port of 127.0.0.1. */
int bench_connect(const char *port);

void bench_send(int connection, const char *bytes, size_t length);

/* The head of a POST request whose body follows. */
void bench_send_head(int connection, const char *path, uint64_t body_length);

/* Reads one whole answer, which must be 200. Returns the length of its body. */
uint64_t bench_read_answer(int connection);

#endif
