/*
 * Which clients may use the server, as the options say: TLS with its certificates, bearer tokens,
 * origins of web pages. What the options do not ask for is not there and costs nothing. Any thread
 * may check a request while another one reloads.
 */
#ifndef SPIKELOSS_HTTP_AUTH_AUTH_H
#define SPIKELOSS_HTTP_AUTH_AUTH_H

#include "http/auth/tokens.h"
#include "http/options.h"
#include <microhttpd.h>
#include <pthread.h>
#include <spikeloss/error.h>
#include <stdbool.h>

struct sl_connection;
struct sl_headers;
struct sl_tls;

/* All zeros is none, which sl_auth_close tolerates. */
struct sl_auth {
  const struct sl_server_options *options; /* not owned */
  struct sl_tls *tls;                      /* NULL: plain HTTP */
  struct sl_tokens *tokens;                /* of the token file, under `lock` */
  pthread_rwlock_t lock;
};

/* Reads every file that the options name; the options must outlive the result. On failure returns
 * false, sets `error`, and leaves nothing open. */
bool sl_auth_open(struct sl_auth *auth, const struct sl_server_options *options,
                  struct sl_error *error);

/* Read the files again. On failure return false, set `error`, and change nothing. One thread at a
 * time. */
bool sl_auth_reload_certificates(struct sl_auth *auth, struct sl_error *error);
bool sl_auth_reload_tokens(struct sl_auth *auth, struct sl_error *error);

void sl_auth_close(struct sl_auth *auth);

/* Whether clients must show a token; a certificate, where the connection is encrypted; either. */
static inline bool sl_auth_wants_tokens(const struct sl_auth *auth) {
  return auth->options->token_file != NULL;
}

static inline bool sl_auth_wants_certificates(const struct sl_auth *auth) {
  return auth->options->tls.client_ca != NULL;
}

static inline bool sl_auth_is_required(const struct sl_auth *auth) {
  return sl_auth_wants_tokens(auth) || sl_auth_wants_certificates(auth);
}

/*
 * Checks certificate and token of a request. Certificates are required on encrypted connections
 * only: a Unix socket has none. Writes the name of the token to `client`, of SL_TOKEN_NAME_MAX
 * characters and a NUL. Fails with SL_CERTIFICATE_MISSING, SL_TOKEN_MISSING, SL_TOKEN_INVALID.
 */
enum sl_status sl_auth_check(struct sl_auth *auth, const struct sl_connection *connection,
                             const struct sl_headers *headers, char *client,
                             struct sl_error *error);

/* Returns the value of WWW-Authenticate for an error, or NULL. Static. */
const char *sl_auth_challenge(enum sl_status code);

#endif
