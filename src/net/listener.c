#include "net/listener.h"

#include "http/unix_file.h"
#include "net/address.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void close_keeping_reason(struct sl_listener *listener) {
  int reason = errno;
  close(listener->socket);
  listener->socket = -1;
  errno = reason;
}

/* False with errno set, and the socket closed. */
static bool bind_to(struct sl_listener *listener, const struct sockaddr *address,
                    socklen_t length) {
  int family = address->sa_family;
  listener->socket = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (listener->socket < 0) {
    return false;
  }
  const int yes = 1;
  if (family != AF_UNIX) {
    setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  }
  if (family == AF_INET6) {
    setsockopt(listener->socket, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  }
  if (bind(listener->socket, address, length) == 0) {
    return true;
  }
  close_keeping_reason(listener);
  return false;
}

/*
 * An answer waits in the daemon, where it is made piece by piece, not in the system: of what its
 * reader does not take, the system keeps this much, not the megabytes to which it lets a fast
 * connection grow. What is on its way is not counted, so long lines are as fast as before.
 * Connections inherit it. Unix sockets have no such option, and a small bound of their own.
 */
static void bound_what_waits(const struct sl_listener *listener) {
  const int most = SL_UNSENT_BYTES;
  setsockopt(listener->socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
}

/* False with errno set, and the socket closed. */
static bool begin_to_listen(struct sl_listener *listener) {
  bound_what_waits(listener);
  if (listen(listener->socket, SOMAXCONN) == 0) {
    return true;
  }
  close_keeping_reason(listener);
  return false;
}

/* Asks the kernel where a TCP listener really is: port 0 was a wish for any free one. */
static bool read_bound_address(struct sl_listener *listener) {
  struct sockaddr_storage bound;
  socklen_t length = sizeof bound;
  char host[96];
  char port[6];
  if (getsockname(listener->socket, (struct sockaddr *)&bound, &length) != 0 ||
      getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return false;
  }
  const char *format = bound.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s";
  snprintf(listener->address, sizeof listener->address, format, host, port);
  return true;
}

static bool open_tcp(struct sl_listener *listener, const char *address, char *message,
                     size_t message_size) {
  struct addrinfo *found =
      sl_address_look_up(address, AI_PASSIVE | AI_NUMERICSERV, message, message_size);
  if (found == NULL) {
    return false;
  }
  bool listening =
      bind_to(listener, found->ai_addr, found->ai_addrlen) && begin_to_listen(listener);
  int reason = errno;
  freeaddrinfo(found);
  if (!listening) {
    snprintf(message, message_size, "cannot listen on %s: %s", address, strerror(reason));
    return false;
  }
  if (!read_bound_address(listener)) {
    snprintf(message, message_size, "cannot tell where %s is bound", address);
    sl_listener_close(listener);
    return false;
  }
  return true;
}

/* If not, errno says why there is no connection. */
static bool is_listened_on(const struct sockaddr_un *name) {
  int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) {
    return false;
  }
  bool connected = connect(probe, (const struct sockaddr *)name, sizeof *name) == 0;
  int reason = errno;
  close(probe);
  errno = reason;
  return connected || reason == EAGAIN; /* or more wait there than it takes in */
}

/*
 * Makes way for a Unix socket: the file that a daemon left behind when it was killed is removed,
 * anything else (a file of another kind, a socket that is listened on) stays.
 */
static bool clear_path(const struct sockaddr_un *name, char *message, size_t message_size) {
  struct stat file;
  if (lstat(name->sun_path, &file) != 0) {
    return true; /* nothing there, or bind will say what is wrong */
  }
  if (!S_ISSOCK(file.st_mode)) {
    snprintf(message, message_size, "%s exists and is not a socket", name->sun_path);
    return false;
  }
  if (is_listened_on(name)) {
    snprintf(message, message_size, "address already in use: %s", name->sun_path);
    return false;
  }
  if (errno != ECONNREFUSED || unlink(name->sun_path) != 0) {
    snprintf(message, message_size, "cannot replace %s: %s", name->sun_path, strerror(errno));
    return false;
  }
  return true;
}

static void note_file(struct sl_listener *listener, const char *path) {
  struct stat file;
  if (lstat(path, &file) == 0) {
    listener->device = file.st_dev;
    listener->inode = file.st_ino;
  }
}

/* With the lock of the path: no other daemon is between its bind and its listen. */
static bool serve_path(struct sl_listener *listener, const struct sockaddr_un *name,
                       mode_t unix_mode, char *message, size_t message_size) {
  if (!clear_path(name, message, message_size)) {
    return false;
  }
  if (!bind_to(listener, (const struct sockaddr *)name, sizeof *name)) {
    snprintf(message, message_size, "cannot listen on %s: %s", listener->address, strerror(errno));
    return false;
  }
  note_file(listener, name->sun_path);
  if (!sl_unix_file_protect(name->sun_path, unix_mode, message, message_size)) {
    return false;
  }
  if (!begin_to_listen(listener)) {
    snprintf(message, message_size, "cannot listen on %s: %s", listener->address, strerror(errno));
    return false;
  }
  return true;
}

static bool open_unix(struct sl_listener *listener, const char *address, mode_t unix_mode,
                      char *message, size_t message_size) {
  struct sockaddr_un name;
  if (!sl_address_name_unix(&name, address, message, message_size)) {
    return false;
  }
  snprintf(listener->address, sizeof listener->address, "%s", address);
  listener->lock = sl_unix_file_lock(name.sun_path, message, message_size);
  if (listener->lock < 0) {
    return false;
  }
  if (!serve_path(listener, &name, unix_mode, message, message_size)) {
    sl_listener_close(listener);
    return false;
  }
  return true;
}

bool sl_listener_open(struct sl_listener *listener, const char *address, mode_t unix_mode,
                      char *message, size_t message_size) {
  *listener = SL_NO_LISTENER;
  return sl_address_is_unix(address)
             ? open_unix(listener, address, unix_mode, message, message_size)
             : open_tcp(listener, address, message, message_size);
}

static int socket_option(int socket, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(socket, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

/* "unix:PATH", of a socket without a file "unix:@NAME". */
static bool read_unix_address(struct sl_listener *listener) {
  struct sockaddr_un bound = {0};
  socklen_t length = sizeof bound;
  if (getsockname(listener->socket, (struct sockaddr *)&bound, &length) != 0) {
    return false;
  }
  if (length > offsetof(struct sockaddr_un, sun_path) && bound.sun_path[0] == '\0') {
    bound.sun_path[0] = '@';
  }
  snprintf(listener->address, sizeof listener->address, SL_UNIX_PREFIX "%.*s",
           (int)sizeof bound.sun_path, bound.sun_path);
  return true;
}

bool sl_listener_adopt(struct sl_listener *listener, int socket, char *message,
                       size_t message_size) {
  *listener = SL_NO_LISTENER;
  if (socket_option(socket, SO_TYPE) != SOCK_STREAM || socket_option(socket, SO_ACCEPTCONN) != 1) {
    snprintf(message, message_size, "file descriptor %d is no socket that listens", socket);
    return false;
  }
  listener->socket = socket;
  listener->inherited = true;
  bound_what_waits(listener);
  bool known = socket_option(socket, SO_DOMAIN) == AF_UNIX ? read_unix_address(listener)
                                                           : read_bound_address(listener);
  if (!known || fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK) != 0 ||
      fcntl(socket, F_SETFD, FD_CLOEXEC) != 0) {
    snprintf(message, message_size, "cannot use the socket of file descriptor %d: %s", socket,
             strerror(errno));
    return false;
  }
  return true;
}

/* Only the file that this listener made: another program may have put its own there since. */
static void remove_own_file(struct sl_listener *listener) {
  struct stat file;
  const char *path = sl_address_unix_path(listener->address);
  if (listener->inode != 0 && lstat(path, &file) == 0 && file.st_dev == listener->device &&
      file.st_ino == listener->inode) {
    unlink(path);
  }
  listener->inode = 0;
  if (listener->lock >= 0) {
    sl_unix_file_unlock(path, listener->lock);
    listener->lock = -1;
  }
}

void sl_listener_stop(struct sl_listener *listener) {
  remove_own_file(listener);
  if (listener->socket >= 0 && !listener->inherited) {
    shutdown(listener->socket, SHUT_RDWR);
  }
}

void sl_listener_close(struct sl_listener *listener) {
  sl_listener_stop(listener);
  if (listener->socket >= 0) {
    close(listener->socket);
    listener->socket = -1;
  }
}
