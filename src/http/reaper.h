/*
 * Ends the connections of one worker that should not go on:
 *
 *   deadlines   the client is waited for longer than the options allow. libmicrohttpd sees only
 *               gaps, which a client that sends a byte now and then never makes
 *   heads       more bytes of headers than the limit, cut while they still arrive
 *   slots       clients are turned away while others hold a connection and send nothing: those are
 *               ended
 *   memory      requests are refused for lack of memory: the one that holds the largest amount
 *               and has moved the fewest bytes is ended, so that small requests are answered
 *               whatever large ones do
 *   stop        while the server stops, connections that wait for no answer
 *
 * It also points out clients that have gone. libmicrohttpd hears of data and of the end after it at
 * once, reads the data, and may never look for the end.
 *
 * Only time in which the server waits for the client counts. The worker looks at its connections
 * after it has taken what had come, its clock stops while it is held up, and time on a compute
 * thread is left out.
 */
#ifndef SPIKELOSS_HTTP_REAPER_H
#define SPIKELOSS_HTTP_REAPER_H

#include "http/connections.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_service;

struct sl_reaper {
  struct sl_service *service; /* not owned */
  uint64_t shortages;         /* of memory, when it last looked */
  uint64_t refusals;          /* for lack of a slot, likewise */
};

/*
 * Looks at all connections of a list, the oldest first. The score of a connection is how much it
 * would free for others when memory is short: `others` is the highest of another worker's
 * connections. Returns the highest of these.
 */
uint64_t sl_reaper_look(struct sl_reaper *reaper, struct sl_connection *connections,
                        uint64_t others);

#endif
