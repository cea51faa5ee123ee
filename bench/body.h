/*
 * Request bodies of any size, made while they are read: nothing but a few megabytes of rows is
 * ever held. The same question gives the same body, on every machine.
 */
#ifndef BENCH_BODY_H
#define BENCH_BODY_H

#include <stddef.h>
#include <stdint.h>

struct bench_question {
  const char *loss;     /* "firing_rate_target_mse_loss" or "balanced_population_mse" */
  const char *spelling; /* "ints", "python_ints", "python_floats" or "graded" */
  size_t samples, steps, neurons;
  const char *gradient; /* "dense", "broadcast" or "none" */
};

/* Reads LOSS SPELLING BxTxN GRADIENT from a command line; exits if that makes no sense. */
struct bench_question bench_question_read(char *const *arguments);

struct bench_body;

/* `question` is copied, its strings are not. Never NULL: a benchmark without memory exits. */
struct bench_body *bench_body_new(const struct bench_question *question);
void bench_body_free(struct bench_body *body);

/* Exact length in bytes. */
uint64_t bench_body_length(const struct bench_body *body);

/* Writes the next bytes, at most `space`, and returns how many: fewer only at the end. */
size_t bench_body_read(struct bench_body *body, char *bytes, size_t space);

/*
 * The text of one row, `[0,1,…]`; all rows of a body have the same length. `index` may be any
 * number.
 */
const char *bench_body_row(const struct bench_body *body, size_t index, size_t *length);

/* What is between two values, and between two rows. */
const char *bench_body_separator(const struct bench_body *body);

#endif
