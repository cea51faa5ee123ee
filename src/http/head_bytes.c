#include "http/head_bytes.h"

#include "core/codes.h"
#include "http/headers.h"
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* After a line: CR and LF. */
enum { LINE_END = 2 };

/* The smallest page that there is. */
enum { PAGE = 4096 };

bool sl_head_bytes_matter(void) {
  return MHD_get_version()[0] == '0';
}

/* A visible character, or a byte of one that is not ASCII. */
static bool is_visible(char byte) {
  unsigned char code = (unsigned char)byte;
  return code > ' ' && code != 0x7f;
}

/* Where the memory of a connection begins, and so the first of its heads: libmicrohttpd maps pages
 * for more than this, and calls malloc for less. */
static size_t alignment_of(size_t buffer_memory) {
  enum { LARGEST_FROM_MALLOC = 32 * 1024 };
  return buffer_memory > LARGEST_FROM_MALLOC ? PAGE : _Alignof(max_align_t);
}

/* The end of a page of memory, all of which may be read if any of it may. */
static const char *end_of_page(const char *byte) {
  return byte + (PAGE - (uintptr_t)byte % PAGE);
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

void sl_head_note_target(struct sl_head_marks *marks, const char *target, size_t buffer_memory) {
  marks->target_end = NULL;
  marks->bare_line_feed = false;
  if (target == NULL) {
    return;
  }
  const char *end = target;
  while (is_visible(*end)) {
    end++;
  }
  if (*end != '\0') {
    return;
  }
  marks->target_end = end;
  const char *line_end = end + 1 + strlen(end + 1);
  if (sl_head_bytes_matter() && alignment_of(buffer_memory) == PAGE) {
    marks->bare_line_feed = has_bare_line_feed(line_end + LINE_END, end_of_page(target));
  }
}

/* Before a request line may be nothing, or one empty line (RFC 9112, 2.2). */
static bool begins_at_start(struct sl_head_marks *marks, const char *method, size_t buffer_memory) {
  if (marks->start == NULL || method < marks->start) {
    marks->start = method - (uintptr_t)method % alignment_of(buffer_memory);
  }
  size_t skipped = (size_t)(method - marks->start);
  return skipped == 0 || (skipped == LINE_END && method[-1] == '\0' && method[-2] == '\0');
}

static bool is_request_line(const struct sl_head_marks *marks, const char *method,
                            const char *target, const char *version) {
  return method + strlen(method) + 1 == target && marks->target_end + 1 == version;
}

/* A walk over the headers, in the order in which they came. */
struct walk {
  const char *next; /* where a header must begin, or the empty line */
  const char *end;  /* of the head */
  const char *fault;
};

static bool is_control(char byte) {
  unsigned char code = (unsigned char)byte;
  return (code < ' ' && code != '\t') || code == 0x7f;
}

/* Without a way out of the loop, so that many bytes are looked at in one step. */
static bool has_control(const char *text, size_t length) {
  bool found = false;
  for (size_t i = 0; i < length; i++) {
    found |= is_control(text[i]);
  }
  return found;
}

/* From the end of a name to its value: the colon, now a NUL, and blanks. */
static bool is_separator(const char *bytes, size_t length) {
  if (length == 0 || bytes[0] != '\0') {
    return false;
  }
  for (size_t i = 1; i < length; i++) {
    if (bytes[i] != ' ' && bytes[i] != '\t') {
      return false;
    }
  }
  return true;
}

/* The pointers are compared as numbers, because one that breaks an equation may point anywhere. */
static bool is_between(const char *first, const char *inner, const char *last) {
  return (uintptr_t)first <= (uintptr_t)inner && (uintptr_t)inner <= (uintptr_t)last;
}

static enum MHD_Result step_header(void *closure, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length) {
  (void)kind;
  struct walk *walk = closure;
  if (name != walk->next || value == NULL || name_length == 0) {
    walk->fault = "a line before a header, or its end, is malformed";
    return MHD_NO;
  }
  const char *name_end = name + name_length;
  if (!is_between(name_end, value, walk->end) ||
      !is_separator(name_end, (size_t)(value - name_end))) {
    walk->fault = "the name of a header is malformed";
    return MHD_NO;
  }
  walk->next = value + value_length + LINE_END;
  return MHD_YES;
}

/* The equations of the picture in head_bytes.h. */
static const char *find_gap(struct sl_head_marks *marks, struct MHD_Connection *connection,
                            const char *method, const char *target, const char *version,
                            size_t buffer_memory) {
  if (!begins_at_start(marks, method, buffer_memory)) {
    return "there are bytes before the request line";
  }
  if (!is_request_line(marks, method, target, version)) {
    return "the request line is malformed";
  }
  if (marks->bare_line_feed) {
    return "a line ends in a bare LF";
  }
  size_t length =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
  struct walk walk = {.next = version + strlen(version) + LINE_END, .end = method + length};
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, step_header, &walk);
  if (walk.fault == NULL && walk.next + LINE_END != walk.end) {
    walk.fault = "the last header, or the line after it, is malformed";
  }
  return walk.fault;
}

static enum MHD_Result check_characters(void *closure, enum MHD_ValueKind kind, const char *name,
                                        size_t name_length, const char *value,
                                        size_t value_length) {
  (void)kind;
  (void)name;
  (void)name_length;
  bool *odd_value = closure;
  *odd_value = value != NULL && has_control(value, value_length);
  return *odd_value ? MHD_NO : MHD_YES;
}

static const char *find_fault(struct sl_head_marks *marks, struct MHD_Connection *connection,
                              const char *method, const char *target, const char *version,
                              size_t buffer_memory) {
  if (!sl_is_http_token(method) || marks->target_end == NULL) {
    return "the request line is malformed";
  }
  const char *gap = sl_head_bytes_matter()
                        ? find_gap(marks, connection, method, target, version, buffer_memory)
                        : NULL;
  if (gap != NULL) {
    return gap;
  }
  bool odd_value = false;
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, check_characters, &odd_value);
  return odd_value ? "the value of a header has a control character" : NULL;
}

enum sl_status sl_head_check(struct sl_head_marks *marks, struct MHD_Connection *connection,
                             const char *method, const char *target, const char *version,
                             size_t buffer_memory, struct sl_error *error) {
  const char *fault = find_fault(marks, connection, method, target, version, buffer_memory);
  return fault == NULL ? SL_OK
                       : sl_fail(error, SL_BAD_REQUEST,
                                 "headers: %s; expected lines that end in CRLF, without folding "
                                 "and without control characters",
                                 fault);
}
