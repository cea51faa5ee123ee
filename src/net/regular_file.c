#include "net/regular_file.h"

#include "core/buffer.h"
#include "core/codes.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_SIZE = 4096 };

static FILE *refuse(int descriptor, const char *option, const char *path, const char *reason,
                    struct sl_error *error) {
  sl_fail(error, SL_CANNOT_START, "%s: cannot read %s: %s", option, path, reason);
  if (descriptor >= 0) {
    close(descriptor);
  }
  return NULL;
}

/* Checks what was opened: by then the name may lead elsewhere. */
FILE *sl_regular_file_open(const char *option, const char *path, struct sl_error *error) {
  struct stat about;
  int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0 || fstat(descriptor, &about) != 0) {
    return refuse(descriptor, option, path, strerror(errno), error);
  }
  if (!S_ISREG(about.st_mode)) {
    return refuse(descriptor, option, path, "not a regular file", error);
  }
  FILE *stream = fdopen(descriptor, "r");
  if (stream == NULL) {
    return refuse(descriptor, option, path, strerror(errno), error);
  }
  return stream;
}

bool sl_regular_file_load(const char *option, const char *path, char **bytes, size_t *length,
                          struct sl_error *error) {
  struct sl_buffer text = {0};
  FILE *stream = sl_regular_file_open(option, path, error);
  if (stream != NULL) {
    while (!feof(stream) && !ferror(stream) && sl_buffer_reserve(&text, PIECE_SIZE)) {
      text.length += fread(text.bytes + text.length, 1, PIECE_SIZE - 1, stream);
      text.bytes[text.length] = '\0';
    }
    if (!feof(stream) || ferror(stream)) {
      sl_fail(error, SL_CANNOT_START, "%s: cannot read %s: %s", option, path, strerror(errno));
      sl_buffer_free(&text);
    }
    fclose(stream);
  }
  *bytes = text.bytes;
  *length = text.length;
  return text.bytes != NULL;
}
