#include "http/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sl_access {
  struct sl_tokens *tokens;
};

struct sl_access *sl_access_new(const char *token_file, char *message, size_t message_size) {
  struct sl_access *access = calloc(1, sizeof *access);
  if (access == NULL) {
    snprintf(message, message_size, "there is no memory for the tokens");
    return NULL;
  }
  access->tokens = sl_tokens_read(token_file, message, message_size);
  if (access->tokens == NULL) {
    sl_access_free(access);
    return NULL;
  }
  return access;
}

void sl_access_free(struct sl_access *access) {
  if (access == NULL) {
    return;
  }
  sl_tokens_free(access->tokens);
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
static bool is_known(const struct sl_access *access, const char *token, char *client) {
  const char *name = sl_tokens_find(access->tokens, token);
  if (name != NULL) {
    strcpy(client, name);
  }
  return name != NULL;
}

enum sl_status sl_access_check(struct sl_access *access, struct MHD_Connection *connection,
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

const char *sl_access_challenge(enum sl_status code) {
  switch (code) {
  case SL_TOKEN_MISSING:
    return "Bearer realm=\"spikelossd\"";
  case SL_TOKEN_INVALID:
    return "Bearer realm=\"spikelossd\", error=\"invalid_token\"";
  default:
    return NULL;
  }
}
