/*
 * What a supervisor such as systemd is told: that the daemon is ready, that none of its threads
 * hangs, that it stops, and how important each line of its log is.
 */
#include "client.h"
#include "scratch.h"
#include "suite.h"
#include "wire.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct daemon daemon_process;
static struct scratch scratch;
static int supervisor; /* the socket of NOTIFY_SOCKET */
static pid_t held;     /* a thread of the daemon, or 0 */

static void release(void) {
  ck_assert_int_eq(ptrace(PTRACE_DETACH, held, NULL, NULL), 0);
  held = 0;
}

static void tidy(void) {
  static const char *const variables[] = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    unsetenv(variables[i]);
  }
  daemon_prepare(NULL);
  if (held != 0) {
    release();
  }
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

/* Daemons that start from now on tell `supervisor`. */
static void supervise(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  scratch_open(&scratch);
  const char *path = scratch_path(&scratch, "notify");
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  supervisor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ck_assert_int_eq(bind(supervisor, (const struct sockaddr *)&name, sizeof name), 0);
  setenv("NOTIFY_SOCKET", path, 1);
}

/* Whether something is told within this time; `told` gets it. */
static bool is_told(int milliseconds, char told[128]) {
  struct pollfd wanted = {.fd = supervisor, .events = POLLIN};
  memset(told, 0, 128);
  if (poll(&wanted, 1, milliseconds) == 0) {
    return false;
  }
  ck_assert_int_gt(recv(supervisor, told, 127, 0), 0);
  return true;
}

static void expect_told(const char *state) {
  char told[128];
  ck_assert(is_told(DEADLINE_SECONDS * 1000, told));
  ck_assert_str_eq(told, state);
}

START_TEST(systemd_is_told_when_it_is_ready_and_when_it_stops) {
  supervise();
  START(&daemon_process);
  expect_told("READY=1");
  daemon_stop(&daemon_process);
  expect_told("STOPPING=1");
  close(supervisor);
}
END_TEST

START_TEST(a_systemd_that_does_not_listen_is_no_reason_to_fail) {
  static const char *const paths[] = {"", "@", "relative", "/nowhere/at/all", "@nobody"};
  setenv("WATCHDOG_USEC", "1000", 1);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    setenv("NOTIFY_SOCKET", paths[i], 1);
    START(&daemon_process);
    daemon_stop(&daemon_process);
  }
}
END_TEST

/* With threads of each kind, a tick of the watchdog every hundredth of a second. */
static void start_watched(const char *threads) {
  supervise();
  setenv("WATCHDOG_USEC", "40000", 1);
  START(&daemon_process, "--threads", threads);
  expect_told("READY=1");
}

static void expect_signs_of_life(void) {
  for (int i = 0; i < 5; i++) {
    expect_told("WATCHDOG=1");
  }
}

/* More than what may lie in the socket of the supervisor, and come when this begins. */
enum { MAX_UNDERWAY = 16 };

static void expect_silence(void) {
  char told[128];
  for (int count = 0; is_told(500, told); count++) {
    ck_assert_int_lt(count, MAX_UNDERWAY);
  }
}

/* A daemon that nobody listens to does not wait for it. */
static void end(void) {
  close(supervisor);
  daemon_stop(&daemon_process);
}

/* Of the daemon's threads in the order in which they were started, the one that many before the
 * last. Those of one kind are started together: at the end as many workers as there are threads,
 * before them as many that compute. */
static pid_t thread_from_last(size_t back) {
  enum { MAX_THREADS = 64 };
  char path[64];
  pid_t threads[MAX_THREADS];
  size_t count = 0;
  snprintf(path, sizeof path, "/proc/%d/task", (int)daemon_process.process);
  DIR *folder = opendir(path);
  ck_assert_ptr_nonnull(folder);
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.' && count < MAX_THREADS) {
      threads[count++] = (pid_t)strtol(entry->d_name, NULL, 10);
    }
  }
  closedir(folder);
  ck_assert_uint_gt(count, back);
  return threads[count - 1 - back];
}

/* Stops one thread as a debugger does, so that it hangs while the others go on. Returns false where
 * that is forbidden. */
static bool hold(pid_t thread) {
  if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
    fprintf(stderr, "skipped: threads cannot be held here\n");
    return false;
  }
  held = thread;
  ck_assert_int_eq(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
  ck_assert_int_eq(waitpid(thread, NULL, __WALL), thread);
  return true;
}

START_TEST(a_daemon_without_clients_shows_that_it_lives) {
  start_watched("3");
  expect_signs_of_life();
  end();
}
END_TEST

START_TEST(a_daemon_shows_no_life_while_one_of_its_workers_hangs) {
  for (size_t worker = 0; worker < 3; worker++) {
    start_watched("3");
    if (hold(thread_from_last(worker))) {
      expect_silence();
      release();
      expect_signs_of_life();
    }
    end();
    scratch_close(&scratch);
  }
}
END_TEST

/* A million pairs, which are left to a compute thread. */
#define WIDE                                                                                       \
  "{\"spikes_list\":[{\"shape\":[1,1,1000000],\"encoding\":\"coo\",\"data\":[]}],\"offsets\":"     \
  "[0.5],\"multipliers\":[1],\"gradient\":\"none\"}"

START_TEST(a_computation_may_take_as_long_as_it_likes) {
  struct answer answer;
  start_watched("1");
  if (hold(thread_from_last(1))) {
    int wire = wire_begin_post(&daemon_process, FIRING_RATE, "", strlen(WIDE));
    struct pollfd answered = {.fd = wire, .events = POLLIN};
    wire_send_text(wire, WIDE);
    expect_signs_of_life();
    ck_assert_int_eq(poll(&answered, 1, 0), 0);
    release();
    wire_read_answer(wire, &answer);
    ck_assert_int_eq(answer.status, 200);
    close(wire);
  }
  end();
}
END_TEST

START_TEST(only_a_watchdog_of_this_process_is_told) {
  static const char *const others[][2] = {{"1000", "1"}, {"1000", "many"}, {"1000", ""},
                                          {"0", NULL},   {"soon", NULL},   {"", NULL}};
  char told[128];
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    supervise();
    setenv("WATCHDOG_USEC", others[i][0], 1);
    unsetenv("WATCHDOG_PID");
    if (others[i][1] != NULL) {
      setenv("WATCHDOG_PID", others[i][1], 1);
    }
    START(&daemon_process);
    expect_told("READY=1");
    ck_assert_msg(!is_told(100, told), "%s, %s: %s", others[i][0], others[i][1], told);
    end();
    scratch_close(&scratch);
  }
}
END_TEST

static void name_own_process(void) {
  char process[16];
  snprintf(process, sizeof process, "%d", (int)getpid());
  setenv("WATCHDOG_PID", process, 1);
}

START_TEST(the_watchdog_may_name_the_process) {
  daemon_prepare(name_own_process);
  start_watched("1");
  expect_signs_of_life();
  end();
}
END_TEST

/* In the child: its standard error is the journal. */
static void log_to_journal(void) {
  struct stat output;
  char name[64];
  fstat(STDERR_FILENO, &output);
  snprintf(name, sizeof name, "%ju:%ju", (uintmax_t)output.st_dev, (uintmax_t)output.st_ino);
  setenv("JOURNAL_STREAM", name, 1);
}

static void log_to_another_stream(void) {
  setenv("JOURNAL_STREAM", "1:1", 1);
}

static void log_to_nonsense(void) {
  setenv("JOURNAL_STREAM", "", 1);
}

START_TEST(the_journal_gets_the_priority_of_each_line) {
  static const char *const formats[] = {"logfmt", "json"};
  for (size_t i = 0; i < 2; i++) {
    scratch_open(&scratch);
    const char *tokens = scratch_write(&scratch, "tokens", "name 0123456789abcdef\n");
    daemon_prepare(log_to_journal);
    START(&daemon_process, "--log-level", "debug", "--memory-bytes", "1KiB", "--log-format",
          formats[i], "--token-file", tokens);
    unlink(tokens);
    daemon_signal(&daemon_process, SIGHUP);
    daemon_wait_for_message(&daemon_process, "SIGHUP");
    daemon_stop(&daemon_process);
    size_t lines[8] = {0};
    for (const char *line = daemon_process.said; *line != '\0'; line = strchr(line, '\n') + 1) {
      static const char *const words[8] = {[3] = "SIGHUP", [4] = "every POST", [7] = "loops"};
      ck_assert_msg(line[0] == '<' && line[2] == '>', "%s", line);
      int priority = line[1] - '0';
      ck_assert(priority == 3 || priority == 4 || priority == 6 || priority == 7);
      lines[priority]++;
      for (int other = 3; other <= 7; other++) {
        const char *word = words[other] == NULL ? NULL : strstr(line, words[other]);
        bool here = word != NULL && word < strchr(line, '\n');
        ck_assert_msg(!here || other == priority, "%s", line);
      }
    }
    ck_assert(lines[3] == 1 && lines[4] == 1 && lines[6] >= 2 && lines[7] >= 1);
    scratch_close(&scratch);
  }
}
END_TEST

START_TEST(the_journal_learns_at_once_why_a_daemon_does_not_start) {
  struct run run;
  daemon_prepare(log_to_journal);
  RUN(&run, "--body-bytes", "many");
  ck_assert_int_eq(run.exit_code, 78);
  ck_assert_int_eq(strncmp(run.messages, "<3>spikelossd: --body-bytes", 27), 0);
  RUN(&run, "--check", "--memory-bytes", "1KiB");
  ck_assert_int_eq(strncmp(run.messages, "<4>spikelossd: memory_bytes", 27), 0);
}
END_TEST

START_TEST(lines_for_people_have_no_priority) {
  static void (*const streams[])(void) = {log_to_another_stream, log_to_nonsense};
  for (size_t i = 0; i < 2; i++) {
    daemon_prepare(streams[i]);
    START(&daemon_process);
    daemon_stop(&daemon_process);
    ck_assert_ptr_null(strchr(daemon_process.said, '<'));
  }
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "supervision", tidy, systemd_is_told_when_it_is_ready_and_when_it_stops,
      a_systemd_that_does_not_listen_is_no_reason_to_fail,
      a_daemon_without_clients_shows_that_it_lives,
      a_daemon_shows_no_life_while_one_of_its_workers_hangs,
      a_computation_may_take_as_long_as_it_likes, only_a_watchdog_of_this_process_is_told,
      the_watchdog_may_name_the_process, the_journal_gets_the_priority_of_each_line,
      the_journal_learns_at_once_why_a_daemon_does_not_start, lines_for_people_have_no_priority);
}
