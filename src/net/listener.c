#include "net/listener.h"

#include "core/codes.h"
#include "net/address.h"
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Returns false with errno set. */
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
  return bind(listener->socket, address, length) == 0;
}

/*
 * An answer waits in the daemon, where it is made piece by piece, not in the system: of what its
 * reader does not take, the system keeps this much, not the megabytes to which it lets a fast
 * connection grow. What is on its way is not counted, so long lines are as fast as before.
 * Connections inherit it. Unix sockets have no such option, and a small bound of their own.
 */
static void bound_what_waits(const struct sl_listener *listener) {
  const int max_unsent = SL_UNSENT_BYTES;
  setsockopt(listener->socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &max_unsent, sizeof max_unsent);
}

/* Returns false with errno set. */
static bool begin_to_listen(const struct sl_listener *listener) {
  bound_what_waits(listener);
  return listen(listener->socket, SOMAXCONN) == 0;
}

/* Asks the kernel where a TCP listener really is: port 0 asked for any free one. */
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

static bool cannot_listen(const char *address, int reason, struct sl_error *error) {
  return sl_cannot_start(error, "cannot listen on %s: %s%s", address, strerror(reason),
                         reason == EADDRINUSE ? "; stop what uses it, or listen elsewhere" : "");
}

static bool open_tcp(struct sl_listener *listener, const char *address, struct sl_error *error) {
  struct addrinfo *found = sl_address_look_up(address, AI_PASSIVE | AI_NUMERICSERV, error);
  if (found == NULL) {
    return false;
  }
  bool listening =
      bind_to(listener, found->ai_addr, found->ai_addrlen) && begin_to_listen(listener);
  int reason = errno;
  freeaddrinfo(found);
  if (!listening) {
    return cannot_listen(address, reason, error);
  }
  return read_bound_address(listener) ||
         sl_cannot_start(error, "cannot tell where %s is bound", address);
}

enum {
  LOCK_PATH_SIZE = 128, /* a socket's path has at most 107 bytes */
  MAX_TRIES = 100, /* more than daemons that end at one moment: this file system has no inodes */
};

static void name_lock(char *lock_path, const char *path) {
  snprintf(lock_path, LOCK_PATH_SIZE, "%s.lock", path);
}

/* Returns whether the path still leads to the file that was locked. */
static bool is_file_at(int lock, const char *lock_path) {
  struct stat locked;
  struct stat named;
  return fstat(lock, &locked) == 0 && lstat(lock_path, &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/* A file system that has no locks must not keep a daemon from starting there. */
static bool try_lock(int lock) {
  return flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/*
 * Locks PATH.lock, so that of several daemons that start at once one looks at the socket, replaces
 * it if it was left over, and binds. The system gives the lock back when the process ends, however
 * it does; the file that then remains does no harm. Returns the descriptor that holds the lock, or
 * -1.
 */
static int open_lock_file(const char *path, struct sl_error *error) {
  char lock_path[LOCK_PATH_SIZE];
  name_lock(lock_path, path);
  for (int tries = 1;; tries++) {
    int lock = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (lock < 0) {
      sl_fail(error, SL_CANNOT_START, "cannot open the lock file %s: %s", lock_path,
              strerror(errno));
      return -1;
    }
    if (!try_lock(lock)) {
      sl_fail(error, SL_CANNOT_START, "address already in use: %s (another daemon holds %s)", path,
              lock_path);
      close(lock);
      return -1;
    }
    if (is_file_at(lock, lock_path) || tries == MAX_TRIES) {
      return lock;
    }
    close(lock); /* a daemon that ended removed the file before it was locked here */
  }
}

/* Removes PATH.lock and gives the lock back. */
static void unlock_file(const char *path, int lock) {
  char lock_path[LOCK_PATH_SIZE];
  name_lock(lock_path, path);
  if (is_file_at(lock, lock_path)) {
    unlink(lock_path);
  }
  close(lock);
}

/* Returns whether it is; if not, errno says why there is no connection. */
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
 * Makes way for a Unix socket: the file of a daemon that was killed is removed,
 * anything else (a file of another kind, a socket that is listened on) stays.
 */
static bool clear_path(const struct sockaddr_un *name, struct sl_error *error) {
  struct stat file;
  if (lstat(name->sun_path, &file) != 0) {
    return true; /* nothing there, or bind will say what is wrong */
  }
  if (!S_ISSOCK(file.st_mode)) {
    return sl_cannot_start(error, "%s exists and is not a socket", name->sun_path);
  }
  if (is_listened_on(name)) {
    return sl_cannot_start(error, "address already in use: %s", name->sun_path);
  }
  if (errno != ECONNREFUSED || unlink(name->sun_path) != 0) {
    return sl_cannot_start(error, "cannot replace %s: %s", name->sun_path, strerror(errno));
  }
  return true;
}

/* With the lock of the path: no other daemon is between its bind and its listen. */
static bool serve_path(struct sl_listener *listener, const struct sockaddr_un *name,
                       mode_t unix_mode, struct sl_error *error) {
  struct stat file;
  if (!clear_path(name, error)) {
    return false;
  }
  if (!bind_to(listener, (const struct sockaddr *)name, sizeof *name)) {
    return cannot_listen(listener->address, errno, error);
  }
  if (lstat(name->sun_path, &file) == 0) {
    listener->device = file.st_dev;
    listener->inode = file.st_ino;
  }
  if (chmod(name->sun_path, unix_mode) != 0) { /* before listen: until then nothing can connect */
    return sl_cannot_start(error, "cannot set the mode of %s: %s", name->sun_path, strerror(errno));
  }
  return begin_to_listen(listener) || cannot_listen(listener->address, errno, error);
}

static bool open_unix(struct sl_listener *listener, const char *address, mode_t unix_mode,
                      struct sl_error *error) {
  struct sockaddr_un name;
  sl_address_name_unix(&name, address);
  snprintf(listener->address, sizeof listener->address, "%s", address);
  listener->lock = open_lock_file(name.sun_path, error);
  return listener->lock >= 0 && serve_path(listener, &name, unix_mode, error);
}

bool sl_listener_open(struct sl_listener *listener, const char *address, mode_t unix_mode,
                      struct sl_error *error) {
  *listener = SL_NO_LISTENER;
  bool ok = sl_address_is_unix(address) ? open_unix(listener, address, unix_mode, error)
                                        : open_tcp(listener, address, error);
  if (!ok) {
    sl_listener_close(listener);
  }
  return ok;
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

bool sl_listener_adopt(struct sl_listener *listener, int socket, struct sl_error *error) {
  *listener = SL_NO_LISTENER;
  if (socket_option(socket, SO_TYPE) != SOCK_STREAM || socket_option(socket, SO_ACCEPTCONN) != 1) {
    return sl_cannot_start(error, "file descriptor %d is not a listening socket", socket);
  }
  listener->socket = socket;
  listener->inherited = true;
  bound_what_waits(listener);
  bool known = socket_option(socket, SO_DOMAIN) == AF_UNIX ? read_unix_address(listener)
                                                           : read_bound_address(listener);
  if (!known || fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK) != 0 ||
      fcntl(socket, F_SETFD, FD_CLOEXEC) != 0) {
    return sl_cannot_start(error, "cannot use the socket of file descriptor %d: %s", socket,
                           strerror(errno));
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
    unlock_file(path, listener->lock);
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
