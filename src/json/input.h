/*
 * The piece of a body that is being read, and its offset in the body. Readers take bytes from its
 * front; when it is empty they keep their state until the next piece comes.
 */
#ifndef SPIKELOSS_JSON_INPUT_H
#define SPIKELOSS_JSON_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_input {
  const char *begin, *at, *end;
  uint64_t end_offset; /* offset in the body of the byte after the piece */
  size_t fast;         /* how many of its bytes a kernel has taken, in whole blocks */
};

static inline size_t sl_input_left(const struct sl_input *input) {
  return (size_t)(input->end - input->at);
}

static inline uint64_t sl_input_offset(const struct sl_input *input) {
  return input->end_offset - sl_input_left(input);
}

/* Takes what a kernel has read. */
static inline void sl_input_take_fast(struct sl_input *input, size_t bytes) {
  input->at += bytes;
  input->fast += bytes;
}

static inline bool sl_is_space(char byte) {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static inline bool sl_is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/* Takes white space. Returns whether a byte is left after it. */
static inline bool sl_input_skip_space(struct sl_input *input) {
  while (input->at < input->end && sl_is_space(*input->at)) {
    input->at++;
  }
  return input->at < input->end;
}

#endif
