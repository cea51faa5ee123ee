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

/* What is left after whole vectors ends with one that begins in the vector before. */
static size_t decode_base64(uint8_t *bytes, const char *text, size_t groups) {
  size_t done = 0;
  while (done + GROUPS_AT_ONCE <= groups && decode_groups(bytes + 3 * done, text + 4 * done)) {
    done += GROUPS_AT_ONCE;
  }
  size_t left = groups - done;
  size_t last = groups - GROUPS_AT_ONCE;
  bool ends_inside = done > 0 && left > 0 && left < GROUPS_AT_ONCE;
  if (ends_inside && decode_groups(bytes + 3 * last, text + 4 * last)) {
    return groups;
  }
  return done + sl_kernels_scalar.decode_base64(bytes + 3 * done, text + 4 * done, left);
}

static void encode_base64(char *text, const uint8_t *bytes, size_t groups) {
  if (groups < GROUPS_AT_ONCE) {
    sl_kernels_scalar.encode_base64(text, bytes, groups);
    return;
  }
  size_t last = groups - GROUPS_AT_ONCE;
  for (size_t done = 0; done < last; done += GROUPS_AT_ONCE) {
    encode_groups(text + 4 * done, bytes + 3 * done);
  }
  encode_groups(text + 4 * last, bytes + 3 * last);
}

#endif
