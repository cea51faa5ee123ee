/*
 * --healthcheck: asks a running daemon, through a listener of the same configuration, whether it is
 * ready. A container image needs no shell and no other program for its health check.
 */
#ifndef SPIKELOSS_DAEMON_HEALTHCHECK_H
#define SPIKELOSS_DAEMON_HEALTHCHECK_H

#include "daemon/config.h"
#include <stdbool.h>
#include <stddef.h>

/* Whether GET /readyz is answered with 200, within a few seconds. Writes one sentence to `message`
 * in either case. */
bool sl_healthcheck(const struct sl_config *config, char *message, size_t message_size);

#endif
