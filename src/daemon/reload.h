/*
 * SIGHUP: what may change while the daemon serves, read again without dropping a connection: the
 * tokens, the certificates, and the log level. What is broken is logged and stays as it was.
 */
#ifndef SPIKELOSS_DAEMON_RELOAD_H
#define SPIKELOSS_DAEMON_RELOAD_H

#include "daemon/log.h"
#include "http/server.h"

struct sl_reload {
  int count; /* of the command line's arguments, as main got them */
  char *const *arguments;
  char *const *environment;
  struct sl_server *server;
  struct sl_log *log;
};

void sl_reload(const struct sl_reload *reload);

#endif
