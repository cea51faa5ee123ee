/*
 * A small tensor spread over a larger shape by NumPy's broadcast rule, and how to walk it.
 *
 * A walk goes through the large tensor in row-major order, block by block. A block is one run of
 * small values that is repeated along the axes in front of it:
 *
 *     shape        [128, 100, 1000]             [128, 100, 1000]          [128, 1, 1000]
 *     small shape  [128,   1, 1000]             [  1,   1,    1]          [128, 1, 1000]
 *
 *     outer axes   [128]: a block a sample      none: one block           all: nothing repeats,
 *     repeat axes  [100]: time                  [128, 100, 1000]          blocks are windows of
 *     row axes     [1000]: the small values     none: one value           the values themselves
 *
 * Nothing here allocates; a spread borrows its shapes and values.
 */
#ifndef SPIKELOSS_WIRE_SPREAD_H
#define SPIKELOSS_WIRE_SPREAD_H

#include <spikeloss/spikes.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_spread {
  size_t rank;
  const size_t *shape;
  const size_t *small_shape; /* each entry is that of `shape`, or 1 */
  const double *values;      /* [product of small_shape] */
  size_t count;
};

/* Values of a block of a tensor that does not repeat. */
enum { SL_SPREAD_WINDOW = 1024 };

struct sl_walk {
  size_t outer_rank; /* axes [0, outer_rank) count the blocks */
  size_t row_axis;   /* axes [outer_rank, row_axis) repeat, axes [row_axis, rank) are the row */
  size_t blocks;
  size_t row;    /* values of a row; of all values if nothing repeats */
  bool windowed; /* nothing repeats: all axes are outer, and blocks are windows */
};

/* The shape's product must fit a size. */
struct sl_walk sl_walk_plan(const struct sl_spread *spread);

/* Which small values a block has. */
struct sl_run {
  size_t first;
  size_t count;
};
struct sl_run sl_walk_block(const struct sl_walk *walk, const struct sl_spread *spread,
                            size_t block);

/*
 * How often a row repeats within its block: one level for each axis, innermost first, or a single
 * level for all of them. Returns the number of levels.
 */
size_t sl_walk_repeats(size_t counts[SL_MAX_RANK], const struct sl_walk *walk,
                       const struct sl_spread *spread, bool by_axis);

/* How many arrays end just before element `index` (not 0) of a tensor of this shape. */
size_t sl_arrays_ended(size_t index, const size_t *shape, size_t rank);

#endif
