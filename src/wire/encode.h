/*
 * From a result to the bytes of an answer.
 *
 * A pull encoder: the length is known before the first byte, and long texts are made while they are
 * sent. A dense gradient repeats one row along time, so a row is formatted once and copied; the
 * whole answer, which may be gigabytes, is never held.
 *
 * One answer belongs to one thread at a time.
 */
#ifndef SPIKELOSS_WIRE_ENCODE_H
#define SPIKELOSS_WIRE_ENCODE_H

#include "decode/request.h"
#include <spikeloss/error.h>
#include <spikeloss/loss.h>
#include <stddef.h>
#include <stdint.h>

struct sl_answer;

/*
 * Prepares the answer to a request. Moves `result` into the answer: on return, whatever the
 * status, `result` is zeroed. Keeps `decoded`, which must outlive the answer.
 * Errors: SL_ANSWER_TOO_LARGE, SL_RESULT_NOT_FINITE (a double that no f32 can hold),
 * SL_OUT_OF_MEMORY; then *answer is NULL.
 */
enum sl_status sl_answer_new(struct sl_answer **answer, const struct sl_decoded *decoded,
                             struct sl_result *result, const struct sl_limits *limits,
                             struct sl_error *error);

/* Exact length in bytes. */
uint64_t sl_answer_length(const struct sl_answer *answer);

/*
 * Writes the next bytes, at most `room`, and returns how many: fewer than `room` only at the end.
 * Never fails.
 */
size_t sl_answer_read(struct sl_answer *answer, char *bytes, size_t room);

/*
 * The bytes of an answer that stands ready because nothing of it need be made while it is sent, as
 * many as sl_answer_length says; the caller frees them, and the answer has none left. Otherwise
 * NULL, and nothing has changed.
 */
char *sl_answer_take(struct sl_answer *answer);

/* Tolerates NULL. */
void sl_answer_free(struct sl_answer *answer);

#endif
