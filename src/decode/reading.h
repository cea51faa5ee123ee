/*
 * What all readers of parts of one body share: the tokenizer, the first error, the limits, and the
 * memory that the request may take.
 */
#ifndef SPIKELOSS_DECODE_READING_H
#define SPIKELOSS_DECODE_READING_H

#include "core/budget.h"
#include "decode/limits.h"
#include "kernels/kernels.h"
#include "loss/loss.h"
#include "json/tokenizer.h"

_Static_assert((int)SL_MAX_DEPTH <= (int)SL_JSON_LEVELS, "depth that may be allowed");

/* What a part of a body wants. */
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
  SL_WANT_FLAG,
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
  struct sl_budget *budget;          /* not owned; NULL is without bound */
  uint64_t pairs_left;               /* of limits.pairs */
  uint64_t deferred_left;            /* of limits.deferred_bytes */
  enum sl_layout layout;             /* of the tensors */
  struct sl_text_template *template; /* of the tensor that is being read; NULL before the first */

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

/* Begins to limit the text of a value that is no tensor and has just begun. */
enum sl_status sl_begin_limited(struct sl_reading *reading, size_t levels,
                                const struct sl_input *input);

/* Fails for a value that is longer than the limit. */
__attribute__((cold)) enum sl_status sl_refuse_length(struct sl_reading *reading);

/* Fails if what was taken of the input is beyond that limit, if there is one. */
static inline enum sl_status sl_check_limited(struct sl_reading *reading,
                                              const struct sl_input *input) {
  return !reading->limited || sl_input_offset(input) <= reading->limited_end
             ? SL_OK
             : sl_refuse_length(reading);
}

/*
 * What to say of a value that does not belong where it is. What helps depends on what belongs
 * there, not on what came: NaN is explained where a number belongs, the words to choose from are
 * listed where a choice belongs.
 */

/* Fails for the value that this event begins, or is, which does not belong where it is, now or
 * with the next event. `choices` matters where a choice belongs. */
__attribute__((cold)) enum sl_status sl_refuse_value(struct sl_reading *reading,
                                                     enum sl_json_event event, enum sl_want want,
                                                     const char *const *choices);

/* Fails for a misfit when the next event has come, or the body has ended. */
__attribute__((cold)) enum sl_status sl_refuse_misfit(struct sl_reading *reading,
                                                      enum sl_json_event event);

/* Returns whether the last word counts as a number that went wrong: NaN, -Infinity, -x. */
bool sl_is_number_word(const struct sl_reading *reading);

/* Fails for the last word, which does not belong where it is, or is no JSON at all. */
enum sl_status sl_refuse_word(struct sl_reading *reading, enum sl_want want,
                              const char *const *choices);

/* Fails for a number that is not finite, though it has digits. */
enum sl_status sl_refuse_infinity(struct sl_reading *reading);

/* Fails for the name of a member, in the object that is being read, that comes twice. */
enum sl_status sl_refuse_twice(struct sl_reading *reading);

/* Fails for the name of a member that `owner` does not have; lists those that it has, or the one
 * that was probably meant. */
enum sl_status sl_refuse_unknown(struct sl_reading *reading, const char *owner,
                                 const char *const *members, size_t count);

/* Fails for a word (complete in `text`) that is not among the choices. */
enum sl_status sl_refuse_choice(struct sl_reading *reading, const char *const *choices);

/* Returns what helps where there are so many values instead of those of the shape, but as many as
 * sums over time, or over batch and time, would be: "" if they are not. */
const char *sl_sums_hint(const struct sl_spikes *spikes, uint64_t count);

/* Fails for the last number, at its path, which should have been something else: "an integer". */
enum sl_status sl_refuse_number(struct sl_reading *reading, enum sl_status code,
                                const char *expected);

/*
 * Fails for a tensor, at tensor_levels, with another number of dimensions than its field wants, as
 * the value at an offset, at `levels`, made certain. `more` is "more than " where it has more than
 * `rank`.
 */
enum sl_status sl_refuse_rank(struct sl_reading *reading, const struct sl_field *field,
                              size_t tensor_levels, size_t levels, uint64_t offset,
                              const char *more, size_t rank);

#endif
