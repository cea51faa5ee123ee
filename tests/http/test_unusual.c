/*
 * Requests that are unusual and right, over plain TCP and over TLS: they are answered like any
 * other, and keep their connection.
 */
#include "client.h"
#include "scratch.h"
#include "secure_wire.h"
#include "suite.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMUGGLED "GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n"

static struct daemon daemon_process;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void begin(bool encrypted) {
  daemon_start_for_lines(&daemon_process, &scratch, encrypted);
}

static void end(void) {
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

START_TEST(http_1_0_needs_no_host_and_closes) {
  START(&daemon_process);
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /livez HTTP/1.0\r\n\r\n");
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  ck_assert_str_eq(answer.body, "ok\n");
  wire_expect_end(wire);
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_target_may_be_a_whole_url) {
  static const char *const targets[] = {"http://x/livez",  "HTTP://x:80/livez",
                                        "https://x/livez", "HttpS://x:443/livez",
                                        "http://x",        "https://x"};
  START(&daemon_process);
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    struct answer answer;
    char request[128];
    int wire = wire_connect(&daemon_process);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", targets[i]);
    wire_send_text(wire, request);
    wire_read_answer(wire, &answer);
    ck_assert_msg(answer.status == 200, "%s: %d", targets[i], answer.status);
    close(wire);
  }
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(requests_may_follow_each_other_without_waiting) {
  START(&daemon_process);
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n\r\n" POST
                       "Host: x\r\nX-Request-Id: two\r\n" TYPE "Content-Length: 2\r\n\r\n{}"
                       "GET /readyz HTTP/1.1\r\nHost: x\r\nX-Request-Id: three\r\n\r\n");
  static const char *const ids[] = {"one", "two", "three"};
  static const int statuses[] = {200, 400, 200};
  for (size_t i = 0; i < 3; i++) {
    struct answer answer;
    char id[80];
    wire_read_answer(wire, &answer);
    ck_assert_int_eq(answer.status, statuses[i]);
    ck_assert(answer_header(&answer, "X-Request-Id", id, sizeof id));
    ck_assert_str_eq(id, ids[i]);
  }
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

/* A body that is answered with 200, announced by its length. */
#define GOOD_LENGTH "Content-Length: 82\r\n\r\n" GOOD

/* Each is answered, and so is what comes after it. */
static const struct bytes unusual[] = {
    BYTES(GET HOST "X: a\tb\r\n\r\n"),
    BYTES(GET HOST "X:\ta\r\n\r\n"),
    BYTES(GET HOST "X:a\r\n\r\n"),
    BYTES(GET HOST "X:   a b   \r\n\r\n"),
    BYTES(GET HOST "X: a:b::c\r\n\r\n"),
    BYTES(GET HOST "X:\r\n\r\n"),
    BYTES(GET HOST "X: \r\n\r\n"),
    BYTES(GET HOST "X: \t \r\nY:\r\n\r\n"),
    BYTES(GET HOST "X: \x80\xff \xc3\xa9\r\n\r\n"),
    BYTES(GET HOST "x!#$%&'*+-.^_`|~9: a\r\n\r\n"),
    BYTES(GET HOST "X: a\r\nX: a\r\nX: b\r\n\r\n"),
    BYTES(GET "HOST: x\r\n\r\n"),
    BYTES(GET "Host: x \t\r\n\r\n"),
    BYTES(GET "Host: x:80\r\n\r\n"),
    BYTES(GET HOST "Cookie: a=b; c=\"d\"\r\n\r\n"),
    BYTES(GET HOST "Cookie: a=b\r\nCookie: c=d;;=\r\nX: y\r\n\r\n"),
    BYTES(GET HOST "Accept: a\r\nAccept: b\r\nUser-Agent: \r\n\r\n"),
    BYTES(GET HOST "Content-Length: 0\r\n\r\n"),
    BYTES(GET HOST "Content-Length: 3\r\n\r\nabc"),
    BYTES("\r\n" GET HOST "\r\n"),
    BYTES("GET /livez? HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET /livez?a=b&c&=d&&%00+%41 HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET http://x/livez?a=b HTTP/1.1\r\n" HOST "\r\n"),
    BYTES("GET /livez HTTP/1.2\r\n" HOST "\r\n"),
    BYTES(POST HOST TYPE GOOD_LENGTH),
    BYTES(POST "X: \xe4\r\n" HOST "Y:\t\r\n" TYPE GOOD_LENGTH),
    BYTES(POST HOST "Content-Type: application/json \r\n" GOOD_LENGTH),
    BYTES(POST HOST "Content-Encoding: identity \r\n" GOOD_LENGTH),
};

static void expect_status(struct line *line, int status, const char *request) {
  char head[4096];
  size_t length = 0;
  do {
    ck_assert_uint_lt(length + 1, sizeof head);
    ck_assert_msg(line_read(line, head + length, 1) == 1, "%s\nwas not answered", request);
    head[++length] = '\0';
  } while (length < 4 || strcmp(head + length - 4, "\r\n\r\n") != 0);
  ck_assert_msg(atoi(head + strlen("HTTP/1.1 ")) == status, "%s\nwas answered:\n%s", request, head);
  const char *announced = strstr(head, "Content-Length: ");
  ck_assert_ptr_nonnull(announced);
  char byte;
  for (long left = atol(announced + strlen("Content-Length: ")); left > 0; left--) {
    ck_assert_uint_eq(line_read(line, &byte, 1), 1);
  }
}

START_TEST(unusual_requests_are_answered_and_keep_their_connection) {
  for (int encrypted = 0; encrypted < 2; encrypted++) {
    struct line line;
    begin(encrypted);
    line_open(&line, &daemon_process, encrypted);
    for (size_t i = 0; i < sizeof unusual / sizeof *unusual; i++) {
      line_send(&line, unusual[i].bytes, unusual[i].length);
      expect_status(&line, 200, unusual[i].bytes);
    }
    line_close(&line);
    end();
  }
}
END_TEST

START_TEST(a_head_may_come_in_two_packets_that_are_cut_anywhere) {
  static const char request[] = GET "X: a\tb\r\nY:\r\n" HOST "Z: c \r\n\r\n";
  for (int encrypted = 0; encrypted < 2; encrypted++) {
    struct line line;
    begin(encrypted);
    line_open(&line, &daemon_process, encrypted);
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
      line_send(&line, request, cut);
      line_send(&line, request + cut, sizeof request - 1 - cut);
      expect_status(&line, 200, request + cut);
    }
    for (size_t i = 0; i < sizeof request - 1; i++) {
      line_send(&line, request + i, 1);
    }
    expect_status(&line, 200, request);
    line_close(&line);
    end();
  }
}
END_TEST

START_TEST(a_request_may_have_many_headers) {
  enum { COUNT = 300 };
  char request[COUNT * 32];
  int length = sprintf(request, GET HOST);
  for (int i = 0; i < COUNT; i++) {
    length += sprintf(request + length, "X-%d: %.*s\r\n", i, i % 9, "abcdefgh");
  }
  length += sprintf(request + length, "\r\n");
  begin(false);
  struct line line;
  line_open(&line, &daemon_process, false);
  for (int i = 0; i < 3; i++) {
    line_send(&line, request, (size_t)length);
    expect_status(&line, 200, request);
  }
  line_close(&line);
  end();
}
END_TEST

START_TEST(a_chunked_upload_ends_its_connection_or_what_follows_is_answered) {
  static const char request[] = CHUNKED GOOD_CHUNK LAST_CHUNK "\r\n" SMUGGLED;
  struct answer answer;
  char connection[16] = "";
  begin(false);
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, request);
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  if (answer_header(&answer, "Connection", connection, sizeof connection)) {
    ck_assert_str_eq(connection, "close");
    wire_expect_end(wire);
  } else { /* libmicrohttpd 1.0 checks trailers */
    wire_read_answer(wire, &answer);
    ck_assert_int_eq(answer.status, 200);
  }
  close(wire);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("unusual", tidy, http_1_0_needs_no_host_and_closes, a_target_may_be_a_whole_url,
                   requests_may_follow_each_other_without_waiting,
                   unusual_requests_are_answered_and_keep_their_connection,
                   a_head_may_come_in_two_packets_that_are_cut_anywhere,
                   a_request_may_have_many_headers,
                   a_chunked_upload_ends_its_connection_or_what_follows_is_answered);
}
