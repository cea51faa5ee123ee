#include "daemon.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGUMENTS = 24 };

static void (*prepare)(void);

void daemon_prepare(void (*in_child)(void)) {
  prepare = in_child;
}

static void open_pipe(int ends[2]) {
  ck_assert_msg(pipe2(ends, O_CLOEXEC) == 0, "pipe: %s", strerror(errno));
}

/* The child's part: only its arguments count, not the environment of the tests. */
_Noreturn static void become_program(char *const *arguments, int output, int messages) {
  static const char *const foreign[] = {"SPIKELOSSD_LISTEN", "SPIKELOSSD_CONFIG",
                                        "SPIKELOSSD_THREADS", "SPIKELOSSD_ISA"};
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
    unsetenv(foreign[i]);
  }
  if (output >= 0) {
    dup2(output, STDOUT_FILENO);
  }
  dup2(messages, STDERR_FILENO);
  if (prepare != NULL) {
    prepare();
  }
  execv(DAEMON_PROGRAM, arguments);
  dprintf(STDERR_FILENO, "cannot run %s: %s\n", DAEMON_PROGRAM, strerror(errno));
  _exit(127);
}

static pid_t start_program(char *const *arguments, int output, int messages) {
  pid_t process = fork();
  ck_assert_msg(process >= 0, "fork: %s", strerror(errno));
  if (process == 0) {
    become_program(arguments, output, messages);
  }
  return process;
}

/* Appends options up to their NULL; the program does not write to its arguments. */
static void append(char **arguments, size_t *count, const char *const *options) {
  for (; *options != NULL; options++) {
    ck_assert_uint_lt(*count + 1, MAX_ARGUMENTS);
    arguments[(*count)++] = (char *)*options;
  }
  arguments[*count] = NULL;
}

/* Reads what has come, for at most the deadline. False at the end. */
static bool read_some(int from, char *text, size_t *length, size_t room) {
  struct pollfd wanted = {.fd = from, .events = POLLIN};
  ck_assert_msg(poll(&wanted, 1, DEADLINE_SECONDS * 1000) == 1, "nothing came; so far: %s", text);
  char rest[1 << 12];
  bool full = *length + 1 >= room;
  ssize_t got =
      full ? read(from, rest, sizeof rest) : read(from, text + *length, room - 1 - *length);
  ck_assert_msg(got >= 0, "read: %s", strerror(errno));
  if (!full) {
    *length += (size_t)got;
    text[*length] = '\0';
  }
  return got > 0;
}

void daemon_wait_for_message(struct daemon *daemon, const char *text) {
  while (strstr(daemon->said, text) == NULL) {
    bool more =
        read_some(daemon->messages, daemon->said, &daemon->said_length, sizeof daemon->said);
    ck_assert_msg(more, "the daemon ended before it said \"%s\": %s", text, daemon->said);
  }
}

static void make_folder(struct daemon *daemon) {
  strcpy(daemon->folder, "/tmp/spikelossd-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(daemon->folder));
  snprintf(daemon->socket, sizeof daemon->socket, "%s/daemon.sock", daemon->folder);
}

void daemon_start(struct daemon *daemon, const char *const *options) {
  *daemon = (struct daemon){.messages = -1};
  make_folder(daemon);
  char unix_address[128];
  snprintf(unix_address, sizeof unix_address, "unix:%s", daemon->socket);
  char *arguments[MAX_ARGUMENTS];
  size_t count = 0;
  append(arguments, &count,
         (const char *const[]){"spikelossd", "--listen", "127.0.0.1:0", "--listen", unix_address,
                               "--hosts", "x", NULL}); /* the name in raw requests of the tests */
  append(arguments, &count, options);

  int ends[2];
  open_pipe(ends);
  daemon->process = start_program(arguments, -1, ends[1]);
  close(ends[1]);
  daemon->messages = ends[0];
  daemon_wait_for_message(daemon, unix_address); /* the last line it writes before it waits */
  const char *address = strstr(daemon->said, "listening on http");
  ck_assert_ptr_nonnull(address);
  ck_assert_int_eq(sscanf(address, "listening on %63[^\" \n]", daemon->url), 1);
  ck_assert_int_eq(sscanf(daemon->url, "%*[a-z]://127.0.0.1:%d", &daemon->port), 1);
}

/* The child's part: the sockets move out of the way of each other, then to where they belong. */
static void hand_over(const int *sockets, size_t count, const char *listen_fds) {
  enum { FIRST = 3, OUT_OF_THE_WAY = 100 };
  char process[16];
  int moved[MAX_ARGUMENTS];
  for (size_t i = 0; i < count; i++) {
    moved[i] = fcntl(sockets[i], F_DUPFD, OUT_OF_THE_WAY);
  }
  for (size_t i = 0; i < count; i++) {
    dup2(moved[i], FIRST + (int)i);
    close(moved[i]);
  }
  snprintf(process, sizeof process, "%d", (int)getpid());
  setenv("LISTEN_PID", process, 1);
  setenv("LISTEN_FDS", listen_fds, 1);
}

void daemon_start_with_sockets(struct daemon *daemon, const int *sockets, size_t count,
                               const char *listen_fds, const char *const *options) {
  *daemon = (struct daemon){.messages = -1};
  make_folder(daemon);
  char *arguments[MAX_ARGUMENTS];
  size_t length = 0;
  append(arguments, &length, (const char *const[]){"spikelossd", NULL});
  append(arguments, &length, options);
  int ends[2];
  open_pipe(ends);
  daemon->process = fork();
  ck_assert_msg(daemon->process >= 0, "fork: %s", strerror(errno));
  if (daemon->process == 0) {
    dup2(ends[1], STDERR_FILENO);
    hand_over(sockets, count, listen_fds);
    become_program(arguments, -1, STDERR_FILENO);
  }
  close(ends[1]);
  daemon->messages = ends[0];
}

void daemon_start_silent(struct daemon *daemon, const char *const *options) {
  struct sockaddr_in name = {.sin_family = AF_INET};
  socklen_t length = sizeof name;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(bind(listener, (const struct sockaddr *)&name, sizeof name), 0);
  ck_assert_int_eq(listen(listener, 64), 0);
  ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &length), 0);
  daemon_start_with_sockets(daemon, &listener, 1, "1", options);
  close(listener);
  daemon->port = ntohs(name.sin_port);
  snprintf(daemon->url, sizeof daemon->url, "http://127.0.0.1:%d", daemon->port);
}

void daemon_signal(const struct daemon *daemon, int signal_number) {
  ck_assert_int_gt(daemon->process, 0);
  ck_assert_int_eq(kill(daemon->process, signal_number), 0);
}

/* True if a connection was accepted. */
static bool can_connect(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ck_assert_int_ge(probe, 0);
  bool connected = connect(probe, (const struct sockaddr *)&address, sizeof address) == 0;
  close(probe);
  return connected;
}

void daemon_wait_for_refusal(const struct daemon *daemon) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  while (can_connect(daemon->port)) {
    ck_assert_msg(time(NULL) < deadline, "the daemon still accepts connections");
  }
}

static void forget(struct daemon *daemon) {
  close(daemon->messages);
  unlink(daemon->socket);
  char lock[sizeof daemon->socket + 8];
  snprintf(lock, sizeof lock, "%s.lock", daemon->socket);
  unlink(lock); /* both are left where the daemon was killed */
  rmdir(daemon->folder);
  daemon->process = 0;
}

int daemon_wait_for_end(struct daemon *daemon) {
  while (read_some(daemon->messages, daemon->said, &daemon->said_length, sizeof daemon->said)) {
  }
  int status = 0;
  ck_assert_int_eq(waitpid(daemon->process, &status, 0), daemon->process);
  forget(daemon);
  return status;
}

void daemon_ends_well(struct daemon *daemon) {
  int status = daemon_wait_for_end(daemon);
  bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  ck_assert_msg(well, "the daemon ended with wait status %d: %s", status, daemon->said);
}

void daemon_stop(struct daemon *daemon) {
  daemon_signal(daemon, SIGTERM);
  daemon_ends_well(daemon);
}

/* A test that failed may have left requests half sent, which a daemon that stops would wait for. */
void daemon_tidy(struct daemon *daemon) {
  if (daemon->process > 0) {
    kill(daemon->process, SIGKILL);
    waitpid(daemon->process, NULL, 0);
    forget(daemon);
  }
}

void program_run(struct run *run, const char *const *arguments) {
  *run = (struct run){.exit_code = -1};
  char *all[MAX_ARGUMENTS];
  size_t count = 0;
  append(all, &count, (const char *const[]){"spikelossd", NULL});
  append(all, &count, arguments);

  int output[2];
  int messages[2];
  open_pipe(output);
  open_pipe(messages);
  pid_t process = start_program(all, output[1], messages[1]);
  close(output[1]);
  close(messages[1]);
  size_t length = 0;
  while (read_some(output[0], run->output, &length, sizeof run->output)) {
  }
  length = 0;
  while (read_some(messages[0], run->messages, &length, sizeof run->messages)) {
  }
  close(output[0]);
  close(messages[0]);
  int status = 0;
  ck_assert_int_eq(waitpid(process, &status, 0), process);
  ck_assert_msg(WIFEXITED(status), "the program ended with wait status %d", status);
  run->exit_code = WEXITSTATUS(status);
}
