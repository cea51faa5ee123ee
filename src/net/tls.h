/*
 * TLS, version 1.2 and later: the certificate that the server shows, and which certificates of
 * clients are accepted. Any thread may equip a session while another one reloads.
 */
#ifndef SPIKELOSS_NET_TLS_H
#define SPIKELOSS_NET_TLS_H

#include <gnutls/gnutls.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

/* PEM files. The texts stay the caller's and must outlive the struct sl_tls. */
struct sl_tls_files {
  const char *certificate; /* followed by its intermediate certificates */
  const char *key;
  const char *client_ca; /* of the authorities of clients; NULL: clients show no certificate */
};

struct sl_tls;

/* Reads the files; sl_tls_free the result, after the last connection has ended. On failure returns
 * NULL and sets `error`, with the name of the file. */
struct sl_tls *sl_tls_new(const struct sl_tls_files *files, struct sl_error *error);

/* Tolerates NULL. */
void sl_tls_free(struct sl_tls *tls);

/*
 * Reads the files again. Connections that are open keep what they began with, later ones get the
 * new. On failure returns false with an error like sl_tls_new, and changes nothing. One
 * thread at a time.
 */
bool sl_tls_reload(struct sl_tls *tls, struct sl_error *error);

/*
 * Of TLS 1.2 only what TLS 1.3 has too. Without a key exchange by RSA a key that is stolen later
 * does not open what was recorded before; CBC, which has no authenticated encryption, has had
 * padding oracles again and again.
 */
#define SL_TLS_PRIORITIES                                                                          \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-MAC-ALL:+AEAD:"                                \
  "-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM"

/* Gives a session that has just started its credentials. */
void sl_tls_equip(const struct sl_tls *tls, gnutls_session_t session);

/* Returns whether the client has shown a certificate. It is valid: any other one ends the
 * handshake. */
bool sl_tls_client_is_certified(gnutls_session_t session);

#endif
