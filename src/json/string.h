/*
 * The inside of a JSON string, byte by byte: strict UTF-8, escapes, surrogate pairs. And the front
 * of a text, kept to be compared and quoted.
 */
#ifndef SPIKELOSS_JSON_STRING_H
#define SPIKELOSS_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

/* Returns how many bytes from the first on mean themselves inside a string: plain ASCII. */
size_t sl_string_plain(const char *text, size_t length);

/* Takes a byte that is no closing quote; `length` unescaped bytes come of it. Returns false if no
 * string can go on with it. */
bool sl_string_byte(struct sl_string *string, char byte);

enum { SL_TEXT_SIZE = 64 };

/* The first bytes of a text of any length. */
struct sl_text {
  size_t length; /* of the whole text: may be more than is kept */
  char bytes[SL_TEXT_SIZE];
};

static inline void sl_text_add(struct sl_text *text, const char *bytes, size_t length) {
  if (text->length < SL_TEXT_SIZE) {
    size_t space = SL_TEXT_SIZE - text->length;
    memcpy(text->bytes + text->length, bytes, length < space ? length : space);
  }
  text->length += length;
}

/* Returns whether a text is true, false or null, or, if it is not `complete`, the front of one. */
bool sl_text_is_literal(const struct sl_text *text, bool complete);

/* Returns whether the whole text is this word. Most differ in their first byte. */
static inline bool sl_text_is(const struct sl_text *text, const char *word) {
  return text->bytes[0] == word[0] && text->length == strlen(word) &&
         text->length <= SL_TEXT_SIZE && memcmp(text->bytes, word, text->length) == 0;
}

/* Returns whether a text of this length is probably meant to be a name: but for capitals, and
 * hyphens for underscores, up to two neighbouring letters are missing, surplus or others. */
bool sl_is_near(const char *text, size_t length, const char *name);

/* Writes the front of a text, which may go on if it is not `complete`, as a printable string of
 * `size` bytes at most: cut before a character, with `?` for control characters. Returns whether it
 * was cut. */
bool sl_text_copy(const struct sl_text *text, bool complete, char *copy, size_t size);

#endif
