/*
 * --healthcheck: asks a running daemon, through a listener of the same configuration, whether it is
 * ready. A container image needs no shell and no other program for its health check.
 */
#ifndef SPIKELOSS_DAEMON_HEALTHCHECK_H
#define SPIKELOSS_DAEMON_HEALTHCHECK_H

#include "daemon/config.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether GET /readyz is answered with 200, within a few seconds. If not, sets `error`. */
bool sl_healthcheck(const struct sl_config *config, struct sl_error *error);

/* Returns the address that is asked: a Unix socket, which needs no TLS, before any other. */
const char *sl_healthcheck_address(const struct sl_config *config);

#endif
