/*
 * The file of a Unix socket: which daemon it belongs to, and which users may connect.
 */
#ifndef SPIKELOSS_HTTP_UNIX_FILE_H
#define SPIKELOSS_HTTP_UNIX_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Gives the file of a bound socket its mode. To be called before listen: until then nothing can
 * connect. On failure returns false and writes one sentence to `message`.
 */
bool sl_unix_file_protect(const char *path, mode_t mode, char *message, size_t message_size);

/*
 * Locks PATH.lock, so that of several daemons that start at once one looks at the socket, replaces
 * it if it was left behind, and binds. The system gives the lock back when the process ends,
 * however it does; the file that then remains does no harm. Returns the descriptor that holds the
 * lock. On failure returns -1 and writes one sentence to `message`.
 */
int sl_unix_file_lock(const char *path, char *message, size_t message_size);

/* Removes PATH.lock and gives the lock back. */
void sl_unix_file_unlock(const char *path, int lock);

#endif
