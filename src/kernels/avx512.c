/*
 * Kernels for x86-64 with AVX-512 (F, BW, VL) and BMI2.
 *
 * What AVX-512 gains over avx2.c: a comparison of 64 bytes gives its mask at once; a full adder of
 * bit slices is two operations instead of five; and a mask of 64 columns adds to 64 byte counters
 * in one masked instruction.
 */
#include <immintrin.h>
#include <string.h>

typedef __m512i bit_slice;
typedef __m512i byte_counters;

enum { GROUPS_AT_ONCE = 16 };

#include "kernels/base64_groups.h"
#include "kernels/bit_columns.h"
#include "kernels/spike_text.h"

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

static inline uint64_t compare_block(const char *text, const char *expected, uint64_t *low_bits) {
  __m512i difference = _mm512_loadu_si512(text) ^ _mm512_loadu_si512(expected);
  *low_bits = _mm512_test_epi8_mask(difference, _mm512_set1_epi8(1));
  return _mm512_test_epi8_mask(difference, _mm512_set1_epi8((char)0xfe));
}

static inline bit_slice load_columns(const uint8_t *bits, size_t first_bit) {
  const uint8_t *bytes = bits + first_bit / 8;
  __m128i shift = _mm_cvtsi32_si128((int)(first_bit % 8));
  __m128i rest = _mm_cvtsi32_si128(64 - (int)(first_bit % 8));
  __m512i low = _mm512_loadu_si512(bytes);
  __m512i high = _mm512_loadu_si512(bytes + 8);
  return _mm512_or_si512(_mm512_srl_epi64(low, shift), _mm512_sll_epi64(high, rest));
}

static inline void add_where(byte_counters *counters, uint64_t bits, unsigned worth) {
  *counters = _mm512_mask_add_epi8(*counters, bits, *counters, _mm512_set1_epi8((char)worth));
}

/* Returns a mask of the first `count` of eight lanes, of all if there are more. */
static inline __mmask8 first_lanes(size_t count) {
  return (__mmask8)_bzhi_u32(0xff, count < 8 ? (unsigned)count : 8);
}

static uint64_t find_ones(const double *values, size_t count, bool *binary) {
  uint64_t ones = 0;
  __mmask8 others = 0;
  for (size_t i = 0; i < count; i += 8) {
    __mmask8 used = first_lanes(count - i);
    __m512d value = _mm512_maskz_loadu_pd(used, values + i);
    __mmask8 is_one = _mm512_cmp_pd_mask(value, _mm512_set1_pd(1), _CMP_EQ_OQ);
    others |= (__mmask8)(_mm512_cmp_pd_mask(value, _mm512_setzero_pd(), _CMP_NEQ_OQ) ^ is_one);
    ones |= (uint64_t)is_one << i;
  }
  *binary = others == 0;
  return ones;
}

/* Adds up to eight columns of all rows. */
static inline void add_eight(uint64_t *ones, uint64_t *graded, double *sums, const double *values,
                             size_t rows, size_t columns, __mmask8 used) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512i one_count = _mm512_maskz_loadu_epi64(used, ones);
  __m512i graded_count = _mm512_maskz_loadu_epi64(used, graded);
  __m512d sum = _mm512_maskz_loadu_pd(used, sums);
  for (size_t row = 0; row < rows; row++) {
    __m512d value = _mm512_maskz_loadu_pd(used, values + row * columns);
    __mmask8 is_one = _mm512_cmp_pd_mask(value, _mm512_set1_pd(1), _CMP_EQ_OQ);
    __mmask8 is_graded = _mm512_cmp_pd_mask(value, _mm512_setzero_pd(), _CMP_NEQ_OQ) ^ is_one;
    one_count = _mm512_mask_add_epi64(one_count, is_one, one_count, one);
    graded_count = _mm512_mask_add_epi64(graded_count, is_graded, graded_count, one);
    sum = _mm512_mask_add_pd(sum, is_graded, sum, value);
  }
  _mm512_mask_storeu_epi64(ones, used, one_count);
  _mm512_mask_storeu_epi64(graded, used, graded_count);
  _mm512_mask_storeu_pd(sums, used, sum);
}

static void add_reals(uint64_t *ones, uint64_t *graded, double *sums, const double *values,
                      size_t rows, size_t columns) {
  for (size_t column = 0; column < columns; column += 8) {
    add_eight(ones + column, graded + column, sums + column, values + column, rows, columns,
              first_lanes(columns - column));
  }
}

/* Returns the six-bit values of 64 characters, as avx2.c explains. */
static inline bool base64_values(__m512i text, __m512i *values) {
  const __m512i wrong_lower = _mm512_broadcast_i32x4(
      _mm_setr_epi8(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26));
  const __m512i upper_bit = _mm512_broadcast_i32x4(
      _mm_setr_epi8(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16));
  const __m512i distance = _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  __m512i half = _mm512_set1_epi8(0x0f);
  __m512i upper = _mm512_and_si512(_mm512_srli_epi16(text, 4), half);
  __m512i lower = _mm512_and_si512(text, half);
  __mmask64 is_slash = _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('/'));
  __m512i entry = _mm512_mask_sub_epi8(upper, is_slash, upper, _mm512_set1_epi8(1));
  *values = _mm512_add_epi8(text, _mm512_shuffle_epi8(distance, entry));
  return _mm512_test_epi8_mask(_mm512_shuffle_epi8(wrong_lower, lower),
                               _mm512_shuffle_epi8(upper_bit, upper)) == 0;
}

/* Does as avx2.c does: each of four lanes gives 12 bytes, which are moved together. */
static inline void store_base64(uint8_t *bytes, __m512i values) {
  enum { TWELVE_WORDS = 0x0fff };
  __m512i twelves = _mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140));
  __m512i twenty_fours = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
  const __m512i order =
      _mm512_broadcast_i32x4(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  const __m512i together = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
  __m512i packed = _mm512_shuffle_epi8(twenty_fours, order);
  _mm512_mask_storeu_epi32(bytes, TWELVE_WORDS, _mm512_permutexvar_epi32(together, packed));
}

static inline bool decode_groups(uint8_t *bytes, const char *text) {
  __m512i values;
  bool ok = base64_values(_mm512_loadu_si512(text), &values);
  if (ok) {
    store_base64(bytes, values);
  }
  return ok;
}

const struct sl_kernels sl_kernels_avx512 = {
    .name = "avx512",
    .scan_spike_text = scan_spike_text,
    .make_template = make_template,
    .match_template = match_template,
    .add_columns = add_columns,
    .find_ones = find_ones,
    .add_reals = add_reals,
    .decode_base64 = decode_base64,
};
