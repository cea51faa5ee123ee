/*
 * The command line: what the program says and with which exit code it ends.
 */
#include "daemon.h"
#include "suite.h"
#include "wire.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

static void expect_words(const char *text, const char *words) {
  ck_assert_msg(strstr(text, words) != NULL, "\"%s\" lacks \"%s\"", text, words);
}

START_TEST(version_names_the_version) {
  struct run run;
  RUN(&run, "--version");
  ck_assert_int_eq(run.exit_code, 0);
  ck_assert_int_eq(strncmp(run.output, "spikelossd 0.", 13), 0);
  ck_assert_str_eq(run.messages, "");
}
END_TEST

START_TEST(help_names_every_option) {
  static const char *const options[] = {
      "--config",         "--check",           "--version",      "--help",       "--listen",
      "--threads",        "--idle-seconds",    "--body-bytes",   "--pairs",      "--answer-bytes",
      "--deferred-bytes", "--log-level",       "--stop-seconds", "--token-file", "--unix-mode",
      "--cors-origins",   "--tls-certificate", "--tls-key",      "--client-ca",  "--isa"};
  struct run run;
  RUN(&run, "--help");
  ck_assert_int_eq(run.exit_code, 0);
  ck_assert_str_eq(run.messages, "");
  for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
    expect_words(run.output, options[i]);
  }
}
END_TEST

START_TEST(check_accepts_a_good_configuration_without_serving) {
  struct run run;
  RUN(&run, "--check");
  ck_assert_int_eq(run.exit_code, 0);
  expect_words(run.output, "the configuration is valid");
  ck_assert_str_eq(run.messages, "");
  RUN(&run, "--listen", "127.0.0.1:0", "--body-bytes=1KiB", "--check", "--threads", "7");
  ck_assert_int_eq(run.exit_code, 0);
}
END_TEST

/* Arguments that are wrong, and the words that must tell so. */
static const struct {
  const char *arguments[3];
  const char *words[2];
} bad[] = {
    {{"--colour"}, {"--colour", "--help"}},
    {{"serve"}, {"serve", "--help"}},
    {{"-v"}, {"-v", "--help"}},
    {{"--threads"}, {"--threads", "the value is missing"}},
    {{"--threads", "many"}, {"--threads", "\"many\" is not a whole number"}},
    {{"--threads", "1025"}, {"--threads", "bounds 0 to 1024"}},
    {{"--idle-seconds=0"}, {"--idle-seconds", "bounds 1 to 86400"}},
    {{"--body-bytes", "10MB"}, {"--body-bytes", "KiB, MiB or GiB"}},
    {{"--body-bytes", "-1"}, {"--body-bytes", "\"-1\""}},
    {{"--pairs", "99999999999999999999"}, {"--pairs", "bounds"}},
    {{"--log-level", "loud"}, {"--log-level", "error warning info debug"}},
    {{"--listen", "nowhere"}, {"--listen", "nowhere"}},
    {{"--listen", "127.0.0.1:70000"}, {"--listen", "127.0.0.1:70000"}},
    {{"--listen", "unix:"}, {"--listen", "unix:"}},
    {{"--config", "/nowhere/spikelossd.conf"}, {"/nowhere/spikelossd.conf", "No such file"}},
};

START_TEST(bad_arguments_are_fatal_and_named) {
  struct run run;
  program_run(&run, bad[_i].arguments);
  ck_assert_int_eq(run.exit_code, EX_CONFIG);
  ck_assert_str_eq(run.output, "");
  ck_assert_int_eq(strncmp(run.messages, "spikelossd: ", 12), 0);
  ck_assert_ptr_eq(strchr(run.messages, '\n'), run.messages + strlen(run.messages) - 1);
  expect_words(run.messages, bad[_i].words[0]);
  expect_words(run.messages, bad[_i].words[1]);
}
END_TEST

START_TEST(check_refuses_a_bad_configuration) {
  struct run run;
  RUN(&run, "--check", "--threads", "1025");
  ck_assert_int_eq(run.exit_code, EX_CONFIG);
  ck_assert_str_eq(run.output, "");
  expect_words(run.messages, "--threads");
}
END_TEST

/* Values that are good by themselves, each with what is said of it beside what it clashes with. */
static const struct {
  const char *arguments[3];
  const char *warning; /* or NULL: at the limit nothing is said */
} pairs[] = {
    {{"--memory-bytes", "256KiB"}, NULL},
    {{"--memory-bytes", "262143"}, "memory_bytes is 262143, but the smallest request needs 262144"},
};

START_TEST(check_warns_once_of_values_that_cannot_work_together) {
  const char *arguments[4] = {"--check"};
  struct run run;
  memcpy(arguments + 1, pairs[_i].arguments, sizeof pairs[_i].arguments);
  program_run(&run, arguments);
  ck_assert_int_eq(run.exit_code, 0);
  ck_assert_str_eq(run.output, "the configuration is valid\n");
  if (pairs[_i].warning == NULL) {
    ck_assert_str_eq(run.messages, "");
    return;
  }
  ck_assert_int_eq(strncmp(run.messages, "spikelossd: ", 12), 0);
  ck_assert_ptr_eq(strchr(run.messages, '\n'), run.messages + strlen(run.messages) - 1);
  expect_words(run.messages, pairs[_i].warning);
}
END_TEST

START_TEST(the_start_warns_of_values_that_cannot_work_together) {
  struct daemon process;
  START(&process, pairs[_i].arguments[0], pairs[_i].arguments[1]);
  daemon_stop(&process);
  if (pairs[_i].warning != NULL) {
    expect_words(process.said, "level=warning");
    expect_words(process.said, pairs[_i].warning);
  } else {
    ck_assert_ptr_null(strstr(process.said, "level=warning"));
  }
}
END_TEST

/* As ProcSubset=pid of systemd does. Where the test may not, the daemon sees the whole of /proc. */
static void hide_meminfo(void) {
  bool hidden = unshare(CLONE_NEWNS) == 0 &&
                mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("proc", "/proc", "proc", 0, "subset=pid") == 0;
  if (!hidden) {
    dprintf(STDERR_FILENO, "cannot hide /proc/meminfo here\n");
  }
}

START_TEST(memory_that_is_hidden_is_not_taken_for_memory_without_end) {
  struct daemon process;
  daemon_prepare(hide_meminfo);
  START(&process, "--log-level", "debug");
  daemon_prepare(NULL);
  daemon_stop(&process);
  const char *words = strstr(process.said, "may take ");
  ck_assert_ptr_nonnull(words);
  unsigned long long bytes = strtoull(words + strlen("may take "), NULL, 10);
  ck_assert_uint_gt(bytes, 1 << 20);
  ck_assert_uint_lt(bytes, 1ULL << 50);
}
END_TEST

static void allow_few_files(void) {
  const struct rlimit limit = {.rlim_cur = 40, .rlim_max = 256};
  setrlimit(RLIMIT_NOFILE, &limit);
}

START_TEST(the_hard_limit_of_open_files_decides_how_many_connections_are_served) {
  enum { CLIENTS = 150 };
  struct daemon process;
  int wires[CLIENTS];
  struct answer answer;
  daemon_prepare(allow_few_files);
  START(&process, "--threads", "1", "--log-level", "debug");
  daemon_prepare(NULL);
  for (int i = 0; i < CLIENTS; i++) {
    wires[i] = wire_connect(&process);
    wire_send_text(wires[i], "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wire_read_answer(wires[i], &answer);
    ck_assert_int_eq(answer.status, 200);
  }
  for (int i = 0; i < CLIENTS; i++) {
    close(wires[i]);
  }
  daemon_stop(&process);
  expect_words(process.said,
               "184 connections are served at once"); /* of 256 files, 72 are for other things */
}
END_TEST

START_TEST(an_option_that_was_retired_is_a_warning) {
  struct run check;
  RUN(&check, "--check", "--depth", "5");
  ck_assert_int_eq(check.exit_code, 0);
  expect_words(check.messages, "depth is no longer an option: 32 arrays");
  expect_words(check.messages, "remove it");
}
END_TEST

START_TEST(letters_ask_for_help_and_version) {
  struct run letter;
  struct run word;
  RUN(&letter, "-h");
  RUN(&word, "--help");
  ck_assert_int_eq(letter.exit_code, 0);
  ck_assert_str_eq(letter.output, word.output);
  RUN(&letter, "-V");
  RUN(&word, "--version");
  ck_assert_int_eq(letter.exit_code, 0);
  ck_assert_str_eq(letter.output, word.output);
}
END_TEST

START_TEST(bad_variables_are_fatal_and_named) {
  static const char *const variables[] = {"SPIKELOSSD_PAIRS", "SPIKELOSSD_COLOUR"};
  for (size_t i = 0; i < 2; i++) {
    struct run run;
    setenv(variables[i], "blue", 1);
    RUN(&run, "--check");
    unsetenv(variables[i]);
    ck_assert_int_eq(run.exit_code, EX_CONFIG);
    expect_words(run.messages, variables[i]);
  }
}
END_TEST

/* Runs --check on a configuration file of this text. */
static void check_file(struct run *run, const char *text) {
  char path[] = "/tmp/spikelossd-test-XXXXXX";
  int file = mkstemp(path);
  ck_assert_int_ge(file, 0);
  ck_assert_int_eq(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
  RUN(run, "--config", path, "--check");
  unlink(path);
}

START_TEST(a_bad_line_of_the_file_is_named_by_its_number) {
  struct run run;
  check_file(&run, "# good\nbody_bytes = 64MiB\n\npairs = 1Mi\n");
  ck_assert_int_eq(run.exit_code, 0);
  check_file(&run, "# good\nbody_bytes = 64MiB\ncolour = blue\n");
  ck_assert_int_eq(run.exit_code, EX_CONFIG);
  expect_words(run.messages, ":3: ");
  expect_words(run.messages, "colour");
  check_file(&run, "threads = many\n");
  ck_assert_int_eq(run.exit_code, EX_CONFIG);
  expect_words(run.messages, ":1: ");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("command");
  TCase *arguments = tcase_create("arguments");
  tcase_add_test(arguments, version_names_the_version);
  tcase_add_test(arguments, help_names_every_option);
  tcase_add_test(arguments, check_accepts_a_good_configuration_without_serving);
  tcase_add_loop_test(arguments, bad_arguments_are_fatal_and_named, 0,
                      (int)(sizeof bad / sizeof *bad));
  tcase_add_test(arguments, check_refuses_a_bad_configuration);
  tcase_add_loop_test(arguments, check_warns_once_of_values_that_cannot_work_together, 0,
                      (int)(sizeof pairs / sizeof *pairs));
  tcase_add_loop_test(arguments, the_start_warns_of_values_that_cannot_work_together, 0,
                      (int)(sizeof pairs / sizeof *pairs));
  tcase_add_test(arguments, memory_that_is_hidden_is_not_taken_for_memory_without_end);
  tcase_add_test(arguments, the_hard_limit_of_open_files_decides_how_many_connections_are_served);
  tcase_add_test(arguments, an_option_that_was_retired_is_a_warning);
  tcase_add_test(arguments, letters_ask_for_help_and_version);
  tcase_add_test(arguments, bad_variables_are_fatal_and_named);
  tcase_add_test(arguments, a_bad_line_of_the_file_is_named_by_its_number);
  suite_add_tcase(suite, arguments);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? 1 : 0;
}
