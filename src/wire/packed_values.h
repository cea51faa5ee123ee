/*
 * Spikes as bytes: packed bits (most significant bit first, as numpy.packbits writes them) or
 * little-endian floats. Bytes come in pieces of any size.
 */
#ifndef SPIKELOSS_WIRE_PACKED_VALUES_H
#define SPIKELOSS_WIRE_PACKED_VALUES_H

#include "spikes/spikes.h"

enum sl_packing { SL_PACKED_BITS, SL_PACKED_F32, SL_PACKED_F64 };

struct sl_packed_values {
  enum sl_packing packing;
  struct sl_spikes *spikes; /* not owned */
  uint64_t values_left;
  uint64_t value;         /* index of the next */
  unsigned char begun[8]; /* the first bytes of a float that is not complete */
  size_t begun_bytes;
};

/* How many bytes that many values take. False if no size can hold the number. */
bool sl_packed_size(enum sl_packing packing, uint64_t values, uint64_t *bytes);

void sl_packed_values_begin(struct sl_packed_values *packed, enum sl_packing packing,
                            struct sl_spikes *spikes, uint64_t values);

/*
 * Counts the values in the next bytes; bytes beyond the last value are ignored.
 * Errors (without a place): SL_NOT_FINITE, SL_NONZERO_PADDING, and those of the counts.
 */
enum sl_status sl_packed_values_push(struct sl_packed_values *packed, const uint8_t *bytes,
                                     size_t count, struct sl_error *error);

#endif
