/*
 * The file descriptors of this process: which are open at the start, and how many may be.
 */
#ifndef SPIKELOSS_DAEMON_DESCRIPTORS_H
#define SPIKELOSS_DAEMON_DESCRIPTORS_H

#include <stdint.h>

/*
 * Opens /dev/null as each of standard input, output and error that is closed. Otherwise the next
 * socket would get its number, and log lines would be sent to a client.
 */
void sl_descriptors_open_missing(void);

/* Raises the number of files that may be open to the hard limit. Returns how many may be. */
uint64_t sl_descriptors_raise_limit(void);

#endif
