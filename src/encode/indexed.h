/*
 * Values of which few are different, as a table of floats and one byte a value:
 *
 *     values  0.5 0 0 -0.25 0.5 0     table  0.5 0 -0.25     data  0 1 1 2 0 1
 *
 * Gradients of binary spikes are such: a loss of counts gives a neuron one of a few slopes for each
 * number of steps at which it may have fired. Base64 of the bytes is a quarter as long as that of
 * 32-bit floats.
 *
 * Where the loss has a table and indices, and that table has no more bytes than the indices, they
 * are sent as they are: some entries may be equal, or of no use. Another table is found by hashing
 * the bits of the doubles, in the order in which they first appear; two that become the same 32-bit
 * float stay two entries.
 *
 * Allocates nothing.
 */
#ifndef SPIKELOSS_ENCODE_INDEXED_H
#define SPIKELOSS_ENCODE_INDEXED_H

#include "encode/base64.h"
#include <stddef.h>

/* The members before the data, the longest table among them. */
enum { SL_INDEXED_HEAD = (SL_INDEXED_NUMBERS * SL_FLOAT64 + 2) / 3 * 4 + 64 };

/* Returns the memory for sl_indexed_write, and for some text after it: buffers as large as this are
 * better not moved. */
static inline size_t sl_indexed_memory(size_t count) {
  return SL_INDEXED_HEAD + sl_base64_length(count) + 1024;
}

/*
 * Writes the rest of a tensor after its shape, `,"encoding":"indexed_f32","table":"…","data":"…"}`,
 * and returns the length. Returns 0, and what is written is of no use, if there are more different
 * values than a table has, if the bytes of table and data are not fewer than those of the floats,
 * or if a finite value is not finite in floats of that width.
 */
size_t sl_indexed_write(char *text, const struct sl_broadcast_view *view,
                        enum sl_float_width width);

#endif
