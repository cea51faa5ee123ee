/*
 * Every kernel in portable C: what the others must agree with, and what runs where there is nothing
 * better.
 */
#include "kernels/kernels.h"
#include "kernels/numbers.h"
#include "kernels/spike_text.h"

static inline struct text_block classify_block(const char *text) {
  struct text_block block = {0};
  for (unsigned i = 0; i < SL_SCAN_BLOCK; i++) {
    uint64_t here = UINT64_C(1) << i;
    switch (text[i]) {
    case '0':
      block.zeros |= here;
      break;
    case '1':
      block.ones |= here;
      break;
    case '.':
      block.points |= here;
      break;
    case ',':
      block.commas |= here;
      break;
    case '[':
      block.opens |= here;
      break;
    case ']':
      block.closes |= here;
      break;
    case ' ':
    case '\t':
    case '\n':
    case '\r':
      block.spaces |= here;
      break;
    default:
      break;
    }
  }
  return block;
}

static inline uint64_t extract_bits(uint64_t source, uint64_t mask) {
  uint64_t extracted = 0;
  for (unsigned bit = 0; mask != 0; bit++, mask &= mask - 1) {
    if (source & mask & -mask) {
      extracted |= UINT64_C(1) << bit;
    }
  }
  return extracted;
}

static inline uint64_t compare_block(const char *text, const char *expected, uint64_t *low_bits) {
  uint64_t others = 0;
  uint64_t low = 0;
  for (unsigned i = 0; i < SL_SCAN_BLOCK; i++) {
    unsigned difference = (unsigned char)(text[i] ^ expected[i]);
    others |= (uint64_t)(difference > 1) << i;
    low |= (uint64_t)(difference & 1) << i;
  }
  *low_bits = low;
  return others;
}

static void add_columns(void *counts, size_t count_bytes, const uint64_t *bits, size_t first_bit,
                        size_t samples, size_t rows, size_t columns) {
  size_t bit = first_bit;
  for (size_t sample = 0; sample < samples; sample++) {
    for (size_t i = 0; i < rows * columns; i++, bit++) {
      sl_add_count(counts, count_bytes, sample * columns + i % columns,
                   bits[bit / 64] >> (bit % 64) & 1);
    }
  }
}

uint64_t sl_find_ones_scalar(const double *values, size_t count, bool *binary) {
  uint64_t ones = 0;
  bool others = false;
  for (size_t i = 0; i < count; i++) {
    ones |= (uint64_t)(values[i] == 1) << i;
    others |= values[i] != 0 && values[i] != 1;
  }
  *binary = !others;
  return ones;
}

/* Computes, and does not branch: no processor can predict which values are 0. */
static void add_reals(void *ones, void *graded, size_t count_bytes, double *sums,
                      const double *values, size_t rows, size_t stride, size_t columns) {
  for (size_t column = 0; column < columns; column++) {
    uint64_t one_count = 0;
    uint64_t graded_count = 0;
    double sum = sums[column];
    for (size_t row = 0; row < rows; row++) {
      double value = values[row * stride + column];
      bool is_graded = value != 0 && value != 1;
      one_count += value == 1;
      graded_count += is_graded;
      sum = is_graded ? sum + value : sum;
    }
    sl_add_count(ones, count_bytes, column, one_count);
    sl_add_count(graded, count_bytes, column, graded_count);
    sums[column] = sum;
  }
}

static bool add_singles(void *ones, void *graded, size_t count_bytes, double *sums,
                        const uint8_t *bytes, size_t rows, size_t columns) {
  bool finite = true;
  for (size_t row = 0; row < rows; row++) {
    for (size_t column = 0; column < columns; column++, bytes += sizeof(float)) {
      double value;
      finite = read_singles(&value, bytes, 1) && finite;
      add_reals((char *)ones + column * count_bytes, (char *)graded + column * count_bytes,
                count_bytes, sums + column, &value, 1, 1, 1);
    }
  }
  return finite;
}

/* Without a branch, as no processor can predict which byte is the largest. */
void sl_find_largest_scalar(uint32_t *indices, bool *shared, const uint8_t *bytes, size_t rows,
                            size_t columns) {
  for (size_t row = 0; row < rows; row++, bytes += columns) {
    uint32_t index = 0;
    unsigned largest = bytes[0];
    bool several = false;
    for (size_t column = 1; column < columns; column++) {
      bool is_larger = bytes[column] > largest;
      several = (several & !is_larger) | (bytes[column] == largest);
      index = is_larger ? (uint32_t)column : index;
      largest = is_larger ? bytes[column] : largest;
    }
    indices[row] = index;
    shared[row] = several;
  }
}

static inline bool pack_word(uint64_t *bits, const uint8_t *bytes, size_t width, uint64_t one) {
  uint64_t ones = 0;
  for (size_t i = 0; i < 64; i++) {
    uint64_t number = sl_load_integer(bytes + i * width, width);
    if (number != 0 && number != one) {
      return false;
    }
    ones |= (uint64_t)(number == one) << i;
  }
  *bits = ones;
  return true;
}

/* Swaps neighbouring bits, pairs of bits and halves of bytes. */
static void read_bits(void *words, const uint8_t *bytes, size_t count) {
  const uint64_t ones = UINT64_C(0x5555555555555555);
  const uint64_t twos = UINT64_C(0x3333333333333333);
  const uint64_t fours = UINT64_C(0x0f0f0f0f0f0f0f0f);
  for (size_t done = 0; done < count; done += sizeof(uint64_t)) {
    size_t left = count - done;
    uint64_t word = sl_load_integer(bytes + done, left < sizeof word ? left : sizeof word);
    word = (word >> 1 & ones) | (word & ones) << 1;
    word = (word >> 2 & twos) | (word & twos) << 2;
    word = (word >> 4 & fours) | (word & fours) << 4;
    memcpy((uint8_t *)words + done, &word, sizeof word);
  }
}

static size_t decode_base64(uint8_t *bytes, const char *text, size_t groups) {
  for (size_t group = 0; group < groups; group++, text += 4, bytes += 3) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
      int six_bits = sl_base64_value(text[i]);
      if (six_bits < 0) {
        return group;
      }
      value = value << 6 | (uint32_t)six_bits;
    }
    bytes[0] = (uint8_t)(value >> 16);
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)value;
  }
  return groups;
}

const char sl_base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_base64(char *text, const uint8_t *bytes, size_t groups) {
  for (size_t group = 0; group < groups; group++, text += 4, bytes += 3) {
    uint32_t value = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
    for (size_t i = 0; i < 4; i++) {
      text[i] = sl_base64_alphabet[value >> (18 - 6 * i) & 63];
    }
  }
}

const struct sl_kernels sl_kernels_scalar = {
    .name = "scalar",
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
