/*
 * The inside of an answer, for the encoder's own files.
 *
 * An answer is literal text, and tensors that are made while they are read:
 *
 *     {"loss":1.625,"gradients":{"spikes_list":[ TENSOR , TENSOR ],"offsets": LIST ,…},…}
 *
 * All literal text stands in one buffer, and so do lists of numbers that are not too long; a part
 * says where in it a tensor comes in. Lengths are measured first, so that the limit is checked
 * before any room for rows is taken.
 */
#ifndef SPIKELOSS_WIRE_ANSWER_H
#define SPIKELOSS_WIRE_ANSWER_H

#include "core/buffer.h"
#include "wire/encode.h"
#include "wire/encode_base64.h"
#include "wire/encode_text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_part_form { SL_PART_NESTED, SL_PART_FLAT, SL_PART_FLOAT32, SL_PART_FLOAT64 };

/* A tensor, and the literal text in front of it (behind the part before). */
struct sl_part {
  size_t literal_end;
  enum sl_part_form form;
  struct sl_spread spread;
};

struct sl_answer {
  struct sl_result result; /* parts point to its values and shapes */
  struct sl_buffer literal;
  struct sl_part *parts;
  size_t part_count;
  uint64_t length;

  /* Workspace of the part that is being read. */
  struct sl_repeated_block block;
  struct sl_base64_stage *stage; /* NULL if no part is base64 */

  /* Where the next byte comes from. */
  size_t literal_position;
  size_t part; /* part_count behind the last one */
  union {
    struct sl_text_stream text;
    struct sl_base64_stream base64;
  } stream;
};

/* Lists of so many numbers, over all of an answer, are literal text: their texts need not be looked
 * up twice, and an answer of nothing else is sent from where it stands. Longer ones are made while
 * they are sent, for they may need more memory than everything else of the request. */
enum { SL_NUMBERS_AT_ONCE = 128 * 1024 };

/* How a gradient is written; where it stands in the literal text is not known yet. */
struct sl_part sl_answer_part(const struct sl_decoded *decoded, const struct sl_gradient *gradient);

/* Whether a part is literal text, where so many numbers may still become that. */
bool sl_part_is_literal(const struct sl_part *part, size_t numbers_left);

/*
 * Fills literal, parts, length and workspace of an answer that has its result. A status other than
 * SL_OK leaves it half built, for sl_answer_free.
 */
enum sl_status sl_answer_plan(struct sl_answer *answer, const struct sl_decoded *decoded,
                              const struct sl_limits *limits, struct sl_error *error);

static inline bool sl_part_is_base64(enum sl_part_form form) {
  return form == SL_PART_FLOAT32 || form == SL_PART_FLOAT64;
}

static inline enum sl_float_width sl_part_width(enum sl_part_form form) {
  return form == SL_PART_FLOAT32 ? SL_FLOAT32 : SL_FLOAT64;
}

#endif
