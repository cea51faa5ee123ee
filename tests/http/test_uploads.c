/*
 * Ways to send a body: kept connections, chunks of any size, Expect: 100-continue, refused uploads.
 */
#include "session.h"
#include "suite.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_good(void) {
  ck_assert_msg(client.status == 200, "%s", client.body);
  cJSON *answer = client_json(&client);
  ck_assert_double_eq(json_number(answer, "/loss"), 0.25);
  cJSON_Delete(answer);
}

START_TEST(one_connection_carries_many_requests) {
  session_begin();
  for (int i = 0; i < 50; i++) {
    client_post(&client, FIRING_RATE, GOOD);
    expect_good();
    ck_assert_int_eq(client.connections, i == 0);
    ck_assert_int_eq(client_get(&client, "/livez"), 200);
    ck_assert_int_eq(client.connections, 0);
  }
  session_end();
}
END_TEST

/* Posts on an open connection, and returns the status of the answer. */
static int post_on(int wire, const char *path, const char *headers, const char *body) {
  char request[1024];
  struct answer answer;
  snprintf(request, sizeof request,
           "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", path, headers,
           strlen(body), body);
  wire_send_text(wire, request);
  wire_read_answer(wire, &answer);
  return answer.status;
}

/* Without libcurl, which from version 8.14 on leaves a connection after an early answer. */
START_TEST(a_connection_lives_on_after_errors) {
  session_begin();
  int wire = wire_connect(&daemon_process);
  static const char *const bodies[] = {"", "{", "[]", "{\"spikes_list\": [[1, [0]]]}", "nonsense"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    ck_assert_int_eq(post_on(wire, FIRING_RATE, "", bodies[i]), 400);
    ck_assert_int_eq(post_on(wire, FIRING_RATE, "", GOOD), 200);
  }
  ck_assert_int_eq(post_on(wire, "/nothing", "", GOOD), 404);
  ck_assert_int_eq(post_on(wire, "/livez", "", GOOD), 405);
  ck_assert_int_eq(post_on(wire, FIRING_RATE "?a", "", GOOD), 400);
  ck_assert_int_eq(post_on(wire, FIRING_RATE, "Content-Type: text/plain\r\n", GOOD), 415);
  ck_assert_int_eq(post_on(wire, FIRING_RATE, "", GOOD), 200);
  close(wire);
  session_end();
}
END_TEST

START_TEST(an_error_early_in_a_large_upload_reaches_the_client) {
  enum { LENGTH = 20 * 1000 * 1000, PLACE = 100 };
  session_begin();
  static const char start[] = "{\"spikes_list\": [[";
  char *body = malloc(LENGTH);
  ck_assert_ptr_nonnull(body);
  for (size_t i = 0; i < LENGTH; i += 2) {
    memcpy(body + i, "1,", 2);
  }
  memcpy(body, start, sizeof start - 1);
  body[PLACE] = 'x';
  for (size_t chunk = 0; chunk <= 65536; chunk += 65536) {
    client_ask(&client, &(struct question){
                            .path = FIRING_RATE, .body = body, .length = LENGTH, .chunk = chunk});
    client_expect_problem(&client, 400, "not_json", NULL, PLACE);
    ck_assert_int_eq(client.connections, chunk == 0);
  }
  client_post(&client, FIRING_RATE, GOOD);
  expect_good();
  ck_assert_int_eq(client.connections, 0);
  free(body);
  session_end();
}
END_TEST

START_TEST(a_chunked_body_may_come_in_pieces_of_any_size) {
  session_begin();
  static const size_t sizes[] = {1, 2, 3, 7, 31, 64, 1000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .chunk = sizes[i]});
    expect_good();
    client_ask(&client, &(struct question){.path = FIRING_RATE,
                                           .body = "{\"offsets\": [0, x]}",
                                           .chunk = sizes[i]});
    client_expect_problem(&client, 400, "not_json", NULL, 16);
  }
  ck_assert_int_eq(client.connections, 0);
  session_end();
}
END_TEST

/* Every byte of a request in a packet of its own: head, sizes of chunks and all. */
static void send_byte_by_byte(int wire, const char *request) {
  for (; *request != '\0'; request++) {
    ck_assert(wire_send(wire, request, 1));
  }
}

START_TEST(every_byte_may_come_in_a_packet_of_its_own) {
  char request[1024];
  struct answer plain;
  struct answer chunked;
  session_begin();
  int wire = wire_connect(&daemon_process);
  snprintf(request, sizeof request,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
           strlen(GOOD), GOOD);
  send_byte_by_byte(wire, request);
  wire_read_answer(wire, &plain);
  snprintf(request, sizeof request,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
           "1\r\n{\r\n%zX\r\n%s\r\n0\r\nX-Trailer: 1\r\n\r\n",
           strlen(GOOD) - 1, &GOOD[1]);
  send_byte_by_byte(wire, request);
  wire_read_answer(wire, &chunked);
  ck_assert_int_eq(plain.status, 200);
  ck_assert_int_eq(chunked.status, 200);
  ck_assert_str_eq(plain.body, chunked.body);
  close(wire);
  client_post(&client, FIRING_RATE, GOOD);
  ck_assert_str_eq(client.body, plain.body);
  session_end();
}
END_TEST

/* libmicrohttpd 1.0.1 counts the line of a chunk with an extension one byte short. */
START_TEST(a_chunk_extension_is_left_out_or_refused_with_all_that_follows) {
  char request[1024];
  struct answer answer;
  session_begin();
  int wire = wire_connect(&daemon_process);
  snprintf(request, sizeof request,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
           "%zX;extension=1\r\n%s\r\n0\r\n\r\n",
           strlen(GOOD), GOOD);
  wire_send_text(wire, request);
  wire_read_answer(wire, &answer);
  if (answer.status == 200) {
    client_post(&client, FIRING_RATE, GOOD);
    ck_assert_str_eq(answer.body, client.body);
  } else {
    ck_assert_int_eq(answer.status, 400);
    wire_expect_end(wire);
  }
  close(wire);
  session_end();
}
END_TEST

/* Sends a body whose data, which is deferred, lacks the end of its shape, and more chunks, which
 * libmicrohttpd has all at once. */
static void send_work_and_more(int wire, const char *more) {
  enum { LETTERS = 2 * 1024 * 1024 };
  static const char head[] = "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\n"
                             "Transfer-Encoding: chunked\r\n\r\n";
  static const char start[] = "{\"offsets\": [0], \"multipliers\": [1], \"gradient\": \"none\", "
                              "\"spikes_list\": [{\"data\": \"";
  static const char finish[] = "\", \"encoding\": \"u8\", \"shape\": [3, 524288";
  char *text = malloc(LETTERS + 1024);
  ck_assert_ptr_nonnull(text);
  size_t length =
      (size_t)sprintf(text, "%s%zx\r\n%s", head, strlen(start) + LETTERS + strlen(finish), start);
  memset(text + length, 'A', LETTERS);
  length += LETTERS;
  length += (size_t)sprintf(text + length, "%s\r\n", finish);
  ck_assert(wire_send(wire, text, length));
  free(text);
  wire_send_text(wire, more);
}

START_TEST(chunks_that_come_with_work_wait_until_it_is_done) {
  struct answer answer;
  session_begin();
  for (int i = 0; i < 5; i++) {
    int wire = wire_connect(&daemon_process);
    send_work_and_more(wire, "1\r\n]\r\n1\r\n}\r\n2\r\n]}\r\n0\r\n\r\n");
    wire_read_answer(wire, &answer);
    ck_assert_msg(answer.status == 200, "%d %s", answer.status, answer.body);
    close(wire);
    wire = wire_connect(&daemon_process);
    send_work_and_more(wire, "2\r\n]}\r\nno size\r\n");
    wire_read_head(wire, &answer);
    ck_assert_int_eq(answer.status, 400);
    close(wire);
  }
  client_post(&client, FIRING_RATE, GOOD);
  expect_good();
  session_end();
}
END_TEST

START_TEST(a_client_that_waits_is_told_to_continue) {
  session_begin();
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  for (int i = 0; i < 3; i++) {
    char head[256];
    snprintf(head, sizeof head,
             "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
             "Expect: 100-continue\r\n\r\n",
             strlen(GOOD));
    wire_send_text(wire, head);
    wire_read_head(wire, &answer);
    ck_assert_int_eq(answer.status, 100);
    wire_send_text(wire, GOOD);
    wire_read_answer(wire, &answer);
    ck_assert_int_eq(answer.status, 200);
  }
  close(wire);
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = GOOD,
                                         .chunk = 5,
                                         .headers = {"Expect: 100-continue"}});
  expect_good();
  session_end();
}
END_TEST

/* Heads that are refused, and the answer to each; none of their bodies is ever sent. */
static const struct {
  const char *request;
  int status;
  const char *code;
} refusals[] = {
    {"POST " FIRING_RATE " HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n", 415,
     "unsupported_media_type"},
    {"POST " FIRING_RATE " HTTP/1.1\r\nContent-Encoding: br\r\nTransfer-Encoding: chunked\r\n", 415,
     "unsupported_encoding"},
    {"POST " FIRING_RATE "?x HTTP/1.1\r\nContent-Length: 1000\r\n", 400, "unexpected_query"},
    {"POST " FIRING_RATE " HTTP/1.1\r\nContent-Length: 2000000000\r\n", 413, "body_too_large"},
    {"POST /v1/losses/none HTTP/1.1\r\nContent-Length: 1000\r\n", 404, "not_found"},
    {"POST /livez HTTP/1.1\r\nContent-Length: 1000\r\n", 405, "method_not_allowed"},
    {"PUT " FIRING_RATE " HTTP/1.1\r\nContent-Length: 1000\r\n", 405, "method_not_allowed"},
};

START_TEST(a_client_that_waits_is_refused_before_it_sends_the_body) {
  session_begin();
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    struct answer answer;
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, refusals[i].request);
    wire_send_text(wire, "Host: x\r\nExpect: 100-continue\r\n\r\n");
    wire_read_answer(wire, &answer);
    answer_expect_problem(&answer, refusals[i].status, refusals[i].code);
    close(wire);
  }
  session_end();
}
END_TEST

START_TEST(libcurl_does_not_send_a_body_that_was_refused) {
  session_begin();
  client_ask(&client,
             &(struct question){.path = FIRING_RATE,
                                .body = GOOD,
                                .chunk = 10,
                                .headers = {"Content-Type: text/plain", "Expect: 100-continue"}});
  client_expect_problem(&client, 415, "unsupported_media_type", NULL, NO_OFFSET);
  ck_assert_uint_eq(client.unsent_length, strlen(GOOD));
  client_post(&client, FIRING_RATE, GOOD);
  expect_good();
  session_end();
}
END_TEST

/* The stop would wait for them if the daemon had not noticed that they are gone. Whether
 * libmicrohttpd does depends on how fast they leave, so each leaves many times. */
START_TEST(a_client_that_leaves_in_the_middle_harms_no_other) {
  START(&daemon_process, "--stop-seconds", "3600", "--idle-seconds", "3600", "--header-seconds",
        "3600");
  client_open(&client, &daemon_process);
  static const char *const pieces[] = {
      "POST ", "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
      "POST " FIRING_RATE
      " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"spikes_list\": [[[1,",
      "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
      "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n2"};
  for (size_t i = 0; i < 40 * (sizeof pieces / sizeof *pieces); i++) {
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, pieces[i % (sizeof pieces / sizeof *pieces)]);
    close(wire);
    client_post(&client, FIRING_RATE, GOOD);
    expect_good();
  }
  session_end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "uploads", session_tidy, one_connection_carries_many_requests,
      a_connection_lives_on_after_errors, an_error_early_in_a_large_upload_reaches_the_client,
      a_chunked_body_may_come_in_pieces_of_any_size, every_byte_may_come_in_a_packet_of_its_own,
      a_chunk_extension_is_left_out_or_refused_with_all_that_follows,
      chunks_that_come_with_work_wait_until_it_is_done, a_client_that_waits_is_told_to_continue,
      a_client_that_waits_is_refused_before_it_sends_the_body,
      libcurl_does_not_send_a_body_that_was_refused,
      a_client_that_leaves_in_the_middle_harms_no_other);
}
