/*
 * The alphabet of base64 (RFC 4648), read backwards.
 */
#ifndef SPIKELOSS_CORE_BASE64_H
#define SPIKELOSS_CORE_BASE64_H

/* Returns the six bits that a character means, or -1 if it is not in the alphabet. */
static inline int sl_base64_value(char character) {
  if (character >= 'A' && character <= 'Z') {
    return character - 'A';
  }
  if (character >= 'a' && character <= 'z') {
    return character - 'a' + 26;
  }
  if (character >= '0' && character <= '9') {
    return character - '0' + 52;
  }
  return character == '+' ? 62 : character == '/' ? 63 : -1;
}

#endif
