#include "daemon/systemd.h"

#include "core/codes.h"
#include "daemon/config.h"
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A number without signs or spaces; false if the text is something else. */
static bool read_count(const char *text, unsigned long *number) {
  size_t length = strlen(text);
  bool ok = length >= 1 && length <= 9 && strspn(text, "0123456789") == length;
  *number = ok ? strtoul(text, NULL, 10) : 0;
  return ok;
}

bool sl_systemd_sockets(size_t *count, struct sl_error *error) {
  const char *process = getenv("LISTEN_PID");
  const char *sockets = getenv("LISTEN_FDS");
  unsigned long number;
  *count = 0;
  /* Variables for another process are nothing to us: a parent may have had them. */
  if (process == NULL || sockets == NULL || !read_count(process, &number) ||
      number != (unsigned long)getpid()) {
    return true;
  }
  if (!read_count(sockets, &number) || number > SL_MAX_LISTENERS) {
    return sl_cannot_start(error, "LISTEN_FDS: \"%.80s\" is not a number of sockets from 0 to %d",
                           sockets, SL_MAX_LISTENERS);
  }
  *count = number;
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
