/*
 * Crowds: many clients that are ready at one instant, clients that stand still in every state in
 * which that is possible, and clients that wait while others are computed for.
 */
#include "certificates.h"
#include "secure_wire.h"
#include "suite.h"
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIVEZ GET HOST "\r\n"

static struct daemon daemon_process;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void begin(const char *threads, bool encrypted) {
  scratch_open(&scratch);
  struct authority authority;
  authority_open(&authority, &scratch, "authority");
  authority_sign(&authority, &scratch, "server", FOR_SERVER);
  authority_close(&authority);
  const char *plain[] = {"--threads", threads, NULL};
  const char *tls[] = {"--threads",
                       threads,
                       "--tls-certificate",
                       scratch_path(&scratch, "server.pem"),
                       "--tls-key",
                       scratch_path(&scratch, "server.key"),
                       NULL};
  daemon_start(&daemon_process, encrypted ? tls : plain);
}

static void end(void) {
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

/* Until no thread of the daemon runs any more. */
static void stop_running(void) {
  int status;
  daemon_signal(&daemon_process, SIGSTOP);
  ck_assert_int_eq(waitpid(daemon_process.process, &status, WUNTRACED), daemon_process.process);
  ck_assert(WIFSTOPPED(status));
}

static void ask(struct line *line) {
  line_send(line, LIVEZ, strlen(LIVEZ));
}

/* Reads one answer. Over TLS head and body may be two records. */
static bool is_answered(struct line *line) {
  char answer[1024] = "";
  size_t length = 0;
  size_t got = 1;
  while (got > 0 && strstr(answer, "\r\n\r\nok\n") == NULL) {
    got = line_read(line, answer + length, sizeof answer - 1 - length);
    length += got;
    answer[length] = '\0';
  }
  return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

enum { MAX_CLIENTS = 512 };

static void ask_all_at_one_instant(size_t clients, bool encrypted) {
  static struct line lines[MAX_CLIENTS];
  for (size_t i = 0; i < clients; i++) {
    line_open(&lines[i], &daemon_process, encrypted);
    ask(&lines[i]);
    ck_assert(is_answered(&lines[i]));
  }
  stop_running();
  for (size_t i = 0; i < clients; i++) {
    ask(&lines[i]);
  }
  daemon_signal(&daemon_process, SIGCONT);
  for (size_t i = 0; i < clients; i++) {
    ck_assert_msg(is_answered(&lines[i]), "client %zu of %zu has no answer", i, clients);
  }
  for (size_t i = 0; i < clients; i++) {
    line_close(&lines[i]);
  }
}

static const size_t crowds[] = {1, 63, 64, 127, 128, 129, 200, 255, 256, 257, 300, 384, 512};

static void try_crowd(size_t clients, bool encrypted) {
  for (int threads = 1; threads <= 2; threads++) {
    begin(threads == 1 ? "1" : "2", encrypted);
    ask_all_at_one_instant(clients, encrypted);
    end();
  }
}

START_TEST(all_clients_that_are_ready_at_one_instant_are_answered) {
  try_crowd(crowds[_i], false);
}
END_TEST

START_TEST(all_clients_that_are_ready_at_one_instant_are_answered_over_tls) {
  try_crowd(crowds[_i], true);
}
END_TEST

static double processor_seconds(void) {
  clockid_t clock;
  struct timespec spent;
  ck_assert_int_eq(clock_getcpuclockid(daemon_process.process, &clock), 0);
  ck_assert_int_eq(clock_gettime(clock, &spent), 0);
  return (double)spent.tv_sec + (double)spent.tv_nsec * 1e-9;
}

/* Where clients stop. */
struct state {
  const char *name;
  bool encrypted;   /* a daemon with TLS */
  bool handshake;   /* that these clients complete */
  const char *sent; /* after that */
  bool half_closed;
};

#define UPLOAD POST HOST "Content-Length: 100000\r\n\r\n"

/* A dense answer of 16 MB, which nothing reads. */
#define WIDE                                                                                       \
  "{\"spk\":{\"shape\":[1,1000,4000],\"encoding\":\"coo\",\"data\":[]},\"targets\":[0],"           \
  "\"num_classes\":1,\"neurons_per_class\":4000,\"correct_rate\":1,\"incorrect_rate\":0}"
_Static_assert(sizeof WIDE - 1 == 149, "the length in UNREAD");
#define UNREAD "POST " POPULATION " HTTP/1.1\r\n" HOST "Content-Length: 149\r\n\r\n" WIDE

#define STATES_OF(prefix, tls)                                                                     \
  {prefix "connected", tls, tls, "", false},                                                       \
      {prefix "in the request line", tls, tls, "POST /v1/los", false},                             \
      {prefix "in the headers", tls, tls, GET HOST "X: y", false},                                 \
      {prefix "after the headers", tls, tls, UPLOAD, false},                                       \
      {prefix "in the body", tls, tls, UPLOAD "{\"spikes_list\": [[[1, 0", false},                 \
      {prefix "in a chunk", tls, tls, CHUNKED "52\r\n{\"spi", false},                              \
      {prefix "in a body that is refused", tls, tls, UPLOAD "nonsense", false},                    \
      {prefix "after an answer", tls, tls, LIVEZ, false}, {                                        \
    prefix "with an answer that is not read", tls, tls, UNREAD, false                              \
  }

/* The first bytes of a connection with TLS 1.2: a record of 512 bytes, of which some are missing.
 */
#define HALF_HELLO "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03"

static const struct state states[] = {
    STATES_OF("plain, ", false),
    {"plain, half closed in the body", false, false, UPLOAD "{", true},
    {"TLS, connected only", true, false, "", false},
    {"TLS, after the byte 0x16", true, false, "\x16", false},
    {"TLS, in the client hello", true, false, HALF_HELLO, false},
    STATES_OF("TLS, ", true),
};

/* A client hello as GnuTLS writes it, sent by a client that then says nothing. */
struct hello {
  unsigned char bytes[2048];
  size_t length;
};

static ssize_t keep(gnutls_transport_ptr_t closure, const void *bytes, size_t length) {
  struct hello *hello = closure;
  ck_assert_uint_le(hello->length + length, sizeof hello->bytes);
  memcpy(hello->bytes + hello->length, bytes, length);
  hello->length += length;
  return (ssize_t)length;
}

static ssize_t read_nothing(gnutls_transport_ptr_t closure, void *bytes, size_t room) {
  (void)closure;
  (void)bytes;
  (void)room;
  errno = EAGAIN;
  return -1;
}

static void write_hello(struct hello *hello, const char *versions) {
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  *hello = (struct hello){.length = 0};
  gnutls_certificate_allocate_credentials(&credentials);
  gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
  ck_assert_int_eq(gnutls_priority_set_direct(session, versions, NULL), 0);
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
  gnutls_transport_set_ptr(session, hello);
  gnutls_transport_set_push_function(session, keep);
  gnutls_transport_set_pull_function(session, read_nothing);
  ck_assert_int_eq(gnutls_handshake(session), GNUTLS_E_AGAIN);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(credentials);
}

enum { STILL = 8 };

/* The share of a core that the daemon takes while its clients do nothing, once it is done with what
 * they sent before. */
static double share_of_a_core(void) {
  const int milliseconds = 500;
  poll(NULL, 0, milliseconds);
  double before = processor_seconds();
  poll(NULL, 0, milliseconds);
  return (processor_seconds() - before) * 1000 / milliseconds;
}

static void expect_no_work(const char *name) {
  double share = share_of_a_core();
  printf("# %-40s %4.1f %% of a core\n", name, share * 100);
  ck_assert_msg(share <= 0.02, "%s: %.1f %% of a core for %d clients that do nothing", name,
                share * 100, STILL);
}

START_TEST(clients_that_stand_still_take_no_processor_time) {
  const struct state *state = &states[_i];
  struct line lines[STILL];
  begin("1", state->encrypted);
  for (size_t i = 0; i < STILL; i++) {
    line_open(&lines[i], &daemon_process, state->handshake);
    line_send(&lines[i], state->sent, strlen(state->sent));
    if (state->half_closed) {
      shutdown(lines[i].wire, SHUT_WR);
    }
  }
  expect_no_work(state->name);
  for (size_t i = 0; i < STILL; i++) {
    line_close(&lines[i]);
  }
  end();
}
END_TEST

static void expect_no_work_after_hello(const char *name, const char *versions) {
  struct hello hello;
  struct line lines[STILL];
  begin("1", true);
  write_hello(&hello, versions);
  for (size_t i = 0; i < STILL; i++) {
    line_open(&lines[i], &daemon_process, false);
    line_send(&lines[i], (const char *)hello.bytes, hello.length);
  }
  expect_no_work(name);
  for (size_t i = 0; i < STILL; i++) {
    line_close(&lines[i]);
  }
  end();
}

START_TEST(handshakes_that_stop_after_the_client_hello_take_no_processor_time) {
  expect_no_work_after_hello("TLS 1.3, after the client hello", "NORMAL");
  expect_no_work_after_hello("TLS 1.2, after the client hello", "NORMAL:-VERS-ALL:+VERS-TLS1.2");
}
END_TEST

/* 16 Mi pairs: some 200 ms of computation, for a body of 160 bytes. */
#define LARGE                                                                                      \
  "{\"spk\":{\"shape\":[1,1,16777216],\"encoding\":\"coo\",\"data\":[]},\"targets\":[0],"          \
  "\"num_classes\":1,\"neurons_per_class\":16777216,\"correct_rate\":0.5,\"incorrect_rate\":0,"    \
  "\"gradient\":\"none\"}"

static int begin_large_request(void) {
  char head[256];
  int wire = wire_connect(&daemon_process);
  snprintf(head, sizeof head, "POST " POPULATION " HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
           strlen(LARGE));
  wire_send_text(wire, head);
  wire_send_text(wire, LARGE);
  return wire;
}

/* They are computed one after the other, so that the last one waits for seconds. */
START_TEST(no_deadline_passes_while_the_server_computes) {
  enum { REQUESTS = 30 };
  int wires[REQUESTS];
  struct answer answer;
  START(&daemon_process, "--threads", "1", "--idle-seconds", "1", "--header-seconds", "1",
        "--request-seconds", "1");
  for (size_t i = 0; i < REQUESTS; i++) {
    wires[i] = begin_large_request();
  }
  for (size_t i = 0; i < REQUESTS; i++) {
    wire_read_answer(wires[i], &answer);
    ck_assert_msg(answer.status == 200, "request %zu: %s", i, answer.body);
    close(wires[i]);
  }
  daemon_stop(&daemon_process);
  ck_assert_ptr_null(strstr(daemon_process.said, "connections ended"));
}
END_TEST

START_TEST(others_are_answered_while_the_server_computes) {
  enum { REQUESTS = 8 };
  int wires[REQUESTS];
  struct answer answer;
  START(&daemon_process, "--threads", "1");
  for (size_t i = 0; i < REQUESTS; i++) {
    wires[i] = begin_large_request();
  }
  int other = wire_connect(&daemon_process);
  for (int i = 0; i < 10; i++) {
    struct pollfd last = {.fd = wires[REQUESTS - 1], .events = POLLIN};
    wire_send_text(other, LIVEZ);
    wire_read_answer(other, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_msg(poll(&last, 1, 0) == 0, "answer %d came after all large ones", i);
  }
  for (size_t i = 0; i < REQUESTS; i++) {
    wire_read_answer(wires[i], &answer);
    ck_assert_int_eq(answer.status, 200);
    close(wires[i]);
  }
  close(other);
  daemon_stop(&daemon_process);
}
END_TEST

/* A whole request lies in the socket of a connection that is kept while the daemon does not run. */
START_TEST(time_in_which_the_daemon_does_not_run_passes_no_deadline) {
  struct answer answer;
  START(&daemon_process, "--threads", "1", "--idle-seconds", "1", "--header-seconds", "1");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, LIVEZ);
  wire_read_answer(wire, &answer);
  int fresh = wire_connect(&daemon_process);
  stop_running();
  wire_send_text(wire, LIVEZ);
  poll(NULL, 0, 2000);
  daemon_signal(&daemon_process, SIGCONT);
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  wire_send_text(fresh, LIVEZ);
  wire_read_answer(fresh, &answer);
  ck_assert_int_eq(answer.status, 200);
  close(fresh);
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("crowds");
  TCase *cases = tcase_create("crowds");
  const int crowd_count = sizeof crowds / sizeof crowds[0];
  tcase_add_checked_fixture(cases, NULL, tidy);
  tcase_add_loop_test(cases, all_clients_that_are_ready_at_one_instant_are_answered, 0,
                      crowd_count);
  tcase_add_loop_test(cases, all_clients_that_are_ready_at_one_instant_are_answered_over_tls, 0,
                      crowd_count);
  tcase_add_loop_test(cases, clients_that_stand_still_take_no_processor_time, 0,
                      sizeof states / sizeof states[0]);
  tcase_add_test(cases, handshakes_that_stop_after_the_client_hello_take_no_processor_time);
  tcase_add_test(cases, no_deadline_passes_while_the_server_computes);
  tcase_add_test(cases, others_are_answered_while_the_server_computes);
  tcase_add_test(cases, time_in_which_the_daemon_does_not_run_passes_no_deadline);
  suite_add_tcase(suite, cases);
  return suite_end(suite);
}
