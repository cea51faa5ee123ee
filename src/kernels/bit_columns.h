/*
 * Adding up columns of packed bits, for processors with vectors of bits.
 *
 * Included once by a variant, which has defined a vector type `bit_slice` and a type
 * `byte_counters` of 64 bytes, all zeros at the start, and defines
 *
 *     bit_slice load_columns(const uint8_t *bits, size_t first_bit)   as many columns of the row
 *                                                                     that begins at a bit as a
 *                                                                     vector has bits
 *     bit_slice join_words(const uint64_t *words)                     a vector of words of 64 bits
 *     void add_where(byte_counters *, uint64_t bits, unsigned worth)  adds `worth` to the counters
 *                                                                     whose bits are set
 *
 * Wide rows: as many columns as a vector has bits are side by side, and the count of each column
 * is spread over several vectors, one for each binary digit ("bit slices"):
 *
 *     fours   0 1 0 0 …        column 0 has been set 3 times,
 *     twos    1 0 0 1 …        column 1 5 times, column 2 never, column 3 twice
 *     ones    1 1 0 0 …
 *
 * Three bits go in and two come out of a full adder (carry_save), five operations for all columns
 * (two, where the processor has one for any function of three bits); eight rows go through seven of
 * them and leave one carry into the eights. At most 255 rows later the slices are put together to
 * one byte a column and added to the counts.
 *
 * Narrow rows, up to 64 columns: as many rows as one load has for certain, whatever bit they begin
 * at, are counted as one row, in slices for several samples at once if each is of whole bytes; and
 * their counters are put together at the end. Where there are few rows, that would take longer than
 * to count them one by one.
 *
 *     counters   a0 a1 a2 b0 b1 b2 …        rows of three columns, a row at an even index
 *     counts     a0 + b0 + …                counts in a, one at an odd index in b
 *
 * Samples of one row are one long row: their bits are the counts.
 */
#ifndef SPIKELOSS_KERNELS_BIT_COLUMNS_H
#define SPIKELOSS_KERNELS_BIT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
  GROUP_COLUMNS = 8 * sizeof(bit_slice),
  LANES = sizeof(bit_slice) / sizeof(uint64_t),
  SLICES = 8,
  MAX_ROWS = 255, /* what a byte can count */
  NARROW = 64,
  ONE_LOAD = 57, /* bits from any bit of a byte on that 8 bytes have */
  FEW_ROWS = 16,
};

/* Returns the 64 bits that begin at a bit. */
static inline uint64_t sl_load_bits(const uint8_t *bits, size_t first_bit) {
  uint64_t words[2];
  memcpy(words, bits + first_bit / 8, sizeof words);
  size_t shift = first_bit % 8;
  return words[0] >> shift | words[1] << 1 << (63 - shift);
}

static inline bit_slice load_columns(const uint8_t *bits, size_t first_bit);
static inline bit_slice join_words(const uint64_t *words);
static inline void add_where(byte_counters *counters, uint64_t bits, unsigned worth);

/* Adds a + b + c, column by column: the sum stays in *sum, the carry is returned. */
static inline bit_slice carry_save(bit_slice *sum, bit_slice a, bit_slice b, bit_slice c) {
  bit_slice half = a ^ b;
  *sum = half ^ c;
  return (a & b) | (half & c);
}

/* Adds `carry`, which counts 2^first for each column, to the slices from `first` up. */
static inline void add_carry(bit_slice slices[SLICES], size_t first, bit_slice carry) {
  for (size_t slice = first; slice < SLICES; slice++) {
    bit_slice next = slices[slice] & carry;
    slices[slice] ^= carry;
    carry = next;
  }
}

static inline void add_eight(bit_slice slices[SLICES], const bit_slice row[8]) {
  bit_slice twos_a = carry_save(&slices[0], slices[0], row[0], row[1]);
  bit_slice twos_b = carry_save(&slices[0], slices[0], row[2], row[3]);
  bit_slice twos_c = carry_save(&slices[0], slices[0], row[4], row[5]);
  bit_slice twos_d = carry_save(&slices[0], slices[0], row[6], row[7]);
  bit_slice fours_a = carry_save(&slices[1], slices[1], twos_a, twos_b);
  bit_slice fours_b = carry_save(&slices[1], slices[1], twos_c, twos_d);
  bit_slice eights = carry_save(&slices[2], slices[2], fours_a, fours_b);
  add_carry(slices, 3, eights);
}

/* Counts of 8 bytes, or of 1: the other pointer is NULL. */
struct counts {
  uint64_t *large;
  uint8_t *small;
};

static inline struct counts counts_from(struct counts counts, size_t column) {
  return (struct counts){counts.large != NULL ? counts.large + column : NULL,
                         counts.small != NULL ? counts.small + column : NULL};
}

/* Adds counters: counts[0 … columns) += counters. */
static inline void add_counters(struct counts counts, const byte_counters *counters,
                                size_t columns) {
  uint8_t bytes[64];
  memcpy(bytes, counters, sizeof bytes);
  for (size_t column = 0; counts.large != NULL && column < columns; column++) {
    counts.large[column] += bytes[column];
  }
  typedef uint8_t eight_counts __attribute__((vector_size(8)));
  size_t column = 0;
  for (; counts.small != NULL && column + sizeof(eight_counts) <= columns; column += 8) {
    eight_counts eight, more;
    memcpy(&eight, counts.small + column, sizeof eight);
    memcpy(&more, bytes + column, sizeof more);
    eight += more;
    memcpy(counts.small + column, &eight, sizeof eight);
  }
  for (; counts.small != NULL && column < columns; column++) {
    counts.small[column] = (uint8_t)(counts.small[column] + bytes[column]);
  }
}

static inline void add_slices(struct counts counts, const bit_slice slices[SLICES], size_t rows,
                              size_t columns) {
  uint64_t words[SLICES][GROUP_COLUMNS / 64];
  memcpy(words, slices, sizeof words);
  size_t used = 64 - (size_t)__builtin_clzll(rows);
  for (size_t first = 0; first < columns; first += 64) {
    byte_counters counters = {0};
    for (size_t slice = 0; slice < used; slice++) {
      add_where(&counters, words[slice][first / 64], 1U << slice);
    }
    size_t left = columns - first;
    add_counters(counts_from(counts, first), &counters, left < 64 ? left : 64);
  }
}

/* Adds up to MAX_ROWS rows of up to GROUP_COLUMNS columns, `stride` bits from row to row. */
static inline void add_wide_rows(struct counts counts, const uint8_t *bits, size_t first_bit,
                                 size_t rows, size_t stride, size_t columns) {
  bit_slice slices[SLICES] = {0};
  size_t row = 0;
  for (; row + 8 <= rows; row += 8) {
    bit_slice eight[8];
    for (size_t i = 0; i < 8; i++) {
      eight[i] = load_columns(bits, first_bit + (row + i) * stride);
    }
    add_eight(slices, eight);
  }
  for (; row < rows; row++) {
    add_carry(slices, 0, load_columns(bits, first_bit + row * stride));
  }
  add_slices(counts, slices, rows, columns);
}

/* Adds the counters of rows that are side by side to those of the first. Reads 64 bytes more. */
static inline void fold(byte_counters *counters, size_t side_by_side, size_t columns) {
  typedef uint8_t all_counters __attribute__((vector_size(64)));
  const uint8_t *bytes = (const uint8_t *)counters;
  all_counters sums;
  memcpy(&sums, bytes, sizeof sums);
  for (size_t row = 1; row < side_by_side; row++) {
    all_counters more;
    memcpy(&more, bytes + row * columns, sizeof more);
    sums += more;
  }
  memcpy(counters, &sums, sizeof sums);
}

/* Adds up to FEW_ROWS rows of up to NARROW columns. */
static inline void add_few_rows(struct counts counts, const uint8_t *bits, size_t first_bit,
                                size_t rows, size_t columns) {
  byte_counters counters = {0};
  for (size_t row = 0; row < rows; row++) {
    add_where(&counters, sl_load_bits(bits, first_bit + row * columns), 1);
  }
  add_counters(counts, &counters, columns);
}

/* Counts up to MAX_ROWS rows of up to NARROW columns, so many side by side. */
static inline byte_counters count_narrow_rows(const uint8_t *bits, size_t first_bit, size_t rows,
                                              size_t columns, size_t side_by_side) {
  byte_counters counters = {0};
  size_t width = side_by_side * columns;
  for (; width <= ONE_LOAD && rows >= side_by_side; rows -= side_by_side, first_bit += width) {
    uint64_t word;
    memcpy(&word, bits + first_bit / 8, sizeof word);
    add_where(&counters, word >> first_bit % 8, 1);
  }
  for (; rows >= side_by_side; rows -= side_by_side, first_bit += width) {
    add_where(&counters, sl_load_bits(bits, first_bit), 1);
  }
  uint64_t rest = (UINT64_C(1) << rows * columns) - 1;
  add_where(&counters, sl_load_bits(bits, first_bit) & rest, 1);
  return counters;
}

/* Returns up to ONE_LOAD bits from the same bit of several samples. */
static inline bit_slice load_samples(const uint8_t *bits, size_t first_bit, size_t sample_bytes,
                                     size_t count) {
  typedef uint64_t lanes __attribute__((vector_size(sizeof(bit_slice))));
  uint64_t words[LANES];
  for (size_t i = 0; i < LANES; i++) {
    memcpy(&words[i], bits + first_bit / 8 + i * sample_bytes, sizeof words[i]);
  }
  lanes loaded = (lanes)join_words(words) >> first_bit % 8;
  return (bit_slice)(loaded & UINT64_MAX >> (64 - count));
}

/* Counts rows of up to ONE_LOAD columns for several samples at once, each of whole bytes. */
static inline void count_samples(byte_counters counters[LANES], const uint8_t *bits,
                                 size_t first_bit, size_t rows, size_t columns,
                                 size_t side_by_side) {
  size_t bytes = rows * columns / 8;
  size_t width = side_by_side * columns;
  size_t words = rows / side_by_side;
  size_t rest = rows % side_by_side;
  bit_slice slices[SLICES] = {0};
  size_t word = 0;
  for (; word + 8 <= words; word += 8) {
    bit_slice eight[8];
    for (size_t i = 0; i < 8; i++, first_bit += width) {
      eight[i] = load_samples(bits, first_bit, bytes, width);
    }
    add_eight(slices, eight);
  }
  for (; word < words; word++, first_bit += width) {
    add_carry(slices, 0, load_samples(bits, first_bit, bytes, width));
  }
  if (rest > 0) {
    add_carry(slices, 0, load_samples(bits, first_bit, bytes, rest * columns));
  }
  uint64_t digits[SLICES][LANES];
  memcpy(digits, slices, sizeof digits);
  size_t used = 64 - (size_t)__builtin_clzll(words + (rest > 0));
  for (size_t i = 0; i < LANES; i++) {
    counters[i] = (byte_counters){0};
    for (size_t digit = 0; digit < used; digit++) {
      add_where(&counters[i], digits[digit][i], 1U << digit);
    }
  }
}

/* Adds samples of up to MAX_ROWS rows of up to NARROW columns. Some are counted before their
 * counters are folded: a load across two stores waits until both are in the cache. */
static void add_narrow_samples(struct counts counts, const uint8_t *bits, size_t first_bit,
                               size_t samples, size_t rows, size_t columns) {
  byte_counters counters[LANES + 1];
  size_t side_by_side = columns <= ONE_LOAD ? ONE_LOAD / columns : 1;
  side_by_side = side_by_side < rows ? side_by_side : rows;
  bool in_bytes = columns <= ONE_LOAD && rows * columns % 8 == 0;
  counters[LANES] = (byte_counters){0};
  for (size_t sample = 0; sample < samples; sample += LANES) {
    size_t some = samples - sample < LANES ? samples - sample : LANES;
    if (in_bytes && some == LANES) {
      count_samples(counters, bits, first_bit, rows, columns, side_by_side);
    }
    for (size_t i = 0; (!in_bytes || some < LANES) && i < some; i++) {
      counters[i] =
          count_narrow_rows(bits, first_bit + i * rows * columns, rows, columns, side_by_side);
    }
    first_bit += some * rows * columns;
    for (size_t i = 0; i < some; i++, counts = counts_from(counts, columns)) {
      fold(&counters[i], side_by_side, columns);
      add_counters(counts, &counters[i], columns);
    }
  }
}

/* Adds samples of one column: counts bits. */
static void add_single_columns(struct counts counts, const uint8_t *bits, size_t first_bit,
                               size_t samples, size_t rows) {
  for (size_t sample = 0; sample < samples; sample++, first_bit += rows) {
    size_t ones = 0;
    for (size_t row = 0; row < rows; row += 64) {
      uint64_t used = UINT64_MAX >> (rows - row < 64 ? 64 - (rows - row) : 0);
      ones += (size_t)__builtin_popcountll(sl_load_bits(bits, first_bit + row) & used);
    }
    if (counts.small != NULL) {
      counts.small[sample] = (uint8_t)(counts.small[sample] + ones);
    } else {
      counts.large[sample] += ones;
    }
  }
}

/* Adds one row of any length. */
static void add_row(struct counts counts, const uint8_t *bits, size_t first_bit, size_t columns) {
  size_t column = 0;
  for (; column + 64 <= columns; column += 64) {
    add_few_rows(counts_from(counts, column), bits, first_bit + column, 1, 64);
  }
  if (column < columns) {
    add_few_rows(counts_from(counts, column), bits, first_bit + column, 1, columns - column);
  }
}

/* Adds the rows of one sample with more than NARROW columns. */
static void add_wide_sample(struct counts counts, const uint8_t *bits, size_t first_bit,
                            size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row += MAX_ROWS) {
    size_t group_rows = rows - row < MAX_ROWS ? rows - row : MAX_ROWS;
    for (size_t first = 0; first < columns; first += GROUP_COLUMNS) {
      size_t group_columns = columns - first < GROUP_COLUMNS ? columns - first : GROUP_COLUMNS;
      add_wide_rows(counts_from(counts, first), bits, first_bit + row * columns + first, group_rows,
                    columns, group_columns);
    }
  }
}

static void add_narrow_sample(struct counts counts, const uint8_t *bits, size_t first_bit,
                              size_t rows, size_t columns) {
  for (size_t row = 0; row < rows; row += MAX_ROWS) {
    size_t group_rows = rows - row < MAX_ROWS ? rows - row : MAX_ROWS;
    add_narrow_samples(counts, bits, first_bit + row * columns, 1, group_rows, columns);
  }
}

static void add_columns(void *first, size_t count_bytes, const uint64_t *bits, size_t first_bit,
                        size_t samples, size_t rows, size_t columns) {
  struct counts counts = {count_bytes == 1 ? NULL : first, count_bytes == 1 ? first : NULL};
  const uint8_t *bytes = (const uint8_t *)bits;
  if (rows == 1) {
    add_row(counts, bytes, first_bit, samples * columns);
    return;
  }
  if (columns == 1) {
    add_single_columns(counts, bytes, first_bit, samples, rows);
    return;
  }
  if (columns <= NARROW && rows > FEW_ROWS && rows <= MAX_ROWS) {
    add_narrow_samples(counts, bytes, first_bit, samples, rows, columns);
    return;
  }
  for (size_t sample = 0; sample < samples; sample++) {
    if (columns > NARROW) {
      add_wide_sample(counts, bytes, first_bit, rows, columns);
    } else if (rows <= FEW_ROWS) {
      add_few_rows(counts, bytes, first_bit, rows, columns);
    } else {
      add_narrow_sample(counts, bytes, first_bit, rows, columns);
    }
    counts = counts_from(counts, columns);
    first_bit += rows * columns;
  }
}

#endif
