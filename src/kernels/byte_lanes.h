/*
 * Base64 and packed bits with vectors of any width that consist of lanes of 16 bytes. A lane holds
 * four groups of base64.
 *
 * Included once by a variant, which has defined a type `byte_vector` of unsigned bytes, and defines
 * the functions declared below.
 */
#ifndef SPIKELOSS_KERNELS_BYTE_LANES_H
#define SPIKELOSS_KERNELS_BYTE_LANES_H

#include "kernels/base64_groups.h"

/* Copies 16 bytes into all lanes. */
static inline byte_vector in_all_lanes(__m128i lane);

/* Looks up bytes, in each lane, by the lowest four bits of the indices; -1 gives 0. */
static inline byte_vector look_up(byte_vector table, byte_vector indices);

static inline bool have_common_bits(byte_vector left, byte_vector right);

/* Joins neighbours: the first times the lower half of `worth` + the second times the upper half. */
static inline byte_vector join_bytes(byte_vector bytes, int16_t worth);
static inline byte_vector join_pairs(byte_vector pairs, int32_t worth);

/* Multiply numbers of 16 bits by the lower and the upper half of `factors` in turn; return the
 * upper or lower 16 bits of the products. */
static inline byte_vector multiply_high(byte_vector numbers, int32_t factors);
static inline byte_vector multiply_low(byte_vector numbers, int32_t factors);

/* Store the first 12 bytes of every lane without gaps, and load them. */
static inline void store_twelves(uint8_t *bytes, byte_vector lanes);
static inline byte_vector load_twelves(const uint8_t *bytes);

/*
 * Returns the six-bit values of characters; false if one of them is outside the alphabet. All
 * three tables are looked up by half a character. A character is wrong if the entries of its two
 * halves have a bit in common; what is added to a right one depends on its upper half, but for `/`.
 *
 *     upper half    2: + /    3: 0-9      4: A-O      5: P-Z      6: a-o      7: p-z     others
 *     its bit           1         2           4           8           4           8         16
 *     to be added   19, 16        4         -65         -65         -71         -71
 */
static inline bool base64_values(byte_vector text, byte_vector *values) {
  const byte_vector wrong_lower =
      in_all_lanes(_mm_setr_epi8(21, 17, 17, 17, 17, 17, 17, 17, 17, 17, 19, 26, 27, 27, 27, 26));
  const byte_vector upper_bit =
      in_all_lanes(_mm_setr_epi8(16, 16, 1, 2, 4, 8, 4, 8, 16, 16, 16, 16, 16, 16, 16, 16));
  const byte_vector distance =
      in_all_lanes(_mm_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0));
  byte_vector upper = text >> 4;
  byte_vector lower = text & 0x0f;
  byte_vector is_slash = (byte_vector)(text == '/'); /* -1: one entry before '+' */
  *values = text + look_up(distance, upper + is_slash);
  return !have_common_bits(look_up(wrong_lower, lower), look_up(upper_bit, upper));
}

/*
 * Makes three bytes of four six-bit values: pairs are joined to 12 bits, pairs of those to 24
 * bits, and the three bytes of each are moved together in big-endian order.
 */
static inline bool decode_groups(uint8_t *bytes, const char *text) {
  const byte_vector order =
      in_all_lanes(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  byte_vector characters, values;
  memcpy(&characters, text, sizeof characters);
  bool ok = base64_values(characters, &values);
  if (ok) {
    byte_vector twelves = join_bytes(values, 0x0140);
    byte_vector twenty_fours = join_pairs(twelves, 0x00011000);
    store_twelves(bytes, look_up(twenty_fours, order));
  }
  return ok;
}

/*
 * Makes characters of three bytes a, b, c, which are laid out as two numbers of 16 bits, ab and bc.
 * Each gives two of the six-bit values; multiplying by a power of two moves them to where they
 * belong, the second and fourth into upper bytes:
 *
 *     ab   aaaaaaaabbbbbbbb    1st  ab >> 10    2nd  (ab << 4) upper byte
 * *     bc   bbbbbbbbcccccccc    3rd  bc >> 6     4th  (bc << 8) upper byte
 */
static inline void encode_groups(char *text, const uint8_t *bytes) {
  const byte_vector order =
      in_all_lanes(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
  /* What is added to values 0-51, 52-61 (ten entries), 62, 63, and to those below 26. */
  const byte_vector distance = in_all_lanes(_mm_setr_epi8('a' - 26, -4, -4, -4, -4, -4, -4, -4, -4,
                                                          -4, -4, '+' - 62, '/' - 63, 'A', 0, 0));
  const byte_vector even = in_all_lanes(_mm_set1_epi16(0x00ff));
  byte_vector pairs = look_up(load_twelves(bytes), order);
  byte_vector first_and_third = multiply_high(pairs, 1 << 6 | 1 << 26);
  byte_vector second_and_fourth = multiply_low(pairs, 1 << 4 | 1 << 24);
  byte_vector values = ((first_and_third & even) | (second_and_fourth & ~even)) & 0x3f;
  byte_vector entry = (byte_vector)(values > 51) & (values - 51);
  entry |= (byte_vector)(values < 26) & 13;
  values += look_up(distance, entry);
  memcpy(text, &values, sizeof values);
}

/* Rows of up to 16 bytes are one vector, whose halves are compared until one byte is left. The last
 * rows are not: there are fewer bytes to load. */
static void find_largest(uint32_t *indices, bool *shared, const uint8_t *bytes, size_t rows,
                         size_t columns) {
  size_t row = 0;
  const __m128i lanes = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m128i used = _mm_cmpgt_epi8(_mm_set1_epi8((char)(columns <= 16 ? columns : 0)), lanes);
  for (; columns <= 16 && (rows - row) * columns >= 16; row++) {
    __m128i all = used & _mm_loadu_si128((const __m128i *)(const void *)(bytes + row * columns));
    __m128i largest = _mm_max_epu8(all, _mm_srli_si128(all, 8));
    largest = _mm_max_epu8(largest, _mm_srli_si128(largest, 4));
    largest = _mm_max_epu8(largest, _mm_srli_si128(largest, 2));
    largest = _mm_max_epu8(largest, _mm_srli_si128(largest, 1));
    __m128i is_largest = used & _mm_cmpeq_epi8(all, _mm_shuffle_epi8(largest, _mm_setzero_si128()));
    unsigned mask = (unsigned)_mm_movemask_epi8(is_largest);
    indices[row] = (uint32_t)__builtin_ctz(mask);
    shared[row] = (mask & (mask - 1)) != 0;
  }
  sl_kernels_scalar.find_largest(indices + row, shared + row, bytes + row * columns, rows - row,
                                 columns);
}

/* Each half of a byte is looked up, and goes to where the other half was. */
static void read_bits(void *words, const uint8_t *bytes, size_t count) {
  const byte_vector reversed =
      in_all_lanes(_mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15));
  size_t done = 0;
  for (; done + sizeof(byte_vector) <= count; done += sizeof(byte_vector)) {
    byte_vector vector;
    memcpy(&vector, bytes + done, sizeof vector);
    vector = look_up(reversed, vector & 0x0f) << 4 | look_up(reversed, vector >> 4);
    memcpy((uint8_t *)words + done, &vector, sizeof vector);
  }
  sl_kernels_scalar.read_bits((uint8_t *)words + done, bytes + done, count - done);
}

#endif
