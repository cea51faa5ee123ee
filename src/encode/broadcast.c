#include "encode/broadcast.h"

#include <string.h>

static size_t product(const size_t *shape, size_t first, size_t end) {
  size_t result = 1;
  for (size_t axis = first; axis < end; axis++) {
    result *= shape[axis];
  }
  return result;
}

bool sl_broadcast_is_whole(const struct sl_broadcast_view *view) {
  return memcmp(view->shape, view->small_shape, view->rank * sizeof *view->shape) == 0;
}

struct sl_broadcast_iter sl_broadcast_begin(const struct sl_broadcast_view *view) {
  struct sl_broadcast_iter iter = {.view = *view, .row_axis = view->rank};
  while (iter.row_axis > 0 &&
         view->small_shape[iter.row_axis - 1] == view->shape[iter.row_axis - 1]) {
    iter.row_axis--;
  }
  iter.outer_rank = iter.row_axis;
  while (iter.outer_rank > 0 && view->small_shape[iter.outer_rank - 1] == 1) {
    iter.outer_rank--;
  }
  iter.spans = product(view->shape, 0, iter.outer_rank);
  iter.copies = product(view->shape, iter.outer_rank, iter.row_axis);
  iter.row = product(view->shape, iter.row_axis, view->rank);
  return iter;
}

/* Returns where the small values of a span begin. */
static size_t first_value(const struct sl_broadcast_iter *iter, size_t span) {
  const struct sl_broadcast_view *view = &iter->view;
  size_t first = 0;
  size_t stride = iter->row;
  for (size_t axis = iter->outer_rank; axis > 0; axis--) {
    if (view->small_shape[axis - 1] > 1) {
      first += span % view->shape[axis - 1] * stride;
      stride *= view->small_shape[axis - 1];
    }
    span /= view->shape[axis - 1];
  }
  return first;
}

bool sl_broadcast_next(struct sl_broadcast_iter *iter, struct sl_span *span) {
  if (iter->next == iter->spans) {
    return false;
  }
  size_t first = first_value(iter, iter->next++);
  span->numbers = iter->view.numbers;
  if (span->numbers.indices == NULL) {
    span->numbers.values += first;
  } else {
    span->numbers.indices += first;
  }
  span->count = iter->row;
  span->copies = iter->copies;
  return true;
}

void sl_repeat_bytes(char *bytes, size_t period, size_t total) {
  for (size_t length = period; length < total;) {
    size_t piece = sl_min_size(length, total - length);
    memcpy(bytes + length, bytes, piece);
    length += piece;
  }
}
