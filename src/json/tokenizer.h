/*
 * A push tokenizer for JSON (RFC 8259, strict): it takes pieces of text of any size, stops and
 * resumes at any byte, and returns one event after the other. It checks the grammar of every byte
 * and the nesting, and knows for every open array and object which of its values is being read. One
 * state machine; states in capitals, the text between them, and the events that come of it:
 *
 *     VALUE        (a value is due)   FIRST_VALUE   (or `]`)
 *       "…"        IN_STRING                        STRING, [CHARACTERS], STRING_END ─┐
 *       0-9        AT_NUMBER, IN_NUMBER             NUMBER_BEGINS, NUMBER ────────────┤
 *       -          AFTER_MINUS, then either         (NUMBER_BEGINS, NUMBER) WORD ─────┤
 *       a-z A-Z    IN_WORD                          WORD ─────────────────────────────┤
 *       [          FIRST_VALUE, a level deeper      ARRAY                             │
 *       {          FIRST_NAME, a level deeper       OBJECT                            │
 *     FIRST_NAME, NEXT_NAME   (FIRST_NAME: or `}`)                                    │
 *       "…"        IN_NAME, COLON                   NAME                              │
 *       :          VALUE                                                              │
 *     AFTER_VALUE  ◄──────────────────────────────────────────────────────────────────┘
 *       ,          VALUE, NEXT_NAME                 COMMA in an array
 *       ] }        AFTER_VALUE, a level higher      ARRAY_END, OBJECT_END
 *
 * A number is announced (NUMBER_BEGINS) before anything of it is taken, so that a value too many is
 * refused at its first byte. A word is every run of letters that is not in quotes, true, false and
 * null among them: what it means, or that it is not JSON, is decided by the caller, as it depends
 * on what belongs there. Callers may also take text from the input themselves (sl_json_numbers, the
 * kernels) and then set state and levels as if they had read events.
 */
#ifndef SPIKELOSS_JSON_TOKENIZER_H
#define SPIKELOSS_JSON_TOKENIZER_H

#include "json/input.h"
#include "json/number.h"
#include "json/path.h"
#include "json/string.h"
#include <spikeloss/error.h>

enum { SL_JSON_LEVELS = 64 }; /* arrays and objects that may be open at once */

enum sl_json_event {
  SL_JSON_NEED_MORE, /* all of the input is taken */
  SL_JSON_FAILED,    /* not JSON, or too deep: the error is set */
  SL_JSON_OBJECT,
  SL_JSON_NAME, /* of a member: the whole name is in `text` */
  SL_JSON_OBJECT_END,
  SL_JSON_ARRAY,
  SL_JSON_COMMA, /* between two values of an array */
  SL_JSON_ARRAY_END,
  SL_JSON_NUMBER_BEGINS, /* nothing of it is taken but a minus */
  SL_JSON_NUMBER,        /* `value`, which may be infinite */
  SL_JSON_STRING,        /* the opening quote */
  SL_JSON_CHARACTERS,    /* of a string that is not gathered: `characters` of them */
  SL_JSON_STRING_END,    /* the closing quote: the front of the string is in `text` */
  SL_JSON_WORD,          /* the front of the word is in `text` */
};

enum sl_json_state {
  SL_JSON_VALUE,       /* a value must come */
  SL_JSON_FIRST_VALUE, /* after `[`: a value or `]` */
  SL_JSON_FIRST_NAME,  /* after `{`: a name or `}` */
  SL_JSON_NEXT_NAME,   /* after a comma */
  SL_JSON_COLON,
  SL_JSON_AFTER_VALUE,
  SL_JSON_AFTER_MINUS,
  SL_JSON_AT_NUMBER, /* it has been announced */
  SL_JSON_IN_NUMBER,
  SL_JSON_IN_WORD,
  SL_JSON_IN_NAME,
  SL_JSON_IN_STRING,
};

/* One open array or object. */
struct sl_json_level {
  bool is_object;
  const char *name; /* objects: of the member, set by the caller; NULL before it is known */
  uint64_t index;   /* arrays: of the value that is being read, or was read last */
};

struct sl_json {
  enum sl_json_state state;
  size_t depth;     /* levels that are open */
  size_t max_depth; /* that may be open, at most SL_JSON_LEVELS */

  /* The last event's token. */
  uint64_t offset; /* of its first byte */
  bool was_empty;  /* of ARRAY_END: it came right after its `[` */
  double value;
  bool is_short;         /* the number was read by sl_number_short, */
  const char *short_end; /* and ends here in the input, */
  size_t short_length;   /* this many bytes after its beginning */
  struct sl_text text;
  char after_word;        /* the byte after a word */
  const char *characters; /* unescaped: in the input or in `string` */
  size_t character_count;
  uint64_t character_offset; /* of the first of them, or of its escape */

  /* Until the end of a string, set at SL_JSON_STRING: its text is not gathered but comes in events,
   * up to this many characters at once. */
  size_t characters_at_once;
  struct sl_string string;

  /* Not set before something begins that needs them. */
  struct sl_number number;
  struct sl_json_level levels[SL_JSON_LEVELS];
};

/* Returns how many levels are open around the value that an event begins, or is. */
static inline size_t sl_json_around(const struct sl_json *json, enum sl_json_event event) {
  return json->depth - (event == SL_JSON_ARRAY || event == SL_JSON_OBJECT);
}

/* Starts before a body. */
void sl_json_begin(struct sl_json *json, size_t max_depth);

/* Takes input up to the next event. */
enum sl_json_event sl_json_next(struct sl_json *json, struct sl_input *input,
                                struct sl_error *error);

/*
 * Takes, where a value must follow in an array, short numbers, each with the comma after it or, if
 * it is the last, before the bracket, as many as there are and up to `count`, without events; of
 * `counts` only integers from 0 to 2^53. Returns how many; what comes after them, white space left
 * out, is left to the events.
 */
size_t sl_json_numbers(struct sl_json *json, struct sl_input *input, double *values, size_t count,
                       bool counts);

/* Returns whether the text of the last number is an integer, and which. */
bool sl_json_integer(const struct sl_json *json, struct sl_integer *integer);

/* The text of the last number or word, and of strings their unescaped text in quotes, as it came,
 * cut to 40 characters. */
enum { SL_EXCERPT_SIZE = 48 };
void sl_json_excerpt(const struct sl_json *json, enum sl_json_event event, bool complete,
                     char excerpt[SL_EXCERPT_SIZE]);

/* Returns the path of the value that is being read at this level. */
struct sl_path sl_json_path(const struct sl_json *json, size_t levels);

/* Fails at an offset with the path of the value at level `levels`; the message begins with the name
 * of the value at level `subject_levels`. */
enum sl_status sl_json_fail_about(const struct sl_json *json, struct sl_error *error,
                                  enum sl_status code, size_t subject_levels, size_t levels,
                                  uint64_t offset, const char *format, ...)
    __attribute__((cold, format(printf, 7, 8)));

/* The same where the message is about the value that the path leads to. */
#define sl_json_fail(json, error, code, levels, ...)                                               \
  sl_json_fail_about(json, error, code, levels, levels, __VA_ARGS__)

/* The same where the body is not JSON: the message names the value, but it has no path. */
#define sl_json_fail_syntax(json, error, ...)                                                      \
  sl_json_fail_about(json, error, SL_NOT_JSON, (json)->depth, 0, __VA_ARGS__)

/* Adds path, name and offset to an error, if there is one, that was raised by code unaware of the
 * body. Returns its code. */
enum sl_status sl_json_locate(const struct sl_json *json, struct sl_error *error, size_t levels,
                              uint64_t offset);

#endif
