/*
 * Memory of the real daemon that runs out on command: failing_memory.c is loaded before the
 * daemon's libraries, so that every allocation of the process goes through it. A
 * test tells it what to do in a file that both have mapped, which the variable names.
 */
#ifndef SPIKELOSS_TESTS_HTTP_FAILING_MEMORY_H
#define SPIKELOSS_TESTS_HTTP_FAILING_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>

#define FAILING_MEMORY_VARIABLE "FAILING_MEMORY_FILE"

struct failing_memory {
  atomic_long countdown; /* the allocation that brings it to 0 fails; 0: none does */
  atomic_bool onwards;   /* and so do all that follow, until this is false again */
  atomic_bool failing;
  atomic_long failures;
  atomic_long alive; /* blocks allocated and not yet freed */
};

#endif
