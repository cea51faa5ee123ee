#include "http/unix_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* chown leaves alone what has this number. */
#define AS_IT_IS UINT32_MAX

static bool read_number(const char *text, uint32_t *number) {
  char *end = NULL;
  errno = 0;
  unsigned long value = isdigit((unsigned char)text[0]) ? strtoul(text, &end, 10) : 0;
  bool good = end != NULL && *end == '\0' && errno == 0 && value < AS_IT_IS;
  *number = good ? (uint32_t)value : AS_IT_IS;
  return good;
}

/* Both leave a missing name as it is. */
static bool find_user(const char *name, uid_t *user) {
  if (name[0] == '\0' || read_number(name, user)) {
    return true;
  }
  const struct passwd *entry = getpwnam(name);
  *user = entry != NULL ? entry->pw_uid : AS_IT_IS;
  return entry != NULL;
}

static bool find_group(const char *name, gid_t *group) {
  if (name[0] == '\0' || read_number(name, group)) {
    return true;
  }
  const struct group *entry = getgrnam(name);
  *group = entry != NULL ? entry->gr_gid : AS_IT_IS;
  return entry != NULL;
}

static bool change_owner(const char *path, const char *owner, char *message, size_t message_size) {
  char user_name[64];
  size_t length = strcspn(owner, ":");
  const char *group_name = owner[length] == ':' ? owner + length + 1 : "";
  uid_t user = AS_IT_IS;
  gid_t group = AS_IT_IS;
  bool fits = length < sizeof user_name;
  if (fits) {
    memcpy(user_name, owner, length);
    user_name[length] = '\0';
  }
  if (!fits || !find_user(user_name, &user) || !find_group(group_name, &group)) {
    snprintf(message, message_size, "unix_owner: there is no user or group like \"%.80s\"", owner);
    return false;
  }
  if (lchown(path, user, group) != 0) {
    snprintf(message, message_size, "cannot give %s to %.80s: %s", path, owner, strerror(errno));
    return false;
  }
  return true;
}

/* The owner comes first: chown may clear bits of the mode. */
bool sl_unix_file_protect(const char *path, const struct sl_unix_file *file, char *message,
                          size_t message_size) {
  if (file->owner != NULL && !change_owner(path, file->owner, message, message_size)) {
    return false;
  }
  if (chmod(path, file->mode) != 0) {
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
