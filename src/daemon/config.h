/*
 * The configuration: flags before environment before file before defaults.
 *
 * All four go through one setter, which remembers how strong the source of each value was. A bad
 * value or an unknown name is fatal wherever it stands, and the message says where that is.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_H
#define SPIKELOSS_DAEMON_CONFIG_H

#include "http/server.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_OPTIONS = 64, SL_MAX_LISTENERS = 16 };

/* From the weakest to the strongest. */
enum sl_source { SL_SOURCE_DEFAULT, SL_SOURCE_FILE, SL_SOURCE_ENVIRONMENT, SL_SOURCE_FLAG };

/* What the command line asks for. */
enum sl_task { SL_TASK_SERVE, SL_TASK_CHECK, SL_TASK_HEALTHCHECK, SL_TASK_VERSION, SL_TASK_HELP };

struct sl_config {
  enum sl_task task;
  char *file; /* of --config, or NULL; owned */

  char *listen[SL_MAX_LISTENERS]; /* owned */
  size_t listen_count;
  uint64_t threads;
  uint64_t idle_seconds;
  uint64_t header_seconds;
  uint64_t request_seconds;
  uint64_t connection_memory;
  uint64_t header_bytes;
  uint64_t connections;
  uint64_t connections_per_address;
  uint64_t requests;
  uint64_t memory_bytes;
  uint64_t drain_bytes;
  uint64_t drain_seconds;
  uint64_t stop_delay_seconds;
  uint64_t stop_seconds;
  uint64_t body_bytes;
  uint64_t pairs;
  uint64_t answer_bytes;
  uint64_t deferred_bytes;
  uint64_t member_bytes;
  uint64_t depth;
  uint64_t layers;
  uint64_t unix_mode;
  char *unix_owner;
  char *tls_certificate; /* owned, or NULL, like every text */
  char *tls_key;
  char *client_ca;
  char *token_file;
  char *cors_origins;
  char *hosts;
  uint64_t log_level;  /* enum sl_log_level */
  uint64_t log_format; /* enum sl_log_format */
  uint64_t access_log; /* enum sl_access_lines */
  uint64_t log_rate;
  uint64_t isa; /* index into the words of its option; 0 is the best there is */

  enum sl_source sources[SL_MAX_OPTIONS]; /* by index into sl_options */
};

/* A configuration without anything. */
#define SL_NO_CONFIG ((struct sl_config){.task = SL_TASK_SERVE})

/*
 * Reads everything: `arguments` as main gets them, `environment` like environ. On failure returns
 * false and writes one sentence to `message`, with the flag, the variable or file and line. The
 * config is to be freed in any case.
 */
bool sl_config_read(struct sl_config *config, int count, char *const *arguments,
                    char *const *environment, char *message, size_t message_size);

/* Tolerates any state. */
void sl_config_free(struct sl_config *config);

/* The same for the server. The addresses belong to the config. */
struct sl_server_options sl_config_server(const struct sl_config *config);

/* The name of the kernels asked for, or NULL for the best. Static. */
const char *sl_config_isa(const struct sl_config *config);

/* The text of --help; free() it. NULL when there is no memory. */
char *sl_config_help(void);

#endif
