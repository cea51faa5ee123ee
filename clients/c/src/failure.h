/*
 * Fills the error of the caller, if there is one.
 */
#ifndef SPIKELOSS_CLIENT_FAILURE_H
#define SPIKELOSS_CLIENT_FAILURE_H

#include "spikeloss_client.h"

/* No error yet. Tolerates NULL, as slc_failure_set does. */
void slc_failure_clear(struct spikeloss_error *error);

/* `http_status` is -1 if there was no answer. */
void slc_failure_set(struct spikeloss_error *error, enum spikeloss_status status, long http_status,
                     const char *detail);

#endif
