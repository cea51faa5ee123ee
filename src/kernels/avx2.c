/*
 * Kernels for x86-64 with AVX2 and BMI2.
 *
 * What this processor does well: 32 bytes are compared at once; pext and pdep move the bits under
 * a mask together and apart.
 */
#include <immintrin.h>
#include <string.h>

typedef __m256i bit_slice;
typedef struct {
  __m256i half[2];
} byte_counters;

enum { GROUPS_AT_ONCE = 8 };

#include "kernels/base64_groups.h"
#include "kernels/bit_columns.h"
#include "kernels/spike_text.h"

/* Loads half of a block of 64 bytes, which is two vectors. */
static inline __m256i load_half(const void *block, size_t half) {
  return _mm256_loadu_si256((const __m256i *)block + half);
}

/* Returns the highest bits of all bytes. */
static inline uint64_t join(__m256i low, __m256i high) {
  return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t compare_block(const char *text, const char *expected, uint64_t *low_bits) {
  __m256i low = load_half(text, 0) ^ load_half(expected, 0);
  __m256i high = load_half(text, 1) ^ load_half(expected, 1);
  const __m256i one = _mm256_set1_epi8(1);
  *low_bits = join(_mm256_slli_epi16(low, 7), _mm256_slli_epi16(high, 7));
  return ~join(_mm256_cmpeq_epi8(_mm256_max_epu8(low, one), one),
               _mm256_cmpeq_epi8(_mm256_max_epu8(high, one), one));
}

static inline uint64_t equal_to(__m256i low, __m256i high, char character) {
  __m256i wanted = _mm256_set1_epi8(character);
  return join(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
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

static inline bit_slice load_columns(const uint8_t *bits, size_t first_bit) {
  const uint8_t *bytes = bits + first_bit / 8;
  int shift = (int)(first_bit % 8);
  __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
  __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 8));
  return _mm256_or_si256(_mm256_srl_epi64(low, _mm_cvtsi32_si128(shift)),
                         _mm256_sll_epi64(high, _mm_cvtsi32_si128(64 - shift)));
}

/* Gives every lane a copy of the byte with its bit, and keeps that bit alone. */
static inline void add_where(byte_counters *counters, uint64_t bits, unsigned worth) {
  const __m256i bytes =
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
  const __m256i lane_bits = _mm256_set1_epi64x((long long)0x8040201008040201);
  for (size_t half = 0; half < 2; half++) {
    __m256i copies =
        _mm256_shuffle_epi8(_mm256_set1_epi32((int)(uint32_t)(bits >> (32 * half))), bytes);
    __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(copies, lane_bits), lane_bits);
    __m256i more = _mm256_and_si256(is_set, _mm256_set1_epi8((char)worth));
    counters->half[half] = _mm256_add_epi8(counters->half[half], more);
  }
}

static uint64_t find_ones(const double *values, size_t count, bool *binary) {
  uint64_t ones = 0;
  uint64_t zeros = 0;
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    __m256d value = _mm256_loadu_pd(values + i);
    __m256d is_one = _mm256_cmp_pd(value, _mm256_set1_pd(1), _CMP_EQ_OQ);
    __m256d is_zero = _mm256_cmp_pd(value, _mm256_setzero_pd(), _CMP_EQ_OQ);
    ones |= (uint64_t)(unsigned)_mm256_movemask_pd(is_one) << i;
    zeros |= (uint64_t)(unsigned)_mm256_movemask_pd(is_zero) << i;
  }
  bool rest_is_binary = true;
  if (i < count) {
    ones |= sl_find_ones_scalar(values + i, count - i, &rest_is_binary) << i;
  }
  *binary = rest_is_binary && (ones | zeros | ~_bzhi_u64(UINT64_MAX, (unsigned)i)) == UINT64_MAX;
  return ones;
}

/* Subtracts where a comparison held: it gives all ones, which is -1. */
static inline __m256i count_lanes(__m256i counts, __m256d held) {
  return _mm256_sub_epi64(counts, _mm256_castpd_si256(held));
}

/* Adds four columns of all rows. */
static inline void add_four(uint64_t *ones, uint64_t *graded, double *sums, const double *values,
                            size_t rows, size_t columns) {
  __m256i *one_counts = (__m256i *)(void *)ones;
  __m256i *graded_counts = (__m256i *)(void *)graded;
  __m256i one_count = _mm256_loadu_si256(one_counts);
  __m256i graded_count = _mm256_loadu_si256(graded_counts);
  __m256d sum = _mm256_loadu_pd(sums);
  for (size_t row = 0; row < rows; row++) {
    __m256d value = _mm256_loadu_pd(values + row * columns);
    __m256d is_one = _mm256_cmp_pd(value, _mm256_set1_pd(1), _CMP_EQ_OQ);
    __m256d is_graded =
        _mm256_andnot_pd(is_one, _mm256_cmp_pd(value, _mm256_setzero_pd(), _CMP_NEQ_OQ));
    one_count = count_lanes(one_count, is_one);
    graded_count = count_lanes(graded_count, is_graded);
    sum = _mm256_blendv_pd(sum, _mm256_add_pd(sum, value), is_graded);
  }
  _mm256_storeu_si256(one_counts, one_count);
  _mm256_storeu_si256(graded_counts, graded_count);
  _mm256_storeu_pd(sums, sum);
}

static void add_reals(uint64_t *ones, uint64_t *graded, double *sums, const double *values,
                      size_t rows, size_t columns) {
  size_t column = 0;
  for (; column + 4 <= columns; column += 4) {
    add_four(ones + column, graded + column, sums + column, values + column, rows, columns);
  }
  sl_add_reals_scalar(ones, graded, sums, values, rows, columns, column);
}

/*
 * Returns the six-bit values of 32 characters; false if one of them is outside the alphabet. All
 * three tables are looked up by half a character. A character is wrong if the entries of its two
 * halves have a bit in common; what is added to a right one depends on its upper half, but for `/`.
 *
 *     upper half    2: + /    3: 0-9      4: A-O      5: P-Z      6: a-o      7: p-z     others
 *     its bit           1         2           4           8           4           8         16
 *     to be added   19, 16        4         -65         -65         -71         -71
 */
static inline bool base64_values(__m256i text, __m256i *values) {
  const __m256i wrong_lower = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26));
  const __m256i upper_bit = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16));
  const __m256i distance = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  __m256i half = _mm256_set1_epi8(0x0f);
  __m256i upper = _mm256_and_si256(_mm256_srli_epi16(text, 4), half);
  __m256i lower = _mm256_and_si256(text, half);
  __m256i is_slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/')); /* -1: one entry before '+' */
  *values = _mm256_add_epi8(text, _mm256_shuffle_epi8(distance, _mm256_add_epi8(upper, is_slash)));
  return _mm256_testz_si256(_mm256_shuffle_epi8(wrong_lower, lower),
                            _mm256_shuffle_epi8(upper_bit, upper));
}

/*
 * Makes three bytes of four six-bit values: pairs are joined to 12 bits, pairs of those to 24
 * bits, and the three bytes of each are moved together in big-endian order. Each half of 16
 * characters gives 12 bytes; the second twelve are moved after the first.
 */
static inline void store_base64(uint8_t *bytes, __m256i values) {
  __m256i twelves = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
  __m256i twenty_fours = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
  const __m256i order = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  __m256i packed = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(twenty_fours, order),
                                               _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
  _mm_storeu_si128((__m128i *)(void *)bytes, _mm256_castsi256_si128(packed));
  _mm_storel_epi64((__m128i *)(void *)(bytes + 16), _mm256_extracti128_si256(packed, 1));
}

static inline bool decode_groups(uint8_t *bytes, const char *text) {
  __m256i values;
  bool ok = base64_values(_mm256_loadu_si256((const __m256i *)(const void *)text), &values);
  if (ok) {
    store_base64(bytes, values);
  }
  return ok;
}

const struct sl_kernels sl_kernels_avx2 = {
    .name = "avx2",
    .scan_spike_text = scan_spike_text,
    .make_template = make_template,
    .match_template = match_template,
    .add_columns = add_columns,
    .find_ones = find_ones,
    .add_reals = add_reals,
    .decode_base64 = decode_base64,
};
