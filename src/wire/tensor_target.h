/*
 * Where the values of a tensor object's data go: to the counts, once the shape is known, or into
 * safekeeping until it is.
 */
#ifndef SPIKELOSS_WIRE_TENSOR_TARGET_H
#define SPIKELOSS_WIRE_TENSOR_TARGET_H

#include "spikes/spikes.h"
#include "wire/deferred.h"
#include "wire/path.h"

struct sl_tensor_target {
  struct sl_spikes *spikes; /* not owned */
  struct sl_deferred deferred;
  bool shape_known;
  uint64_t most_values; /* that the shape has, UINT64_MAX while unknown */
  struct sl_path data;  /* path of the member "data" */
};

#endif
