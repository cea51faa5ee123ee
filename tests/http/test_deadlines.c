/*
 * Each deadline ends the connections that miss it, and no others.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"

/* Milliseconds between two bytes of a client that drips: far less than a second of silence. */
enum { DRIP = 50 };

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

/* Whether the daemon closes the connection, or says something, within so many milliseconds. */
static bool stirs(int wire, int milliseconds) {
  struct pollfd wanted = {.fd = wire, .events = POLLIN};
  return poll(&wanted, 1, milliseconds) == 1;
}

/* Sends a byte now and then until the daemon closes the connection without a word. */
static void drip_until_the_end(int wire) {
  int drips = 0;
  while (!stirs(wire, DRIP)) {
    ck_assert_int_lt(++drips, DEADLINE_SECONDS * 1000 / DRIP);
    wire_send(wire, " ", 1);
  }
  wire_expect_end(wire);
  close(wire);
}

/* The daemon has said so, and others are served as before. */
static void expect_ended_for(const char *words) {
  daemon_wait_for_message(&daemon_process, words);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  client_close(&client);
  daemon_stop(&daemon_process);
}

START_TEST(silence_in_a_body_ends_after_idle_seconds) {
  START(&daemon_process, "--idle-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, HEAD "{");
  wire_expect_end(wire);
  close(wire);
  expect_ended_for("idle_seconds 1, header_seconds 0, request_seconds 0");
}
END_TEST

START_TEST(silence_between_requests_ends_after_idle_seconds) {
  START(&daemon_process, "--idle-seconds", "1");
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(wire, &answer);
  wire_expect_end(wire);
  close(wire);
  expect_ended_for("idle_seconds 1, header_seconds 0, request_seconds 0");
}
END_TEST

START_TEST(a_client_that_says_nothing_ends_after_header_seconds) {
  START(&daemon_process, "--header-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_expect_end(wire);
  close(wire);
  expect_ended_for("idle_seconds 0, header_seconds 1, request_seconds 0");
}
END_TEST

START_TEST(headers_that_drip_end_after_header_seconds) {
  START(&daemon_process, "--header-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nX:");
  drip_until_the_end(wire);
  expect_ended_for("idle_seconds 0, header_seconds 1, request_seconds 0");
}
END_TEST

START_TEST(headers_of_a_later_request_have_header_seconds_from_their_first_line) {
  START(&daemon_process, "--header-seconds", "1");
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(wire, &answer);
  ck_assert_msg(!stirs(wire, 1500), "waiting between two requests is no part of the headers");
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\nX:");
  drip_until_the_end(wire);
  expect_ended_for("idle_seconds 0, header_seconds 1, request_seconds 0");
}
END_TEST

START_TEST(a_body_that_drips_ends_after_request_seconds) {
  START(&daemon_process, "--request-seconds", "1", "--idle-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, HEAD);
  drip_until_the_end(wire);
  expect_ended_for("idle_seconds 0, header_seconds 0, request_seconds 1");
}
END_TEST

START_TEST(a_refused_body_that_drips_ends_after_request_seconds) {
  START(&daemon_process, "--request-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, HEAD "nonsense");
  drip_until_the_end(wire);
  expect_ended_for("idle_seconds 0, header_seconds 0, request_seconds 1");
}
END_TEST

/* Asks for an answer of 40 MB, and does not read it. */
static int ask_for_much(void) {
  static const char body[] =
      "{\"spikes_list\": [{\"shape\": [2000,2000], \"encoding\": \"coo\", \"data\": []}], "
      "\"offsets\": [0.3], \"multipliers\": [0.7]}";
  char head[256];
  const int little = 4096;
  int wire = wire_connect(&daemon_process);
  setsockopt(wire, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  snprintf(head, sizeof head,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
  wire_send_text(wire, head);
  wire_send_text(wire, body);
  return wire;
}

/* What is left of it, up to the end of the connection. */
static size_t read_the_rest(int wire) {
  static char bytes[1 << 16];
  size_t total = 0;
  for (size_t got = 1; got > 0; total += got) {
    got = wire_read(wire, bytes, sizeof bytes);
  }
  close(wire);
  return total;
}

START_TEST(an_answer_that_is_not_read_ends_after_idle_seconds) {
  START(&daemon_process, "--idle-seconds", "1");
  int wire = ask_for_much();
  daemon_wait_for_message(&daemon_process, "idle_seconds 1, header_seconds 0, request_seconds 0");
  ck_assert_uint_lt(read_the_rest(wire), 40u * 1000 * 1000);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(an_answer_that_is_sipped_ends_after_request_seconds) {
  START(&daemon_process, "--request-seconds", "1");
  int wire = ask_for_much();
  static char bytes[4096];
  ck_assert_uint_gt(wire_read(wire, bytes, sizeof bytes), 0);
  while (strstr(daemon_process.said, "request_seconds 1") == NULL) {
    struct pollfd message = {.fd = daemon_process.messages, .events = POLLIN};
    if (poll(&message, 1, DRIP) == 1) {
      daemon_wait_for_message(&daemon_process, "request_seconds 1");
    }
    recv(wire, bytes, sizeof bytes, MSG_DONTWAIT);
  }
  ck_assert_uint_lt(read_the_rest(wire), 40u * 1000 * 1000);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(deadlines_leave_quick_clients_alone) {
  START(&daemon_process, "--idle-seconds", "1", "--header-seconds", "1", "--request-seconds", "1");
  client_open(&client, &daemon_process);
  int silent = wire_connect(&daemon_process);
  while (!stirs(silent, 0)) {
    ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  }
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  ck_assert_int_eq(client.connections, 0);
  close(silent);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("deadlines", tidy, silence_in_a_body_ends_after_idle_seconds,
                   silence_between_requests_ends_after_idle_seconds,
                   a_client_that_says_nothing_ends_after_header_seconds,
                   headers_that_drip_end_after_header_seconds,
                   headers_of_a_later_request_have_header_seconds_from_their_first_line,
                   a_body_that_drips_ends_after_request_seconds,
                   a_refused_body_that_drips_ends_after_request_seconds,
                   an_answer_that_is_not_read_ends_after_idle_seconds,
                   an_answer_that_is_sipped_ends_after_request_seconds,
                   deadlines_leave_quick_clients_alone);
}
