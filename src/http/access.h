/*
 * Who may come in: the question that is asked of every request when its headers have come, where
 * anything is asked at all. Any thread may ask while another one reloads.
 */
#ifndef SPIKELOSS_HTTP_ACCESS_H
#define SPIKELOSS_HTTP_ACCESS_H

#include "http/auth/tokens.h"
#include <microhttpd.h>
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_access;

/*
 * Wants a token of the file (which outlives the result; NULL: no token is wanted), a certificate of
 * the client, or both. sl_access_free the result. On failure returns NULL and writes one sentence
 * to `message`.
 */
struct sl_access *sl_access_new(const char *token_file, bool certificates, char *message,
                                size_t message_size);

/* Reads the tokens again. On failure returns false with a `message`, and nothing has changed. */
bool sl_access_reload(struct sl_access *access, char *message, size_t message_size);

/* Whether tokens are wanted, or certificates. Tolerate NULL. */
bool sl_access_wants_tokens(const struct sl_access *access);
bool sl_access_wants_certificates(const struct sl_access *access);

/* Tolerates NULL. */
void sl_access_free(struct sl_access *access);

/*
 * Whether the client of a request may come in. Certificates are wanted on encrypted connections
 * only: nobody can show one on a Unix socket. The name of a token's bearer is written to `client`,
 * which has room for SL_TOKEN_NAME_MAX characters and a NUL. Errors: SL_CERTIFICATE_MISSING,
 * SL_TOKEN_MISSING, SL_TOKEN_INVALID.
 */
enum sl_status sl_access_check(struct sl_access *access, struct MHD_Connection *connection,
                               char *client, struct sl_error *error);

/* The value of WWW-Authenticate that belongs to an error, or NULL. Static. */
const char *sl_access_challenge(enum sl_status code);

#endif
