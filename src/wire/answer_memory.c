#include "wire/answer_memory.h"

#include "wire/answer.h"

/* What is told of a tensor: its gradient, and numbers with names. */
enum { OF_TENSOR = sizeof(struct sl_gradient) + 12 * sizeof(struct sl_diagnostic) };

/* A number with its comma and the brackets that may end with it. */
enum { NUMBER = SL_NUMBER_TEXT_MAX + 2 * SL_MAX_RANK + 1 };

/* Literal text around a tensor, of each of its axes, and of a named number. A buffer is at most
 * twice its text. */
enum { TEXT_OF_TENSOR = 2 * 48, TEXT_OF_AXIS = 2 * 18, TEXT_OF_DIAGNOSTIC = 2 * 48 };

uint64_t sl_result_memory(const struct sl_decoded *decoded) {
  uint64_t bytes = OF_TENSOR;
  for (size_t field = 0; field < decoded->loss->field_count; field++) {
    const struct sl_value *value = &decoded->values[field];
    bytes += OF_TENSOR + value->length * sizeof(double);
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      bytes += OF_TENSOR + value->spikes[item].accumulators * sizeof(double);
    }
  }
  return bytes;
}

/* Room for one row of a gradient as it is written. */
static uint64_t row_memory(const struct sl_decoded *decoded, const struct sl_gradient *gradient) {
  bool dense = decoded->gradient == SL_GRADIENT_DENSE;
  const struct sl_spread spread = {.rank = gradient->rank,
                                   .shape = dense ? gradient->shape : gradient->small_shape,
                                   .small_shape = gradient->small_shape,
                                   .count = gradient->count};
  struct sl_walk walk = sl_walk_plan(&spread);
  bool cut = walk.windowed && walk.row > SL_SPREAD_WINDOW;
  return (uint64_t)((cut ? SL_SPREAD_WINDOW : walk.row) + 1) * NUMBER;
}

uint64_t sl_answer_memory(const struct sl_decoded *decoded, const struct sl_result *result) {
  uint64_t bytes = sizeof(struct sl_answer) + SL_BLOCK_FILL + sizeof(struct sl_base64_stage) +
                   result->diagnostic_count * (sizeof(struct sl_diagnostic) + TEXT_OF_DIAGNOSTIC);
  uint64_t longest_row = 0;
  for (size_t i = 0; i < result->gradient_count; i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    bytes += sizeof *gradient + sizeof(struct sl_part) + TEXT_OF_TENSOR +
             gradient->rank * TEXT_OF_AXIS + gradient->count * sizeof(double);
    uint64_t row = decoded->gradient == SL_GRADIENT_NONE ? 0 : row_memory(decoded, gradient);
    longest_row = row > longest_row ? row : longest_row;
  }
  return bytes + longest_row;
}
