/*
 * Text of a nested tensor that repeats: learning the template, and taking what repeats it.
 */
#ifndef SPIKELOSS_DECODE_REPEATS_H
#define SPIKELOSS_DECODE_REPEATS_H

#include "decode/tensor.h"

/* Forgets the template. */
void sl_repeats_begin(struct sl_repeats *repeats);

/* Frees the memory of templates, which all tensors of a body share. */
void sl_repeats_free(struct sl_reading *reading);

/* Notes that a new piece of the body is read. */
void sl_repeats_begin_piece(struct sl_repeats *repeats, const struct sl_input *input);

/* Returns whether a template may be learnt from what comes next. */
bool sl_repeats_may_learn(const struct sl_repeats *repeats, const struct sl_input *input);

/* Learns, after a comma of the tensor, from the element before it, if there is something to learn.
 * Fails with SL_OUT_OF_MEMORY, or what the budget says, where there is no memory for a template. */
void sl_repeats_learn(struct sl_nested *nested, struct sl_reading *reading,
                      const struct sl_input *input);

/* Text that repeats the template, not yet taken. */
struct sl_repeated {
  size_t length;  /* bytes */
  size_t count;   /* values */
  uint64_t value; /* that follows, in the element that is being read, or beyond it */
};

/* Finds what repeats the template from here on. Writes the values to bits[0 … max_values + 64). */
struct sl_repeated sl_repeats_match(struct sl_nested *nested, const struct sl_reading *reading,
                                    const struct sl_input *input, uint64_t *bits,
                                    size_t max_values);

/* Goes to the end of it. */
void sl_repeats_take(struct sl_nested *nested, struct sl_reading *reading, struct sl_input *input,
                     const struct sl_repeated *repeated);

#endif
