/*
 * The data of a tensor object with encoding "coo": the coordinates of the ones,
 * [[0,0,2],[0,1,1],…], in strictly increasing row-major order.
 */
#ifndef SPIKELOSS_DECODE_COORDINATES_H
#define SPIKELOSS_DECODE_COORDINATES_H

#include "decode/deferred.h"

struct sl_coordinates {
  struct sl_sink *sink; /* not owned; it defers while the shape is unknown */
  size_t around;        /* arrays and objects that are open around the data */
  size_t rank;          /* coordinates of an entry, 0 while unknown */
  bool first;           /* no entry is complete */
  uint64_t current[SL_MAX_RANK];
  uint64_t previous[SL_MAX_RANK];
};

/* At the opening bracket. */
void sl_coordinates_begin(struct sl_coordinates *coordinates, struct sl_sink *sink, size_t around,
                          bool shape_known);

/* Takes an event of the array and all that follow in the input, up to its end. */
enum sl_status sl_coordinates_read(struct sl_coordinates *coordinates, struct sl_reading *reading,
                                   enum sl_json_event event, struct sl_input *input);

/*
 * Counts the numbers that were deferred, `rank` of them an entry, as coordinates. What is wrong
 * with them was made certain by the byte at `offset`; `levels` is the path of the data.
 */
enum sl_status sl_coordinates_count(const struct sl_sink *sink, struct sl_reading *reading,
                                    size_t rank, size_t levels, uint64_t offset);

#endif
