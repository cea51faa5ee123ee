#include "json/number.h"

#include "json/input.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANTISSA_DIGITS = 19, EXACT_POWERS = 22 };

static const int64_t MAX_EXPONENT = INT64_C(1000000000000000);

void sl_number_begin(struct sl_number *number) {
  number->state = SL_NUMBER_START;
  number->negative = false;
  number->negative_exponent = false;
  number->digits = 0;
  number->mantissa = 0;
  number->scale = 0;
  number->dropped = false;
  number->dropped_fraction = 0;
  number->exponent = 0;
}

/*
 * A digit beyond the last that is kept leaves a trace that they were not all zero: the last kept
 * digit becomes 1 then, as the exact value is beyond it.
 */
static void drop_digit(struct sl_number *number, char byte, bool in_fraction) {
  number->scale += !in_fraction;
  number->dropped_fraction += in_fraction;
  number->dropped_power += !in_fraction;
  if (byte == '0') {
    return;
  }
  int64_t kept_fraction = number->scale < 0 ? -number->scale : 0;
  number->dropped = true;
  number->dropped_power = in_fraction ? -(kept_fraction + number->dropped_fraction) : 0;
  if (number->text[SL_NUMBER_DIGITS - 1] == '0') {
    number->text[SL_NUMBER_DIGITS - 1] = '1';
  }
}

static inline enum sl_number_event add_digit(struct sl_number *number, char byte,
                                             bool in_fraction) {
  if (number->digits == SL_NUMBER_DIGITS) {
    drop_digit(number, byte, in_fraction);
    return SL_NUMBER_MORE;
  }
  number->scale -= in_fraction;
  if (number->digits == 0 && byte == '0') {
    return SL_NUMBER_MORE;
  }
  if (number->digits < MANTISSA_DIGITS) {
    number->mantissa = 10 * number->mantissa + (uint64_t)(byte - '0');
  }
  number->text[number->digits++] = byte;
  return SL_NUMBER_MORE;
}

static enum sl_number_event go(struct sl_number *number, enum sl_number_state state) {
  number->state = state;
  return SL_NUMBER_MORE;
}

static enum sl_number_event after_digits(struct sl_number *number, char byte) {
  if (byte == '.' && number->state != SL_NUMBER_FRACTION) {
    return go(number, SL_NUMBER_POINT);
  }
  return byte == 'e' || byte == 'E' ? go(number, SL_NUMBER_E) : SL_NUMBER_END;
}

static enum sl_number_event exponent_digit(struct sl_number *number, char byte) {
  if (number->exponent < MAX_EXPONENT) {
    number->exponent = 10 * number->exponent + (byte - '0');
  }
  return go(number, SL_NUMBER_EXPONENT);
}

enum sl_number_event sl_number_byte(struct sl_number *number, char byte) {
  bool digit = sl_is_digit(byte);
  switch (number->state) {
  case SL_NUMBER_START:
    if (byte == '-') {
      number->negative = true;
      return go(number, SL_NUMBER_MINUS);
    }
    /* fall through */
  case SL_NUMBER_MINUS:
    number->state = byte == '0' ? SL_NUMBER_ZERO : SL_NUMBER_INTEGER;
    return digit ? add_digit(number, byte, false) : SL_NUMBER_BAD;
  case SL_NUMBER_ZERO:
    return digit ? SL_NUMBER_BAD : after_digits(number, byte);
  case SL_NUMBER_INTEGER:
    return digit ? add_digit(number, byte, false) : after_digits(number, byte);
  case SL_NUMBER_POINT:
    number->state = SL_NUMBER_FRACTION;
    return digit ? add_digit(number, byte, true) : SL_NUMBER_BAD;
  case SL_NUMBER_FRACTION:
    return digit ? add_digit(number, byte, true) : after_digits(number, byte);
  case SL_NUMBER_E:
    if (byte == '+' || byte == '-') {
      number->negative_exponent = byte == '-';
      return go(number, SL_NUMBER_E_SIGN);
    }
    /* fall through */
  case SL_NUMBER_E_SIGN:
    return digit ? exponent_digit(number, byte) : SL_NUMBER_BAD;
  default:
    return digit ? exponent_digit(number, byte) : SL_NUMBER_END;
  }
}

/* Both factors are exact doubles, so one rounding is all there is. */
static double scale_exactly(double mantissa, int64_t power) {
  static const double powers[EXACT_POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  return power >= 0 ? mantissa * powers[power] : mantissa / powers[-power];
}

static int64_t signed_exponent(const struct sl_number *number) {
  return number->negative_exponent ? -number->exponent : number->exponent;
}

double sl_number_value(struct sl_number *number) {
  int64_t power = number->scale + signed_exponent(number);
  double magnitude;
  if (number->digits == 0) {
    magnitude = 0;
  } else if (number->digits <= MANTISSA_DIGITS && number->mantissa <= SL_MAX_INTEGER &&
             power >= -EXACT_POWERS && power <= EXACT_POWERS) {
    magnitude = scale_exactly((double)number->mantissa, power);
  } else {
    int clipped = power > 9999 ? 9999 : power < -9999 ? -9999 : (int)power;
    snprintf(number->text + number->digits, 16, "e%d", clipped);
    magnitude = strtod(number->text, NULL);
  }
  return number->negative ? -magnitude : magnitude;
}

/* Returns the power of ten of the last digit that is not 0, without the exponent. */
static int64_t last_nonzero(const struct sl_number *number) {
  if (number->dropped) {
    return number->dropped_power;
  }
  size_t digits = number->digits;
  while (number->text[digits - 1] == '0') {
    digits--;
  }
  return number->scale + (int64_t)(number->digits - digits);
}

bool sl_number_integer(const struct sl_number *number, struct sl_integer *integer) {
  *integer = (struct sl_integer){.negative = number->negative};
  if (number->digits == 0) {
    return true;
  }
  int64_t exponent = signed_exponent(number);
  if (last_nonzero(number) + exponent < 0) {
    return false;
  }
  int64_t integer_digits = (int64_t)number->digits + number->scale + exponent;
  if (integer_digits > MANTISSA_DIGITS) {
    integer->magnitude = UINT64_MAX;
    return true;
  }
  integer->magnitude = number->mantissa;
  int64_t read = number->digits < MANTISSA_DIGITS ? (int64_t)number->digits : MANTISSA_DIGITS;
  for (; read < integer_digits; read++) {
    integer->magnitude *= 10;
  }
  for (; read > integer_digits; read--) {
    integer->magnitude /= 10;
  }
  return true;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const uint64_t exact_powers[] = {1,      10,      100,      1000,     10000,
                                        100000, 1000000, 10000000, 100000000};

/*
 * Appends the digits at the front of eight bytes to a mantissa; returns how many there are. The
 * digits are moved to the end, so that what is shifted in counts as zeros before them; then pairs
 * of neighbours are joined, 1 2 3 4 5 6 7 8, 12 34 56 78, 1234 5678, 12345678.
 */
static inline size_t read_eight(const char *text, uint64_t *mantissa) {
  const uint64_t each = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, text, sizeof word);
  word ^= '0' * each;
  uint64_t others = ((word + (0x7f - 9) * each) | word) & 0x80 * each;
  size_t count = others == 0 ? 8 : (size_t)__builtin_ctzll(others) / 8;
  if (count == 0) {
    return 0;
  }
  word <<= 8 * (8 - count);
  word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
  word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
  word = (word * 10000 + (word >> 32)) & UINT64_C(0xffffffff);
  *mantissa = *mantissa * exact_powers[count] + word;
  return count;
}
#endif

/* Appends the digits that begin at an index to a mantissa; returns the index after them. */
static inline size_t read_digits(const char *text, size_t at, size_t length, uint64_t *mantissa) {
  for (; at < length && sl_is_digit(text[at]); at++) {
    *mantissa = 10 * *mantissa + (uint64_t)(text[at] - '0');
  }
  return at;
}

/* Does the same for more digits than one or two, mostly. */
static inline size_t read_fraction(const char *text, size_t at, size_t length, uint64_t *mantissa) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  if (at + 8 <= length) {
    size_t count = read_eight(text + at, mantissa);
    at += count;
    if (count < 8) {
      return at;
    }
  }
#endif
  return read_digits(text, at, length, mantissa);
}

/*
 * Reads a short number. A mantissa of at most 2^53 has a double, and a quotient by 10^n is so far
 * from every integer that rounding cannot reach one.
 */
size_t sl_number_short(const char *text, size_t length, double *value) {
  enum { MAX_LENGTH = MANTISSA_DIGITS + 3 }; /* sign, point, and the byte after */
  if (length >= 2 && sl_is_digit(text[0]) &&
      (text[1] == ',' || text[1] == ']')) { /* a label, mostly */
    *value = text[0] - '0';
    return 1;
  }
  length = length < MAX_LENGTH ? length : MAX_LENGTH;
  uint64_t mantissa = 0;
  size_t first = length > 0 && text[0] == '-';
  size_t integer_end = read_digits(text, first, length, &mantissa);
  bool leading_zero = integer_end > first + 1 && text[first] == '0';
  size_t end = integer_end;
  size_t decimals = 0;
  if (end < length && text[end] == '.') {
    end = read_fraction(text, integer_end + 1, length, &mantissa);
    decimals = end - integer_end - 1;
  }
  size_t digits = end - first - (end > integer_end);
  bool complete = digits <= MANTISSA_DIGITS && end < length && text[end] != 'e' && text[end] != 'E';
  bool digits_missing = integer_end == first || (end > integer_end && decimals == 0);
  if (!complete || digits_missing || leading_zero || mantissa > SL_MAX_INTEGER) {
    return 0;
  }
  double magnitude = (double)mantissa;
  if (decimals > 0) {
    magnitude = scale_exactly(magnitude, -(int64_t)decimals);
  }
  *value = first > 0 ? -magnitude : magnitude;
  return end;
}
