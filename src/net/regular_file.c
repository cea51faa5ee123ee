#include "net/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *refuse(int descriptor, const char *path, const char *reason, char *message,
                    size_t message_size) {
  snprintf(message, message_size, "cannot read %s: %s", path, reason);
  if (descriptor >= 0) {
    close(descriptor);
  }
  return NULL;
}

/* What is looked at is what was opened: the name may lead elsewhere a moment later. */
FILE *sl_regular_file_open(const char *path, char *message, size_t message_size) {
  struct stat about;
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0 || fstat(descriptor, &about) != 0) {
    return refuse(descriptor, path, strerror(errno), message, message_size);
  }
  if (!S_ISREG(about.st_mode)) {
    return refuse(descriptor, path, "not a regular file", message, message_size);
  }
  FILE *stream = fdopen(descriptor, "r");
  if (stream == NULL) {
    return refuse(descriptor, path, strerror(errno), message, message_size);
  }
  return stream;
}

bool sl_regular_file_load(const char *path, char **bytes, size_t *length, char *message,
                          size_t message_size) {
  size_t size = 0;
  *bytes = NULL;
  *length = 0;
  FILE *stream = sl_regular_file_open(path, message, message_size);
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
    snprintf(message, message_size, "cannot read %s: %s", path, strerror(errno));
    free(*bytes);
    *bytes = NULL;
    *length = 0;
  }
  fclose(stream);
  return whole;
}
