#include "daemon/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

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
