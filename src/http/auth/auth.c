#include "http/auth/auth.h"

#include "http/access.h"
#include "http/origins.h"
#include "net/tls.h"
#include <stdio.h>
#include <string.h>

static bool go_together(const struct sl_tls_files *files, char *message, size_t message_size) {
  if ((files->certificate == NULL) != (files->key == NULL)) {
    snprintf(message, message_size, "tls_certificate and tls_key go together, %s is missing",
             files->key == NULL ? "tls_key" : "tls_certificate");
    return false;
  }
  if (files->client_ca != NULL && files->certificate == NULL) {
    snprintf(message, message_size, "client_ca needs tls_certificate and tls_key");
    return false;
  }
  return true;
}

static bool open_tls(struct sl_auth *auth, const struct sl_server_options *options, char *message,
                     size_t message_size) {
  if (options->tls.certificate == NULL) {
    return true;
  }
  auth->tls = sl_tls_new(&options->tls, message, message_size);
  return auth->tls != NULL;
}

static bool open_access(struct sl_auth *auth, const struct sl_server_options *options,
                        char *message, size_t message_size) {
  bool certificates = options->tls.client_ca != NULL;
  if (options->token_file == NULL && !certificates) {
    return true;
  }
  auth->access = sl_access_new(options->token_file, certificates, message, message_size);
  return auth->access != NULL;
}

static bool open_origins(struct sl_auth *auth, const struct sl_server_options *options,
                         char *message, size_t message_size) {
  if (options->cors_origins == NULL) {
    return true;
  }
  auth->origins = sl_origins_new(options->cors_origins);
  if (auth->origins == NULL) {
    snprintf(message, message_size, "there is no memory for the origins");
  }
  return auth->origins != NULL;
}

bool sl_auth_open(struct sl_auth *auth, const struct sl_server_options *options, char *message,
                  size_t message_size) {
  *auth = (struct sl_auth){0};
  bool ok = go_together(&options->tls, message, message_size) &&
            open_tls(auth, options, message, message_size) &&
            open_access(auth, options, message, message_size) &&
            open_origins(auth, options, message, message_size);
  auth->hosts = options->hosts;
  if (!ok) {
    sl_auth_close(auth);
  }
  return ok;
}

bool sl_auth_reload(struct sl_auth *auth, char *message, size_t message_size) {
  char reason[512];
  bool certificates = auth->tls == NULL || sl_tls_reload(auth->tls, message, message_size);
  bool tokens = auth->access == NULL || sl_access_reload(auth->access, reason, sizeof reason);
  if (!tokens) {
    size_t said = certificates ? 0 : strlen(message);
    snprintf(message + said, message_size - said, "%s%s", said > 0 ? "; " : "", reason);
  }
  return certificates && tokens;
}

void sl_auth_close(struct sl_auth *auth) {
  sl_origins_free(auth->origins);
  sl_access_free(auth->access);
  sl_tls_free(auth->tls);
  *auth = (struct sl_auth){0};
}
