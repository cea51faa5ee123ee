/*
 * The bytes of a body under the reference: strict RFC 8259 and UTF-8, byte by byte.
 *
 * A reader stands at one byte of the text. Functions that read something leave it behind the last
 * byte of it and return true, or set the reader's error and return false. Only the first error
 * counts, and nothing is read after it.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_TEXT_H
#define SPIKELOSS_TESTS_REFERENCE_TEXT_H

#include "wire/limits.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest pointer of an error, and room to build longer ones that are then dropped. */
enum { SL_POINTER_ROOM = 128 };

struct sl_reader {
  const char *text;
  size_t length;
  size_t at;
  size_t depth; /* arrays and objects that are open here */
  size_t depth_limit;
  struct sl_error *error;

  /* While the text of a small member is collected: where it began and how long it may be. */
  bool limited;
  size_t member_start;
  uint64_t member_limit;
  const char *member_pointer;
};

/* Aborts without memory: tests have nothing better to do. */
void *sl_must_allocate(size_t count, size_t size);
void *sl_must_reallocate(void *memory, size_t count, size_t size);

/* Sets the error if there is none; a pointer that does not fit becomes "". Always false. */
bool sl_reader_fail(struct sl_reader *reader, enum sl_status code, const char *pointer,
                    size_t offset);

/* not_json at the byte where the reader stands. Always false. */
bool sl_reader_not_json(struct sl_reader *reader);

/* The byte where the reader stands, 0 to 255, or -1 at the end of the body. */
int sl_reader_peek(const struct sl_reader *reader);

/* Steps over one byte that the grammar has approved; fails at the limit of a small member. */
bool sl_reader_take(struct sl_reader *reader);

/* Steps over that byte or fails with not_json. */
bool sl_reader_expect(struct sl_reader *reader, char byte);

bool sl_reader_skip_white(struct sl_reader *reader);

/* Whether this byte can be the first of a JSON value. */
bool sl_starts_value(int byte);

/*
 * One character of a string, the reader standing inside the quotes and not at the closing one:
 * its code point.
 */
bool sl_reader_character(struct sl_reader *reader, uint32_t *code_point);

/* A whole string from quote to quote. `bytes` gets its unescaped UTF-8 with a NUL behind it, to be
 * freed by the caller whatever is returned; both may be NULL. */
bool sl_reader_string(struct sl_reader *reader, char **bytes, size_t *length);

/* A number; `value` may be infinite, and may be NULL. */
bool sl_reader_number(struct sl_reader *reader, double *value);

/* Whether this byte can be the first of a number. A minus is taken for one at once, so that an
 * -Infinity that stands where no number may is refused for that. */
bool sl_starts_number(int byte);

/*
 * If the reader stands at NaN, Infinity, -Infinity or something that begins like them: sets the
 * error, not_finite under that pointer or not_json, and returns true.
 */
bool sl_reader_fails_at_word(struct sl_reader *reader, const char *pointer);

/* Any value. `pointer` is that of the value, for words that stand in it or directly in its array.
 */
bool sl_reader_value(struct sl_reader *reader, const char *pointer);

#endif
