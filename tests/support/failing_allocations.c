#include "failing_allocations.h"

#include <cjson/cJSON.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The linker sends calls of malloc to __wrap_malloc, and those of __real_malloc to malloc. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *memory);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__real_mremap(void *memory, size_t size, size_t new_size, int flags, ...);
int __real_munmap(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *memory);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mremap(void *memory, size_t size, size_t new_size, int flags, ...);
int __wrap_munmap(void *memory, size_t size);

static size_t before_failure; /* allocations that still succeed; 0 while none is to fail */
static bool failing_onwards;
static bool failing;
static size_t failures;
static long alive;
static size_t mapped; /* pages; they are in use only where they are written */
static size_t bytes;
static size_t most_bytes;

void sl_allocations_watch(void) {
  cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = __wrap_malloc, .free_fn = __wrap_free});
}

void sl_allocations_fail(size_t n, bool onwards) {
  before_failure = n;
  failing_onwards = onwards;
  failing = false;
  failures = 0;
}

size_t sl_allocations_succeed(void) {
  before_failure = 0;
  failing = false;
  return failures;
}

long sl_allocations_alive(void) {
  return alive + (mapped > 0);
}

size_t sl_allocations_bytes(void) {
  return bytes;
}

size_t sl_allocations_most_bytes(void) {
  size_t most = most_bytes;
  most_bytes = bytes;
  return most;
}

static bool must_fail(void) {
  bool now = before_failure > 0 && --before_failure == 0;
  failing = failing || (now && failing_onwards);
  failures += now || failing;
  return now || failing;
}

static void *count(void *memory) {
  alive += memory != NULL;
  bytes += memory != NULL ? malloc_usable_size(memory) : 0;
  most_bytes = bytes > most_bytes ? bytes : most_bytes;
  return memory;
}

/* Before a block is freed or moved. */
static void *forget(void *memory) {
  alive -= memory != NULL;
  bytes -= memory != NULL ? malloc_usable_size(memory) : 0;
  return memory;
}

void *__wrap_malloc(size_t size) {
  return must_fail() ? NULL : count(__real_malloc(size));
}

void *__wrap_calloc(size_t elements, size_t size) {
  return must_fail() ? NULL : count(__real_calloc(elements, size));
}

void *__wrap_realloc(void *memory, size_t size) {
  return must_fail() ? NULL : count(__real_realloc(forget(memory), size));
}

void *__wrap_reallocarray(void *memory, size_t elements, size_t size) {
  return must_fail() ? NULL : count(__real_reallocarray(forget(memory), elements, size));
}

char *__wrap_strdup(const char *text) {
  return must_fail() ? NULL : count(__real_strdup(text));
}

void __wrap_free(void *memory) {
  __real_free(forget(memory));
}

static size_t pages(size_t size) {
  return (size + 4095) / 4096;
}

/* What mmap is called where offsets have 64 bits. */
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset) {
  void *memory =
      must_fail() ? MAP_FAILED : __real_mmap64(at, size, protection, flags, file, offset);
  mapped += memory != MAP_FAILED ? pages(size) : 0;
  return memory;
}

void *__wrap_mremap(void *memory, size_t size, size_t new_size, int flags, ...) {
  void *moved = must_fail() ? MAP_FAILED : __real_mremap(memory, size, new_size, flags);
  mapped += moved != MAP_FAILED ? pages(new_size) - pages(size) : 0;
  return moved;
}

int __wrap_munmap(void *memory, size_t size) {
  mapped -= pages(size);
  return __real_munmap(memory, size);
}
