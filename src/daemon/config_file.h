/*
 * The configuration file: lines "name = value", comments behind # or ; at the start of a line.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_FILE_H
#define SPIKELOSS_DAEMON_CONFIG_FILE_H

#include "daemon/config.h"

/* On failure returns false and writes "path:line: what is wrong" to `message`. */
bool sl_config_read_file(struct sl_config *config, const char *path, char *message,
                         size_t message_size);

#endif
