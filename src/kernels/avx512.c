/*
 * Kernels for x86-64 with AVX-512 (F, BW, VL) and BMI2.
 *
 * What AVX-512 gains over avx2.c: a comparison of 64 bytes gives its mask at once; a full adder of
 * bit slices (see bit_columns.h) is two operations instead of five; and a mask of 64 columns adds
 * to 64 byte counters in one masked instruction.
 */
#include "kernels/half_blocks.h"
#include "kernels/packed_bits.h"
#include "kernels/spike_text.h"
#include "kernels/variants.h"

#include <immintrin.h>
#include <string.h>

enum {
  GROUP_COLUMNS = 512,
  SLICES = 8,
  MOST_ROWS = 255, /* what a byte can count */
  NARROW = 64,
};

static inline struct text_block classify_block(const char *text) {
  __m512i bytes = _mm512_loadu_si512(text);
  /* Looked up by its low four bits, a white space character finds itself, others never do. */
  const __m512i space_table = _mm512_broadcast_i32x4(
      _mm_setr_epi8(' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, 0));
  return (struct text_block){
      .zeros = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('0')),
      .ones = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('1')),
      .points = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('.')),
      .commas = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(',')),
      .opens = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('[')),
      .closes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(']')),
      .spaces = _mm512_cmpeq_epi8_mask(_mm512_shuffle_epi8(space_table, bytes), bytes),
  };
}

static inline uint64_t extract_bits(uint64_t source, uint64_t mask) {
  return _pext_u64(source, mask);
}

/* A mask of the first `count` of eight lanes, of all if there are more. */
static inline __mmask8 first_lanes(size_t count) {
  return (__mmask8)_bzhi_u32(0xff, count < 8 ? (unsigned)count : 8);
}

/* 512 columns of the row that begins at a bit, the last of them perhaps beyond the memory. */
static inline __m512i load_columns(const uint8_t *bits, size_t first_bit, __mmask8 words) {
  const uint8_t *bytes = bits + first_bit / 8;
  __m128i shift = _mm_cvtsi32_si128((int)(first_bit % 8));
  __m128i rest = _mm_cvtsi32_si128(64 - (int)(first_bit % 8));
  __m512i low = _mm512_maskz_loadu_epi64(words, bytes);
  __m512i high = _mm512_maskz_loadu_epi64(words, bytes + 8);
  return _mm512_or_si512(_mm512_srl_epi64(low, shift), _mm512_sll_epi64(high, rest));
}

/* a + b + c, column by column: the sum stays in *sum, the carry is returned. */
static inline __m512i carry_save(__m512i *sum, __m512i a, __m512i b, __m512i c) {
  enum { ODD = 0x96, MAJORITY = 0xe8 };
  *sum = _mm512_ternarylogic_epi64(a, b, c, ODD);
  return _mm512_ternarylogic_epi64(a, b, c, MAJORITY);
}

/* Adds `carry`, which counts 2^first for each column, to the slices from `first` up. */
static inline void add_carry(__m512i slices[SLICES], size_t first, __m512i carry) {
  for (size_t slice = first; slice < SLICES; slice++) {
    __m512i next = _mm512_and_si512(slices[slice], carry);
    slices[slice] = _mm512_xor_si512(slices[slice], carry);
    carry = next;
  }
}

static inline void add_eight_rows(__m512i slices[SLICES], const uint8_t *bits, size_t first_bit,
                                  size_t stride, __mmask8 words) {
  __m512i row[8];
  for (size_t i = 0; i < 8; i++) {
    row[i] = load_columns(bits, first_bit + i * stride, words);
  }
  __m512i sum = slices[0];
  __m512i twos_a = carry_save(&sum, sum, row[0], row[1]);
  __m512i twos_b = carry_save(&sum, sum, row[2], row[3]);
  __m512i twos_c = carry_save(&sum, sum, row[4], row[5]);
  __m512i twos_d = carry_save(&sum, sum, row[6], row[7]);
  slices[0] = sum;
  __m512i fours_a = carry_save(&slices[1], slices[1], twos_a, twos_b);
  __m512i fours_b = carry_save(&slices[1], slices[1], twos_c, twos_d);
  __m512i eights = carry_save(&slices[2], slices[2], fours_a, fours_b);
  add_carry(slices, 3, eights);
}

/* counts[0 … columns) += 64 byte counters. */
static inline void add_byte_counters(uint64_t *counts, __m512i counters, size_t columns) {
  uint8_t bytes[64];
  memcpy(bytes, &counters, sizeof bytes);
  for (size_t first = 0; first < columns; first += 8) {
    size_t left = columns - first;
    __mmask8 used = first_lanes(left);
    __m512i more = _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)(void *)(bytes + first)));
    __m512i sums = _mm512_add_epi64(_mm512_maskz_loadu_epi64(used, counts + first), more);
    _mm512_mask_storeu_epi64(counts + first, used, sums);
  }
}

static void add_slices(uint64_t *counts, __m512i slices[SLICES], size_t rows, size_t columns) {
  uint64_t words[SLICES][GROUP_COLUMNS / 64];
  memcpy(words, slices, sizeof words);
  size_t used = 64 - (size_t)__builtin_clzll(rows);
  for (size_t first = 0; first < columns; first += 64) {
    __m512i counters = _mm512_setzero_si512();
    for (size_t slice = 0; slice < used; slice++) {
      __m512i worth = _mm512_set1_epi8((char)(1U << slice));
      counters = _mm512_mask_add_epi8(counters, words[slice][first / 64], counters, worth);
    }
    add_byte_counters(counts + first, counters, columns - first < 64 ? columns - first : 64);
  }
}

/* Up to MOST_ROWS rows of up to GROUP_COLUMNS columns, `stride` bits from row to row. */
static void add_wide_rows(uint64_t *counts, const uint8_t *bits, size_t first_bit, size_t rows,
                          size_t stride, size_t columns) {
  __m512i slices[SLICES];
  memset(slices, 0, sizeof slices);
  __mmask8 words = first_lanes((columns + 63) / 64);
  size_t row = 0;
  for (; row + 8 <= rows; row += 8) {
    add_eight_rows(slices, bits, first_bit + row * stride, stride, words);
  }
  for (; row < rows; row++) {
    add_carry(slices, 0, load_columns(bits, first_bit + row * stride, words));
  }
  add_slices(counts, slices, rows, columns);
}

/* Up to MOST_ROWS rows of up to NARROW columns. Taking away -1 under a mask adds its bits. */
static void add_narrow_rows(uint64_t *counts, const uint8_t *bits, size_t first_bit, size_t rows,
                            size_t columns) {
  const __m512i minus_one = _mm512_set1_epi8(-1);
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  size_t row = 0;
  for (; row + 2 <= rows; row += 2, first_bit += 2 * columns) {
    even = _mm512_mask_sub_epi8(even, sl_load_bits(bits, first_bit), even, minus_one);
    odd = _mm512_mask_sub_epi8(odd, sl_load_bits(bits, first_bit + columns), odd, minus_one);
  }
  if (row < rows) {
    even = _mm512_mask_sub_epi8(even, sl_load_bits(bits, first_bit), even, minus_one);
  }
  add_byte_counters(counts, _mm512_add_epi8(even, odd), columns);
}

static void add_columns(uint64_t *counts, const uint64_t *bits, size_t rows, size_t columns) {
  const uint8_t *bytes = (const uint8_t *)bits;
  for (size_t row = 0; row < rows; row += MOST_ROWS) {
    size_t group_rows = rows - row < MOST_ROWS ? rows - row : MOST_ROWS;
    if (columns <= NARROW) {
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

static void add_reals(uint64_t *ones, uint64_t *others, double *sums, const double *values,
                      size_t columns) {
  const __m512i one = _mm512_set1_epi64(1);
  for (size_t column = 0; column < columns; column += 8) {
    size_t left = columns - column;
    __mmask8 used = first_lanes(left);
    __m512d value = _mm512_maskz_loadu_pd(used, values + column);
    __mmask8 is_one = _mm512_cmp_pd_mask(value, _mm512_set1_pd(1), _CMP_EQ_OQ);
    __mmask8 is_zero = _mm512_cmp_pd_mask(value, _mm512_setzero_pd(), _CMP_EQ_OQ);
    __mmask8 is_other = used & (__mmask8) ~(is_one | is_zero);
    __m512i one_counts = _mm512_maskz_loadu_epi64(is_one, ones + column);
    __m512i other_counts = _mm512_maskz_loadu_epi64(is_other, others + column);
    __m512d sum = _mm512_maskz_loadu_pd(is_other, sums + column);
    _mm512_mask_storeu_epi64(ones + column, is_one, _mm512_add_epi64(one_counts, one));
    _mm512_mask_storeu_epi64(others + column, is_other, _mm512_add_epi64(other_counts, one));
    _mm512_mask_storeu_pd(sums + column, is_other, _mm512_add_pd(sum, value));
  }
}

const struct sl_kernels sl_kernels_avx512 = {
    .name = "avx512",
    .scan_spike_text = scan_spike_text,
    .add_columns = add_columns,
    .add_reals = add_reals,
    .decode_base64 = sl_decode_base64_avx2,
};
