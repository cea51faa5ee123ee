/*
 * The hot loops, once for every instruction set.
 *
 * scalar.c says what each kernel means, as plainly as it can; every other variant gives the same
 * bits. The best one that the processor has is chosen once, before threads start; until then the
 * scalar ones are in force. Kernels allocate nothing, keep nothing and know nothing of what they
 * are used for.
 */
#ifndef SPIKELOSS_KERNELS_KERNELS_H
#define SPIKELOSS_KERNELS_KERNELS_H

#include <spikeloss/kernels.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_SCAN_BLOCK = 64 }; /* bytes of text looked at together */
enum { SL_BITS_SLACK = 9 };  /* readable words after packed bits */

/*
 * Text that repeats: one element of an array of spikes, or a few, each with the comma after it. All
 * its values are 0; the bytes after the last one are white space.
 */
enum { SL_TEMPLATE_BLOCKS = 256, SL_TEMPLATE_BYTES = SL_TEMPLATE_BLOCKS * SL_SCAN_BLOCK };
struct sl_text_template {
  size_t length;                           /* bytes */
  size_t count;                            /* values */
  uint64_t starts[SL_TEMPLATE_BLOCKS + 1]; /* bit i of word b: byte 64 b + i begins a value */
  uint16_t before[SL_TEMPLATE_BLOCKS + 1]; /* values that begin before a block */
  char text[SL_TEMPLATE_BYTES + SL_SCAN_BLOCK];
};

/* What a scan of spike text begins with, and what it finds. */
struct sl_text_scan {
  size_t row_length; /* values between two brackets; SL_NO_ROWS where no bracket may come */
  size_t column;     /* values of the current row that were read already, fewer than all */
  uint64_t *bits;    /* out: the values read, first in the least significant bit */
  size_t capacity;   /* values that fit in `bits` */
  size_t count;      /* out: how many values `bits` got */
  size_t resume;     /* out: bytes of text before which another scan would take nothing */
  bool closed_row;   /* out: what was taken ends after the bracket of a row, not after a comma */
};

#define SL_NO_ROWS SIZE_MAX

struct sl_kernels {
  const char *name;

  /*
   * Reads the text of binary spikes, `0` `1` `0.0` `1.0` in rows `[…],[…]` with any white space,
   * as far as it is certain. `text` begins where a value of the row must follow, or, with
   * column 0, the bracket that opens a row: after a comma, say. What is taken ends after a comma
   * too, or after the last row of an outer array. Returns how many bytes were taken, 0 if the
   * first block already holds something else: another number, an error. Looks only at whole
   * blocks, and only while `bits` has space for as many values as a block has bytes.
   */
  size_t (*scan_spike_text)(struct sl_text_scan *scan, const char *text, size_t length);

  /*
   * Makes a template of text that is valid JSON and ends after a comma, repeated `times`; together
   * it fits. Returns false, and leaves the template, if it has other numbers than 0 1 0.0 1.0.
   */
  bool (*make_template)(struct sl_text_template *template, const char *text, size_t length,
                        size_t times);

  /*
   * Reads text as far as it repeats a template, again and again, from an offset in it that is not
   * inside a value. Returns how many bytes are taken: up to and with the last comma before the
   * first byte that differs, or before the end, or before the value that would be one too many.
   * bits: the values in them, `*count` at most. Writes up to two words more. *count: how many.
   */
  size_t (*match_template)(const struct sl_text_template *template, size_t offset, const char *text,
                           size_t length, uint64_t *bits, size_t *count);

  /*
   * counts[sample][column] += how many rows of the sample have that bit set.
   * counts [samples][columns], of 8 bytes each, or of 1 where none gets larger than 255; bits
   * [samples][rows][columns], packed without gaps, from a first bit on. May read, but does not use,
   * up to SL_BITS_SLACK words after the word that holds the last bit.
   */
  void (*add_columns)(void *counts, size_t count_bytes, const uint64_t *bits, size_t first_bit,
                      size_t samples, size_t rows, size_t columns);

  /*
   * Which values are 1, as bits, the first in the least significant; `count` is 64 at most.
   * *binary tells whether all others are 0.
   */
  uint64_t (*find_ones)(const double *values, size_t count, bool *binary);

  /*
   * Adds rows of values to their accumulators, one row after the other: counts those that are 1 and
   * those that are neither 0 nor 1, and sums up the latter.
   * ones, graded [columns], of count_bytes as above; sums [columns]; values [rows][stride], of
   * which the first `columns`.
   */
  void (*add_reals)(void *ones, void *graded, size_t count_bytes, double *sums,
                    const double *values, size_t rows, size_t stride, size_t columns);

  /*
   * Does the same for rows of little-endian floats of four bytes, without gaps, fewer than 2^32 of
   * them. No sum is -0. Returns false if one of the floats is not finite; then some accumulators
   * are of no use.
   */
  bool (*add_singles)(void *ones, void *graded, size_t count_bytes, double *sums,
                      const uint8_t *bytes, size_t rows, size_t columns);

  /*
   * Bit i % 64 of bits[i / 64] tells whether number i is 1, of `count` little-endian numbers of
   * `width` bytes, 1, 2, 4 or 8, as long as the bytes of all are those of 0 or of `one`. Returns
   * how many numbers that are, in whole words of 64 but at the end.
   */
  size_t (*pack_numbers)(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one,
                         size_t count);

  /* Reads little-endian floats of four bytes. Returns whether all are finite. */
  bool (*read_singles)(double *values, const uint8_t *bytes, size_t count);

  /* Writes little-endian floats of four bytes, 0 for -0. Returns whether all are finite. */
  bool (*write_singles)(uint8_t *bytes, const double *values, size_t count);

  /* Adds up counts and their squares: sums[0] += counts, sums[1] += counts^2. */
  void (*add_moments)(uint64_t sums[2], const uint8_t *counts, size_t count);

  /* The largest byte of each row: its index, that of the first if there are several, and whether
   * there are. indices, shared [rows]; bytes [rows][columns]; columns >= 1. */
  void (*find_largest)(uint32_t *indices, bool *shared, const uint8_t *bytes, size_t rows,
                       size_t columns);

  /* Makes words of packed bits, which need no alignment, of `count` bytes, each with its first bit
   * as the most significant one. The last word is filled up with zeros. */
  void (*read_bits)(void *words, const uint8_t *bytes, size_t count);

  /*
   * bytes[0 … 3 * groups) from the base64 text[0 … 4 * groups), no padding. Returns how many groups
   * were taken: fewer only if the next one has a character outside the alphabet.
   */
  size_t (*decode_base64)(uint8_t *bytes, const char *text, size_t groups);

  /* text[0 … 4 * groups) is the base64 of bytes[0 … 3 * groups). */
  void (*encode_base64)(char *text, const uint8_t *bytes, size_t groups);
};

/* The 64 characters by the six bits that they mean. */
extern const char sl_base64_alphabet[];

/* Returns the six bits that a character means, or -1 if it is not in the alphabet. */
static inline int sl_base64_value(char character) {
  if (character >= 'A' && character <= 'Z') {
    return character - 'A';
  }
  if (character >= 'a' && character <= 'z') {
    return character - 'a' + 26;
  }
  if (character >= '0' && character <= '9') {
    return character - '0' + 52;
  }
  return character == '+' ? 62 : character == '/' ? 63 : -1;
}

/* Returns a little-endian unsigned integer of `width` bytes, up to 8. */
static inline uint64_t sl_load_integer(const uint8_t *bytes, size_t width) {
  uint64_t value = 0;
  for (size_t i = width; i > 0; i--) {
    value = value << 8 | bytes[i - 1];
  }
  return value;
}

/* Adds to a count of `count_bytes`, 1 or 8. */
static inline void sl_add_count(void *counts, size_t count_bytes, size_t index, uint64_t more) {
  uint8_t *small = counts;
  uint64_t *large = counts;
  if (count_bytes == 1) {
    small[index] = (uint8_t)(small[index] + more);
  } else {
    large[index] += more;
  }
}

/* Returns the kernels in force. */
const struct sl_kernels *sl_kernels(void);

/* Returns the i-th variant that this processor can run, or NULL, for tests. The first is scalar. */
const struct sl_kernels *sl_kernels_variant(size_t index);

/* The variants that a build may hold, for dispatch.c and the files that define them. */
extern const struct sl_kernels sl_kernels_scalar;
uint64_t sl_find_ones_scalar(const double *values, size_t count, bool *binary);
void sl_find_largest_scalar(uint32_t *indices, bool *shared, const uint8_t *bytes, size_t rows,
                            size_t columns);
#ifdef SPIKELOSS_X86
extern const struct sl_kernels sl_kernels_avx2;
extern const struct sl_kernels sl_kernels_avx512;
#endif
#ifdef SPIKELOSS_ARM64
extern const struct sl_kernels sl_kernels_neon;
#endif

#endif
