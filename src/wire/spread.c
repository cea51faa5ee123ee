#include "wire/spread.h"

static size_t product(const size_t *shape, size_t first, size_t end) {
  size_t result = 1;
  for (size_t axis = first; axis < end; axis++) {
    result *= shape[axis];
  }
  return result;
}

struct sl_walk sl_walk_plan(const struct sl_spread *spread) {
  const size_t *shape = spread->shape;
  const size_t *small = spread->small_shape;
  struct sl_walk walk = {.row_axis = spread->rank};
  while (walk.row_axis > 0 && small[walk.row_axis - 1] == shape[walk.row_axis - 1]) {
    walk.row_axis--;
  }
  if (walk.row_axis == 0) {
    walk.windowed = true;
    walk.outer_rank = spread->rank;
    walk.row = spread->count;
    walk.blocks = (walk.row - 1) / SL_SPREAD_WINDOW + 1;
    return walk;
  }
  walk.outer_rank = walk.row_axis;
  while (walk.outer_rank > 0 && small[walk.outer_rank - 1] == 1) {
    walk.outer_rank--;
  }
  walk.blocks = product(shape, 0, walk.outer_rank);
  walk.row = product(shape, walk.row_axis, spread->rank);
  return walk;
}

struct sl_run sl_walk_block(const struct sl_walk *walk, const struct sl_spread *spread,
                            size_t block) {
  if (walk->windowed) {
    size_t first = block * SL_SPREAD_WINDOW;
    size_t left = walk->row - first;
    return (struct sl_run){first, left < SL_SPREAD_WINDOW ? left : SL_SPREAD_WINDOW};
  }
  size_t first = 0;
  size_t stride = walk->row;
  for (size_t axis = walk->outer_rank; axis > 0; axis--) {
    if (spread->small_shape[axis - 1] > 1) {
      first += block % spread->shape[axis - 1] * stride;
      stride *= spread->small_shape[axis - 1];
    }
    block /= spread->shape[axis - 1];
  }
  return (struct sl_run){first, walk->row};
}

size_t sl_walk_repeats(size_t counts[SL_MAX_RANK], const struct sl_walk *walk,
                       const struct sl_spread *spread, bool by_axis) {
  if (walk->windowed) {
    return 0;
  }
  if (!by_axis) {
    counts[0] = product(spread->shape, walk->outer_rank, walk->row_axis);
    return 1;
  }
  size_t levels = 0;
  for (size_t axis = walk->row_axis; axis > walk->outer_rank; axis--) {
    counts[levels++] = spread->shape[axis - 1];
  }
  return levels;
}

size_t sl_arrays_ended(size_t index, const size_t *shape, size_t rank) {
  size_t ended = 0;
  for (size_t axis = rank; axis > 1 && index % shape[axis - 1] == 0; axis--) {
    index /= shape[axis - 1];
    ended++;
  }
  return ended;
}
