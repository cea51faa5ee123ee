#include "http/headers.h"

#include "core/codes.h"
#include "http/options.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <time.h>

/* Whether a text can be the name of a header, or a method (RFC 9110, "token"). */
static bool is_http_token(const char *text) {
  static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const char *rest = text;
  while ((*rest | 0x20) >= 'a' && (*rest | 0x20) <= 'z') { /* mostly all of it, and much faster */
    rest++;
  }
  return text[0] != '\0' && (*rest == '\0' || rest[strspn(rest, characters)] == '\0');
}

enum { DEL = 0x7f };

/* After a line: CR and LF. */
enum { LINE_END = 2 };

/* The smallest page that there is. libmicrohttpd maps pages for the memory of a connection, so that
 * the first of its heads begins where one does. */
enum { PAGE = 4096 };
_Static_assert(SL_CONNECTION_MEMORY > 32 * 1024, "for less, libmicrohttpd calls malloc");

bool sl_head_bytes_matter(void) {
  return MHD_get_version()[0] == '0';
}

/* Looks at the lines of the head that have come together with the request line and are still as
 * they came. What has not come is NULs: the memory is cleared for every request. */
static bool has_bare_line_feed(const char *line, const char *end) {
  const char *feed;
  while (line < end && (feed = memchr(line, '\n', (size_t)(end - line))) != NULL) {
    if (feed == line || feed[-1] != '\r') {
      return true;
    }
    if (feed - line == 1) {
      return false; /* the empty line */
    }
    line = feed + 1;
  }
  return false;
}

void sl_head_note_target(struct sl_head_marks *marks, const char *target) {
  marks->target_end = NULL;
  marks->bare_line_feed = false;
  if (target == NULL) {
    return;
  }
  const char *end = target;
  while ((unsigned char)*end > ' ' && *end != DEL) {
    end++;
  }
  if (*end != '\0') {
    return;
  }
  marks->target_end = end;
  const char *line_end = end + 1 + strlen(end + 1);
  if (sl_head_bytes_matter()) { /* all of a page may be read if any of it may */
    const char *end_of_page = target + (PAGE - (uintptr_t)target % PAGE);
    marks->bare_line_feed = has_bare_line_feed(line_end + LINE_END, end_of_page);
  }
}

/* Before a request line may be nothing, or one empty line (RFC 9112, 2.2). */
static bool begins_at_start(struct sl_head_marks *marks, const char *method) {
  if (marks->start == NULL || method < marks->start) {
    marks->start = method - (uintptr_t)method % PAGE;
  }
  size_t skipped = (size_t)(method - marks->start);
  return skipped == 0 || (skipped == LINE_END && method[-1] == '\0' && method[-2] == '\0');
}

/* What is wrong with the bytes up to the headers, or NULL. */
static const char *find_line_fault(struct sl_head_marks *marks,
                                   const struct sl_request_line *line) {
  if (!is_http_token(line->method) || marks->target_end == NULL) {
    return "the request line is malformed";
  }
  if (!sl_head_bytes_matter()) {
    return NULL;
  }
  if (!begins_at_start(marks, line->method)) {
    return "there are bytes before the request line";
  }
  if (line->method + strlen(line->method) + 1 != line->target ||
      marks->target_end + 1 != line->version) {
    return "the request line is malformed";
  }
  return marks->bare_line_feed ? "a line ends in a bare LF" : NULL;
}

/* Without a way out of the loop, so that many bytes are looked at in one step. */
static bool has_control(const char *text, size_t length) {
  bool found = false;
  for (size_t i = 0; i < length; i++) {
    found |= ((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == DEL;
  }
  return found;
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
    {"Accept", offsetof(struct sl_headers, accept), THE_LAST_COUNTS},
    {"If-None-Match", offsetof(struct sl_headers, if_none_match), THE_LAST_COUNTS},
    {"Authorization", offsetof(struct sl_headers, authorization), THE_LAST_COUNTS},
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

static void note_header(struct sl_headers *headers, const char *name, const char *value) {
  const struct header *header = find_known(name);
  if (header == NULL) {
    headers->odd_name = headers->odd_name || !is_http_token(name);
    return;
  }
  const char **text = (const char **)((char *)headers + header->location);
  bool again = *text != NULL;
  *text = value == NULL || (again && header->again == NONE_COUNTS) ? "" : value;
  headers->authorizations += text == &headers->authorization;
  if (again && header->again == REFUSED && headers->repeated == NULL) {
    headers->repeated = header->name;
  }
}

/* A walk over the headers, in the order in which they came. */
struct walk {
  struct sl_headers *headers;
  const char *next; /* where a header must begin, or the empty line */
  const char *end;  /* of the head */
};

/* What is wrong with the bytes of a header and those before it, or NULL. */
static const char *find_header_fault(const struct walk *walk, const char *name, size_t name_length,
                                     const char *value) {
  if (name != walk->next || value == NULL || name_length == 0) {
    return "a line before a header, or its end, is malformed";
  }
  /* Between the two are the colon, now a NUL, and blanks. Compared as numbers, because a value that
   * breaks an equation may point anywhere. */
  uintptr_t name_end = (uintptr_t)name + name_length;
  uintptr_t begin = (uintptr_t)value;
  bool ok = name_end < begin && begin <= (uintptr_t)walk->end && name[name_length] == '\0' &&
            strspn(name + name_length + 1, " \t") >= begin - name_end - 1;
  return ok ? NULL : "the name of a header is malformed";
}

static enum MHD_Result read_header(void *closure, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length) {
  (void)kind;
  struct walk *walk = closure;
  struct sl_headers *headers = walk->headers;
  if (headers->fault == NULL && sl_head_bytes_matter()) {
    headers->fault = find_header_fault(walk, name, name_length, value);
    walk->next = headers->fault == NULL ? value + value_length + LINE_END : NULL;
  }
  headers->odd_value = headers->odd_value || (value != NULL && has_control(value, value_length));
  note_header(headers, name, value);
  return MHD_YES;
}

void sl_headers_read(struct sl_headers *headers, struct sl_head_marks *marks,
                     struct MHD_Connection *connection, const struct sl_request_line *line) {
  size_t size =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
  struct walk walk = {.headers = headers,
                      .next = line->version + strlen(line->version) + LINE_END,
                      .end = line->method + size};
  *headers = (struct sl_headers){.size = size, .fault = find_line_fault(marks, line)};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, read_header, &walk);
  if (headers->fault == NULL && sl_head_bytes_matter() && walk.next + LINE_END != walk.end) {
    headers->fault = "the last header, or the line after it, is malformed";
  }
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
  return value != NULL && strncasecmp(value, word, length) == 0 &&
         value[length + strspn(value + length, " \t")] == '\0';
}

enum sl_status sl_headers_check_framing(const struct sl_headers *headers, const char *version,
                                        struct sl_error *error) {
  bool http_1_1 = strcmp(version, MHD_HTTP_VERSION_1_0) != 0; /* or a later 1.x */
  const char *coding = headers->transfer_encoding;
  const char *fault = headers->fault != NULL ? headers->fault
                      : headers->odd_value   ? "the value of a header has a control character"
                                             : NULL;
  if (fault != NULL) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "headers: %s; expected lines that end in CRLF, without folding and without "
                   "control characters",
                   fault);
  }
  if (headers->odd_name) {
    return sl_fail(error, SL_BAD_REQUEST,
                   "headers: a name is empty or has a character that no name may have; send "
                   "letters, digits and '-'");
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
    return sl_fail(error, SL_BAD_REQUEST, "Host: missing; send it, HTTP/1.1 needs it");
  }
  return SL_OK;
}

/* The media type without parameters is `wanted`, in any case. */
static bool media_type_is(const char *value, const char *wanted) {
  value += strspn(value, " \t");
  size_t length = strcspn(value, "; \t");
  return length == strlen(wanted) && strncasecmp(value, wanted, length) == 0;
}

enum sl_coding sl_headers_coding(const struct sl_headers *headers) {
  const char *encoding = headers->content_encoding;
  return encoding == NULL || encoding[0] == '\0' || sl_header_is(encoding, "identity")
             ? SL_CODING_NONE
         : sl_header_is(encoding, "gzip") || sl_header_is(encoding, "x-gzip") ? SL_CODING_GZIP
         : sl_header_is(encoding, "deflate")                                  ? SL_CODING_DEFLATE
                                                                              : SL_CODING_UNKNOWN;
}

enum sl_status sl_headers_check_content(const struct sl_headers *headers, struct sl_error *error) {
  const char *type = headers->content_type;
  if (type != NULL && media_type_is(type, "application/x-www-form-urlencoded")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "Content-Type: the body says it is a form, expected JSON; "
                   "add -H 'Content-Type: application/json'");
  }
  if (type != NULL && type[0] != '\0' && !media_type_is(type, "application/json")) {
    return sl_fail(error, SL_UNSUPPORTED_MEDIA_TYPE,
                   "expected Content-Type application/json, got %.80s", type);
  }
  if (sl_headers_coding(headers) == SL_CODING_UNKNOWN) {
    return sl_fail(error, SL_UNSUPPORTED_ENCODING,
                   "Content-Encoding: expected one of " SL_ACCEPTED_CODINGS ", or none; got %.80s",
                   headers->content_encoding);
  }
  return SL_OK;
}

/* Which thread of which run of the daemon this is, at random, and how many requests it has named.
 */
static _Thread_local uint64_t thread_name;
static _Thread_local uint64_t named;

static uint64_t new_thread_name(void) {
  uint64_t name;
  if (getrandom(&name, sizeof name, 0) != sizeof name) {
    struct timespec now; /* no entropy: still different from other threads */
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
  static const char sane[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  size_t length = wish == NULL ? 0 : strspn(wish, sane);
  if (length >= 1 && length <= SL_REQUEST_ID_MAX && wish[length] == '\0') {
    memcpy(id, wish, length + 1);
    return;
  }
  if (thread_name == 0) {
    thread_name = new_thread_name();
  }
  char *end = write_hex(write_hex(id, thread_name), ++named);
  *end = '\0';
}

static bool is_hex(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

bool sl_traceparent_read(char traceparent[SL_TRACEPARENT_LENGTH + 1], const char *value) {
  static const char form[] = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
  enum { TRACE = 3, PARENT = 36 }; /* where they begin; neither may be zero */
  size_t length = 0;
  traceparent[0] = '\0';
  while (form[length] == '-' ? value[length] == '-'
                             : form[length] != '\0' && is_hex(value[length])) {
    length++;
  }
  if (length < SL_TRACEPARENT_LENGTH || strspn(value + TRACE, "0") >= 32 ||
      strspn(value + PARENT, "0") >= 16 || strncmp(value, "ff", 2) == 0) {
    return false;
  }
  bool may_go_on = strncmp(value, "00", 2) != 0;
  if (value[length] != '\0' && !(may_go_on && value[length] == '-')) {
    return false;
  }
  memcpy(traceparent, value, SL_TRACEPARENT_LENGTH);
  traceparent[SL_TRACEPARENT_LENGTH] = '\0';
  return true;
}
