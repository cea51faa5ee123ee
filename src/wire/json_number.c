#include "wire/json_number.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { MANTISSA_DIGITS = 19, EXACT_POWERS = 22 };

static const int64_t MOST_EXPONENT = INT64_C(1000000000000000);
static const uint64_t MOST_EXACT = UINT64_C(1) << 53;

void sl_json_number_begin(struct sl_json_number *number) {
  number->state = SL_NUMBER_START;
  number->negative = 0;
  number->negative_exponent = 0;
  number->digits = 0;
  number->mantissa = 0;
  number->scale = 0;
  number->exponent = 0;
}

static bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

/* Keeps a significant digit. Digits that find no room are dropped, but for the trace that they
 * were not all zero: the last kept digit becomes 1 then, as the exact value is beyond it. */
static void add_digit(struct sl_json_number *number, char byte, bool in_fraction) {
  if (number->digits == 0 && byte == '0') {
    number->scale -= in_fraction;
    return;
  }
  if (number->digits == SL_NUMBER_DIGITS) {
    number->scale += !in_fraction;
    if (byte != '0' && number->text[SL_NUMBER_DIGITS - 1] == '0') {
      number->text[SL_NUMBER_DIGITS - 1] = '1';
    }
    return;
  }
  if (number->digits < MANTISSA_DIGITS) {
    number->mantissa = 10 * number->mantissa + (uint64_t)(byte - '0');
  }
  number->text[number->digits++] = byte;
  number->scale -= in_fraction;
}

static void add_exponent_digit(struct sl_json_number *number, char byte) {
  if (number->exponent < MOST_EXPONENT) {
    number->exponent = 10 * number->exponent + (byte - '0');
  }
}

static enum sl_number_event go(struct sl_json_number *number, enum sl_number_state state) {
  number->state = state;
  return SL_NUMBER_MORE;
}

static enum sl_number_event behind_integer(struct sl_json_number *number, char byte) {
  if (byte == '.') {
    return go(number, SL_NUMBER_POINT);
  }
  return byte == 'e' || byte == 'E' ? go(number, SL_NUMBER_E) : SL_NUMBER_END;
}

static enum sl_number_event first_digit(struct sl_json_number *number, char byte) {
  if (!is_digit(byte)) {
    return SL_NUMBER_BAD;
  }
  add_digit(number, byte, false);
  return go(number, byte == '0' ? SL_NUMBER_ZERO : SL_NUMBER_INTEGER);
}

static enum sl_number_event fraction_digit(struct sl_json_number *number, char byte) {
  add_digit(number, byte, true);
  return go(number, SL_NUMBER_FRACTION);
}

static enum sl_number_event exponent_digit(struct sl_json_number *number, char byte) {
  if (!is_digit(byte)) {
    return SL_NUMBER_BAD;
  }
  add_exponent_digit(number, byte);
  return go(number, SL_NUMBER_EXPONENT);
}

enum sl_number_event sl_json_number_byte(struct sl_json_number *number, char byte) {
  switch (number->state) {
  case SL_NUMBER_START:
    if (byte == '-') {
      number->negative = 1;
      return go(number, SL_NUMBER_MINUS);
    }
    return first_digit(number, byte);
  case SL_NUMBER_MINUS:
    return first_digit(number, byte);
  case SL_NUMBER_ZERO:
    return is_digit(byte) ? SL_NUMBER_BAD : behind_integer(number, byte);
  case SL_NUMBER_INTEGER:
    if (is_digit(byte)) {
      add_digit(number, byte, false);
      return SL_NUMBER_MORE;
    }
    return behind_integer(number, byte);
  case SL_NUMBER_POINT:
    return is_digit(byte) ? fraction_digit(number, byte) : SL_NUMBER_BAD;
  case SL_NUMBER_FRACTION:
    if (is_digit(byte)) {
      return fraction_digit(number, byte);
    }
    return byte == 'e' || byte == 'E' ? go(number, SL_NUMBER_E) : SL_NUMBER_END;
  case SL_NUMBER_E:
    if (byte == '+' || byte == '-') {
      number->negative_exponent = byte == '-';
      return go(number, SL_NUMBER_E_SIGN);
    }
    return exponent_digit(number, byte);
  case SL_NUMBER_E_SIGN:
    return exponent_digit(number, byte);
  default:
    return is_digit(byte) ? exponent_digit(number, byte) : SL_NUMBER_END;
  }
}

/* Both factors are exact doubles, so one rounding is all there is. */
static double scale_exactly(double mantissa, int64_t power) {
  static const double powers[EXACT_POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  return power >= 0 ? mantissa * powers[power] : mantissa / powers[-power];
}

double sl_json_number_value(struct sl_json_number *number) {
  int64_t exponent = number->negative_exponent ? -number->exponent : number->exponent;
  int64_t power = number->scale + exponent;
  double magnitude;
  if (number->digits == 0) {
    magnitude = 0;
  } else if (number->digits <= MANTISSA_DIGITS && number->mantissa <= MOST_EXACT &&
             power >= -EXACT_POWERS && power <= EXACT_POWERS) {
    magnitude = scale_exactly((double)number->mantissa, power);
  } else {
    int clipped = power > 9999 ? 9999 : power < -9999 ? -9999 : (int)power;
    snprintf(number->text + number->digits, 16, "e%d", clipped);
    magnitude = strtod(number->text, NULL);
  }
  return number->negative ? -magnitude : magnitude;
}

/* Appends the digits that begin at a place to a mantissa; returns the place behind them. */
static size_t read_digits(const char *text, size_t place, size_t length, uint64_t *mantissa) {
  for (; place < length && is_digit(text[place]); place++) {
    *mantissa = 10 * *mantissa + (uint64_t)(text[place] - '0');
  }
  return place;
}

size_t sl_json_number_short(const char *text, size_t length, double *value) {
  enum { MOST_LENGTH = MANTISSA_DIGITS + 3 }; /* sign, point, and the byte behind */
  if (length >= 2 && is_digit(text[0]) &&
      (text[1] == ',' || text[1] == ']')) { /* a label, mostly */
    *value = text[0] - '0';
    return 1;
  }
  length = length < MOST_LENGTH ? length : MOST_LENGTH;
  uint64_t mantissa = 0;
  size_t first = length > 0 && text[0] == '-';
  size_t integer_end = read_digits(text, first, length, &mantissa);
  bool leading_zero = integer_end > first + 1 && text[first] == '0';
  size_t end = integer_end;
  size_t decimals = 0;
  if (end < length && text[end] == '.') {
    end = read_digits(text, integer_end + 1, length, &mantissa);
    decimals = end - integer_end - 1;
  }
  size_t digits = end - first - (end > integer_end);
  bool complete = digits <= MANTISSA_DIGITS && end < length && text[end] != 'e' && text[end] != 'E';
  bool digits_missing = integer_end == first || (end > integer_end && decimals == 0);
  if (!complete || digits_missing || leading_zero || mantissa > MOST_EXACT) {
    return 0;
  }
  double magnitude = (double)mantissa;
  if (decimals > 0) {
    magnitude = scale_exactly(magnitude, -(int64_t)decimals);
  }
  *value = first > 0 ? -magnitude : magnitude;
  return end;
}
