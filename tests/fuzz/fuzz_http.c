/*
 * Whole requests, after one byte for the splits, sent to the daemon's own engine
 * over a Unix socket. Whatever comes, the daemon stays, hangs up when it has said all, and says
 * nothing but complete answers that a strict client can read.
 */
#include "answers.h"
#include "daemon/config.h"
#include "fuzz.h"
#include "http/handlers/handlers.h"
#include "http/server.h"
#include "support/small_random.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* What does not come in this time has hung. */
enum { DEADLINE_SECONDS = 20 };

static struct sl_server *server;
static char folder[64] = "/tmp/spikelossd-fuzz-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static void must(bool ok, const char *what) {
  if (!ok) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    abort();
  }
}

static void stop(void) {
  sl_server_stop(server);
  rmdir(folder);
}

/* Limits that short requests can meet. */
static void start(void) {
  static char *const no_environment[] = {NULL};
  char listen[128];
  struct sl_error error = SL_NO_ERROR;
  struct sl_config config;
  must(mkdtemp(folder) != NULL, "no folder");
  snprintf(address.sun_path, sizeof address.sun_path, "%s/daemon.sock", folder);
  snprintf(listen, sizeof listen, "--listen=unix:%s", address.sun_path);
  char *arguments[] = {"spikelossd",           listen,         "--threads=1",
                       "--body-bytes=4KiB",    "--pairs=2000", "--answer-bytes=1MiB",
                       "--memory-bytes=320KiB"};
  int count = sizeof arguments / sizeof *arguments;
  must(sl_config_read(&config, count, arguments, no_environment, &error), error.message);
  struct sl_server_options options = sl_config_server(&config);
  signal(SIGPIPE, SIG_IGN);
  options.find_route = sl_route_find;
  server = sl_server_start(&options, &error);
  must(server != NULL, error.message);
  sl_config_free(&config);
  atexit(stop);
}

static int connect_to_server(void) {
  int wire = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(wire >= 0, "socket");
  must(connect(wire, (const struct sockaddr *)&address, sizeof address) == 0, "connect");
  return wire;
}

/* libFuzzer's clock interrupts. */
static bool has_news(int wire, int milliseconds) {
  struct pollfd wanted = {.fd = wire, .events = POLLIN};
  int ready;
  do {
    ready = poll(&wanted, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  return ready == 1;
}

/* All that the daemon says is read while it is said, so that neither side waits for the other. */
static void listen_on(int wire, struct answers *answers, bool until_the_end) {
  char bytes[4096];
  while (!answers->ended && has_news(wire, until_the_end ? DEADLINE_SECONDS * 1000 : 0)) {
    ssize_t got = recv(wire, bytes, sizeof bytes, MSG_DONTWAIT);
    answers->ended = got <= 0; /* the end, or a reset: what was sent is not read any more */
    if (got > 0) {
      answers_add(answers, bytes, (size_t)got);
    }
  }
  must(answers->ended || !until_the_end, "the daemon neither answers nor hangs up");
}

static void say(int wire, const char *bytes, size_t length, struct sl_random *random,
                struct answers *answers) {
  while (length > 0 && !answers->ended) {
    size_t piece = sl_random_one_in(random, 3) ? length : 1 + sl_random_below(random, length);
    ssize_t sent = send(wire, bytes, piece, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes += sent;
      length -= (size_t)sent;
    } else if (errno != EAGAIN && errno != EINTR) {
      break; /* it has hung up */
    }
    listen_on(wire, answers, false);
  }
}

/* libmicrohttpd overlooks the end of a stream that comes together with its last bytes, until the
 * connection has been idle for long: so the end comes when the daemon has taken everything. */
static void wait_until_taken(int wire, struct answers *answers) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  int left = 1;
  while (left > 0 && !answers->ended) {
    must(time(NULL) < deadline, "the daemon does not read");
    must(ioctl(wire, SIOCOUTQ, &left) == 0, "ioctl");
    listen_on(wire, answers, false);
    sched_yield();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (server == NULL) {
    start();
  }
  if (size == 0) {
    return 0;
  }
  struct sl_random random = {UINT64_C(1) + data[0]};
  struct answers answers = {0};
  int wire = connect_to_server();
  say(wire, (const char *)data + 1, size - 1, &random, &answers);
  wait_until_taken(wire, &answers);
  shutdown(wire, SHUT_WR);
  listen_on(wire, &answers, true);
  close(wire);
  answers_check(&answers, (const char *)data + 1, size - 1);
  answers_free(&answers);
  return 0;
}
