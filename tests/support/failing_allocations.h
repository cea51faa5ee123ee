/*
 * Memory that is counted, and runs out on command. A program linked with these flags
 *
 *     -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=free
 *     -Wl,--wrap=mmap64,--wrap=mremap,--wrap=munmap
 *
 * has its own calls counted, those of its static libraries included, and cJSON's after
 * sl_allocations_watch. One thread at a time.
 */
#ifndef SPIKELOSS_TESTS_FAILING_ALLOCATIONS_H
#define SPIKELOSS_TESTS_FAILING_ALLOCATIONS_H

#include <stdbool.h>
#include <stddef.h>

/* Once, before the first allocation that matters. */
void sl_allocations_watch(void);

/* From now on the n-th allocation fails (n >= 1), and, if `onwards`, all that follow it. */
void sl_allocations_fail(size_t n, bool onwards);

/* From now on none fails. Returns how many failed. */
size_t sl_allocations_succeed(void);

/* Blocks that are allocated and not yet freed; all mappings together are one. */
long sl_allocations_alive(void);

/* Their bytes, as the allocator has rounded them up. */
size_t sl_allocations_bytes(void);

/* The most that they were since the last call. */
size_t sl_allocations_most_bytes(void);

#endif
