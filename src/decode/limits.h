/*
 * What one request may ask for. Each is checked before memory is taken.
 */
#ifndef SPIKELOSS_DECODE_LIMITS_H
#define SPIKELOSS_DECODE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct sl_limits {
  uint64_t body_bytes;     /* of one request body */
  uint64_t pairs;          /* samples * neurons, over all tensors of a request */
  uint64_t answer_bytes;   /* of one answer */
  uint64_t deferred_bytes; /* kept of tensor data that came before its shape */
  uint64_t member_bytes;   /* text of one member that is not a tensor */
  size_t depth;            /* nested arrays and objects, at most SL_MAX_DEPTH */
  uint64_t layers;         /* tensors in one list */
};

enum { SL_MAX_DEPTH = 64 };

#define SL_DEFAULT_LIMITS                                                                          \
  ((struct sl_limits){.body_bytes = UINT64_C(1) << 30,                                             \
                      .pairs = UINT64_C(16) << 20,                                                 \
                      .answer_bytes = UINT64_C(512) << 20,                                         \
                      .deferred_bytes = UINT64_C(64) << 20,                                        \
                      .member_bytes = UINT64_C(4) << 20,                                           \
                      .depth = 32,                                                                 \
                      .layers = 1024})

#endif
