/*
 * The configuration: flags before environment before file before defaults.
 *
 * All four go through one setter, which remembers how strong the source of each value was. A bad
 * value or an unknown name is fatal in each of them, and the message says where it is.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_H
#define SPIKELOSS_DAEMON_CONFIG_H

#include "daemon/options.h"
#include "http/options.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads everything: `arguments` as main gets them, `environment` like environ. On failure returns
 * false and sets `error`, with the flag, the variable or file and line. The config is to be freed
 * in any case.
 */
bool sl_config_read(struct sl_config *config, int count, char *const *arguments,
                    char *const *environment, struct sl_error *error);

/* Tolerates any state. */
void sl_config_free(struct sl_config *config);

/* The same for the server, with addresses. All that it points to belongs to the config. */
struct sl_server_options sl_config_server(const struct sl_config *config);

/* The name of the kernels asked for, or NULL for the best. Static. */
const char *sl_config_isa(const struct sl_config *config);

/* The text of --help; free() it. NULL when there is no memory. */
char *sl_config_help(void);

#endif
