/*
 * The inside of a JSON string, byte by byte: strict UTF-8, escapes, surrogate pairs. And the front
 * of a text, kept to be compared and quoted.
 */
#ifndef SPIKELOSS_JSON_STRING_H
#define SPIKELOSS_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sl_string_event {
  SL_STRING_MORE, /* the byte was taken; `length` unescaped bytes came of it */
  SL_STRING_END,  /* the byte was the closing quote */
  SL_STRING_BAD,  /* no string can go on with this byte */
};

enum sl_string_state {
  SL_STRING_PLAIN,
  SL_STRING_ESCAPE,        /* after a backslash */
  SL_STRING_HEX,           /* inside the four digits of \uXXXX */
  SL_STRING_LOW_BACKSLASH, /* after the first half of a surrogate pair */
  SL_STRING_LOW_U,
};

/* All zeros is the state after the opening quote. */
struct sl_string {
  enum sl_string_state state;
  uint32_t high_surrogate; /* of the pair that is being read, or 0 */
  uint32_t unit;           /* hex digits so far */
  unsigned digits;
  unsigned continuation;         /* UTF-8 bytes that must follow */
  unsigned char lowest, highest; /* what the next of them may be */

  char bytes[4]; /* out: unescaped UTF-8 */
  size_t length;
};

/* Returns how many of the next bytes mean themselves: plain ASCII inside a string. */
size_t sl_string_plain(const struct sl_string *string, const char *text, size_t length);

enum sl_string_event sl_string_byte(struct sl_string *string, char byte);

enum { SL_TEXT_SIZE = 64 };

/* The first bytes of a text of any length. */
struct sl_text {
  size_t length; /* of the whole text: may be more than is kept */
  char bytes[SL_TEXT_SIZE];
};

static inline void sl_text_add(struct sl_text *text, const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++, text->length++) {
    if (text->length < SL_TEXT_SIZE) {
      text->bytes[text->length] = bytes[i];
    }
  }
}

/* Returns whether a text is true, false or null, or, if it is not `complete`, the front of one. */
bool sl_text_is_literal(const struct sl_text *text, bool complete);

/* Returns whether the whole text is this one. */
bool sl_text_is(const struct sl_text *text, const char *word);

/* Writes the front of a text, which may go on if it is not `complete`, as a printable string of
 * `size` bytes at most: cut before a character, with `?` for control characters. Returns whether it
 * was cut. */
bool sl_text_copy(const struct sl_text *text, bool complete, char *copy, size_t size);

#endif
