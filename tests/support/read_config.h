/*
 * Configurations as tests give them: texts of files, flags in one line, variables; and what is said
 * of those that are refused.
 */
#ifndef SPIKELOSS_TESTS_READ_CONFIG_H
#define SPIKELOSS_TESTS_READ_CONFIG_H

#include "daemon/config.h"
#include <stdbool.h>

extern const char *const message; /* of the last reading */
extern char file_path[64];        /* of the last file_with */
extern char *no_variables[1];     /* {NULL} */

/* Writes a configuration file and returns its path. */
const char *file_with(const char *text);

/* Reads flags, which are given as one line of words, after `file` (NULL: none; removed when it has
 * been read) and variables. */
bool read_all(struct sl_config *config, const char *file, char *const *variables,
              const char *flags);

/* The same of flags alone, which must be good. */
struct sl_config good_flags(const char *flags);

/* The last message has these words. */
void assert_said(const char *words);

/* Each of these is refused, with a message that has these words; that of a file must begin with its
 * path and this line. */
void assert_flags_refused(const char *flags, const char *words);
void assert_variable_refused(const char *variable, const char *words);
void assert_file_refused(const char *text, int line, const char *words);

#endif
