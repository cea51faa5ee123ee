/*
 * Compressed bodies (Content-Encoding gzip and deflate), inflated while they arrive:
 *
 *     bytes of the body ─► zlib ─► inflated bytes, at most one piece ─► decoder
 *
 * No more is inflated before the decoder has taken all of a piece. So the memory is the same
 * however large a body gets, and no byte after the limit costs anything. An inflater belongs to one
 * thread at a time.
 */
#ifndef SPIKELOSS_HTTP_INFLATE_H
#define SPIKELOSS_HTTP_INFLATE_H

#include "core/budget.h"
#include "http/headers.h"
#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

/* What helps where a body is larger than the limit. */
#define SL_SMALLER_BODY "; send packed bits, or smaller batches"

struct sl_inflater;

/* Inflates up to `max_bytes`. NULL when there is no memory, or the budget does not grant it:
 * `budget` (not owned, may be NULL) is charged for all memory, zlib's included. */
struct sl_inflater *sl_inflater_new(enum sl_coding coding, uint64_t max_bytes,
                                    struct sl_budget *budget);

/* Tolerates NULL. */
void sl_inflater_free(struct sl_inflater *inflater);

/* Gives it the next bytes of the body, instead of those that it was given before. */
void sl_inflater_give(struct sl_inflater *inflater, const char *bytes, size_t length);

/* Returns how many of these bytes, at their end, are not inflated yet: they must be given again. */
size_t sl_inflater_left(const struct sl_inflater *inflater);

/*
 * Hands out the inflated bytes that come next, until they are taken; none where more of the body is
 * needed. Fails with SL_BAD_COMPRESSION after the last byte before the fault, and with
 * SL_BODY_TOO_LARGE.
 */
enum sl_status sl_inflater_next(struct sl_inflater *inflater, const char **bytes, size_t *length,
                                struct sl_error *error);

/* Takes the first `length` of the bytes that were handed out. */
void sl_inflater_take(struct sl_inflater *inflater, size_t length);

/* At the end of the body: fails with SL_BAD_COMPRESSION unless the compressed data ends there. */
enum sl_status sl_inflater_finish(const struct sl_inflater *inflater, struct sl_error *error);

#endif
