#include "http/unix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool sl_unix_file_protect(const char *path, mode_t mode, char *message, size_t message_size) {
  if (chmod(path, mode) != 0) {
    snprintf(message, message_size, "cannot set the mode of %s: %s", path, strerror(errno));
    return false;
  }
  return true;
}

enum {
  LOCK_PATH_SIZE = 128, /* a socket's path has at most 107 bytes */
  MAX_TRIES = 100, /* more than daemons that end at one moment: this file system has no inodes */
};

static void name_lock(char *lock_path, const char *path) {
  snprintf(lock_path, LOCK_PATH_SIZE, "%s.lock", path);
}

/* Whether the path still leads to the file that was locked. */
static bool is_file_at(int lock, const char *lock_path) {
  struct stat locked;
  struct stat named;
  return fstat(lock, &locked) == 0 && lstat(lock_path, &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

/* A file system that has no locks must not keep a daemon from starting there. */
static bool lock_file(int lock) {
  return flock(lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

int sl_unix_file_lock(const char *path, char *message, size_t message_size) {
  char lock_path[LOCK_PATH_SIZE];
  name_lock(lock_path, path);
  for (int tries = 1;; tries++) {
    int lock = open(lock_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (lock < 0) {
      snprintf(message, message_size, "cannot open the lock file %s: %s", lock_path,
               strerror(errno));
      return -1;
    }
    if (!lock_file(lock)) {
      snprintf(message, message_size, "address already in use: %s (another daemon holds %s)", path,
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

void sl_unix_file_unlock(const char *path, int lock) {
  char lock_path[LOCK_PATH_SIZE];
  name_lock(lock_path, path);
  if (is_file_at(lock, lock_path)) {
    unlink(lock_path);
  }
  close(lock);
}
