#include "daemon/reload.h"

#include "daemon/config.h"
#include <stdio.h>

/* The level is what flags, variables and the file say now; the file alone can have changed. */
static bool reload_log_level(const struct sl_reload *reload, char *message, size_t message_size) {
  struct sl_config config;
  bool ok = sl_config_read(&config, reload->count, reload->arguments, reload->environment, message,
                           message_size);
  if (ok) {
    reload->log->level = (enum sl_log_level)config.log_level;
  }
  sl_config_free(&config);
  return ok;
}

static void complain(const struct sl_reload *reload, const char *message) {
  sl_log(reload->log, SL_LOG_ERROR, "SIGHUP: %s; the previous values stay in force", message);
}

void sl_reload(const struct sl_reload *reload) {
  char message[1024];
  bool level = reload_log_level(reload, message, sizeof message);
  if (!level) {
    complain(reload, message);
  }
  bool auth = sl_server_reload(reload->server, message, sizeof message);
  if (!auth) {
    complain(reload, message);
  }
  if (level && auth) {
    sl_log(reload->log, SL_LOG_INFO,
           "SIGHUP: tokens, certificates and log level have been read again");
  }
}
