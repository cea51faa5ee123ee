#include "http/request_id.h"

#include <stddef.h>
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

/* Where the parts begin, and how many hexadecimal digits they have. */
static const struct {
  size_t begin;
  size_t digits;
  bool may_be_zero;
} parts[] = {{0, 2, true}, {3, 32, false}, {36, 16, false}, {53, 2, true}};

enum { PART_COUNT = sizeof parts / sizeof *parts };

static bool is_part(const char *value, size_t part) {
  const char *digits = value + parts[part].begin;
  bool ok = strspn(digits, "0123456789abcdef") >= parts[part].digits;
  return ok && (parts[part].may_be_zero || strspn(digits, "0") < parts[part].digits);
}

bool sl_traceparent_read(char traceparent[SL_TRACEPARENT_LENGTH + 1], const char *value) {
  traceparent[0] = '\0';
  size_t length = strnlen(value, SL_TRACEPARENT_LENGTH + 1);
  bool ok = length >= SL_TRACEPARENT_LENGTH;
  for (size_t part = 0; ok && part < PART_COUNT; part++) {
    ok = is_part(value, part) && (part == 0 || value[parts[part].begin - 1] == '-');
  }
  bool version_0 = strncmp(value, "00", 2) == 0;
  bool ends = length == SL_TRACEPARENT_LENGTH;
  ok = ok && strncmp(value, "ff", 2) != 0 &&
       (ends || (!version_0 && value[SL_TRACEPARENT_LENGTH] == '-'));
  if (ok) {
    memcpy(traceparent, value, SL_TRACEPARENT_LENGTH);
    traceparent[SL_TRACEPARENT_LENGTH] = '\0';
  }
  return ok;
}
