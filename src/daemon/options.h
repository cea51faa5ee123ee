/*
 * The one table of options. Flags, environment, configuration file, defaults, --help and the tests
 * all read it; nothing else knows which options there are.
 */
#ifndef SPIKELOSS_DAEMON_OPTIONS_H
#define SPIKELOSS_DAEMON_OPTIONS_H

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

/* A configuration without anything. */
#define SL_NO_CONFIG ((struct sl_config){.command = SL_COMMAND_SERVE})

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
  const char *name; /* body_bytes: --body-bytes, SPIKELOSSD_BODY_BYTES, "body_bytes = " */
  enum sl_option_kind kind;
  size_t offset;    /* offset in struct sl_config of its uint64_t (choices: the index) or char * */
  uint64_t minimum; /* both bounds are allowed values */
  uint64_t maximum;
  const char *const *words;        /* of a choice, NULL-terminated */
  const char *default_text;        /* goes through the same setter as everything else */
  bool (*is_ok)(const char *text); /* of a text: NULL if it may have any form, */
  const char *form;                /* else what it looks like */
  const char *placeholder;         /* of a text: its name in --help */
  const char *help;                /* one line for people */
};

/* The last entry has no name. */
extern const struct sl_option sl_options[];

/* The option of that name, also if it is retired (its help says what holds now), or NULL. */
const struct sl_option *sl_option_find(const char *name);

/* What a value of this kind looks like: "SIZE", "NUMBER". Static. */
const char *sl_option_placeholder(const struct sl_option *option);

/*
 * Reads a number or word. On failure returns false and writes to `message` what was wrong and what
 * would be right. Not for addresses and texts.
 */
bool sl_option_read(const struct sl_option *option, const char *text, uint64_t *value,
                    struct sl_error *error);

#endif
