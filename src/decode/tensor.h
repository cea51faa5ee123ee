/*
 * One spike tensor in any of its spellings: nested arrays, or an object of shape, encoding and data
 * in any order.
 */
#ifndef SPIKELOSS_DECODE_TENSOR_H
#define SPIKELOSS_DECODE_TENSOR_H

#include "decode/coordinates.h"
#include "decode/nested.h"
#include "decode/packed.h"

enum sl_tensor_encoding {
  SL_TENSOR_BITS,
  SL_TENSOR_F32,
  SL_TENSOR_F64,
  SL_TENSOR_COORDINATES,
  SL_TENSOR_UNKNOWN, /* not seen, or null: numbers, unless it still comes */
};

enum sl_tensor_member { SL_TENSOR_SHAPE, SL_TENSOR_ENCODING, SL_TENSOR_DATA, SL_TENSOR_MEMBERS };

/* Deferred data beyond so many bytes is counted as work of its own. */
enum { SL_WORK_BYTES = 1 << 20 };

struct sl_tensor {
  const struct sl_field *field; /* not owned */
  size_t around;                /* arrays and objects that are open around the tensor */
  enum {
    SL_TENSOR_START,
    SL_TENSOR_AT_NAME, /* of a member of the object, or its end */
    SL_TENSOR_AT_VALUE,
    SL_TENSOR_IN_SHAPE,
    SL_TENSOR_IN_ENCODING,
    SL_TENSOR_IN_NESTED,
    SL_TENSOR_IN_COORDINATES,
    SL_TENSOR_IN_BASE64,
  } state;
  bool is_object;
  bool has_work;                /* deferred data that can be counted now, more than a little */
  uint64_t work_offset;         /* of the token that gave it its meaning */
  enum sl_tensor_member member; /* the one that is being read, */
  uint64_t member_offset;       /* and the first byte of its value */
  unsigned seen;                /* bit for each enum sl_tensor_member */
  enum sl_tensor_encoding encoding;
  size_t shape[SL_MAX_RANK];
  uint64_t values; /* that the shape has; 0 while it is unknown */
  enum {
    SL_DATA_NONE,
    SL_DATA_EMPTY, /* an array of nothing */
    SL_DATA_FLAT,
    SL_DATA_TABLE, /* nested two deep: may be coordinates */
    SL_DATA_NESTED,
    SL_DATA_COORDINATES,
    SL_DATA_BASE64,
  } data;
  struct sl_sink sink; /* what is deferred is owned */
  union {
    struct sl_nested nested;
    struct sl_coordinates coordinates;
    struct sl_base64 base64;
  } reader;
};

/* Before the first byte of a tensor. `tensor` must be all zeros or have read another before. */
void sl_tensor_begin(struct sl_tensor *tensor, struct sl_spikes *spikes,
                     const struct sl_field *field, size_t around);

/* Takes an event of the tensor, and as much input as the kernels can. SL_HAS_WORK: sl_tensor_work
 * must be called before the next event. */
enum sl_status sl_tensor_event(struct sl_tensor *tensor, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input);

/* Counts the deferred data that is known how to count now. */
enum sl_status sl_tensor_work(struct sl_tensor *tensor, struct sl_reading *reading);

/* Whether the tensor is complete, and the spikes with it. */
bool sl_tensor_is_complete(const struct sl_tensor *tensor, const struct sl_reading *reading);

void sl_tensor_free(struct sl_tensor *tensor, struct sl_reading *reading);

#endif
