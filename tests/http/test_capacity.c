/*
 * What the server serves at once: connections, headers. At each limit, below it and above it; and
 * a slot that is given back is free again.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIVEZ "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"

static struct daemon daemon_process;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

/* Sends a whole good request; its answer comes later. False if the connection is over. */
static bool try_good(int wire) {
  char request[512];
  snprintf(request, sizeof request,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
           strlen(GOOD), GOOD);
  return wire_send(wire, request, strlen(request));
}

static void send_good(int wire) {
  ck_assert(try_good(wire));
}

static void expect_good_on(int wire) {
  struct answer answer;
  send_good(wire);
  wire_read_answer(wire, &answer);
  ck_assert_msg(answer.status == 200, "%d: %s", answer.status, answer.body);
}

/* One connection too many: told so, and closed. */
static void expect_turned_away(const char *words) {
  int wire = wire_connect(&daemon_process);
  send_good(wire);
  wire_expect_busy(wire, words);
  wire_expect_end(wire);
  close(wire);
}

static int served_connection(void) {
  int wire = wire_connect(&daemon_process);
  expect_good_on(wire);
  return wire;
}

/* Sends a good request. False if the client was one too many even to be told: it is hung up on. */
static bool is_answered(int wire) {
  char first;
  struct pollfd wanted = {.fd = wire, .events = POLLIN};
  return try_good(wire) && poll(&wanted, 1, DEADLINE_SECONDS * 1000) == 1 &&
         recv(wire, &first, 1, MSG_PEEK) == 1;
}

/* A place is free again when the daemon has noticed that its client is gone. */
static int connection_that_is_served_at_last(void) {
  for (int tries = 0; tries < 10000; tries++) {
    struct answer answer;
    int wire = wire_connect(&daemon_process);
    if (is_answered(wire)) {
      wire_read_answer(wire, &answer);
      if (answer.status == 200) {
        return wire;
      }
    }
    close(wire);
  }
  ck_abort_msg("no place becomes free");
}

static void expect_limit_of_connections(const char *words) {
  int first = served_connection();
  int second = served_connection();
  expect_turned_away(words);
  expect_turned_away(words);
  expect_good_on(first);
  expect_good_on(second);
  close(first);
  int third = connection_that_is_served_at_last();
  expect_turned_away(words);
  close(second);
  close(third);
}

START_TEST(connections_bounds_those_that_are_served) {
  START(&daemon_process, "--connections", "2");
  expect_limit_of_connections("connections: 2 are open, which is the limit");
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(one_address_gets_seven_eighths_of_the_connections) {
  enum { OWN = 14 };
  int own[OWN];
  START(&daemon_process, "--connections", "16");
  for (int i = 0; i < OWN; i++) {
    own[i] = served_connection();
  }
  expect_turned_away("connections: 14 are open from your address, which is the limit (seven "
                     "eighths of all)");
  struct client other; /* over the Unix socket: another client */
  client_open(&other, &daemon_process);
  client_ask(&other, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
  ck_assert_int_eq(other.status, 200);
  client_close(&other);
  close(own[0]);
  own[0] = connection_that_is_served_at_last();
  expect_turned_away("from your address");
  for (int i = 0; i < OWN; i++) {
    close(own[i]);
  }
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_full_server_still_tells_how_it_is) {
  START(&daemon_process, "--connections", "1");
  int only = served_connection();
  struct answer answer;
  int probe = wire_connect(&daemon_process);
  wire_send_text(probe, LIVEZ);
  wire_read_answer(probe, &answer);
  ck_assert_int_eq(answer.status, 200);
  wire_expect_end(probe);
  close(probe);
  close(only);
  daemon_stop(&daemon_process);
}
END_TEST

/* Beyond those that are told why, clients are closed without an answer; the served ones stay. */
START_TEST(a_crowd_does_not_disturb_those_who_are_served) {
  enum { CROWD = 200 };
  int crowd[CROWD];
  START(&daemon_process, "--connections", "2");
  int served = served_connection();
  for (int i = 0; i < CROWD; i++) {
    crowd[i] = wire_connect(&daemon_process);
  }
  for (int i = 0; i < 10; i++) {
    expect_good_on(served);
  }
  for (int i = 0; i < CROWD; i++) {
    close(crowd[i]);
  }
  close(connection_that_is_served_at_last());
  close(served);
  daemon_stop(&daemon_process);
}
END_TEST

/* A head of exactly this many bytes. */
static int ask_with_head_of(size_t length) {
  char request[20000] = "GET /livez HTTP/1.1\r\nHost: x\r\nX: ";
  size_t written = strlen(request);
  ck_assert_uint_lt(written + 4, length);
  memset(request + written, 'x', length - 4 - written);
  memcpy(request + length - 4, "\r\n\r\n", 5);
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, request);
  wire_read_answer(wire, &answer);
  close(wire);
  if (answer.status != 200) {
    answer_expect_problem(&answer, 431, "headers_too_large");
  }
  return answer.status;
}

START_TEST(the_head_of_a_request_is_bounded) {
  START(&daemon_process);
  ck_assert_int_eq(ask_with_head_of(16383), 200);
  ck_assert_int_eq(ask_with_head_of(16384), 200);
  ck_assert_int_eq(ask_with_head_of(16385), 431);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(headers_beyond_the_buffer_of_a_connection_are_turned_away) {
  START(&daemon_process);
  static char request[1 << 18] = "GET /livez HTTP/1.1\r\nHost: x\r\nX: ";
  memset(request + strlen(request), 'x', sizeof request - 1 - strlen(request));
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send(wire, request, sizeof request - 1);
  wire_read_head(wire, &answer);
  ck_assert_int_eq(answer.status, 431);
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("capacity", tidy, connections_bounds_those_that_are_served,
                   one_address_gets_seven_eighths_of_the_connections,
                   a_full_server_still_tells_how_it_is,
                   a_crowd_does_not_disturb_those_who_are_served, the_head_of_a_request_is_bounded,
                   headers_beyond_the_buffer_of_a_connection_are_turned_away);
}
