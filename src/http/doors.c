#include "http/doors.h"

#include "http/access.h"
#include "http/origins.h"
#include "http/tls.h"
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

static bool open_tls(struct sl_doors *doors, const struct sl_server_options *options, char *message,
                     size_t message_size) {
  if (options->tls.certificate == NULL) {
    return true;
  }
  doors->tls = sl_tls_new(&options->tls, message, message_size);
  return doors->tls != NULL;
}

static bool open_access(struct sl_doors *doors, const struct sl_server_options *options,
                        char *message, size_t message_size) {
  bool certificates = options->tls.client_ca != NULL;
  if (options->token_file == NULL && !certificates) {
    return true;
  }
  doors->access = sl_access_new(options->token_file, certificates, message, message_size);
  return doors->access != NULL;
}

static bool open_origins(struct sl_doors *doors, const struct sl_server_options *options,
                         char *message, size_t message_size) {
  if (options->cors_origins == NULL) {
    return true;
  }
  doors->origins = sl_origins_new(options->cors_origins);
  if (doors->origins == NULL) {
    snprintf(message, message_size, "there is no memory for the origins");
  }
  return doors->origins != NULL;
}

bool sl_doors_open(struct sl_doors *doors, const struct sl_server_options *options, char *message,
                   size_t message_size) {
  *doors = (struct sl_doors){0};
  bool good = go_together(&options->tls, message, message_size) &&
              open_tls(doors, options, message, message_size) &&
              open_access(doors, options, message, message_size) &&
              open_origins(doors, options, message, message_size);
  doors->hosts = options->hosts;
  if (!good) {
    sl_doors_close(doors);
  }
  return good;
}

bool sl_doors_reload(struct sl_doors *doors, char *message, size_t message_size) {
  char reason[512];
  bool certificates = doors->tls == NULL || sl_tls_reload(doors->tls, message, message_size);
  bool tokens = doors->access == NULL || sl_access_reload(doors->access, reason, sizeof reason);
  if (!tokens) {
    size_t said = certificates ? 0 : strlen(message);
    snprintf(message + said, message_size - said, "%s%s", said > 0 ? "; " : "", reason);
  }
  return certificates && tokens;
}

void sl_doors_close(struct sl_doors *doors) {
  sl_origins_free(doors->origins);
  sl_access_free(doors->access);
  sl_tls_free(doors->tls);
  *doors = (struct sl_doors){0};
}
