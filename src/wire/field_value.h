/*
 * From a small value of JSON to the value of a field: the kinds and bounds of the field table.
 */
#ifndef SPIKELOSS_WIRE_FIELD_VALUE_H
#define SPIKELOSS_WIRE_FIELD_VALUE_H

#include "loss/loss.h"
#include "wire/small_value.h"

/*
 * Reads a complete small value as the field wants it. `value` must be absent; its arrays go to the
 * caller, whatever the status (sl_value_free). When an element of a list is wrong, `value` holds
 * the elements before it.
 */
enum sl_status sl_read_field_value(const struct sl_field *field, const struct sl_small_value *small,
                                   struct sl_value *value, struct sl_error *error);

/*
 * Says, without a place, how many dimensions a tensor has and how many its field wants; `more` is
 * "more than " where it has more than `rank`, else "".
 */
enum sl_status sl_fail_wrong_rank(struct sl_error *error, const struct sl_field *field,
                                  const char *more, size_t rank);

#endif
