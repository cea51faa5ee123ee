#include "daemon/system.h"

#include "core/codes.h"
#include "daemon/config.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <sys/un.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

enum { PATH_SIZE = 4096 };

/* A petabyte: what claims to be more is a way to say that there is no limit. */
#define MAX_BELIEVABLE (UINT64_C(1) << 50)

static uint64_t smaller(uint64_t left, uint64_t right) {
  return left < right ? left : right;
}

/* Returns the number that a text begins with; UINT64_MAX if it begins with none. */
static uint64_t number_in(const char *text) {
  if (!isdigit((unsigned char)text[0])) {
    return UINT64_MAX;
  }
  errno = 0;
  unsigned long long number = strtoull(text, NULL, 10);
  return errno == 0 ? number : UINT64_MAX;
}

/* Returns the number in a file; "max", 0 and no file are no limit. */
static uint64_t limit_in(const char *path) {
  char line[64] = "";
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return UINT64_MAX;
  }
  bool read = fgets(line, sizeof line, file) != NULL;
  fclose(file);
  uint64_t limit = read ? number_in(line) : UINT64_MAX;
  return limit > 0 ? limit : UINT64_MAX;
}

/* Returns the smallest limit of a group and all those around it; `group` is cut up. In a container
 * its path may be one outside, where nothing is found but at the top, which is the container's own.
 */
static uint64_t limit_of_group(const char *root, const char *hierarchy, char *group,
                               const char *name) {
  uint64_t limit = UINT64_MAX;
  for (char *end = group + strlen(group); end != NULL; end = strrchr(group, '/')) {
    *end = '\0';
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s" CGROUPS "%s%s/%s", root, hierarchy, group, name);
    if (length < PATH_SIZE) {
      limit = smaller(limit, limit_in(path));
    }
  }
  return limit;
}

/* Returns whether "cpu,memory" has "memory" in it. */
static bool has_memory(char *controllers) {
  char *rest = controllers;
  for (const char *name; (name = strsep(&rest, ",")) != NULL;) {
    if (strcmp(name, "memory") == 0) {
      return true;
    }
  }
  return false;
}

/* Reads a line "4:cpu,memory:/group" (version 1) or "0::/group" (version 2). */
static uint64_t limit_of_line(const char *root, char *line) {
  line[strcspn(line, "\n")] = '\0';
  char *group = line;
  strsep(&group, ":");
  char *controllers = strsep(&group, ":");
  if (group == NULL || strstr(group, "..") != NULL) {
    return UINT64_MAX;
  }
  if (controllers[0] == '\0') {
    return limit_of_group(root, "", group, "memory.max");
  }
  return has_memory(controllers) ? limit_of_group(root, "/memory", group, "memory.limit_in_bytes")
                                 : UINT64_MAX;
}

/* Without proc/self/cgroup it reads the top of what is mounted, which is the group of a
 * container. */
static uint64_t limit_of_groups(const char *root) {
  char path[PATH_SIZE];
  char line[PATH_SIZE];
  char top_of_version_1[] = "0:memory:/";
  char top_of_version_2[] = "0::/";
  snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return smaller(limit_of_line(root, top_of_version_1), limit_of_line(root, top_of_version_2));
  }
  uint64_t limit = UINT64_MAX;
  while (fgets(line, sizeof line, file) != NULL) {
    limit = smaller(limit, limit_of_line(root, line));
  }
  fclose(file);
  return limit;
}

/* Reads "MemTotal:       24683520 kB". Containers may see less here than sysinfo says. */
static uint64_t memory_in_meminfo(const char *root) {
  char path[PATH_SIZE];
  char line[256];
  unsigned long long kibibytes = 0;
  snprintf(path, sizeof path, "%s/proc/meminfo", root);
  FILE *file = fopen(path, "re");
  while (file != NULL && kibibytes == 0 && fgets(line, sizeof line, file) != NULL) {
    sscanf(line, "MemTotal: %llu kB", &kibibytes);
  }
  if (file != NULL) {
    fclose(file);
  }
  return kibibytes > 0 && kibibytes < UINT64_MAX / 1024 ? (uint64_t)kibibytes * 1024 : UINT64_MAX;
}

uint64_t sl_machine_memory(void) {
  struct sysinfo machine;
  uint64_t bytes;
  bool known = sysinfo(&machine) == 0 &&
               !__builtin_mul_overflow((uint64_t)machine.totalram, machine.mem_unit, &bytes);
  return known ? bytes : 0;
}

uint64_t sl_system_memory(const char *root, uint64_t machine_memory) {
  uint64_t machine = machine_memory > 0 ? machine_memory : UINT64_MAX;
  uint64_t memory = smaller(smaller(machine, memory_in_meminfo(root)), limit_of_groups(root));
  /* Groups of version 1 without a limit say almost 2^63. */
  return memory < MAX_BELIEVABLE ? memory : 0;
}

/*
 * Three quarters, less what the program itself takes: the last quarter is for what cannot be
 * counted, such as freed memory that malloc keeps, page tables, and data that waits in sockets.
 */
uint64_t sl_memory_for_requests(uint64_t system_memory, size_t threads) {
  const uint64_t program = UINT64_C(8) << 20;
  const uint64_t thread = UINT64_C(256) << 10;
  uint64_t share = system_memory / 4 * 3;
  uint64_t own = program + threads * thread;
  uint64_t minimum = system_memory / 8;
  return share > own && share - own > minimum ? share - own : minimum;
}

void sl_descriptors_open_missing(void) {
  int lowest;
  do {
    lowest = open("/dev/null", O_RDWR);
    if (lowest < 0) {
      /* No /dev here. Nothing can be read from or written to this, but the number is taken. */
      lowest = open("/", O_PATH | O_DIRECTORY);
    }
  } while (lowest >= 0 && lowest <= STDERR_FILENO);
  if (lowest >= 0) {
    close(lowest);
  }
}

uint64_t sl_descriptors_raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 1024; /* what systems commonly allow */
  }
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

/* Reads a number without signs or spaces; returns false if the text is something else. */
static bool read_count(const char *text, unsigned long *number) {
  size_t length = strlen(text);
  bool ok = length >= 1 && length <= 9 && strspn(text, "0123456789") == length;
  *number = ok ? strtoul(text, NULL, 10) : 0;
  return ok;
}

/* Variables for another process do not count: they may have been inherited from a parent. */
static bool is_this_process(const char *process) {
  unsigned long number;
  return process != NULL && read_count(process, &number) && number == (unsigned long)getpid();
}

bool sl_systemd_take_sockets(struct sl_server_options *options, struct sl_error *error) {
  const char *sockets = getenv("LISTEN_FDS");
  unsigned long number;
  if (sockets == NULL || !is_this_process(getenv("LISTEN_PID"))) {
    return true;
  }
  if (!read_count(sockets, &number) || number > SL_MAX_LISTENERS) {
    return sl_cannot_start(error, "LISTEN_FDS: \"%.80s\" is not a number of sockets from 0 to %d",
                           sockets, SL_MAX_LISTENERS);
  }
  if (number > 0) {
    options->listen = NULL;
    options->listen_count = number;
    options->first_socket = STDERR_FILENO + 1; /* as systemd promises */
  }
  return true;
}

void sl_systemd_tell(const char *state) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = path == NULL ? 0 : strlen(path);
  if (length < 2 || length >= sizeof name.sun_path || (path[0] != '/' && path[0] != '@')) {
    return;
  }
  memcpy(name.sun_path, path, length);
  if (path[0] == '@') {
    name.sun_path[0] = '\0'; /* a socket without a file */
  }
  int messenger = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (messenger >= 0) {
    socklen_t name_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    sendto(messenger, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&name,
           name_length);
    close(messenger);
  }
}

uint64_t sl_systemd_watchdog(void) {
  const char *process = getenv("WATCHDOG_PID");
  const char *interval = getenv("WATCHDOG_USEC");
  bool asked = interval != NULL && (process == NULL || is_this_process(process));
  uint64_t microseconds = asked ? number_in(interval) : 0;
  return microseconds < UINT64_MAX ? microseconds : 0;
}
