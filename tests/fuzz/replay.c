/*
 * Gives a fuzz target the inputs that are kept: every file of the folders in the arguments.
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST_INPUT = 1 << 20 };

/* Fewer than 0 bytes: it cannot be read. */
static long read_file(const char *path, uint8_t *data) {
  FILE *file = fopen(path, "rbe");
  if (file == NULL) {
    return -1;
  }
  size_t length = fread(data, 1, LONGEST_INPUT, file);
  long got = ferror(file) || !feof(file) ? -1 : (long)length;
  fclose(file);
  return got;
}

static void replay_file(const char *path) {
  static uint8_t data[LONGEST_INPUT];
  long length = read_file(path, data);
  if (length < 0) {
    fprintf(stderr, "cannot read %s\n", path);
    exit(EXIT_FAILURE);
  }
  /* Memory of its own, so that a sanitizer sees what is read after the end. */
  uint8_t *copy = malloc((size_t)length + (length == 0));
  if (copy == NULL) {
    abort();
  }
  for (long i = 0; i < length; i++) {
    copy[i] = data[i];
  }
  fprintf(stderr, "%s\n", path); /* the last line tells on which input the process ended */
  LLVMFuzzerTestOneInput(copy, (size_t)length);
  free(copy);
}

static int replay_folder(const char *folder) {
  struct dirent **entries;
  int count = scandir(folder, &entries, NULL, alphasort);
  int files = 0;
  for (int i = 0; i < count; i++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
    if (entries[i]->d_name[0] != '.') {
      replay_file(path);
      files++;
    }
    free(entries[i]);
  }
  if (count >= 0) {
    free(entries);
  }
  return files;
}

int main(int count, char **arguments) {
  int files = 0;
  for (int i = 1; i < count; i++) {
    files += replay_folder(arguments[i]);
  }
  printf("%d passed, 0 failed\n", files);
  return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
