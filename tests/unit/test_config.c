/*
 * Where an option's value comes from: defaults, files, variables, flags.
 */
#include "read_config.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <unistd.h>

START_TEST(without_anything_the_defaults_are_in_force) {
  struct sl_config config = good_flags("");
  const struct sl_server_options server = sl_config_server(&config);
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  ck_assert_int_eq(config.command, SL_COMMAND_SERVE);
  ck_assert_uint_eq(server.listen_count, 1);
  ck_assert_str_eq(server.listen[0], "127.0.0.1:8080");
  ck_assert_uint_eq(server.threads, 0);
  ck_assert_uint_eq(server.idle_seconds, 75);
  ck_assert_uint_eq(server.header_seconds, 20);
  ck_assert_uint_eq(server.request_seconds, 300);
  ck_assert_uint_eq(server.stop_delay_seconds, 0);
  ck_assert_uint_eq(server.limits.body_bytes, limits.body_bytes);
  ck_assert_uint_eq(server.limits.pairs, limits.pairs);
  ck_assert_uint_eq(server.limits.answer_bytes, limits.answer_bytes);
  ck_assert_uint_eq(server.limits.deferred_bytes, limits.deferred_bytes);
  ck_assert_uint_eq(server.limits.member_bytes, limits.member_bytes);
  ck_assert_uint_eq(server.limits.depth, limits.depth);
  ck_assert_uint_eq(server.limits.layers, limits.layers);
  ck_assert_uint_eq(server.connections, 0);
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
  const char *file = file_with("body_bytes = 1KiB\npairs = 1\nthreads = 11\n");
  ck_assert_msg(read_all(&config, file, variables, "--body-bytes 3KiB"), "%s", message);
  ck_assert_uint_eq(config.server.limits.body_bytes, 3072);
  ck_assert_uint_eq(config.server.limits.pairs, 2);
  ck_assert_uint_eq(config.server.threads, 11);
  ck_assert_uint_eq(config.server.limits.answer_bytes, UINT64_C(512) << 20);
  sl_config_free(&config);
}
END_TEST

START_TEST(a_flag_before_config_still_wins_over_the_file) {
  struct sl_config config;
  char line[128];
  snprintf(line, sizeof line, "--threads 12 --config=%s", file_with("threads = 11\n"));
  ck_assert_msg(read_all(&config, NULL, no_variables, line), "%s", message);
  unlink(file_path);
  ck_assert_uint_eq(config.server.threads, 12);
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

  ck_assert_msg(read_all(&config, file_with("threads = 11\n"), variables, ""), "%s", message);
  ck_assert_uint_eq(config.server.threads, 11);
  sl_config_free(&config);
}
END_TEST

START_TEST(flags_take_their_value_behind_an_equals_sign_or_as_the_next_word) {
  struct sl_config config = good_flags("--body-bytes=5 --idle-seconds 7");
  ck_assert_uint_eq(config.server.limits.body_bytes, 5);
  ck_assert_uint_eq(config.server.idle_seconds, 7);
  sl_config_free(&config);
}
END_TEST

START_TEST(the_last_of_equal_flags_wins) {
  struct sl_config config = good_flags("--threads 5 --threads 6");
  ck_assert_uint_eq(config.server.threads, 6);
  sl_config_free(&config);
}
END_TEST

START_TEST(addresses_add_up_within_a_source_and_replace_those_of_weaker_ones) {
  struct sl_config config;
  char listen[] = "SPIKELOSSD_LISTEN=127.0.0.1:3,[::1]:4";
  char *variables[] = {listen, NULL};
  const char *text = "listen = 127.0.0.1:1\nlisten = unix:/run/a b.sock\n";

  ck_assert_msg(read_all(&config, file_with(text), no_variables, ""), "%s", message);
  ck_assert_uint_eq(config.server.listen_count, 2);
  ck_assert_str_eq(config.addresses[0], "127.0.0.1:1");
  ck_assert_str_eq(config.addresses[1], "unix:/run/a b.sock");
  sl_config_free(&config);

  ck_assert_msg(read_all(&config, file_with(text), variables, ""), "%s", message);
  ck_assert_uint_eq(config.server.listen_count, 2);
  ck_assert_str_eq(config.addresses[0], "127.0.0.1:3");
  ck_assert_str_eq(config.addresses[1], "[::1]:4");
  sl_config_free(&config);

  ck_assert_msg(read_all(&config, file_with(text), variables, "--listen localhost:5"), "%s",
                message);
  ck_assert_uint_eq(config.server.listen_count, 1);
  ck_assert_str_eq(config.addresses[0], "localhost:5");
  sl_config_free(&config);
}
END_TEST

START_TEST(trouble_in_the_file_names_file_and_line) {
  assert_file_refused("# fine\n\nthreads = 5\nno_such = 1\n", 4, "unknown option no_such");
  assert_file_refused("body_bytes = 1GB\n", 1, "body_bytes: \"1GB\"");
  assert_file_refused("threads = 5\nbody-bytes = 1\n", 2, "unknown option body-bytes");
  assert_file_refused("threads = 5\njust words\n", 2, "expected a line like");
  assert_file_refused("just words\nno_such = 1\n", 1, "expected a line like");
  assert_file_refused("no_such = 1\njust words\n", 1, "unknown option");
  assert_file_refused("threads = 5\n\n[server]\n", 3, "this file has no sections; remove the line");
  assert_file_refused("threads = 5\nthreads = 6\n", 2, "threads: is set twice");
  assert_file_refused("threads =\n", 1, "threads: \"\"");
  assert_file_refused("\nlisten = nowhere\n", 2, "listen: \"nowhere\" is not an address");
  assert_file_refused("threads = 5\n  no_such = 6\n", 2, "unknown option no_such");
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused_not_cut) {
  char text[600];
  snprintf(text, sizeof text, "threads = 5\n# %0500d\n", 0);
  assert_file_refused(text, 2, "too long");
}
END_TEST

START_TEST(the_file_may_have_comments_blanks_indentation_and_no_line_break_at_its_end) {
  struct sl_config config;
  const char *file = file_with("\r\n# a comment\n; another\n   threads=5   ; after a value\n\n"
                               "  pairs : 6");
  ck_assert_msg(read_all(&config, file, no_variables, ""), "%s", message);
  ck_assert_uint_eq(config.server.threads, 5);
  ck_assert_uint_eq(config.server.limits.pairs, 6);
  sl_config_free(&config);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_refused) {
  assert_flags_refused("--config /no/such/file", "config: cannot read /no/such/file");
  assert_flags_refused("--config /tmp", "config: cannot read /tmp: not a regular file");
  assert_flags_refused("--config", "--config: the value is missing");
}
END_TEST

START_TEST(check_reads_everything_but_help_and_version_do_not_care) {
  struct sl_config config = good_flags("--check --threads 5");
  ck_assert_int_eq(config.command, SL_COMMAND_CHECK);
  sl_config_free(&config);
  assert_flags_refused("--check --threads 5000", "outside its bounds");
  config = good_flags("--version --config /no/such/file");
  ck_assert_int_eq(config.command, SL_COMMAND_VERSION);
  sl_config_free(&config);
  config = good_flags("--help");
  ck_assert_int_eq(config.command, SL_COMMAND_HELP);
  sl_config_free(&config);
}
END_TEST

int main(void) {
  return RUN_SUITE("config", NULL, without_anything_the_defaults_are_in_force,
                   flags_win_over_variables_and_variables_over_the_file,
                   a_flag_before_config_still_wins_over_the_file,
                   the_file_may_be_named_by_a_variable_unless_a_flag_names_another,
                   flags_take_their_value_behind_an_equals_sign_or_as_the_next_word,
                   the_last_of_equal_flags_wins,
                   addresses_add_up_within_a_source_and_replace_those_of_weaker_ones,
                   check_reads_everything_but_help_and_version_do_not_care,
                   trouble_in_the_file_names_file_and_line,
                   a_line_that_is_too_long_is_refused_not_cut,
                   the_file_may_have_comments_blanks_indentation_and_no_line_break_at_its_end,
                   a_file_that_cannot_be_read_is_refused);
}
