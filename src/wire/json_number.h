/*
 * A JSON number, byte by byte, to the nearest double: any legal spelling, of any length, in a fixed
 * amount of memory.
 */
#ifndef SPIKELOSS_WIRE_JSON_NUMBER_H
#define SPIKELOSS_WIRE_JSON_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Up to here, and no further, every integer has a double of its own. */
#define SL_MOST_INTEGER 9007199254740992.0

enum sl_number_event {
  SL_NUMBER_MORE, /* the byte was taken */
  SL_NUMBER_END,  /* the number is complete, the byte stands behind it */
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
 * No double, nor the middle between two, has more significant digits than this: what comes behind
 * them matters only by not being zero.
 */
enum { SL_NUMBER_DIGITS = 780 };

struct sl_json_number {
  enum sl_number_state state;
  int negative, negative_exponent;
  size_t digits;                    /* significant digits kept */
  uint64_t mantissa;                /* the first 19 of them */
  int64_t scale;                    /* power of ten of the last kept digit, without the exponent */
  int64_t exponent;                 /* as written, saturating */
  char text[SL_NUMBER_DIGITS + 32]; /* the kept digits, then scratch for strtod */
};

/*
 * The common case at once: up to 19 digits and no exponent, complete within text[0 … length), and
 * exact without long arithmetic. Returns how many bytes the number took, or 0 if it must be read
 * byte by byte.
 */
size_t sl_json_number_short(const char *text, size_t length, double *value);

void sl_json_number_begin(struct sl_json_number *number);
enum sl_number_event sl_json_number_byte(struct sl_json_number *number, char byte);

/* The nearest double of a complete number (ties to even), infinite if it is too large. */
double sl_json_number_value(struct sl_json_number *number);

#endif
