/*
 * spikelossd --healthcheck: exit code 0 for a daemon that is ready, 1 for anything else.
 */
#include "certificates.h"
#include "daemon.h"
#include "scratch.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STOPPING "requests in flight finish"

static struct daemon daemon_process;
static struct scratch scratch;
static struct run run;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void expect(int exit_code, const char *words) {
  const char *said = exit_code == 0 ? run.output : run.messages;
  ck_assert_msg(run.exit_code == exit_code, "exit code %d: %s%s", run.exit_code, run.output,
                run.messages);
  ck_assert_msg(strstr(said, words) != NULL, "\"%s\" lacks \"%s\"", said, words);
  ck_assert_str_eq(exit_code == 0 ? run.messages : run.output, "");
}

/* "127.0.0.1" and the daemon's port. */
static const char *address_at(const char *host, int port) {
  static char address[64];
  snprintf(address, sizeof address, "%s:%d", host, port);
  return address;
}

START_TEST(a_daemon_that_is_ready_is_healthy_over_tcp) {
  START(&daemon_process);
  RUN(&run, "--healthcheck", "--listen", address_at("127.0.0.1", daemon_process.port));
  expect(0, "is ready");
  RUN(&run, "--healthcheck", "--listen", address_at("0.0.0.0", daemon_process.port));
  expect(0, "is ready");
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_unix_socket_is_asked_before_an_address_where_nobody_listens) {
  START(&daemon_process);
  char address[128];
  snprintf(address, sizeof address, "unix:%s", daemon_process.socket);
  RUN(&run, "--healthcheck", "--listen", "127.0.0.1:1", "--listen", address);
  expect(0, "is ready");
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(the_address_comes_from_the_configuration_file_too) {
  START(&daemon_process);
  scratch_open(&scratch);
  char text[128];
  snprintf(text, sizeof text, "listen = %s\n", address_at("127.0.0.1", daemon_process.port));
  RUN(&run, "--config", scratch_write(&scratch, "spikelossd.conf", text), "--healthcheck");
  expect(0, "is ready");
  RUN(&run, "--config", scratch_write(&scratch, "spikelossd.conf", "listen = 127.0.0.1\n"),
      "--healthcheck");
  expect(1, "not an address");
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(tokens_and_certificates_of_clients_are_not_needed) {
  scratch_open(&scratch);
  struct authority authority;
  authority_open(&authority, &scratch, "ours");
  authority_sign(&authority, &scratch, "server", FOR_SERVER);
  authority_close(&authority);
  const char *certificate = scratch_path(&scratch, "server.pem");
  const char *key = scratch_path(&scratch, "server.key");
  const char *ours = scratch_path(&scratch, "ours.pem");
  START(&daemon_process, "--tls-certificate", certificate, "--tls-key", key, "--client-ca", ours);
  const char *address = address_at("127.0.0.1", daemon_process.port);
  RUN(&run, "--healthcheck", "--listen", address, "--tls-certificate", certificate, "--tls-key",
      key, "--client-ca", ours);
  expect(0, "is ready");
  RUN(&run, "--healthcheck", "--listen", address); /* in plain where TLS is spoken */
  expect(1, "gives no answer");
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_daemon_that_stops_is_not_healthy) {
  START(&daemon_process, "--stop-delay-seconds", "3");
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_message(&daemon_process, STOPPING);
  RUN(&run, "--healthcheck", "--listen", address_at("127.0.0.1", daemon_process.port));
  expect(1, "answers 503");
  daemon_ends_well(&daemon_process);
}
END_TEST

START_TEST(where_nobody_listens_nobody_is_healthy) {
  START(&daemon_process);
  char address[128];
  snprintf(address, sizeof address, "unix:%s", daemon_process.socket);
  int port = daemon_process.port;
  daemon_stop(&daemon_process);
  RUN(&run, "--healthcheck", "--listen", address_at("127.0.0.1", port));
  expect(1, "Connection refused");
  RUN(&run, "--healthcheck", "--listen", address);
  expect(1, "No such file");
}
END_TEST

/* A listener of the test's own, on a free port. */
static int listen_here(int *port) {
  struct sockaddr_in name = {.sin_family = AF_INET};
  socklen_t length = sizeof name;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge(listener, 0);
  ck_assert_int_eq(bind(listener, (const struct sockaddr *)&name, sizeof name), 0);
  ck_assert_int_eq(listen(listener, 8), 0);
  ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &length), 0);
  *port = ntohs(name.sin_port);
  return listener;
}

START_TEST(one_that_takes_connections_but_never_answers_is_not_healthy) {
  int port;
  int listener = listen_here(&port);
  RUN(&run, "--healthcheck", "--listen", address_at("127.0.0.1", port));
  expect(1, "gives no answer");
  close(listener);
}
END_TEST

struct stranger {
  int listener;
  const char *answer;
};

static void *answer_once(void *closure) {
  const struct stranger *stranger = closure;
  char question[1024];
  int wire = accept(stranger->listener, NULL, NULL);
  ssize_t got = read(wire, question, sizeof question);
  ssize_t sent = got > 0 ? write(wire, stranger->answer, strlen(stranger->answer)) : 0;
  close(wire);
  return sent > 0 ? closure : NULL;
}

START_TEST(answers_other_than_200_are_not_healthy) {
  static const struct {
    const char *answer;
    const char *words;
  } answers[] = {{"HTTP/1.1 404 Not Found\r\n\r\n", "answers 404"},
                 {"HTTP/1.1 20", "gives no answer"},
                 {"SSH-2.0-OpenSSH_9.2\r\n", "gives no answer"},
                 {"HTTP/1.1 OK and well\r\n", "gives no answer"}};
  int port;
  struct stranger stranger = {.listener = listen_here(&port)};
  for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
    pthread_t thread;
    void *answered = NULL;
    stranger.answer = answers[i].answer;
    ck_assert_int_eq(pthread_create(&thread, NULL, answer_once, &stranger), 0);
    RUN(&run, "--healthcheck", "--listen", address_at("127.0.0.1", port));
    expect(1, answers[i].words);
    pthread_join(thread, &answered);
    ck_assert_ptr_nonnull(answered);
  }
  close(stranger.listener);
}
END_TEST

int main(void) {
  return RUN_SUITE("healthcheck", tidy, a_daemon_that_is_ready_is_healthy_over_tcp,
                   a_unix_socket_is_asked_before_an_address_where_nobody_listens,
                   the_address_comes_from_the_configuration_file_too,
                   tokens_and_certificates_of_clients_are_not_needed,
                   a_daemon_that_stops_is_not_healthy, where_nobody_listens_nobody_is_healthy,
                   one_that_takes_connections_but_never_answers_is_not_healthy,
                   answers_other_than_200_are_not_healthy);
}
