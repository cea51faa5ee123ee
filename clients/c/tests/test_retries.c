/*
 * What the client does when a server is away, broken, slow, or says no.
 */
#include "scripted_server.h"
#include "support.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER(status, headers, body) "HTTP/1.1 " status "\r\n" headers "\r\n" body

static const char WELL[] =
    ANSWER("200 OK", "Content-Length: 42\r\n", "{\"loss\":2,\"gradients\":{},\"diagnostics\":{}}");
static const char HALF[] = ANSWER("200 OK", "Content-Length: 10\r\n", "{\"los");
static const char NOTHING[] = "";
static const char BUSY[] = ANSWER("503 Busy", "Content-Length: 0\r\n", "");

/* A call of no fields; NULL ends the answers. */
#define ASK(server, options, error, ...)                                                           \
  ask(server, options, error, (const char *const[]){__VA_ARGS__, NULL})

static struct spikeloss_result *ask(struct scripted_server *server,
                                    const struct spikeloss_options *options,
                                    struct spikeloss_error *error, const char *const *answers) {
  scripted_server_start(server, answers);
  struct spikeloss_client *client = new_client(server->url, options);
  struct spikeloss_result *result = spikeloss_evaluate(client, "any", NULL, 0, error);
  spikeloss_client_free(client);
  scripted_server_finish(server);
  return result;
}

static struct spikeloss_options with(double timeout_seconds, unsigned int retries) {
  struct spikeloss_options options = SPIKELOSS_DEFAULT_OPTIONS;
  options.timeout_seconds = timeout_seconds;
  options.retries = retries;
  return options;
}

START_TEST(broken_connections_and_passing_statuses_are_tried_again) {
  struct scripted_server server;
  struct spikeloss_error error;
  struct spikeloss_result *result =
      ASK(&server, NULL, &error, NOTHING, HALF, BUSY, ANSWER("502 Bad Gateway", "", ""),
          ANSWER("504 Gateway Timeout", "", "<html>"), WELL);
  ck_assert_ptr_nonnull(result);
  ck_assert_double_eq(result->loss, 2);
  ck_assert_int_eq(error.status, SPIKELOSS_OK);
  ck_assert_uint_eq(server.asked, 6);
  spikeloss_result_free(result);
}
END_TEST

START_TEST(the_pause_is_at_least_as_long_as_the_service_asks_for) {
  struct scripted_server server;
  struct spikeloss_result *result = ASK(
      &server, NULL, NULL, ANSWER("503 Busy", "Retry-After: 1\r\nContent-Length: 0\r\n", ""), WELL);
  ck_assert_ptr_nonnull(result);
  ck_assert_double_ge(server.times[1] - server.times[0], 0.99);
  spikeloss_result_free(result);
}
END_TEST

START_TEST(errors_of_the_request_are_not_tried_again) {
  static const char *const refusals[] = {
      ANSWER("400 Bad Request", "Content-Length: 0\r\n", ""),
      ANSWER("401 Unauthorized", "Content-Length: 0\r\n", ""),
      ANSWER("422 Unprocessable", "Content-Length: 6\r\n", "<html>"),
      ANSWER("500 Oops", "Content-Length: 4\r\n", "null"),
  };
  static const long statuses[] = {400, 401, 422, 500};
  for (size_t i = 0; i < 4; i++) {
    struct scripted_server server;
    struct spikeloss_error error;
    ck_assert_ptr_null(ASK(&server, NULL, &error, refusals[i]));
    ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
    ck_assert_int_eq(error.http_status, statuses[i]);
    ck_assert_str_eq(error.code, "");
    ck_assert_ptr_nonnull(strstr(error.detail, "without a reason"));
    ck_assert_int_eq(error.offset, -1);
  }
}
END_TEST

START_TEST(when_all_attempts_are_used_up_the_last_failure_is_told) {
  struct scripted_server server;
  struct spikeloss_error error;
  struct spikeloss_options options = with(60, 1);
  ck_assert_ptr_null(ASK(&server, &options, &error, BUSY, NOTHING));
  ck_assert_int_eq(error.status, SPIKELOSS_UNREACHABLE);
  ck_assert_int_eq(error.http_status, -1);
  ck_assert_ptr_nonnull(strstr(error.detail, ": Empty reply from server"));

  ck_assert_ptr_null(
      ASK(&server, &options, &error, NOTHING,
          ANSWER("503 Busy", "Content-Length: 56\r\n",
                 "{\"code\":\"draining\",\"detail\":\"stopping\",\"instance\":\"abc\"} ")));
  ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
  ck_assert_int_eq(error.http_status, 503);
  ck_assert_str_eq(error.code, "draining");
  ck_assert_str_eq(error.detail, "stopping");
  ck_assert_str_eq(error.request_id, "abc");
}
END_TEST

START_TEST(a_service_that_is_not_there_is_unreachable) {
  struct scripted_server gone;
  scripted_server_start(&gone, (const char *const[]){NULL});
  scripted_server_finish(&gone);
  struct spikeloss_options options = with(60, 2);
  struct spikeloss_client *client = new_client(gone.url, &options);
  struct spikeloss_error error;
  ck_assert_ptr_null(spikeloss_evaluate(client, "any", NULL, 0, &error));
  ck_assert_int_eq(error.status, SPIKELOSS_UNREACHABLE);
  ck_assert_ptr_nonnull(strstr(error.detail, "127.0.0.1"));
  spikeloss_client_free(client);
}
END_TEST

START_TEST(an_address_that_is_none_is_not_tried_again) {
  static const char *const addresses[] = {NULL,          "",         "ftp+x://127.0.0.1",
                                          "127.0.0.1:1", "file:///", "http://["};
  for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
    struct spikeloss_client *client = new_client(addresses[i], NULL);
    struct spikeloss_error error;
    ck_assert_ptr_null(spikeloss_evaluate(client, "any", NULL, 0, &error));
    ck_assert_int_eq(error.status, SPIKELOSS_UNREACHABLE);
    ck_assert_str_ne(error.detail, "");
    spikeloss_client_free(client);
  }
}
END_TEST

START_TEST(a_unix_socket_that_is_not_there_is_named) {
  struct spikeloss_options options = with(60, 0);
  struct spikeloss_client *client = new_client("unix:/no/such/socket", &options);
  struct spikeloss_error error;
  ck_assert_ptr_null(spikeloss_evaluate(client, "any", NULL, 0, &error));
  ck_assert_int_eq(error.status, SPIKELOSS_UNREACHABLE);
  ck_assert_str_eq(error.detail, "unix:/no/such/socket: No such file or directory");
  spikeloss_client_free(client);
}
END_TEST

START_TEST(proxies_of_the_environment_are_for_other_machines_only) {
  struct scripted_server proxy;
  scripted_server_start(&proxy, (const char *const[]){WELL, NULL});
  setenv("http_proxy", proxy.url, 1);
  unsetenv("no_proxy");
  struct scripted_server server;
  struct spikeloss_result *result = ASK(&server, NULL, NULL, WELL);
  ck_assert_ptr_nonnull(result);
  ck_assert_uint_eq(proxy.asked, 0);
  spikeloss_result_free(result);

  struct spikeloss_client *client = new_client("http://losses.example.org", NULL);
  result = spikeloss_evaluate(client, "any", NULL, 0, NULL);
  ck_assert_ptr_nonnull(result);
  spikeloss_result_free(result);
  spikeloss_client_free(client);
  scripted_server_finish(&proxy);
  unsetenv("http_proxy");
  const char *line = "POST http://losses.example.org/v1/losses/any ";
  ck_assert_int_eq(strncmp(proxy.request, line, strlen(line)), 0);
}
END_TEST

START_TEST(a_call_takes_no_longer_than_its_timeout_with_its_retries) {
  struct scripted_server server;
  struct spikeloss_error error;
  struct spikeloss_options options = with(0.05, 10);
  ck_assert_ptr_null(ASK(&server, &options, &error, SILENCE));
  ck_assert_int_eq(error.status, SPIKELOSS_TIMEOUT);
  ck_assert_ptr_null(ASK(&server, &options, &error, NOTHING));
  ck_assert_int_eq(error.status, SPIKELOSS_TIMEOUT);
}
END_TEST

START_TEST(when_the_next_attempt_would_come_too_late_the_last_answer_is_told) {
  struct scripted_server server;
  struct spikeloss_error error;
  struct spikeloss_options options = with(1, 10);
  ck_assert_ptr_null(ASK(&server, &options, &error,
                         ANSWER("503 Busy", "Retry-After: 5\r\nContent-Length: 32\r\n",
                                "{\"code\":\"busy\",\"detail\":\"full\"} ")));
  ck_assert_int_eq(error.status, SPIKELOSS_REFUSED);
  ck_assert_int_eq(error.http_status, 503);
  ck_assert_str_eq(error.code, "busy");
  ck_assert_uint_eq(server.asked, 1);
}
END_TEST

START_TEST(a_token_is_sent_and_the_path_of_the_address_is_kept) {
  struct scripted_server server;
  scripted_server_start(&server, (const char *const[]){WELL, NULL});
  struct spikeloss_options options = SPIKELOSS_DEFAULT_OPTIONS;
  options.token = "secret";
  char url[128];
  snprintf(url, sizeof url, "%s/below/a/proxy//", server.url);
  struct spikeloss_client *client = new_client(url, &options);
  spikeloss_result_free(spikeloss_evaluate(client, "a loss?", NULL, 0, NULL));
  spikeloss_client_free(client);
  scripted_server_finish(&server);
  const char *line = "POST /below/a/proxy/v1/losses/a%20loss%3F HTTP/1.1\r\n";
  ck_assert_int_eq(strncmp(server.request, line, strlen(line)), 0);
  ck_assert_ptr_nonnull(strstr(server.request, "\r\nAuthorization: Bearer secret\r\n"));
  ck_assert_ptr_nonnull(strstr(server.request, "\r\nContent-Type: application/json\r\n"));
}
END_TEST

START_TEST(a_token_with_a_line_end_is_not_sent) {
  static const char *const tokens[] = {"secret\n", "secret\r\nHost: else", "\x7f"};
  for (size_t i = 0; i < 3; i++) {
    struct spikeloss_options options = SPIKELOSS_DEFAULT_OPTIONS;
    options.token = tokens[i];
    struct spikeloss_client *client = new_client("http://127.0.0.1:1", &options);
    struct spikeloss_error error;
    ck_assert_ptr_null(spikeloss_evaluate(client, "any", NULL, 0, &error));
    ck_assert_int_eq(error.status, SPIKELOSS_UNREACHABLE);
    ck_assert_str_eq(error.detail, "the token has a line end or another control character");
    spikeloss_client_free(client);
  }
}
END_TEST

START_TEST(without_a_token_none_is_sent) {
  struct scripted_server server;
  spikeloss_result_free(ASK(&server, NULL, NULL, WELL));
  ck_assert_ptr_null(strstr(server.request, "Authorization"));
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("retries");
  tcase_add_test(tests, broken_connections_and_passing_statuses_are_tried_again);
  tcase_add_test(tests, the_pause_is_at_least_as_long_as_the_service_asks_for);
  tcase_add_test(tests, errors_of_the_request_are_not_tried_again);
  tcase_add_test(tests, when_all_attempts_are_used_up_the_last_failure_is_told);
  tcase_add_test(tests, a_service_that_is_not_there_is_unreachable);
  tcase_add_test(tests, an_address_that_is_none_is_not_tried_again);
  tcase_add_test(tests, a_unix_socket_that_is_not_there_is_named);
  tcase_add_test(tests, proxies_of_the_environment_are_for_other_machines_only);
  tcase_add_test(tests, a_call_takes_no_longer_than_its_timeout_with_its_retries);
  tcase_add_test(tests, when_the_next_attempt_would_come_too_late_the_last_answer_is_told);
  tcase_add_test(tests, a_token_is_sent_and_the_path_of_the_address_is_kept);
  tcase_add_test(tests, a_token_with_a_line_end_is_not_sent);
  tcase_add_test(tests, without_a_token_none_is_sent);
  return run_tests(tests);
}
