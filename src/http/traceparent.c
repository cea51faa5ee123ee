#include "http/traceparent.h"

#include <stddef.h>
#include <string.h>

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
