/*
 * A growable run of bytes. The struct belongs to the caller, the bytes to the struct; all zeros is
 * an empty buffer. Growth is geometric, so appending n bytes costs O(n). Every function that may
 * allocate returns false when there is no memory and then leaves the buffer as it was.
 */
#ifndef SPIKELOSS_CORE_BUFFER_H
#define SPIKELOSS_CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct sl_buffer {
  char *bytes;
  size_t length;
  size_t capacity;
};

/* Room for `extra` more bytes behind the last. */
bool sl_buffer_reserve(struct sl_buffer *buffer, size_t extra);

bool sl_buffer_append(struct sl_buffer *buffer, const void *bytes, size_t length);
bool sl_buffer_append_text(struct sl_buffer *buffer, const char *text);
bool sl_buffer_append_format(struct sl_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void sl_buffer_free(struct sl_buffer *buffer);

#endif
