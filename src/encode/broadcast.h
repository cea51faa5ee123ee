/*
 * A small tensor that broadcasts to a larger shape by NumPy's rule, and the one way to iterate over
 * the large tensor: as spans, in row-major order. A span is a row of small values that comes
 * several times in succession.
 *
 *     shape        [128, 100, 1000]             [128, 100, 1000]          [128, 1, 1000]
 *     small shape  [128,   1, 1000]             [  1,   1,    1]          [128, 1, 1000]
 *
 *     outer axes   [128]: a span a sample       none: one span            none: one span
 *     copy axes    [100]: time                  [128, 100, 1000]          none: one copy
 *     row axes     [1000]: the small values     none: one value           all values
 *
 * Nothing here allocates; a view borrows its shapes and values.
 */
#ifndef SPIKELOSS_ENCODE_BROADCAST_H
#define SPIKELOSS_ENCODE_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Doubles, or a table and which of its entries each number is. */
struct sl_numbers {
  const double *values;   /* in row-major order, or the table */
  const uint8_t *indices; /* NULL, or in row-major order */
  size_t table_length;
};

/* The numbers that a byte can index. */
enum { SL_INDEXED_NUMBERS = 256 };

static inline double sl_number_at(const struct sl_numbers *numbers, size_t i) {
  return numbers->values[numbers->indices == NULL ? i : numbers->indices[i]];
}

struct sl_broadcast_view {
  size_t rank;
  const size_t *shape;       /* no dimension is 0 */
  const size_t *small_shape; /* each entry is that of `shape`, or 1 */
  struct sl_numbers numbers; /* [count] */
  size_t count;              /* product of small_shape */
};

struct sl_span {
  struct sl_numbers numbers; /* [count] */
  size_t count;
  size_t copies;
};

struct sl_broadcast_iter {
  struct sl_broadcast_view view;
  size_t outer_rank; /* axes [0, outer_rank) are outer axes */
  size_t row_axis;   /* axes [outer_rank, row_axis) are copy axes, [row_axis, rank) row axes */
  size_t spans;      /* in all */
  size_t row;        /* values of a span */
  size_t copies;     /* of a span */
  size_t next;       /* index of the next span */
};

/* Returns whether the small tensor is the large one: no value repeats. */
bool sl_broadcast_is_whole(const struct sl_broadcast_view *view);

/* Starts to iterate. The product of `shape` must fit a size. */
struct sl_broadcast_iter sl_broadcast_begin(const struct sl_broadcast_view *view);

/* Returns the next span through `span`, false after the last. */
bool sl_broadcast_next(struct sl_broadcast_iter *iter, struct sl_span *span);

static inline size_t sl_min_size(size_t left, size_t right) {
  return left < right ? left : right;
}

/* Continues the first `period` bytes periodically until `total` bytes are written. */
void sl_repeat_bytes(char *bytes, size_t period, size_t total);

#endif
