/*
 * The data of a tensor object as a base64 string of packed bits (most significant bit first, as
 * numpy.packbits writes them) or little-endian floats. Strict: standard alphabet, padded, no spare
 * bits. JSON escapes are undone first: some encoders write `/` as `\/`.
 */
#ifndef SPIKELOSS_DECODE_PACKED_H
#define SPIKELOSS_DECODE_PACKED_H

#include "decode/deferred.h"

enum sl_packing { SL_PACKED_BITS, SL_PACKED_F32, SL_PACKED_F64 };

/* Values in bytes that come in pieces of any size. */
struct sl_packed {
  enum sl_packing packing;
  struct sl_spikes *spikes; /* not owned */
  uint64_t values_left;
  uint64_t value;         /* index of the next */
  unsigned char begun[8]; /* the first bytes of a float that is not complete */
  size_t begun_bytes;
};

struct sl_base64 {
  struct sl_sink *sink; /* not owned; it defers while the meaning is unknown */
  struct sl_packed packed;
  uint64_t values;       /* that the shape has */
  uint64_t max_bytes;    /* that they take, UINT64_MAX while unknown */
  uint64_t bytes;        /* decoded so far */
  size_t levels;         /* the path of the data */
  uint64_t quote_offset; /* of the opening quote */
  uint32_t group;        /* the six-bit values of the group of four so far */
  size_t group_length;   /* characters in it, padding included */
  size_t padding;        /* `=` in it; the string ends with that group */
  uint64_t last_offset;  /* of the last character that was not padding */
};

/* After the opening quote. `values` and `packing` matter if the meaning is known. */
void sl_base64_begin(struct sl_base64 *base64, struct sl_reading *reading, struct sl_sink *sink,
                     bool meaning_known, uint64_t values, enum sl_packing packing);

/* Takes an event of the string, and as much input as the kernel can. */
enum sl_status sl_base64_event(struct sl_base64 *base64, struct sl_reading *reading,
                               enum sl_json_event event, struct sl_input *input);

/* Counts the bytes that were deferred, of a string at an offset. */
enum sl_status sl_base64_count(const struct sl_base64 *base64, struct sl_reading *reading,
                               uint64_t values, enum sl_packing packing);

#endif
