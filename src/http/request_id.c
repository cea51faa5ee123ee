#include "http/request_id.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* Which thread of which run of the daemon this is, at random, and how many requests it has named.
 */
static _Thread_local uint64_t thread_name;
static _Thread_local uint64_t named;

static bool is_sane(const char *text) {
  size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
  return text[length] == '\0' && length >= 1 && length <= SL_REQUEST_ID_MAX;
}

static uint64_t new_thread_name(void) {
  uint64_t name;
  if (getrandom(&name, sizeof name, 0) != sizeof name) { /* no entropy: still unlike its like */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    name = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&named << 20;
  }
  return name | 1; /* 0 stands for none */
}

static char *write_hex(char *text, uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) {
    *text++ = "0123456789abcdef"[value >> shift & 0xf];
  }
  return text;
}

void sl_request_id_choose(char id[SL_REQUEST_ID_MAX + 1], const char *wish) {
  if (wish != NULL && is_sane(wish)) {
    memcpy(id, wish, strlen(wish) + 1);
    return;
  }
  if (thread_name == 0) {
    thread_name = new_thread_name();
  }
  char *end = write_hex(write_hex(id, thread_name), ++named);
  *end = '\0';
}
