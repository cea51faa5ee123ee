#include "decode/reading.h"

#include "core/codes.h"
#include <stdlib.h>
#include <string.h>

enum { MIN_BYTES = 256 };

enum sl_status sl_grow_array(struct sl_reading *reading, void *array, size_t *capacity,
                             size_t needed, size_t element_bytes) {
  if (needed <= *capacity) {
    return SL_OK;
  }
  size_t elements = 2 * *capacity > needed ? 2 * *capacity : needed;
  size_t min = MIN_BYTES / element_bytes + 1;
  elements = elements > min ? elements : min;
  void *old;
  memcpy(&old, array, sizeof old);
  void *grown = sl_budget_grow(reading->budget, old, *capacity * element_bytes,
                               elements * element_bytes, &reading->error);
  if (grown == NULL) {
    return sl_fail(&reading->error, SL_OUT_OF_MEMORY,
                   "not enough memory to read the body; try again later");
  }
  memcpy(array, &grown, sizeof grown);
  *capacity = elements;
  return SL_OK;
}

enum sl_status sl_begin_limited(struct sl_reading *reading, size_t levels,
                                const struct sl_input *input) {
  reading->limited = true;
  reading->limited_levels = levels;
  if (__builtin_add_overflow(reading->json.offset, reading->limits.member_bytes,
                             &reading->limited_end)) {
    reading->limited = false;
  }
  return sl_check_limited(reading, input);
}

enum sl_status sl_refuse_length(struct sl_reading *reading) {
  return sl_json_fail(&reading->json, &reading->error, SL_MEMBER_TOO_LARGE, reading->limited_levels,
                      reading->limited_end,
                      "is longer than the limit (member_bytes) of %ju bytes; shorten it",
                      (uintmax_t)reading->limits.member_bytes);
}
