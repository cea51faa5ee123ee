/*
 * Loaded into the daemon before its libraries: the main thread takes its time to take a listening
 * socket out of an epoll set, so that what its other threads do meanwhile is sure to happen.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool listens(int file) {
  int yes = 0;
  socklen_t length = sizeof yes;
  return getsockopt(file, SOL_SOCKET, SO_ACCEPTCONN, &yes, &length) == 0 && yes;
}

int epoll_ctl(int set, int operation, int file, struct epoll_event *event) {
  int (*original)(int, int, int, struct epoll_event *);
  *(void **)&original = dlsym(RTLD_NEXT, "epoll_ctl");
  if (operation == EPOLL_CTL_DEL && gettid() == getpid() && listens(file)) {
    nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
  }
  return original(set, operation, file, event);
}
