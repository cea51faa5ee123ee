/*
 * Every variant of the kernels that count, pack and convert against the scalar one: the same bits
 * at every length, tail and alignment. The scalar kernels themselves are checked against what the
 * words say they do.
 */
#include "kernels/kernels.h"
#include "suite.h"
#include "support/every.h"
#include "support/small_random.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct sl_kernels *scalar(void) {
  return sl_kernels_variant(0);
}

static void fill(struct sl_random *random, uint64_t *words, size_t count) {
  for (size_t i = 0; i < count; i++) {
    words[i] = sl_random_next(random);
  }
}

static void assert_all_add_alike(struct sl_random *random, size_t count_bytes, size_t samples,
                                 size_t rows, size_t columns) {
  size_t first_bit = sl_random_below(random, 200);
  size_t words = (first_bit + samples * rows * columns) / 64 + 1 + SL_BITS_SLACK;
  size_t bytes = samples * columns * count_bytes;
  uint64_t *bits = malloc(words * sizeof *bits);
  void *expected = calloc(bytes, 1);
  void *counts = calloc(bytes, 1);
  ck_assert(bits != NULL && expected != NULL && counts != NULL);
  fill(random, bits, words);
  scalar()->add_columns(expected, count_bytes, bits, first_bit, samples, rows, columns);
  for (size_t i = 1; sl_kernels_variant(i) != NULL; i++) {
    memset(counts, 0, bytes);
    sl_kernels_variant(i)->add_columns(counts, count_bytes, bits, first_bit, samples, rows,
                                       columns);
    ck_assert_mem_eq(counts, expected, bytes);
  }
  free(bits);
  free(expected);
  free(counts);
}

START_TEST(columns_add_up_alike_for_every_width) {
  struct sl_random random = {17};
  static const size_t rows[] = {0, 1, 2, 7, 8, 9, 25, 100, 254, 255, 256, 600};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    for (size_t columns = 1; columns <= 300; columns += sl_every()) {
      assert_all_add_alike(&random, columns % 2 ? 1 : 8, 1 + columns % 19, rows[i], columns);
    }
    assert_all_add_alike(&random, 8, 2, rows[i], 1000);
    assert_all_add_alike(&random, 8, 1, rows[i], 4097);
  }
}
END_TEST

START_TEST(columns_are_added_to_what_is_there) {
  for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
    uint64_t bits[2 + SL_BITS_SLACK] = {0x5};
    uint64_t counts[3] = {10, 20, 30};
    sl_kernels_variant(i)->add_columns(counts, 8, bits, 0, 1, 1, 3);
    ck_assert_uint_eq(counts[0], 11);
    ck_assert_uint_eq(counts[1], 20);
    ck_assert_uint_eq(counts[2], 31);
  }
}
END_TEST

/* Zeros and ones, of which so many bytes at most are others, at an offset, in memory of exactly
 * that length, so that a sanitizer sees reads beyond it. */
static void assert_all_pack_alike(struct sl_random *random, size_t width, uint64_t one,
                                  size_t count, size_t others) {
  size_t offset = sl_random_below(random, 64);
  uint8_t *bytes = malloc(offset + width * count + (count == 0));
  uint64_t *numbers = calloc(count + 1, sizeof *numbers);
  ck_assert(bytes != NULL && numbers != NULL);
  for (size_t i = 0; i < count; i++) {
    numbers[i] = sl_random_below(random, 2) == 1 ? one : 0;
  }
  for (; others > 0 && count > 0; others--) {
    uint64_t flipped = UINT64_C(1) << sl_random_below(random, 8 * width);
    numbers[sl_random_below(random, count)] ^= flipped;
  }
  size_t expected = 0;
  while (expected < count && (numbers[expected] == 0 || numbers[expected] == one)) {
    expected++;
  }
  expected = expected < count ? expected / 64 * 64 : count;
  for (size_t i = 0; i < width * count; i++) {
    bytes[offset + i] = (uint8_t)(numbers[i / width] >> (8 * (i % width)));
  }
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    const struct sl_kernels *kernels = sl_kernels_variant(variant);
    uint64_t bits[8] = {0};
    ck_assert_uint_eq(kernels->pack_numbers(bits, bytes + offset, width, one, count), expected);
    bool same = true;
    for (size_t i = 0; i < expected; i++) {
      same = same && (bits[i / 64] >> (i % 64) & 1) == (numbers[i] == one);
    }
    ck_assert(same);
  }
  free(bytes);
  free(numbers);
}

START_TEST(numbers_are_packed_alike_up_to_the_first_word_with_others) {
  static const struct {
    size_t width;
    uint64_t one;
  } kinds[] = {{1, 1}, {2, 1}, {4, 1}, {4, 0x3f800000}, {8, UINT64_C(0x3ff0000000000000)}};
  struct sl_random random = {31};
  for (size_t count = 0; count <= 300; count += sl_every()) {
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
      for (size_t others = 0; others < 3; others++) {
        assert_all_pack_alike(&random, kinds[kind].width, kinds[kind].one, count, others);
      }
    }
  }
}
END_TEST

START_TEST(singles_are_read_alike_and_those_that_are_not_finite_are_seen) {
  static const float odd[] = {0.0f, -0.0f,    1e-45f,   -1.5f,     3.4028234e38f,
                              1.0f, 1.1e-38f, INFINITY, -INFINITY, NAN};
  enum { FINITE = 7, ALL = 10 };
  struct sl_random random = {37};
  for (size_t count = 0; count <= 80; count++) {
    for (size_t turn = 0; turn < 20; turn++) {
      float *singles = malloc(count * sizeof *singles + 1);
      ck_assert_ptr_nonnull(singles);
      bool all_finite = true;
      for (size_t i = 0; i < count; i++) {
        singles[i] = odd[sl_random_below(&random, turn % 2 == 0 ? FINITE : ALL)];
        all_finite = all_finite && isfinite(singles[i]);
      }
      for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
        double values[81];
        const uint8_t *bytes = (const uint8_t *)singles;
        ck_assert(sl_kernels_variant(i)->read_singles(values, bytes, count) == all_finite);
        bool same = true;
        for (size_t k = 0; k < count; k++) {
          double expected = singles[k];
          same = same && (isnan(expected) ? isnan(values[k]) : values[k] == expected);
        }
        ck_assert(same);
      }
      free(singles);
    }
  }
}
END_TEST

START_TEST(singles_are_written_alike_and_those_too_large_are_seen) {
  static const double odd[] = {0.0,   -0.0,    1e-320,        -1.5, 0x1.fffffefp+127,
                               1e-40, 0.1,     -3.4028234e38, 1e39, -0x1.ffffffp+127,
                               1e300, INFINITY};
  enum { FITTING = 8, ALL = 12 };
  struct sl_random random = {43};
  for (size_t count = 0; count <= 80; count++) {
    for (size_t turn = 0; turn < 20; turn++) {
      double values[80];
      float expected[80];
      bool all_finite = true;
      for (size_t i = 0; i < count; i++) {
        values[i] = odd[sl_random_below(&random, turn % 2 == 0 ? FITTING : ALL)];
        expected[i] = values[i] == 0 ? 0.0f : (float)values[i] + 0.0f;
        all_finite = all_finite && isfinite(expected[i]);
      }
      for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
        uint8_t *bytes = malloc(count * sizeof *expected + (count == 0));
        ck_assert_ptr_nonnull(bytes);
        ck_assert(sl_kernels_variant(i)->write_singles(bytes, values, count) == all_finite);
        ck_assert_mem_eq(bytes, expected, count * sizeof *expected);
        free(bytes);
      }
    }
  }
}
END_TEST

START_TEST(counts_and_their_squares_add_up_alike) {
  struct sl_random random = {47};
  static const size_t lengths[] = {0, 1, 15, 16, 17, 63, 64, 65, 200, 65535, 65536, 200000};
  for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    uint8_t *counts = malloc(lengths[i] + 1);
    ck_assert_ptr_nonnull(counts);
    uint64_t expected[2] = {5, 7};
    for (size_t k = 0; k < lengths[i]; k++) {
      counts[k] = i % 2 == 0 ? (uint8_t)sl_random_below(&random, 256) : 255;
      expected[0] += counts[k];
      expected[1] += (uint64_t)counts[k] * counts[k];
    }
    for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
      uint64_t sums[2] = {5, 7};
      sl_kernels_variant(variant)->add_moments(sums, counts, lengths[i]);
      ck_assert_mem_eq(sums, expected, sizeof sums);
    }
    free(counts);
  }
}
END_TEST

START_TEST(the_largest_bytes_of_rows_are_found_alike) {
  enum { ROWS = 40 };
  struct sl_random random = {59};
  for (size_t columns = 1; columns <= 40; columns++) {
    for (size_t rows = 0; rows <= ROWS; rows++) {
      uint8_t *bytes = malloc(rows * columns + (rows == 0)); /* exactly, for a sanitizer */
      ck_assert_ptr_nonnull(bytes);
      size_t values = sl_random_one_in(&random, 3) ? 256 : 1 + sl_random_below(&random, 5);
      for (size_t i = 0; i < rows * columns; i++) {
        bytes[i] = (uint8_t)(255 - sl_random_below(&random, values));
      }
      for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
        uint32_t indices[ROWS + 1];
        bool shared[ROWS + 1];
        sl_kernels_variant(variant)->find_largest(indices, shared, bytes, rows, columns);
        bool same = true;
        for (size_t row = 0; row < rows; row++) {
          const uint8_t *here = bytes + row * columns;
          size_t first = 0;
          size_t equal = 0;
          for (size_t i = 0; i < columns; i++) {
            first = here[i] > here[first] ? i : first;
          }
          for (size_t i = 0; i < columns; i++) {
            equal += here[i] == here[first];
          }
          same = same && indices[row] == first && shared[row] == (equal > 1);
        }
        ck_assert(same);
      }
      free(bytes);
    }
  }
}
END_TEST

START_TEST(bits_of_bytes_are_reversed_alike_at_every_length) {
  struct sl_random random = {29};
  for (size_t count = 0; count <= 300; count++) {
    uint64_t expected[40] = {0};
    uint8_t *bytes = malloc(count + 1);
    ck_assert_ptr_nonnull(bytes);
    for (size_t i = 0; i < count; i++) {
      bytes[i] = (uint8_t)sl_random_below(&random, 256);
    }
    bytes = realloc(bytes, count + (count == 0)); /* exactly, so that a sanitizer sees more reads */
    for (size_t bit = 0; bit < 8 * count; bit++) {
      uint64_t value = bytes[bit / 8] >> (7 - bit % 8) & 1;
      expected[bit / 64] |= value << (bit % 64);
    }
    size_t used = (count + 7) / 8;
    for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
      uint64_t words[40];
      fill(&random, words, 40);
      expected[used] = words[used];
      sl_kernels_variant(i)->read_bits(words, bytes, count);
      ck_assert_mem_eq(words, expected, (used + 1) * sizeof *words);
    }
    free(bytes);
  }
}
END_TEST

/* Zeros and ones of every kind, and what is nearly one of them. */
static const double reals[] = {
    0.0,   -0.0, 1.0, 1.0, -1.0, 0.5, 4.9e-324, -4.9e-324, 0.9999999999999999, 1.0000000000000002,
    1e308, -2.5, 0.1};

/* Exactly so many, so that a sanitizer sees reads beyond them. */
static double *some_reals(struct sl_random *random, size_t count, size_t kinds) {
  double *values = malloc((count + 1) * sizeof *values);
  ck_assert_ptr_nonnull(values);
  for (size_t i = 0; i < count; i++) {
    values[i] = reals[sl_random_below(random, kinds)];
  }
  return realloc(values, count > 0 ? count * sizeof *values : 1);
}

START_TEST(ones_are_found_alike_at_every_length) {
  enum { BINARY_KINDS = 4 };
  struct sl_random random = {11};
  for (size_t count = 0; count <= 64; count++) {
    for (size_t turn = 0; turn < 40; turn++) {
      size_t kinds = turn % 2 == 0 ? BINARY_KINDS : sizeof reals / sizeof reals[0];
      double *values = some_reals(&random, count, kinds);
      uint64_t expected = 0;
      bool all_binary = true;
      for (size_t i = 0; i < count; i++) {
        expected |= (uint64_t)(values[i] == 1) << i;
        all_binary = all_binary && (values[i] == 0 || values[i] == 1);
      }
      for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
        bool binary = !all_binary;
        ck_assert_uint_eq(sl_kernels_variant(i)->find_ones(values, count, &binary), expected);
        ck_assert(binary == all_binary);
      }
      free(values);
    }
  }
}
END_TEST

/* The accumulators of one row, each array of exactly `count`. */
struct accumulators {
  uint64_t *ones, *others;
  double *sums;
};

static struct accumulators accumulators_new(size_t count, uint64_t seed) {
  struct sl_random random = {seed};
  size_t bytes = count > 0 ? count * sizeof(uint64_t) : 1;
  struct accumulators row = {malloc(bytes), malloc(bytes), malloc(bytes)};
  ck_assert(row.ones != NULL && row.others != NULL && row.sums != NULL);
  for (size_t i = 0; i < count; i++) {
    row.ones[i] = sl_random_below(&random, 1000);
    row.others[i] = sl_random_below(&random, 1000);
    row.sums[i] = (double)sl_random_below(&random, 1000) / 3;
  }
  return row;
}

static void accumulators_free(struct accumulators *row) {
  free(row->ones);
  free(row->others);
  free(row->sums);
}

/* Keeps the lowest byte of each count. */
static uint8_t *small_counts(const uint64_t *counts, size_t count) {
  uint8_t *small = malloc(count > 0 ? count : 1);
  ck_assert_ptr_nonnull(small);
  for (size_t i = 0; i < count; i++) {
    small[i] = (uint8_t)counts[i];
  }
  return small;
}

static void assert_small_counts_add_up_alike(const struct sl_kernels *kernels,
                                             const struct accumulators *expected,
                                             const double *values, size_t rows, size_t stride,
                                             size_t columns, uint64_t seed) {
  struct accumulators row = accumulators_new(columns, seed);
  uint8_t *ones = small_counts(row.ones, columns);
  uint8_t *others = small_counts(row.others, columns);
  uint8_t *expected_ones = small_counts(expected->ones, columns);
  uint8_t *expected_others = small_counts(expected->others, columns);
  kernels->add_reals(ones, others, sizeof *ones, row.sums, values, rows, stride, columns);
  ck_assert_mem_eq(ones, expected_ones, columns);
  ck_assert_mem_eq(others, expected_others, columns);
  ck_assert_mem_eq(row.sums, expected->sums, columns * sizeof *row.sums);
  free(ones);
  free(others);
  free(expected_ones);
  free(expected_others);
  accumulators_free(&row);
}

static void assert_reals_add_up_alike(struct sl_random *random, size_t rows, size_t stride,
                                      size_t columns, uint64_t seed) {
  size_t count = rows > 0 ? (rows - 1) * stride + columns : 0;
  double *values = some_reals(random, count, sizeof reals / sizeof reals[0]);
  struct accumulators expected = accumulators_new(columns, seed);
  for (size_t i = 0; i < rows * columns; i++) {
    double value = values[i / columns * stride + i % columns];
    bool is_other = value != 0 && value != 1;
    expected.ones[i % columns] += value == 1;
    expected.others[i % columns] += is_other;
    expected.sums[i % columns] += is_other ? value : 0;
  }
  for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
    struct accumulators row = accumulators_new(columns, seed);
    sl_kernels_variant(i)->add_reals(row.ones, row.others, sizeof *row.ones, row.sums, values, rows,
                                     stride, columns);
    ck_assert_mem_eq(row.ones, expected.ones, columns * sizeof *row.ones);
    ck_assert_mem_eq(row.others, expected.others, columns * sizeof *row.others);
    ck_assert_mem_eq(row.sums, expected.sums, columns * sizeof *row.sums);
    accumulators_free(&row);
    assert_small_counts_add_up_alike(sl_kernels_variant(i), &expected, values, rows, stride,
                                     columns, seed);
  }
  accumulators_free(&expected);
  free(values);
}

START_TEST(reals_add_up_alike_at_every_length) {
  struct sl_random random = {12};
  for (size_t columns = 0; columns <= 70; columns++) {
    for (uint64_t turn = 1; turn <= 20; turn++) {
      assert_reals_add_up_alike(&random, 1, columns, columns, turn);
      assert_reals_add_up_alike(&random, turn, columns, columns, turn);
      assert_reals_add_up_alike(&random, turn % 4, columns + turn, columns, turn);
    }
  }
}
END_TEST

/* Floats that are zeros and ones, nearly so, and others; the last three are not finite. */
static const float singles[] = {
    0.0f,        -0.0f,      1.0f,          1.0f,           -1.0f, 0.5f,     1e-45f,    -1e-45f,
    0.99999994f, 1.0000001f, 3.4028234e38f, -3.4028234e38f, 0.1f,  INFINITY, -INFINITY, NAN};
enum { FINITE_SINGLES = 13, SINGLES = 16 };

static void assert_singles_add_up_alike(struct sl_random *random, size_t rows, size_t columns,
                                        bool finite) {
  size_t count = rows * columns;
  float *values = malloc(count * sizeof *values + (count == 0)); /* exactly, for a sanitizer */
  double *doubles = malloc(count * sizeof *doubles + (count == 0));
  ck_assert(values != NULL && doubles != NULL);
  for (size_t i = 0; i < count; i++) {
    values[i] = singles[sl_random_below(random, FINITE_SINGLES)];
  }
  if (!finite && count > 0) {
    values[sl_random_below(random, count)] =
        singles[FINITE_SINGLES + sl_random_below(random, SINGLES - FINITE_SINGLES)];
  }
  for (size_t i = 0; i < count; i++) {
    doubles[i] = values[i];
  }
  struct accumulators expected = accumulators_new(columns, count + 1);
  scalar()->add_reals(expected.ones, expected.others, sizeof *expected.ones, expected.sums, doubles,
                      rows, columns, columns);
  for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
    struct accumulators row = accumulators_new(columns, count + 1);
    const struct sl_kernels *kernels = sl_kernels_variant(i);
    const uint8_t *bytes = (const uint8_t *)values;
    ck_assert(kernels->add_singles(row.ones, row.others, sizeof *row.ones, row.sums, bytes, rows,
                                   columns) == (finite || count == 0));
    struct accumulators small = accumulators_new(columns, count + 1);
    uint8_t *ones = small_counts(small.ones, columns);
    uint8_t *others = small_counts(small.others, columns);
    uint8_t *expected_ones = small_counts(expected.ones, columns);
    uint8_t *expected_others = small_counts(expected.others, columns);
    kernels->add_singles(ones, others, sizeof *ones, small.sums, bytes, rows, columns);
    if (finite) {
      ck_assert_mem_eq(row.ones, expected.ones, columns * sizeof *row.ones);
      ck_assert_mem_eq(row.others, expected.others, columns * sizeof *row.others);
      ck_assert_mem_eq(row.sums, expected.sums, columns * sizeof *row.sums);
      ck_assert_mem_eq(ones, expected_ones, columns);
      ck_assert_mem_eq(others, expected_others, columns);
      ck_assert_mem_eq(small.sums, expected.sums, columns * sizeof *small.sums);
    }
    free(ones);
    free(others);
    free(expected_ones);
    free(expected_others);
    accumulators_free(&small);
    accumulators_free(&row);
  }
  accumulators_free(&expected);
  free(values);
  free(doubles);
}

START_TEST(singles_add_up_as_reals_do_and_those_that_are_not_finite_are_seen) {
  struct sl_random random = {53};
  for (size_t columns = 0; columns <= 70; columns++) {
    for (size_t rows = 0; rows <= 12; rows++) {
      assert_singles_add_up_alike(&random, rows, columns, true);
      assert_singles_add_up_alike(&random, rows, columns, false);
    }
  }
}
END_TEST

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

START_TEST(base64_is_decoded_alike_up_to_the_first_bad_character) {
  struct sl_random random = {19};
  enum { GROUPS = 50 };
  char text[4 * GROUPS];
  for (size_t round = 0; round < 20000 / sl_every(); round++) {
    for (size_t i = 0; i < sizeof text; i++) {
      text[i] = alphabet[sl_random_below(&random, 64)];
    }
    if (round % 2 == 1) {
      text[sl_random_below(&random, sizeof text)] = (char)sl_random_below(&random, 256);
    }
    size_t groups = sl_random_below(&random, GROUPS + 1);
    uint8_t expected[3 * GROUPS + 3] = {0};
    size_t taken = scalar()->decode_base64(expected, text, groups);
    for (size_t i = 1; sl_kernels_variant(i) != NULL; i++) {
      uint8_t bytes[3 * GROUPS + 3] = {0};
      ck_assert_uint_eq(sl_kernels_variant(i)->decode_base64(bytes, text, groups), taken);
      ck_assert_mem_eq(bytes, expected, 3 * taken);
      ck_assert_mem_eq(bytes + 3 * groups, expected + 3 * groups, 3);
    }
  }
}
END_TEST

/* Of as many bytes as that takes, at an offset, so that a sanitizer sees reads beyond them. */
static void assert_all_encode_alike(struct sl_random *random, size_t groups, size_t offset) {
  enum { GUARD = 4 };
  uint8_t *bytes = malloc(offset + 3 * groups + 1);
  char *expected = malloc(4 * groups + GUARD);
  char *text = malloc(offset + 4 * groups + GUARD);
  ck_assert(bytes != NULL && expected != NULL && text != NULL);
  for (size_t i = 0; i < offset + 3 * groups; i++) {
    bytes[i] = (uint8_t)sl_random_below(random, 256);
  }
  memset(expected, '#', 4 * groups + GUARD);
  for (size_t i = 0; i < groups; i++) {
    const uint8_t *three = bytes + offset + 3 * i;
    char *four = expected + 4 * i;
    four[0] = alphabet[three[0] / 4];
    four[1] = alphabet[three[0] % 4 * 16 + three[1] / 16];
    four[2] = alphabet[three[1] % 16 * 4 + three[2] / 64];
    four[3] = alphabet[three[2] % 64];
  }
  for (size_t i = 0; sl_kernels_variant(i) != NULL; i++) {
    memset(text, '#', offset + 4 * groups + GUARD);
    sl_kernels_variant(i)->encode_base64(text + offset, bytes + offset, groups);
    ck_assert_mem_eq(text + offset, expected, 4 * groups + GUARD);
  }
  free(bytes);
  free(expected);
  free(text);
}

START_TEST(base64_is_encoded_alike_at_every_length_and_alignment) {
  struct sl_random random = {23};
  for (size_t groups = 0; groups <= 70; groups++) {
    for (size_t offset = 0; offset < 64; offset += sl_every()) {
      assert_all_encode_alike(&random, groups, offset);
    }
  }
  assert_all_encode_alike(&random, 5000, 1);
}
END_TEST

START_TEST(base64_knows_its_alphabet) {
  uint8_t bytes[48];
  ck_assert_uint_eq(scalar()->decode_base64(bytes, alphabet, 16), 16);
  for (size_t i = 0; i < 64; i++) {
    unsigned value = 0;
    for (size_t bit = 6 * i; bit < 6 * i + 6; bit++) {
      value = value << 1 | ((unsigned)bytes[bit / 8] >> (7 - bit % 8) & 1U);
    }
    ck_assert_uint_eq(value, i);
  }
}
END_TEST

START_TEST(an_unknown_variant_is_refused_and_changes_nothing) {
  ck_assert(sl_kernels_choose("scalar"));
  ck_assert(!sl_kernels_choose("mmx"));
  ck_assert_str_eq(sl_kernels_name(), "scalar");
  ck_assert(sl_kernels_choose(NULL));
}
END_TEST

int main(void) {
  Suite *suite = suite_create("kernels");
  TCase *cases = tcase_create("every variant");
  tcase_set_timeout(cases, 300);
  tcase_add_test(cases, columns_add_up_alike_for_every_width);
  tcase_add_test(cases, columns_are_added_to_what_is_there);
  tcase_add_test(cases, numbers_are_packed_alike_up_to_the_first_word_with_others);
  tcase_add_test(cases, singles_are_read_alike_and_those_that_are_not_finite_are_seen);
  tcase_add_test(cases, singles_are_written_alike_and_those_too_large_are_seen);
  tcase_add_test(cases, counts_and_their_squares_add_up_alike);
  tcase_add_test(cases, the_largest_bytes_of_rows_are_found_alike);
  tcase_add_test(cases, bits_of_bytes_are_reversed_alike_at_every_length);
  tcase_add_test(cases, ones_are_found_alike_at_every_length);
  tcase_add_test(cases, reals_add_up_alike_at_every_length);
  tcase_add_test(cases, singles_add_up_as_reals_do_and_those_that_are_not_finite_are_seen);
  tcase_add_test(cases, base64_is_decoded_alike_up_to_the_first_bad_character);
  tcase_add_test(cases, base64_is_encoded_alike_at_every_length_and_alignment);
  tcase_add_test(cases, base64_knows_its_alphabet);
  tcase_add_test(cases, an_unknown_variant_is_refused_and_changes_nothing);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
