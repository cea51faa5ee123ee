/*
 * What to say of a value that does not belong where it is. What helps depends on what belongs
 * there, not on what came: NaN is explained where a number belongs, the words to choose from are
 * listed where a choice belongs.
 */
#ifndef SPIKELOSS_DECODE_MESSAGES_H
#define SPIKELOSS_DECODE_MESSAGES_H

#include "decode/reading.h"

struct sl_field;

/* The value that this event begins, or is, does not belong where it is. Fails now or with the next
 * event. `choices` matters where a choice belongs. */
enum sl_status sl_refuse_value(struct sl_reading *reading, enum sl_json_event event,
                               enum sl_want want, const char *const *choices);

/* The next event after a misfit has come, or the body has ended. */
enum sl_status sl_refuse_misfit(struct sl_reading *reading, enum sl_json_event event);

/* Whether the last word counts as a number that went wrong: NaN, -Infinity, -x. */
bool sl_is_number_word(const struct sl_reading *reading);

/* The last word does not belong where it is, or is no JSON at all. */
enum sl_status sl_refuse_word(struct sl_reading *reading, enum sl_want want,
                              const char *const *choices);

/* A number that is not finite, though it has digits. */
enum sl_status sl_refuse_infinity(struct sl_reading *reading);

/* The name of a member, in the object that is being read, is unknown or comes twice: "comes twice".
 */
enum sl_status sl_refuse_name(struct sl_reading *reading, enum sl_status code, const char *problem);

/* A word (complete in `text`) that is not among the choices, or no legal one. */
enum sl_status sl_refuse_choice(struct sl_reading *reading, const char *const *choices);

/* The last number, at its own path, should have been something else: "an integer". */
enum sl_status sl_refuse_number(struct sl_reading *reading, enum sl_status code,
                                const char *expected);

/*
 * A tensor, at tensor_levels, has another number of dimensions than its field wants, as the value
 * at an offset, at `levels`, made certain. `more` is "more than " where it has more than `rank`.
 */
enum sl_status sl_refuse_rank(struct sl_reading *reading, const struct sl_field *field,
                              size_t tensor_levels, size_t levels, uint64_t offset,
                              const char *more, size_t rank);

#endif
