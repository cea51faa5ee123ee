/*
 * A block of bytes that is one unit, repeated and wrapped level by level, made while it is read:
 *
 *     unit       [0,-0.25]
 *     2 times    [[0,-0.25],[0,-0.25]]
 *     2 times    [[[0,-0.25],[0,-0.25]],[[0,-0.25],[0,-0.25]]]
 *
 * Memory holds the unit and some copies of it, so reading is copying of large pieces. Where a byte
 * stands is computed from its position alone, so a read may stop at any byte.
 */
#ifndef SPIKELOSS_WIRE_REPEATED_BLOCK_H
#define SPIKELOSS_WIRE_REPEATED_BLOCK_H

#include <spikeloss/spikes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies of a unit are made until they fill this: large enough to copy at full speed, small enough
 * to stay in a core's own cache. */
enum { SL_BLOCK_FILL = 32 * 1024 };

struct sl_repeated_block {
  char *bytes; /* owned; the unit is written here before sl_block_start */
  size_t capacity;

  bool commas;   /* between copies */
  bool brackets; /* around each level */

  size_t level_count;              /* levels that do not stand in `bytes` as a whole */
  size_t counts[SL_MAX_RANK];      /* copies at each level, innermost first */
  size_t lengths[SL_MAX_RANK + 1]; /* lengths[0] of the unit, lengths[i + 1] of level i */
  size_t filled;                   /* bytes of whole copies (with their commas) that stand ready */
  size_t position;                 /* of the next byte to read */
};

/* Room for units of this length, in blocks of this length. False: no memory. */
bool sl_block_init(struct sl_repeated_block *block, size_t unit_length, uint64_t block_length);

void sl_block_free(struct sl_repeated_block *block);

/*
 * Starts reading. `bytes` holds the unit; `counts` says how often each level repeats, innermost
 * first. Without levels the block is its unit.
 */
void sl_block_start(struct sl_repeated_block *block, size_t unit_length, const size_t *counts,
                    size_t level_count);

/* Copies the next bytes, at most `room`; returns how many, 0 at the end. */
size_t sl_block_read(struct sl_repeated_block *block, char *bytes, size_t room);

#endif
