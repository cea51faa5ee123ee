/*
 * Kernels for x86-64 with AVX-512 (F, BW, VL) and BMI2.
 *
 * What AVX-512 gains over avx2.c: a comparison of 64 bytes gives its mask at once; a full adder of
 * bit slices is two operations instead of five; and a mask of 64 columns adds to 64 byte counters
 * in one masked instruction.
 */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

typedef __m512i bit_slice;
typedef __m512i byte_counters;

typedef uint8_t byte_vector __attribute__((vector_size(64)));

enum { GROUPS_AT_ONCE = 16 };

#include "kernels/bit_columns.h"
#include "kernels/byte_lanes.h"
#include "kernels/numbers.h"
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

static inline bit_slice join_words(const uint64_t *words) {
  typedef uint64_t eight_words __attribute__((vector_size(64)));
  return (bit_slice)(eight_words){words[0], words[1], words[2], words[3],
                                  words[4], words[5], words[6], words[7]};
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

/* Loads up to eight counts of 1 byte or 8, those that are used. */
static inline __m512i load_counts(const void *counts, size_t count_bytes, __mmask8 used) {
  return count_bytes == 1 ? _mm512_cvtepu8_epi64(_mm_maskz_loadu_epi8(used, counts))
                          : _mm512_maskz_loadu_epi64(used, counts);
}

static inline void store_counts(void *counts, size_t count_bytes, __mmask8 used, __m512i values) {
  if (count_bytes == 1) {
    _mm_mask_storeu_epi8(counts, used, _mm512_cvtepi64_epi8(values));
  } else {
    _mm512_mask_storeu_epi64(counts, used, values);
  }
}

/* Adds up to eight columns, those that are used. */
static inline void add_eight_columns(void *ones, void *graded, size_t count_bytes, double *sums,
                                     const double *values, size_t rows, size_t stride,
                                     __mmask8 used) {
  const __m512i one = _mm512_set1_epi64(1);
  __m512i one_count = load_counts(ones, count_bytes, used);
  __m512i graded_count = load_counts(graded, count_bytes, used);
  __m512d sum = _mm512_maskz_loadu_pd(used, sums);
  for (size_t row = 0; row < rows; row++) {
    __m512d value = _mm512_maskz_loadu_pd(used, values + row * stride);
    __mmask8 is_one = _mm512_cmp_pd_mask(value, _mm512_set1_pd(1), _CMP_EQ_OQ);
    __mmask8 is_graded = _mm512_cmp_pd_mask(value, _mm512_setzero_pd(), _CMP_NEQ_OQ) ^ is_one;
    one_count = _mm512_mask_add_epi64(one_count, is_one, one_count, one);
    graded_count = _mm512_mask_add_epi64(graded_count, is_graded, graded_count, one);
    sum = _mm512_mask_add_pd(sum, is_graded, sum, value);
  }
  store_counts(ones, count_bytes, used, one_count);
  store_counts(graded, count_bytes, used, graded_count);
  _mm512_mask_storeu_pd(sums, used, sum);
}

/* Whole vectors are apart, so that the compiler knows that all of their columns are used. */
static void add_reals(void *ones, void *graded, size_t count_bytes, double *sums,
                      const double *values, size_t rows, size_t stride, size_t columns) {
  size_t column = 0;
  for (; column + 8 <= columns; column += 8) {
    add_eight_columns((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
                      count_bytes, sums + column, values + column, rows, stride, 0xff);
  }
  if (column < columns) {
    add_eight_columns((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
                      count_bytes, sums + column, values + column, rows, stride,
                      first_lanes(columns - column));
  }
}

/* Adds numbers of 32 bits to up to sixteen counts, those that are used. Whole vectors of bytes are
 * stored without a mask: a load next to a masked store would wait for it. */
static inline void add_counts(char *counts, size_t count_bytes, __mmask16 used, __m512i more) {
  __m128i bytes = _mm512_cvtepi32_epi8(more);
  if (count_bytes == 1 && used == 0xffff) {
    bytes = _mm_add_epi8(bytes, _mm_loadu_si128((const __m128i *)(const void *)counts));
    _mm_storeu_si128((__m128i *)(void *)counts, bytes);
  } else if (count_bytes == 1) {
    bytes = _mm_add_epi8(bytes, _mm_maskz_loadu_epi8(used, counts));
    _mm_mask_storeu_epi8(counts, used, bytes);
  } else {
    const __m256i halves[2] = {_mm512_castsi512_si256(more), _mm512_extracti64x4_epi64(more, 1)};
    for (size_t half = 0; half < 2; half++) {
      __mmask8 here = (__mmask8)(used >> (8 * half));
      __m512i sum = _mm512_maskz_loadu_epi64(here, counts + 64 * half);
      sum = _mm512_add_epi64(sum, _mm512_cvtepu32_epi64(halves[half]));
      _mm512_mask_storeu_epi64(counts + 64 * half, here, sum);
    }
  }
}

/* Adds up to sixteen columns of floats, those that are used. Where a value is not graded, 0 is
 * added to the sum. Returns which sums are not finite. */
static inline unsigned add_sixteen_columns(char *ones, char *graded, size_t count_bytes,
                                           double *sums, const uint8_t *bytes, size_t rows,
                                           size_t stride, __mmask16 used) {
  const __m512i one = _mm512_set1_epi32(1);
  const __mmask8 half_used[2] = {(__mmask8)used, (__mmask8)(used >> 8)};
  __m512i fired_count = _mm512_setzero_si512();
  __m512i graded_count = _mm512_setzero_si512();
  __m512d sum[2] = {_mm512_maskz_loadu_pd(half_used[0], sums),
                    _mm512_maskz_loadu_pd(half_used[1], sums + 8)};
  for (size_t row = 0; row < rows; row++) {
    __m512 value = _mm512_maskz_loadu_ps(used, bytes + row * stride * sizeof(float));
    __mmask16 fired = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    __mmask16 is_graded = _mm512_mask_cmp_ps_mask(fired, value, _mm512_set1_ps(1), _CMP_NEQ_UQ);
    fired_count = _mm512_mask_add_epi32(fired_count, fired, fired_count, one);
    graded_count = _mm512_mask_add_epi32(graded_count, is_graded, graded_count, one);
    __m512d added = _mm512_castps_pd(_mm512_maskz_mov_ps(is_graded, value));
    sum[0] += _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_castpd512_pd256(added)));
    sum[1] += _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(added, 1)));
  }
  add_counts(ones, count_bytes, used, _mm512_sub_epi32(fired_count, graded_count));
  add_counts(graded, count_bytes, used, graded_count);
  unsigned not_finite = 0;
  for (size_t half = 0; half < 2; half++) {
    _mm512_mask_storeu_pd(sums + 8 * half, half_used[half], sum[half]);
    not_finite |= _mm512_cmp_pd_mask(sum[half] - sum[half], _mm512_setzero_pd(), _CMP_NEQ_UQ);
  }
  return not_finite;
}

static bool add_singles(void *ones, void *graded, size_t count_bytes, double *sums,
                        const uint8_t *bytes, size_t rows, size_t columns) {
  unsigned not_finite = 0;
  for (size_t column = 0; column < columns; column += 16) {
    size_t left = columns - column;
    __mmask16 used = (__mmask16)_bzhi_u32(0xffff, left < 16 ? (unsigned)left : 16);
    not_finite |= add_sixteen_columns(
        (char *)ones + column * count_bytes, (char *)graded + column * count_bytes, count_bytes,
        sums + column, bytes + column * sizeof(float), rows, columns, used);
  }
  return not_finite == 0;
}

/* Returns a bit for each number of `width` bytes that is `one`, and adds to *others all bits of
 * those that are neither that nor 0. */
static inline uint64_t find_numbers(__m512i numbers, uint64_t one, size_t width, __m512i *others) {
  __m512i ones = width == 1   ? _mm512_set1_epi8((char)one)
                 : width == 2 ? _mm512_set1_epi16((short)one)
                 : width == 4 ? _mm512_set1_epi32((int)one)
                              : _mm512_set1_epi64((long long)one);
  uint64_t found = width == 1   ? _mm512_cmpeq_epi8_mask(numbers, ones)
                   : width == 2 ? _mm512_cmpeq_epi16_mask(numbers, ones)
                   : width == 4 ? _mm512_cmpeq_epi32_mask(numbers, ones)
                                : _mm512_cmpeq_epi64_mask(numbers, ones);
  __m512i expected = width == 1   ? _mm512_maskz_mov_epi8((__mmask64)found, ones)
                     : width == 2 ? _mm512_maskz_mov_epi16((__mmask32)found, ones)
                     : width == 4 ? _mm512_maskz_mov_epi32((__mmask16)found, ones)
                                  : _mm512_maskz_mov_epi64((__mmask8)found, ones);
  *others |= numbers ^ expected;
  return found;
}

static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one) {
  __m512i others = _mm512_setzero_si512();
  uint64_t found = 0;
  for (size_t i = 0; i < width; i++) {
    __m512i numbers = _mm512_loadu_si512(bytes + 64 * i);
    found |= find_numbers(numbers, one, width, &others) << (64 / width * i);
  }
  *bits = found;
  return _mm512_test_epi64_mask(others, others) == 0;
}

static inline byte_vector in_all_lanes(__m128i lane) {
  return (byte_vector)_mm512_broadcast_i32x4(lane);
}

static inline byte_vector look_up(byte_vector table, byte_vector indices) {
  return (byte_vector)_mm512_shuffle_epi8((__m512i)table, (__m512i)indices);
}

static inline bool have_common_bits(byte_vector left, byte_vector right) {
  return _mm512_test_epi8_mask((__m512i)left, (__m512i)right) != 0;
}

static inline byte_vector join_bytes(byte_vector bytes, int16_t worth) {
  return (byte_vector)_mm512_maddubs_epi16((__m512i)bytes, _mm512_set1_epi16(worth));
}

static inline byte_vector join_pairs(byte_vector pairs, int32_t worth) {
  return (byte_vector)_mm512_madd_epi16((__m512i)pairs, _mm512_set1_epi32(worth));
}

static inline byte_vector multiply_high(byte_vector numbers, int32_t factors) {
  return (byte_vector)_mm512_mulhi_epu16((__m512i)numbers, _mm512_set1_epi32(factors));
}

static inline byte_vector multiply_low(byte_vector numbers, int32_t factors) {
  return (byte_vector)_mm512_mullo_epi16((__m512i)numbers, _mm512_set1_epi32(factors));
}

enum { TWELVE_WORDS = 0x0fff };

static inline void store_twelves(uint8_t *bytes, byte_vector lanes) {
  const __m512i together = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
  _mm512_mask_storeu_epi32(bytes, TWELVE_WORDS, _mm512_permutexvar_epi32(together, (__m512i)lanes));
}

static inline byte_vector load_twelves(const uint8_t *bytes) {
  const __m512i apart = _mm512_setr_epi32(0, 1, 2, 12, 3, 4, 5, 13, 6, 7, 8, 14, 9, 10, 11, 15);
  __m512i packed = _mm512_maskz_loadu_epi32(TWELVE_WORDS, bytes);
  return (byte_vector)_mm512_permutexvar_epi32(apart, packed);
}

const struct sl_kernels sl_kernels_avx512 = {
    .name = "avx512",
    .scan_spike_text = scan_spike_text,
    .make_template = make_template,
    .match_template = match_template,
    .add_columns = add_columns,
    .find_ones = find_ones,
    .add_reals = add_reals,
    .add_singles = add_singles,
    .pack_numbers = pack_numbers,
    .read_singles = read_singles,
    .write_singles = write_singles,
    .add_moments = add_moments,
    .find_largest = find_largest,
    .read_bits = read_bits,
    .decode_base64 = decode_base64,
    .encode_base64 = encode_base64,
};
