/*
 * Base64, many groups of four characters at a time.
 *
 * Included once by a variant, which defines
 *
 *     GROUPS_AT_ONCE                                           how many groups it takes together
 *     bool decode_groups(uint8_t *bytes, const char *text)     decodes so many; false, and nothing
 *                                                              is written, if a character is
 *                                                              outside the alphabet
 *     void encode_groups(char *text, const uint8_t *bytes)     encodes so many
 */
#ifndef SPIKELOSS_KERNELS_BASE64_GROUPS_H
#define SPIKELOSS_KERNELS_BASE64_GROUPS_H

#include "kernels/kernels.h"

static inline bool decode_groups(uint8_t *bytes, const char *text);
static inline void encode_groups(char *text, const uint8_t *bytes);

static size_t decode_base64(uint8_t *bytes, const char *text, size_t groups) {
  size_t done = 0;
  while (done + GROUPS_AT_ONCE <= groups && decode_groups(bytes + 3 * done, text + 4 * done)) {
    done += GROUPS_AT_ONCE;
  }
  return done + sl_kernels_scalar.decode_base64(bytes + 3 * done, text + 4 * done, groups - done);
}

static void encode_base64(char *text, const uint8_t *bytes, size_t groups) {
  size_t done = 0;
  for (; done + GROUPS_AT_ONCE <= groups; done += GROUPS_AT_ONCE) {
    encode_groups(text + 4 * done, bytes + 3 * done);
  }
  sl_kernels_scalar.encode_base64(text + 4 * done, bytes + 3 * done, groups - done);
}

#endif
