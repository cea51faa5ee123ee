/*
 * Feeding a decoder in one go, with the work that it may ask for in between.
 */
#ifndef SPIKELOSS_TESTS_FEED_H
#define SPIKELOSS_TESTS_FEED_H

#include "core/codes.h"
#include "decode/request.h"

/* Takes all of the bytes. Returns SL_OK while they are good, else the error. */
static inline enum sl_status sl_feed(struct sl_decoder *decoder, const char *bytes, size_t length) {
  size_t consumed;
  enum sl_status status;
  while ((status = sl_decoder_feed(decoder, bytes, length, &consumed)) == SL_HAS_WORK) {
    sl_decoder_work(decoder);
    bytes += consumed;
    length -= consumed;
  }
  return status;
}

#endif
