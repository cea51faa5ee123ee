/*
 * The configuration: flags before environment before file before defaults.
 *
 * All four go through one setter, which remembers how strong the source of each value was. A bad
 * value or an unknown name is fatal wherever it stands, and the message says where that is.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_H
#define SPIKELOSS_DAEMON_CONFIG_H

#include "http/options.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_OPTIONS = 64, SL_MAX_LISTENERS = 16 };

/* From the weakest to the strongest. */
enum sl_source { SL_SOURCE_DEFAULT, SL_SOURCE_FILE, SL_SOURCE_ENVIRONMENT, SL_SOURCE_FLAG };

/* What the command line asks for. */
enum sl_command {
  SL_COMMAND_SERVE,
  SL_COMMAND_CHECK,
  SL_COMMAND_HEALTHCHECK,
  SL_COMMAND_VERSION,
  SL_COMMAND_HELP
};

struct sl_config {
  enum sl_command command;
  char *file; /* of --config, or NULL; owned */

  char *addresses[SL_MAX_LISTENERS]; /* server.listen_count of them; owned */
  struct sl_server_options server;   /* its texts are owned; `listen` is not set */
  uint64_t log_level;                /* enum sl_log_level */
  uint64_t log_format;               /* enum sl_log_format */
  uint64_t access_log;               /* enum sl_access_lines */
  uint64_t isa; /* index into the words of its option; 0 is the best there is */

  enum sl_source sources[SL_MAX_OPTIONS]; /* by index into sl_options */
};

/* A configuration without anything. */
#define SL_NO_CONFIG ((struct sl_config){.command = SL_COMMAND_SERVE})

/*
 * Reads everything: `arguments` as main gets them, `environment` like environ. On failure returns
 * false and sets `error`, with the flag, the variable or file and line. The
 * config is to be freed in any case.
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
