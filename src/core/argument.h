/*
 * What a function of the library says to a call that makes no sense.
 */
#ifndef SPIKELOSS_CORE_ARGUMENT_H
#define SPIKELOSS_CORE_ARGUMENT_H

#include <spikeloss/error.h>
#include <stddef.h>

/* Fails with SL_INVALID_ARGUMENT, even without an error to fill. */
static inline enum sl_status sl_fail_argument(struct sl_error *error, const char *message) {
  return error != NULL ? sl_fail(error, SL_INVALID_ARGUMENT, "%s", message) : SL_INVALID_ARGUMENT;
}

#endif
