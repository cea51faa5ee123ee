#include "base64.h"
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_three(char *text, uint8_t first, uint8_t second, uint8_t third) {
  uint32_t bits = (uint32_t)first << 16 | (uint32_t)second << 8 | third;
  text[0] = alphabet[bits >> 18];
  text[1] = alphabet[bits >> 12 & 63];
  text[2] = alphabet[bits >> 6 & 63];
  text[3] = alphabet[bits & 63];
}

void slc_base64_encode(char *text, const uint8_t *bytes, size_t count) {
  size_t i = 0;
  for (; i + 3 <= count; i += 3, text += 4) {
    encode_three(text, bytes[i], bytes[i + 1], bytes[i + 2]);
  }
  if (i == count) {
    return;
  }
  bool two = i + 2 == count;
  encode_three(text, bytes[i], two ? bytes[i + 1] : 0, 0);
  text[2] = two ? text[2] : '=';
  text[3] = '=';
}

/* The six bits that a character encodes, or -1. */
static int value_of(char character) {
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

bool slc_base64_decode(uint8_t *bytes, size_t count, const char *text) {
  if (strlen(text) != slc_base64_length(count)) {
    return false;
  }
  uint32_t bits = 0;
  unsigned int held = 0;
  for (size_t i = 0; i < count; text++) {
    int value = value_of(*text);
    if (value < 0) {
      return false;
    }
    bits = bits << 6 | (uint32_t)value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[i++] = (uint8_t)(bits >> held);
    }
  }
  return text[strspn(text, "=")] == '\0';
}
