/*
 * The fields that are not tensors, as the field table describes them: numbers, counts, words, lists
 * of numbers and of labels. Each value is checked when it is complete.
 */
#ifndef SPIKELOSS_DECODE_VALUE_H
#define SPIKELOSS_DECODE_VALUE_H

#include "decode/reading.h"
#include "loss/loss.h"

struct sl_value_reader {
  const struct sl_field *field;
  struct sl_value *value; /* not owned, but grown: its arrays belong to it */
  size_t capacity;        /* of its array */
  size_t levels;          /* open around it */
};

/* Starts before the value. `value` is absent. */
void sl_value_begin(struct sl_value_reader *reader, const struct sl_field *field,
                    struct sl_value *value, size_t levels);

/* Takes an event of the value. */
enum sl_status sl_value_event(struct sl_value_reader *reader, struct sl_reading *reading,
                              enum sl_json_event event, struct sl_input *input);

/* Finds the word that was read last among the choices. */
enum sl_status sl_read_choice(struct sl_reading *reading, const char *const *choices,
                              size_t *choice);

#endif
