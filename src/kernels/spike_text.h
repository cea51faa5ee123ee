/*
 * Reading the text of binary spikes, 64 bytes at a time.
 *
 * Included once by every variant, which defines how its processor does three things:
 *
 *     struct text_block classify_block(const char *text)      where is each character?
 *     uint64_t extract_bits(uint64_t source, uint64_t mask)   the source bits under the mask,
 *                                                             moved together (pext)
 *     bool fits_template(text, template, &low_bits)           is this the same text but for the
 *                                                             spikes, and what are they?
 *
 * The picture. Bit i of a mask says something of byte i of the block; text runs from left to right:
 *
 *     text     1,0, 0],[1.0,
 *     starts   x.x..x...x...      first digits of values
 *     commas   .x.x...x.....x
 *     points   ...........x..
 *
 * "What comes next, white space aside" is one addition: a mask moved on by one byte and added to
 * the mask of white space ripples through the white space and comes out after it.
 *
 *     commas << 1        ..x.x...x....
 *     + spaces           ....x........     the carry walks through the run
 *     & ~spaces          ..x..x..x....     the byte after each comma that is not white space
 *
 * Information only flows from left to right (shifts and carries), so everything before the first
 * byte that is wrong, or merely not plain, is as it seems. A block is therefore taken up to its
 * last comma before that byte, or up to that byte if it only closes an outer array. As each block
 * begins after a comma, nothing is carried over from block to block but the column in the row.
 *
 * What one encoder writes looks the same over and over. Once a block has been found plain, its
 * bytes are kept as a template; text that differs from a template only in the lowest bit of the
 * value digits ('0' is 0x30, '1' is 0x31) is as plain as it was, and needs no second look. One
 * template is for the inside of a row, one for whole short rows:
 *
 *     within_row   v,v,v,v,v,v,v,v,            whole_rows   [v,v,v],[v,v,v],
 */
#ifndef SPIKELOSS_KERNELS_SPIKE_TEXT_H
#define SPIKELOSS_KERNELS_SPIKE_TEXT_H

#include "kernels/kernels.h"

struct text_block {
  uint64_t zeros, ones, points, commas, opens, closes, spaces;
};

static inline struct text_block classify_block(const char *text);
static inline uint64_t extract_bits(uint64_t source, uint64_t mask);
static inline bool fits_template(const char *text, const struct sl_text_template *template,
                                 uint64_t *low_bits);

/* The plain part of a block: complete values, each with the comma or bracket after it. */
struct plain_text {
  size_t length;       /* bytes, up to and with the last plain comma, or the last one between
                        * rows if there are any, or a closed row; 0 if there is nothing plain */
  bool closed_row;     /* they end before the bracket that closes an outer array */
  size_t stop;         /* the first byte that is not plain, 64 if all are */
  size_t count;        /* values, at least one if length is not 0 */
  uint64_t starts;     /* bit i: byte i is the first digit of a value */
  uint64_t values;     /* bit i: value i is a one */
  bool has_brackets;   /* the two below say something */
  uint64_t row_starts; /* bit i: a bracket opens before value i */
  uint64_t row_ends;   /* bit i: a bracket closes after value i */
};

/* Returns the first byte after each marked one that is not white space. */
static inline uint64_t next_token(uint64_t marks, uint64_t spaces) {
  return ((marks << 1) + spaces) & ~spaces;
}

/* Returns the lowest `count` bits, 1 to 64 of them. */
static inline uint64_t lowest_bits(size_t count) {
  return UINT64_MAX >> (64 - count);
}

/* What is where, and all bytes from which on the text may not be plain. */
struct block_marks {
  uint64_t starts;       /* first digits of values */
  uint64_t followers;    /* what comes next after a value */
  uint64_t first_of_row; /* what comes next after `[` */
  uint64_t outer_closes; /* `]` of an outer array */
  uint64_t wrong;
};

static inline struct block_marks check_block(struct text_block block) {
  uint64_t digits = block.zeros | block.ones;
  uint64_t brackets = block.opens | block.closes;
  uint64_t ends = digits; /* of values */
  struct block_marks marks = {.starts = digits};
  marks.wrong = ~(digits | block.points | block.commas | brackets | block.spaces);
  marks.wrong |= digits & (digits << 1); /* 01, 10, 0.00 */
  if (block.points != 0) {
    uint64_t fractions = block.points << 1;
    marks.starts &= ~fractions;
    ends &= ~(block.points >> 1);
    marks.wrong |= block.points & ~(marks.starts << 1); /* a point without a digit before it */
    marks.wrong |= fractions & ~block.zeros;            /* 0.1, or no digit after the point */
  }

  /* After a comma or `[`, and only there, is a value or another `[`. */
  uint64_t before_value = ((block.commas | block.opens) << 1) | 1;
  marks.wrong |= ((before_value + block.spaces) & ~block.spaces) ^ (marks.starts | block.opens);

  /* `]` after something else than a value, `[` before something else: an outer array. */
  if (brackets != 0) {
    marks.followers = next_token(ends, block.spaces);
    marks.first_of_row = next_token(block.opens, block.spaces);
    marks.outer_closes = block.closes & ~marks.followers & ~marks.wrong;
    marks.wrong |= marks.outer_closes | (block.opens & marks.first_of_row);
  }
  return marks;
}

static inline struct plain_text read_plain_text(struct text_block block) {
  struct block_marks marks = check_block(block);
  /* A branch, not a minimum: the start of the next block must not wait for all the checks. */
  size_t stop = SL_SCAN_BLOCK;
  uint64_t ending = block.commas;
  if (__builtin_expect(marks.wrong != 0, 0)) {
    stop = (size_t)__builtin_ctzll(marks.wrong);
    ending &= ~(UINT64_MAX << stop);
  }
  bool closed_row = stop > 0 && (marks.outer_closes & marks.wrong & -marks.wrong) != 0;
  uint64_t commas_between_rows = ending & next_token(block.closes, block.spaces);
  if (closed_row) {
    ending = UINT64_C(1) << (stop - 1);
  } else if (commas_between_rows != 0) {
    ending = commas_between_rows;
  }
  if (ending == 0) {
    return (struct plain_text){.stop = stop};
  }
  size_t length = 64 - (size_t)__builtin_clzll(ending);
  uint64_t taken = lowest_bits(length);
  uint64_t starts = marks.starts & taken;
  struct plain_text text = {
      .length = length,
      .closed_row = closed_row,
      .stop = stop,
      .count = (size_t)__builtin_popcountll(starts),
      .starts = starts,
      .values = extract_bits(block.ones, starts),
      .has_brackets = ((block.opens | block.closes) & taken) != 0,
  };
  if (text.has_brackets) {
    text.row_starts = extract_bits(marks.first_of_row, starts);
    text.row_ends = extract_bits(block.closes, marks.followers & taken);
  }
  return text;
}

/* Returns whether the brackets are exactly where a row of the known length begins and ends.
 * `every_row` has one bit for the first value of each row. */
static inline bool rows_fit(const struct plain_text *text, size_t row_length, size_t column,
                            uint64_t every_row) {
  size_t to_end = row_length - 1 - column;
  if (!text->has_brackets) {
    return column > 0 && text->count <= to_end;
  }
  uint64_t ends = to_end < 64 ? every_row << to_end : 0;
  uint64_t starts = ends << 1 | (column == 0 ? 1 : 0);
  uint64_t values = lowest_bits(text->count);
  return text->row_ends == (ends & values) && text->row_starts == (starts & values);
}

/* Returns one bit for the first value of each row, as far as 64 values reach. */
static inline uint64_t row_pattern(size_t row_length) {
  uint64_t pattern = 1;
  for (size_t value = row_length; value < 64; value += row_length) {
    pattern |= UINT64_C(1) << value;
  }
  return pattern;
}

/* Bits on their way to memory, in words of 64. */
struct bit_writer {
  uint64_t *word;
  uint64_t gathered;
  size_t filled; /* below 64 */
};

static inline void write_bits(struct bit_writer *writer, uint64_t bits, size_t count) {
  writer->gathered |= bits << writer->filled;
  writer->filled += count;
  if (writer->filled >= 64) {
    *writer->word++ = writer->gathered;
    writer->filled -= 64;
    writer->gathered = writer->filled > 0 ? bits >> (count - writer->filled) : 0;
  }
}

/* Keeps the longest: blocks that were cut short make poor templates. */
static inline void keep_template(struct sl_text_template *template, const struct plain_text *plain,
                                 const char *text) {
  if (plain->length <= template->length) {
    return;
  }
  template->length = plain->length;
  template->count = plain->count;
  template->starts = plain->starts;
  for (size_t i = 0; i < SL_SCAN_BLOCK; i++) {
    bool is_value = plain->starts >> i & 1;
    template->expected[i] = (unsigned char)text[i];
    template->compared[i] = i >= plain->length ? 0 : is_value ? 0xfe : 0xff;
  }
}

/*
 * Takes text in a known template: `max_values` at most, within the row if not whole rows. Two
 * blocks at a time, whose values fit into one word; the template is copied so that it can stay in
 * registers.
 */
static inline size_t take_repeats(const struct sl_text_template *known, const char *text,
                                  size_t length, size_t max_values, struct bit_writer *writer) {
  const struct sl_text_template template = *known;
  const size_t period = template.length;
  size_t done = 0;
  size_t taken = 0;
  uint64_t low, high;
  while (taken + 2 * template.count <= max_values && length - done >= period + SL_SCAN_BLOCK &&
         fits_template(text + done, &template, &low) &&
         fits_template(text + done + period, &template, &high)) {
    low = extract_bits(low, template.starts);
    high = extract_bits(high, template.starts);
    write_bits(writer, low | high << template.count, 2 * template.count);
    taken += 2 * template.count;
    done += 2 * period;
  }
  while (taken + template.count <= max_values && length - done >= SL_SCAN_BLOCK &&
         fits_template(text + done, &template, &low)) {
    write_bits(writer, extract_bits(low, template.starts), template.count);
    taken += template.count;
    done += period;
  }
  return done;
}

/* How far a scan has come. */
struct scan_progress {
  size_t done;   /* bytes */
  size_t column; /* values of the current row */
  size_t space;  /* for values */
  struct bit_writer writer;
};

static inline void take_known_template(struct scan_progress *progress,
                                       const struct sl_text_scan *scan, const char *text,
                                       size_t length) {
  bool between_rows = progress->column == 0;
  const struct sl_text_template *template = between_rows ? &scan->whole_rows : &scan->within_row;
  if (template->length == 0) {
    return;
  }
  size_t to_end = scan->row_length - 1 - progress->column;
  size_t max = between_rows || progress->space < to_end ? progress->space : to_end;
  size_t taken = take_repeats(template, text + progress->done, length - progress->done, max,
                              &progress->writer);
  size_t values = taken / template->length * template->count;
  progress->done += taken;
  progress->space -= values;
  progress->column += between_rows ? 0 : values;
}

static inline void take_plain_text(struct scan_progress *progress, struct sl_text_scan *scan,
                                   const struct plain_text *plain, const char *text) {
  size_t rows = plain->has_brackets ? (size_t)__builtin_popcountll(plain->row_ends) : 0;
  size_t values_of_rows = rows * scan->row_length;
  bool whole_rows = progress->column == 0 && plain->count == values_of_rows;
  if (!plain->has_brackets) {
    keep_template(&scan->within_row, plain, text + progress->done);
  } else if (whole_rows && !plain->closed_row) {
    keep_template(&scan->whole_rows, plain, text + progress->done);
  }
  write_bits(&progress->writer, plain->values, plain->count);
  progress->done += plain->length;
  progress->space -= plain->count;
  progress->column += plain->count - values_of_rows;
}

static inline size_t scan_spike_text(struct sl_text_scan *scan, const char *text, size_t length) {
  const uint64_t every_row = row_pattern(scan->row_length);
  struct scan_progress progress = {
      .column = scan->column, .space = scan->capacity, .writer = {.word = scan->bits}};
  scan->closed_row = false;
  scan->resume = 0;
  while (length - progress.done >= SL_SCAN_BLOCK && progress.space >= SL_SCAN_BLOCK) {
    take_known_template(&progress, scan, text, length);
    if (length - progress.done < SL_SCAN_BLOCK || progress.space < SL_SCAN_BLOCK) {
      break;
    }
    struct plain_text plain = read_plain_text(classify_block(text + progress.done));
    if (plain.length == 0 || !rows_fit(&plain, scan->row_length, progress.column, every_row)) {
      scan->resume = progress.done + plain.stop;
      break;
    }
    take_plain_text(&progress, scan, &plain, text);
    if (plain.stop < SL_SCAN_BLOCK) {
      scan->resume = progress.done - plain.length + plain.stop;
      scan->closed_row = plain.closed_row;
      break;
    }
  }
  if (progress.writer.filled > 0) {
    *progress.writer.word = progress.writer.gathered;
  }
  scan->column = progress.column;
  scan->count = scan->capacity - progress.space;
  return progress.done;
}

#endif
