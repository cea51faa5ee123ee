/*
 * TLS, version 1.2 and later: the certificate that the server shows, and whose certificates of
 * clients are good. Any thread may equip a connection while another one reloads.
 */
#ifndef SPIKELOSS_NET_TLS_H
#define SPIKELOSS_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Connection;
struct MHD_OptionItem;

/* PEM files. The texts stay the caller's and must outlive the struct sl_tls. */
struct sl_tls_files {
  const char *certificate; /* with the certificates between it and its authority behind it */
  const char *key;
  const char *client_ca; /* of the authorities of clients; NULL: clients show no certificate */
};

struct sl_tls;

/* Reads the files; sl_tls_free the result, after the last connection has ended. On failure returns
 * NULL and writes one sentence to `message`, with the file that is to blame. */
struct sl_tls *sl_tls_new(const struct sl_tls_files *files, char *message, size_t message_size);

/* Tolerates NULL. */
void sl_tls_free(struct sl_tls *tls);

/*
 * Reads the files again. Connections that are open keep what they began with, later ones get the
 * new. On failure returns false with a message like sl_tls_new, and nothing has changed. One
 * thread at a time.
 */
bool sl_tls_reload(struct sl_tls *tls, char *message, size_t message_size);

/*
 * The options that a daemon of libmicrohttpd needs beside MHD_USE_TLS, up to an MHD_OPTION_END.
 * It must call sl_tls_equip for every connection that starts. Static.
 */
const struct MHD_OptionItem *sl_tls_daemon_options(void);

/* Gives a connection that has just started its credentials. One that gets none is refused. */
void sl_tls_equip(const struct sl_tls *tls, struct MHD_Connection *connection);

/* Whether the client has shown a certificate; it is a good one, else there were no connection. */
bool sl_tls_client_is_certified(struct MHD_Connection *connection);

/* Whether the connection is encrypted. */
bool sl_tls_is_used(struct MHD_Connection *connection);

#endif
