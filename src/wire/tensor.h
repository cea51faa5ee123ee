/*
 * One spike tensor in any of its spellings: nested arrays, or an object of shape, encoding and data
 * in any order.
 */
#ifndef SPIKELOSS_WIRE_TENSOR_H
#define SPIKELOSS_WIRE_TENSOR_H

#include "loss/loss.h"
#include "wire/base64_text.h"
#include "wire/data_array.h"
#include "wire/limits.h"
#include "wire/members.h"
#include "wire/nested.h"
#include "wire/small_value.h"

enum sl_tensor_encoding {
  SL_TENSOR_BITS,
  SL_TENSOR_F32,
  SL_TENSOR_F64,
  SL_TENSOR_COORDINATES,
  SL_TENSOR_UNKNOWN, /* not seen: flat numbers, unless it still comes */
};

/* Whether data of this encoding is bytes, in base64. */
static inline bool sl_tensor_is_packed(enum sl_tensor_encoding encoding) {
  return encoding <= SL_TENSOR_F64;
}

/* Of an encoding that is packed. */
static inline enum sl_packing sl_tensor_packing(enum sl_tensor_encoding encoding) {
  static const enum sl_packing packings[] = {SL_PACKED_BITS, SL_PACKED_F32, SL_PACKED_F64};
  return packings[encoding];
}

enum sl_tensor_member { SL_TENSOR_SHAPE, SL_TENSOR_ENCODING, SL_TENSOR_DATA, SL_TENSOR_MEMBERS };

struct sl_tensor {
  const struct sl_field *field;
  const struct sl_limits *limits; /* not owned */
  struct sl_path path;
  size_t depth; /* arrays and objects open around the tensor */
  enum {
    SL_TENSOR_START,
    SL_TENSOR_NESTED,
    SL_TENSOR_BETWEEN_MEMBERS,
    SL_TENSOR_IN_SMALL,
    SL_TENSOR_AT_DATA,
    SL_TENSOR_AT_MEANING, /* of data in safekeeping, which can be counted now */
    SL_TENSOR_IN_ARRAY,
    SL_TENSOR_IN_STRING,
  } place;
  struct sl_members members;
  enum sl_tensor_member member; /* the one that is being read */
  unsigned seen;                /* bit for each enum sl_tensor_member */
  enum sl_tensor_encoding encoding;
  struct sl_tensor_target target;
  bool data_is_string;
  bool data_is_counted;        /* nothing of it is in safekeeping any more */
  struct sl_small_value small; /* owned; kept from tensor to tensor for its memory */
  union {
    struct sl_nested nested;
    struct sl_data_array array;
    struct sl_base64_text base64;
  } data;
};

/* Before the first byte of a tensor. `tensor` must be all zeros or have read another before.
 * `deferred_left` is what the request may still keep of data before its shape. */
void sl_tensor_begin(struct sl_tensor *tensor, struct sl_spikes *spikes,
                     const struct sl_field *field, const struct sl_path *path, size_t depth,
                     const struct sl_limits *limits, uint64_t *deferred_left);

/* Takes some of the text: up to the next of its parts, so that the caller sees what memory they
 * take. SL_OK behind the last byte: then the spikes are complete. */
enum sl_status sl_tensor_read(struct sl_tensor *tensor, struct sl_text *text,
                              struct sl_error *error);

/* Bytes of memory beside those of the spikes. */
uint64_t sl_tensor_memory(const struct sl_tensor *tensor);

/* Whether the complete tensor came as nested arrays. */
bool sl_tensor_was_nested(const struct sl_tensor *tensor);

void sl_tensor_free(struct sl_tensor *tensor);

#endif
