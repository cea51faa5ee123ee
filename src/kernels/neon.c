/*
 * Kernels for 64-bit ARM with NEON, which every such processor has.
 *
 * There is no instruction that makes a mask of a comparison. Each byte of it is cut down to the one
 * bit that it means, and neighbours are added until eight bytes are one:
 *
 *     comparison   ff 00 ff ff 00 00 00 ff          and weights   01 02 04 08 10 20 40 80
 *     bits         01 00 04 08 00 00 00 80          their sum     8d, the mask of the eight bytes
 *
 * Nor is there pext; extract_bits is done by shifts.
 */
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64x2_t bit_slice;
typedef struct {
  uint8x16_t part[4];
} byte_counters;

enum { GROUPS_AT_ONCE = 16 };

#include "kernels/base64_groups.h"
#include "kernels/bit_columns.h"
#include "kernels/numbers.h"
#include "kernels/spike_text.h"

/* 64 bytes of text, or of what was made of them. */
struct four_vectors {
  uint8x16_t part[4];
};

static inline struct four_vectors load_block(const void *bytes) {
  const uint8_t *first = bytes;
  return (struct four_vectors){
      {vld1q_u8(first), vld1q_u8(first + 16), vld1q_u8(first + 32), vld1q_u8(first + 48)}};
}

/* Returns one bit for each of 64 bytes that are all ones or all zeros. */
static inline uint64_t to_mask(struct four_vectors held) {
  const uint8x16_t weights = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  uint8x16_t low = vpaddq_u8(vandq_u8(held.part[0], weights), vandq_u8(held.part[1], weights));
  uint8x16_t high = vpaddq_u8(vandq_u8(held.part[2], weights), vandq_u8(held.part[3], weights));
  uint8x16_t quarters = vpaddq_u8(low, high);
  return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(quarters, quarters)), 0);
}

static inline uint64_t equal_to(struct four_vectors text, char character) {
  uint8x16_t wanted = vdupq_n_u8((uint8_t)character);
  for (size_t i = 0; i < 4; i++) {
    text.part[i] = vceqq_u8(text.part[i], wanted);
  }
  return to_mask(text);
}

/* Finds white space. Looked up by its low four bits, a white space character finds itself, others
 * never do. */
static inline uint64_t white_space(struct four_vectors text) {
  const uint8x16_t table = {' ', 255,  255,  255, 255, 255,  255, 255,
                            255, '\t', '\n', 255, 255, '\r', 255, 0};
  for (size_t i = 0; i < 4; i++) {
    uint8x16_t low_bits = vandq_u8(text.part[i], vdupq_n_u8(0x0f));
    text.part[i] = vceqq_u8(vqtbl1q_u8(table, low_bits), text.part[i]);
  }
  return to_mask(text);
}

static inline struct text_block classify_block(const char *text) {
  struct four_vectors bytes = load_block(text);
  return (struct text_block){
      .zeros = equal_to(bytes, '0'),
      .ones = equal_to(bytes, '1'),
      .points = equal_to(bytes, '.'),
      .commas = equal_to(bytes, ','),
      .opens = equal_to(bytes, '['),
      .closes = equal_to(bytes, ']'),
      .spaces = white_space(bytes),
  };
}

/* Returns in bit i: the number of mask bits below bit i, and bit i itself, is odd. */
static inline uint64_t parity_up_to(uint64_t mask) {
  for (unsigned distance = 1; distance < 64; distance *= 2) {
    mask ^= mask << distance;
  }
  return mask;
}

/*
 * Moves the bits under the mask together. Each has to move down by as many bits as there are gaps
 * below it. Six rounds move it by 1, 2, 4, … bits, in those where its distance has that binary
 * digit: the parity of the gaps below is the lowest digit, of every second gap the next, and so
 * on.
 */
static inline uint64_t extract_bits(uint64_t source, uint64_t mask) {
  source &= mask;
  uint64_t gaps = ~mask << 1;
  for (unsigned distance = 1; distance < 64; distance *= 2) {
    uint64_t odd = parity_up_to(gaps);
    uint64_t moving = odd & mask;
    uint64_t bits = source & moving;
    mask = (mask ^ moving) | moving >> distance;
    source = (source ^ bits) | bits >> distance;
    gaps &= ~odd;
  }
  return source;
}

static inline uint64_t compare_block(const char *text, const char *expected, uint64_t *low_bits) {
  struct four_vectors low = load_block(text);
  struct four_vectors others = load_block(expected);
  for (size_t i = 0; i < 4; i++) {
    uint8x16_t difference = veorq_u8(low.part[i], others.part[i]);
    low.part[i] = vtstq_u8(difference, vdupq_n_u8(1));
    others.part[i] = vcgtq_u8(difference, vdupq_n_u8(1));
  }
  *low_bits = to_mask(low);
  return to_mask(others);
}

static inline bit_slice load_columns(const uint8_t *bits, size_t first_bit) {
  const uint8_t *bytes = bits + first_bit / 8;
  int64_t shift = (int64_t)(first_bit % 8);
  uint64x2_t low = vreinterpretq_u64_u8(vld1q_u8(bytes));
  uint64x2_t high = vreinterpretq_u64_u8(vld1q_u8(bytes + 8));
  return vorrq_u64(vshlq_u64(low, vdupq_n_s64(-shift)), vshlq_u64(high, vdupq_n_s64(64 - shift)));
}

static inline bit_slice join_words(const uint64_t *words) {
  return vcombine_u64(vcreate_u64(words[0]), vcreate_u64(words[1]));
}

/* Gives every lane a copy of the byte with its bit, and keeps that bit alone. */
static inline void add_where(byte_counters *counters, uint64_t bits, unsigned worth) {
  const uint8x16_t lane_bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  for (size_t part = 0; part < 4; part++, bits >>= 16) {
    uint8x16_t copies = vcombine_u8(vdup_n_u8((uint8_t)bits), vdup_n_u8((uint8_t)(bits >> 8)));
    uint8x16_t more = vandq_u8(vtstq_u8(copies, lane_bits), vdupq_n_u8((uint8_t)worth));
    counters->part[part] = vaddq_u8(counters->part[part], more);
  }
}

/* Loads two counts of 1 byte or 8. */
static inline uint64x2_t load_counts(const void *counts, size_t count_bytes) {
  const uint8_t *small = counts;
  return count_bytes == 1 ? vcombine_u64(vcreate_u64(small[0]), vcreate_u64(small[1]))
                          : vld1q_u64(counts);
}

static inline void store_counts(void *counts, size_t count_bytes, uint64x2_t values) {
  uint8_t *small = counts;
  if (count_bytes == 1) {
    small[0] = (uint8_t)vgetq_lane_u64(values, 0);
    small[1] = (uint8_t)vgetq_lane_u64(values, 1);
  } else {
    vst1q_u64(counts, values);
  }
}

/* Adds two columns. Comparisons give all ones, which is -1, in the lanes where they hold. */
static inline void add_two_columns(void *ones, void *graded, size_t count_bytes, double *sums,
                                   const double *values, size_t rows, size_t stride) {
  uint64x2_t one_count = load_counts(ones, count_bytes);
  uint64x2_t graded_count = load_counts(graded, count_bytes);
  float64x2_t sum = vld1q_f64(sums);
  for (size_t row = 0; row < rows; row++) {
    float64x2_t value = vld1q_f64(values + row * stride);
    uint64x2_t is_one = vceqq_f64(value, vdupq_n_f64(1));
    uint64x2_t is_binary = vorrq_u64(is_one, vceqzq_f64(value));
    one_count = vsubq_u64(one_count, is_one);
    graded_count = vsubq_u64(graded_count, vceqzq_u64(is_binary));
    sum = vbslq_f64(is_binary, sum, vaddq_f64(sum, value));
  }
  store_counts(ones, count_bytes, one_count);
  store_counts(graded, count_bytes, graded_count);
  vst1q_f64(sums, sum);
}

static void add_reals(void *ones, void *graded, size_t count_bytes, double *sums,
                      const double *values, size_t rows, size_t stride, size_t columns) {
  char *one_counts = ones;
  char *graded_counts = graded;
  size_t column = 0;
  for (; column + 2 <= columns; column += 2) {
    add_two_columns(one_counts, graded_counts, count_bytes, sums + column, values + column, rows,
                    stride);
    one_counts += 2 * count_bytes;
    graded_counts += 2 * count_bytes;
  }
  sl_kernels_scalar.add_reals(one_counts, graded_counts, count_bytes, sums + column,
                              values + column, rows, stride, columns - column);
}

/* Adds four columns of floats. Where a value is not graded, 0 is added to the sum. Returns false if
 * a sum is not finite. */
static inline bool add_four_columns(char *ones, char *graded, size_t count_bytes, double *sums,
                                    const uint8_t *bytes, size_t rows, size_t stride) {
  uint32x4_t one_count = vdupq_n_u32(0);
  uint32x4_t graded_count = vdupq_n_u32(0);
  float64x2_t low = vld1q_f64(sums);
  float64x2_t high = vld1q_f64(sums + 2);
  for (size_t row = 0; row < rows; row++) {
    uint32x4_t pattern = vreinterpretq_u32_u8(vld1q_u8(bytes + row * stride * sizeof(float)));
    float32x4_t value = vreinterpretq_f32_u32(pattern);
    uint32x4_t is_one = vceqq_f32(value, vdupq_n_f32(1));
    uint32x4_t is_graded = vmvnq_u32(vorrq_u32(is_one, vceqzq_f32(value)));
    one_count = vsubq_u32(one_count, is_one);
    graded_count = vsubq_u32(graded_count, is_graded);
    float32x4_t added = vreinterpretq_f32_u32(vandq_u32(pattern, is_graded));
    low = vaddq_f64(low, vcvt_f64_f32(vget_low_f32(added)));
    high = vaddq_f64(high, vcvt_high_f64_f32(added));
  }
  for (size_t i = 0; i < 4; i++) {
    sl_add_count(ones, count_bytes, i, one_count[i]);
    sl_add_count(graded, count_bytes, i, graded_count[i]);
  }
  vst1q_f64(sums, low);
  vst1q_f64(sums + 2, high);
  uint64x2_t finite = vandq_u64(vceqzq_f64(vsubq_f64(low, low)), vceqzq_f64(vsubq_f64(high, high)));
  return (vgetq_lane_u64(finite, 0) & vgetq_lane_u64(finite, 1)) != 0;
}

/* Columns after the last four are added as doubles. */
static bool add_singles(void *ones, void *graded, size_t count_bytes, double *sums,
                        const uint8_t *bytes, size_t rows, size_t columns) {
  bool finite = true;
  size_t column = 0;
  for (; column + 4 <= columns; column += 4) {
    finite &=
        add_four_columns((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
                         count_bytes, sums + column, bytes + column * sizeof(float), rows, columns);
  }
  for (size_t row = 0; row < rows && column < columns; row++) {
    double values[4];
    finite &=
        read_singles(values, bytes + (row * columns + column) * sizeof(float), columns - column);
    add_reals((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
              count_bytes, sums + column, values, 1, columns - column, columns - column);
  }
  return finite;
}

/* Returns the six-bit values of 16 characters; lanes of *known that hold one of the alphabet are
 * set. */
static inline uint8x16_t base64_values(uint8x16_t text, uint8x16_t *known) {
  static const struct {
    uint8_t first, last, value;
  } ranges[] = {{'A', 'Z', 0}, {'a', 'z', 26}, {'0', '9', 52}, {'+', '+', 62}, {'/', '/', 63}};
  uint8x16_t all = vdupq_n_u8(0);
  uint8x16_t values = vdupq_n_u8(0);
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    uint8x16_t distance = vsubq_u8(text, vdupq_n_u8(ranges[i].first));
    uint8x16_t here = vcleq_u8(distance, vdupq_n_u8((uint8_t)(ranges[i].last - ranges[i].first)));
    all = vorrq_u8(all, here);
    values = vorrq_u8(values, vandq_u8(here, vaddq_u8(distance, vdupq_n_u8(ranges[i].value))));
  }
  *known = vandq_u8(*known, all);
  return values;
}

/* Decodes 16 groups. vld4 sorts the characters by their index in the group, vst3 puts the bytes
 * back in line. */
static inline bool decode_groups(uint8_t *bytes, const char *text) {
  uint8x16x4_t characters = vld4q_u8((const uint8_t *)text);
  uint8x16_t known = vdupq_n_u8(0xff);
  uint8x16_t a = base64_values(characters.val[0], &known);
  uint8x16_t b = base64_values(characters.val[1], &known);
  uint8x16_t c = base64_values(characters.val[2], &known);
  uint8x16_t d = base64_values(characters.val[3], &known);
  bool ok = vminvq_u8(known) != 0;
  if (ok) {
    uint8x16x3_t decoded = {{
        vorrq_u8(vshlq_n_u8(a, 2), vshrq_n_u8(b, 4)),
        vorrq_u8(vshlq_n_u8(b, 4), vshrq_n_u8(c, 2)),
        vorrq_u8(vshlq_n_u8(c, 6), d),
    }};
    vst3q_u8(bytes, decoded);
  }
  return ok;
}

/* Encodes 16 groups, in the same way back. All of the alphabet is one table. */
static inline void encode_groups(char *text, const uint8_t *bytes) {
  const uint8_t *letters = (const uint8_t *)sl_base64_alphabet;
  const uint8x16x4_t alphabet = {
      {vld1q_u8(letters), vld1q_u8(letters + 16), vld1q_u8(letters + 32), vld1q_u8(letters + 48)}};
  const uint8x16_t six_bits = vdupq_n_u8(0x3f);
  uint8x16x3_t in = vld3q_u8(bytes);
  uint8x16_t b = vorrq_u8(vshlq_n_u8(in.val[0], 4), vshrq_n_u8(in.val[1], 4));
  uint8x16_t c = vorrq_u8(vshlq_n_u8(in.val[1], 2), vshrq_n_u8(in.val[2], 6));
  uint8x16x4_t characters = {{
      vqtbl4q_u8(alphabet, vshrq_n_u8(in.val[0], 2)),
      vqtbl4q_u8(alphabet, vandq_u8(b, six_bits)),
      vqtbl4q_u8(alphabet, vandq_u8(c, six_bits)),
      vqtbl4q_u8(alphabet, vandq_u8(in.val[2], six_bits)),
  }};
  vst4q_u8((uint8_t *)text, characters);
}

static inline uint8x16_t equal_numbers(uint8x16_t numbers, uint64_t wanted, size_t width) {
  switch (width) {
  case 1:
    return vceqq_u8(numbers, vdupq_n_u8((uint8_t)wanted));
  case 2:
    return vreinterpretq_u8_u16(
        vceqq_u16(vreinterpretq_u16_u8(numbers), vdupq_n_u16((uint16_t)wanted)));
  case 4:
    return vreinterpretq_u8_u32(
        vceqq_u32(vreinterpretq_u32_u8(numbers), vdupq_n_u32((uint32_t)wanted)));
  default:
    return vreinterpretq_u8_u64(vceqq_u64(vreinterpretq_u64_u8(numbers), vdupq_n_u64(wanted)));
  }
}

/* Comparisons of wide numbers are narrowed to a byte each: every second byte of two vectors is kept
 * until four vectors are left. */
static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one) {
  uint8x16_t held[32];
  uint8x16_t binary = vdupq_n_u8(0xff);
  for (size_t i = 0; i < 4 * width; i++) {
    uint8x16_t numbers = vld1q_u8(bytes + 16 * i);
    held[i] = equal_numbers(numbers, one, width);
    binary = vandq_u8(binary, vorrq_u8(held[i], equal_numbers(numbers, 0, width)));
  }
  for (; width > 1; width /= 2) {
    for (size_t i = 0; i < 2 * width; i++) {
      held[i] = vuzp1q_u8(held[2 * i], held[2 * i + 1]);
    }
  }
  struct four_vectors ones = {{held[0], held[1], held[2], held[3]}};
  *bits = to_mask(ones);
  return vminvq_u8(binary) != 0;
}

static void read_bits(void *words, const uint8_t *bytes, size_t count) {
  size_t done = 0;
  for (; done + 16 <= count; done += 16) {
    vst1q_u8((uint8_t *)words + done, vrbitq_u8(vld1q_u8(bytes + done)));
  }
  sl_kernels_scalar.read_bits((uint8_t *)words + done, bytes + done, count - done);
}

const struct sl_kernels sl_kernels_neon = {
    .name = "neon",
    .scan_spike_text = scan_spike_text,
    .make_template = make_template,
    .match_template = match_template,
    .add_columns = add_columns,
    .find_ones = sl_find_ones_scalar,
    .add_reals = add_reals,
    .add_singles = add_singles,
    .pack_numbers = pack_numbers,
    .read_singles = read_singles,
    .write_singles = write_singles,
    .add_moments = add_moments,
    .find_largest = sl_find_largest_scalar,
    .read_bits = read_bits,
    .decode_base64 = decode_base64,
    .encode_base64 = encode_base64,
};
