/*
 * An array of words (8 bytes each) whose memory is charged to a budget where it is written.
 *
 * A small array comes from the heap and is charged whole. A large one is mapped: it is address
 * space until a page of it is written, and that is when the page is charged, so that a large shape
 * alone costs nothing. Before words are written, the writer says which ones:
 *
 *     dense       from the front to the end, as values of a tensor come        sl_lazy_words_reach
 *     scattered   one word anywhere                                            sl_lazy_words_touch
 *
 * Words that were never written read as 0 and cost nothing to read, but for those of a scratch
 * buffer and those after the front of an array that has grown and is not settled.
 * A budget of NULL has no bound. Errors: SL_OUT_OF_MEMORY, and those of the budget.
 */
#ifndef SPIKELOSS_SPIKES_LAZY_WORDS_H
#define SPIKELOSS_SPIKES_LAZY_WORDS_H

#include "core/budget.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_lazy_words {
  void *words;         /* 8 bytes each, or NULL */
  size_t count;        /* words that are reserved */
  size_t front;        /* words that may be written, from the first on */
  uint64_t *pages;     /* which pages are charged, where writes are scattered; else NULL */
  unsigned page_shift; /* a page has 1 << page_shift words */
  bool mapped;         /* from the system, page by page, and not from the heap */
  uint64_t charged;    /* bytes in all */
};

enum sl_lazy_kind {
  SL_LAZY_DENSE,
  SL_LAZY_SCATTERED,
  SL_LAZY_SCRATCH, /* dense, and a small one is not zeroed */
};

/* Reserves `count` words; `lazy` is all zeros. On failure it stays so. */
enum sl_status sl_lazy_words_reserve(struct sl_lazy_words *lazy, size_t count,
                                     enum sl_lazy_kind kind, struct sl_budget *budget,
                                     struct sl_error *error);

/* Makes a dense array one of at least `count` words. On failure it stays what it was. */
enum sl_status sl_lazy_words_grow(struct sl_lazy_words *lazy, size_t count,
                                  struct sl_budget *budget, struct sl_error *error);

/* Makes words from `front` on writable, at least up to `end`, which is not beyond the array. */
enum sl_status sl_lazy_words_extend(struct sl_lazy_words *lazy, size_t end,
                                    struct sl_budget *budget, struct sl_error *error);

/* Makes all words readable; nothing is charged that was not. */
void sl_lazy_words_settle(struct sl_lazy_words *lazy);

enum sl_status sl_lazy_words_charge_page(struct sl_lazy_words *lazy, size_t page,
                                         struct sl_budget *budget, struct sl_error *error);

/* Frees the array, gives back what it was charged, and leaves all zeros. */
void sl_lazy_words_free(struct sl_lazy_words *lazy, struct sl_budget *budget);

/* Makes words below `end` of a dense array writable. */
static inline enum sl_status sl_lazy_words_reach(struct sl_lazy_words *lazy, size_t end,
                                                 struct sl_budget *budget, struct sl_error *error) {
  return end <= lazy->front ? SL_OK : sl_lazy_words_extend(lazy, end, budget, error);
}

/* Makes a word of a scattered array writable. */
static inline enum sl_status sl_lazy_words_touch(struct sl_lazy_words *lazy, size_t word,
                                                 struct sl_budget *budget, struct sl_error *error) {
  if (lazy->pages == NULL) { /* from the heap */
    return SL_OK;
  }
  size_t page = word >> lazy->page_shift;
  bool charged = lazy->pages[page / 64] >> (page % 64) & 1;
  return charged ? SL_OK : sl_lazy_words_charge_page(lazy, page, budget, error);
}

#endif
