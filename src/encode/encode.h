/*
 * From a result to the bytes of an answer.
 *
 * A pull encoder: the length is known before the first byte, and long texts are made while they are
 * read. A dense gradient repeats one row along time, so a row is formatted once and copied; the
 * whole answer, which may be gigabytes, is never held.
 *
 * An answer holds its result (8 bytes a number of the gradients, or 1 where they have indices), its
 * literal text (4 bytes for 3 elements of indexed gradients), and up to SL_MAX_KEPT_TEXT bytes of
 * formatted numbers. One answer belongs to one thread at a time, and may be made by one thread and
 * read by another.
 */
#ifndef SPIKELOSS_ENCODE_ENCODE_H
#define SPIKELOSS_ENCODE_ENCODE_H

#include "core/budget.h"
#include "decode/request.h"
#include "loss/loss.h"
#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

/* A client that reads slowly may hold an answer for minutes. Rows of up to 200,000 numbers fit; of
 * longer ones, formatting them again for each time step is still faster than most networks. */
enum { SL_MAX_KEPT_TEXT = 4 * 1024 * 1024 };

struct sl_answer;

/*
 * Prepares the answer to a request: formats every number once, so this may take long. Moves
 * `result` into the answer: on return, whatever the status, `result` is zeroed. Keeps nothing of
 * `decoded`. Takes all memory that the answer will ever need, charged to `budget` (NULL: no bound),
 * which must outlive the answer.
 * Errors: SL_ANSWER_TOO_LARGE, SL_RESULT_NOT_FINITE (a double that no f32 can hold),
 * SL_OUT_OF_MEMORY, and those of the budget; then *answer is NULL.
 */
enum sl_status sl_answer_new(struct sl_answer **answer, const struct sl_decoded *decoded,
                             struct sl_result *result, const struct sl_limits *limits,
                             struct sl_budget *budget, struct sl_error *error);

/* Returns the exact length in bytes. */
uint64_t sl_answer_length(const struct sl_answer *answer);

/* Writes the next bytes, up to `size`, and returns how many: fewer only at the end. Never fails. */
size_t sl_answer_read(struct sl_answer *answer, char *bytes, size_t size);

/*
 * Returns the bytes of an answer of which nothing need be made while it is read, as many as
 * sl_answer_length says; the answer has none left, and the caller frees them where they are not in
 * the block of the budget. Otherwise NULL, and nothing has changed.
 */
char *sl_answer_take(struct sl_answer *answer);

/* Tolerates NULL. */
void sl_answer_free(struct sl_answer *answer);

#endif
