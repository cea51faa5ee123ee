#include "http/headers.h"

#include "core/codes.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

bool sl_is_http_token(const char *text) {
  static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return text[0] != '\0' && text[strspn(text, characters)] == '\0';
}

/* What is done with a header that comes a second time. */
enum again { REFUSED, THE_LAST_COUNTS, NONE_COUNTS };

/* The headers that mean something here. */
static const struct header {
  const char *name;
  size_t location; /* of its text in struct sl_headers */
  enum again again;
} known[] = {
    {"Host", offsetof(struct sl_headers, host), REFUSED},
    {"Content-Type", offsetof(struct sl_headers, content_type), REFUSED},
    {"Content-Length", offsetof(struct sl_headers, content_length_text), REFUSED},
    {"Content-Encoding", offsetof(struct sl_headers, content_encoding), REFUSED},
    {"Transfer-Encoding", offsetof(struct sl_headers, transfer_encoding), REFUSED},
    {"Expect", offsetof(struct sl_headers, expect), REFUSED},
    {"Origin", offsetof(struct sl_headers, origin), REFUSED},
    {"Sec-Fetch-Site", offsetof(struct sl_headers, fetch_site), REFUSED},
    {"Sec-Fetch-Mode", offsetof(struct sl_headers, fetch_mode), REFUSED},
    {"Sec-Fetch-Dest", offsetof(struct sl_headers, fetch_destination), REFUSED},
    {"Access-Control-Request-Method", offsetof(struct sl_headers, preflight_method), REFUSED},
    {"X-Request-Id", offsetof(struct sl_headers, request_id), THE_LAST_COUNTS},
    {"Traceparent", offsetof(struct sl_headers, traceparent), NONE_COUNTS},
};

static const struct header *find_known(const char *name) {
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    bool may_be = (known[i].name[0] | 0x20) == (name[0] | 0x20); /* mostly not */
    if (may_be && strcasecmp(known[i].name, name) == 0) {
      return &known[i];
    }
  }
  return NULL;
}

static enum MHD_Result note_header(void *closure, enum MHD_ValueKind kind, const char *name,
                                   const char *value) {
  (void)kind;
  struct sl_headers *headers = closure;
  const struct header *header = find_known(name);
  if (header == NULL) {
    headers->odd_name = headers->odd_name || !sl_is_http_token(name);
    return MHD_YES;
  }
  const char **text = (const char **)((char *)headers + header->location);
  bool again = *text != NULL;
  *text = value == NULL || (again && header->again == NONE_COUNTS) ? "" : value;
  if (again && header->again == REFUSED && headers->repeated == NULL) {
    headers->repeated = header->name;
  }
  return MHD_YES;
}

void sl_headers_read(struct sl_headers *headers, struct MHD_Connection *connection) {
  *headers = (struct sl_headers){0};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, headers);
  headers->wants_continue =
      headers->expect != NULL && strcasecmp(headers->expect, "100-continue") == 0;
  if (headers->content_length_text != NULL) {
    headers->content_length = strtoull(headers->content_length_text, NULL, 10);
  }
}

const char *sl_target_path(const char *target) {
  size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                  : strncasecmp(target, "https://", 8) == 0 ? 8
                                                            : 0;
  if (scheme == 0) {
    return target;
  }
  const char *path = strchr(target + scheme, '/');
  return path != NULL ? path : "/";
}

bool sl_header_is(const char *value, const char *word) {
  size_t length = strlen(word);
  return strncasecmp(value, word, length) == 0 &&
         value[length + strspn(value + length, " \t")] == '\0';
}

enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error) {
  bool http_1_1 = strcmp(version, MHD_HTTP_VERSION_1_0) != 0; /* or a later 1.x */
  const char *coding = headers->transfer_encoding;
  if (headers->odd_name) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "headers: a name is empty or has a character that no name may have");
  }
  if (headers->repeated != NULL) {
    return sl_fail(error, SL_BAD_REQUEST, "%s: the header came more than once; send it once",
                   headers->repeated);
  }
  if (headers->content_length_text != NULL && coding != NULL) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "Content-Length and Transfer-Encoding: both came; send one of them");
  }
  /* Exactly this word: libmicrohttpd takes nothing else for chunked. */
  if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
    return sl_fail(error, SL_BAD_REQUEST, "Transfer-Encoding: expected chunked, got \"%.40s\"",
                   coding);
  }
  if (coding != NULL && !http_1_1) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "Transfer-Encoding: not a part of %.16s; send Content-Length", version);
  }
  if (headers->host == NULL && http_1_1) {
    return sl_fail(error, SL_BAD_REQUEST, "Host: missing; HTTP/1.1 needs it");
  }
  return SL_OK;
}

/* The media type without parameters is `wanted`, in any case. */
static bool media_type_is(const char *value, const char *wanted) {
  value += strspn(value, " \t");
  size_t length = strcspn(value, "; \t");
  return length == strlen(wanted) && strncasecmp(value, wanted, length) == 0;
}

enum sl_status sl_headers_check_content(const struct sl_headers *headers, struct sl_error *error) {
  const char *type = headers->content_type;
  const char *encoding = headers->content_encoding;
  if (type != NULL && media_type_is(type, "application/x-www-form-urlencoded")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "Content-Type: the body says it is a form, expected JSON; "
                   "add -H 'Content-Type: application/json'");
  }
  if (type != NULL && type[0] != '\0' && !media_type_is(type, "application/json")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "expected Content-Type application/json, got %.80s", type);
  }
  if (encoding != NULL && encoding[0] != '\0' && !sl_header_is(encoding, "identity")) {
    return sl_fail(error, SL_UNSUPPORTED_ENCODING,
                   "expected a body without Content-Encoding, got %.80s", encoding);
  }
  return SL_OK;
}

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
  if (getrandom(&name, sizeof name, 0) !=
      sizeof name) { /* no entropy: still different from other threads */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    name = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec ^ (uint64_t)(uintptr_t)&named << 20;
  }
  return name | 1; /* 0 is none */
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
