/*
 * Files that are named by options: tokens, certificates, keys, the configuration. They are read
 * again on SIGHUP, so a name that leads to a FIFO, a device or a directory must not hold the
 * daemon.
 */
#ifndef SPIKELOSS_NET_REGULAR_FILE_H
#define SPIKELOSS_NET_REGULAR_FILE_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Opens a regular file for reading, without waiting; fclose the result. On failure returns NULL and
 * sets `error`, which names the option that names the file.
 */
FILE *sl_regular_file_open(const char *option, const char *path, struct sl_error *error);

/* Reads a whole file; free `*bytes`, which ends with a NUL that `*length` does not count. On
 * failure returns false and sets `error`. */
bool sl_regular_file_load(const char *option, const char *path, char **bytes, size_t *length,
                          struct sl_error *error);

#endif
