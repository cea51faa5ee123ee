#include "native.h"
#include "count.h"
#include "kernels/kernels.h"

#include <math.h>
#include <string.h>

enum { MAX_TABLE = 256 };

/* Bytes in a block, on their way from or to base64: whole groups, which stay in the first cache. */
enum { BLOCK = 3 * 1024 };

static sl_count_steps *count_steps = sl_count_steps_plain;

int spikeloss_native_start(const char *instructions) {
  sl_kernels_choose(instructions);
  count_steps = sl_count_steps_plain;
#ifdef SPIKELOSS_X86
  if (strcmp(sl_kernels_name(), "avx2") == 0) {
    count_steps = sl_count_steps_avx2;
  } else if (strcmp(sl_kernels_name(), "avx512") == 0) {
    count_steps = sl_count_steps_avx512;
  }
#endif
  return SPIKELOSS_NATIVE_INTERFACE;
}

/* Returns whether the base64 of that many bytes has that length. */
static bool is_base64_length(size_t text_length, size_t length) {
  return text_length % 4 == 0 && text_length / 4 == length / 3 + (length % 3 != 0);
}

/* Writes the base64 of bytes, with padding at their end. */
static void encode(char *text, const uint8_t *bytes, size_t length) {
  size_t groups = length / 3;
  size_t rest = length % 3;
  sl_kernels()->encode_base64(text, bytes, groups);
  if (rest > 0) {
    uint8_t last[3] = {0};
    memcpy(last, bytes + 3 * groups, rest);
    sl_kernels()->encode_base64(text + 4 * groups, last, 1);
    memset(text + 4 * groups + rest + 1, '=', 3 - rest);
  }
}

bool spikeloss_native_encode(char *text, size_t text_length, const uint8_t *bytes, size_t length) {
  if (!is_base64_length(text_length, length)) {
    return false;
  }
  encode(text, bytes, length);
  return true;
}

/* Counts on their way to base64. */
struct staged_counts {
  char *text; /* of those before */
  size_t filled;
  uint8_t counts[BLOCK + SL_COUNT_COLUMNS + SL_COUNT_SPARE];
};

/* Encodes whole groups, and keeps the rest. */
static void encode_groups(struct staged_counts *staged) {
  size_t groups = staged->filled / 3;
  encode(staged->text, staged->counts, 3 * groups);
  staged->text += 4 * groups;
  staged->filled -= 3 * groups;
  memcpy(staged->counts, staged->counts + 3 * groups, staged->filled);
}

static bool count_sample(struct staged_counts *staged, const float *spikes, size_t steps,
                         size_t neurons) {
  for (size_t column = 0; column < neurons; column += SL_COUNT_COLUMNS) {
    size_t left = neurons - column;
    size_t width = left < SL_COUNT_COLUMNS ? left : SL_COUNT_COLUMNS;
    uint8_t *counts = staged->counts + staged->filled;
    if (!count_steps(counts, spikes + column, steps, neurons, width)) {
      return false;
    }
    staged->filled += width;
    if (staged->filled >= BLOCK) {
      encode_groups(staged);
    }
  }
  return true;
}

bool spikeloss_native_count(char *text, size_t text_length, const float *spikes, size_t samples,
                            size_t steps, size_t neurons) {
  size_t counts;
  size_t sample_size;
  size_t size;
  if (__builtin_mul_overflow(samples, neurons, &counts) ||
      __builtin_mul_overflow(steps, neurons, &sample_size) ||
      __builtin_mul_overflow(samples, sample_size, &size) || size > SIZE_MAX / sizeof *spikes ||
      !is_base64_length(text_length, counts)) {
    return false;
  }
  struct staged_counts staged;
  staged.text = text;
  staged.filled = 0;
  for (size_t sample = 0; sample < samples; sample++) {
    if (!count_sample(&staged, spikes + sample * sample_size, steps, neurons)) {
      return false;
    }
  }
  encode(staged.text, staged.counts, staged.filled);
  return true;
}

/* Reads `length` bytes. Returns false unless text is their base64, to the last bit. */
static bool decode(uint8_t *bytes, size_t length, const char *text, size_t text_length) {
  size_t groups = length / 3;
  size_t rest = length % 3;
  if (!is_base64_length(text_length, length) ||
      sl_kernels()->decode_base64(bytes, text, groups) != groups) {
    return false;
  }
  if (rest == 0) {
    return true;
  }
  uint8_t last[3];
  char expected[4];
  char padded[4] = {'A', 'A', 'A', 'A'};
  memcpy(padded, text + 4 * groups, rest + 1);
  if (sl_kernels()->decode_base64(last, padded, 1) != 1) {
    return false;
  }
  memcpy(bytes + 3 * groups, last, rest);
  encode(expected, last, rest);
  return memcmp(expected, text + 4 * groups, sizeof expected) == 0;
}

static bool are_finite(const uint8_t *values, size_t width, size_t count) {
  bool finite = true;
  for (size_t i = 0; width == sizeof(float) && i < count; i++) {
    float value;
    memcpy(&value, values + i * sizeof value, sizeof value);
    finite &= isfinite(value) != 0;
  }
  for (size_t i = 0; width == sizeof(double) && i < count; i++) {
    double value;
    memcpy(&value, values + i * sizeof value, sizeof value);
    finite &= isfinite(value) != 0;
  }
  return finite;
}

bool spikeloss_native_floats(void *values, size_t width, size_t count, const char *text,
                             size_t text_length) {
  size_t length;
  return (width == 4 || width == 8) && !__builtin_mul_overflow(width, count, &length) &&
         decode(values, length, text, text_length) && are_finite(values, width, count);
}

/* Reads a table. Returns how many values it has, or 0 if they are too many, or not as expected. */
static size_t read_table(uint8_t *table, size_t width, const char *text, size_t text_length) {
  size_t padding = 0;
  while (padding < 2 && padding < text_length && text[text_length - 1 - padding] == '=') {
    padding++;
  }
  size_t length = text_length / 4 * 3;
  size_t count = length > padding ? (length - padding) / width : 0;
  bool fits = count <= MAX_TABLE && count * width + padding == length;
  return fits && spikeloss_native_floats(table, width, count, text, text_length) ? count : 0;
}

static uint8_t largest_of(const uint8_t *bytes, size_t count) {
  uint8_t largest = 0;
  for (size_t i = 0; i < count; i++) {
    largest = bytes[i] > largest ? bytes[i] : largest;
  }
  return largest;
}

static void take(uint8_t *values, size_t width, const uint8_t *table, const uint8_t *indices,
                 size_t count) {
  for (size_t i = 0; width == sizeof(float) && i < count; i++) {
    memcpy(values + i * sizeof(float), table + indices[i] * sizeof(float), sizeof(float));
  }
  for (size_t i = 0; width == sizeof(double) && i < count; i++) {
    memcpy(values + i * sizeof(double), table + indices[i] * sizeof(double), sizeof(double));
  }
}

bool spikeloss_native_look_up(void *values, size_t width, size_t count, const char *text,
                              size_t text_length, const char *table, size_t table_length) {
  uint8_t entries[MAX_TABLE * sizeof(double)];
  uint8_t indices[BLOCK];
  if ((width != 4 && width != 8) || !is_base64_length(text_length, count)) {
    return false;
  }
  size_t entry_count = read_table(entries, width, table, table_length);
  for (size_t done = 0; done < count; done += BLOCK) {
    size_t some = count - done < BLOCK ? count - done : BLOCK;
    size_t some_text = (some + 2) / 3 * 4;
    if (!decode(indices, some, text + done / 3 * 4, some_text) ||
        largest_of(indices, some) >= entry_count) {
      return false;
    }
    take((uint8_t *)values + done * width, width, entries, indices, some);
  }
  return entry_count > 0;
}

size_t spikeloss_native_labels(char *text, size_t text_length, const int64_t *labels,
                               size_t count) {
  uint64_t largest = 0; /* a negative one is larger than all others */
  for (size_t i = 0; i < count; i++) {
    uint64_t label = (uint64_t)labels[i];
    largest = label > largest ? label : largest;
  }
  if (largest > 9999 || count > text_length / (SPIKELOSS_NATIVE_DIGITS + 1)) {
    return 0;
  }
  size_t digits = 1U + (largest > 9) + (largest > 99) + (largest > 999);
  for (size_t i = 0; i < count; i++, text += digits + 1) {
    unsigned rest = (unsigned)labels[i];
    memset(text, ' ', digits);
    for (size_t digit = digits; digit > 0 && (rest > 0 || digit == digits); digit--, rest /= 10) {
      text[digit - 1] = (char)('0' + rest % 10);
    }
    text[digits] = ',';
  }
  return digits + 1;
}
