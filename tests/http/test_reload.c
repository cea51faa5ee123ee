/*
 * SIGHUP: tokens, certificates and the log level change, and no connection notices.
 */
#include "certificates.h"
#include "client.h"
#include "scratch.h"
#include "suite.h"
#include "wire.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD  "old-old-old-old-old-old"
#define NEW  "new-new-new-new-new-new"
#define DONE "have been read again"
#define KEPT "the previous values stay in force"

static struct daemon daemon_process;
static struct client client;
static struct client second_client;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void end(void) {
  daemon_stop(&daemon_process);
  ck_assert_ptr_null(strstr(daemon_process.said, OLD));
  ck_assert_ptr_null(strstr(daemon_process.said, NEW));
  scratch_close(&scratch);
}

static void reload_until(const char *message) {
  daemon_process.said_length = 0;
  daemon_process.said[0] = '\0';
  daemon_signal(&daemon_process, SIGHUP);
  daemon_wait_for_message(&daemon_process, message);
}

static void begin_with_tokens(void) {
  scratch_open(&scratch);
  START(&daemon_process, "--token-file", scratch_write(&scratch, "tokens", "alice " OLD "\n"));
  client_open(&client, &daemon_process);
}

static long ask_with(const char *header) {
  return client_ask(&client,
                    &(struct question){.path = FIRING_RATE, .body = GOOD, .headers = {header}});
}

static long ask_on_the_same_connection_with(const char *header) {
  long status = ask_with(header);
  ck_assert_int_eq(client.connections, 0);
  return status;
}

START_TEST(new_tokens_are_known_and_old_ones_forgotten_on_a_connection_that_stays) {
  begin_with_tokens();
  ck_assert_int_eq(ask_with("Authorization: Bearer " OLD), 200);
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " NEW), 401);
  scratch_write(&scratch, "tokens", "bob " NEW "\n");
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 200);
  reload_until(DONE);
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 401);
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " NEW), 200);
  client_close(&client);
  end();
}
END_TEST

START_TEST(broken_tokens_are_logged_and_the_old_ones_stay) {
  begin_with_tokens();
  ck_assert_int_eq(ask_with("Authorization: Bearer " OLD), 200);
  scratch_write(&scratch, "tokens", "bob " NEW "\ncarol\n");
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "level=error"));
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "tokens:2: expected a name and a token"));
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 200);
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " NEW), 401);
  unlink(scratch_path(&scratch, "tokens"));
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "No such file"));
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 200);
  client_close(&client);
  end();
}
END_TEST

START_TEST(a_token_file_that_is_cut_or_became_a_fifo_is_logged_and_the_old_tokens_stay) {
  begin_with_tokens();
  ck_assert_int_eq(ask_with("Authorization: Bearer " OLD), 200);
  scratch_write(&scratch, "tokens", "alice " OLD "\nbob new-new-new-new-new");
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "tokens:2: the last line has no line end"));
  ck_assert_int_eq(ask_with("Authorization: Bearer new-new-new-new-new"), 401);
  unlink(scratch_path(&scratch, "tokens"));
  ck_assert_int_eq(mkfifo(scratch_path(&scratch, "tokens"), 0600), 0);
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "tokens: not a regular file"));
  ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 200);
  client_close(&client);
  end();
}
END_TEST

START_TEST(an_upload_that_has_begun_is_answered_across_a_reload) {
  begin_with_tokens();
  struct answer answer;
  size_t half = strlen(GOOD) / 2;
  int wire = wire_begin_post(&daemon_process, FIRING_RATE, "Authorization: Bearer " OLD "\r\n",
                             strlen(GOOD));
  ck_assert(wire_send(wire, GOOD, half));
  scratch_write(&scratch, "tokens", "bob " NEW "\n");
  reload_until(DONE);
  wire_send_text(wire, &GOOD[half]);
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  close(wire);
  client_close(&client);
  end();
}
END_TEST

START_TEST(requests_are_answered_while_reloads_rain) {
  begin_with_tokens();
  ck_assert_int_eq(ask_with("Authorization: Bearer " OLD), 200);
  for (int i = 0; i < 200; i++) {
    daemon_signal(&daemon_process, SIGHUP);
    ck_assert_int_eq(ask_on_the_same_connection_with("Authorization: Bearer " OLD), 200);
  }
  client_close(&client);
  end();
}
END_TEST

/* What the server shows from the next reload on. */
static void install_server_certificate(const struct authority *authority) {
  authority_sign(authority, &scratch, "server", FOR_SERVER);
}

static bool is_trusted_by(const char *authorities) {
  client_open(&second_client, &daemon_process);
  second_client.authorities = scratch_path(&scratch, authorities);
  bool trusted = client_try(&second_client, &(struct question){.path = "/livez"});
  client_close(&second_client);
  return trusted;
}

static void begin_with_certificates(struct authority *first, struct authority *second) {
  scratch_open(&scratch);
  authority_open(first, &scratch, "first");
  authority_open(second, &scratch, "second");
  install_server_certificate(first);
  START(&daemon_process, "--tls-certificate", scratch_path(&scratch, "server.pem"), "--tls-key",
        scratch_path(&scratch, "server.key"));
  client_open(&client, &daemon_process);
  client.authorities = scratch_path(&scratch, "first.pem");
}

START_TEST(new_connections_see_the_new_certificate_and_old_ones_go_on) {
  struct authority first;
  struct authority second;
  begin_with_certificates(&first, &second);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  install_server_certificate(&second);
  ck_assert(is_trusted_by("first.pem"));
  reload_until(DONE);
  ck_assert(!is_trusted_by("first.pem"));
  ck_assert(is_trusted_by("second.pem"));
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client.connections, 0);
  client_close(&client);
  authority_close(&first);
  authority_close(&second);
  end();
}
END_TEST

START_TEST(a_broken_certificate_is_logged_and_the_old_one_stays) {
  struct authority first;
  struct authority second;
  begin_with_certificates(&first, &second);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  authority_sign(&second, &scratch, "other", FOR_SERVER);
  rename(scratch_path(&scratch, "other.key"), scratch_path(&scratch, "server.key"));
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "level=error"));
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "cannot use the certificate"));
  ck_assert(is_trusted_by("first.pem"));
  rename(scratch_path(&scratch, "other.pem"), scratch_path(&scratch, "server.pem"));
  reload_until(DONE);
  ck_assert(is_trusted_by("second.pem"));
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client.connections, 0);
  client_close(&client);
  authority_close(&first);
  authority_close(&second);
  end();
}
END_TEST

START_TEST(the_log_level_follows_the_configuration_file) {
  scratch_open(&scratch);
  START(&daemon_process, "--config", scratch_write(&scratch, "conf", "log_level = error\n"));
  scratch_write(&scratch, "conf", "log_level = info\n");
  reload_until(DONE);
  scratch_write(&scratch, "conf", "log_level = loud\n");
  reload_until(KEPT);
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "conf:1: log_level"));
  scratch_write(&scratch, "conf", "log_level = error\n");
  daemon_signal(&daemon_process, SIGHUP);
  end();
  ck_assert_ptr_null(strstr(daemon_process.said, DONE));
  ck_assert_ptr_null(strstr(daemon_process.said, "the server has stopped"));
}
END_TEST

START_TEST(a_flag_is_stronger_than_the_file_after_a_reload_too) {
  scratch_open(&scratch);
  START(&daemon_process, "--config", scratch_write(&scratch, "conf", "log_level = info\n"),
        "--log-level", "info");
  scratch_write(&scratch, "conf", "log_level = error\n");
  reload_until(DONE);
  end();
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "the server has stopped"));
}
END_TEST

START_TEST(a_daemon_with_nothing_to_reload_lives_on) {
  START(&daemon_process);
  reload_until(DONE);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("reload", tidy,
                   new_tokens_are_known_and_old_ones_forgotten_on_a_connection_that_stays,
                   broken_tokens_are_logged_and_the_old_ones_stay,
                   a_token_file_that_is_cut_or_became_a_fifo_is_logged_and_the_old_tokens_stay,
                   an_upload_that_has_begun_is_answered_across_a_reload,
                   requests_are_answered_while_reloads_rain,
                   new_connections_see_the_new_certificate_and_old_ones_go_on,
                   a_broken_certificate_is_logged_and_the_old_one_stays,
                   the_log_level_follows_the_configuration_file,
                   a_flag_is_stronger_than_the_file_after_a_reload_too,
                   a_daemon_with_nothing_to_reload_lives_on);
}
