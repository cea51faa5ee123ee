/*
 * What a request holds of memory, and who is asked before it holds more.
 *
 * A source grants so many bytes in all. Below that nobody is asked, so that small requests never
 * ask; beyond it `ask` either raises `granted` or says why not. Amounts are upper bounds that are
 * cheap to know.
 */
#ifndef SPIKELOSS_WIRE_MEMORY_H
#define SPIKELOSS_WIRE_MEMORY_H

#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

struct sl_memory_source {
  uint64_t granted;
  uint64_t needed; /* the last time */
  /* Raises `granted` to at least so many bytes, or fails and leaves it. */
  enum sl_status (*ask)(struct sl_memory_source *source, uint64_t bytes, struct sl_error *error);
};

/* Before a request holds so many bytes in all. Without a source there is no bound. */
static inline enum sl_status sl_memory_need(struct sl_memory_source *source, uint64_t bytes,
                                            struct sl_error *error) {
  if (source == NULL) {
    return SL_OK;
  }
  source->needed = bytes;
  return bytes <= source->granted ? SL_OK : source->ask(source, bytes, error);
}

#endif
