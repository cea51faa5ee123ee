/*
 * --healthcheck: asks a running daemon, through a listener of the same configuration, whether it is
 * ready. A container image needs no shell and no other program for its health check.
 */
#ifndef SPIKELOSS_DAEMON_HEALTHCHECK_H
#define SPIKELOSS_DAEMON_HEALTHCHECK_H

#include "daemon/config.h"
#include <spikeloss/error.h>

/* Returns the address that answers GET /readyz with 200, within a few seconds. If none does,
 * returns NULL and sets `error`. */
const char *sl_healthcheck(const struct sl_config *config, struct sl_error *error);

#endif
