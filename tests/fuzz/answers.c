#include "answers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what, const char *text) {
  if (!ok) {
    fprintf(stderr, "%s: \"%s\"\n", what, text);
    abort();
  }
}

void answers_add(struct answers *answers, const char *bytes, size_t length) {
  must(sl_buffer_append(&answers->text, bytes, length), "no memory", "");
}

void answers_free(struct answers *answers) {
  sl_buffer_free(&answers->text);
}

/* After the colon and blank of a header of one head, or NULL. */
static const char *find_header(const char *head, const char *end, const char *name) {
  char line[64];
  int length = snprintf(line, sizeof line, "\r\n%s: ", name);
  const char *found = memmem(head, (size_t)(end - head), line, (size_t)length);
  return found == NULL ? NULL : found + length;
}

static bool header_is(const char *head, const char *end, const char *name, const char *value) {
  const char *found = find_header(head, end, name);
  return found != NULL && strncmp(found, value, strlen(value)) == 0;
}

/* Nothing but these: any other kind of answer is a mistake. */
static bool is_planned(int status) {
  static const int planned[] = {100, 200, 400, 401, 403, 404, 405,
                                413, 414, 415, 422, 431, 503, 505};
  for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) {
    if (planned[i] == status) {
      return true;
    }
  }
  return false;
}

static void check_document(const char *body, size_t length, int status, bool problem,
                           const char *text) {
  cJSON *document = cJSON_ParseWithLength(body, length);
  must(document != NULL, "a document is not JSON", text);
  const cJSON *said = cJSON_GetObjectItemCaseSensitive(document, "status");
  must(!problem || (cJSON_IsNumber(said) && said->valueint == status), "another status", text);
  cJSON_Delete(document);
}

/*
 * What libmicrohttpd says by itself ends the connection. Its length is not to be relied on: of a
 * Content-Length beyond 64 bits it says the head twice.
 */
static size_t check_bare(const char *text, const char *end, int status, size_t left) {
  must(status >= 400, "a good answer without X-Request-Id", text);
  must(header_is(text, end, "Connection", "close\r\n"), "a bare answer that is not the last", text);
  return left;
}

/* The length of the answer at `text`, which ends with a NUL. */
static size_t check_answer(const char *text, size_t left) {
  int status = 0;
  must(sscanf(text, "HTTP/1.%*1[01] %3d ", &status) == 1, "not an answer", text);
  must(is_planned(status), "an answer that was not planned", text);
  const char *end = memmem(text, left, "\r\n\r\n", 4);
  must(end != NULL, "a head without an end", text);
  size_t head = (size_t)(end - text) + 4;
  if (status == 100) {
    return head;
  }
  if (find_header(text, end, "X-Request-Id") == NULL) {
    return check_bare(text, end, status, left);
  }
  const char *announced = find_header(text, end, "Content-Length");
  must(announced != NULL, "no Content-Length", text);
  size_t length = strtoul(announced, NULL, 10);
  must(length <= left - head, "an answer was cut", text);
  bool problem = header_is(text, end, "Content-Type", "application/problem+json\r\n");
  if (problem || header_is(text, end, "Content-Type", "application/json\r\n")) {
    check_document(text + head, length, status, problem, text);
  }
  return head + length;
}

void answers_check(const struct answers *answers, const char *said, size_t length) {
  const struct sl_buffer *text = &answers->text;
  struct sl_buffer copy = {0};
  must(sl_buffer_append(&copy, text->bytes, text->length) && sl_buffer_append(&copy, "", 1),
       "no memory", "");
  bool measured = memmem(said, length, "HEAD", 4) == NULL;
  for (size_t at = 0; at < text->length;) {
    size_t taken = measured ? check_answer(copy.bytes + at, text->length - at) : text->length;
    must(measured || strncmp(copy.bytes, "HTTP/1.", 7) == 0, "not an answer", copy.bytes);
    at += taken;
  }
  sl_buffer_free(&copy);
}
