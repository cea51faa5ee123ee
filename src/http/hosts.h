/*
 * The names by which clients may call a server that asks for no token. A web page can make its own
 * name resolve to a loopback address (DNS rebinding) and would then be of the same origin as the
 * server; its requests still carry that name in Host. An IP address cannot be made to mean another.
 */
#ifndef SPIKELOSS_HTTP_HOSTS_H
#define SPIKELOSS_HTTP_HOSTS_H

#include <stdbool.h>

/* What a list of names looks like, for messages. */
#define SL_HOSTS_FORM "spikes.example.org,spikes (names without ports, commas between them)"

/* Whether a text is a list of host names, with commas between them. */
bool sl_hosts_are_ok(const char *list);

/* Whether the value of a Host header, with any port, is an IP address, "localhost", or one of the
 * list, which may be NULL. */
bool sl_hosts_allow(const char *list, const char *host);

#endif
