#include "spikes/accumulators.h"

#include "core/bits.h"
#include "core/checked.h"
#include "kernels/kernels.h"
#include <endian.h>
#include <string.h>

/* Bits that may be buffered: enough rows to be added up well, few enough to stay in the cache. */
enum { BUFFERED_BITS = 32 * 1024 * 8, MIN_BUFFERED_ROWS = 16 };

enum {
  PARTS = 16, /* words of values that are looked at together */
  MAX_PART = 64 * PARTS,
};

static enum sl_status begin_buffer(struct sl_spikes *spikes, struct sl_error *error) {
  size_t rows = BUFFERED_BITS / spikes->row_length;
  size_t whole_words = 64 >> __builtin_ctzll(spikes->row_length | 64);
  rows = rows > MIN_BUFFERED_ROWS ? rows : MIN_BUFFERED_ROWS;
  rows -= rows > whole_words ? rows % whole_words : 0;
  size_t all_rows = spikes->rank > 0 ? spikes->max_values / spikes->row_length : SIZE_MAX;
  rows = rows < all_rows ? rows : all_rows;
  size_t words;
  if (!sl_checked_multiply(&spikes->max_buffered_bits, rows, spikes->row_length) ||
      !sl_checked_add(&words, spikes->max_buffered_bits / 64, 1 + SL_BITS_SLACK)) {
    return sl_spikes_no_memory(error);
  }
  if (sl_lazy_words_reserve(&spikes->buffer_memory, words, SL_LAZY_SCRATCH, spikes->budget,
                            error) != SL_OK) {
    return error->code;
  }
  spikes->buffered = spikes->buffer_memory.words;
  return SL_OK;
}

/* Adds up buffered rows of so many samples, the first `skipped` ones left out. */
static void add_rows(struct sl_spikes *spikes, size_t skipped, size_t base, size_t samples,
                     size_t rows) {
  size_t count_bytes = spikes->is_small ? sizeof *spikes->small_ones : sizeof *spikes->ones;
  char *counts = spikes->ones_memory.words;
  if (samples > 0 && rows > 0) {
    sl_kernels()->add_columns(counts + base * count_bytes, count_bytes, spikes->buffered,
                              skipped * spikes->row_length, samples, rows, spikes->row_length);
  }
}

/* Adds up what is buffered. Where samples are kept apart, that is the rest of one, whole ones, and
 * the front of one. */
static void add_buffered(struct sl_spikes *spikes) {
  size_t rows = spikes->buffered_bits > 0 ? spikes->buffered_bits / spikes->row_length : 0;
  bool apart = spikes->per_sample && spikes->rows_known;
  size_t rest = apart ? spikes->rows - spikes->buffered_step : rows;
  rest = rest < rows ? rest : rows;
  size_t samples = rest < rows ? (rows - rest) / spikes->rows : 0;
  size_t front = rest < rows ? (rows - rest) % spikes->rows : 0;
  size_t base = spikes->buffered_base;
  add_rows(spikes, 0, base, 1, rest);
  add_rows(spikes, rest, base + spikes->row_length, samples, spikes->rows);
  add_rows(spikes, rows - front, base + (1 + samples) * spikes->row_length, 1, front);
  spikes->buffered_bits = 0;
}

/* Where the next value goes after `count` more. */
struct position {
  size_t base, step, column;
  size_t samples; /* that have begun, of those that have not ended yet */
  size_t end;     /* those values go to accumulators before this one */
};

static struct position position_after(const struct sl_spikes *spikes, size_t count) {
  size_t column = spikes->column + count;
  struct position after = {.base = spikes->base, .step = spikes->step, .column = column};
  if (column >= spikes->row_length) {
    after.step += column / spikes->row_length;
    after.column = column % spikes->row_length;
  }
  size_t ended = 0;
  if (spikes->rows_known && after.step >= spikes->rows) {
    ended = after.step / spikes->rows;
    after.step -= ended * spikes->rows;
  }
  after.samples = ended + (after.step > 0 || after.column > 0);
  if (spikes->per_sample) {
    after.base += ended * spikes->row_length;
    ended = 0;
  }
  after.end = after.base + (ended > 0 || after.step > 0 ? spikes->row_length : after.column);
  return after;
}

static void go_to(struct sl_spikes *spikes, struct position position) {
  spikes->base = position.base;
  spikes->step = position.step;
  spikes->column = position.column;
}

/* Begins the samples that so many values are the first of, or none if they cannot all begin. */
static enum sl_status begin_samples(struct sl_spikes *spikes, size_t count,
                                    struct sl_error *error) {
  if (spikes->rank > 0 || spikes->all_begun) { /* all is granted */
    return SL_OK;
  }
  bool inside = spikes->step > 0 || spikes->column > 0;
  size_t pairs = (position_after(spikes, count).samples - inside) * spikes->row_length;
  size_t needed;
  if (pairs == 0) {
    return SL_OK;
  }
  enum sl_status status = sl_spikes_take_pairs(spikes, pairs, error);
  if (status != SL_OK || !spikes->per_sample) {
    return status;
  }
  return sl_checked_add(&needed, spikes->accumulators, pairs)
             ? sl_spikes_grow(spikes, needed, error)
             : sl_spikes_no_memory(error);
}

/* Pushes values of the first time step, where nothing is known yet: every value begins a neuron of
 * its own. */
static enum sl_status push_first_step(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                      struct sl_error *error) {
  enum sl_status status = sl_spikes_take_pairs(spikes, count, error);
  size_t end = spikes->column + count;
  if (status != SL_OK || sl_spikes_grow(spikes, end, error) != SL_OK ||
      sl_spikes_reach(spikes, end, error) != SL_OK) {
    return error->code;
  }
  for (size_t i = 0; i < count; i += 64) {
    uint64_t ones =
        count - i < 64 ? bits[i / 64] & ((UINT64_C(1) << (count - i)) - 1) : bits[i / 64];
    for (; ones != 0; ones &= ones - 1) {
      size_t neuron = spikes->column + i + (size_t)__builtin_ctzll(ones);
      sl_spikes_add_count(spikes, &spikes->ones_memory, neuron, 1);
    }
  }
  spikes->values += count;
  spikes->column = end;
  return SL_OK;
}

/* Gets ready for the next bits. Returns how many of them the buffer has space for, 0 with an error.
 * The buffer begins with a row: zeros are for values of it that were no bits. */
static size_t begin_bits(struct sl_spikes *spikes, size_t count, struct position *after,
                         struct sl_error *error) {
  size_t before = spikes->buffered_bits > 0 ? spikes->buffered_bits : spikes->column;
  size_t space = spikes->max_buffered_bits - before;
  size_t length = space < count ? space : count;
  size_t words = (before + length) / 64 + 1;
  *after = position_after(spikes, length);
  size_t begun = after->step + (after->column > 0);
  if ((begun > SL_MAX_SMALL_COUNT && sl_spikes_enlarge_counts(spikes, error) != SL_OK) ||
      sl_spikes_reach(spikes, after->end, error) != SL_OK ||
      sl_lazy_words_reach(&spikes->buffer_memory, words, spikes->budget, error) != SL_OK) {
    return 0;
  }
  if (spikes->buffered_bits == 0) {
    spikes->buffered_base = spikes->base;
    spikes->buffered_step = spikes->step;
    memset(spikes->buffered, 0, (before / 64 + 1) * sizeof *spikes->buffered);
    spikes->buffered_bits = before;
  }
  return length;
}

/* Goes on after bits that are in the buffer now. */
static void end_bits(struct sl_spikes *spikes, size_t count, struct position after) {
  spikes->buffered_bits += count;
  spikes->values += count;
  go_to(spikes, after);
  if (spikes->buffered_bits == spikes->max_buffered_bits) {
    add_buffered(spikes);
  }
}

enum sl_status sl_spikes_too_many(struct sl_error *error) {
  return sl_fail(error, SL_LENGTH_MISMATCH, "more values are pushed than the shape has");
}

enum sl_status sl_spikes_push_bits(struct sl_spikes *spikes, const uint64_t *bits, size_t count,
                                   struct sl_error *error) {
  if (error == NULL || spikes == NULL || (bits == NULL && count > 0)) {
    return sl_fail_argument(error, "sl_spikes_push_bits: a pointer is NULL");
  }
  if (count > spikes->max_values - spikes->values) {
    return sl_spikes_too_many(error);
  }
  if (spikes->time_last) {
    return sl_time_last_push_bits(spikes, bits, count, error);
  }
  if (!spikes->row_known) {
    return push_first_step(spikes, bits, count, error);
  }
  if ((spikes->buffered == NULL && begin_buffer(spikes, error) != SL_OK) ||
      begin_samples(spikes, count, error) != SL_OK) {
    return error->code;
  }
  for (size_t done = 0; done < count;) {
    struct position after;
    size_t length = begin_bits(spikes, count - done, &after, error);
    if (length == 0) {
      return error->code;
    }
    sl_copy_bits(spikes->buffered, spikes->buffered_bits, bits, done, length);
    end_bits(spikes, length, after);
    done += length;
  }
  return SL_OK;
}

/* Pushes packed bits as long as the buffer takes whole units of them. Returns how many. */
static size_t push_units(struct sl_spikes *spikes, const uint8_t *bytes, size_t count,
                         struct sl_error *error) {
  const size_t unit = htole16(1) == 1 ? 8 : 64; /* bits that are together in memory */
  size_t done = 0;
  while (done < count && spikes->buffered_bits % unit == 0 &&
         (spikes->buffered_bits > 0 || spikes->column == 0)) {
    struct position after;
    size_t length = begin_bits(spikes, count - done, &after, error);
    if (length == 0 || (length < count - done && length % unit > 0)) {
      break;
    }
    uint8_t *end = (uint8_t *)spikes->buffered + spikes->buffered_bits / 8;
    sl_kernels()->read_bits(end, bytes + done / 8, (length + 7) / 8);
    end_bits(spikes, length, after);
    done += length;
  }
  return done;
}

/* Counts a small tensor that comes whole, without a buffer. */
static enum sl_status push_all(struct sl_spikes *spikes, uint64_t *words, size_t count,
                               struct sl_error *error) {
  struct position after = position_after(spikes, count);
  if (sl_spikes_reach(spikes, after.end, error) != SL_OK) {
    return error->code;
  }
  spikes->buffered = words;
  spikes->buffered_bits = count;
  add_buffered(spikes);
  spikes->buffered = NULL;
  spikes->values = count;
  go_to(spikes, after);
  return SL_OK;
}

enum sl_status sl_spikes_push_packed(struct sl_spikes *spikes, const uint8_t *bytes, size_t count,
                                     struct sl_error *error) {
  enum { WORDS = 64 };
  uint64_t words[WORDS + SL_BITS_SLACK];
  size_t done = 0;
  if (spikes->values == 0 && count == spikes->max_values && count <= 64 * WORDS &&
      !spikes->time_last) {
    sl_kernels()->read_bits(words, bytes, (count + 7) / 8);
    return push_all(spikes, words, count, error);
  }
  if (spikes->buffered != NULL && spikes->rank > 0 &&
      count <= spikes->max_values - spikes->values) {
    done = push_units(spikes, bytes, count, error);
  }
  while (done < count && error->code == SL_OK) {
    size_t length = count - done < 64 * WORDS ? count - done : 64 * WORDS;
    sl_kernels()->read_bits(words, bytes + done / 8, (length + 7) / 8);
    sl_spikes_push_bits(spikes, words, length, error);
    done += length;
  }
  return error->code;
}

/* Finds the ones among values; returns whether all others are 0. */
static bool find_bits(const double *values, size_t count, uint64_t *bits) {
  bool binary = true;
  for (size_t i = 0; i < count && binary; i += 64) {
    size_t length = count - i < 64 ? count - i : 64;
    bits[i / 64] = sl_kernels()->find_ones(values + i, length, &binary);
  }
  return binary;
}

/* Values of which some are neither 0 nor 1: doubles, or little-endian floats of four bytes. */
struct graded {
  const double *reals; /* NULL: singles */
  const uint8_t *singles;
};

static struct graded graded_from(struct graded values, size_t index) {
  return (struct graded){.reals = values.reals != NULL ? values.reals + index : NULL,
                         .singles = values.reals != NULL ? NULL : values.singles + 4 * index};
}

/* Adds rows of values, one directly after the other. Returns false if they are not finite, which
 * only floats may be. */
static bool add_graded(struct sl_spikes *spikes, size_t first, struct graded values, size_t rows,
                       size_t columns) {
  size_t count_bytes = spikes->is_small ? sizeof *spikes->small_ones : sizeof *spikes->ones;
  char *ones = (char *)spikes->ones_memory.words + first * count_bytes;
  char *graded = (char *)spikes->graded_memory.words + first * count_bytes;
  double *sums = spikes->sums + first;
  if (values.reals == NULL) {
    return sl_kernels()->add_singles(ones, graded, count_bytes, sums, values.singles, rows,
                                     columns);
  }
  sl_kernels()->add_reals(ones, graded, count_bytes, sums, values.reals, rows, columns, columns);
  return true;
}

enum sl_status sl_spikes_not_finite(uint64_t index, struct sl_error *error) {
  return sl_fail(error, SL_NOT_FINITE, "value %llu, counted from 0, is NaN or infinite; replace it",
                 (unsigned long long)index);
}

/* Fails for the first of these values that is not finite; `index` is that of the first value. */
static enum sl_status fail_singles(const uint8_t *singles, uint64_t index, struct sl_error *error) {
  double value;
  while (sl_kernels()->read_singles(&value, singles, 1)) {
    singles += sizeof(float);
    index++;
  }
  return sl_spikes_not_finite(index, error);
}

/* Adds values of one row that bits of the same row in the buffer come before: zeros for them go
 * there too. */
static enum sl_status push_graded_after_bits(struct sl_spikes *spikes, struct graded values,
                                             size_t count, struct sl_error *error) {
  static const uint64_t no_bits[PARTS];
  size_t first = spikes->base + spikes->column;
  uint64_t index = spikes->values;
  if (sl_spikes_push_bits(spikes, no_bits, count, error) != SL_OK ||
      sl_spikes_reach_graded(spikes, first + count, error) != SL_OK) {
    return error->code;
  }
  return add_graded(spikes, first, values, 1, count) ? SL_OK
                                                     : fail_singles(values.singles, index, error);
}

/* Makes accumulators of the next values writable. */
static enum sl_status begin_graded(struct sl_spikes *spikes, size_t count, struct sl_error *error) {
  if (count > spikes->max_values - spikes->values) {
    return sl_spikes_too_many(error);
  }
  if (begin_samples(spikes, count, error) != SL_OK) {
    return error->code;
  }
  struct position after = position_after(spikes, count);
  size_t begun = after.step + (after.column > 0);
  if ((begun > SL_MAX_SMALL_COUNT && sl_spikes_enlarge_counts(spikes, error) != SL_OK) ||
      sl_spikes_reach_graded(spikes, after.end, error) != SL_OK ||
      sl_spikes_reach(spikes, after.end, error) != SL_OK) {
    return error->code;
  }
  return SL_OK;
}

/* Adds whole rows at once, or values of one (no rows). Samples of one row are one long row. There
 * are no bits for these values. So those before them, which know their sample by their order, are
 * added before, and so that the buffer begins with a row. */
static enum sl_status push_graded(struct sl_spikes *spikes, struct graded values, size_t count,
                                  size_t rows, struct sl_error *error) {
  uint64_t index = spikes->values;
  if (!spikes->row_known ||
      (spikes->buffered_bits > 0 && spikes->buffered_bits % spikes->row_length > 0)) {
    return push_graded_after_bits(spikes, values, count, error);
  }
  if (begin_graded(spikes, count, error) != SL_OK) {
    return error->code;
  }
  if (spikes->per_sample || rows == 0) {
    add_buffered(spikes);
  }
  bool apart = spikes->per_sample && spikes->rows_known && spikes->rows > 1;
  bool of_samples = spikes->per_sample && spikes->rows_known && spikes->rows == 1;
  for (size_t done = 0; done < count;) {
    size_t left = apart ? spikes->rows - spikes->step : rows;
    size_t together = rows < left ? rows : left;
    size_t length = rows > 0 ? together * spikes->row_length : count;
    bool one_row = rows == 0 || of_samples;
    if (!add_graded(spikes, spikes->base + spikes->column, graded_from(values, done),
                    one_row ? 1 : together, one_row ? length : spikes->row_length)) {
      return fail_singles(values.singles, index, error);
    }
    go_to(spikes, position_after(spikes, length));
    done += length;
    rows -= together;
  }
  spikes->values += count;
  return SL_OK;
}

/* Returns whether a sum of values can be a count of ones. */
static bool is_count(const struct sl_spikes *spikes, double sum) {
  bool in_range = sum >= 0 && sum <= spikes->max_sum && sum < 0x1p63;
  return in_range && sum == (double)(uint64_t)sum;
}

/* Returns whether values are sums with an accumulator of its own for each, one after the other. */
static bool are_sums_of_samples(const struct sl_spikes *spikes) {
  return spikes->summed != SL_SUMMED_NOT && spikes->per_sample && !spikes->time_last &&
         spikes->rows_known && spikes->rows == 1;
}

/* Adds sums to accumulators side by side: counts of ones, all others are graded values. */
static enum sl_status push_sums_part(struct sl_spikes *spikes, const double *sums, size_t count,
                                     struct sl_error *error) {
  static const uint64_t no_bits[PARTS];
  size_t first = spikes->base + spikes->column;
  bool graded = false;
  for (size_t i = 0; i < count; i++) {
    graded |= !is_count(spikes, sums[i]);
  }
  if (sl_spikes_push_bits(spikes, no_bits, count, error) != SL_OK ||
      (graded && sl_spikes_reach_graded(spikes, first + count, error) != SL_OK)) {
    return error->code;
  }
  for (size_t i = 0; i < count; i++) {
    if (!is_count(spikes, sums[i])) {
      sl_spikes_add_count(spikes, &spikes->graded_memory, first + i, 1);
      spikes->sums[first + i] += sums[i];
    } else {
      sl_spikes_add_count(spikes, &spikes->ones_memory, first + i, (uint64_t)sums[i]);
    }
  }
  return SL_OK;
}

/* Counts values, not all of them 0 and 1: whole rows, or values of one row. */
static enum sl_status push_others(struct sl_spikes *spikes, const double *values, size_t count,
                                  size_t rows, struct sl_error *error) {
  if (spikes->summed != SL_SUMMED_NOT) {
    return push_sums_part(spikes, values, count, error);
  }
  if (spikes->time_last) {
    return count <= spikes->max_values - spikes->values
               ? sl_time_last_push_reals(spikes, values, count, error)
               : sl_spikes_too_many(error);
  }
  return push_graded(spikes, (struct graded){.reals = values}, count, rows, error);
}

/* Returns how many of the next values can be counted at once: those of a row, or whole rows, or all
 * where a row is a sample. */
static size_t values_at_once(const struct sl_spikes *spikes, size_t count, size_t *rows) {
  size_t length = count < MAX_PART ? count : MAX_PART;
  bool apart = spikes->row_known && !spikes->time_last;
  bool summed = spikes->summed != SL_SUMMED_NOT;
  *rows = apart && !summed && spikes->column == 0 ? length / spikes->row_length : 0;
  size_t left =
      apart && !are_sums_of_samples(spikes) ? spikes->row_length - spikes->column : SIZE_MAX;
  return *rows > 0 ? *rows * spikes->row_length : length < left ? length : left;
}

size_t sl_spikes_push_byte_sums(struct sl_spikes *spikes, const uint8_t *sums, size_t count,
                                struct sl_error *error) {
  static const uint64_t no_bits[PARTS];
  size_t length = count < MAX_PART ? count : MAX_PART;
  size_t first = spikes->base + spikes->column;
  uint8_t largest = 0;
  if (!spikes->is_small || !are_sums_of_samples(spikes)) {
    return 0;
  }
  for (size_t i = 0; i < length; i++) {
    largest = sums[i] > largest ? sums[i] : largest;
  }
  if (largest > spikes->max_sum) {
    return 0;
  }
  if (sl_spikes_push_bits(spikes, no_bits, length, error) == SL_OK) {
    uint8_t *ones = spikes->small_ones + first;
    for (size_t i = 0; i < length; i++) {
      ones[i] = (uint8_t)(ones[i] + sums[i]);
    }
  }
  return length;
}

enum sl_status sl_spikes_push_reals(struct sl_spikes *spikes, const double *values, size_t count,
                                    struct sl_error *error) {
  for (size_t done = 0; done < count;) {
    uint64_t bits[PARTS];
    size_t rows;
    size_t length = values_at_once(spikes, count - done, &rows);
    enum sl_status status = find_bits(values + done, length, bits)
                                ? sl_spikes_push_bits(spikes, bits, length, error)
                                : push_others(spikes, values + done, length, rows, error);
    if (status != SL_OK) {
      return status;
    }
    done += length;
  }
  return SL_OK;
}

bool sl_spikes_take_singles(const struct sl_spikes *spikes) {
  return spikes->row_known && !spikes->time_last && spikes->summed == SL_SUMMED_NOT;
}

enum sl_status sl_spikes_push_singles(struct sl_spikes *spikes, const uint8_t *bytes, size_t count,
                                      struct sl_error *error) {
  for (size_t done = 0; done < count && error->code == SL_OK;) {
    size_t left = count - done;
    size_t rows = spikes->column == 0 ? left / spikes->row_length : 0;
    struct graded values = graded_from((struct graded){.singles = bytes}, done);
    size_t of_row = spikes->row_length - spikes->column;
    size_t length = left < of_row ? left : of_row;
    length = rows > 0 ? rows * spikes->row_length : length < MAX_PART ? length : MAX_PART;
    push_graded(spikes, values, length, rows, error);
    done += length;
  }
  return error->code;
}

void sl_spikes_end_step(struct sl_spikes *spikes) {
  spikes->row_length = spikes->column;
  spikes->row_known = true;
  go_to(spikes, position_after(spikes, 0));
}

void sl_spikes_end_sample(struct sl_spikes *spikes) {
  spikes->rows = spikes->step;
  spikes->rows_known = true;
  go_to(spikes, position_after(spikes, 0));
}

enum sl_status sl_spikes_finish(struct sl_spikes *spikes, struct sl_error *error) {
  if (error == NULL || spikes == NULL) {
    return sl_fail_argument(error, "sl_spikes_finish: a pointer is NULL");
  }
  if (spikes->rank > 0 && spikes->values == 0 &&
      sl_spikes_begin_scattered(spikes, true, error) != SL_OK) {
    return error->code;
  }
  if (spikes->values != spikes->max_values) {
    return sl_fail(error, SL_LENGTH_MISMATCH, "fewer values were pushed than the shape has");
  }
  add_buffered(spikes);
  sl_lazy_words_settle(&spikes->graded_memory);
  sl_lazy_words_settle(&spikes->sums_memory);
  sl_lazy_words_free(&spikes->buffer_memory, spikes->budget);
  spikes->buffered = NULL;
  spikes->scattered = false;
  spikes->finished = true;
  return SL_OK;
}
