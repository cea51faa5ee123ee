/*
 * What the daemon writes to its log, and what it never writes.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* [1, 2, 3], 3 of 6 values are 1. */
#define TRACEPARENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_prepare(NULL);
  daemon_tidy(&daemon_process);
}

/* Ends the daemon, after which all that it wrote is known. */
static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

static size_t count_said(const char *words) {
  size_t count = 0;
  for (const char *at = daemon_process.said; (at = strstr(at, words)) != NULL; at++) {
    count++;
  }
  return count;
}

/* The line about the request of this id, without its end; "" if there is none. */
static const char *line_of(const char *id) {
  static char line[2048];
  line[0] = '\0';
  char wanted[128];
  snprintf(wanted, sizeof wanted, "id=%s ", id);
  const char *at = strstr(daemon_process.said, wanted);
  if (at != NULL) {
    while (at > daemon_process.said && at[-1] != '\n') {
      at--;
    }
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
  }
  return line;
}

static void expect_words(const char *line, const char *words) {
  ck_assert_msg(strstr(line, words) != NULL, "\"%s\" lacks \"%s\"", line, words);
}

static void expect_no_words(const char *line, const char *words) {
  ck_assert_msg(strstr(line, words) == NULL, "\"%s\" has \"%s\"", line, words);
}

static long post(const char *id, const char *body) {
  char header[128];
  snprintf(header, sizeof header, "X-Request-Id: %s", id);
  return client_ask(&client,
                    &(struct question){.path = FIRING_RATE,
                                       .body = body,
                                       .headers = {header, "Content-Type: application/json"}});
}

START_TEST(a_request_is_one_line_with_what_came_what_went_and_how_long_it_took) {
  START(&daemon_process, "--access-log", "all");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("first", GOOD), 200);
  char bytes[64];
  snprintf(bytes, sizeof bytes, " body_bytes=%zu answer_bytes=%zu ", strlen(GOOD), client.length);
  end();
  const char *line = line_of("first");
  ck_assert_int_eq(strncmp(line, "time=20", 7), 0);
  expect_words(line, " level=info message=request ");
  expect_words(line, " method=POST path=/v1/losses/{name} loss=firing_rate_target_mse_loss ");
  expect_words(line, " shape=1x2x3 tensors=1 spikes=3 ");
  expect_words(line, " status=200 ");
  expect_words(line, bytes);
  expect_words(line, " receive_seconds=0.");
  expect_words(line, " compute_seconds=0.");
  expect_words(line, " send_seconds=0.");
  expect_no_words(line, "code=");
  expect_no_words(line, "traceparent=");
  expect_no_words(line, "client=");
}
END_TEST

START_TEST(a_failure_is_logged_with_its_code_and_offset_but_not_its_text) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("wrong", "{\"swordfish\": 1}"), 400);
  end();
  const char *line = line_of("wrong");
  expect_words(line, " status=400 code=unknown_member offset=1 ");
  expect_no_words(line, "swordfish");
}
END_TEST

START_TEST(by_default_only_failures_have_lines) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("good", GOOD), 200);
  ck_assert_int_eq(post("bad", "{"), 400);
  end();
  ck_assert_str_eq(line_of("good"), "");
  ck_assert_str_ne(line_of("bad"), "");
}
END_TEST

START_TEST(no_request_has_a_line_where_none_is_wanted) {
  START(&daemon_process, "--access-log", "none", "--log-level", "debug");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("bad", "{"), 400);
  end();
  ck_assert_uint_eq(count_said("message=request"), 0);
}
END_TEST

START_TEST(what_a_client_did_wrong_is_no_warning) {
  START(&daemon_process, "--access-log", "all", "--log-level", "warning");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("bad", "{"), 400);
  end();
  ck_assert_uint_eq(count_said("message=request"), 0);
}
END_TEST

START_TEST(an_upload_that_is_cut_off_is_a_warning_without_status) {
  START(&daemon_process, "--body-bytes", "1KiB", "--log-level", "warning");
  client_open(&client, &daemon_process);
  char *spaces = malloc(1 << 20);
  ck_assert_ptr_nonnull(spaces);
  memset(spaces, ' ', 1 << 20);
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nX-Request-Id: cut\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n1\r\n]\r\n8000000\r\n");
  while (wire_send(wire, spaces, 1 << 20)) { /* 64 MiB of it are read */
  }
  wire_expect_end(wire);
  close(wire);
  free(spaces);
  daemon_wait_for_message(&daemon_process, "id=cut");
  end();
  const char *line = line_of("cut");
  expect_words(line, " level=warning ");
  expect_words(line, " ending=drain_bounds code=not_json ");
  expect_no_words(line, "status=");
}
END_TEST

START_TEST(a_traceparent_is_taken_over_if_it_is_one) {
  START(&daemon_process, "--access-log", "all");
  client_open(&client, &daemon_process);
  client_ask(&client,
             &(struct question){.path = "/livez",
                                .headers = {"X-Request-Id: traced", "traceparent: " TRACEPARENT}});
  client_ask(&client, &(struct question){.path = "/livez",
                                         .headers = {"X-Request-Id: wrong",
                                                     "traceparent: 00-forged level=error"}});
  client_ask(&client,
             &(struct question){.path = "/livez",
                                .headers = {"X-Request-Id: double", "traceparent: " TRACEPARENT,
                                            "Traceparent: " TRACEPARENT}});
  end();
  expect_words(line_of("traced"), " traceparent=" TRACEPARENT " ");
  expect_words(line_of("wrong"), " status=200 ");
  expect_no_words(line_of("wrong"), "traceparent");
  expect_no_words(line_of("double"), "traceparent");
  expect_no_words(daemon_process.said, "forged");
}
END_TEST

START_TEST(nothing_that_a_client_may_choose_freely_is_written) {
  START(&daemon_process, "--access-log", "all", "--log-level", "debug");
  client_open(&client, &daemon_process);
  static const char *const headers[] = {
      "Authorization: Bearer swordfish", "X-Request-Id: swordfish level=error",
      "User-Agent: swordfish",           "Content-Type: text/swordfish",
      "Traceparent: swordfish",          "Cookie: swordfish"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    client_ask(&client, &(struct question){.path = FIRING_RATE,
                                           .body = "{\"swordfish\": [\"swordfish\"]}",
                                           .headers = {headers[i]}});
  }
  client_get(&client, "/livez?swordfish=swordfish");
  client_get(&client, "/nothing?swordfish=swordfish");
  end();
  ck_assert_uint_eq(count_said("message=request"), 8);
  expect_no_words(daemon_process.said, "swordfish");
}
END_TEST

START_TEST(a_wrong_path_and_a_wrong_method_are_written_cut_and_escaped) {
  static const struct {
    const char *method, *path, *line;
  } requests[] = {
      {"GET", "/nothing?secret=1", "method=GET path=/nothing status=404 code=not_found"},
      {"GET", "/v1/losses/mse", "method=GET path=/v1/losses/mse status=404 code=not_found"},
      {"POST", "/v1/losses", "method=POST path=/v1/losses status=405 code=method_not_allowed"},
      {"DELETE", "/livez", "method=DELETE path=/livez status=405 code=method_not_allowed"},
      {"HEAD", "/none", "method=HEAD path=/none status=404"},
      {"GET", "/a\"b=c", "method=GET path=\"/a\\\"b=c\" status=404"},
      {"GET", "/\xc3\xa9\xff", "method=GET path=\"/%c3%a9%ff\" status=404"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "/none", "method=ABCDEFGHIJKLMNO path=/none status=404"},
      {"GET",
       "/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
       "0123456789/0123456789/0123456789/0123456789",
       "path=/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
       "0123456789/0123456789/ status=404"},
  };
  START(&daemon_process, "--access-log", "failures");
  client_open(&client, &daemon_process);
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    client_ask(&client, &(struct question){.method = requests[i].method, .path = requests[i].path});
  }
  end();
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    expect_words(daemon_process.said, requests[i].line);
  }
  expect_no_words(daemon_process.said, "secret");
}
END_TEST

START_TEST(json_is_one_object_a_line) {
  START(&daemon_process, "--log-format", "json", "--access-log", "all");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(post("first", GOOD), 200);
  ck_assert_int_eq(post("second", "{"), 400);
  end();
  size_t requests = 0;
  for (char *line = strtok(daemon_process.said, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    cJSON *object = cJSON_Parse(line);
    ck_assert_msg(cJSON_IsObject(object), "%s", line);
    ck_assert_int_eq(strncmp(json_text(object, "/time"), "20", 2), 0);
    json_text(object, "/level");
    if (strcmp(json_text(object, "/message"), "request") == 0) {
      requests++;
      bool first = strcmp(json_text(object, "/id"), "first") == 0;
      ck_assert_double_eq(json_number(object, "/status"), first ? 200 : 400);
      ck_assert_double_eq(json_number(object, "/body_bytes"), first ? (double)strlen(GOOD) : 1);
      ck_assert_double_ge(json_number(object, "/receive_seconds"), 0);
      ck_assert_double_ge(json_number(object, "/compute_seconds"), 0);
      ck_assert_double_ge(json_number(object, "/send_seconds"), 0);
    }
    cJSON_Delete(object);
  }
  ck_assert_uint_eq(requests, 2);
}
END_TEST

/* What came out of the log so far: lines about requests, and those that are said to be missing. */
static size_t written;
static size_t dropped;

static void count_line(const char *line) {
  const char *number = strstr(line, "dropped=");
  written += strstr(line, "message=request") != NULL;
  dropped += number == NULL ? 0 : strtoul(number + strlen("dropped="), NULL, 10);
}

/* Counts what can be read within the time. False if nothing came, or at the end of the log. */
static bool count_messages(int milliseconds) {
  static char line[4096];
  static size_t length;
  char bytes[4096];
  struct pollfd wanted = {.fd = daemon_process.messages, .events = POLLIN};
  if (poll(&wanted, 1, milliseconds) == 0) {
    return false;
  }
  ssize_t got = read(daemon_process.messages, bytes, sizeof bytes);
  for (ssize_t i = 0; i < got; i++) {
    ck_assert_uint_lt(length + 1, sizeof line);
    line[length++] = bytes[i];
    if (bytes[i] == '\n') {
      line[length] = '\0';
      count_line(line);
      length = 0;
    }
  }
  return got > 0;
}

static void count_messages_to_the_end(void) {
  client_close(&client);
  daemon_signal(&daemon_process, SIGTERM);
  while (count_messages(DEADLINE_SECONDS * 1000)) {
  }
  daemon_ends_well(&daemon_process);
}

enum { MANY = 3000, RATE = 100 };

START_TEST(a_burst_of_errors_is_cut_to_the_rate_and_the_rest_is_counted) {
  START(&daemon_process);
  client_open(&client, &daemon_process);
  written = 0;
  dropped = 0;
  time_t begun = time(NULL);
  for (int i = 0; i < MANY; i++) {
    ck_assert_int_eq(client_post(&client, FIRING_RATE, "{"), 400);
  }
  size_t seconds = (size_t)(time(NULL) - begun) + 2; /* those at both ends are not whole */
  count_messages_to_the_end();
  ck_assert_uint_eq(written + dropped, MANY);
  ck_assert_uint_le(written, seconds * RATE);
  ck_assert_uint_ge(written, RATE);
}
END_TEST

START_TEST(lines_that_a_full_pipe_does_not_take_are_dropped_and_counted) {
  START(&daemon_process, "--access-log", "all");
  client_open(&client, &daemon_process);
  written = 0;
  dropped = 0;
  size_t asked = 0;
  for (; asked < MANY; asked++) {
    ck_assert_int_eq(client_post(&client, FIRING_RATE, "{"), 400);
  }
  for (; dropped == 0; asked++) { /* the number is said once the queue has space again */
    ck_assert_int_eq(client_post(&client, FIRING_RATE, "{"), 400);
    while (count_messages(0)) {
    }
  }
  count_messages_to_the_end();
  ck_assert_uint_eq(written + dropped, asked);
  ck_assert_uint_gt(written, 0);
}
END_TEST

/* The standard error of the daemon in the tests below, which nothing reads. */
static int standard_error;

static void use_standard_error(void) {
  dup2(standard_error, STDERR_FILENO);
}

/* Far more than terminal, pipe and queue hold together is answered; then the daemon ends. */
static void serve_with(void (*in_child)(void)) {
  daemon_prepare(in_child);
  START_SILENT(&daemon_process, "--access-log", "all");
  client_open(&client, &daemon_process);
  for (int i = 0; i < MANY; i++) {
    ck_assert_int_eq(client_get(&client, "/livez"), 200);
  }
  end();
}

START_TEST(a_terminal_that_is_not_read_stops_neither_requests_nor_the_end) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_ge(terminal, 0);
  ck_assert_int_eq(grantpt(terminal), 0);
  ck_assert_int_eq(unlockpt(terminal), 0);
  standard_error = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_ge(standard_error, 0);
  serve_with(use_standard_error);
  close(standard_error);
  close(terminal);
}
END_TEST

START_TEST(a_full_pipe_stops_neither_requests_nor_the_end) {
  int ends[2];
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
  standard_error = ends[1];
  serve_with(use_standard_error);
  close(ends[0]);
  close(ends[1]);
}
END_TEST

START_TEST(a_pipe_that_is_closed_stops_neither_requests_nor_the_end) {
  int ends[2];
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
  standard_error = ends[1];
  close(ends[0]);
  serve_with(use_standard_error);
  close(ends[1]);
}
END_TEST

static void limit_file_size(void) {
  const struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
  use_standard_error();
  setrlimit(RLIMIT_FSIZE, &limit);
}

START_TEST(a_log_file_that_may_not_grow_stops_neither_requests_nor_the_end) {
  FILE *file = tmpfile();
  ck_assert_ptr_nonnull(file);
  standard_error = fileno(file);
  serve_with(limit_file_size);
  ck_assert_int_eq(lseek(standard_error, 0, SEEK_END), 4096);
  fclose(file);
}
END_TEST

static void close_standard_error(void) {
  close(STDERR_FILENO);
}

static void close_all_standard_files(void) {
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
}

static void expect_null_device(int descriptor) {
  char path[64];
  char file[64] = "";
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)daemon_process.process, descriptor);
  ck_assert_int_gt(readlink(path, file, sizeof file - 1), 0);
  ck_assert_str_eq(file, "/dev/null");
}

/* Otherwise a socket or what it waits with would get the number, and the log lines. */
START_TEST(standard_files_that_are_closed_become_the_null_device) {
  static void (*const ways[])(void) = {close_standard_error, close_all_standard_files};
  for (size_t i = 0; i < 2; i++) {
    daemon_prepare(ways[i]);
    START_SILENT(&daemon_process, "--access-log", "all");
    client_open(&client, &daemon_process);
    ck_assert_int_eq(client_get(&client, "/livez"), 200);
    expect_null_device(STDERR_FILENO);
    if (i == 1) {
      expect_null_device(STDIN_FILENO);
      expect_null_device(STDOUT_FILENO);
    }
    end();
  }
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "log", tidy, a_request_is_one_line_with_what_came_what_went_and_how_long_it_took,
      a_failure_is_logged_with_its_code_and_offset_but_not_its_text,
      by_default_only_failures_have_lines, no_request_has_a_line_where_none_is_wanted,
      what_a_client_did_wrong_is_no_warning, an_upload_that_is_cut_off_is_a_warning_without_status,
      a_traceparent_is_taken_over_if_it_is_one, nothing_that_a_client_may_choose_freely_is_written,
      a_wrong_path_and_a_wrong_method_are_written_cut_and_escaped, json_is_one_object_a_line,
      a_burst_of_errors_is_cut_to_the_rate_and_the_rest_is_counted,
      lines_that_a_full_pipe_does_not_take_are_dropped_and_counted,
      a_terminal_that_is_not_read_stops_neither_requests_nor_the_end,
      a_full_pipe_stops_neither_requests_nor_the_end,
      a_pipe_that_is_closed_stops_neither_requests_nor_the_end,
      a_log_file_that_may_not_grow_stops_neither_requests_nor_the_end,
      standard_files_that_are_closed_become_the_null_device);
}
