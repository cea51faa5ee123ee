/*
 * The inside of a JSON string, byte by byte: strict UTF-8, escapes, surrogate pairs.
 */
#ifndef SPIKELOSS_WIRE_JSON_STRING_H
#define SPIKELOSS_WIRE_JSON_STRING_H

#include <stddef.h>
#include <stdint.h>

enum sl_string_event {
  SL_STRING_MORE, /* the byte was taken; `length` unescaped bytes came of it */
  SL_STRING_END,  /* the byte was the closing quote */
  SL_STRING_BAD,  /* no string can go on with this byte */
};

enum sl_string_state {
  SL_STRING_PLAIN,
  SL_STRING_ESCAPE,        /* behind a backslash */
  SL_STRING_HEX,           /* inside the four digits of \uXXXX */
  SL_STRING_LOW_BACKSLASH, /* behind the first half of a surrogate pair */
  SL_STRING_LOW_U,
};

/* All zeros stands behind the opening quote. */
struct sl_json_string {
  enum sl_string_state state;
  uint32_t high_surrogate; /* of the pair that is being read, or 0 */
  uint32_t unit;           /* hex digits so far */
  unsigned digits;
  unsigned continuation;         /* UTF-8 bytes that must follow */
  unsigned char lowest, highest; /* what the next of them may be */

  char bytes[4]; /* out: unescaped UTF-8 */
  size_t length;
};

/* How many of the next bytes stand for themselves, one byte each: plain ASCII inside a string. */
size_t sl_json_string_plain(const struct sl_json_string *string, const char *text, size_t length);

enum sl_string_event sl_json_string_byte(struct sl_json_string *string, char byte);

#endif
