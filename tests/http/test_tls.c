/*
 * TLS: what is spoken, and which certificates open the door.
 */
#include "certificates.h"
#include "client.h"
#include "scratch.h"
#include "suite.h"
#include "support/compress.h"
#include "wire.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct daemon daemon_process;
static struct client client;
static struct scratch scratch;
static struct authority ours;
static struct authority foreign;

static const char *in_scratch(const char *name) {
  return scratch_path(&scratch, name);
}

/* Two authorities with the same name, and certificates of both. */
static void make_certificates(void) {
  scratch_open(&scratch);
  authority_open(&ours, &scratch, "ours");
  authority_open(&foreign, &scratch, "foreign");
  authority_sign(&ours, &scratch, "server", FOR_SERVER);
  authority_sign(&ours, &scratch, "rsa", FOR_RSA_SERVER);
  authority_sign(&ours, &scratch, "alice", FOR_CLIENT);
  authority_sign(&ours, &scratch, "late", FOR_CLIENT_EXPIRED);
  authority_sign(&foreign, &scratch, "mallory", FOR_CLIENT);
  authority_close(&foreign);
  authority_close(&ours);
}

static void tidy(void) {
  daemon_tidy(&daemon_process);
  scratch_close(&scratch);
}

static void open_client(void) {
  client_open(&client, &daemon_process);
  client.authorities = in_scratch("ours.pem");
}

/* The options for a certificate, and a client that trusts its authority. */
#define SERVER "--tls-certificate", in_scratch("server.pem"), "--tls-key", in_scratch("server.key")

static void begin(void) {
  make_certificates();
  START(&daemon_process, SERVER);
  open_client();
}

static void begin_with_client_ca(void) {
  make_certificates();
  START(&daemon_process, SERVER, "--client-ca", in_scratch("ours.pem"));
  open_client();
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
  scratch_close(&scratch);
}

static void show_certificate(const char *certificate, const char *key) {
  client_close(&client);
  open_client();
  client.certificate = in_scratch(certificate);
  client.key = in_scratch(key);
}

static bool is_let_in(void) {
  return client_try(&client, &(struct question){.path = FIRING_RATE, .body = GOOD}) &&
         client.status == 200;
}

START_TEST(requests_are_answered_over_tls_on_one_connection) {
  begin();
  ck_assert_int_eq(strncmp(daemon_process.url, "https://", 8), 0);
  for (int i = 0; i < 5; i++) {
    ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
    cJSON *answer = client_json(&client);
    ck_assert_double_eq(json_number(answer, "/loss"), 0.25);
    cJSON_Delete(answer);
    ck_assert_int_eq(client_post(&client, FIRING_RATE, "["), 400);
    ck_assert_int_eq(client.connections, 0);
  }
  client_get(&client, "/");
  ck_assert_ptr_nonnull(strstr(client.body, "'https://127.0.0.1:"));
  end();
}
END_TEST

START_TEST(large_bodies_and_answers_come_through_tls_whole) {
  enum { VALUES = 4 * 1000 * 1000 };
  begin();
  static const char head[] = "{\"offsets\": [0.25], \"multipliers\": [2], \"spikes_list\": [[";
  char *body = malloc(sizeof head + 2 * VALUES + 8);
  ck_assert_ptr_nonnull(body);
  strcpy(body, head);
  char *next = body + strlen(head);
  for (int i = 0; i < VALUES; i++) {
    next = memcpy(next, i % 4 == 0 ? "1," : "0,", 2);
    next += 2;
  }
  strcpy(next - 1, "]]}");
  for (size_t chunk = 0; chunk <= 65536; chunk += 65536) {
    client_ask(&client, &(struct question){.path = FIRING_RATE, .body = body, .chunk = chunk});
    ck_assert_int_eq(client.status, 200);
    cJSON *answer = client_json(&client);
    ck_assert_double_eq(json_number(answer, "/loss"), 0);
    ck_assert_int_eq(cJSON_GetArraySize(json_at(answer, "/gradients/spikes_list/0")), VALUES);
    cJSON_Delete(answer);
  }
  memset(body, ' ', strlen(body));
  body[100] = 'x';
  client_post(&client, FIRING_RATE, body);
  client_expect_problem(&client, 400, "not_json", NULL, 100);
  free(body);
  end();
}
END_TEST

START_TEST(a_compressed_body_comes_through_tls) {
  begin();
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, GOOD, strlen(GOOD));
  for (size_t chunk = 0; chunk < 2; chunk++) {
    client_ask(&client, &(struct question){.path = FIRING_RATE,
                                           .body = body.bytes,
                                           .length = body.length,
                                           .chunk = chunk,
                                           .headers = {"Content-Encoding: gzip"}});
    ck_assert_int_eq(client.status, 200);
  }
  sl_compressed_free(&body);
  end();
}
END_TEST

START_TEST(a_unix_socket_stays_plain) {
  begin();
  client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  end();
}
END_TEST

START_TEST(plain_http_on_a_tls_port_finds_no_answer_and_leaves_a_trace) {
  begin();
  int wire = wire_connect(&daemon_process);
  char byte;
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  size_t got = wire_read(wire, &byte, 1);
  ck_assert(got == 0 || byte == 0x15); /* the end, or an alert of TLS */
  close(wire);
  daemon_wait_for_message(&daemon_process, "ending=not_tls");
  client_get(&client, "/metrics");
  ck_assert_ptr_nonnull(strstr(client.body, "spikelossd_rejects_total{reason=\"not_tls\"} 1\n"));
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  end();
}
END_TEST

START_TEST(a_handshake_that_is_never_finished_is_ended) {
  make_certificates();
  START(&daemon_process, SERVER, "--header-seconds", "1");
  static const char *const beginnings[] = {"", "\x16\x03\x01\x02"};
  for (size_t i = 0; i < 2; i++) {
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, beginnings[i]);
    wire_expect_end(wire);
    close(wire);
  }
  open_client();
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  end();
}
END_TEST

/* The outcome of a handshake in which the client speaks only these versions (and what else GnuTLS
 * allows to say after them). */
static int shake_hands(const char *versions) {
  char priorities[192];
  gnutls_session_t session;
  gnutls_certificate_credentials_t credentials;
  snprintf(priorities, sizeof priorities, "NORMAL:-VERS-ALL:%s:%%COMPAT", versions);
  ck_assert_int_eq(gnutls_init(&session, GNUTLS_CLIENT), 0);
  ck_assert_int_eq(gnutls_certificate_allocate_credentials(&credentials), 0);
  ck_assert_int_eq(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
  ck_assert_int_eq(gnutls_priority_set_direct(session, priorities, NULL), 0);
  int wire = wire_connect(&daemon_process);
  gnutls_transport_set_int(session, wire);
  gnutls_handshake_set_timeout(session, DEADLINE_SECONDS * 1000);
  int outcome;
  do {
    outcome = gnutls_handshake(session);
  } while (outcome < 0 && gnutls_error_is_fatal(outcome) == 0);
  gnutls_deinit(session);
  gnutls_certificate_free_credentials(credentials);
  close(wire);
  return outcome;
}

START_TEST(tls_1_2_and_1_3_are_spoken_and_nothing_older) {
  begin();
  ck_assert_int_eq(shake_hands("+VERS-TLS1.3"), 0);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2"), 0);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2:+VERS-TLS1.1"), 0);
  ck_assert_int_lt(shake_hands("+VERS-TLS1.1"), 0);
  ck_assert_int_lt(shake_hands("+VERS-TLS1.0"), 0);
  end();
}
END_TEST

/* With an RSA key everything that TLS 1.2 has would be possible. */
START_TEST(tls_1_2_needs_forward_secrecy_and_authenticated_encryption) {
  make_certificates();
  START(&daemon_process, "--tls-certificate", in_scratch("rsa.pem"), "--tls-key",
        in_scratch("rsa.key"));
  open_client();
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM"), 0);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2:-CIPHER-ALL:+AES-256-GCM"), 0);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305"), 0);
  ck_assert_int_eq(shake_hands("+VERS-TLS1.2:-KX-ALL:+ECDHE-RSA"), 0);
  ck_assert_int_lt(shake_hands("+VERS-TLS1.2:-KX-ALL:+RSA"), 0);
  ck_assert_int_lt(shake_hands("+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC"), 0);
  end();
}
END_TEST

START_TEST(a_client_that_trusts_another_authority_does_not_trust_us) {
  begin();
  client.authorities = in_scratch("foreign.pem");
  ck_assert(!is_let_in());
  ck_assert_int_eq(client.outcome, CURLE_PEER_FAILED_VERIFICATION);
  end();
}
END_TEST

START_TEST(a_certificate_of_our_authority_opens_the_door) {
  begin_with_client_ca();
  show_certificate("alice.pem", "alice.key");
  ck_assert(is_let_in());
  ck_assert_int_eq(client_get(&client, "/v1/losses"), 200);
  ck_assert_int_eq(client.connections, 0);
  end();
}
END_TEST

START_TEST(the_service_describes_that_it_wants_certificates) {
  begin_with_client_ca();
  show_certificate("alice.pem", "alice.key");
  ck_assert_int_eq(client_get(&client, "/openapi.json"), 200);
  cJSON *document = client_json(&client);
  const cJSON *paths = json_at(document, "/paths");
  const cJSON *loss = cJSON_GetObjectItemCaseSensitive(paths, FIRING_RATE);
  json_at(loss, "/get/responses/403");
  json_at(loss, "/post/responses/403");
  ck_assert_ptr_null(json_find(loss, "/post/responses/401"));
  const cJSON *livez = cJSON_GetObjectItemCaseSensitive(paths, "/livez");
  ck_assert_ptr_null(json_find(livez, "/get/responses/403"));
  cJSON_Delete(document);
  end();
}
END_TEST

START_TEST(without_a_certificate_nothing_but_health_is_open) {
  begin_with_client_ca();
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client_get(&client, "/readyz"), 200);
  client_post(&client, FIRING_RATE, GOOD);
  client_expect_problem(&client, 403, "certificate_missing", NULL, NO_OFFSET);
  ck_assert_int_eq(client.connections, 0);
  client_get(&client, "/v1/losses");
  client_expect_problem(&client, 403, "certificate_missing", NULL, NO_OFFSET);
  client_ask(&client, &(struct question){.path = FIRING_RATE, .body = GOOD, .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  end();
}
END_TEST

START_TEST(a_certificate_that_our_authority_did_not_sign_for_a_client_ends_the_handshake) {
  static const char *const wrong[][2] = {
      {"mallory.pem", "mallory.key"}, /* another authority of the same name */
      {"late.pem", "late.key"},       /* has expired */
      {"server.pem", "server.key"},   /* is for servers */
  };
  begin_with_client_ca();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    show_certificate(wrong[i][0], wrong[i][1]);
    bool answered = client_try(&client, &(struct question){.path = "/livez"});
    ck_assert_msg(!answered, "%s was let in", wrong[i][0]);
    ck_assert_int_eq(client.status, 0);
  }
  end();
}
END_TEST

START_TEST(where_both_are_wanted_a_certificate_does_not_replace_a_token) {
  make_certificates();
  const char *tokens = scratch_write(&scratch, "tokens", "alice " TOKEN "\n");
  START(&daemon_process, SERVER, "--client-ca", in_scratch("ours.pem"), "--token-file", tokens);
  open_client();
  const struct question asked = {
      .path = FIRING_RATE, .body = GOOD, .headers = {"Authorization: Bearer " TOKEN}};
  client_ask(&client, &asked);
  client_expect_problem(&client, 403, "certificate_missing", NULL, NO_OFFSET);
  show_certificate("alice.pem", "alice.key");
  client_post(&client, FIRING_RATE, GOOD);
  client_expect_problem(&client, 401, "token_missing", NULL, NO_OFFSET);
  ck_assert_int_eq(client_ask(&client, &asked), 200);
  end();
}
END_TEST

static void expect_fatal(const char *const *options, const char *words) {
  struct run run;
  const char *arguments[16] = {"--listen", "127.0.0.1:0"};
  for (size_t i = 0; options[i] != NULL; i++) {
    arguments[2 + i] = options[i];
  }
  program_run(&run, arguments);
  ck_assert_int_eq(run.exit_code, EX_CONFIG);
  ck_assert_ptr_null(strstr(run.messages, "listening"));
  ck_assert_msg(strstr(run.messages, words) != NULL, "\"%s\" lacks \"%s\"", run.messages, words);
}

#define EXPECT_FATAL(words, ...) expect_fatal((const char *const[]){__VA_ARGS__, NULL}, words)

static const char *make_fifo(void) {
  const char *path = in_scratch("fifo");
  unlink(path);
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  return path;
}

START_TEST(files_that_are_no_good_are_fatal_and_named) {
  make_certificates();
  const char *junk = scratch_write(&scratch, "junk", "-----BEGIN nothing\n");
  const char *server = in_scratch("server.pem");
  const char *key = in_scratch("server.key");
  EXPECT_FATAL("tls_key: missing", "--tls-certificate", server);
  EXPECT_FATAL("tls_certificate: missing", "--tls-key", key);
  EXPECT_FATAL("client_ca: works only with TLS", "--client-ca", server);
  EXPECT_FATAL("/no/such/file: No such file", "--tls-certificate", "/no/such/file", "--tls-key",
               key);
  EXPECT_FATAL("/no/such/key: No such file", "--tls-certificate", server, "--tls-key",
               "/no/such/key");
  EXPECT_FATAL("fifo: not a regular file", "--tls-certificate", make_fifo(), "--tls-key", key);
  EXPECT_FATAL("fifo: not a regular file", "--tls-certificate", server, "--tls-key", make_fifo());
  EXPECT_FATAL("fifo: not a regular file", SERVER, "--client-ca", make_fifo());
  EXPECT_FATAL("/dev: not a regular file", SERVER, "--client-ca", "/dev");
  EXPECT_FATAL("junk with the key", "--tls-certificate", junk, "--tls-key", key);
  EXPECT_FATAL("server.pem with the key", "--tls-certificate", server, "--tls-key", junk);
  EXPECT_FATAL("server.pem with the key", "--tls-certificate", server, "--tls-key",
               in_scratch("alice.key"));
  EXPECT_FATAL("junk as authorities", SERVER, "--client-ca", junk);
  EXPECT_FATAL("server.key as authorities", SERVER, "--client-ca", key, "--check");
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "tls", tidy, requests_are_answered_over_tls_on_one_connection,
      large_bodies_and_answers_come_through_tls_whole, a_compressed_body_comes_through_tls,
      a_unix_socket_stays_plain, plain_http_on_a_tls_port_finds_no_answer_and_leaves_a_trace,
      a_handshake_that_is_never_finished_is_ended, tls_1_2_and_1_3_are_spoken_and_nothing_older,
      tls_1_2_needs_forward_secrecy_and_authenticated_encryption,
      a_client_that_trusts_another_authority_does_not_trust_us,
      a_certificate_of_our_authority_opens_the_door,
      the_service_describes_that_it_wants_certificates,
      without_a_certificate_nothing_but_health_is_open,
      a_certificate_that_our_authority_did_not_sign_for_a_client_ends_the_handshake,
      where_both_are_wanted_a_certificate_does_not_replace_a_token,
      files_that_are_no_good_are_fatal_and_named);
}
