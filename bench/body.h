/*
 * Request bodies of any size, made while they are read: only a few megabytes of rows are ever
 * held. The same question gives the same body, on every machine.
 */
#ifndef BENCH_BODY_H
#define BENCH_BODY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_QUESTION_WORDS = 4 };

struct bench_question {
  const char *loss;     /* "firing_rate_target_mse_loss" or "balanced_population_mse" */
  const char *spelling; /* a name from the table in body.c */
  size_t samples, steps, neurons;
  const char *gradient; /* "dense", "broadcast" or "none"; "f32" is broadcast as base64 */
  size_t layers;        /* equal tensors, for the first loss */
};

/* Reads LOSS SPELLING [LAYERS*]BxTxN GRADIENT from a command line; exits if that makes no sense. */
struct bench_question bench_question_read(char *const *arguments);

/* Into how many classes the neurons are divided: 10 where that is possible. */
size_t bench_question_classes(const struct bench_question *question);

struct bench_body;

/* `question` is copied, its strings are not. Never NULL: a benchmark without memory exits. */
struct bench_body *bench_body_new(const struct bench_question *question);
void bench_body_free(struct bench_body *body);

/* Writes the next bytes, at most `space`, and returns how many: fewer only at the end. */
size_t bench_body_read(struct bench_body *body, char *bytes, size_t space);

/* Returns the exact length in bytes of a whole body, which is made once for it. */
uint64_t bench_body_length(const struct bench_body *body);

/* A whole body in memory that the caller frees. */
struct bench_text {
  char *bytes;
  size_t length;
};
struct bench_text bench_body_whole(const struct bench_question *question);

/* The text of one row, `[0,1,…]`. `index` may be any number. */
const char *bench_body_row(const struct bench_body *body, size_t index, size_t *length);

/* What is between two values, and between two rows. */
const char *bench_body_separator(const struct bench_body *body);

#ifdef __cplusplus
}
#endif

#endif
