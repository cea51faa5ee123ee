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

#include "kernels/bit_columns.h"
#include "kernels/spike_text.h"
#include "kernels/variants.h"

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

static inline bool repeats_layout(const char *text, const struct sl_text_layout *layout,
                                  uint64_t *low_bits) {
  __m512i bytes = _mm512_loadu_si512(text);
  __m512i expected = _mm512_loadu_si512(layout->expected);
  __m512i compared = _mm512_loadu_si512(layout->compared);
  __m512i difference = (bytes ^ expected) & compared;
  *low_bits = _mm512_test_epi8_mask(bytes, _mm512_set1_epi8(1));
  return _mm512_test_epi64_mask(difference, difference) == 0;
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

/* A mask of the first `count` of eight lanes, of all if there are more. */
static inline __mmask8 first_lanes(size_t count) {
  return (__mmask8)_bzhi_u32(0xff, count < 8 ? (unsigned)count : 8);
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
