#include "http/process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double cpu_seconds(void) {
  struct timespec spent;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

static void read_memory(struct sl_process *process) {
  double page = (double)sysconf(_SC_PAGESIZE);
  unsigned long virtual_pages;
  unsigned long resident_pages;
  FILE *file = fopen("/proc/self/statm", "re");
  if (file == NULL) {
    return;
  }
  if (fscanf(file, "%lu %lu", &virtual_pages, &resident_pages) == 2) {
    process->virtual_bytes = (double)virtual_pages * page;
    process->resident_bytes = (double)resident_pages * page;
  }
  fclose(file);
}

/* The entries of /proc/self/fd without ".", ".." and the one through which they are read. */
static double count_open_files(void) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) {
    return -1;
  }
  double entries = -3;
  while (readdir(folder) != NULL) {
    entries++;
  }
  closedir(folder);
  return entries;
}

static double max_open_files(void) {
  struct rlimit limit;
  bool known = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  return known ? (double)limit.rlim_cur : -1;
}

struct sl_process sl_process_read(void) {
  struct sl_process process = {
      .cpu_seconds = cpu_seconds(),
      .resident_bytes = -1,
      .virtual_bytes = -1,
      .open_files = count_open_files(),
      .max_files = max_open_files(),
  };
  read_memory(&process);
  return process;
}
