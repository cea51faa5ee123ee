/*
 * How much memory this process may use: what the machine has, or less where a control group (of a
 * container, a service of systemd) says so, and the share of it that requests may take.
 */
#ifndef SPIKELOSS_DAEMON_SYSTEM_MEMORY_H
#define SPIKELOSS_DAEMON_SYSTEM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes. `root` stands before every path that is read, "" for the real ones: proc/meminfo,
 * proc/self/cgroup, and below sys/fs/cgroup the limits of the groups of version 1 and 2 and of all
 * groups around them. What is missing or makes no sense is no limit; UINT64_MAX if nothing is
 * known.
 */
uint64_t sl_system_memory(const char *root);

/* What so many threads leave to requests. */
uint64_t sl_memory_for_requests(uint64_t system_memory, size_t threads);

#endif
