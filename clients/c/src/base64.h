/*
 * Base64 (RFC 4648), padded.
 */
#ifndef SPIKELOSS_CLIENT_BASE64_H
#define SPIKELOSS_CLIENT_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many characters encode a number of bytes. */
static inline size_t slc_base64_length(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/* Writes slc_base64_length(count) characters, without a terminator. */
void slc_base64_encode(char *text, const uint8_t *bytes, size_t count);

/* Reads exactly `count` bytes; false if the text is anything else. */
bool slc_base64_decode(uint8_t *bytes, size_t count, const char *text);

#endif
