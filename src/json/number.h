/*
 * A JSON number, byte by byte: the nearest double of any legal spelling of any length, and whether
 * its text is an integer, in a fixed amount of memory.
 */
#ifndef SPIKELOSS_JSON_NUMBER_H
#define SPIKELOSS_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest integer up to which every integer is a double. */
#define SL_MAX_INTEGER (UINT64_C(1) << 53)

enum sl_number_event {
  SL_NUMBER_MORE, /* the byte was taken */
  SL_NUMBER_END,  /* the number is complete, the byte comes after it */
  SL_NUMBER_BAD,  /* no number can go on, or end, with this byte */
};

enum sl_number_state {
  SL_NUMBER_START,
  SL_NUMBER_MINUS,
  SL_NUMBER_ZERO, /* a leading 0: no digit may follow */
  SL_NUMBER_INTEGER,
  SL_NUMBER_POINT,
  SL_NUMBER_FRACTION,
  SL_NUMBER_E,
  SL_NUMBER_E_SIGN,
  SL_NUMBER_EXPONENT,
};

/*
 * No double, nor the middle between two, has more significant digits than this: what comes after
 * them matters only by not being zero.
 */
enum { SL_NUMBER_DIGITS = 780 };

struct sl_number {
  enum sl_number_state state;
  bool negative, negative_exponent;
  size_t digits;                    /* significant digits kept */
  uint64_t mantissa;                /* the first 19 of them */
  int64_t scale;                    /* power of ten of the last kept digit, without the exponent */
  bool dropped;                     /* a digit that is not 0, and the power of ten */
  int64_t dropped_power;            /* of the last such one, without the exponent */
  int64_t dropped_fraction;         /* digits of the fraction that were dropped */
  int64_t exponent;                 /* as written, saturating */
  char text[SL_NUMBER_DIGITS + 32]; /* the kept digits, then scratch for strtod */
};

/* The value of a number whose text is an integer. */
struct sl_integer {
  bool negative;
  uint64_t magnitude; /* UINT64_MAX if it is larger than that */
};

/*
 * The common case at once: up to 19 significant digits, complete within text[0 … length). Returns
 * how many bytes the number took, or 0 if it must be read byte by byte, as it may be anything else.
 * The value has no fraction, and is 2^53 at most then, only if the text has none.
 */
size_t sl_number_short(const char *text, size_t length, double *value);

/*
 * Reads up to `count` short numbers, each with the white space around it and the byte after it: a
 * comma, but `after_last` after the last of `count`. Returns how many there were; *text has moved
 * to the byte after them.
 */
size_t sl_number_run(const char **text, const char *end, double *values, size_t count,
                     char after_last);

void sl_number_begin(struct sl_number *number);
enum sl_number_event sl_number_byte(struct sl_number *number, char byte);

/* Returns the nearest double of a complete number (ties to even), infinite if it is too large. */
double sl_number_value(struct sl_number *number);

/* Returns whether the text of a complete number is an integer: 3.0, 3e0 and 30e-1 are. */
bool sl_number_integer(const struct sl_number *number, struct sl_integer *integer);

#endif
