/*
 * The memory that one request may hold, counted where it is taken and where it is given back.
 *
 * Up to `granted` bytes are taken without a call, so that small requests cost nothing. Beyond that,
 * `grow` either raises `granted` or fails. A NULL budget has no bound: the library's users outside
 * the service need none. One budget belongs to one thread at a time.
 */
#ifndef SPIKELOSS_CORE_BUDGET_H
#define SPIKELOSS_CORE_BUDGET_H

#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

struct sl_budget {
  uint64_t taken;
  uint64_t granted;
  /* Raises `granted` to at least `bytes` in all, or fails and leaves it as it was. */
  enum sl_status (*grow)(struct sl_budget *budget, uint64_t bytes, struct sl_error *error);
};

/* Charges memory before it is allocated. On failure nothing is taken. */
static inline enum sl_status sl_budget_take(struct sl_budget *budget, uint64_t bytes,
                                            struct sl_error *error) {
  if (budget == NULL) {
    return SL_OK;
  }
  uint64_t wanted;
  if (__builtin_add_overflow(budget->taken, bytes, &wanted)) {
    wanted = UINT64_MAX;
  }
  if (wanted > budget->granted) {
    enum sl_status status = budget->grow(budget, wanted, error);
    if (status != SL_OK) {
      return status;
    }
  }
  budget->taken = wanted;
  return SL_OK;
}

/* Gives back a charge after memory is freed, or when its allocation has failed. */
static inline void sl_budget_give_back(struct sl_budget *budget, uint64_t bytes) {
  if (budget != NULL) {
    budget->taken -= bytes;
  }
}

#endif
