/*
 * The data of a tensor object as an array: flat numbers, [0,1,…], or the coordinates of the ones,
 * [[0,0,2],[0,1,1],…]. Its first element tells which.
 */
#ifndef SPIKELOSS_WIRE_DATA_ARRAY_H
#define SPIKELOSS_WIRE_DATA_ARRAY_H

#include "wire/array_reader.h"
#include "wire/scan_plan.h"
#include "wire/tensor_target.h"

enum sl_data_kind { SL_DATA_UNKNOWN, SL_DATA_FLAT, SL_DATA_COORDINATES };

struct sl_data_array {
  struct sl_tensor_target *target; /* not owned */
  enum sl_data_kind expected;      /* what the encoding says, SL_DATA_UNKNOWN if it has not come */
  enum sl_data_kind kind;          /* what the elements say; unknown to the end if there are none */
  size_t most_depth;
  struct sl_array_reader reader;
  size_t depth;
  uint64_t count;        /* complete elements: numbers, or coordinate lists */
  uint64_t close_offset; /* of the closing bracket */
  struct sl_scan_plan scan_plan;
  struct sl_text_scan scan; /* kept for the layouts it has learnt */

  size_t rank; /* coordinates in a list, 0 while unknown */
  size_t axis; /* of the next coordinate */
  uint64_t coordinates[SL_MAX_RANK];
  uint64_t previous[SL_MAX_RANK];
};

/* At the opening bracket. If the target's shape is known, so is the rank of coordinates. */
void sl_data_array_begin(struct sl_data_array *array, struct sl_tensor_target *target,
                         enum sl_data_kind expected, size_t most_depth);

/* Takes text. SL_OK behind the closing bracket. */
enum sl_status sl_data_array_read(struct sl_data_array *array, struct sl_text *text,
                                  struct sl_error *error);

#endif
