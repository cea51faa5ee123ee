/*
 * A member that is not a tensor: rates, labels, counts, a shape, a word.
 *
 * It is checked byte by byte against the strict grammar and collected, up to a limit; when its last
 * byte has arrived it is read from there. Where a string has escapes cJSON builds it: cJSON 1.7.15
 * accepts much that is not JSON, so it only ever sees text that was found legal here.
 */
#ifndef SPIKELOSS_WIRE_SMALL_VALUE_H
#define SPIKELOSS_WIRE_SMALL_VALUE_H

#include "core/buffer.h"
#include "wire/json_number.h"
#include "wire/json_string.h"
#include "wire/limits.h"
#include "wire/path.h"
#include "wire/text.h"
#include <cjson/cJSON.h>

enum sl_small_place {
  SL_SMALL_VALUE,       /* a value must come */
  SL_SMALL_FIRST_VALUE, /* behind `[`: a value or `]` */
  SL_SMALL_FIRST_NAME,  /* behind `{`: a name or `}` */
  SL_SMALL_NAME,
  SL_SMALL_COLON,
  SL_SMALL_AFTER_VALUE,
  SL_SMALL_IN_STRING,
  SL_SMALL_IN_NAME,
  SL_SMALL_IN_NUMBER,
  SL_SMALL_IN_WORD,
};

struct sl_small_value {
  struct sl_path path;
  uint64_t offset; /* of its first byte */
  uint64_t most_bytes;
  size_t most_depth;     /* arrays and objects that may be open in it */
  struct sl_buffer text; /* owned */
  enum sl_small_place place;
  size_t depth;         /* open in it */
  uint64_t objects;     /* bit d: what is open at depth d is an object */
  size_t element;       /* place in the member's own array */
  size_t token;         /* in `text`: where the string, number or word began */
  const char *word;     /* what is left of true, false, null, NaN, Infinity */
  bool has_null_byte;   /* a string with \u0000, which no C string can hold */
  bool is_short_number; /* the whole value is one that sl_json_number_short reads: */
  double short_number;
  struct sl_json_string string;
  struct sl_json_number number;
};

/* At its first byte. `value` must be all zeros or have been begun before: its buffer is reused. */
void sl_small_value_begin(struct sl_small_value *value, const struct sl_path *path,
                          uint64_t most_bytes, size_t most_depth);

/* Takes text. SL_OK behind its last byte; a number ends before the byte that ends it. */
enum sl_status sl_small_value_read(struct sl_small_value *value, struct sl_text *text,
                                   struct sl_error *error);

/* The string that was read, owned by the caller (cJSON_Delete); NULL when there is no memory. */
cJSON *sl_small_value_build(const struct sl_small_value *value);

/* Bytes of memory of the text, and of the numbers that may be read from it. */
uint64_t sl_small_value_memory(const struct sl_small_value *value);

/* Offset in the body of an element of an array that was read. */
uint64_t sl_small_value_element_offset(const struct sl_small_value *value, size_t index);

void sl_small_value_free(struct sl_small_value *value);

#endif
