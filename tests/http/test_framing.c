/*
 * Requests that two servers in a row could read differently, over plain TCP and over TLS. Each is
 * refused and ends its connection: what comes after it is never taken for another request.
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

/* libmicrohttpd before 1.0 leaves most of this to the daemon; later it answers by itself. */
static bool daemon_answers;

static void begin(bool encrypted) {
  struct client client;
  daemon_start_for_lines(&daemon_process, &scratch, encrypted);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_ask(&client, &(struct question){.path = "/metrics", .unix_socket = true}),
                   200);
  daemon_answers = strstr(client.body, "libmicrohttpd=\"0.") != NULL;
  client_close(&client);
}

static void end(void) {
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

/* All that the daemon says until it closes the connection; NULs become dots. */
static void exchange(struct bytes request, bool encrypted, char *said, size_t room) {
  size_t length = 0;
  struct line line;
  line_open(&line, &daemon_process, encrypted);
  line_send(&line, request.bytes, request.length);
  for (size_t got = 1; got > 0; length += got) {
    ck_assert_uint_lt(length + 1, room);
    got = line_read(&line, said + length, room - 1 - length);
  }
  said[length] = '\0';
  line_close(&line);
}

/* What is expected of an answer, whose connection has ended. */
typedef void check_function(const char *request, const char *said);

static void expect_on_both(const struct bytes *requests, size_t count, check_function *check) {
  for (int encrypted = 0; encrypted < 2; encrypted++) {
    begin(encrypted);
    for (size_t i = 0; i < count; i++) {
      char request[512];
      char said[8192];
      snprintf(request, sizeof request, "request %zu%s: %s", i, encrypted ? " over TLS" : "",
               requests[i].bytes);
      exchange(requests[i], encrypted, said, sizeof said);
      check(request, said);
    }
    end();
  }
}

#define EXPECT(requests, check) expect_on_both(requests, sizeof requests / sizeof *requests, check)

static size_t count_of(const char *text, const char *words) {
  size_t count = 0;
  for (; (text = strstr(text, words)) != NULL; text++) {
    count++;
  }
  return count;
}

static void not_smuggled(const char *request, const char *said) {
  ck_assert_msg(strstr(said, "smuggled") == NULL, "%s\nhid a request that was answered:\n%s",
                request, said);
}

/* 400, once; a problem document if it is from the daemon itself. */
static void refused(const char *request, const char *said) {
  not_smuggled(request, said);
  bool is_problem = strstr(said, "application/problem+json") != NULL &&
                    strstr(said, "\"code\":\"bad_request\"") != NULL;
  ck_assert_msg(strncmp(said, "HTTP/1.1 400 ", 13) == 0, "%s\nwas answered:\n%s", request, said);
  ck_assert_msg(count_of(said, "HTTP/1.1 4") == 1, "%s\nwas answered:\n%s", request, said);
  ck_assert_msg(strstr(said, "Connection: close") != NULL && (is_problem || !daemon_answers),
                "%s\nwas answered:\n%s", request, said);
}

/* Some 4xx or 5xx, or nothing: libmicrohttpd answers these by itself, and not all of them. */
static void turned_away(const char *request, const char *said) {
  not_smuggled(request, said);
  bool is_error = strncmp(said, "HTTP/1.1 4", 10) == 0 || strncmp(said, "HTTP/1.1 5", 10) == 0;
  ck_assert_msg(said[0] == '\0' || is_error, "%s\nwas answered:\n%s", request, said);
  ck_assert_msg(strstr(said, "HTTP/1.1 2") == NULL, "%s\nwas answered:\n%s", request, said);
}

START_TEST(content_length_and_transfer_encoding_exclude_each_other) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES("PUT / HTTP/1.1\r\n" HOST
            "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(there_is_at_most_one_content_length) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} " SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\r\ncontent-length: 0\r\n\r\n{}" SMUGGLED),
      BYTES(GET HOST "Content-Length: 0\r\nContent-Length: 32\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(content_length_is_a_plain_number) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE "Content-Length: -1\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: +2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 0x2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2, 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: two\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2.0\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length:\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 18446744073709551618\r\n\r\n{}" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(http_1_1_needs_exactly_one_host) {
  static const struct bytes requests[] = {
      BYTES(GET "Host: x\r\nHost: y\r\n\r\n" SMUGGLED),
      BYTES(POST HOST HOST TYPE "Content-Length: 2\r\n\r\n{}" SMUGGLED),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(http_1_1_needs_a_host) {
  static const struct bytes requests[] = {
      BYTES(GET "\r\n" SMUGGLED),
      BYTES(POST TYPE "Content-Length: 2\r\n\r\n{}" SMUGGLED),
      BYTES("GET /livez HTTP/1.2\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(chunked_is_the_only_transfer_encoding) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: identity\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding:\r\n\r\n" SMUGGLED),
      BYTES("POST " FIRING_RATE " HTTP/1.0\r\n" TYPE
            "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(headers_that_decide_come_once) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE TYPE "Content-Length: 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "content-type: text/plain\r\nContent-Length: 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST "Content-Encoding: gzip\r\nContent-Encoding: identity\r\nContent-Length: "
                      "2\r\n\r\n{}" SMUGGLED),
      BYTES(GET HOST "Origin: http://x\r\nOrigin: http://y\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(header_names_have_no_odd_characters) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE "Content-Length : 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length\t: 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n{}" SMUGGLED),
      BYTES(GET HOST "X(y): z\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X y: z\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\x0bX: z\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X\xe4: z\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(a_name_is_not_empty) {
  static const struct bytes requests[] = {
      BYTES(GET HOST ": x\r\n\r\n" SMUGGLED),
      BYTES(GET HOST ":\r\n\r\n" SMUGGLED),
      BYTES(GET ": x\r\n" HOST "\r\n" SMUGGLED),
      BYTES(GET HOST ": x\r\n" SMUGGLED),
      BYTES(GET HOST ":\r\n" SMUGGLED),
      BYTES(POST HOST TYPE ":\r\nContent-Length: 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE ": x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(lines_are_not_folded) {
  static const struct bytes requests[] = {
      BYTES(GET HOST "X: a\r\n b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\r\n\tb\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\r\n \r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\r\n b\r\n c\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\r\n Y: b\r\n\r\n" SMUGGLED),
      BYTES(GET " X: a\r\n" HOST "\r\n" SMUGGLED),
      BYTES(GET HOST "\tX: a\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 78\r\n \r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length:\r\n 2\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: chunked\r\n x\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(a_nul_cuts_nothing) {
  static const struct bytes requests[] = {
      BYTES("GET /livez\0x HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez\0 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez?a\0b HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GE\0T /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET\0 /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.1\0\r\n" HOST "\r\n" SMUGGLED),
      BYTES(GET "Host: x\0\r\n\r\n" SMUGGLED),
      BYTES(GET "Host: x\0y\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\0b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X:\0\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X:\0 a\r\nY: b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X\0: a\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X\0Y: a\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\0X: a\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\0\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "Authorization: Bearer T\0zz\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\0\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\0"
                           "9\r\n\r\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: chunked\0\r\n\r\n0\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "Transfer-Encoding: chunked\0x\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(lines_end_in_cr_and_lf) {
  static const struct bytes requests[] = {
      BYTES("GET /livez HTTP/1.1\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.1\nHost: x\n\n" SMUGGLED),
      BYTES(GET "Host: x\n\r\n" SMUGGLED),
      BYTES(GET "Host: x\nX: y\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\n" SMUGGLED),
      BYTES(GET "Host: x\n\n" SMUGGLED),
      BYTES(GET HOST "X: a\n b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\rY: b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\r\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X\r: a\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\r\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "\rX: a\r\n\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.1\r" HOST "\r\n" SMUGGLED),
      BYTES("GET /liv\rez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\0\n\r\n" SMUGGLED),
      BYTES(GET HOST ":\n" SMUGGLED),
      BYTES(GET HOST "\0\n" SMUGGLED),
      BYTES(GET "Host: x\n: \n" SMUGGLED),
      BYTES(POST HOST TYPE "Content-Length: 2\n\n{}" SMUGGLED),
      BYTES(POST HOST TYPE "X: y\rContent-Length: 2\r\n\r\n{}" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(values_have_no_control_characters) {
  static const struct bytes requests[] = {
      BYTES(GET HOST "X: a\001b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\177b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X:\va\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\033[2J\r\n\r\n" SMUGGLED),
      BYTES(POST HOST TYPE "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(a_request_line_has_two_spaces) {
  static const struct bytes requests[] = {
      BYTES("GET  /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez  HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.1 \r\n" HOST "\r\n" SMUGGLED),
      BYTES(" GET /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET\t/livez\tHTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez\tHTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez x HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez?a b HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.1 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET\r\n" HOST "\r\n" SMUGGLED),
      BYTES("G(T /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("\rGET /livez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /li\177vez HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez?\001 HTTP/1.1\r\n" HOST "\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(versions_are_1_and_something) {
  static const struct bytes requests[] = {
      BYTES("GET /livez http/1.1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/0.9\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/2.0\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1.10\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1\r\n" HOST "\r\n" SMUGGLED),
      BYTES("GET /livez HTTP/1,1\r\n" HOST "\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(before_a_request_line_is_at_most_an_empty_line) {
  static const struct bytes requests[] = {
      BYTES("\n" GET HOST "\r\n" SMUGGLED),
      BYTES("\r\n\r\n" GET HOST "\r\n" SMUGGLED),
      BYTES("\n\r\n" GET HOST "\r\n" SMUGGLED),
      BYTES("\0\r\n" GET HOST "\r\n" SMUGGLED),
      BYTES("\0junk\r\n" GET HOST "\r\n" SMUGGLED),
      BYTES("\0junk of 16 bytes\r\n" GET HOST "\r\n" SMUGGLED),
      BYTES(" \r\n" GET HOST "\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(chunks_are_framed_strictly) {
  static const struct bytes requests[] = {
      BYTES(CHUNKED "zz\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "2\r\n{}xx0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "2\r\n{}x\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED " 2\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "2 \r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "+2\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "-2\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "0x2\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "2\0\r\n{}\r\n0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n" SMUGGLED),
  };
  EXPECT(requests, turned_away);
}
END_TEST

START_TEST(after_odd_chunks_and_trailers_is_no_request) {
  static const struct bytes requests[] = {
      BYTES(CHUNKED "52\n" GOOD "\n0\n\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK ": x\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK ":\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "X: y\r\n: z\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "X: y\r\n z\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK " x\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "\0junk\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "\0\0junk\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "X: y\0\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "X: y\r\n\0Z: a\r\n\r\n" SMUGGLED),
      BYTES(CHUNKED GOOD_CHUNK LAST_CHUNK "X\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "Transfer-Encoding: chunked\r\n\r\n" LAST_CHUNK ": x\r\n" SMUGGLED),
  };
  EXPECT(requests, not_smuggled);
}
END_TEST

START_TEST(an_ambiguous_request_gets_a_problem_document) {
  static const struct bytes requests[] = {
      BYTES(POST HOST TYPE "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"),
      BYTES(POST HOST TYPE "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"),
      BYTES(GET HOST "Host: y\r\n\r\n"),
      BYTES(GET HOST ": x\r\n\r\n"),
      BYTES(GET HOST "X: a\r\n b\r\n\r\n"),
      BYTES(GET HOST "X: a\0b\r\n\r\n"),
      BYTES(GET "Host: x\nX: y\r\n\r\n"),
      BYTES(GET HOST "X: a\rY: b\r\n\r\n"),
      BYTES(GET HOST "X: a\001b\r\n\r\n"),
      BYTES(POST HOST TYPE "Content-Length: 99\r\n x\r\n\r\n"),
      BYTES("GET /livez  HTTP/1.1\r\nHost: x\r\n\r\n"),
  };
  EXPECT(requests, refused);
}
END_TEST

START_TEST(a_bad_head_is_refused_wherever_its_packets_are_cut) {
  static const struct bytes requests[] = {
      BYTES(GET HOST ": x\r\n\r\n" SMUGGLED),        BYTES(GET HOST "X: a\r\n b\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\0b\r\n\r\n" SMUGGLED),    BYTES(GET "Host: x\nX: y\r\n\r\n" SMUGGLED),
      BYTES(GET HOST "X: a\rY: b\r\n\r\n" SMUGGLED),
  };
  begin(false);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    for (size_t cut = 1; cut < requests[i].length; cut++) {
      char said[8192];
      size_t length = 0;
      struct line line;
      line_open(&line, &daemon_process, false);
      line_send(&line, requests[i].bytes, cut);
      line_send(&line, requests[i].bytes + cut, requests[i].length - cut);
      for (size_t got = 1; got > 0; length += got) {
        got = line_read(&line, said + length, sizeof said - 1 - length);
      }
      said[length] = '\0';
      line_close(&line);
      turned_away(requests[i].bytes + cut, said);
    }
  }
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("framing", tidy, content_length_and_transfer_encoding_exclude_each_other,
                   there_is_at_most_one_content_length, content_length_is_a_plain_number,
                   http_1_1_needs_exactly_one_host, http_1_1_needs_a_host,
                   chunked_is_the_only_transfer_encoding, headers_that_decide_come_once,
                   header_names_have_no_odd_characters, a_name_is_not_empty, lines_are_not_folded,
                   a_nul_cuts_nothing, lines_end_in_cr_and_lf, values_have_no_control_characters,
                   a_request_line_has_two_spaces, versions_are_1_and_something,
                   before_a_request_line_is_at_most_an_empty_line, chunks_are_framed_strictly,
                   after_odd_chunks_and_trailers_is_no_request,
                   an_ambiguous_request_gets_a_problem_document,
                   a_bad_head_is_refused_wherever_its_packets_are_cut);
}
