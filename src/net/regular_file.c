#include "net/regular_file.h"

#include "core/codes.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *refuse(int descriptor, const char *path, const char *reason, struct sl_error *error) {
  sl_fail(error, SL_CANNOT_START, "cannot read %s: %s", path, reason);
  if (descriptor >= 0) {
    close(descriptor);
  }
  return NULL;
}

/* What is looked at is what was opened: the name may lead elsewhere a moment later. */
FILE *sl_regular_file_open(const char *path, struct sl_error *error) {
  struct stat about;
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0 || fstat(descriptor, &about) != 0) {
    return refuse(descriptor, path, strerror(errno), error);
  }
  if (!S_ISREG(about.st_mode)) {
    return refuse(descriptor, path, "not a regular file", error);
  }
  FILE *stream = fdopen(descriptor, "r");
  if (stream == NULL) {
    return refuse(descriptor, path, strerror(errno), error);
  }
  return stream;
}

bool sl_regular_file_load(const char *path, char **bytes, size_t *length, struct sl_error *error) {
  size_t size = 0;
  *bytes = NULL;
  *length = 0;
  FILE *stream = sl_regular_file_open(path, error);
  if (stream == NULL) {
    return false;
  }
  do {
    if (size - *length < 2) { /* one byte at least, and the NUL */
      size = size == 0 ? 4096 : 2 * size;
      char *larger = realloc(*bytes, size);
      if (larger == NULL) {
        break;
      }
      *bytes = larger;
    }
    *length += fread(*bytes + *length, 1, size - *length - 1, stream);
  } while (!feof(stream) && !ferror(stream));
  bool whole = feof(stream) && !ferror(stream);
  if (whole) {
    (*bytes)[*length] = '\0';
  } else {
    sl_fail(error, SL_CANNOT_START, "cannot read %s: %s", path, strerror(errno));
    free(*bytes);
    *bytes = NULL;
    *length = 0;
  }
  fclose(stream);
  return whole;
}
