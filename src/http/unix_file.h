/*
 * Who may open the file of a Unix socket, which is who may connect to it.
 */
#ifndef SPIKELOSS_HTTP_UNIX_FILE_H
#define SPIKELOSS_HTTP_UNIX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct sl_unix_file {
  mode_t mode;
  const char *owner; /* "USER", "USER:GROUP" or ":GROUP", names or numbers; NULL: as it is made */
};

/*
 * Gives the file of a bound socket its owner and mode. To be called before listen: until then
 * nobody can connect. One thread at a time: names are looked up in what the C library shares. On
 * failure returns false and writes one sentence to `message`.
 */
bool sl_unix_file_protect(const char *path, const struct sl_unix_file *file, char *message,
                          size_t message_size);

#endif
