/*
 * SIGTERM: what has begun is finished, nothing new begins, the process ends well.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOPPING "requests in flight finish, then the server stops"

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static int begin_upload(void) {
  return wire_begin_post(&daemon_process, FIRING_RATE, "", strlen(GOOD));
}

static void expect_last_answer(int wire) {
  struct answer answer;
  char connection[16];
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  ck_assert_ptr_nonnull(strstr(answer.body, "{\"loss\":0.25,"));
  ck_assert(answer_header(&answer, "Connection", connection, sizeof connection));
  ck_assert_str_eq(connection, "close");
  wire_expect_end(wire);
  close(wire);
}

START_TEST(an_upload_that_has_begun_gets_its_answer) {
  static const int signals[] = {SIGTERM, SIGINT};
  for (size_t i = 0; i < 2; i++) {
    START(&daemon_process);
    int wire = begin_upload();
    size_t half = strlen(GOOD) / 2;
    ck_assert(wire_send(wire, GOOD, half));
    daemon_signal(&daemon_process, signals[i]);
    daemon_wait_for_message(&daemon_process, STOPPING);
    daemon_wait_for_refusal(&daemon_process);
    wire_send_text(wire, &GOOD[half]);
    expect_last_answer(wire);
    daemon_ends_well(&daemon_process);
  }
}
END_TEST

START_TEST(readyz_says_that_the_server_drains_to_those_who_are_connected) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  int second = wire_connect(&daemon_process);
  struct answer answer;
  wire_send_text(second, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(second, &answer);
  int upload = begin_upload();
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_refusal(&daemon_process);

  client_get(&client, "/readyz");
  client_expect_problem(&client, 503, "draining", NULL, NO_OFFSET);
  ck_assert_ptr_nonnull(client_header(&client, "Retry-After"));
  ck_assert_str_eq(client_header(&client, "Connection"), "close");
  ck_assert_int_eq(client.connections, 0);
  wire_send_text(second, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(second, &answer);
  ck_assert_int_eq(answer.status, 200);
  wire_expect_end(second);
  close(second);

  wire_send_text(upload, GOOD);
  expect_last_answer(upload);
  client_close(&client);
  daemon_ends_well(&daemon_process);
}
END_TEST

START_TEST(new_clients_are_served_until_the_delay_is_over) {
  START(&daemon_process, "--stop-delay-seconds", "2");
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_message(&daemon_process, STOPPING);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  ck_assert_str_eq(client_header(&client, "Connection"), "close");
  client_get(&client, "/readyz");
  client_expect_problem(&client, 503, "draining", NULL, NO_OFFSET);
  ck_assert_int_eq(client.connections, 1);
  daemon_wait_for_refusal(&daemon_process);
  client_close(&client);
  daemon_ends_well(&daemon_process);
}
END_TEST

/* What a load balancer has connected but not used yet is no reason to wait either. */
START_TEST(idle_connections_do_not_hold_up_the_end) {
  START(&daemon_process, "--stop-seconds", "3600");
  int silent = wire_connect(&daemon_process);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  daemon_stop(&daemon_process);
  wire_expect_end(silent);
  close(silent);
  client_close(&client);
}
END_TEST

/* Four million values of one silent layer; their gradients make tens of megabytes. */
static char *large_request(size_t *length) {
  enum { LETTERS = 4 * 1000 * 1000 / 8 / 3 * 4 };
  char *request = malloc(LETTERS + 1024);
  ck_assert_ptr_nonnull(request);
  static const char end[] = "\"}], \"offsets\": [0.3], \"multipliers\": [0.7]}";
  char start[256];
  int start_length = snprintf(start, sizeof start,
                              "{\"spikes_list\": [{\"shape\": [%d], \"encoding\": \"bits\", "
                              "\"data\": \"",
                              LETTERS / 4 * 3 * 8);
  int written = snprintf(
      request, 1024, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
      (size_t)start_length + LETTERS + strlen(end), start);
  memset(request + written, 'A', LETTERS);
  strcpy(request + written + LETTERS, end);
  *length = strlen(request);
  return request;
}

START_TEST(an_answer_that_has_begun_is_sent_to_its_end) {
  START(&daemon_process);
  size_t length;
  struct answer answer;
  char *request = large_request(&length);
  int wire = wire_connect(&daemon_process);
  ck_assert(wire_send(wire, request, length));
  wire_read_head(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  char value[32];
  ck_assert(answer_header(&answer, "Content-Length", value, sizeof value));
  size_t left = strtoul(value, NULL, 10);
  ck_assert_uint_gt(left, 30u * 1000 * 1000); /* far more than any socket buffers */

  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_refusal(&daemon_process);
  static char bytes[1 << 16];
  while (left > 0) {
    size_t got = wire_read(wire, bytes, left < sizeof bytes ? left : sizeof bytes);
    ck_assert_msg(got > 0, "the answer ended with %zu bytes missing", left);
    left -= got;
    ck_assert(left > 0 || bytes[got - 1] == '\n');
  }
  close(wire);
  free(request);
  daemon_ends_well(&daemon_process);
}
END_TEST

START_TEST(a_request_that_never_ends_is_left_after_stop_seconds) {
  START(&daemon_process, "--stop-seconds", "1");
  int wire = begin_upload();
  wire_send_text(wire, "{");
  daemon_stop(&daemon_process);
  wire_expect_end(wire);
  close(wire);
}
END_TEST

START_TEST(a_second_signal_ends_the_process_at_once) {
  START(&daemon_process);
  int wire = begin_upload();
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_message(&daemon_process, STOPPING);
  daemon_signal(&daemon_process, SIGTERM);
  int status = daemon_wait_for_end(&daemon_process);
  ck_assert(WIFSIGNALED(status));
  ck_assert_int_eq(WTERMSIG(status), SIGTERM);
  close(wire);
}
END_TEST

START_TEST(the_daemon_starts_and_stops_many_times) {
  for (int i = 0; i < 20; i++) {
    START(&daemon_process, "--threads", "3");
    daemon_stop(&daemon_process);
  }
}
END_TEST

/* 16 Mi pairs each, some 200 ms of computation, one after the other. */
START_TEST(computations_that_wait_do_not_hold_up_the_end) {
  enum { REQUESTS = 60 };
  static const char body[] =
      "{\"spk\":{\"shape\":[1,1,16777216],\"encoding\":\"coo\",\"data\":[]},\"targets\":[0],"
      "\"num_classes\":1,\"neurons_per_class\":16777216,\"correct_rate\":0.5,\"incorrect_rate\":0}";
  int wires[REQUESTS];
  START(&daemon_process, "--threads", "1", "--stop-seconds", "0");
  for (size_t i = 0; i < REQUESTS; i++) {
    wires[i] =
        wire_begin_post(&daemon_process, "/v1/losses/balanced_population_mse", "", strlen(body));
    wire_send_text(wires[i], body);
  }
  struct answer answer;
  wire_read_head(wires[0], &answer); /* the first is computed, so the others wait */
  ck_assert_int_eq(answer.status, 200);
  daemon_stop(&daemon_process);
  char byte;
  ck_assert_uint_eq(wire_read(wires[REQUESTS - 1], &byte, 1), 0);
  for (size_t i = 0; i < REQUESTS; i++) {
    close(wires[i]);
  }
}
END_TEST

static void end_slow_request(int wire) {
  struct answer answer;
  wire_send_text(wire, "{}");
  wire_read_answer(wire, &answer);
  answer_expect_problem(&answer, 400, "missing_member");
  wire_expect_end(wire);
  close(wire);
}

START_TEST(workers_that_are_busy_while_the_server_stops_answer_every_request) {
  enum { CLIENTS = 20, SPACES = 200 };
  int wires[CLIENTS];
  START(&daemon_process, "--threads", "2");
  for (size_t i = 0; i < CLIENTS; i++) {
    wires[i] = wire_begin_post(&daemon_process, "/v1/losses/balanced_population_mse", "",
                               SPACES + strlen("{}"));
  }
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_message(&daemon_process, "then the server stops");
  for (size_t i = 0; i < CLIENTS * SPACES; i++) {
    wire_send_text(wires[i % CLIENTS], " ");
  }
  for (size_t i = 0; i < CLIENTS; i++) {
    end_slow_request(wires[i]);
  }
  daemon_ends_well(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "stopping", tidy, computations_that_wait_do_not_hold_up_the_end,
      workers_that_are_busy_while_the_server_stops_answer_every_request,
      an_upload_that_has_begun_gets_its_answer,
      readyz_says_that_the_server_drains_to_those_who_are_connected,
      new_clients_are_served_until_the_delay_is_over, idle_connections_do_not_hold_up_the_end,
      an_answer_that_has_begun_is_sent_to_its_end,
      a_request_that_never_ends_is_left_after_stop_seconds,
      a_second_signal_ends_the_process_at_once, the_daemon_starts_and_stops_many_times);
}
