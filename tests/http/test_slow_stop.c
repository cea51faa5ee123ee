/*
 * The daemon stops listening while its threads work. libmicrohttpd's own way of doing that is a
 * race that ends the process, once in some hundred stops; slow_epoll.c makes it every time.
 */
#include "support/suite.h"
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 20, SPACES = 200 };

static struct daemon daemon_process;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static void end_request(int wire) {
  struct answer answer;
  wire_send_text(wire, "{}");
  wire_read_answer(wire, &answer);
  answer_expect_problem(&answer, 400, "missing_member");
  wire_expect_end(wire);
  close(wire);
}

START_TEST(threads_that_work_and_one_that_stops_them_listening_do_not_collide) {
  int wires[CLIENTS];
  setenv("LD_PRELOAD", SLOW_EPOLL, 1);
  START(&daemon_process, "--threads", "2");
  unsetenv("LD_PRELOAD");
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
    end_request(wires[i]);
  }
  daemon_ends_well(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("slow_stop", tidy,
                   threads_that_work_and_one_that_stops_them_listening_do_not_collide);
}
