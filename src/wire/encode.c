#include "wire/encode.h"

#include "wire/answer.h"
#include <stdlib.h>
#include <string.h>

static void start_part(struct sl_answer *answer) {
  if (answer->part == answer->part_count) {
    return;
  }
  const struct sl_part *part = &answer->parts[answer->part];
  if (sl_part_is_base64(part->form)) {
    sl_base64_start(&answer->stream.base64, &part->spread, sl_part_width(part->form),
                    &answer->block, answer->stage);
  } else {
    sl_text_start(&answer->stream.text, &part->spread, part->form == SL_PART_NESTED,
                  &answer->block);
  }
}

enum sl_status sl_answer_new(struct sl_answer **answer, const struct sl_decoded *decoded,
                             struct sl_result *result, const struct sl_limits *limits,
                             struct sl_error *error) {
  *answer = NULL;
  struct sl_answer *planned = calloc(1, sizeof *planned);
  if (planned == NULL) {
    sl_result_free(result);
    return sl_fail(error, SL_OUT_OF_MEMORY, "there is no memory for the answer");
  }
  planned->result = *result;
  *result = (struct sl_result){0};

  enum sl_status status = sl_answer_plan(planned, decoded, limits, error);
  if (status != SL_OK) {
    sl_answer_free(planned);
    return status;
  }
  start_part(planned);
  *answer = planned;
  return SL_OK;
}

uint64_t sl_answer_length(const struct sl_answer *answer) {
  return answer->length;
}

/* Bytes of the literal text in front of the current part, or behind the last. */
static size_t read_literal(struct sl_answer *answer, char *bytes, size_t room) {
  bool last = answer->part == answer->part_count;
  size_t end = last ? answer->literal.length : answer->parts[answer->part].literal_end;
  size_t left = end - answer->literal_position;
  size_t length = left < room ? left : room;
  memcpy(bytes, answer->literal.bytes + answer->literal_position, length);
  answer->literal_position += length;
  return length;
}

static size_t read_part(struct sl_answer *answer, char *bytes, size_t room) {
  return sl_part_is_base64(answer->parts[answer->part].form)
             ? sl_base64_read(&answer->stream.base64, bytes, room)
             : sl_text_read(&answer->stream.text, bytes, room);
}

size_t sl_answer_read(struct sl_answer *answer, char *bytes, size_t room) {
  size_t length = 0;
  while (length < room) {
    length += read_literal(answer, bytes + length, room - length);
    if (answer->part == answer->part_count) {
      break;
    }
    length += read_part(answer, bytes + length, room - length);
    if (length < room) { /* the part is at its end */
      answer->part++;
      start_part(answer);
    }
  }
  return length;
}

char *sl_answer_take(struct sl_answer *answer) {
  if (answer->part_count > 0) {
    return NULL;
  }
  char *bytes = answer->literal.bytes;
  answer->literal = (struct sl_buffer){0};
  answer->literal_position = 0;
  return bytes;
}

void sl_answer_free(struct sl_answer *answer) {
  if (answer == NULL) {
    return;
  }
  sl_result_free(&answer->result);
  sl_buffer_free(&answer->literal);
  free(answer->parts);
  sl_block_free(&answer->block);
  free(answer->stage);
  free(answer);
}
