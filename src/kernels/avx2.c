/*
 * Kernels for x86-64 with AVX2 and BMI2.
 *
 * Adding up columns of bits. Wide rows: 256 columns at a time stand in one register, and the count
 * of each column is spread over several registers, one for each binary digit ("bit slices"):
 *
 *     fours   0 1 0 0 …        column 0 has been set 3 times,
 *     twos    1 0 0 1 …        column 1 5 times, column 2 never, column 3 twice
 *     ones    1 1 0 0 …
 *
 * Three bits go in and two come out of a full adder (carry_save), five operations for 256 columns;
 * eight rows go through seven of them and leave one carry into the eights. At most 255 rows later
 * the slices are put together to one byte a column and added to the counts.
 *
 * Narrow rows, below 64 columns: pdep spreads the bits of a row to the bytes of a few words, which
 * are added as they are.
 */
#include "kernels/packed_bits.h"
#include "kernels/spike_text.h"
#include "kernels/variants.h"

#include <immintrin.h>
#include <string.h>

enum {
  GROUP_COLUMNS = 256,
  SLICES = 8,
  MOST_ROWS = 255, /* what a byte can count */
  NARROW = 64,
};

static inline uint64_t join(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t equal_to(__m256i low, __m256i high, char character) {
  __m256i wanted = _mm256_set1_epi8(character);
  return join(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

static inline __m256i load_half(const void *block, size_t half) {
  return _mm256_loadu_si256((const __m256i *)block + half);
}

static inline struct text_block classify_block(const char *text) {
  __m256i low = load_half(text, 0);
  __m256i high = load_half(text, 1);
  /* Looked up by its low four bits, a white space character finds itself, others never do. */
  const __m256i space_table = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, 0));
  return (struct text_block){
      .zeros = equal_to(low, high, '0'),
      .ones = equal_to(low, high, '1'),
      .points = equal_to(low, high, '.'),
      .commas = equal_to(low, high, ','),
      .opens = equal_to(low, high, '['),
      .closes = equal_to(low, high, ']'),
      .spaces = join(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(space_table, low), low),
                     _mm256_cmpeq_epi8(_mm256_shuffle_epi8(space_table, high), high)),
  };
}

static inline uint64_t extract_bits(uint64_t source, uint64_t mask) {
  return _pext_u64(source, mask);
}

static inline bool repeats_layout(const char *text, const struct sl_text_layout *layout,
                                  uint64_t *low_bits) {
  __m256i low = load_half(text, 0);
  __m256i high = load_half(text, 1);
  __m256i low_difference = (low ^ load_half(layout->expected, 0)) & load_half(layout->compared, 0);
  __m256i high_difference =
      (high ^ load_half(layout->expected, 1)) & load_half(layout->compared, 1);
  __m256i difference = low_difference | high_difference;
  *low_bits = join(_mm256_slli_epi16(low, 7), _mm256_slli_epi16(high, 7));
  return _mm256_testz_si256(difference, difference);
}

/* The eight bits of a byte, each in a byte of its own. */
static inline uint64_t bits_to_bytes(uint64_t byte) {
  return _pdep_u64(byte, UINT64_C(0x0101010101010101));
}

/* 256 columns of the row that begins at a bit. */
static inline __m256i load_columns(const uint8_t *bits, size_t first_bit) {
  const uint8_t *bytes = bits + first_bit / 8;
  int shift = (int)(first_bit % 8);
  __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
  __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 8));
  return _mm256_or_si256(_mm256_srl_epi64(low, _mm_cvtsi32_si128(shift)),
                         _mm256_sll_epi64(high, _mm_cvtsi32_si128(64 - shift)));
}

/* a + b + c, column by column: the sum stays in *sum, the carry is returned. */
static inline __m256i carry_save(__m256i *sum, __m256i a, __m256i b, __m256i c) {
  __m256i half = a ^ b;
  *sum = half ^ c;
  return (a & b) | (half & c);
}

/* Adds `carry`, which counts 2^first for each column, to the slices from `first` up. */
static inline void add_carry(__m256i slices[SLICES], size_t first, __m256i carry) {
  for (size_t slice = first; slice < SLICES; slice++) {
    __m256i next = slices[slice] & carry;
    slices[slice] ^= carry;
    carry = next;
  }
}

static inline void add_eight_rows(__m256i slices[SLICES], const uint8_t *bits, size_t first_bit,
                                  size_t stride) {
  __m256i row[8];
  for (size_t i = 0; i < 8; i++) {
    row[i] = load_columns(bits, first_bit + i * stride);
  }
  __m256i twos_a = carry_save(&slices[0], slices[0], row[0], row[1]);
  __m256i twos_b = carry_save(&slices[0], slices[0], row[2], row[3]);
  __m256i twos_c = carry_save(&slices[0], slices[0], row[4], row[5]);
  __m256i twos_d = carry_save(&slices[0], slices[0], row[6], row[7]);
  __m256i fours_a = carry_save(&slices[1], slices[1], twos_a, twos_b);
  __m256i fours_b = carry_save(&slices[1], slices[1], twos_c, twos_d);
  __m256i eights = carry_save(&slices[2], slices[2], fours_a, fours_b);
  add_carry(slices, 3, eights);
}

/* counts[0 … columns) += the eight byte counters in a word. */
static inline void add_byte_counters(uint64_t *counts, uint64_t counters, size_t columns) {
  if (columns < 8) {
    for (size_t column = 0; column < columns; column++) {
      counts[column] += counters >> (8 * column) & 0xff;
    }
    return;
  }
  for (size_t half = 0; half < 2; half++) {
    __m256i more = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128((int)(counters >> (32 * half))));
    __m256i *four = (__m256i *)(void *)(counts + 4 * half);
    _mm256_storeu_si256(four, _mm256_add_epi64(_mm256_loadu_si256(four), more));
  }
}

static void add_slices(uint64_t *counts, __m256i slices[SLICES], size_t rows, size_t columns) {
  uint8_t bytes[SLICES][GROUP_COLUMNS / 8];
  memcpy(bytes, slices, sizeof bytes);
  size_t used = 64 - (size_t)__builtin_clzll(rows);
  for (size_t first = 0; first < columns; first += 8) {
    uint64_t counters = 0;
    for (size_t slice = 0; slice < used; slice++) {
      counters += bits_to_bytes(bytes[slice][first / 8]) << slice;
    }
    add_byte_counters(counts + first, counters, columns - first);
  }
}

/* Up to MOST_ROWS rows of up to GROUP_COLUMNS columns, `stride` bits from row to row. */
static void add_wide_rows(uint64_t *counts, const uint8_t *bits, size_t first_bit, size_t rows,
                          size_t stride, size_t columns) {
  __m256i slices[SLICES] = {0};
  size_t row = 0;
  for (; row + 8 <= rows; row += 8) {
    add_eight_rows(slices, bits, first_bit + row * stride, stride);
  }
  for (; row < rows; row++) {
    add_carry(slices, 0, load_columns(bits, first_bit + row * stride));
  }
  add_slices(counts, slices, rows, columns);
}

/* Up to MOST_ROWS rows of fewer than NARROW columns. */
static void add_narrow_rows(uint64_t *counts, const uint8_t *bits, size_t first_bit, size_t rows,
                            size_t columns) {
  uint64_t counters[NARROW / 8] = {0};
  size_t words = (columns + 7) / 8;
  uint64_t used = lowest_bits(columns); /* at least one */
  for (size_t row = 0; row < rows; row++, first_bit += columns) {
    uint64_t values = sl_load_bits(bits, first_bit) & used;
    for (size_t word = 0; word < words; word++) {
      counters[word] += bits_to_bytes(values >> (8 * word) & 0xff);
    }
  }
  for (size_t word = 0; word < words; word++) {
    add_byte_counters(counts + 8 * word, counters[word], columns - 8 * word);
  }
}

static void add_columns(uint64_t *counts, const uint64_t *bits, size_t rows, size_t columns) {
  const uint8_t *bytes = (const uint8_t *)bits;
  for (size_t row = 0; row < rows; row += MOST_ROWS) {
    size_t group_rows = rows - row < MOST_ROWS ? rows - row : MOST_ROWS;
    if (columns < NARROW) {
      add_narrow_rows(counts, bytes, row * columns, group_rows, columns);
      continue;
    }
    for (size_t first = 0; first < columns; first += GROUP_COLUMNS) {
      size_t group_columns = columns - first < GROUP_COLUMNS ? columns - first : GROUP_COLUMNS;
      add_wide_rows(counts + first, bytes, row * columns + first, group_rows, columns,
                    group_columns);
    }
  }
}

/* A comparison gives all ones, which is -1, in the lanes where it holds. */
static inline void count_lanes(uint64_t *counts, __m256d held) {
  __m256i *four = (__m256i *)(void *)counts;
  _mm256_storeu_si256(four, _mm256_sub_epi64(_mm256_loadu_si256(four), _mm256_castpd_si256(held)));
}

static void add_reals(uint64_t *ones, uint64_t *others, double *sums, const double *values,
                      size_t columns) {
  size_t column = 0;
  for (; column + 4 <= columns; column += 4) {
    __m256d value = _mm256_loadu_pd(values + column);
    __m256d is_one = _mm256_cmp_pd(value, _mm256_set1_pd(1), _CMP_EQ_OQ);
    __m256d is_zero = _mm256_cmp_pd(value, _mm256_setzero_pd(), _CMP_EQ_OQ);
    __m256d is_binary = _mm256_or_pd(is_one, is_zero);
    __m256d is_other = _mm256_andnot_pd(is_binary, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)));
    __m256d sum = _mm256_loadu_pd(sums + column);
    count_lanes(ones + column, is_one);
    count_lanes(others + column, is_other);
    _mm256_storeu_pd(sums + column, _mm256_blendv_pd(_mm256_add_pd(sum, value), sum, is_binary));
  }
  sl_kernels_scalar.add_reals(ones + column, others + column, sums + column, values + column,
                              columns - column);
}

static inline __m256i in_range(__m256i text, char first, char last) {
  return _mm256_and_si256(_mm256_cmpgt_epi8(text, _mm256_set1_epi8((char)(first - 1))),
                          _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), text));
}

/* The six-bit values of 32 characters; *valid tells which of them are in the alphabet. */
static inline __m256i base64_values(__m256i text, uint32_t *valid) {
  static const struct {
    char first, last, value;
  } ranges[] = {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'+', '+', 62}, {'/', '/', 63}};
  __m256i known = _mm256_setzero_si256();
  __m256i distance = _mm256_setzero_si256();
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    __m256i here = in_range(text, ranges[i].first, ranges[i].last);
    __m256i move = _mm256_set1_epi8((char)(ranges[i].value - ranges[i].first));
    known = _mm256_or_si256(known, here);
    distance = _mm256_or_si256(distance, _mm256_and_si256(here, move));
  }
  *valid = (uint32_t)_mm256_movemask_epi8(known);
  return _mm256_add_epi8(text, distance);
}

/*
 * Four six-bit values become three bytes: pairs are joined to 12 bits, pairs of those to 24 bits,
 * and the three bytes of each are moved together in big-endian order. Each half of 16 characters
 * gives 12 bytes.
 */
static inline void store_base64(uint8_t *bytes, __m256i values) {
  __m256i twelves = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  __m256i twenty_fours = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
  const __m256i order = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  __m256i packed = _mm256_shuffle_epi8(twenty_fours, order);
  uint8_t both[32];
  memcpy(both, &packed, sizeof both);
  memcpy(bytes, both, 12);
  memcpy(bytes + 12, both + 16, 12);
}

size_t sl_decode_base64_avx2(uint8_t *bytes, const char *text, size_t groups) {
  size_t group = 0;
  for (; group + 8 <= groups; group += 8) {
    uint32_t valid;
    const char *next = text + 4 * group;
    __m256i values = base64_values(_mm256_loadu_si256((const __m256i *)(const void *)next), &valid);
    if (valid != UINT32_MAX) {
      break;
    }
    store_base64(bytes + 3 * group, values);
  }
  return group +
         sl_kernels_scalar.decode_base64(bytes + 3 * group, text + 4 * group, groups - group);
}

const struct sl_kernels sl_kernels_avx2 = {
    .name = "avx2",
    .scan_spike_text = scan_spike_text,
    .add_columns = add_columns,
    .add_reals = add_reals,
    .decode_base64 = sl_decode_base64_avx2,
};
