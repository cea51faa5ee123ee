#include "wire/answer_memory.h"

#include "wire/answer.h"

/* What is told of a tensor: its gradient, and numbers with names. */
enum { OF_TENSOR = sizeof(struct sl_gradient) + 12 * sizeof(struct sl_diagnostic) };

/* Literal text of an answer with the first bytes of its buffer, around a tensor, of each of its
 * axes, and of a named number. A buffer is at most twice its text. */
enum {
  TEXT_OF_ANSWER = 2 * 256,
  TEXT_OF_TENSOR = 2 * 64,
  TEXT_OF_AXIS = 2 * 18,
  TEXT_OF_DIAGNOSTIC = 2 * 48
};

uint64_t sl_result_memory(const struct sl_decoded *decoded) {
  uint64_t bytes = OF_TENSOR;
  for (size_t field = 0; field < decoded->loss->field_count; field++) {
    const struct sl_value *value = &decoded->values[field];
    const struct sl_field *kind = &decoded->loss->fields[field];
    bytes += OF_TENSOR + value->length * sizeof(double);
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      size_t numbers = sl_field_gradient_count(kind, value->spikes[item].accumulators);
      bytes += OF_TENSOR + numbers * sizeof(double);
    }
  }
  return bytes;
}

/* What the parts of an answer share while they are read, and the lists in its literal text. */
struct room {
  size_t numbers_left; /* that may still be literal text */
  uint64_t lists;
  uint64_t block;
  uint64_t stage;
};

static uint64_t most_unit(const struct sl_part *part) {
  struct sl_stream_size size = {0};
  if (!sl_part_is_base64(part->form)) {
    return sl_text_most_unit(&part->spread, part->form == SL_PART_NESTED);
  }
  sl_base64_measure(&size, &part->spread, sl_part_width(part->form));
  return size.unit;
}

static void add_part(struct room *room, const struct sl_part *part) {
  if (sl_part_is_literal(part, room->numbers_left)) {
    room->numbers_left -= part->spread.count;
    room->lists += 2 * sl_text_list_room(part->spread.count);
    return;
  }
  uint64_t unit = most_unit(part);
  uint64_t block = (unit > SL_BLOCK_FILL ? unit : SL_BLOCK_FILL) + 1;
  room->block = block > room->block ? block : room->block;
  room->stage = sl_part_is_base64(part->form) ? sizeof(struct sl_base64_stage) : room->stage;
}

uint64_t sl_answer_memory(const struct sl_decoded *decoded, const struct sl_result *result) {
  struct room room = {.numbers_left = SL_NUMBERS_AT_ONCE};
  uint64_t bytes = sizeof(struct sl_answer) + sizeof(struct sl_part) + TEXT_OF_ANSWER +
                   result->diagnostic_count * (sizeof(struct sl_diagnostic) + TEXT_OF_DIAGNOSTIC);
  for (size_t i = 0; i < result->gradient_count; i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    bytes += sizeof *gradient + sizeof(struct sl_part) + gradient->count * sizeof(double);
    if (decoded->gradient != SL_GRADIENT_NONE && gradient->rank > 0 && gradient->count > 0) {
      const struct sl_part part = sl_answer_part(decoded, gradient);
      add_part(&room, &part);
    }
    bytes += TEXT_OF_TENSOR + gradient->rank * TEXT_OF_AXIS;
  }
  return bytes + room.lists + room.block + room.stage;
}
