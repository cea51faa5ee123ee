/*
 * Reading the text of binary spikes, 64 bytes at a time.
 *
 * Included once by every variant, which first defines how its processor does two things:
 *
 *     struct text_block classify_block(const char *text)      where does each character stand?
 *     uint64_t extract_bits(uint64_t source, uint64_t mask)   the source bits under the mask,
 *                                                             moved together (pext)
 *
 * The picture. Bit i of a mask says something of byte i of the block; text runs from left to right:
 *
 *     text     1,0, 0],[1.0,
 *     starts   x.x..x...x...      first digits of values
 *     commas   .x.x...x.....x
 *     points   ...........x..
 *
 * "What comes next, white space aside" is one addition: a mask moved on by one byte and added to
 * the mask of white space ripples through the white space and comes out behind it.
 *
 *     commas << 1        ..x.x...x....
 *     + spaces           ....x........     the carry walks through the run
 *     & ~spaces          ..x..x..x....     the byte after each comma that is not white space
 *
 * Information only flows from left to right (shifts and carries), so everything before the first
 * byte that is wrong, or merely not plain, is as it seems. A block is therefore taken up to its
 * last comma before that byte. As each block begins behind a comma, nothing is carried over from
 * block to block but the place in the row.
 */
#ifndef SPIKELOSS_KERNELS_SPIKE_TEXT_H
#define SPIKELOSS_KERNELS_SPIKE_TEXT_H

#include "kernels/kernels.h"

struct text_block {
  uint64_t zeros, ones, points, commas, opens, closes, spaces;
};

static inline struct text_block classify_block(const char *text);
static inline uint64_t extract_bits(uint64_t source, uint64_t mask);

/* The plain part of a block: complete values, each with the comma or bracket behind it. */
struct plain_text {
  size_t length;       /* bytes, up to and with the last plain comma; 0 if there is none */
  size_t stop;         /* the first byte that is not plain, 64 if all are */
  size_t count;        /* values */
  uint64_t values;     /* bit i: value i is a one */
  bool has_brackets;   /* the two below say something */
  uint64_t row_starts; /* bit i: a bracket opens before value i */
  uint64_t row_ends;   /* bit i: a bracket closes behind value i */
};

/* The first byte behind each marked one that is not white space. */
static inline uint64_t next_token(uint64_t marks, uint64_t spaces) {
  return ((marks << 1) + spaces) & ~spaces;
}

static inline uint64_t lowest_bits(size_t count) {
  return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

static inline struct plain_text read_plain_text(struct text_block block) {
  uint64_t digits = block.zeros | block.ones;
  uint64_t starts = digits & ~(block.points << 1);
  uint64_t ends = (digits & ~starts) | (starts & ~(block.points >> 1));
  uint64_t brackets = block.opens | block.closes;

  uint64_t wrong = ~(digits | block.points | block.commas | brackets | block.spaces);
  wrong |= digits & (digits << 1);             /* 01, 10, 0.00 */
  wrong |= block.points & ~(starts << 1);      /* a point without a digit before it */
  wrong |= (block.points << 1) & ~block.zeros; /* 0.1, or no digit behind the point */

  /* Behind a comma or `[`, and only there, stands a value or another `[`. */
  uint64_t before_value = ((block.commas | block.opens) << 1) | 1;
  wrong |= ((before_value + block.spaces) & ~block.spaces) ^ (starts | block.opens);

  /* `]` behind something else than a value, `[` before something else: an outer array. */
  uint64_t followers = next_token(ends, block.spaces);
  uint64_t first_of_row = next_token(block.opens, block.spaces);
  wrong |= (block.closes & ~followers) | (block.opens & first_of_row);

  size_t stop = wrong == 0 ? 64 : (size_t)__builtin_ctzll(wrong);
  uint64_t plain_commas = block.commas & lowest_bits(stop);
  if (plain_commas == 0) {
    return (struct plain_text){.stop = stop};
  }
  size_t length = 64 - (size_t)__builtin_clzll(plain_commas);
  uint64_t taken = lowest_bits(length);
  starts &= taken;
  struct plain_text text = {
      .length = length,
      .stop = stop,
      .count = (size_t)__builtin_popcountll(starts),
      .values = extract_bits(block.ones, starts),
      .has_brackets = (brackets & taken) != 0,
  };
  if (text.has_brackets) {
    text.row_starts = extract_bits(first_of_row, starts);
    text.row_ends = extract_bits(block.closes, followers & taken);
  }
  return text;
}

/* Whether the brackets stand exactly where a row of the known length begins and ends. */
static inline bool rows_fit(const struct plain_text *text, const struct sl_text_scan *scan,
                            uint64_t every_row) {
  size_t to_end = scan->row_length - 1 - scan->column;
  if (!text->has_brackets) {
    return scan->column > 0 && text->count <= to_end;
  }
  uint64_t ends = to_end < 64 ? every_row << to_end : 0;
  uint64_t starts = ends << 1 | (scan->column == 0 ? 1 : 0);
  uint64_t values = lowest_bits(text->count);
  return text->row_ends == (ends & values) && text->row_starts == (starts & values);
}

/* One bit for the first value of each row, as far as 64 values reach. */
static inline uint64_t row_pattern(size_t row_length) {
  uint64_t pattern = 1;
  for (size_t value = row_length; value < 64; value += row_length) {
    pattern |= UINT64_C(1) << value;
  }
  return pattern;
}

static inline size_t scan_spike_text(struct sl_text_scan *scan, const char *text, size_t length) {
  uint64_t every_row = row_pattern(scan->row_length);
  size_t filled = scan->count % 64;
  uint64_t *word = scan->bits + scan->count / 64;
  uint64_t gathered = filled > 0 ? *word : 0;
  size_t done = 0;
  scan->resume = 0;
  while (length >= done + SL_SCAN_BLOCK && scan->room - scan->count >= SL_SCAN_BLOCK) {
    struct plain_text plain = read_plain_text(classify_block(text + done));
    if (plain.length == 0 || !rows_fit(&plain, scan, every_row)) {
      scan->resume = done + plain.stop;
      break;
    }
    if (plain.stop < SL_SCAN_BLOCK) {
      scan->resume = done + plain.stop;
      length = 0; /* this is the last block */
    }
    done += plain.length;
    scan->column += plain.count;
    if (plain.has_brackets) {
      scan->column -= scan->row_length * (size_t)__builtin_popcountll(plain.row_ends);
    }
    scan->count += plain.count;
    gathered |= plain.values << filled;
    filled += plain.count;
    if (filled >= 64) {
      *word++ = gathered;
      filled -= 64;
      gathered = filled > 0 ? plain.values >> (plain.count - filled) : 0;
    }
  }
  if (filled > 0) {
    *word = gathered;
  }
  return done;
}

#endif
