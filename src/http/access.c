#include "http/access.h"

#include "core/codes.h"
#include "net/tls.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sl_access {
  const char *token_file;
  bool certificates;
  pthread_rwlock_t lock;    /* of `tokens`: held while somebody looks at them */
  struct sl_tokens *tokens; /* NULL where none are wanted */
};

struct sl_access *sl_access_new(const char *token_file, bool certificates, char *message,
                                size_t message_size) {
  struct sl_access *access = calloc(1, sizeof *access);
  if (access == NULL || pthread_rwlock_init(&access->lock, NULL) != 0) {
    snprintf(message, message_size, "there is no memory for the tokens");
    free(access);
    return NULL;
  }
  access->token_file = token_file;
  access->certificates = certificates;
  if (!sl_access_reload(access, message, message_size)) {
    sl_access_free(access);
    return NULL;
  }
  return access;
}

static void swap_tokens(struct sl_access *access, struct sl_tokens *tokens) {
  pthread_rwlock_wrlock(&access->lock);
  struct sl_tokens *old = access->tokens;
  access->tokens = tokens;
  pthread_rwlock_unlock(&access->lock);
  sl_tokens_free(old);
}

bool sl_access_reload(struct sl_access *access, char *message, size_t message_size) {
  if (access->token_file == NULL) {
    return true;
  }
  struct sl_tokens *tokens = sl_tokens_read(access->token_file, message, message_size);
  if (tokens == NULL) {
    return false;
  }
  swap_tokens(access, tokens);
  return true;
}

bool sl_access_wants_tokens(const struct sl_access *access) {
  return access != NULL && access->token_file != NULL;
}

bool sl_access_wants_certificates(const struct sl_access *access) {
  return access != NULL && access->certificates;
}

void sl_access_free(struct sl_access *access) {
  if (access == NULL) {
    return;
  }
  sl_tokens_free(access->tokens);
  pthread_rwlock_destroy(&access->lock);
  free(access);
}

/* The Authorization headers of a request. */
struct authorizations {
  unsigned count;
  const char *last;
};

static enum MHD_Result note(void *closure, enum MHD_ValueKind kind, const char *name,
                            const char *value) {
  (void)kind;
  struct authorizations *authorizations = closure;
  if (strcasecmp(name, "Authorization") == 0) {
    authorizations->count++;
    authorizations->last = value == NULL ? "" : value;
  }
  return MHD_YES;
}

/* The part behind "Bearer " (in any case), or NULL where another scheme stands. */
static const char *credentials_of(const char *authorization) {
  static const char scheme[] = "Bearer";
  size_t length = strlen(scheme);
  bool bearer = strncasecmp(authorization, scheme, length) == 0 &&
                (authorization[length] == ' ' || authorization[length] == '\0');
  return bearer ? authorization + length + strspn(authorization + length, " ") : NULL;
}

/* Copies the name, because the next reload frees it. */
static bool is_known(struct sl_access *access, const char *token, char *client) {
  pthread_rwlock_rdlock(&access->lock);
  const char *name = sl_tokens_find(access->tokens, token);
  if (name != NULL) {
    strcpy(client, name);
  }
  pthread_rwlock_unlock(&access->lock);
  return name != NULL;
}

static enum sl_status check_token(struct sl_access *access, struct MHD_Connection *connection,
                                  char *client, struct sl_error *error) {
  struct authorizations authorizations = {0};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, note, &authorizations);
  if (authorizations.count == 0) {
    return sl_fail(error, SL_TOKEN_MISSING,
                   "this server wants a token: send a header \"Authorization: Bearer TOKEN\"");
  }
  if (authorizations.count > 1) {
    return sl_fail(error, SL_TOKEN_INVALID, "there are %u Authorization headers, expected one",
                   authorizations.count);
  }
  const char *token = credentials_of(authorizations.last);
  if (token == NULL) {
    return sl_fail(error, SL_TOKEN_MISSING,
                   "expected the scheme Bearer in the header \"Authorization: Bearer TOKEN\", "
                   "got another one");
  }
  if (!sl_token_is_well_formed(token)) {
    return sl_fail(error, SL_TOKEN_INVALID,
                   "expected a token of letters, digits, -._~+/ and = at its end behind Bearer");
  }
  if (!is_known(access, token, client)) {
    return sl_fail(error, SL_TOKEN_INVALID, "the token is none of those that this server knows");
  }
  return SL_OK;
}

enum sl_status sl_access_check(struct sl_access *access, struct MHD_Connection *connection,
                               char *client, struct sl_error *error) {
  if (access->certificates && sl_tls_is_used(connection) &&
      !sl_tls_client_is_certified(connection)) {
    return sl_fail(error, SL_CERTIFICATE_MISSING,
                   "this server wants a TLS certificate from its clients, signed by an authority "
                   "that it knows");
  }
  return access->token_file == NULL ? SL_OK : check_token(access, connection, client, error);
}

const char *sl_access_challenge(enum sl_status code) {
  return code == SL_TOKEN_MISSING   ? "Bearer realm=\"spikelossd\""
         : code == SL_TOKEN_INVALID ? "Bearer realm=\"spikelossd\", error=\"invalid_token\""
                                    : NULL;
}
