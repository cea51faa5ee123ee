/*
 * What an option's value may be, and what is said when it is not good.
 */
#include "daemon/config.h"
#include "read_config.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>

START_TEST(sizes_take_binary_suffixes) {
  struct sl_config config = good_flags("--body-bytes 3KiB --answer-bytes 4MiB --deferred-bytes 5Ki "
                                       "--pairs 7Mi");
  ck_assert_uint_eq(config.server.limits.body_bytes, UINT64_C(3) << 10);
  ck_assert_uint_eq(config.server.limits.answer_bytes, UINT64_C(4) << 20);
  ck_assert_uint_eq(config.server.limits.deferred_bytes, UINT64_C(5) << 10);
  ck_assert_uint_eq(config.server.limits.pairs, UINT64_C(7) << 20);
  sl_config_free(&config);
}
END_TEST

START_TEST(other_suffixes_and_things_that_are_no_numbers_are_refused) {
  assert_flags_refused(
      "--body-bytes 1GB",
      "--body-bytes: \"1GB\" is not a number with an optional KiB, MiB or GiB, like 512MiB");
  assert_flags_refused("--body-bytes 1KB", "KiB, MiB or GiB");
  assert_flags_refused("--body-bytes 1kib", "\"1kib\"");
  assert_flags_refused("--body-bytes 1KiBs", "\"1KiBs\"");
  assert_flags_refused("--body-bytes -1", "\"-1\"");
  assert_flags_refused("--body-bytes=", "\"\"");
  assert_flags_refused("--body-bytes 1.5GiB", "\"1.5GiB\"");
  assert_flags_refused("--pairs 1KiB", "Ki, Mi or Gi");
  assert_flags_refused("--threads 1Ki", "--threads: \"1Ki\" is not a whole number");
}
END_TEST

START_TEST(numbers_outside_their_bounds_are_refused_and_the_bounds_are_named) {
  assert_flags_refused("--threads 1025", "1025 is outside its bounds 0 to 1024");
  assert_flags_refused("--header-seconds 0", "0 is outside its bounds 1 to 86400");
  assert_flags_refused("--idle-seconds 0", "outside its bounds 1 to 86400");
  assert_flags_refused("--body-bytes 99999999999999999999999", "outside its bounds");
  assert_flags_refused("--body-bytes 18446744073709551615GiB", "outside its bounds");
  struct sl_config config = good_flags("--threads 64 --idle-seconds 1");
  ck_assert_uint_eq(config.server.threads, 64);
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
  ck_assert_ptr_null(config.server.token_file);
  ck_assert_msg(read_all(&config, file_with("token_file = /a\n"), no_variables,
                         "--token-file /b --token-file none"),
                "%s", message);
  ck_assert_ptr_null(sl_config_server(&config).token_file);
  sl_config_free(&config);
  assert_flags_refused("--token-file=", "--token-file: the value is empty");
  assert_variable_refused("SPIKELOSSD_TOKEN_FILE=", "the value is empty");
  assert_file_refused("token_file = /a\ntoken_file = /b\n", 2, "is set twice");
}
END_TEST

START_TEST(modes_are_octal) {
  struct sl_config config = good_flags("");
  ck_assert_uint_eq(sl_config_server(&config).unix_mode, 0600);
  sl_config_free(&config);
  config = good_flags("--unix-mode 666");
  ck_assert_uint_eq(sl_config_server(&config).unix_mode, 0666);
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
  assert_file_refused("threads = 3\ncors_origins = https://a https://b\n", 2, "cors_origins: ");
}
END_TEST

START_TEST(hosts_are_names_with_commas_between_them) {
  static const char *const right[] = {"spikes", "spikes.example.org", "a,B-2.c", "x_y,127.0.0.1"};
  static const char *const wrong[] = {"*",  "spikes:8080", "http://spikes", "spikes/", ",a",
                                      "a,", "a,,b",        "a;b",           "[::1]",   "a@b"};
  for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
    char flags[128];
    snprintf(flags, sizeof flags, "--hosts %s", right[i]);
    struct sl_config config = good_flags(flags);
    ck_assert_str_eq(sl_config_server(&config).hosts, right[i]);
    sl_config_free(&config);
  }
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char flags[128];
    snprintf(flags, sizeof flags, "--hosts %s", wrong[i]);
    assert_flags_refused(flags, "is not like spikes.example.org,spikes");
  }
  assert_file_refused("hosts = a b\n", 1, "hosts: ");
}
END_TEST

START_TEST(addresses_without_the_right_form_are_refused) {
  assert_flags_refused("--listen 8080",
                       "--listen: \"8080\" is not an address such as 127.0.0.1:8080");
  assert_flags_refused("--listen :8080", "not an address");
  assert_flags_refused("--listen ::1:8080", "[::1]:8080");
  assert_flags_refused("--listen 127.0.0.1:65536", "not an address");
  assert_flags_refused("--listen 127.0.0.1:", "not an address");
  assert_flags_refused("--listen unix:", "not an address");
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
  assert_flags_refused("--threads", "--threads: the value is missing");
}
END_TEST

/* By every way to set one, and any value: a configuration of an earlier version still starts. */
START_TEST(options_that_were_retired_are_noted_and_ignored) {
  struct sl_config config;
  char variable[] = "SPIKELOSSD_UNIX_OWNER=alice";
  char *variables[] = {variable, NULL};
  const char *file = file_with("drain_bytes = 1\n");
  ck_assert_msg(read_all(&config, file, variables, "--depth 5 --log-rate=0 --log-rate=1"), "%s",
                message);
  ck_assert_uint_eq(config.retired_count, 4);
  for (size_t i = 0; i < config.retired_count; i++) {
    ck_assert_int_eq(config.retired[i]->kind, SL_OPTION_RETIRED);
    ck_assert_uint_gt(strlen(config.retired[i]->help), 0);
  }
  sl_config_free(&config);
}
END_TEST

START_TEST(there_are_at_most_24_options) {
  size_t count = 0;
  while (sl_options[count].name != NULL) {
    ck_assert_int_ne(sl_options[count].kind, SL_OPTION_RETIRED);
    count++;
  }
  ck_assert_uint_le(count, 24);
}
END_TEST

START_TEST(unknown_variables_are_refused_except_those_of_kubernetes_and_the_clients) {
  struct sl_config config;
  char port[] = "SPIKELOSSD_PORT=tcp://10.0.0.7:8080";
  char host[] = "SPIKELOSSD_SERVICE_HOST=10.0.0.7";
  char tcp[] = "SPIKELOSSD_PORT_8080_TCP_ADDR=10.0.0.7";
  char canary[] = "SPIKELOSSD_CANARY_SERVICE_PORT_HTTP=8080";
  char canary_tcp[] = "SPIKELOSSD_CANARY_PORT_8080_TCP=tcp://10.0.0.8:8080";
  char url[] = "SPIKELOSSD_URL=http://127.0.0.1:8080";
  char token[] = "SPIKELOSSD_TOKEN=secret";
  char other[] = "SPIKELOSS=1";
  char *variables[] = {port, host, tcp, canary, canary_tcp, url, token, other, NULL};
  assert_variable_refused("SPIKELOSSD_NO_SUCH=1",
                          "unknown environment variable SPIKELOSSD_NO_SUCH");
  assert_variable_refused("SPIKELOSSD_URLS=1", "unknown environment variable SPIKELOSSD_URLS");
  assert_variable_refused("SPIKELOSSD_NO=PORT=1", "unknown environment variable SPIKELOSSD_NO");
  assert_variable_refused("SPIKELOSSD_body_bytes=1", "unknown environment variable");
  assert_variable_refused("SPIKELOSSD_THREADS=x",
                          "SPIKELOSSD_THREADS: \"x\" is not a whole number");
  ck_assert_msg(read_all(&config, NULL, variables, ""), "%s", message);
  sl_config_free(&config);
}
END_TEST

int main(void) {
  return RUN_SUITE("config values", NULL, sizes_take_binary_suffixes,
                   other_suffixes_and_things_that_are_no_numbers_are_refused,
                   numbers_outside_their_bounds_are_refused_and_the_bounds_are_named,
                   words_that_are_no_choice_are_refused_and_the_choices_are_named,
                   a_text_may_be_switched_off_by_a_stronger_source_and_is_never_empty,
                   modes_are_octal, origins_are_taken_as_browsers_write_them,
                   hosts_are_names_with_commas_between_them,
                   addresses_without_the_right_form_are_refused, unknown_flags_are_refused,
                   options_that_were_retired_are_noted_and_ignored, there_are_at_most_24_options,
                   unknown_variables_are_refused_except_those_of_kubernetes_and_the_clients);
}
