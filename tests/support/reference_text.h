/*
 * The bytes of a body for the reference: strict RFC 8259 and UTF-8, byte by byte.
 *
 * A reader is at one byte of the text. Functions that read something move it to the byte after it.
 * The first error ends the reading: it is stored and control returns to sl_reference_read by
 * longjmp, so no function returns after an error. All memory belongs to the reference.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_TEXT_H
#define SPIKELOSS_TESTS_REFERENCE_TEXT_H

#include "decode/limits.h"
#include <setjmp.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One step of the way from the body to a value: the name of a member, or an index. */
struct sl_path_step {
  const char *name; /* NULL: an index */
  size_t length;
  size_t index;
};

struct sl_reader {
  const char *text;
  size_t length;
  size_t at;
  size_t depth; /* arrays and objects that are open here */
  size_t depth_limit;
  struct sl_path_step path[SL_MAX_DEPTH + 2]; /* to the value that is being read */
  size_t path_length;

  /* Where the text of a small member must end, and the length of the path to that member. */
  size_t text_limit;
  size_t limited_path;

  struct sl_error *error;
  struct sl_block **memory;
  jmp_buf out;
};

/* Memory that is freed with the reference, zeroed. Aborts if there is none. */
void *sl_must_allocate(size_t count, size_t size);
void *sl_reader_allocate(struct sl_reader *reader, size_t count, size_t size);

/* An array of `count` elements that has space for one more, moved if need be. */
void *sl_reader_grow(struct sl_reader *reader, void *array, size_t count, size_t size);
void sl_blocks_free(struct sl_block *blocks);

/* Ends the reading with this error under the present path. */
_Noreturn void sl_reader_fail(struct sl_reader *reader, enum sl_status code, size_t offset);
_Noreturn void sl_reader_not_json(struct sl_reader *reader);

/* Ends the reading because the value that begins here is of another kind than the field wants.
 * `numbers`: the field is made of numbers, so that NaN is a number that is not finite. */
_Noreturn void sl_reader_refuse(struct sl_reader *reader, bool numbers);

/* The byte at which the reader is, or -1 at the end of the body. */
int sl_reader_peek(const struct sl_reader *reader);

/* Moves over one byte that the grammar has approved. */
void sl_reader_take(struct sl_reader *reader);
void sl_reader_expect(struct sl_reader *reader, char byte);
void sl_reader_skip_white(struct sl_reader *reader);

/*
 * Arrays: `for (size_t i = (sl_reader_open(r), 0); sl_reader_element(r, i, ']'); i++)`, the same
 * with
 * `}` for the members of an object, then sl_reader_close at the closing byte. Within the loop the
 * last step of the path is the element's; after it the path is that of the array.
 */
void sl_reader_open(struct sl_reader *reader);
bool sl_reader_element(struct sl_reader *reader, size_t index, char closing);
void sl_reader_close(struct sl_reader *reader);

/* Fails with too_deep if the array or object that begins here is one too deep. */
void sl_reader_check_depth(struct sl_reader *reader);

/* Whether a number begins here: a digit, a minus, or a word for NaN or infinity. */
bool sl_reader_at_number(const struct sl_reader *reader);

/* Moves over a word, null, true or false, if it is what comes. */
bool sl_reader_word(struct sl_reader *reader, const char *word);

struct sl_reference_number {
  size_t start;
  double value;
  bool integer;       /* exactly, by its text */
  bool negative;      /* and not 0 */
  uint64_t magnitude; /* of an integer; UINT64_MAX if it is larger */
};

/* A finite number; another kind of value is refused. */
struct sl_reference_number sl_reader_number(struct sl_reader *reader);

/* A whole string: its unescaped UTF-8, with a NUL after it. */
const char *sl_reader_string(struct sl_reader *reader, size_t *length);

/* One character within a string, not the closing quote. */
uint32_t sl_reader_character(struct sl_reader *reader);

/* Reads the name of a member and the colon after it, up to the value. The last step of the path
 * becomes the name. Fails unless it is one of the names, seen for the first time. */
size_t sl_reader_name(struct sl_reader *reader, const char *const *names, size_t count, bool *seen);

/* The value that begins here may have this many bytes of text; SIZE_MAX: the limit is over. */
void sl_reader_limit(struct sl_reader *reader, uint64_t bytes);

/* The index of the word among the `count` ones, or `count`. */
size_t sl_word_index(const char *const *words, size_t count, const char *text, size_t length);

/* Whether a character in UTF-8 begins these bytes. `*length`: its bytes, or the good ones of it. */
bool sl_utf8_character(const char *bytes, size_t available, size_t *length, uint32_t *code_point);

#endif
