#include "core/buffer.h"

#include "core/checked.h"
#include <stdlib.h>

enum { FIRST_CAPACITY = 256 };

bool sl_buffer_grow(struct sl_buffer *buffer, size_t extra) {
  size_t needed;
  if (!sl_checked_add(&needed, buffer->length, extra)) {
    return false;
  }
  size_t capacity = FIRST_CAPACITY;
  if (!sl_checked_multiply(&capacity, buffer->capacity, 2) || capacity < needed) {
    capacity = needed > FIRST_CAPACITY ? needed : FIRST_CAPACITY;
  }
  char *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) {
    return false;
  }
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

void sl_buffer_free(struct sl_buffer *buffer) {
  free(buffer->bytes);
  *buffer = (struct sl_buffer){0};
}
