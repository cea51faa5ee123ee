#include "core/budget.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16 };

static size_t aligned(size_t bytes) {
  return (bytes + ALIGNMENT - 1) & -(size_t)ALIGNMENT;
}

static bool in_block(const struct sl_budget *budget, const char *memory) {
  return budget != NULL && budget->block != NULL && memory >= budget->block &&
         memory < budget->block + budget->block_bytes;
}

void *sl_budget_use_block(struct sl_budget *budget, size_t bytes) {
  if (budget == NULL || bytes > budget->block_bytes - budget->block_used) {
    return NULL;
  }
  char *memory = budget->block + budget->block_used;
  budget->block_used += aligned(bytes);
  return memory;
}

void *sl_budget_allocate(struct sl_budget *budget, size_t bytes, bool zeroed,
                         struct sl_error *error) {
  if (sl_budget_take(budget, bytes, error) != SL_OK) {
    return NULL;
  }
  void *memory = sl_budget_use_block(budget, bytes);
  if (memory != NULL) {
    return zeroed ? memset(memory, 0, bytes) : memory;
  }
  memory = zeroed ? calloc(bytes, 1) : malloc(bytes);
  if (memory == NULL) {
    sl_budget_give_back(budget, bytes);
  }
  return memory;
}

/* Grows memory in the block where it is the last, or moves it, out of the block if need be. */
static void *grow_in_block(struct sl_budget *budget, void *memory, size_t before, size_t bytes,
                           struct sl_error *error) {
  size_t begin = (size_t)((char *)memory - budget->block);
  if (begin + aligned(before) == budget->block_used && bytes <= budget->block_bytes - begin) {
    bool taken = sl_budget_take(budget, bytes - before, error) == SL_OK;
    budget->block_used = taken ? begin + aligned(bytes) : budget->block_used;
    return taken ? memory : NULL;
  }
  void *moved = sl_budget_allocate(budget, bytes, false, error);
  if (moved != NULL) {
    memcpy(moved, memory, before);
    sl_budget_free(budget, memory, before);
  }
  return moved;
}

void *sl_budget_grow(struct sl_budget *budget, void *memory, size_t before, size_t bytes,
                     struct sl_error *error) {
  if (memory == NULL) {
    return sl_budget_allocate(budget, bytes, false, error);
  }
  if (in_block(budget, memory)) {
    return grow_in_block(budget, memory, before, bytes, error);
  }
  if (sl_budget_take(budget, bytes - before, error) != SL_OK) {
    return NULL;
  }
  void *grown = realloc(memory, bytes);
  if (grown == NULL) {
    sl_budget_give_back(budget, bytes - before);
  }
  return grown;
}

void sl_budget_release(struct sl_budget *budget, void *memory, size_t bytes) {
  if (!in_block(budget, memory)) {
    free(memory);
    return;
  }
  size_t begin = (size_t)((char *)memory - budget->block);
  if (begin + aligned(bytes) == budget->block_used) { /* the last */
    budget->block_used = begin;
  }
}
