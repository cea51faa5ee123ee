/*
 * The shortest digits of a double, after "The Schubfach way to render doubles" by Raffaele
 * Giulietti.
 *
 * A double is c * 2^q. The numbers between the midpoints to its neighbours read back as that
 * double: an interval of length 2^q (3/4 of that at a power of two). Choose the largest k for which
 * 10^k is not longer than that. Then the interval contains
 *
 *     at most one multiple of 10^(k+1)      the shortest number, if there is one
 *     at least one multiple of 10^k         otherwise: the closest of them
 *
 * A number that is shorter still is a multiple of 10^(k+1), too. So it is enough to divide the
 * double and both midpoints by 10^k and to compare integers. Multiplying by a rounded power of ten
 * is exact enough for that: tests/unit/check_powers.py proves it for every exponent.
 */
#include "json/number_format.h"

#include "json/powers_of_ten.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { MAX_DIGITS = 17, MANTISSA_BITS = 52, MIN_EXPONENT = -1074 };

/* Plain notation from 0.0001 to 9999999999999999, scientific outside, as Python writes numbers. */
enum { MIN_PLAIN_EXPONENT = -4, MAX_PLAIN_EXPONENT = 15 };

#define ZERO_CHARACTERS UINT64_C(0x3030303030303030) /* "00000000" */

/* digits * 10^exponent */
struct decimal {
  uint64_t digits;
  int exponent;
};

/* Returns floor(log10(2^exponent)), or that of 3/4 * 2^exponent. Exact for all exponents of
 * doubles. */
static int floor_log10(int exponent, bool three_quarters) {
  return (exponent * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

/*
 * Returns factor * mantissa / 2^128, rounded to odd: a fraction sets the lowest bit. So the result
 * compares with even numbers as the exact quotient does.
 */
static uint64_t scale(struct sl_wide mantissa, uint64_t factor) {
  struct sl_wide product = sl_multiply_wide(mantissa, factor);
  return product.high | (product.low != 0);
}

/* Finds the shortest decimal of a positive double. The digits may end in zeros. */
static struct decimal find_shortest(double magnitude) {
  uint64_t bits;
  memcpy(&bits, &magnitude, sizeof bits);
  uint64_t fraction = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
  int biased = (int)(bits >> MANTISSA_BITS);
  uint64_t mantissa = biased > 0 ? fraction | UINT64_C(1) << MANTISSA_BITS : fraction;
  int exponent = MIN_EXPONENT + (biased > 0 ? biased - 1 : 0);
  bool closer_below = fraction == 0 && biased > 1; /* a power of two: the gap below is half */

  /* The factors are quarters, because midpoints are not multiples of 2^q. A midpoint itself reads
   * back as the double with the even mantissa. */
  int k = floor_log10(exponent, closer_below);
  struct sl_power power = sl_power_of_ten(-k);
  int shift = exponent + power.exponent + 128;
  uint64_t odd = mantissa & 1;
  uint64_t lower = scale(power.mantissa, (4 * mantissa - 2 + closer_below) << shift) + odd;
  uint64_t value = scale(power.mantissa, 4 * mantissa << shift);
  uint64_t upper = scale(power.mantissa, (4 * mantissa + 2) << shift) - odd;

  /* Multiples of 10^k: of the two next to the double at least one reads back. */
  uint64_t ones = value / 4;
  bool below = lower <= 4 * ones;
  bool above = 4 * ones + 4 <= upper;
  bool closer_above = (value & 3) + (ones & 1) > 2; /* of two equally close ones the even one */
  uint64_t digits = ones + (above & (closer_above | !below));

  /* Multiples of 10^(k+1): of the two next to the double at most one reads back. */
  uint64_t tens = value / 40;
  below = lower <= 40 * tens;
  above = 40 * tens + 40 <= upper;
  uint64_t shorter_digits = 10 * (tens + above);

  /* Computed, not branched: a processor cannot predict which of the two it is. */
  digits += (below | above) * (shorter_digits - digits);
  return (struct decimal){.digits = digits, .exponent = k};
}

/* clang-format off */
static const uint64_t powers_of_ten[MAX_DIGITS + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
    100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
    10000000000000000, 100000000000000000,
};
/* clang-format on */

/* Counts the digits of an integer from 1 to 10^17 - 1. */
static int count_digits(uint64_t integer) {
  int bits = 64 - __builtin_clzll(integer);
  int count = bits * 1233 >> 12; /* floor(log10(2^bits)) */
  return count + (integer >= powers_of_ten[count]);
}

/*
 * 17 digits as text, with zeros at their end: one, eight and eight characters. The lowest byte of
 * a word is its first character.
 */
struct digits {
  char first;
  uint64_t upper;
  uint64_t lower;
  int count;    /* without the zeros at the end */
  int exponent; /* of the first digit */
};

/*
 * Splits an integer below 10^8 into eight bytes from 0 to 9, the first digit in the lowest byte:
 * into two halves of four digits, those into four of two digits, those into single digits. All
 * parts are divided at once, by multiplication with the reciprocal.
 */
static uint64_t split_eight_digits(uint64_t integer) {
  uint64_t fours = integer / 10000;
  fours |= (integer - 10000 * fours) << 32;
  uint64_t twos = fours * 10486 >> 20 & UINT64_C(0x0000007F0000007F);
  twos |= (fours - 100 * twos) << 16;
  uint64_t ones = twos * 103 >> 10 & UINT64_C(0x000F000F000F000F);
  return ones | (twos - 10 * ones) << 8;
}

/* Counts the bytes of a word up to its last one that is not 0; the word is not 0. */
static int significant_bytes(uint64_t word) {
  return 8 - (int)((unsigned)__builtin_clzll(word) / 8);
}

/* Returns the digits of a positive decimal. */
static struct digits spell_digits(struct decimal decimal) {
  int count = count_digits(decimal.digits);
  uint64_t integer = decimal.digits * powers_of_ten[MAX_DIGITS - count];
  uint64_t first = integer / powers_of_ten[16];
  uint64_t rest = integer - first * powers_of_ten[16];
  uint64_t upper = split_eight_digits(rest / powers_of_ten[8]);
  uint64_t lower = split_eight_digits(rest % powers_of_ten[8]);
  return (struct digits){
      .first = (char)('0' + first),
      .upper = upper | ZERO_CHARACTERS,
      .lower = lower | ZERO_CHARACTERS,
      .count = lower != 0   ? 9 + significant_bytes(lower)
               : upper != 0 ? 1 + significant_bytes(upper)
                            : 1,
      .exponent = decimal.exponent + count - 1,
  };
}

/* Stores the lowest byte first on every machine. */
static void store_word(char *text, uint64_t word) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  memcpy(text, &word, sizeof word);
}

static void store_digits(char *text, const struct digits *digits) {
  text[0] = digits->first;
  store_word(text + 1, digits->upper);
  store_word(text + 9, digits->lower);
}

/* Writes numbers like 1.23e-05. */
static size_t write_scientific(char *text, const struct digits *digits) {
  store_digits(text + 1, digits);
  text[0] = digits->first;
  text[1] = '.';
  char *end = text + (digits->count > 1 ? digits->count + 1 : 1);
  unsigned magnitude = (unsigned)(digits->exponent < 0 ? -digits->exponent : digits->exponent);
  *end++ = 'e';
  *end++ = digits->exponent < 0 ? '-' : '+';
  if (magnitude >= 100) {
    *end++ = (char)('0' + magnitude / 100);
    magnitude %= 100;
  }
  *end++ = (char)('0' + magnitude / 10);
  *end++ = (char)('0' + magnitude % 10);
  return (size_t)(end - text);
}

/* Writes numbers like 0.00123. */
static size_t write_fraction(char *text, const struct digits *digits) {
  memcpy(text, "0.000", 5);
  int before = 1 - digits->exponent;
  store_digits(text + before, digits);
  return (size_t)(before + digits->count);
}

/* Writes numbers like 1200. */
static size_t write_whole(char *text, const struct digits *digits) {
  store_digits(text, digits);
  return (size_t)digits->exponent + 1;
}

/* Inserts a point before character 0 … 7 of a word. Returns the character that is pushed out. */
static char insert_point(uint64_t *word, int index) {
  uint64_t before = *word & ((UINT64_C(1) << 8 * index) - 1);
  uint64_t after = *word >> 8 * index;
  char last = (char)(*word >> 56);
  *word = before | (after << 8 | '.') << 8 * index;
  return last;
}

/* Writes numbers like 12.3. */
static size_t write_mixed(char *text, const struct digits *digits) {
  struct digits pointed = *digits;
  if (digits->exponent < 8) {
    char carry = insert_point(&pointed.upper, digits->exponent);
    text[17] = (char)(pointed.lower >> 56);
    pointed.lower = pointed.lower << 8 | (unsigned char)carry;
  } else {
    text[17] = insert_point(&pointed.lower, digits->exponent - 8);
  }
  store_digits(text, &pointed);
  return (size_t)digits->count + 1;
}

static size_t write_decimal(char *text, struct decimal decimal) {
  struct digits digits = spell_digits(decimal);
  if (digits.exponent < MIN_PLAIN_EXPONENT || digits.exponent > MAX_PLAIN_EXPONENT) {
    return write_scientific(text, &digits);
  }
  if (digits.exponent < 0) {
    return write_fraction(text, &digits);
  }
  return digits.count <= digits.exponent + 1 ? write_whole(text, &digits)
                                             : write_mixed(text, &digits);
}

/* Writes an integer from 1 to 10^8 - 1: most losses of spike counts, and the counts themselves. */
static size_t write_small_integer(char *text, uint64_t integer) {
  uint64_t digits = split_eight_digits(integer);
  unsigned leading = (unsigned)__builtin_ctzll(digits) / 8;
  store_word(text, (digits | ZERO_CHARACTERS) >> 8 * leading);
  return 8 - leading;
}

size_t sl_number_format(char text[SL_NUMBER_TEXT_MAX + 1], double value) {
  double magnitude = fabs(value);
  size_t sign = value < 0; /* not for negative zero */
  text[0] = '-';
  bool is_whole = magnitude < 0x1p53 && magnitude == (double)(int64_t)magnitude;
  if (!is_whole) {
    return sign + write_decimal(text + sign, find_shortest(magnitude));
  }
  uint64_t integer = (uint64_t)magnitude;
  if (integer == 0) {
    text[0] = '0';
    return 1;
  }
  return sign + (integer < 100000000
                     ? write_small_integer(text + sign, integer)
                     : write_decimal(text + sign, (struct decimal){.digits = integer}));
}

_Thread_local struct sl_cached_number sl_number_slots[1 << SL_NUMBER_SLOT_BITS];

void sl_number_slot_fill(struct sl_cached_number *slot, uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  slot->key = bits + 1;
  slot->length = (unsigned char)sl_number_format(slot->text, value);
  slot->text[slot->length] = ',';
}
