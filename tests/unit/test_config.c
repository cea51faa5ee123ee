/*
 * Where an option's value comes from, and what is said when it is not good.
 */
#include "daemon/config.h"
#include "daemon/options.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 24 };

static char message[1024];
static char file_path[64];
static char *no_variables[] = {NULL};

/* Writes a configuration file and returns its path. */
static const char *file_with(const char *text) {
  snprintf(file_path, sizeof file_path, "/tmp/spikelossd_test_XXXXXX");
  int descriptor = mkstemp(file_path);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
  close(descriptor);
  return file_path;
}

/* Reads flags, which are given as one line of words, after `file` (NULL: none) and variables. */
static bool read_all(struct sl_config *config, const char *file, char *const *variables,
                     const char *flags) {
  char line[512];
  char name[] = "spikelossd";
  char *words[MAX_WORDS] = {name};
  int count = 1;
  snprintf(line, sizeof line, "%s%s %s", file != NULL ? "--config " : "", file != NULL ? file : "",
           flags);
  for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
    ck_assert_int_lt(count, MAX_WORDS);
    words[count++] = word;
  }
  message[0] = '\0';
  bool good = sl_config_read(config, count, words, variables, message, sizeof message);
  if (file != NULL) {
    unlink(file);
  }
  return good;
}

static struct sl_config good_flags(const char *flags) {
  struct sl_config config;
  ck_assert_msg(read_all(&config, NULL, no_variables, flags), "%s", message);
  return config;
}

static void assert_said(const char *words) {
  ck_assert_msg(strstr(message, words) != NULL, "\"%s\" does not say \"%s\"", message, words);
}

static void assert_flags_refused(const char *flags, const char *words) {
  struct sl_config config;
  ck_assert_msg(!read_all(&config, NULL, no_variables, flags), "%s was taken", flags);
  sl_config_free(&config);
  assert_said(words);
}

/* The message must begin with the file and this line. */
static void assert_file_refused(const char *text, int line, const char *words) {
  struct sl_config config;
  char place[80];
  ck_assert_msg(!read_all(&config, file_with(text), no_variables, ""), "%s was taken", text);
  sl_config_free(&config);
  snprintf(place, sizeof place, "%s:%d: ", file_path, line);
  ck_assert_msg(strncmp(message, place, strlen(place)) == 0, "\"%s\" does not begin with \"%s\"",
                message, place);
  assert_said(words);
}

static void assert_variable_refused(const char *variable, const char *words) {
  struct sl_config config;
  char copy[128];
  char *variables[] = {copy, NULL};
  snprintf(copy, sizeof copy, "%s", variable);
  ck_assert_msg(!read_all(&config, NULL, variables, ""), "%s was taken", variable);
  sl_config_free(&config);
  assert_said(words);
}

START_TEST(without_anything_the_defaults_are_in_force) {
  struct sl_config config = good_flags("");
  const struct sl_server_options server = sl_config_server(&config);
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  ck_assert_int_eq(config.task, SL_TASK_SERVE);
  ck_assert_uint_eq(server.listen_count, 1);
  ck_assert_str_eq(server.listen[0], "127.0.0.1:8080");
  ck_assert_uint_eq(server.threads, 0);
  ck_assert_uint_eq(server.idle_seconds, 60);
  ck_assert_uint_eq(server.header_seconds, 20);
  ck_assert_uint_eq(server.request_seconds, 300);
  ck_assert_uint_eq(server.stop_delay_seconds, 0);
  ck_assert_uint_eq(server.connection_memory, 128 * 1024);
  ck_assert_uint_eq(server.drain_seconds, 30);
  ck_assert_uint_eq(server.limits.body_bytes, limits.body_bytes);
  ck_assert_uint_eq(server.limits.pairs, limits.pairs);
  ck_assert_uint_eq(server.limits.answer_bytes, limits.answer_bytes);
  ck_assert_uint_eq(server.limits.deferred_bytes, limits.deferred_bytes);
  ck_assert_uint_eq(server.limits.member_bytes, limits.member_bytes);
  ck_assert_uint_eq(server.limits.depth, limits.depth);
  ck_assert_uint_eq(server.limits.layers, limits.layers);
  ck_assert_uint_eq(server.header_bytes, 16 * 1024);
  ck_assert_uint_eq(server.connections, 900);
  ck_assert_uint_eq(server.connections_per_address, 900);
  ck_assert_uint_eq(server.requests, 900);
  ck_assert_uint_eq(server.memory_bytes, 0);
  ck_assert_ptr_null(sl_config_isa(&config));
  sl_config_free(&config);
}
END_TEST

START_TEST(flags_win_over_variables_and_variables_over_the_file) {
  struct sl_config config;
  char body[] = "SPIKELOSSD_BODY_BYTES=2KiB";
  char pairs[] = "SPIKELOSSD_PAIRS=2";
  char *variables[] = {body, pairs, NULL};
  const char *file = file_with("body_bytes = 1KiB\npairs = 1\ndepth = 11\n");
  ck_assert_msg(read_all(&config, file, variables, "--body-bytes 3KiB"), "%s", message);
  ck_assert_uint_eq(config.body_bytes, 3072);
  ck_assert_uint_eq(config.pairs, 2);
  ck_assert_uint_eq(config.depth, 11);
  ck_assert_uint_eq(config.answer_bytes, UINT64_C(2) << 30);
  sl_config_free(&config);
}
END_TEST

START_TEST(a_flag_before_config_still_wins_over_the_file) {
  struct sl_config config;
  char line[128];
  snprintf(line, sizeof line, "--depth 12 --config=%s", file_with("depth = 11\n"));
  ck_assert_msg(read_all(&config, NULL, no_variables, line), "%s", message);
  unlink(file_path);
  ck_assert_uint_eq(config.depth, 12);
  sl_config_free(&config);
}
END_TEST

START_TEST(the_file_may_be_named_by_a_variable_unless_a_flag_names_another) {
  struct sl_config config;
  char first[] = "/tmp/spikelossd_test_no_such_file";
  char variable[128];
  char *variables[] = {variable, NULL};
  snprintf(variable, sizeof variable, "SPIKELOSSD_CONFIG=%s", first);
  ck_assert(!read_all(&config, NULL, variables, ""));
  assert_said(first);
  sl_config_free(&config);

  ck_assert_msg(read_all(&config, file_with("depth = 11\n"), variables, ""), "%s", message);
  ck_assert_uint_eq(config.depth, 11);
  sl_config_free(&config);
}
END_TEST

START_TEST(flags_take_their_value_behind_an_equals_sign_or_as_the_next_word) {
  struct sl_config config = good_flags("--body-bytes=5 --idle-seconds 7");
  ck_assert_uint_eq(config.body_bytes, 5);
  ck_assert_uint_eq(config.idle_seconds, 7);
  sl_config_free(&config);
}
END_TEST

START_TEST(the_last_of_equal_flags_wins) {
  struct sl_config config = good_flags("--depth 5 --depth 6");
  ck_assert_uint_eq(config.depth, 6);
  sl_config_free(&config);
}
END_TEST

START_TEST(addresses_add_up_within_a_source_and_replace_those_of_weaker_ones) {
  struct sl_config config;
  char listen[] = "SPIKELOSSD_LISTEN=127.0.0.1:3,[::1]:4";
  char *variables[] = {listen, NULL};
  const char *text = "listen = 127.0.0.1:1\nlisten = unix:/run/a b.sock\n";

  ck_assert_msg(read_all(&config, file_with(text), no_variables, ""), "%s", message);
  ck_assert_uint_eq(config.listen_count, 2);
  ck_assert_str_eq(config.listen[0], "127.0.0.1:1");
  ck_assert_str_eq(config.listen[1], "unix:/run/a b.sock");
  sl_config_free(&config);

  ck_assert_msg(read_all(&config, file_with(text), variables, ""), "%s", message);
  ck_assert_uint_eq(config.listen_count, 2);
  ck_assert_str_eq(config.listen[0], "127.0.0.1:3");
  ck_assert_str_eq(config.listen[1], "[::1]:4");
  sl_config_free(&config);

  ck_assert_msg(read_all(&config, file_with(text), variables, "--listen localhost:5"), "%s",
                message);
  ck_assert_uint_eq(config.listen_count, 1);
  ck_assert_str_eq(config.listen[0], "localhost:5");
  sl_config_free(&config);
}
END_TEST

START_TEST(sizes_take_binary_suffixes) {
  struct sl_config config =
      good_flags("--body-bytes 3KiB --answer-bytes 4MiB --deferred-bytes 5GiB --member-bytes 6Ki "
                 "--pairs 7Mi");
  ck_assert_uint_eq(config.body_bytes, UINT64_C(3) << 10);
  ck_assert_uint_eq(config.answer_bytes, UINT64_C(4) << 20);
  ck_assert_uint_eq(config.deferred_bytes, UINT64_C(5) << 30);
  ck_assert_uint_eq(config.member_bytes, UINT64_C(6) << 10);
  ck_assert_uint_eq(config.pairs, UINT64_C(7) << 20);
  sl_config_free(&config);
}
END_TEST

START_TEST(other_suffixes_and_things_that_are_no_numbers_are_refused) {
  assert_flags_refused("--body-bytes 1GB",
                       "--body-bytes: \"1GB\" is not a number with an optional");
  assert_flags_refused("--body-bytes 1KB", "KiB, MiB or GiB");
  assert_flags_refused("--body-bytes 1kib", "\"1kib\"");
  assert_flags_refused("--body-bytes 1KiBs", "\"1KiBs\"");
  assert_flags_refused("--body-bytes -1", "\"-1\"");
  assert_flags_refused("--body-bytes=", "\"\"");
  assert_flags_refused("--body-bytes 1.5GiB", "\"1.5GiB\"");
  assert_flags_refused("--pairs 1KiB", "Ki, Mi or Gi");
  assert_flags_refused("--depth 1Ki", "--depth: \"1Ki\" is not a whole number");
}
END_TEST

START_TEST(numbers_outside_their_bounds_are_refused_and_the_bounds_are_named) {
  assert_flags_refused("--depth 65", "65 is outside its bounds 1 to 64");
  assert_flags_refused("--depth 0", "0 is outside its bounds 1 to 64");
  assert_flags_refused("--idle-seconds 0", "outside its bounds 1 to 86400");
  assert_flags_refused("--body-bytes 99999999999999999999999", "outside its bounds");
  assert_flags_refused("--body-bytes 18446744073709551615GiB", "outside its bounds");
  struct sl_config config = good_flags("--depth 64 --idle-seconds 1");
  ck_assert_uint_eq(config.depth, 64);
  sl_config_free(&config);
}
END_TEST

START_TEST(words_that_are_no_choice_are_refused_and_the_choices_are_named) {
  assert_flags_refused("--log-level loud", "\"loud\" is not one of error warning info debug");
  assert_flags_refused("--isa sse", "not one of best scalar avx2 avx512");
  struct sl_config config = good_flags("--isa scalar");
  ck_assert_str_eq(sl_config_isa(&config), "scalar");
  sl_config_free(&config);
}
END_TEST

START_TEST(a_text_may_be_switched_off_by_a_stronger_source_and_is_never_empty) {
  struct sl_config config;
  ck_assert_msg(read_all(&config, file_with("token_file = /a b\n"), no_variables, ""), "%s",
                message);
  ck_assert_str_eq(sl_config_server(&config).token_file, "/a b");
  sl_config_free(&config);
  ck_assert_ptr_null(config.token_file);
  ck_assert_msg(read_all(&config, file_with("token_file = /a\n"), no_variables,
                         "--token-file /b --token-file none"),
                "%s", message);
  ck_assert_ptr_null(sl_config_server(&config).token_file);
  sl_config_free(&config);
  assert_flags_refused("--token-file=", "--token-file: the value is empty");
  assert_variable_refused("SPIKELOSSD_TOKEN_FILE=", "the value is empty");
  assert_file_refused("token_file = /a\ntoken_file = /b\n", 2, "stands there twice");
}
END_TEST

START_TEST(modes_are_octal) {
  struct sl_config config = good_flags("");
  ck_assert_uint_eq(sl_config_server(&config).unix_file.mode, 0600);
  sl_config_free(&config);
  config = good_flags("--unix-mode 666 --unix-owner alice:www-data");
  ck_assert_uint_eq(sl_config_server(&config).unix_file.mode, 0666);
  ck_assert_str_eq(sl_config_server(&config).unix_file.owner, "alice:www-data");
  sl_config_free(&config);
  assert_flags_refused("--unix-mode 0680", "\"0680\" is not a mode of octal digits like 0660");
  assert_flags_refused("--unix-mode 8", "\"8\" is not a mode");
  assert_flags_refused("--unix-mode rw", "\"rw\" is not a mode");
  assert_flags_refused("--unix-mode 1Ki", "\"1Ki\" is not a mode");
  assert_flags_refused("--unix-mode 1777", "1777 is outside its bounds 0 to 0777");
}
END_TEST

START_TEST(origins_are_taken_as_browsers_write_them) {
  static const char *const good[] = {"https://app.example.org",
                                     "http://localhost:3000",
                                     "http://127.0.0.1:8000,https://a,https://b.c",
                                     "http://[::1]:3000",
                                     "http://localhost:8080",
                                     "https://a.example:80"};
  static const char *const bad[] = {"*",
                                    "null",
                                    "app.example.org",
                                    "https://",
                                    "https://app.example.org/",
                                    "https://app.example.org/page",
                                    "https://App.example.org",
                                    "HTTPS://app.example.org",
                                    "https://app.example.org:443",
                                    "http://app.example.org:80",
                                    "https://user@app.example.org",
                                    "https://a,",
                                    ",https://a",
                                    "https://a,,https://b",
                                    "https://a;https://b",
                                    "https://*.example.org"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    char flags[128];
    snprintf(flags, sizeof flags, "--cors-origins %s", good[i]);
    struct sl_config config = good_flags(flags);
    ck_assert_str_eq(sl_config_server(&config).cors_origins, good[i]);
    sl_config_free(&config);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char flags[128];
    snprintf(flags, sizeof flags, "--cors-origins %s", bad[i]);
    assert_flags_refused(flags, "is not like https://app.example.org,http://localhost:3000");
  }
  assert_file_refused("depth = 3\ncors_origins = https://a https://b\n", 2, "cors_origins: ");
}
END_TEST

START_TEST(addresses_without_the_right_form_are_refused) {
  assert_flags_refused("--listen 8080", "--listen: \"8080\" is no address such as 127.0.0.1:8080");
  assert_flags_refused("--listen :8080", "no address");
  assert_flags_refused("--listen ::1:8080", "[::1]:8080");
  assert_flags_refused("--listen 127.0.0.1:65536", "no address");
  assert_flags_refused("--listen 127.0.0.1:", "no address");
  assert_flags_refused("--listen unix:", "no address");
  assert_variable_refused("SPIKELOSSD_LISTEN=127.0.0.1:1,,127.0.0.1:2", "SPIKELOSSD_LISTEN: \"\"");
}
END_TEST

START_TEST(unknown_flags_are_refused) {
  assert_flags_refused("--no-such 1", "unknown option --no-such");
  assert_flags_refused("--body_bytes 1", "unknown option --body_bytes");
  assert_flags_refused("serve", "unknown option serve");
  assert_flags_refused("-v", "unknown option -v");
  assert_flags_refused("--check=yes", "unknown option --check=yes");
  assert_flags_refused("--", "unknown option --");
  assert_flags_refused("--depth", "--depth wants a value");
}
END_TEST

START_TEST(unknown_variables_are_refused_except_those_of_kubernetes_and_the_clients) {
  struct sl_config config;
  char port[] = "SPIKELOSSD_PORT=tcp://10.0.0.7:8080";
  char host[] = "SPIKELOSSD_SERVICE_HOST=10.0.0.7";
  char tcp[] = "SPIKELOSSD_PORT_8080_TCP_ADDR=10.0.0.7";
  char url[] = "SPIKELOSSD_URL=http://127.0.0.1:8080";
  char token[] = "SPIKELOSSD_TOKEN=secret";
  char other[] = "SPIKELOSS=1";
  char *variables[] = {port, host, tcp, url, token, other, NULL};
  assert_variable_refused("SPIKELOSSD_NO_SUCH=1",
                          "unknown environment variable SPIKELOSSD_NO_SUCH");
  assert_variable_refused("SPIKELOSSD_URLS=1", "unknown environment variable SPIKELOSSD_URLS");
  assert_variable_refused("SPIKELOSSD_body_bytes=1", "unknown environment variable");
  assert_variable_refused("SPIKELOSSD_DEPTH=x", "SPIKELOSSD_DEPTH: \"x\" is not a whole number");
  ck_assert_msg(read_all(&config, NULL, variables, ""), "%s", message);
  sl_config_free(&config);
}
END_TEST

START_TEST(trouble_in_the_file_names_file_and_line) {
  assert_file_refused("# fine\n\ndepth = 5\nno_such = 1\n", 4, "unknown option \"no_such\"");
  assert_file_refused("body_bytes = 1GB\n", 1, "body_bytes: \"1GB\"");
  assert_file_refused("depth = 5\nbody-bytes = 1\n", 2, "unknown option \"body-bytes\"");
  assert_file_refused("depth = 5\njust words\n", 2, "expected a line like");
  assert_file_refused("just words\nno_such = 1\n", 1, "expected a line like");
  assert_file_refused("no_such = 1\njust words\n", 1, "unknown option");
  assert_file_refused("depth = 5\n\n[server]\n", 3, "no sections");
  assert_file_refused("depth = 5\ndepth = 6\n", 2, "depth: stands there twice");
  assert_file_refused("depth =\n", 1, "depth: \"\"");
  assert_file_refused("\nlisten = nowhere\n", 2, "listen: \"nowhere\" is no address");
  assert_file_refused("depth = 5\n  no_such = 6\n", 2, "unknown option \"no_such\"");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_not_cut) {
  char text[600];
  snprintf(text, sizeof text, "depth = 5\n# %0500d\n", 0);
  assert_file_refused(text, 2, "too long");
}
END_TEST

START_TEST(the_file_may_have_comments_blanks_indentation_and_no_line_break_at_its_end) {
  struct sl_config config;
  const char *file = file_with("\r\n# a comment\n; another\n   depth=5   ; behind a value\n\n"
                               "  pairs : 6");
  ck_assert_msg(read_all(&config, file, no_variables, ""), "%s", message);
  ck_assert_uint_eq(config.depth, 5);
  ck_assert_uint_eq(config.pairs, 6);
  sl_config_free(&config);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_refused) {
  assert_flags_refused("--config /no/such/file", "cannot read /no/such/file");
  assert_flags_refused("--config /tmp", "cannot read /tmp: Is a directory");
  assert_flags_refused("--config", "--config wants a value");
}
END_TEST

START_TEST(drain_bytes_is_the_body_limit_unless_it_is_set) {
  struct sl_config config = good_flags("--body-bytes 5MiB");
  ck_assert_uint_eq(config.drain_bytes, UINT64_C(5) << 20);
  sl_config_free(&config);
  config = good_flags("--body-bytes 5MiB --drain-bytes 0");
  ck_assert_uint_eq(config.drain_bytes, 0);
  sl_config_free(&config);
}
END_TEST

START_TEST(check_reads_everything_but_help_and_version_do_not_care) {
  struct sl_config config = good_flags("--check --depth 5");
  ck_assert_int_eq(config.task, SL_TASK_CHECK);
  sl_config_free(&config);
  assert_flags_refused("--check --depth 500", "outside its bounds");
  config = good_flags("--version --config /no/such/file");
  ck_assert_int_eq(config.task, SL_TASK_VERSION);
  sl_config_free(&config);
  config = good_flags("--help");
  ck_assert_int_eq(config.task, SL_TASK_HELP);
  sl_config_free(&config);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("config");
  TCase *sources = tcase_create("sources");
  tcase_add_test(sources, without_anything_the_defaults_are_in_force);
  tcase_add_test(sources, flags_win_over_variables_and_variables_over_the_file);
  tcase_add_test(sources, a_flag_before_config_still_wins_over_the_file);
  tcase_add_test(sources, the_file_may_be_named_by_a_variable_unless_a_flag_names_another);
  tcase_add_test(sources, flags_take_their_value_behind_an_equals_sign_or_as_the_next_word);
  tcase_add_test(sources, the_last_of_equal_flags_wins);
  tcase_add_test(sources, addresses_add_up_within_a_source_and_replace_those_of_weaker_ones);
  tcase_add_test(sources, drain_bytes_is_the_body_limit_unless_it_is_set);
  tcase_add_test(sources, check_reads_everything_but_help_and_version_do_not_care);
  suite_add_tcase(suite, sources);

  TCase *values = tcase_create("values");
  tcase_add_test(values, sizes_take_binary_suffixes);
  tcase_add_test(values, other_suffixes_and_things_that_are_no_numbers_are_refused);
  tcase_add_test(values, numbers_outside_their_bounds_are_refused_and_the_bounds_are_named);
  tcase_add_test(values, words_that_are_no_choice_are_refused_and_the_choices_are_named);
  tcase_add_test(values, a_text_may_be_switched_off_by_a_stronger_source_and_is_never_empty);
  tcase_add_test(values, modes_are_octal);
  tcase_add_test(values, origins_are_taken_as_browsers_write_them);
  tcase_add_test(values, addresses_without_the_right_form_are_refused);
  tcase_add_test(values, unknown_flags_are_refused);
  tcase_add_test(values, unknown_variables_are_refused_except_those_of_kubernetes_and_the_clients);
  suite_add_tcase(suite, values);

  TCase *files = tcase_create("files");
  tcase_add_test(files, trouble_in_the_file_names_file_and_line);
  tcase_add_test(files, a_line_that_is_too_long_is_refused_not_cut);
  tcase_add_test(files, the_file_may_have_comments_blanks_indentation_and_no_line_break_at_its_end);
  tcase_add_test(files, a_file_that_cannot_be_read_is_refused);
  suite_add_tcase(suite, files);

  return suite_end(suite);
}
