#include "json/number.h"

#include "json/input.h"
#include "json/powers_of_ten.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANTISSA_DIGITS = 19, EXACT_POWERS = 22, MAX_DECIMALS = 24, WINDOW = 64 };

#define EACH_BYTE UINT64_C(0x0101010101010101)

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

static const uint64_t integer_powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

static const double exact_powers[EXACT_POWERS + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/*
 * Finds the nearest double of mantissa * 10^power, mantissa > 0; false if 128 bits of it do not
 * tell, if it is too large, or if the power is so small that it might not be a normal double.
 *
 *     product    1xxxxxxx … xxxxx hhhhhhhhhhh llllllll … llllllll    upper 128 of 192 bits
 *                └── 53 bits ──┘ └─ rest ──┘ └─────── low ──────┘
 *
 * The power is less than 2 units too large, so the exact product is less than 2 units smaller than
 * what is seen, or less than one larger. It may be on either side of the middle between two doubles
 * only if what is seen is the middle, or up to 2 units more.
 */
static inline bool find_nearest(uint64_t mantissa, int64_t power, double *magnitude) {
  enum { REST_BITS = 11, HALF = 1 << 10, EXPONENT_BIAS = 1023 + 52, MAX_BIASED = 2046 };
  if (power < SL_MIN_POWER_OF_TEN || power > SL_MAX_POWER_OF_TEN) {
    return false;
  }
  int leading = __builtin_clzll(mantissa);
  struct sl_power ten = sl_power_of_ten((int)power);
  struct sl_wide product = sl_multiply_wide(ten.mantissa, mantissa << leading);
  leading += __builtin_clzll(product.high);
  uint64_t high = product.high << __builtin_clzll(product.high);
  int exponent = ten.exponent + 128 + REST_BITS - leading + EXPONENT_BIAS;
  bool uncertain = high % (2 * HALF) == HALF && product.low <= 2;
  if (uncertain || exponent > MAX_BIASED) {
    return false;
  }
  /* The highest bit of the 53 adds 1 to the exponent, and so does rounding up to 2^53. */
  uint64_t bits = ((uint64_t)(exponent - 1) << 52) + (((high >> (REST_BITS - 1)) + 1) >> 1);
  memcpy(magnitude, &bits, sizeof bits);
  return true;
}

static int64_t signed_exponent(const struct sl_number *number) {
  return number->negative_exponent ? -number->exponent : number->exponent;
}

/* Lets the C library do what is left: subnormal doubles, and more digits than are looked at. */
static double read_exactly(struct sl_number *number, int64_t power) {
  int clipped = power > 9999 ? 9999 : power < -9999 ? -9999 : (int)power;
  snprintf(number->text + number->digits, 16, "e%d", clipped);
  return strtod(number->text, NULL);
}

double sl_number_value(struct sl_number *number) {
  int64_t power = number->scale + signed_exponent(number);
  bool all_digits = number->digits <= MANTISSA_DIGITS;
  double magnitude = 0;
  if (number->digits > 0 && !(all_digits && find_nearest(number->mantissa, power, &magnitude))) {
    magnitude = read_exactly(number, power);
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

/* Eight bytes of text, the first in the lowest byte; digits are 0 to 9. */
static inline uint64_t load_eight(const char *text) {
  uint64_t word;
  memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word ^ EACH_BYTE * '0';
}

/* Returns a mask whose lowest bit is in the first byte that is no digit; 0 if all are digits. */
static inline uint64_t other_bytes(uint64_t word) {
  return ((word + EACH_BYTE * (0x7f - 9)) | word) & EACH_BYTE * 0x80;
}

/* Joins pairs of neighbours: 1 2 3 4 5 6 7 8, 12 34 56 78, then the first and third pair, and the
 * second and fourth, all to the upper half. */
static inline uint64_t join_digits(uint64_t word) {
  const uint64_t pairs = UINT64_C(0x000000ff000000ff);
  word = word * 10 + (word >> 8);
  uint64_t odd = (word & pairs) * (100 + (UINT64_C(1000000) << 32));
  uint64_t even = (word >> 16 & pairs) * (1 + (UINT64_C(10000) << 32));
  return (odd + even) >> 32;
}

/* Appends the digits before the first byte that is not one. They are moved to the end, so that what
 * is shifted in counts as zeros before them. Returns how many they are. */
static inline size_t append_some(uint64_t word, uint64_t others, uint64_t *mantissa) {
  size_t count = (size_t)__builtin_ctzll(others) / 8;
  word = word << 4 * (8 - count) << 4 * (8 - count);
  *mantissa = *mantissa * integer_powers[count] + join_digits(word);
  return count;
}

/* Finds the double of a short number. If it is an integer, rounding might have made it one. */
static inline bool find_short(uint64_t mantissa, int power, double *magnitude) {
  return mantissa > 0 && find_nearest(mantissa, power, magnitude) &&
         (*magnitude < 1 ||
          (*magnitude < (double)SL_MAX_INTEGER && *magnitude != (double)(int64_t)*magnitude));
}

/* Does the same for up to EXACT_POWERS decimals. A mantissa below 10^15 is a double, and a quotient
 * of it by 10^n is so far from every integer that rounding cannot reach one. */
static inline bool find_short_decimal(uint64_t mantissa, size_t decimals, double *magnitude) {
  if (mantissa < 1000000000000000) {
    *magnitude = (double)(int64_t)mantissa / exact_powers[decimals];
    return true;
  }
  return find_short(mantissa, -(int)decimals, magnitude);
}

/* Goes on at an `e`, after which up to three digits are read. Returns the index after them, or 0.
 */
static inline size_t read_exponent(const char *text, size_t at, uint64_t mantissa, size_t decimals,
                                   double *magnitude) {
  bool negative = text[at + 1] == '-';
  size_t first = at + (negative || text[at + 1] == '+' ? 2 : 1);
  int exponent = 0;
  for (at = first; at < first + 3 && sl_is_digit(text[at]); at++) {
    exponent = 10 * exponent + (text[at] - '0');
  }
  if (at == first || sl_is_digit(text[at])) {
    return 0;
  }
  int power = (negative ? -exponent : exponent) - (int)decimals;
  bool ok = power <= 0 && power >= -EXACT_POWERS
                ? find_short_decimal(mantissa, (size_t)-power, magnitude)
                : find_short(mantissa, power, magnitude);
  return ok ? at : 0;
}

/* Returns whether so many digits, of which zeros at the front do not count, fit in a mantissa. */
static bool digits_fit(const char *text, size_t digits) {
  for (; digits > MANTISSA_DIGITS && (*text == '0' || *text == '.'); text++) {
    digits -= *text == '0';
  }
  return digits <= MANTISSA_DIGITS;
}

/* Reads the digits of an integer part. Returns how many, or 0 if they are too many or wrong. */
static size_t read_integer_part(const char *text, uint64_t *mantissa) {
  size_t digits = 0;
  for (; sl_is_digit(text[digits]); digits++) {
    if (digits == MANTISSA_DIGITS) {
      return 0;
    }
    *mantissa = 10 * *mantissa + (uint64_t)(text[digits] - '0');
  }
  return digits > 1 && text[0] == '0' ? 0 : digits;
}

/*
 * Reads on in the decimals at an index, after some that have been read. Returns the index after the
 * number, or 0.
 */
static inline size_t read_decimals(const char *text, size_t at, size_t decimals, uint64_t mantissa,
                                   double *magnitude) {
  uint64_t word = load_eight(text + at);
  uint64_t others = other_bytes(word);
  while (others == 0 && decimals < MAX_DECIMALS) {
    mantissa = mantissa * 100000000 + join_digits(word);
    at += 8;
    decimals += 8;
    word = load_eight(text + at);
    others = other_bytes(word);
  }
  if (others == 0) {
    return 0;
  }
  size_t count = append_some(word, others, &mantissa);
  at += count;
  decimals += count;
  if (decimals - 1 >= EXACT_POWERS || (at > MANTISSA_DIGITS + 1 && !digits_fit(text, at - 1))) {
    return 0;
  }
  if ((text[at] | 0x20) == 'e') {
    return read_exponent(text, at, mantissa, decimals, magnitude);
  }
  return find_short_decimal(mantissa, decimals, magnitude) ? at : 0;
}

/*
 * Reads a short number without a sign where WINDOW bytes can be looked at: 19 digits, a point, 24
 * decimals, an exponent of 5 characters and what is loaded after them are fewer.
 */
__attribute__((noinline)) static size_t read_magnitude(const char *text, double *magnitude) {
  uint64_t mantissa = 0;
  size_t at = read_integer_part(text, &mantissa);
  if (at == 0) {
    return 0;
  }
  if (text[at] == '.') {
    return read_decimals(text, at + 1, 0, mantissa, magnitude);
  }
  if ((text[at] | 0x20) == 'e') {
    return read_exponent(text, at, mantissa, 0, magnitude);
  }
  return find_short_decimal(mantissa, 0, magnitude) ? at : 0;
}

/* Does the same for a digit, a point, eight decimals, and more. */
__attribute__((noinline)) static size_t read_long_fraction(const char *text, uint64_t mantissa,
                                                           double *magnitude) {
  return read_decimals(text, 2 + 8, 8, mantissa, magnitude);
}

/* Does the same; mostly there is only a digit, or a digit, a point and fewer decimals, to which
 * zeros are added until they are eight. */
static inline size_t read_unsigned(const char *text, double *magnitude) {
  uint64_t digit = (unsigned char)(text[0] - '0');
  uint64_t word = load_eight(text + 2);
  uint64_t others = other_bytes(word);
  if (digit > 9 || text[1] != '.') {
    bool alone = digit <= 9 && (text[1] == ',' || text[1] == ']');
    *magnitude = (double)(int64_t)digit;
    return alone ? 1 : read_magnitude(text, magnitude);
  }
  if (others == 0) {
    return read_long_fraction(text, digit * 100000000 + join_digits(word), magnitude);
  }
  size_t length = 2 + (size_t)__builtin_ctzll(others) / 8;
  if (length == 2 || (text[length] | 0x20) == 'e') {
    return read_magnitude(text, magnitude);
  }
  word &= (others ^ (others - 1)) >> 8;
  *magnitude = (double)(int64_t)(digit * 100000000 + join_digits(word)) / 1e8;
  return length;
}

static inline size_t read_signed(const char *text, double *value) {
  if (text[0] != '-') {
    return read_unsigned(text, value);
  }
  size_t length = read_unsigned(text + 1, value);
  *value = -*value;
  return length > 0 ? length + 1 : 0;
}

/* Reads a short number near the end of the text, as if that went on with bytes of no number. */
__attribute__((noinline)) static size_t read_at_end(const char *text, size_t length,
                                                    double *value) {
  char copy[WINDOW] = {0};
  memcpy(copy, text, length);
  size_t taken = read_signed(copy, value);
  return taken < length ? taken : 0;
}

size_t sl_number_short(const char *text, size_t length, double *value) {
  if (length >= 2 && sl_is_digit(text[0]) &&
      (text[1] == ',' || text[1] == ']')) { /* a label, mostly */
    *value = text[0] - '0';
    return 1;
  }
  return length < WINDOW ? read_at_end(text, length, value) : read_signed(text, value);
}

static inline const char *skip_space(const char *at, const char *end) {
  while (at < end && *at <= ' ' && sl_is_space(*at)) {
    at++;
  }
  return at;
}

size_t sl_number_run(const char **text, const char *end, double *values, size_t count,
                     char after_last) {
  const char *at = *text;
  size_t taken = 0;
  for (; taken < count; taken++) {
    at = skip_space(at, end);
    size_t left = (size_t)(end - at);
    size_t length =
        left < WINDOW ? sl_number_short(at, left, &values[taken]) : read_signed(at, &values[taken]);
    if (length == 0) {
      break;
    }
    at += length;
    char wanted = taken + 1 < count ? ',' : after_last;
    if (*at != wanted) {
      at = skip_space(at, end);
      if (at == end || *at != wanted) {
        break;
      }
    }
    *text = ++at;
  }
  return taken;
}
