/*
 * Web pages that browsers on this machine show: what they may ask a server without tokens.
 */
#include "certificates.h"
#include "client.h"
#include "scratch.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"
#define APP   "http://app.example:3000"
#define EVIL  "Origin: https://evil.example"

static struct daemon daemon_process;
static struct client client;
static struct scratch scratch;

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void begin(void) {
  START(&daemon_process, "--cors-origins", APP, "--hosts", "spikes.example, Other-Name");
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

static long get_with(const char *path, const char *first, const char *second) {
  return client_ask(&client, &(struct question){.path = path, .headers = {first, second}});
}

static long post_with(const char *first, const char *second) {
  return client_ask(
      &client, &(struct question){.path = FIRING_RATE, .body = GOOD, .headers = {first, second}});
}

static void expect_refused_origin(void) {
  client_expect_problem(&client, 403, "origin_not_allowed", NULL, NO_OFFSET);
  client_expect_detail(&client, "cors_origins");
}

START_TEST(a_page_cannot_post_without_a_preflight) {
  begin();
  static const char *const types[] = {"Content-Type:", "Content-Type: text/plain",
                                      "Content-Type: application/x-www-form-urlencoded",
                                      "Content-Type: application/json"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    post_with(types[i], EVIL);
    expect_refused_origin();
    post_with(types[i], "Origin: null");
    expect_refused_origin();
  }
  ck_assert_int_eq(post_with("Content-Type:", "Origin: " APP), 200);
  end();
}
END_TEST

START_TEST(no_path_answers_a_page_of_another_origin) {
  begin();
  static const char *const paths[] = {"/",          "/livez",        "/readyz", "/metrics",
                                      "/v1/losses", "/openapi.json", "/nothing"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    get_with(paths[i], EVIL, NULL);
    expect_refused_origin();
    get_with(paths[i], "Sec-Fetch-Site: cross-site", NULL);
    expect_refused_origin();
  }
  end();
}
END_TEST

START_TEST(what_browsers_say_of_the_site_counts_where_there_is_no_origin) {
  begin();
  get_with("/metrics", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors");
  expect_refused_origin();
  get_with("/metrics", "Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors");
  expect_refused_origin();
  post_with("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors");
  expect_refused_origin();
  ck_assert_int_eq(get_with("/metrics", "Sec-Fetch-Site: same-origin", NULL), 200);
  ck_assert_int_eq(get_with("/metrics", "Sec-Fetch-Site: none", NULL), 200);
  ck_assert_int_eq(get_with("/metrics", "Sec-Fetch-Site: cross-site", "Origin: " APP), 200);
  end();
}
END_TEST

START_TEST(a_link_on_another_page_leads_here_but_no_form_and_no_frame) {
  begin();
  static const char *const headers[] = {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
                                        "Sec-Fetch-Dest: document", "Sec-Fetch-Dest: iframe"};
  client_ask(&client,
             &(struct question){.path = "/", .headers = {headers[0], headers[1], headers[2]}});
  ck_assert_int_eq(client.status, 200);
  client_ask(&client,
             &(struct question){.path = "/", .headers = {headers[0], headers[1], headers[3]}});
  expect_refused_origin();
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = GOOD,
                                         .headers = {headers[0], headers[1], headers[2]}});
  expect_refused_origin();
  client_ask(&client, &(struct question){.path = "/",
                                         .headers = {headers[0], headers[1], headers[2], EVIL}});
  expect_refused_origin();
  end();
}
END_TEST

/* Replaces "PORT" by the port. */
static void fill_in_port(char *header, size_t room, const char *form) {
  const char *port = strstr(form, "PORT");
  int length = port == NULL ? (int)strlen(form) : (int)(port - form);
  snprintf(header, room, "%.*s", length, form);
  if (port != NULL) {
    snprintf(header + length, room - (size_t)length, "%d%s", daemon_process.port, port + 4);
  }
}

static long post_from(const char *origin_form, const char *host_form) {
  char origin[80];
  char host[80];
  fill_in_port(origin, sizeof origin, origin_form);
  fill_in_port(host, sizeof host, host_form);
  return post_with(origin, host);
}

START_TEST(our_own_page_may_call) {
  begin();
  ck_assert_int_eq(post_from("Origin: http://127.0.0.1:PORT", "Host: 127.0.0.1:PORT"), 200);
  ck_assert_int_eq(post_from("Origin: http://localhost:PORT", "Host: localhost:PORT"), 200);
  ck_assert_int_eq(post_from("Origin: http://spikes.example:PORT", "Host: spikes.example:PORT"),
                   200);
  ck_assert_int_eq(post_from("Origin: http://127.0.0.1", "Host: 127.0.0.1"), 200);
  static const char *const foreign[] = {
      "Origin: https://127.0.0.1:PORT", "Origin: http://localhost:PORT",
      "Origin: http://127.0.0.1",       "Origin: http://127.0.0.1:PORT0",
      "Origin: http://127.0.0.1:PORT/", "Origin: 127.0.0.1:PORT"};
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
    post_from(foreign[i], "Host: 127.0.0.1:PORT");
    expect_refused_origin();
  }
  post_with("Origin;", NULL);
  expect_refused_origin();
  ck_assert_int_eq(post_from("Origin: http://rebind.example:PORT", "Host: rebind.example:PORT"),
                   403);
  client_expect_problem(&client, 403, "host_not_allowed", NULL, NO_OFFSET);
  end();
}
END_TEST

START_TEST(our_own_page_may_call_over_tls) {
  struct authority authority;
  scratch_open(&scratch);
  authority_open(&authority, &scratch, "authority");
  authority_sign(&authority, &scratch, "server", FOR_SERVER);
  authority_close(&authority);
  START(&daemon_process, "--tls-certificate", scratch_path(&scratch, "server.pem"), "--tls-key",
        scratch_path(&scratch, "server.key"));
  client_open(&client, &daemon_process);
  client.authorities = scratch_path(&scratch, "authority.pem");
  ck_assert_int_eq(post_from("Origin: https://127.0.0.1:PORT", "Host: 127.0.0.1:PORT"), 200);
  post_from("Origin: http://127.0.0.1:PORT", "Host: 127.0.0.1:PORT");
  expect_refused_origin();
  end();
}
END_TEST

START_TEST(on_loopback_a_host_is_an_address_localhost_or_a_name_of_the_option) {
  static const char *const allowed[] = {
      "127.0.0.1",      "127.0.0.1:80",   "127.0.0.1:",         "192.0.2.7:8080",
      "[::1]",          "[::1]:8080",     "[2001:db8::7]:1",    "localhost",
      "LocalHost:8080", "spikes.example", "SPIKES.example:443", "other-name"};
  static const char *const refused[] = {"rebind.example",
                                        "rebind.example:8080",
                                        "localhost.rebind.example",
                                        "127.0.0.1.rebind.example",
                                        "rebind.localhost.example:80",
                                        "spikes.example.rebind.example",
                                        "x.spikes.example",
                                        "spikes",
                                        "localhost:80:80",
                                        "localhost:http",
                                        "127.0.0.1:80.rebind.example",
                                        "127.1",
                                        "0x7f000001",
                                        "2130706433",
                                        "127.0.0.1.",
                                        "[::1",
                                        "[::1]x",
                                        "[rebind.example]",
                                        "::1",
                                        "spikes.example,other-name",
                                        ",",
                                        "x y"};
  char header[80];
  begin();
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
    snprintf(header, sizeof header, "Host: %s", allowed[i]);
    ck_assert_msg(get_with("/metrics", header, NULL) == 200, "%s: %s", header, client.body);
  }
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    snprintf(header, sizeof header, "Host: %s", refused[i]);
    get_with("/metrics", header, NULL);
    client_expect_problem(&client, 403, "host_not_allowed", NULL, NO_OFFSET);
    client_expect_detail(&client, "add it to the option hosts");
  }
  get_with("/metrics", "Host;", NULL);
  client_expect_problem(&client, 403, "host_not_allowed", NULL, NO_OFFSET);
  end();
}
END_TEST

START_TEST(without_the_option_only_addresses_and_localhost_are_hosts) {
  START(&daemon_process, "--hosts", "none");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(get_with("/livez", NULL, NULL), 200);
  ck_assert_int_eq(get_with("/livez", "Host: localhost", NULL), 200);
  get_with("/livez", "Host: spikes.example", NULL);
  client_expect_problem(&client, 403, "host_not_allowed", NULL, NO_OFFSET);
  end();
}
END_TEST

START_TEST(on_a_unix_socket_any_host_will_do) {
  begin();
  client_ask(&client, &(struct question){.path = "/livez",
                                         .headers = {"Host: rebind.example"},
                                         .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  client_ask(&client, &(struct question){.path = "/livez", .headers = {EVIL}, .unix_socket = true});
  expect_refused_origin();
  end();
}
END_TEST

START_TEST(where_a_token_is_needed_it_is_enough) {
  scratch_open(&scratch);
  START(&daemon_process, "--hosts", "none", "--token-file",
        scratch_write(&scratch, "tokens", "alice " TOKEN "\n"));
  client_open(&client, &daemon_process);
  ck_assert_int_eq(get_with("/metrics", "Host: rebind.example", "Authorization: Bearer " TOKEN),
                   200);
  ck_assert_int_eq(get_with("/metrics", EVIL, "Authorization: Bearer " TOKEN), 200);
  get_with("/metrics", "Host: rebind.example", "Sec-Fetch-Site: cross-site");
  client_expect_problem(&client, 401, "token_missing", NULL, NO_OFFSET);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("origins", tidy, a_page_cannot_post_without_a_preflight,
                   no_path_answers_a_page_of_another_origin,
                   what_browsers_say_of_the_site_counts_where_there_is_no_origin,
                   a_link_on_another_page_leads_here_but_no_form_and_no_frame,
                   our_own_page_may_call, our_own_page_may_call_over_tls,
                   on_loopback_a_host_is_an_address_localhost_or_a_name_of_the_option,
                   without_the_option_only_addresses_and_localhost_are_hosts,
                   on_a_unix_socket_any_host_will_do, where_a_token_is_needed_it_is_enough);
}
