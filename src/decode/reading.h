/*
 * What all that read parts of one body share: the tokenizer, the first error, the limits, and the
 * memory that the request may take.
 */
#ifndef SPIKELOSS_DECODE_READING_H
#define SPIKELOSS_DECODE_READING_H

#include "core/budget.h"
#include "decode/limits.h"
#include "decode/messages.h"
#include "json/tokenizer.h"

_Static_assert((int)SL_MAX_DEPTH <= (int)SL_JSON_LEVELS, "depth that may be allowed");

struct sl_reading {
  struct sl_json json;
  struct sl_error error;
  struct sl_misfit misfit;
  struct sl_limits limits;
  struct sl_budget *budget; /* not owned; NULL is without bound */
  uint64_t pairs_left;      /* of limits.pairs */
  uint64_t deferred_left;   /* of limits.deferred_bytes */

  /* While a value that is not a tensor is read: where its text must end, and its path. */
  bool limited;
  uint64_t limited_end;
  size_t limited_levels;
};

/*
 * Makes an array larger that has `*capacity` elements of so many bytes, `needed` at least, and
 * charges for it. The array, which may move, belongs to the caller.
 */
enum sl_status sl_grow_array(struct sl_reading *reading, void *array, size_t *capacity,
                             size_t needed, size_t element_bytes);

/* The value that has just begun is no tensor: its text must not be longer than the limit. */
enum sl_status sl_begin_limited(struct sl_reading *reading, size_t levels,
                                const struct sl_input *input);

/* Whether what was taken of the input is within that limit, if there is one. */
enum sl_status sl_check_limited(struct sl_reading *reading, const struct sl_input *input);

#endif
