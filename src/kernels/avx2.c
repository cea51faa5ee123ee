/*
 * Kernels for x86-64 with AVX2 and BMI2.
 *
 * What this processor does well: 32 bytes are compared at once; pext and pdep move the bits under
 * a mask together and apart.
 */
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

typedef __m256i bit_slice;
typedef struct {
  __m256i half[2];
} byte_counters;

typedef uint8_t byte_vector __attribute__((vector_size(32)));

enum { GROUPS_AT_ONCE = 8 };

#include "kernels/bit_columns.h"
#include "kernels/byte_lanes.h"
#include "kernels/numbers.h"
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

static inline bit_slice join_words(const uint64_t *words) {
  typedef uint64_t four_words __attribute__((vector_size(32)));
  return (bit_slice)(four_words){words[0], words[1], words[2], words[3]};
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

/* Loads up to four counts of 8 bytes, those that are used, or four of 1 byte. */
static inline __m256i load_counts(const void *counts, size_t count_bytes, __m256i used) {
  return count_bytes == 1 ? _mm256_cvtepu8_epi64(_mm_loadu_si32(counts))
                          : _mm256_maskload_epi64(counts, used);
}

static inline void store_counts(void *counts, size_t count_bytes, __m256i used, __m256i values) {
  if (count_bytes == 1) {
    const __m256i lowest = _mm256_set1_epi32(0x0800); /* bytes of the two lanes of each half */
    __m256i pairs = _mm256_shuffle_epi8(values, lowest);
    _mm_storeu_si32(counts, _mm_unpacklo_epi16(_mm256_castsi256_si128(pairs),
                                               _mm256_extracti128_si256(pairs, 1)));
  } else {
    _mm256_maskstore_epi64(counts, used, values);
  }
}

/* Adds up to four columns, those that are used; all of them where a count is 1 byte. What is
 * counted, and where an addition counts, are comparisons: they give all ones, which is -1, in the
 * lanes where they hold. */
static inline void add_four_columns(void *ones, void *graded, size_t count_bytes, double *sums,
                                    const double *values, size_t rows, size_t stride,
                                    __m256i used) {
  __m256i one_count = load_counts(ones, count_bytes, used);
  __m256i graded_count = load_counts(graded, count_bytes, used);
  __m256d sum = _mm256_maskload_pd(sums, used);
  for (size_t row = 0; row < rows; row++) {
    __m256d value = _mm256_maskload_pd(values + row * stride, used);
    __m256d is_one = _mm256_cmp_pd(value, _mm256_set1_pd(1), _CMP_EQ_OQ);
    __m256d is_zero = _mm256_cmp_pd(value, _mm256_setzero_pd(), _CMP_EQ_OQ);
    __m256d is_binary = _mm256_or_pd(is_one, is_zero);
    __m256i is_graded = ~_mm256_castpd_si256(is_binary);
    one_count = _mm256_sub_epi64(one_count, _mm256_castpd_si256(is_one));
    graded_count = _mm256_sub_epi64(graded_count, is_graded);
    sum = _mm256_blendv_pd(_mm256_add_pd(sum, value), sum, is_binary);
  }
  store_counts(ones, count_bytes, used, one_count);
  store_counts(graded, count_bytes, used, graded_count);
  _mm256_maskstore_pd(sums, used, sum);
}

static void add_reals(void *ones, void *graded, size_t count_bytes, double *sums,
                      const double *values, size_t rows, size_t stride, size_t columns) {
  const __m256i lanes = _mm256_setr_epi64x(0, 1, 2, 3);
  size_t column = 0;
  for (; column + 4 <= columns; column += 4) {
    add_four_columns((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
                     count_bytes, sums + column, values + column, rows, stride,
                     _mm256_set1_epi64x(-1));
  }
  char *last_ones = (char *)ones + column * count_bytes;
  char *last_graded = (char *)graded + column * count_bytes;
  if (count_bytes == 1) {
    sl_kernels_scalar.add_reals(last_ones, last_graded, count_bytes, sums + column, values + column,
                                rows, stride, columns - column);
  } else if (column < columns) {
    __m256i left = _mm256_set1_epi64x((long long)(columns - column));
    add_four_columns(last_ones, last_graded, count_bytes, sums + column, values + column, rows,
                     stride, _mm256_cmpgt_epi64(left, lanes));
  }
}

/* Adds numbers of 32 bits to up to eight counts; those of small counts are below 256. */
static inline void add_counts(char *counts, size_t count_bytes, __m256i more, size_t columns) {
  __m128i low = _mm256_castsi256_si128(more);
  __m128i high = _mm256_extracti128_si256(more, 1);
  if (columns == 8 && count_bytes == 1) {
    __m128i pairs = _mm_packus_epi32(low, high);
    __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)counts);
    bytes = _mm_add_epi8(bytes, _mm_packus_epi16(pairs, pairs));
    _mm_storel_epi64((__m128i *)(void *)counts, bytes);
  } else if (columns == 8) {
    __m256i *sums = (__m256i *)(void *)counts;
    _mm256_storeu_si256(sums,
                        _mm256_add_epi64(_mm256_loadu_si256(sums), _mm256_cvtepu32_epi64(low)));
    _mm256_storeu_si256(
        sums + 1, _mm256_add_epi64(_mm256_loadu_si256(sums + 1), _mm256_cvtepu32_epi64(high)));
  } else {
    uint32_t numbers[8];
    _mm256_storeu_si256((__m256i *)(void *)numbers, more);
    for (size_t i = 0; i < columns; i++) {
      sl_add_count(counts, count_bytes, i, numbers[i]);
    }
  }
}

/* Adds up to eight columns of floats, those that are used. Where a value is not graded, 0 is added
 * to the sum. Returns which sums are not finite. */
static inline int add_eight_columns(char *ones, char *graded, size_t count_bytes, double *sums,
                                    const uint8_t *bytes, size_t rows, size_t stride,
                                    size_t columns) {
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i used = _mm256_cmpgt_epi32(_mm256_set1_epi32((int)columns), lanes);
  const __m256i half_used[2] = {_mm256_cvtepi32_epi64(_mm256_castsi256_si128(used)),
                                _mm256_cvtepi32_epi64(_mm256_extracti128_si256(used, 1))};
  __m256i one_count = _mm256_setzero_si256();
  __m256i graded_count = _mm256_setzero_si256();
  __m256d sum[2] = {_mm256_maskload_pd(sums, half_used[0]),
                    _mm256_maskload_pd(sums + 4, half_used[1])};
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *here = bytes + row * stride * sizeof(float);
    __m256 value = _mm256_maskload_ps((const float *)(const void *)here, used);
    __m256 is_one = _mm256_cmp_ps(value, _mm256_set1_ps(1), _CMP_EQ_OQ);
    __m256 is_zero = _mm256_cmp_ps(value, _mm256_setzero_ps(), _CMP_EQ_OQ);
    __m256 is_binary = _mm256_or_ps(is_one, is_zero);
    one_count = _mm256_sub_epi32(one_count, _mm256_castps_si256(is_one));
    graded_count = _mm256_sub_epi32(graded_count, ~_mm256_castps_si256(is_binary));
    __m256 added = _mm256_andnot_ps(is_binary, value);
    sum[0] += _mm256_cvtps_pd(_mm256_castps256_ps128(added));
    sum[1] += _mm256_cvtps_pd(_mm256_extractf128_ps(added, 1));
  }
  add_counts(ones, count_bytes, one_count, columns);
  add_counts(graded, count_bytes, graded_count, columns);
  int not_finite = 0;
  for (size_t half = 0; half < 2; half++) {
    _mm256_maskstore_pd(sums + 4 * half, half_used[half], sum[half]);
    not_finite |=
        _mm256_movemask_pd(_mm256_cmp_pd(sum[half] - sum[half], _mm256_setzero_pd(), _CMP_NEQ_UQ));
  }
  return not_finite;
}

static bool add_singles(void *ones, void *graded, size_t count_bytes, double *sums,
                        const uint8_t *bytes, size_t rows, size_t columns) {
  int not_finite = 0;
  for (size_t column = 0; column < columns; column += 8) {
    size_t left = columns - column;
    not_finite |= add_eight_columns(
        (char *)ones + column * count_bytes, (char *)graded + column * count_bytes, count_bytes,
        sums + column, bytes + column * sizeof(float), rows, columns, left < 8 ? left : 8);
  }
  return not_finite == 0;
}

/* Copies a number of `width` bytes into all lanes. */
static inline __m256i in_all_numbers(uint64_t number, size_t width) {
  return width == 1   ? _mm256_set1_epi8((char)number)
         : width == 2 ? _mm256_set1_epi16((short)number)
         : width == 4 ? _mm256_set1_epi32((int)number)
                      : _mm256_set1_epi64x((long long)number);
}

static inline __m256i equal_numbers(__m256i left, __m256i right, size_t width) {
  return width == 1   ? _mm256_cmpeq_epi8(left, right)
         : width == 2 ? _mm256_cmpeq_epi16(left, right)
         : width == 4 ? _mm256_cmpeq_epi32(left, right)
                      : _mm256_cmpeq_epi64(left, right);
}

/* Returns a bit for each number of a comparison. */
static inline uint64_t bits_of_numbers(__m256i held, size_t width) {
  if (width == 8) {
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(held));
  }
  if (width == 4) {
    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(held));
  }
  uint32_t bits = (uint32_t)_mm256_movemask_epi8(held);
  return width == 1 ? bits : _pext_u32(bits, 0x55555555);
}

static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one) {
  const __m256i ones = in_all_numbers(one, width);
  const __m256i all = _mm256_set1_epi8(-1);
  __m256i binary = all;
  uint64_t found = 0;
  for (size_t i = 0; i < 2 * width; i++) {
    __m256i numbers = _mm256_loadu_si256((const __m256i *)(const void *)bytes + i);
    __m256i is_one = equal_numbers(numbers, ones, width);
    binary &= is_one | equal_numbers(numbers, _mm256_setzero_si256(), width);
    found |= bits_of_numbers(is_one, width) << (32 / width * i);
  }
  *bits = found;
  return _mm256_testc_si256(binary, all);
}

static inline byte_vector in_all_lanes(__m128i lane) {
  return (byte_vector)_mm256_broadcastsi128_si256(lane);
}

static inline byte_vector look_up(byte_vector table, byte_vector indices) {
  return (byte_vector)_mm256_shuffle_epi8((__m256i)table, (__m256i)indices);
}

static inline bool have_common_bits(byte_vector left, byte_vector right) {
  return !_mm256_testz_si256((__m256i)left, (__m256i)right);
}

static inline byte_vector join_bytes(byte_vector bytes, int16_t worth) {
  return (byte_vector)_mm256_maddubs_epi16((__m256i)bytes, _mm256_set1_epi16(worth));
}

static inline byte_vector join_pairs(byte_vector pairs, int32_t worth) {
  return (byte_vector)_mm256_madd_epi16((__m256i)pairs, _mm256_set1_epi32(worth));
}

static inline byte_vector multiply_high(byte_vector numbers, int32_t factors) {
  return (byte_vector)_mm256_mulhi_epu16((__m256i)numbers, _mm256_set1_epi32(factors));
}

static inline byte_vector multiply_low(byte_vector numbers, int32_t factors) {
  return (byte_vector)_mm256_mullo_epi16((__m256i)numbers, _mm256_set1_epi32(factors));
}

static inline void store_twelves(uint8_t *bytes, byte_vector lanes) {
  __m256i packed =
      _mm256_permutevar8x32_epi32((__m256i)lanes, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
  _mm_storeu_si128((__m128i *)(void *)bytes, _mm256_castsi256_si128(packed));
  _mm_storel_epi64((__m128i *)(void *)(bytes + 16), _mm256_extracti128_si256(packed, 1));
}

static inline byte_vector load_twelves(const uint8_t *bytes) {
  const __m256i six_words = _mm256_setr_epi32(-1, -1, -1, -1, -1, -1, 0, 0);
  __m256i packed = _mm256_maskload_epi32((const int *)(const void *)bytes, six_words);
  return (byte_vector)_mm256_permutevar8x32_epi32(packed,
                                                  _mm256_setr_epi32(0, 1, 2, 6, 3, 4, 5, 7));
}

const struct sl_kernels sl_kernels_avx2 = {
    .name = "avx2",
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
