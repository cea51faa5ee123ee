/*
 * Requests that two servers in a row could read differently. Each is refused, and what stands
 * behind it is never taken for another request.
 */
#include "suite.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_LINE "POST /v1/losses/firing_rate_target_mse_loss HTTP/1.1\r\n"
#define LIVEZ_LINE   "GET /livez HTTP/1.1\r\n"
#define TYPE         "Content-Type: application/json\r\n"
#define SMUGGLED     "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

static struct daemon daemon_process;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

/* All that the daemon says until it closes the connection. */
static void exchange(const char *request, char *said, size_t room) {
  size_t length = 0;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, request);
  for (size_t got = 1; got > 0; length += got) {
    ck_assert_uint_lt(length + 1, room);
    got = wire_read(wire, said + length, room - 1 - length);
  }
  said[length] = '\0';
  close(wire);
}

/* A 400 answer, the end of the connection, and no answer to what was smuggled. */
static void expect_refusal(const char *request) {
  char said[8192];
  exchange(request, said, sizeof said);
  ck_assert_msg(strncmp(said, "HTTP/1.1 400 ", 13) == 0, "%s\nwas answered:\n%s", request, said);
  const char *second = strstr(said, "HTTP/1.1 200 ");
  ck_assert_msg(second == NULL, "%s\nwas taken for two requests:\n%s", request, said);
}

static void expect_refusals(const char *const *requests, size_t count) {
  START(&daemon_process);
  for (size_t i = 0; i < count; i++) {
    expect_refusal(requests[i]);
  }
  daemon_stop(&daemon_process);
}

#define EXPECT_REFUSALS(requests) expect_refusals(requests, sizeof requests / sizeof *requests)

START_TEST(content_length_and_transfer_encoding_exclude_each_other) {
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "0\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
                   "0\r\n\r\n" SMUGGLED,
      "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n" SMUGGLED,
      "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
      "0\r\n\r\n" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(there_is_at_most_one_content_length) {
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} " SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2\r\ncontent-length: 0\r\n\r\n{}" SMUGGLED,
      LIVEZ_LINE "Host: x\r\nContent-Length: 0\r\nContent-Length: 32\r\n\r\n" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(content_length_is_a_plain_number) {
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: -1\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: +2\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 0x2\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2, 2\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: two\r\n\r\n{}" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(http_1_1_needs_exactly_one_host) {
  static const char *const requests[] = {
      "GET /livez HTTP/1.1\r\n\r\n" SMUGGLED,
      REQUEST_LINE TYPE "Content-Length: 2\r\n\r\n{}" SMUGGLED,
      "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\nHost: x\r\n" TYPE "Content-Length: 2\r\n\r\n{}" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(chunked_is_the_only_transfer_encoding) {
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"
                   "\r\n0\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED,
      "POST /v1/losses/firing_rate_target_mse_loss HTTP/1.0\r\n" TYPE
      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(header_names_have_no_odd_characters) {
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length : 2\r\n\r\n{}" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE
                   "Content-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n{}" SMUGGLED,
      LIVEZ_LINE "Host: x\r\nX(y): z\r\n\r\n" SMUGGLED,
  };
  EXPECT_REFUSALS(requests);
}
END_TEST

START_TEST(an_ambiguous_request_gets_a_problem_document) {
  START(&daemon_process);
  static const char *const requests[] = {
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
      REQUEST_LINE "Host: x\r\n" TYPE "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
  };
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    struct answer answer;
    char connection[16];
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, requests[i]);
    wire_read_answer(wire, &answer);
    answer_expect_problem(&answer, 400, "bad_request");
    ck_assert(answer_header(&answer, "Connection", connection, sizeof connection));
    ck_assert_str_eq(connection, "close");
    wire_expect_end(wire);
    close(wire);
  }
  daemon_stop(&daemon_process);
}
END_TEST

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
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n\r\n" REQUEST_LINE
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

START_TEST(what_is_not_http_is_turned_away) {
  static const char *const requests[] = {
      "GET /livez HTTP/1.1\r\nHost\r\n\r\n" SMUGGLED,
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
      REQUEST_LINE "Host: x\r\n" TYPE "Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
  };
  START(&daemon_process);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    char said[8192];
    exchange(requests[i], said, sizeof said);
    ck_assert_msg(strstr(said, " 200 ") == NULL, "%s\nwas answered:\n%s", requests[i], said);
  }
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("framing", tidy, content_length_and_transfer_encoding_exclude_each_other,
                   there_is_at_most_one_content_length, content_length_is_a_plain_number,
                   http_1_1_needs_exactly_one_host, chunked_is_the_only_transfer_encoding,
                   header_names_have_no_odd_characters,
                   an_ambiguous_request_gets_a_problem_document, http_1_0_needs_no_host_and_closes,
                   a_target_may_be_a_whole_url, requests_may_follow_each_other_without_waiting,
                   what_is_not_http_is_turned_away);
}
