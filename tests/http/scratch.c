#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_open(struct scratch *scratch) {
  strcpy(scratch->folder, "/tmp/spikelossd-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(scratch->folder));
}

void scratch_close(struct scratch *scratch) {
  DIR *folder = scratch->folder[0] == '\0' ? NULL : opendir(scratch->folder);
  if (folder == NULL) {
    return;
  }
  for (struct dirent *file; (file = readdir(folder)) != NULL;) {
    unlink(scratch_path(scratch, file->d_name));
  }
  closedir(folder);
  rmdir(scratch->folder);
  scratch->folder[0] = '\0';
}

const char *scratch_path(const struct scratch *scratch, const char *name) {
  enum { PATHS = 64, ROOM = 512 };
  static char paths[PATHS][ROOM];
  static unsigned next;
  char *path = paths[next++ % PATHS];
  snprintf(path, ROOM, "%s/%s", scratch->folder, name);
  return path;
}

const char *scratch_write(const struct scratch *scratch, const char *name, const char *text) {
  const char *path = scratch_path(scratch, name);
  FILE *stream = fopen(path, "w");
  ck_assert_ptr_nonnull(stream);
  ck_assert_int_ge(fputs(text, stream), 0);
  ck_assert_int_eq(fclose(stream), 0);
  return path;
}
