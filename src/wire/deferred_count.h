/*
 * The meaning of data that had to wait for it: what a tensor has in safekeeping is counted when its
 * shape and encoding are both known.
 */
#ifndef SPIKELOSS_WIRE_DEFERRED_COUNT_H
#define SPIKELOSS_WIRE_DEFERRED_COUNT_H

#include "wire/tensor.h"

/*
 * Counts what is in safekeeping and lets go of it; nothing if that was done already. What is wrong
 * with it was made certain by the byte at `offset`; base64 has a place of its own.
 */
enum sl_status sl_count_deferred(struct sl_tensor *tensor, uint64_t offset, struct sl_error *error);

#endif
