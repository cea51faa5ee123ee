/*
 * A spike tensor as nested arrays, [[[0,1],[1,0]]]: finds rank and shape while it counts.
 *
 * The rank is known at the first number, the length of a level at its first closing bracket; every
 * array after that must agree. As soon as the length of a row is known, whole blocks of text go to
 * the scan kernel, and only what it leaves is read one event at a time.
 */
#ifndef SPIKELOSS_WIRE_NESTED_H
#define SPIKELOSS_WIRE_NESTED_H

#include "loss/loss.h"
#include "wire/array_reader.h"
#include "wire/path.h"
#include "wire/scan_plan.h"

struct sl_nested {
  struct sl_spikes *spikes; /* not owned */
  const struct sl_field *field;
  struct sl_path path;
  size_t most_depth; /* arrays that the depth limit still allows */
  struct sl_array_reader reader;
  size_t rank;                /* 0 while unknown */
  size_t depth;               /* arrays that are open */
  size_t length[SL_MAX_RANK]; /* of the arrays of each level, 0 while unknown */
  size_t index[SL_MAX_RANK];  /* elements that are complete in the open array of each level */
  double pending[SL_PENDING_VALUES]; /* of the current row, complete but not yet counted */
  size_t pending_count;
  struct sl_scan_plan scan_plan;
  struct sl_text_scan scan; /* kept for the layouts it has learnt */
};

void sl_nested_begin(struct sl_nested *nested, struct sl_spikes *spikes,
                     const struct sl_field *field, const struct sl_path *path, size_t most_depth);

/* Takes text. SL_OK behind the last bracket: then the spikes have their shape and are finished. */
enum sl_status sl_nested_read(struct sl_nested *nested, struct sl_text *text,
                              struct sl_error *error);

#endif
