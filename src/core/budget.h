/*
 * The memory that one request may hold, counted where it is taken and where it is given back.
 *
 * Up to `granted` bytes are taken without a call, so that small requests cost nothing. Beyond that,
 * `grow` either raises `granted` or fails. A NULL budget has no bound: the library's users outside
 * the service need none. One budget belongs to one thread at a time.
 *
 * A budget may have a block of memory. What fits is taken of it, one after the other, and is free
 * again with the block: a small request allocates nothing else.
 */
#ifndef SPIKELOSS_CORE_BUDGET_H
#define SPIKELOSS_CORE_BUDGET_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_budget {
  uint64_t taken;
  uint64_t granted;
  /* Raises `granted` to at least `bytes` in all, or fails and leaves it as it was. */
  enum sl_status (*grow)(struct sl_budget *budget, uint64_t bytes, struct sl_error *error);
  char *block;                    /* not owned, or NULL; it outlives all that is allocated */
  size_t block_bytes, block_used; /* multiples of 16 */
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

/* Returns memory of the block, without a charge, or NULL if there is not so much in it. */
void *sl_budget_use_block(struct sl_budget *budget, size_t bytes);

/* Charges and allocates memory. Returns NULL if there is none, or, with an error, no charge. */
void *sl_budget_allocate(struct sl_budget *budget, size_t bytes, bool zeroed,
                         struct sl_error *error);

/* Does so for more bytes than `memory`, which may move, has. On failure that stays as it was. */
void *sl_budget_grow(struct sl_budget *budget, void *memory, size_t before, size_t bytes,
                     struct sl_error *error);

/* Frees memory that is not NULL, and what was taken of the block last. */
void sl_budget_release(struct sl_budget *budget, void *memory, size_t bytes);

/* Frees memory, or NULL, and gives back its charge; 0 bytes if that is given back elsewhere. */
static inline void sl_budget_free(struct sl_budget *budget, void *memory, size_t bytes) {
  sl_budget_give_back(budget, bytes);
  if (memory != NULL) {
    sl_budget_release(budget, memory, bytes);
  }
}

#endif
