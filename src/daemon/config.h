/*
 * The configuration: flags before environment before file before defaults.
 *
 * One table says which options there are: all sources, --help and the tests read it, and nothing
 * else knows them. A bad value or an unknown name is fatal in each source, and the message says
 * where it is.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_H
#define SPIKELOSS_DAEMON_CONFIG_H

#include "http/options.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_MAX_OPTIONS = 64, SL_MAX_RETIRED = 16, SL_MAX_LISTENERS = 16 };

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

  const struct sl_option *retired[SL_MAX_RETIRED]; /* options that were set in spite of that */
  size_t retired_count;

  enum sl_source sources[SL_MAX_OPTIONS]; /* by index into sl_options */
};

enum sl_option_kind {
  SL_OPTION_ADDRESSES, /* repeatable */
  SL_OPTION_BYTES,     /* a number with an optional KiB, MiB or GiB (Ki, Mi, Gi) */
  SL_OPTION_COUNT,     /* a number with an optional Ki, Mi or Gi */
  SL_OPTION_NUMBER,    /* a plain number */
  SL_OPTION_MODE,      /* the mode of a file, in octal digits */
  SL_OPTION_CHOICE,    /* one of a few words */
  SL_OPTION_TEXT,      /* the name of a file and the like, or "none" */
  SL_OPTION_RETIRED,   /* one that an earlier version had: any value is accepted and ignored */
};

struct sl_option {
  const char *name;         /* body_bytes: --body-bytes, SPIKELOSSD_BODY_BYTES, "body_bytes = " */
  const char *default_text; /* goes through the same setter as everything else */
  const char *help;         /* one line for people; of a retired option, what holds now */
  enum sl_option_kind kind;
  const char *placeholder; /* of a value in --help */
  const char *form;        /* what a value looks like, for messages */
  size_t offset;    /* offset in struct sl_config of its uint64_t (choices: the index) or char * */
  uint64_t minimum; /* both bounds are allowed values */
  uint64_t maximum;
  const char *const *words;        /* of a choice, NULL-terminated */
  bool (*is_ok)(const char *text); /* of a text: NULL if it may have any form */
};

/* The last entry of each has no name. */
extern const struct sl_option sl_options[];
extern const struct sl_option sl_retired_options[];

/*
 * Sets one option from text; addresses are added. On failure returns false; the message begins with
 * `where`, which says where the text comes from. Not for retired options.
 */
bool sl_option_set(struct sl_config *config, const struct sl_option *option, const char *text,
                   const char *where, struct sl_error *error);

/*
 * Reads everything: `arguments` as main gets them, `environment` like environ. On failure returns
 * false and sets `error`, with the flag, the variable or file and line. The config is to be freed
 * in any case.
 */
bool sl_config_read(struct sl_config *config, int count, char *const *arguments,
                    char *const *environment, struct sl_error *error);

/* Tolerates any state. */
void sl_config_free(struct sl_config *config);

/* Returns the options of the server, with addresses. All that they point to belongs to the config.
 */
struct sl_server_options sl_config_server(const struct sl_config *config);

/* Returns the name of the kernels asked for, or NULL for the best. Static. */
const char *sl_config_isa(const struct sl_config *config);

/* Returns the text of --help; free() it. NULL when there is no memory. */
char *sl_config_help(void);

#endif
