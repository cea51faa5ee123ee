#include "http/auth/auth.h"

#include "core/codes.h"
#include "http/connections.h"
#include "http/headers.h"
#include "net/tls.h"
#include <string.h>
#include <strings.h>

static bool open_tls(struct sl_auth *auth, struct sl_error *error) {
  const struct sl_tls_files *files = &auth->options->tls;
  if ((files->certificate == NULL) != (files->key == NULL)) {
    sl_fail(error, SL_CANNOT_START, "%s: missing; tls_certificate and tls_key go together",
            files->key == NULL ? "tls_key" : "tls_certificate");
    return false;
  }
  if (files->client_ca != NULL && files->certificate == NULL) {
    sl_fail(error, SL_CANNOT_START,
            "client_ca: works only with TLS; set tls_certificate and tls_key");
    return false;
  }
  auth->tls = files->certificate == NULL ? NULL : sl_tls_new(files, error);
  return files->certificate == NULL || auth->tls != NULL;
}

bool sl_auth_open(struct sl_auth *auth, const struct sl_server_options *options,
                  struct sl_error *error) {
  *auth = (struct sl_auth){0};
  if (pthread_rwlock_init(&auth->lock, NULL) != 0) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the tokens");
    return false;
  }
  auth->options = options;
  bool ok = open_tls(auth, error) && sl_auth_reload_tokens(auth, error);
  if (!ok) {
    sl_auth_close(auth);
  }
  return ok;
}

bool sl_auth_reload_certificates(struct sl_auth *auth, struct sl_error *error) {
  return auth->tls == NULL || sl_tls_reload(auth->tls, error);
}

bool sl_auth_reload_tokens(struct sl_auth *auth, struct sl_error *error) {
  if (auth->options->token_file == NULL) {
    return true;
  }
  struct sl_tokens *fresh = sl_tokens_read(auth->options->token_file, error);
  if (fresh == NULL) {
    return false;
  }
  pthread_rwlock_wrlock(&auth->lock);
  struct sl_tokens *old = auth->tokens;
  auth->tokens = fresh;
  pthread_rwlock_unlock(&auth->lock);
  sl_tokens_free(old);
  return true;
}

void sl_auth_close(struct sl_auth *auth) {
  if (auth->options != NULL) {
    sl_tokens_free(auth->tokens);
    sl_tls_free(auth->tls);
    pthread_rwlock_destroy(&auth->lock);
  }
  *auth = (struct sl_auth){0};
}

/* Returns the part after "Bearer " (in any case), or NULL for another scheme. */
static const char *credentials_of(const char *authorization) {
  static const char scheme[] = "Bearer";
  size_t length = strlen(scheme);
  bool bearer = strncasecmp(authorization, scheme, length) == 0 &&
                (authorization[length] == ' ' || authorization[length] == '\0');
  return bearer ? authorization + length + strspn(authorization + length, " ") : NULL;
}

/* Copies the name, because the next reload frees it. */
static bool is_known(struct sl_auth *auth, const char *token, char *client) {
  pthread_rwlock_rdlock(&auth->lock);
  const char *name = sl_tokens_find(auth->tokens, token);
  if (name != NULL) {
    strcpy(client, name);
  }
  pthread_rwlock_unlock(&auth->lock);
  return name != NULL;
}

static enum sl_status check_token(struct sl_auth *auth, const struct sl_headers *headers,
                                  char *client, struct sl_error *error) {
  if (headers->authorizations == 0) {
    return sl_fail(error, SL_TOKEN_MISSING,
                   "authentication required: send a header \"Authorization: Bearer TOKEN\"");
  }
  if (headers->authorizations > 1) {
    return sl_fail(error, SL_TOKEN_INVALID, "there are %u Authorization headers; send one",
                   headers->authorizations);
  }
  const char *token = credentials_of(headers->authorization);
  if (token == NULL) {
    return sl_fail(error, SL_TOKEN_MISSING,
                   "expected the scheme Bearer in the header \"Authorization: Bearer TOKEN\", "
                   "got another one");
  }
  if (!sl_token_is_well_formed(token)) {
    return sl_fail(error, SL_TOKEN_INVALID,
                   "expected a token of letters, digits, -._~+/ and = at its end after Bearer");
  }
  if (!is_known(auth, token, client)) {
    return sl_fail(error, SL_TOKEN_INVALID,
                   "the token is none of those that this server knows; ask its operator for one");
  }
  return SL_OK;
}

enum sl_status sl_auth_check(struct sl_auth *auth, const struct sl_connection *connection,
                             const struct sl_headers *headers, char *client,
                             struct sl_error *error) {
  if (sl_auth_wants_certificates(auth) && connection->encrypted &&
      !sl_tls_client_is_certified(
          MHD_get_connection_info(connection->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION)
              ->tls_session)) {
    return sl_fail(error, SL_CERTIFICATE_MISSING,
                   "authentication required: show a TLS certificate that is signed by an authority "
                   "that this server knows");
  }
  return !sl_auth_wants_tokens(auth) ? SL_OK : check_token(auth, headers, client, error);
}

const char *sl_auth_challenge(enum sl_status code) {
  return code == SL_TOKEN_MISSING   ? "Bearer realm=\"spikelossd\""
         : code == SL_TOKEN_INVALID ? "Bearer realm=\"spikelossd\", error=\"invalid_token\""
                                    : NULL;
}
