/*
 * Appending text to a growing buffer, for tests that write bodies. False without memory; the buffer
 * is then as it was.
 */
#ifndef SPIKELOSS_TESTS_APPEND_H
#define SPIKELOSS_TESTS_APPEND_H

#include "core/buffer.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Inline, so that the compiler knows the length of literal text. */
static inline bool sl_buffer_append_text(struct sl_buffer *buffer, const char *text) {
  return sl_buffer_append(buffer, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static inline bool
sl_buffer_append_format(struct sl_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0 || !sl_buffer_reserve(buffer, (size_t)length + 1)) {
    return false;
  }
  va_start(arguments, format);
  vsnprintf(buffer->bytes + buffer->length, (size_t)length + 1, format, arguments);
  va_end(arguments);
  buffer->length += (size_t)length;
  return true;
}

#endif
