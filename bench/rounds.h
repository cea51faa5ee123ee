/*
 * Decoders measured in turn on one body in memory, without a server.
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include "body.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void bench_decode(const struct bench_question *question, const char *bytes, size_t length);

/* spikelossd's own decoder, fed in pieces of 64 KiB. */
bench_decode bench_decode_here;

/* Some decoders read beyond the end, by at most this; bodies are followed by as much memory. */
enum { BENCH_PADDING = 64 };

/* Reads ROUNDS SECONDS LOSS SPELLING SHAPE GRADIENT. Prints one line for each decoder: the bytes of
 * the body, and the median of the seconds. Returns the exit code. */
int bench_rounds(int count, char **arguments, bench_decode *const *decoders, size_t decoder_count);

#ifdef __cplusplus
}
#endif

#endif
