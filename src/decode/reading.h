/*
 * What all that read parts of one body share: the tokenizer, the first error, the limits, and the
 * memory that the request may take.
 */
#ifndef SPIKELOSS_DECODE_READING_H
#define SPIKELOSS_DECODE_READING_H

#include "core/budget.h"
#include "decode/limits.h"
#include "json/tokenizer.h"

_Static_assert((int)SL_MAX_DEPTH <= (int)SL_JSON_LEVELS, "depth that may be allowed");

/* What belongs in a place. */
enum sl_want {
  SL_WANT_BODY,
  SL_WANT_TENSOR,
  SL_WANT_TENSORS,
  SL_WANT_SPIKE,
  SL_WANT_ROW,
  SL_WANT_SHAPE,
  SL_WANT_DIMENSION,
  SL_WANT_DATA,
  SL_WANT_ENTRY,
  SL_WANT_COORDINATE,
  SL_WANT_NUMBER,
  SL_WANT_NUMBERS,
  SL_WANT_INTEGER,
  SL_WANT_LABELS,
  SL_WANT_LABEL,
  SL_WANT_CHOICE,
};

/*
 * A value of another kind has begun. That is certain at its first byte, but the message shows what
 * came: it is completed with the next event, whatever that is.
 */
struct sl_misfit {
  bool pending;
  enum sl_want want;
  enum sl_json_event came;
  size_t levels;
  uint64_t offset;
  const char *const *choices;
};

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
