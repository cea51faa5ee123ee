/*
 * TLS as libmicrohttpd does it: the credentials of its connections, and handshakes that wait for
 * their client.
 *
 * Up to 1.0.1 libmicrohttpd takes a connection for readable for as long as its handshake is not
 * done, and with epoll asks it again and again: one client that connects and sends nothing more
 * takes a whole core. So a connection whose socket has run dry before its first request is taken
 * away from libmicrohttpd until there is something to read:
 *
 *     libmicrohttpd ── nothing to read ─► parked ── socket readable ─► libmicrohttpd
 *
 * GnuTLS reads through a function of ours, which sees both.
 */
#ifndef SPIKELOSS_HTTP_HANDSHAKE_H
#define SPIKELOSS_HTTP_HANDSHAKE_H

#include "http/connections.h"
#include "net/tls.h"

struct MHD_OptionItem;

/* Reads for an encrypted connection that has just been opened, whose handle is set. Each time its
 * socket runs dry before the first request, the connection is put on the list `dry`. */
void sl_handshake_watch(struct sl_connection *connection, struct sl_connection **dry);

/* Before a connection is closed that may be on the list. */
void sl_handshake_forget(struct sl_connection *connection);

/*
 * Returns the options that an encrypted daemon of libmicrohttpd needs beside MHD_USE_TLS, up to an
 * MHD_OPTION_END. It must call sl_handshake_equip for each connection that starts. Static.
 */
const struct MHD_OptionItem *sl_handshake_daemon_options(void);

/* Gives a connection that has just started its credentials. One that gets none is refused. */
void sl_handshake_equip(const struct sl_tls *tls, struct MHD_Connection *handle);

/* Whether the client of an encrypted connection has shown a certificate. */
bool sl_handshake_client_is_certified(const struct sl_connection *connection);

#endif
