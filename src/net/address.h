/*
 * Addresses to listen on and to connect to, as text: "127.0.0.1:8080", "[::1]:0", "localhost:8080",
 * "unix:/run/x". Nothing is kept, so any thread may call, where the C library's resolver lets it.
 */
#ifndef SPIKELOSS_NET_ADDRESS_H
#define SPIKELOSS_NET_ADDRESS_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

struct addrinfo;
struct sockaddr_un;

#define SL_UNIX_PREFIX "unix:"

/* What addresses look like, for messages. */
#define SL_ADDRESS_FORMS "127.0.0.1:8080, localhost:8080, [::1]:8080 or unix:/run/spikelossd.sock"

/* Returns whether the text has the form of an address, without looking whether it can be bound. All
 * other functions here take only such addresses. */
bool sl_address_is_ok(const char *address);

bool sl_address_is_unix(const char *address);

/* Returns the path after "unix:". */
const char *sl_address_unix_path(const char *address);

/* Returns whether a bound address can be reached from this machine only. */
bool sl_address_is_local(const char *address);

/* Sets the socket's name of a Unix address. */
void sl_address_name_unix(struct sockaddr_un *name, const char *address);

/* Returns the first address of a host and port, with `flags` of getaddrinfo; freeaddrinfo it. On
 * failure returns NULL and sets `error`. */
struct addrinfo *sl_address_look_up(const char *address, int flags, struct sl_error *error);

/*
 * Connects to an address as a client that waits up to `seconds` for each step; -1 on failure, with
 * `error` set. An address for all interfaces leads to this machine.
 */
int sl_address_connect(const char *address, unsigned seconds, struct sl_error *error);

#endif
