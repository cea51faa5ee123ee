#include "failing_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The C library's own, under the names that it keeps for programs that replace malloc. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

/* NULL until the file is mapped: until then nothing fails and nothing is counted. */
static struct failing_memory *orders;

__attribute__((constructor)) static void map_orders(void) {
  const char *path = getenv(FAILING_MEMORY_VARIABLE);
  int file = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  void *mapped = file < 0 ? MAP_FAILED
                          : mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) {
    static const char message[] = "failing_memory: there is no file with orders\n";
    _exit(write(STDERR_FILENO, message, strlen(message)) < 0 ? 126 : 127);
  }
  close(file);
  orders = mapped;
}

static bool must_fail(void) {
  if (orders == NULL) {
    return false;
  }
  bool now = atomic_load(&orders->countdown) > 0 && atomic_fetch_sub(&orders->countdown, 1) == 1;
  if (now && atomic_load(&orders->onwards)) {
    atomic_store(&orders->failing, true);
  }
  bool fails = now || atomic_load(&orders->failing);
  if (fails) {
    atomic_fetch_add(&orders->failures, 1);
    errno = ENOMEM;
  }
  return fails;
}

static void *count(void *memory) {
  if (memory != NULL && orders != NULL) {
    atomic_fetch_add(&orders->alive, 1);
  }
  return memory;
}

void *malloc(size_t size) {
  return must_fail() ? NULL : count(__libc_malloc(size));
}

void *calloc(size_t elements, size_t size) {
  return must_fail() ? NULL : count(__libc_calloc(elements, size));
}

void *realloc(void *memory, size_t size) {
  if (must_fail()) {
    return NULL;
  }
  return memory == NULL ? count(__libc_malloc(size)) : __libc_realloc(memory, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size) {
  return must_fail() ? NULL : count(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == NULL ? ENOMEM : 0;
}

void free(void *memory) {
  if (memory != NULL && orders != NULL) {
    atomic_fetch_sub(&orders->alive, 1);
  }
  __libc_free(memory);
}
