#include "wire/repeated_block.h"

#include "core/checked.h"
#include <stdlib.h>
#include <string.h>

static size_t smaller(size_t left, size_t right) {
  return left < right ? left : right;
}

bool sl_block_init(struct sl_repeated_block *block, size_t unit_length, uint64_t block_length) {
  /* One byte more than is ever read: the comma behind the last copy. */
  size_t copies = block_length < SL_BLOCK_FILL ? (size_t)block_length : SL_BLOCK_FILL;
  size_t capacity = unit_length > copies ? unit_length : copies;
  if (!sl_checked_add(&capacity, capacity, 1)) {
    return false;
  }
  block->bytes = malloc(capacity);
  block->capacity = capacity;
  return block->bytes != NULL;
}

void sl_block_free(struct sl_repeated_block *block) {
  free(block->bytes);
  *block = (struct sl_repeated_block){0};
}

/* A copy and the comma behind it. */
static size_t period_of(const struct sl_repeated_block *block, size_t length) {
  return length + (block->commas ? 1 : 0);
}

/* `count` copies of something `length` long, with commas between them and brackets around. */
static size_t level_length(const struct sl_repeated_block *block, size_t length, size_t count) {
  return count * period_of(block, length) - (block->commas ? 1 : 0) + (block->brackets ? 2 : 0);
}

/* Copies the first `period` bytes behind themselves until `total` bytes stand there. */
static void repeat_bytes(char *bytes, size_t period, size_t total) {
  for (size_t length = period; length < total;) {
    size_t piece = smaller(length, total - length);
    memcpy(bytes + length, bytes, piece);
    length += piece;
  }
}

/* Makes a whole level the new unit; returns its length. */
static size_t wrap_unit(struct sl_repeated_block *block, size_t length, size_t count) {
  char *first = block->bytes;
  if (block->brackets) {
    memmove(block->bytes + 1, block->bytes, length);
    *first++ = '[';
  }
  size_t period = period_of(block, length);
  if (block->commas) {
    first[length] = ',';
  }
  repeat_bytes(first, period, count * period);
  if (block->brackets) {
    first[count * period - 1] = ']';
  }
  return level_length(block, length, count);
}

void sl_block_start(struct sl_repeated_block *block, size_t unit_length, const size_t *counts,
                    size_t level_count) {
  size_t level = 0;
  while (level < level_count && level_length(block, unit_length, counts[level]) <= SL_BLOCK_FILL) {
    unit_length = wrap_unit(block, unit_length, counts[level]);
    level++;
  }

  block->position = 0;
  block->level_count = 0;
  block->lengths[0] = unit_length;
  for (; level < level_count; level++) {
    size_t above = block->level_count++;
    block->counts[above] = counts[level];
    block->lengths[above + 1] = level_length(block, block->lengths[above], counts[level]);
  }

  if (block->level_count > 0) {
    size_t period = period_of(block, unit_length);
    size_t copies = smaller(block->counts[0], SL_BLOCK_FILL / period);
    block->filled = copies > 1 ? copies * period : period;
    if (block->commas) {
      block->bytes[unit_length] = ',';
    }
    repeat_bytes(block->bytes, period, block->filled);
  }
}

/* Bytes that stand behind each other in memory. */
struct piece {
  const char *bytes;
  size_t length;
};

/* The next bytes of the innermost level, `position` bytes after its first copy begins. */
static struct piece copies_at(const struct sl_repeated_block *block, size_t position) {
  size_t brackets = block->brackets ? 2 : 0;
  size_t left = block->lengths[1] - brackets - position;
  size_t phase = position % period_of(block, block->lengths[0]);
  return (struct piece){block->bytes + phase, smaller(block->filled - phase, left)};
}

/* Walks down from the outermost level to the place where the next byte stands. */
static struct piece next_piece(const struct sl_repeated_block *block) {
  size_t position = block->position;
  for (size_t level = block->level_count; level > 0; level--) {
    if (block->brackets) {
      if (position == 0) {
        return (struct piece){"[", 1};
      }
      if (position == block->lengths[level] - 1) {
        return (struct piece){"]", 1};
      }
      position--;
    }
    if (level == 1) {
      return copies_at(block, position);
    }
    position %= period_of(block, block->lengths[level - 1]);
    if (position == block->lengths[level - 1]) {
      return (struct piece){",", 1};
    }
  }
  return (struct piece){block->bytes + position, block->lengths[0] - position};
}

size_t sl_block_read(struct sl_repeated_block *block, char *bytes, size_t room) {
  size_t length = 0;
  while (length < room && block->position < block->lengths[block->level_count]) {
    struct piece piece = next_piece(block);
    size_t copied = smaller(piece.length, room - length);
    memcpy(bytes + length, piece.bytes, copied);
    length += copied;
    block->position += copied;
  }
  return length;
}
