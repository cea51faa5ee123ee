/*
 * Tensor data that came before the shape or encoding that gives it a meaning, kept compactly:
 *
 *     flat numbers   one bit each while all are 0 or 1, 8 bytes each from the first other one on
 *     coordinates    8 bytes an integer
 *     base64         the decoded bytes
 *
 * What is kept is charged to a budget that all tensors of a request share; when that is used up
 * the calls fail with SL_DEFERRED_TOO_LARGE and keep nothing more.
 */
#ifndef SPIKELOSS_WIRE_DEFERRED_H
#define SPIKELOSS_WIRE_DEFERRED_H

#include "core/buffer.h"
#include "spikes/spikes.h"

struct sl_deferred {
  uint64_t *budget; /* not owned */
  uint64_t charged;
  struct sl_buffer bits; /* words of 64 */
  size_t bit_count;
  struct sl_buffer items; /* doubles, integers or bytes */
};

/* All zeros but for the budget. */
void sl_deferred_begin(struct sl_deferred *deferred, uint64_t *budget);

/* Forgets what was kept and gives its budget back. Tolerates all zeros. */
void sl_deferred_free(struct sl_deferred *deferred);

enum sl_status sl_deferred_keep_bits(struct sl_deferred *deferred, const uint64_t *bits,
                                     size_t count, struct sl_error *error);
enum sl_status sl_deferred_keep_real(struct sl_deferred *deferred, double value,
                                     struct sl_error *error);
enum sl_status sl_deferred_keep_integer(struct sl_deferred *deferred, uint64_t value,
                                        struct sl_error *error);
enum sl_status sl_deferred_keep_bytes(struct sl_deferred *deferred, const uint8_t *bytes,
                                      size_t count, struct sl_error *error);

/* Bytes of memory that were taken. */
uint64_t sl_deferred_memory(const struct sl_deferred *deferred);

/* How many flat numbers, or integers, were kept. */
size_t sl_deferred_reals(const struct sl_deferred *deferred);
size_t sl_deferred_integers(const struct sl_deferred *deferred);
uint64_t sl_deferred_integer(const struct sl_deferred *deferred, size_t index);

/* Pushes the flat numbers in their order. */
enum sl_status sl_deferred_push(const struct sl_deferred *deferred, struct sl_spikes *spikes,
                                struct sl_error *error);

#endif
