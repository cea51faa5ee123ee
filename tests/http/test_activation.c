/*
 * The daemon with sockets that systemd hands it.
 */
#include "client.h"
#include "scratch.h"
#include "suite.h"
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct daemon daemon_process;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static const char *const no_options[] = {NULL};

/* A listener such as systemd makes: it blocks, and is not closed on exec. */
static int listen_tcp(int *port) {
  struct sockaddr_in name = {.sin_family = AF_INET};
  socklen_t length = sizeof name;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(listener, (const struct sockaddr *)&name, sizeof name), 0);
  ck_assert_int_eq(listen(listener, 64), 0);
  ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &length), 0);
  *port = ntohs(name.sin_port);
  return listener;
}

static int listen_unix(const char *path) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(listener, (const struct sockaddr *)&name, sizeof name), 0);
  ck_assert_int_eq(listen(listener, 64), 0);
  return listener;
}

/* Starts with one TCP socket, and waits until it is served. */
static void start_on(int listener, int port) {
  char words[64];
  daemon_start_with_sockets(&daemon_process, &listener, 1, "1", no_options);
  snprintf(words, sizeof words, "listening on http://127.0.0.1:%d\n", port);
  daemon_wait_for_message(&daemon_process, words);
  daemon_process.port = port;
  snprintf(daemon_process.url, sizeof daemon_process.url, "http://127.0.0.1:%d", port);
}

START_TEST(a_socket_that_was_handed_over_is_served) {
  int port;
  int listener = listen_tcp(&port);
  struct client client;
  start_on(listener, port);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  client_close(&client);
  daemon_stop(&daemon_process);
  close(listener);
}
END_TEST

START_TEST(sockets_take_the_place_of_all_addresses) {
  int port;
  int listeners[2];
  char words[128];
  scratch_open(&scratch);
  const char *path = scratch_path(&scratch, "own.sock");
  listeners[0] = listen_tcp(&port);
  listeners[1] = listen_unix(scratch_path(&scratch, "handed.sock"));
  char address[128];
  snprintf(address, sizeof address, "unix:%s", path);
  const char *const options[] = {"--listen", address, NULL};
  daemon_start_with_sockets(&daemon_process, listeners, 2, "2", options);
  snprintf(words, sizeof words, "listening on unix:%s\n", scratch_path(&scratch, "handed.sock"));
  daemon_wait_for_message(&daemon_process, words);
  ck_assert_ptr_null(strstr(daemon_process.said, "own.sock"));
  ck_assert_int_ne(access(path, F_OK), 0);
  daemon_stop(&daemon_process);
  close(listeners[0]);
  close(listeners[1]);
}
END_TEST

START_TEST(the_file_of_a_unix_socket_that_was_handed_over_stays) {
  scratch_open(&scratch);
  const char *path = scratch_path(&scratch, "handed.sock");
  int listener = listen_unix(path);
  daemon_start_with_sockets(&daemon_process, &listener, 1, "1", no_options);
  daemon_wait_for_message(&daemon_process, "handed.sock\n");
  daemon_stop(&daemon_process);
  struct stat file;
  ck_assert_int_eq(lstat(path, &file), 0);
  ck_assert(S_ISSOCK(file.st_mode));
  close(listener);
}
END_TEST

/* What makes a restart under systemd invisible: no client is refused while no daemon runs. */
START_TEST(clients_between_two_daemons_wait_for_the_second) {
  int port;
  int listener = listen_tcp(&port);
  start_on(listener, port);
  daemon_stop(&daemon_process);
  daemon_process.port = port;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  start_on(listener, port);
  struct answer answer;
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  close(wire);
  daemon_stop(&daemon_process);
  close(listener);
}
END_TEST

/* A listener for IPv4 and IPv6 at once, as systemd makes for a port alone, but on loopback; -1
 * where there is no IPv6. */
static int listen_for_both(int *port) {
  struct sockaddr_in6 name = {.sin6_family = AF_INET6};
  socklen_t length = sizeof name;
  const int no = 0;
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &name.sin6_addr);
  int listener = socket(AF_INET6, SOCK_STREAM, 0);
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  if (bind(listener, (const struct sockaddr *)&name, sizeof name) != 0) {
    close(listener);
    return -1;
  }
  ck_assert_int_eq(listen(listener, 64), 0);
  ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &length), 0);
  *port = ntohs(name.sin6_port);
  return listener;
}

/* The status of an answer to a client that comes from an address of this machine. */
static int ask_from(const char *address, int *wire) {
  struct sockaddr_in from = {.sin_family = AF_INET};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)daemon_process.port)};
  struct answer answer;
  inet_pton(AF_INET, address, &from.sin_addr);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  *wire = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(*wire, (const struct sockaddr *)&from, sizeof from), 0);
  ck_assert_int_eq(connect(*wire, (const struct sockaddr *)&to, sizeof to), 0);
  wire_send_text(*wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  wire_read_answer(*wire, &answer);
  return answer.status;
}

START_TEST(clients_of_ipv4_are_told_apart_on_a_socket_for_both) {
  static const char *const options[] = {"--connections", "16", NULL};
  enum { OWN = 14, ALL = OWN + 2 }; /* seven eighths, and one of each kind */
  int wires[ALL];
  int port;
  int listener = listen_for_both(&port);
  if (listener < 0) {
    fprintf(stderr, "skipped: this machine has no IPv6\n");
    return;
  }
  daemon_start_with_sockets(&daemon_process, &listener, 1, "1", options);
  daemon_wait_for_message(&daemon_process, "listening on");
  daemon_process.port = port;
  ck_assert_int_eq(ask_from("127.0.0.1", &wires[0]), 400);
  for (size_t i = 1; i <= OWN; i++) {
    ck_assert_int_eq(ask_from("127.0.0.2", &wires[i]), 400);
  }
  ck_assert_int_eq(ask_from("127.0.0.2", &wires[ALL - 1]), 503);
  for (size_t i = 0; i < ALL; i++) {
    close(wires[i]);
  }
  daemon_stop(&daemon_process);
  close(listener);
}
END_TEST

static void expect_refusal(const int *sockets, size_t count, const char *listen_fds,
                           const char *words) {
  daemon_start_with_sockets(&daemon_process, sockets, count, listen_fds, no_options);
  int status = daemon_wait_for_end(&daemon_process);
  ck_assert(WIFEXITED(status));
  ck_assert_int_eq(WEXITSTATUS(status), 1);
  ck_assert_msg(strstr(daemon_process.said, words) != NULL, "%s", daemon_process.said);
}

START_TEST(what_is_no_listening_socket_is_fatal) {
  int ends[2];
  ck_assert_int_eq(pipe(ends), 0);
  expect_refusal(ends, 1, "1", "file descriptor 3 is not a listening socket");
  int idle = socket(AF_INET, SOCK_STREAM, 0);
  expect_refusal(&idle, 1, "1", "file descriptor 3 is not a listening socket");
  close(idle);
  int messages = socket(AF_INET, SOCK_DGRAM, 0);
  expect_refusal(&messages, 1, "1", "file descriptor 3 is not a listening socket");
  close(messages);
  close(ends[0]);
  close(ends[1]);
}
END_TEST

START_TEST(a_number_of_sockets_that_is_none_is_fatal) {
  static const char *const numbers[] = {"many", "", "-1", "1 ", "17", "99999999999999999999"};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    expect_refusal(NULL, 0, numbers[i], "LISTEN_FDS");
  }
}
END_TEST

START_TEST(sockets_for_another_process_are_not_ours) {
  setenv("LISTEN_PID", "1", 1);
  setenv("LISTEN_FDS", "1", 1);
  START(&daemon_process); /* waits for its own addresses */
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "activation", tidy, a_socket_that_was_handed_over_is_served,
      sockets_take_the_place_of_all_addresses, the_file_of_a_unix_socket_that_was_handed_over_stays,
      clients_between_two_daemons_wait_for_the_second,
      clients_of_ipv4_are_told_apart_on_a_socket_for_both, what_is_no_listening_socket_is_fatal,
      a_number_of_sockets_that_is_none_is_fatal, sockets_for_another_process_are_not_ours);
}
