/*
 * The warning of a server that a whole network may use. These tests listen on all interfaces of a
 * network that has only a loopback interface, so that testing it opens no port to others.
 */
#include "certificates.h"
#include "daemon.h"
#include "scratch.h"
#include "suite.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define WARNING "may use the server"

static struct daemon daemon_process;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

/* Moves this process to a network of its own, with the loopback interface up. */
static bool leave_the_network(void) {
  int flags = CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
  if (unshare(flags) != 0) {
    return false;
  }
  struct ifreq loopback = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool up = control >= 0 && ioctl(control, SIOCSIFFLAGS, &loopback) == 0;
  close(control);
  return up;
}

static int count_of(const char *text, const char *words) {
  int count = 0;
  while ((text = strstr(text, words)) != NULL) {
    count++;
    text++;
  }
  return count;
}

START_TEST(a_server_for_everybody_says_so_once) {
  START(&daemon_process, "--listen", "0.0.0.0:0", "--listen", "[::]:0");
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, "level=warning"), 1);
  ck_assert_int_eq(count_of(daemon_process.said, WARNING), 1);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "0.0.0.0:"));
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "token_file or client_ca"));
}
END_TEST

START_TEST(all_of_ipv6_is_everybody_too) {
  START(&daemon_process, "--listen", "[::1]:0", "--listen", "[::]:0");
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, "every client that reaches this address"), 1);
}
END_TEST

START_TEST(loopback_and_unix_sockets_are_no_reason_to_warn) {
  START(&daemon_process, "--listen", "127.0.0.2:0", "--listen", "[::1]:0", "--listen",
        "localhost:0");
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, "level=warning"), 0);
}
END_TEST

START_TEST(tokens_or_certificates_of_clients_end_the_warning_but_tls_alone_does_not) {
  struct authority authority;
  scratch_open(&scratch);
  authority_open(&authority, &scratch, "ca");
  authority_sign(&authority, &scratch, "server", FOR_SERVER);
  authority_close(&authority);
  const char *tokens = scratch_write(&scratch, "tokens", "alice 0123456789abcdef0123\n");
  const char *certificate = scratch_path(&scratch, "server.pem");
  const char *key = scratch_path(&scratch, "server.key");

  START(&daemon_process, "--listen", "0.0.0.0:0", "--token-file", tokens);
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, WARNING), 0);
  START(&daemon_process, "--listen", "0.0.0.0:0", "--tls-certificate", certificate, "--tls-key",
        key, "--client-ca", scratch_path(&scratch, "ca.pem"));
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, WARNING), 0);
  START(&daemon_process, "--listen", "0.0.0.0:0", "--tls-certificate", certificate, "--tls-key",
        key);
  daemon_stop(&daemon_process);
  ck_assert_int_eq(count_of(daemon_process.said, WARNING), 1);
}
END_TEST

int main(void) {
  enum { SKIPPED = 77 };
  if (!leave_the_network()) {
    fprintf(stderr, "SKIPPED: this machine gives no process a network of its own\n");
    return SKIPPED;
  }
  return RUN_SUITE("exposure", tidy, a_server_for_everybody_says_so_once,
                   all_of_ipv6_is_everybody_too, loopback_and_unix_sockets_are_no_reason_to_warn,
                   tokens_or_certificates_of_clients_end_the_warning_but_tls_alone_does_not);
}
