#include "wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <cjson/cJSON.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

int wire_connect(const struct daemon *daemon) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)daemon->port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int yes = 1;
  int wire = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge(wire, 0);
  setsockopt(wire, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  int connected = connect(wire, (const struct sockaddr *)&address, sizeof address);
  ck_assert_msg(connected == 0, "connect: %s", strerror(errno));
  return wire;
}

bool wire_send(int wire, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(wire, bytes, length, MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes += sent;
    length -= (size_t)sent;
  }
  return true;
}

void wire_send_text(int wire, const char *text) {
  ck_assert_msg(wire_send(wire, text, strlen(text)), "send: %s", strerror(errno));
}

size_t wire_read(int wire, char *bytes, size_t room) {
  struct pollfd wanted = {.fd = wire, .events = POLLIN};
  ck_assert_msg(poll(&wanted, 1, DEADLINE_SECONDS * 1000) == 1, "no answer came");
  ssize_t got = recv(wire, bytes, room, 0);
  ck_assert_msg(got >= 0 || errno == ECONNRESET, "recv: %s", strerror(errno));
  return got > 0 ? (size_t)got : 0;
}

/* Byte by byte, so that nothing of what follows is taken. */
void wire_read_head(int wire, struct answer *answer) {
  *answer = (struct answer){0};
  size_t length = 0;
  while (strstr(answer->head, "\r\n\r\n") == NULL) {
    ck_assert_uint_lt(length + 1, sizeof answer->head);
    size_t got = wire_read(wire, answer->head + length, 1);
    ck_assert_msg(got == 1, "the connection ended in the head: \"%s\"", answer->head);
    length++;
  }
  ck_assert_int_eq(sscanf(answer->head, "HTTP/1.%*d %d", &answer->status), 1);
}

void wire_read_answer(int wire, struct answer *answer) {
  wire_read_head(wire, answer);
  char value[32];
  ck_assert(answer_header(answer, "Content-Length", value, sizeof value));
  size_t length = strtoul(value, NULL, 10);
  ck_assert_uint_lt(length, sizeof answer->body);
  while (answer->length < length) {
    size_t got = wire_read(wire, answer->body + answer->length, length - answer->length);
    ck_assert_msg(got > 0, "the answer ended after %zu of %zu bytes", answer->length, length);
    answer->length += got;
  }
}

int wire_begin_post(const struct daemon *daemon, const char *path, const char *headers,
                    size_t length) {
  char head[512];
  struct answer answer;
  int wire = wire_connect(daemon);
  snprintf(head, sizeof head,
           "POST %s HTTP/1.1\r\nHost: x\r\n%sExpect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
           path, headers, length);
  wire_send_text(wire, head);
  wire_read_head(wire, &answer);
  ck_assert_int_eq(answer.status, 100);
  return wire;
}

void wire_expect_end(int wire) {
  char more[256] = "";
  size_t got = wire_read(wire, more, sizeof more - 1);
  ck_assert_msg(got == 0, "expected the end of the connection, got: %s", more);
}

bool answer_header(const struct answer *answer, const char *name, char *value, size_t room) {
  size_t length = strlen(name);
  const char *line = strstr(answer->head, "\r\n");
  for (; line != NULL; line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
      line += length + 1;
      line += strspn(line, " ");
      snprintf(value, room, "%.*s", (int)strcspn(line, "\r"), line);
      return true;
    }
  }
  return false;
}

void answer_expect_problem(const struct answer *answer, int status, const char *code) {
  char type[64];
  ck_assert_msg(answer->status == status, "status %d, expected %d: %s", answer->status, status,
                answer->body);
  ck_assert(answer_header(answer, "Content-Type", type, sizeof type));
  ck_assert_str_eq(type, "application/problem+json");
  cJSON *problem = cJSON_ParseWithLength(answer->body, answer->length);
  ck_assert_ptr_nonnull(problem);
  const char *given = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(problem, "code"));
  ck_assert_pstr_eq(given, code);
  cJSON_Delete(problem);
}

void wire_expect_busy(int wire, const char *words) {
  struct answer answer;
  char retry[16];
  wire_read_answer(wire, &answer);
  answer_expect_problem(&answer, 503, "busy");
  ck_assert(answer_header(&answer, "Retry-After", retry, sizeof retry));
  ck_assert_str_eq(retry, "1");
  ck_assert_msg(strstr(answer.body, words) != NULL, "\"%s\" lacks \"%s\"", answer.body, words);
}
