/*
 * Tensor data that came before the shape or encoding that gives it a meaning, kept compactly:
 *
 *     numbers        one bit each while all are 0 or 1, 8 bytes each from the first other one on
 *     coordinates    8 bytes each
 *     base64         the decoded bytes
 *
 * What is kept counts against limits.deferred_bytes, which all tensors of a request share.
 */
#ifndef SPIKELOSS_DECODE_DEFERRED_H
#define SPIKELOSS_DECODE_DEFERRED_H

#include "decode/reading.h"
#include "spikes/spikes.h"

struct sl_deferred {
  uint64_t *bits;
  double *reals; /* that come after the bits */
  uint8_t *bytes;
  size_t bit_count, real_count, byte_count;
  size_t word_capacity, real_capacity, byte_capacity;
  uint64_t counted; /* against the limit */
};

/* Forgets what was kept. Tolerates all zeros. */
void sl_deferred_free(struct sl_deferred *deferred, struct sl_reading *reading);

/* Keep values; fail with SL_DEFERRED_TOO_LARGE, and keep nothing, when the limit is used up. */
enum sl_status sl_deferred_keep_number(struct sl_deferred *deferred, struct sl_reading *reading,
                                       double value);
enum sl_status sl_deferred_keep_bytes(struct sl_deferred *deferred, struct sl_reading *reading,
                                      const uint8_t *bytes, size_t count);

/* Returns whether so many coordinates can be kept in the memory there is. */
bool sl_deferred_has_space(const struct sl_deferred *deferred, const struct sl_reading *reading,
                           size_t count);

/* Returns how many numbers were kept, and each of them. */
size_t sl_deferred_count(const struct sl_deferred *deferred);
double sl_deferred_number(const struct sl_deferred *deferred, size_t index);

/* Pushes the numbers in their order. */
enum sl_status sl_deferred_push(const struct sl_deferred *deferred, struct sl_spikes *spikes,
                                struct sl_error *error);

/* Where the values of a tensor go: to the counts, or into what is deferred. */
struct sl_sink {
  struct sl_spikes *spikes; /* not owned */
  bool defers;
  struct sl_deferred deferred;
};

enum sl_status sl_sink_push_bits(struct sl_sink *sink, struct sl_reading *reading,
                                 const uint64_t *bits, size_t count);
enum sl_status sl_sink_push_reals(struct sl_sink *sink, struct sl_reading *reading,
                                  const double *values, size_t count);

#endif
