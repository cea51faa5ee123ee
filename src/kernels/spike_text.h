/*
 * Reading the text of binary spikes, 64 bytes at a time.
 *
 * Included once by every variant, which defines how its processor does three things:
 *
 *     struct text_block classify_block(const char *text)      where is each character?
 *     uint64_t extract_bits(uint64_t source, uint64_t mask)   the source bits under the mask,
 *                                                             moved together (pext)
 *     uint64_t compare_block(text, expected, &low_bits)       which bytes are others, and which
 *                                                             have only another lowest bit?
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
 * What one encoder writes looks the same over and over. An element of an array that was found to be
 * right is kept as a template, with all spikes erased: a row, or a whole sample, or a single value
 * where rows are long. Text that differs from it only in the lowest bit of the value digits ('0' is
 * 0x30, '1' is 0x31) is as right as it was, and needs no second look. The template is compared
 * block by block, again and again, and short elements are repeated in it so that few blocks are cut
 * short by its end:
 *
 *     template   [[0,0,0],[0,0,0]],[[0,0,0],[0,0,0]],
 *     blocks     |       |       |       |       |   |        64 bytes each, the last one the rest
 *     text       [[0,1,0],[0,0,1]],[[1,0,0],[0,0,0]],[[0,1,1],[1,0,0]]]
 *                                                           the first that differs  x
 *                                                        and what is taken ends   |
 *
 * A match may begin and end anywhere between two values, with the piece of the body, say.
 */
#ifndef SPIKELOSS_KERNELS_SPIKE_TEXT_H
#define SPIKELOSS_KERNELS_SPIKE_TEXT_H

#include "kernels/kernels.h"
#include <string.h>

struct text_block {
  uint64_t zeros, ones, points, commas, opens, closes, spaces;
};

static inline struct text_block classify_block(const char *text);
static inline uint64_t extract_bits(uint64_t source, uint64_t mask);
static inline uint64_t compare_block(const char *text, const char *expected, uint64_t *low_bits);

/* The plain part of a block: complete values, each with the comma or bracket after it. */
struct plain_text {
  size_t length;       /* bytes, up to and with the last plain comma, or the last one between
                        * rows if there are any, or a closed row; 0 if there is nothing plain */
  bool closed_row;     /* they end before the bracket that closes an outer array */
  size_t stop;         /* the first byte that is not plain, 64 if all are */
  size_t count;        /* values, at least one if length is not 0 */
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

/* Appends bits, without a branch. */
static inline void write_bits(struct bit_writer *writer, uint64_t bits, size_t count) {
  size_t filled = writer->filled + count;
  uint64_t gathered = writer->gathered | bits << writer->filled;
  *writer->word = gathered;
  writer->word += filled / 64;
  writer->filled = filled % 64;
  writer->gathered = filled < 64          ? gathered
                     : writer->filled > 0 ? bits >> (count - writer->filled)
                                          : 0;
}

static inline void end_bits(const struct bit_writer *writer) {
  if (writer->filled > 0) {
    *writer->word = writer->gathered;
  }
}

/* How far a scan has come. */
struct scan_progress {
  size_t done;   /* bytes */
  size_t column; /* values of the current row */
  size_t space;  /* for values */
  struct bit_writer writer;
};

static inline void take_plain_text(struct scan_progress *progress, const struct plain_text *plain,
                                   size_t row_length) {
  size_t rows = plain->has_brackets ? (size_t)__builtin_popcountll(plain->row_ends) : 0;
  size_t values_of_rows = rows * row_length;
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
    struct plain_text plain = read_plain_text(classify_block(text + progress.done));
    if (plain.length == 0 || !rows_fit(&plain, scan->row_length, progress.column, every_row)) {
      scan->resume = progress.done + plain.stop;
      break;
    }
    take_plain_text(&progress, &plain, scan->row_length);
    if (plain.stop < SL_SCAN_BLOCK) {
      scan->resume = progress.done - plain.length + plain.stop;
      scan->closed_row = plain.closed_row;
      break;
    }
  }
  end_bits(&progress.writer);
  scan->column = progress.column;
  scan->count = scan->capacity - progress.space;
  return progress.done;
}

/* The values of text that is valid JSON, block by block. */
struct value_finder {
  uint64_t digits, points; /* of the last block */
  uint64_t starts;         /* the first digits of its values */
};

/* Returns false if a block has anything else than text of plain values. */
static inline bool find_values(struct value_finder *finder, struct text_block block) {
  uint64_t digits = block.zeros | block.ones;
  uint64_t after_digit = digits << 1 | finder->digits >> 63;
  uint64_t after_point = block.points << 1 | finder->points >> 63;
  uint64_t known = digits | block.points | block.commas | block.opens | block.closes | block.spaces;
  *finder = (struct value_finder){digits, block.points, digits & ~after_point};
  return (~known | (digits & after_digit) | (after_point & ~block.zeros)) == 0;
}

static inline bool has_plain_values(const char *text, size_t length) {
  struct value_finder finder = {0};
  bool plain = true;
  for (; plain && length >= SL_SCAN_BLOCK; text += SL_SCAN_BLOCK, length -= SL_SCAN_BLOCK) {
    plain = find_values(&finder, classify_block(text));
  }
  char rest[SL_SCAN_BLOCK];
  memset(rest, ' ', sizeof rest);
  return plain && find_values(&finder, classify_block(memcpy(rest, text, length)));
}

static inline void erase_spikes(char *text, uint64_t spikes) {
  for (; spikes != 0; spikes &= spikes - 1) {
    text[__builtin_ctzll(spikes)] = '0';
  }
}

static inline bool make_template(struct sl_text_template *template, const char *text, size_t length,
                                 size_t times) {
  struct value_finder finder = {0};
  if (!has_plain_values(text, length)) {
    return false;
  }
  for (size_t i = 0; i < times; i++) {
    memcpy(template->text + i * length, text, length);
  }
  template->length = times *length;
  template->count = 0;
  size_t blocks = template->length / SL_SCAN_BLOCK + 1; /* the last one is not full */
  memset(template->text + template->length, ' ', blocks * SL_SCAN_BLOCK - template->length);
  for (size_t block = 0; block < blocks; block++) {
    char *here = template->text + block * SL_SCAN_BLOCK;
    struct text_block classes = classify_block(here);
    find_values(&finder, classes);
    erase_spikes(here, classes.ones & finder.starts);
    template->starts[block] = finder.starts;
    template->before[block] = (uint16_t) template->count;
    template->count += (size_t)__builtin_popcountll(finder.starts);
  }
  return true;
}

/* Returns how many values of a template begin before an offset. */
static inline size_t values_before(const struct sl_text_template *template, size_t offset) {
  uint64_t below = (UINT64_C(1) << offset % SL_SCAN_BLOCK) - 1;
  uint64_t starts = template->starts[offset / SL_SCAN_BLOCK] & below;
  return template->before[offset / SL_SCAN_BLOCK] + (size_t)__builtin_popcountll(starts);
}

/* Returns all bits from one of those that are set on, the first being number 0. */
static inline uint64_t from_nth(uint64_t mask, size_t number) {
  for (; number > 0; number--) {
    mask &= mask - 1;
  }
  return UINT64_MAX << __builtin_ctzll(mask);
}

/* How far a text has been compared with a template. */
struct template_match {
  const struct sl_text_template *template;
  const char *text;
  size_t length;
  size_t done;    /* bytes of text */
  size_t at;      /* the same byte in the template */
  size_t repeats; /* whole templates */
  size_t space;   /* for values */
  struct bit_writer writer;
};

static inline void take_matched(struct template_match *match, size_t length, size_t values) {
  match->space -= values;
  match->done += length;
  match->at += length;
  if (match->at == match->template->length) {
    match->at = 0;
    match->repeats++;
  }
}

/* Takes so many whole blocks at a time, as long as their values fit into one word and are right. */
static inline void match_blocks(struct template_match *match, size_t blocks) {
  const struct sl_text_template *template = match->template;
  size_t length = blocks * SL_SCAN_BLOCK;
  while (template->length - match->at >= length && match->length - match->done >= length &&
         match->space >= SL_SCAN_BLOCK) {
    size_t first = match->at / SL_SCAN_BLOCK;
    const uint16_t *before = template->before + first;
    size_t count = (size_t)(before[blocks] - before[0]);
    uint64_t wrong = 0;
    uint64_t values = 0;
    for (size_t i = 0; count <= 64 && i < blocks; i++) {
      const char *text = match->text + match->done + i * SL_SCAN_BLOCK;
      uint64_t starts = template->starts[first + i];
      uint64_t ones;
      wrong |= compare_block(text, template->text + match->at + i * SL_SCAN_BLOCK, &ones);
      wrong |= ones & ~starts;
      values |= extract_bits(ones, starts) << (before[i] - before[0]) % 64;
    }
    if (__builtin_expect(wrong != 0 || count > 64, 0)) {
      return;
    }
    write_bits(&match->writer, values, count);
    take_matched(match, length, count);
  }
}

/* Takes a block, or the rest of one. False: it has found the first byte that is not taken. */
static inline bool match_block(struct template_match *match) {
  const struct sl_text_template *template = match->template;
  size_t skipped = match->at % SL_SCAN_BLOCK;
  size_t to_end = template->length - match->at;
  size_t length = SL_SCAN_BLOCK - skipped < to_end ? SL_SCAN_BLOCK - skipped : to_end;
  const char *text = match->text + match->done;
  char rest[SL_SCAN_BLOCK];
  if (__builtin_expect(match->length - match->done < SL_SCAN_BLOCK, 0)) {
    memset(rest, '!', sizeof rest);
    text = memcpy(rest, text, match->length - match->done);
  }
  uint64_t starts = template->starts[match->at / SL_SCAN_BLOCK] >> skipped;
  uint64_t ones;
  uint64_t wrong = compare_block(text, template->text + match->at, &ones) | (ones & ~starts);
  size_t values = (size_t)__builtin_popcountll(starts);
  if (__builtin_expect(values > match->space, 0)) {
    wrong |= from_nth(starts, match->space);
  }
  wrong &= lowest_bits(length);
  write_bits(&match->writer, extract_bits(ones, starts), values);
  if (wrong != 0) {
    match->at += (size_t)__builtin_ctzll(wrong);
    return false;
  }
  take_matched(match, length, values);
  return true;
}

static inline size_t match_template(const struct sl_text_template *template, size_t offset,
                                    const char *text, size_t length, uint64_t *bits,
                                    size_t *count) {
  struct template_match match = {.template = template,
                                 .text = text,
                                 .length = length,
                                 .at = offset,
                                 .space = *count,
                                 .writer = {.word = bits}};
  do {
    if (match.at % SL_SCAN_BLOCK == 0) {
      match_blocks(&match, 4);
      match_blocks(&match, 2);
    }
  } while (match_block(&match));
  end_bits(&match.writer);
  size_t end = match.at;
  while (end > 0 && template->text[end - 1] != ',') {
    end--;
  }
  bool any = match.repeats > 0 || end > offset;
  size_t values = match.repeats * template->count + values_before(template, end) -
                  values_before(template, offset);
  *count = any ? values : 0;
  return any ? match.repeats * template->length + end - offset : 0;
}

#endif
