/*
 * What systemd and a service exchange: which sockets are handed over at the
 * start (socket activation), and when the service is ready. Both are a few variables of the
 * environment, so that no library is needed for them.
 */
#ifndef SPIKELOSS_DAEMON_SYSTEMD_H
#define SPIKELOSS_DAEMON_SYSTEMD_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

/* The first socket that is handed over; the others follow it. */
enum { SL_SYSTEMD_FIRST_SOCKET = 3 };

/* How many sockets were handed to this process, 0 without socket activation. False, with one
 * sentence in `message`, if the variables make no sense. */
bool sl_systemd_sockets(size_t *count, struct sl_error *error);

/* Tells systemd "READY=1" and the like; nothing if it did not ask for that. */
void sl_systemd_tell(const char *state);

#endif
