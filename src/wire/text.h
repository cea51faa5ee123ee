/*
 * The piece of a body that is being read, and where in the body it stands. Decoders take bytes from
 * its front; when it is empty they keep their state and wait for the next piece.
 */
#ifndef SPIKELOSS_WIRE_TEXT_H
#define SPIKELOSS_WIRE_TEXT_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_text {
  const char *at, *end;
  uint64_t end_offset; /* offset in the body of the byte behind the piece */
  size_t fast;         /* how many of its bytes a kernel has taken, in whole blocks */
};

static inline size_t sl_text_left(const struct sl_text *text) {
  return (size_t)(text->end - text->at);
}

static inline uint64_t sl_text_offset(const struct sl_text *text) {
  return text->end_offset - sl_text_left(text);
}

/* Takes what a kernel has read. */
static inline void sl_text_take_fast(struct sl_text *text, size_t bytes) {
  text->at += bytes;
  text->fast += bytes;
}

static inline bool sl_is_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

/* Takes white space. Returns whether a byte is left behind it. */
static inline bool sl_text_skip_space(struct sl_text *text) {
  while (text->at < text->end && sl_is_space(*text->at)) {
    text->at++;
  }
  return text->at < text->end;
}

/* Whether a JSON value can begin with this byte. */
static inline bool sl_begins_value(char byte) {
  return (byte >= '0' && byte <= '9') || byte == '-' || byte == '[' || byte == '{' || byte == '"' ||
         byte == 't' || byte == 'f' || byte == 'n';
}

/* What a value that begins with this byte is, with a hint where users go wrong: "null (JavaScript
 * writes NaN as null)". Static. */
const char *sl_describe_value(char first_byte);

/* A value that lies inside more arrays and objects than the limit allows. */
enum sl_status sl_fail_too_deep(struct sl_error *error, const char *pointer, uint64_t offset,
                                const char *name);

/* The next byte does not begin the value that must stand here: it begins another, or none. */
enum sl_status sl_text_wrong_type(const struct sl_text *text, struct sl_error *error,
                                  const char *pointer, const char *name, const char *expected);

/* The next byte cannot stand where it does. */
enum sl_status sl_text_not_json(const struct sl_text *text, struct sl_error *error,
                                const char *expected);

#endif
