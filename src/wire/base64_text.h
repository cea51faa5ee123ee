/*
 * The data of a tensor object as a base64 string. Strict: standard alphabet, padded, no spare bits.
 * JSON escapes are undone first: some encoders write `/` as `\/`.
 */
#ifndef SPIKELOSS_WIRE_BASE64_TEXT_H
#define SPIKELOSS_WIRE_BASE64_TEXT_H

#include "wire/json_string.h"
#include "wire/packed_values.h"
#include "wire/tensor_target.h"
#include "wire/text.h"

struct sl_base64_text {
  struct sl_tensor_target *target; /* not owned */
  bool meaning_known;              /* else the bytes go into safekeeping */
  struct sl_packed_values packed;
  uint64_t most_bytes;   /* that the shape needs, UINT64_MAX while unknown */
  uint64_t bytes;        /* decoded so far */
  uint64_t quote_offset; /* of the opening quote */
  struct sl_json_string string;
  uint64_t character_offset; /* of the character that is being read */
  uint32_t group;            /* the six-bit values of the group of four so far */
  size_t group_length;       /* characters in it, padding included */
  size_t padding;            /* `=` in it; the string ends with that group */
  uint64_t last_offset;      /* of the last character that was not padding */
};

/* At the opening quote, which is taken. `packing` matters if the meaning is known. */
void sl_base64_text_begin(struct sl_base64_text *base64, struct sl_tensor_target *target,
                          bool meaning_known, enum sl_packing packing, struct sl_text *text);

/* Takes text. SL_OK behind the closing quote. */
enum sl_status sl_base64_text_read(struct sl_base64_text *base64, struct sl_text *text,
                                   struct sl_error *error);

/* The length of the data in bytes, against what the shape needs. */
enum sl_status sl_base64_check_length(const struct sl_tensor_target *target,
                                      enum sl_packing packing, uint64_t bytes,
                                      uint64_t quote_offset, struct sl_error *error);

#endif
