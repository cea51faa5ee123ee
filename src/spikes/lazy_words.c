#include "spikes/lazy_words.h"

#include "core/checked.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WORD = sizeof(uint64_t) };

/*
 * From which size on an array is mapped. A page that the system gives costs ten times as much as
 * one that the heap has kept, so dense arrays, all of which get written, are mapped only where huge
 * pages make up for it. Of scattered ones few pages may ever be written; up to that size, zeroing
 * them all costs less than getting some.
 */
#define HUGE_PAGE  ((size_t)2 << 20)
#define MIN_MAPPED ((size_t)4 << 20)

/* A mapping that grows is made so many times larger than it must be: address space costs nothing,
 * and a mapping that the system has to move loses its huge pages. */
enum { MAPPED_AHEAD = 4 };

static enum sl_status out_of_memory(struct sl_error *error) {
  return sl_fail(error, SL_OUT_OF_MEMORY,
                 "not enough memory to count the spikes of a tensor; try again later");
}

static enum sl_status charge(struct sl_lazy_words *lazy, size_t bytes, struct sl_budget *budget,
                             struct sl_error *error) {
  enum sl_status status = sl_budget_take(budget, bytes, error);
  lazy->charged += status == SL_OK ? bytes : 0;
  return status;
}

static void *map(size_t bytes) {
  void *mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mapping != MAP_FAILED ? mapping : NULL;
}

/* Returns zeros that begin at a huge page, or NULL. */
static void *map_dense(size_t bytes) {
  size_t spacious;
  char *mapping = sl_checked_add(&spacious, bytes, HUGE_PAGE) ? map(spacious) : NULL;
  if (mapping == NULL) {
    return NULL;
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t begin = -(uintptr_t)mapping & (HUGE_PAGE - 1);
  size_t end = (begin + bytes + page - 1) & -page;
  if (begin > 0) {
    munmap(mapping, begin);
  }
  munmap(mapping + end, spacious - end);
  madvise(mapping + begin, bytes, MADV_HUGEPAGE);
  return mapping + begin;
}

/* Returns zeros, in small pages whatever the system prefers, or NULL. */
static void *map_scattered(size_t bytes) {
  void *mapping = map(bytes);
  if (mapping != NULL) {
    madvise(mapping, bytes, MADV_NOHUGEPAGE);
  }
  return mapping;
}

static size_t bitmap_bytes(const struct sl_lazy_words *lazy) {
  return (((lazy->count - 1) >> lazy->page_shift) / 64 + 1) * WORD;
}

static enum sl_status reserve_heap(struct sl_lazy_words *lazy, size_t bytes, bool zeroed,
                                   struct sl_budget *budget, struct sl_error *error) {
  lazy->words = sl_budget_allocate(budget, bytes, zeroed, error);
  lazy->front = lazy->count;
  lazy->charged += lazy->words != NULL ? bytes : 0;
  return lazy->words != NULL ? SL_OK : out_of_memory(error);
}

static enum sl_status reserve_scattered(struct sl_lazy_words *lazy, size_t bytes,
                                        struct sl_budget *budget, struct sl_error *error) {
  lazy->page_shift = (unsigned)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE) / WORD);
  if (charge(lazy, bitmap_bytes(lazy), budget, error) != SL_OK) {
    return error->code;
  }
  lazy->words = map_scattered(bytes);
  lazy->mapped = lazy->words != NULL;
  lazy->pages = lazy->mapped ? calloc(bitmap_bytes(lazy), 1) : NULL;
  return lazy->pages != NULL ? SL_OK : out_of_memory(error);
}

static enum sl_status reserve_dense(struct sl_lazy_words *lazy, size_t bytes,
                                    struct sl_error *error) {
  lazy->words = map_dense(bytes);
  lazy->mapped = lazy->words != NULL;
  return lazy->mapped ? SL_OK : out_of_memory(error);
}

enum sl_status sl_lazy_words_reserve(struct sl_lazy_words *lazy, size_t count,
                                     enum sl_lazy_kind kind, struct sl_budget *budget,
                                     struct sl_error *error) {
  size_t bytes;
  if (!sl_checked_multiply(&bytes, count, WORD)) {
    return out_of_memory(error);
  }
  lazy->count = count;
  enum sl_status status;
  if (bytes < MIN_MAPPED) {
    status = reserve_heap(lazy, bytes, kind != SL_LAZY_SCRATCH, budget, error);
  } else if (kind == SL_LAZY_SCATTERED) {
    status = reserve_scattered(lazy, bytes, budget, error);
  } else {
    status = reserve_dense(lazy, bytes, error);
  }
  if (status != SL_OK) {
    sl_lazy_words_free(lazy, budget);
  }
  return status;
}

/* Grows an array on the heap. New words are zeroed where the front comes to them: the system may
 * not have given them yet. */
static enum sl_status grow_on_heap(struct sl_lazy_words *lazy, size_t count,
                                   struct sl_budget *budget, struct sl_error *error) {
  void *words = sl_budget_grow(budget, lazy->words, lazy->count * WORD, count * WORD, error);
  if (words == NULL) {
    return out_of_memory(error);
  }
  lazy->charged += (count - lazy->count) * WORD;
  lazy->words = words;
  lazy->count = count;
  return SL_OK;
}

static enum sl_status move_to_mapping(struct sl_lazy_words *lazy, size_t count,
                                      struct sl_budget *budget, struct sl_error *error) {
  struct sl_lazy_words moved = {0};
  if (sl_lazy_words_reserve(&moved, count, SL_LAZY_DENSE, budget, error) != SL_OK) {
    return error->code;
  }
  if (sl_lazy_words_reach(&moved, lazy->front, budget, error) != SL_OK) {
    sl_lazy_words_free(&moved, budget);
    return error->code;
  }
  memcpy(moved.words, lazy->words, lazy->front * WORD);
  sl_lazy_words_free(lazy, budget);
  *lazy = moved;
  return SL_OK;
}

static enum sl_status grow_mapping(struct sl_lazy_words *lazy, size_t count,
                                   struct sl_error *error) {
  void *words = mremap(lazy->words, lazy->count * WORD, count * WORD, MREMAP_MAYMOVE);
  if (words == MAP_FAILED) {
    return out_of_memory(error);
  }
  lazy->words = words;
  lazy->count = count;
  return SL_OK;
}

enum sl_status sl_lazy_words_grow(struct sl_lazy_words *lazy, size_t count,
                                  struct sl_budget *budget, struct sl_error *error) {
  size_t bytes;
  if (!sl_checked_multiply(&bytes, count, WORD * MAPPED_AHEAD)) {
    return out_of_memory(error);
  }
  if (count <= lazy->count) {
    return SL_OK;
  }
  if (lazy->words == NULL) {
    return sl_lazy_words_reserve(lazy, count, SL_LAZY_DENSE, budget, error);
  }
  if (!lazy->mapped && count * WORD < MIN_MAPPED) {
    return grow_on_heap(lazy, count, budget, error);
  }
  count *= MAPPED_AHEAD;
  return lazy->mapped ? grow_mapping(lazy, count, error)
                      : move_to_mapping(lazy, count, budget, error);
}

enum sl_status sl_lazy_words_extend(struct sl_lazy_words *lazy, size_t end,
                                    struct sl_budget *budget, struct sl_error *error) {
  if (!lazy->mapped) {
    memset((uint64_t *)lazy->words + lazy->front, 0, (end - lazy->front) * WORD);
    lazy->front = end;
    return SL_OK;
  }
  /* A write makes the system give a whole huge page, where it has one. */
  size_t front = ((end - 1) | (HUGE_PAGE / WORD - 1)) + 1;
  front = front < lazy->count ? front : lazy->count;
  if (charge(lazy, (front - lazy->front) * WORD, budget, error) != SL_OK) {
    return error->code;
  }
  lazy->front = front;
  return SL_OK;
}

void sl_lazy_words_settle(struct sl_lazy_words *lazy) {
  if (!lazy->mapped && lazy->front < lazy->count) {
    memset((uint64_t *)lazy->words + lazy->front, 0, (lazy->count - lazy->front) * WORD);
    lazy->front = lazy->count;
  }
}

enum sl_status sl_lazy_words_charge_page(struct sl_lazy_words *lazy, size_t page,
                                         struct sl_budget *budget, struct sl_error *error) {
  if (charge(lazy, (size_t)WORD << lazy->page_shift, budget, error) != SL_OK) {
    return error->code;
  }
  lazy->pages[page / 64] |= UINT64_C(1) << (page % 64);
  return SL_OK;
}

void sl_lazy_words_free(struct sl_lazy_words *lazy, struct sl_budget *budget) {
  if (lazy->mapped) {
    munmap(lazy->words, lazy->count * WORD);
    sl_budget_give_back(budget, lazy->charged);
  } else {
    sl_budget_free(budget, lazy->words, lazy->charged); /* all is charged for the words */
  }
  free(lazy->pages);
  *lazy = (struct sl_lazy_words){0};
}
