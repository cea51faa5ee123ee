/*
 * When to offer text to the scan kernel. Text without plain blocks (graded spikes) is offered ever
 * more rarely, so that it costs nothing to try.
 */
#ifndef SPIKELOSS_WIRE_SCAN_PLAN_H
#define SPIKELOSS_WIRE_SCAN_PLAN_H

#include "kernels/kernels.h"
#include "wire/text.h"
#include <string.h>

enum {
  SL_SCAN_VALUES = 4096,
  SL_SCAN_MOST_PAUSE = 1024,
  SL_SCAN_LEAST = 16, /* bytes; fewer are left to the events */
};

struct sl_scan_plan {
  uint64_t from; /* offset before which the kernel would find nothing to take */
  size_t pause;  /* bytes to leave it in peace, as it found nothing of late */
};

static inline bool sl_scan_is_due(const struct sl_scan_plan *plan, const struct sl_text *text) {
  return sl_text_left(text) >= SL_SCAN_LEAST && sl_text_offset(text) >= plan->from;
}

/* Scans the text, or the end of a piece that is shorter than a block: that is filled up with bytes
 * that no spikes have, so that it ends before them. Returns how many bytes were taken. */
static inline size_t sl_scan(struct sl_text_scan *scan, const struct sl_text *text) {
  size_t left = sl_text_left(text);
  if (left >= SL_SCAN_BLOCK) {
    return sl_kernels()->scan_spike_text(scan, text->at, left);
  }
  char block[SL_SCAN_BLOCK];
  memset(block, '!', sizeof block);
  memcpy(block, text->at, left);
  return sl_kernels()->scan_spike_text(scan, block, sizeof block);
}

/* After a scan at an offset that may go on `resume` bytes later. */
static inline void sl_scan_plan_next(struct sl_scan_plan *plan, uint64_t offset, size_t resume,
                                     bool found_nothing) {
  size_t longer = plan->pause > 0 ? 2 * plan->pause : SL_SCAN_BLOCK;
  plan->from = offset + resume + plan->pause;
  plan->pause = !found_nothing ? 0 : longer < SL_SCAN_MOST_PAUSE ? longer : SL_SCAN_MOST_PAUSE;
}

#endif
