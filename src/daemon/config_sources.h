/*
 * The one setter through which defaults, file, environment and flags go, from the weakest source
 * to the strongest, and the file: lines "name = value", comments after # or ; at the start of a
 * line. Used by config.c only.
 */
#ifndef SPIKELOSS_DAEMON_CONFIG_SOURCES_H
#define SPIKELOSS_DAEMON_CONFIG_SOURCES_H

#include "daemon/options.h"
#include <spikeloss/error.h>

/*
 * Sets an option from text. Addresses add up within one source and replace those of weaker ones.
 * On failure returns false; the message begins with `where`, which says where the text comes from.
 */
bool sl_config_set(struct sl_config *config, const struct sl_option *option, const char *text,
                   enum sl_source source, const char *where, struct sl_error *error);

/*
 * The option of that name. Where there is none, returns NULL and sets `error`: the name
 * is unknown, or that of an option that an earlier version had. `kind` and `spelling` are how the
 * source calls and spells it.
 */
const struct sl_option *sl_config_find(const char *name, const char *kind, const char *spelling,
                                       struct sl_error *error);

/* Frees every address and every text. */
void sl_config_forget(struct sl_config *config);

/* On failure returns false and sets `error` to "path:line: what is wrong". */
bool sl_config_read_file(struct sl_config *config, const char *path, struct sl_error *error);

#endif
