/*
 * The grammar of nested arrays of numbers, as a stream of events. Knows nothing of shapes: what
 * the events mean, and which of them are errors, is up to the three that read spikes with it
 * (nested tensors, flat data, coordinates).
 */
#ifndef SPIKELOSS_WIRE_ARRAY_READER_H
#define SPIKELOSS_WIRE_ARRAY_READER_H

#include "wire/json_number.h"
#include "wire/text.h"
#include <stdbool.h>

enum sl_array_event {
  SL_ARRAY_NEED_MORE,
  SL_ARRAY_COMMA,         /* took a comma: a value must follow */
  SL_ARRAY_OPEN,          /* took a `[` */
  SL_ARRAY_CLOSE,         /* took a `]`; was_empty tells whether it stood right behind its `[` */
  SL_ARRAY_NUMBER_BEGINS, /* a number's first byte is next */
  SL_ARRAY_NUMBER,        /* took a finite number */
  SL_ARRAY_NOT_FINITE,    /* a number too large for a double, or NaN, Infinity, -Infinity */
  SL_ARRAY_OTHER_VALUE,   /* a value that is neither array nor number is next */
  SL_ARRAY_FAILED,        /* not JSON: the error is set */
};

/* Numbers that are worth counting together. */
enum { SL_PENDING_VALUES = 64 };

struct sl_array_reader {
  enum {
    SL_EXPECT_FIRST, /* behind `[`: a value or `]` */
    SL_EXPECT_VALUE, /* behind a comma, or before the outermost array */
    SL_IN_NUMBER,
    SL_IN_WORD, /* NaN, Infinity */
    SL_AFTER_VALUE,
  } place;
  bool number_announced;
  bool was_empty;
  uint64_t token_offset; /* of the event's first byte */
  double value;          /* of SL_ARRAY_NUMBER */
  const char *word;      /* what is left of the word to come */
  uint64_t word_error;   /* where it is not JSON if it does not come */
  struct sl_json_number number;
};

/* Before the opening bracket of the outermost array. */
void sl_array_reader_begin(struct sl_array_reader *reader);

/*
 * Where a value must follow: takes short numbers, each with the comma behind it, as many as there
 * are and `room` allows, without events. Returns how many; the rest is left to the events.
 */
size_t sl_array_reader_short_numbers(const struct sl_array_reader *reader, struct sl_text *text,
                                     double *values, size_t room);

/* Takes text up to the next event. */
enum sl_array_event sl_array_reader_next(struct sl_array_reader *reader, struct sl_text *text,
                                         struct sl_error *error);

#endif
