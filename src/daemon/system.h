/*
 * What the daemon asks the system for: memory, file descriptors, sockets of systemd.
 */
#ifndef SPIKELOSS_DAEMON_SYSTEM_H
#define SPIKELOSS_DAEMON_SYSTEM_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sl_server_options;

/* Returns what the kernel says without any file (sysinfo); 0 if it does not. */
uint64_t sl_machine_memory(void);

/*
 * Returns the memory that this process may use: the smallest of all limits that are known, in
 * bytes; 0 if none is. They are `machine_memory` and what is in files, whose paths all begin with
 * `root` ("" for the real ones): proc/meminfo, which a sandbox may hide; and below sys/fs/cgroup
 * the limits of the groups (of a container, a service of systemd) of version 1 and 2 that
 * proc/self/cgroup names, and of all groups around them. A file that is missing or makes no sense
 * is no limit.
 */
uint64_t sl_system_memory(const char *root, uint64_t machine_memory);

/* Assumed where the memory of the system is not known: what the smallest machines that
 * are sold as servers have. */
#define SL_UNKNOWN_MEMORY (UINT64_C(512) << 20)

/* Returns what this number of threads leaves to requests of a system with this number of bytes. */
uint64_t sl_memory_for_requests(uint64_t system_memory, size_t threads);

/*
 * Opens /dev/null as each of standard input, output and error that is closed. Otherwise the next
 * socket would get its number, and log lines would be sent to a client.
 */
void sl_descriptors_open_missing(void);

/* Raises the number of files that may be open to the hard limit. Returns how many may be. */
uint64_t sl_descriptors_raise_limit(void);

/* Takes the sockets that systemd hands over (socket activation), if any: they replace all
 * addresses. Fails if the variables that name them make no sense. */
bool sl_systemd_take_sockets(struct sl_server_options *options, struct sl_error *error);

/* Tells systemd "READY=1" and the like; nothing if it did not ask for that. */
void sl_systemd_tell(const char *state);

/* Returns within how many microseconds systemd wants to hear "WATCHDOG=1" again and again, or else
 * restarts this process; 0 if it does not. */
uint64_t sl_systemd_watchdog(void);

#endif
