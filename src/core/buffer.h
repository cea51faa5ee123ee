/*
 * A growable array of bytes. The struct belongs to the caller, the bytes to the struct; all zeros
 * is an empty buffer. Growth is geometric, so appending n bytes costs O(n). Every function that may
 * allocate returns false when there is no memory and then leaves the buffer as it was.
 */
#ifndef SPIKELOSS_CORE_BUFFER_H
#define SPIKELOSS_CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct sl_buffer {
  char *bytes;
  size_t length;
  size_t capacity;
};

/* Takes memory for sl_buffer_reserve where there is no space yet. */
bool sl_buffer_grow(struct sl_buffer *buffer, size_t extra);

/* Makes space for `extra` more bytes after the last. */
static inline bool sl_buffer_reserve(struct sl_buffer *buffer, size_t extra) {
  return extra <= buffer->capacity - buffer->length || sl_buffer_grow(buffer, extra);
}

static inline bool sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t length) {
  if (!sl_buffer_reserve(buffer, length)) {
    return false;
  }
  if (length > 0) {
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
  }
  return true;
}

void sl_buffer_free(struct sl_buffer *buffer);

#endif
