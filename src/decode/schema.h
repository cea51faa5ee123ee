/*
 * The fields of a request body: those of its loss, then the ones that every request may carry to
 * say how it wants its answer ("gradient", "gradient_encoding"), and how its tensors are laid out
 * ("axes").
 */
#ifndef SPIKELOSS_DECODE_SCHEMA_H
#define SPIKELOSS_DECODE_SCHEMA_H

#include "loss/loss.h"

enum sl_gradient_form { SL_GRADIENT_DENSE, SL_GRADIENT_BROADCAST, SL_GRADIENT_NONE };
enum sl_gradient_encoding {
  SL_ENCODING_TEXT,
  SL_ENCODING_F32,
  SL_ENCODING_F64,
  SL_ENCODING_INDEXED_F32,
  SL_ENCODING_INDEXED_F64,
  SL_ENCODING_COUNT
};

/* The answer fields, all optional choices; their enum values (enum sl_layout for axes) index
 * `choices`. */
enum { SL_ANSWER_GRADIENT, SL_ANSWER_ENCODING, SL_ANSWER_AXES, SL_ANSWER_FIELD_COUNT };
extern const struct sl_field sl_answer_fields[SL_ANSWER_FIELD_COUNT];

/* No request has more members than this. */
enum { SL_MAX_REQUEST_FIELDS = SL_MAX_FIELDS + SL_ANSWER_FIELD_COUNT };

/* Returns how many members a request of this loss may have, and each of them by index. */
size_t sl_request_field_count(const struct sl_loss *loss);
const struct sl_field *sl_request_field(const struct sl_loss *loss, size_t index);

#endif
