/*
 * What the daemon counts about itself. An exchange is counted before the next one on the same
 * connection begins, so a client that scrapes on its own connection sees all that it did.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* 3 of 6 values are 1. */
#define REQUESTS_OF(loss, status, encoding)                                                        \
  "spikelossd_requests_total{loss=\"" loss "\",status=\"" status "\",encoding=\"" encoding "\"}"
#define FIRING_RATE_OK  REQUESTS_OF("firing_rate_target_mse_loss", "200", "text")
#define REJECTS(reason) "spikelossd_rejects_total{reason=\"" reason "\"}"

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static void begin(void) {
  START(&daemon_process, "--body-bytes", "4MiB");
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

/* The value of a series in the last answer, -1 if it is not there. */
static double find(const char *series) {
  size_t length = strlen(series);
  for (const char *line = client.body; line != NULL && *line != '\0';) {
    if (strncmp(line, series, length) == 0 && line[length] == ' ') {
      return strtod(line + length, NULL);
    }
    const char *end = strchr(line, '\n');
    line = end == NULL ? NULL : end + 1;
  }
  return -1;
}

static void scrape(void) {
  ck_assert_int_eq(client_get(&client, "/metrics"), 200);
}

static void expect(const char *series, double value) {
  ck_assert_msg(find(series) == value, "%s is %g, not %g", series, find(series), value);
}

/* Scrapes until a series has this value: for what other connections do. */
static void wait_for(const char *series, double value) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  do {
    scrape();
    ck_assert_msg(time(NULL) < deadline, "%s stays %g, not %g", series, find(series), value);
  } while (find(series) != value);
}

START_TEST(the_page_is_prometheus_text) {
  begin();
  scrape();
  ck_assert_str_eq(client_header(&client, "Content-Type"),
                   "text/plain; version=0.0.4; charset=utf-8");
  ck_assert_int_eq(client.body[client.length - 1], '\n');
  ck_assert_int_eq(client_ask(&client, &(struct question){.method = "HEAD", .path = "/metrics"}),
                   200);
  ck_assert_int_eq(
      client_ask(&client, &(struct question){.method = "POST", .path = "/metrics", .body = "{}"}),
      405);
  end();
}
END_TEST

START_TEST(requests_are_counted_by_loss_status_and_encoding) {
  begin();
  client_post(&client, FIRING_RATE, GOOD);
  client_post(&client, FIRING_RATE, GOOD);
  client_post(&client, FIRING_RATE,
              "{\"spikes_list\": [[1]], \"offsets\": [1], \"multipliers\": [1], "
              "\"gradient_encoding\": \"f32\"}");
  client_post(&client, FIRING_RATE, "{");
  client_post(&client, FIRING_RATE, "{\"spikes_list\": [[]]}");
  client_post(&client, POPULATION, "[]");
  client_post(&client, "/v1/losses/no_such_loss", GOOD);
  client_get(&client, "/livez");
  scrape();
  expect(FIRING_RATE_OK, 2);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "200", "f32"), 1);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "200", "f64"), 0);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "400", "text"), 1);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "422", "text"), 1);
  expect(REQUESTS_OF("balanced_population_mse", "200", "text"), 0);
  expect(REQUESTS_OF("balanced_population_mse", "400", "text"), 1);
  expect(REQUESTS_OF("none", "404", "text"), 1);
  expect(REQUESTS_OF("none", "200", "text"), 1);
  end();
}
END_TEST

START_TEST(bytes_are_those_that_came_and_went) {
  begin();
  double answers = 0;
  client_post(&client, FIRING_RATE, GOOD);
  answers += (double)client.length;
  client_post(&client, FIRING_RATE, "{\"spikes_list\": 1}");
  answers += (double)client.length;
  client_ask(&client, &(struct question){.method = "HEAD", .path = "/v1/losses"});
  scrape();
  expect("spikelossd_request_body_bytes_total", (double)strlen(GOOD "{\"spikes_list\": 1}"));
  expect("spikelossd_answer_bytes_total", answers);
  end();
}
END_TEST

/* A body with `count` values, alternating between two spellings. */
static char *make_body(size_t count, const char *even, const char *odd) {
  char *body = malloc(count * 8 + 128);
  ck_assert_ptr_nonnull(body);
  size_t length = (size_t)sprintf(body, "{\"spikes_list\":[[");
  for (size_t i = 0; i < count; i++) {
    length += (size_t)sprintf(body + length, "%s%s", i > 0 ? "," : "", i % 2 == 0 ? even : odd);
  }
  sprintf(body + length, "]],\"offsets\":[1],\"multipliers\":[1],\"gradient\":\"none\"}");
  return body;
}

START_TEST(spikes_are_the_values_other_than_0_of_losses_that_were_computed) {
  begin();
  client_post(&client, FIRING_RATE, GOOD);
  char *graded = make_body(1000, "0", "-0.5");
  ck_assert_int_eq(client_post(&client, FIRING_RATE, graded), 200);
  client_post(&client, FIRING_RATE, "{\"spikes_list\": [[1,1,1,1]], \"offsets\": [1]}");
  scrape();
  expect("spikelossd_spikes_total", 3 + 500);
  free(graded);
  end();
}
END_TEST

START_TEST(every_byte_is_decoded_on_one_of_two_paths) {
  begin();
  char *binary = make_body(50000, "1", "0");
  double length = (double)strlen(binary);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, binary), 200);
  scrape();
  double fast = find("spikelossd_decoded_bytes_total{path=\"fast\"}");
  double exact = find("spikelossd_decoded_bytes_total{path=\"exact\"}");
  ck_assert_double_eq(fast + exact, length);
  ck_assert_double_gt(fast, 0.9 * length);

  char *graded = make_body(50000, "0.25", "0.5");
  ck_assert_int_eq(client_post(&client, FIRING_RATE, graded), 200);
  scrape();
  double graded_fast = find("spikelossd_decoded_bytes_total{path=\"fast\"}") - fast;
  ck_assert_double_lt(graded_fast, 0.1 * (double)strlen(graded));
  free(binary);
  free(graded);
  end();
}
END_TEST

START_TEST(durations_are_histograms_of_the_losses_that_were_answered) {
  static const char *const phases[] = {"receive", "compute", "send"};
  begin();
  for (int i = 0; i < 7; i++) {
    client_post(&client, FIRING_RATE, GOOD);
  }
  client_post(&client, FIRING_RATE, "{");
  client_get(&client, FIRING_RATE);
  scrape();
  for (size_t i = 0; i < 3; i++) {
    char series[128];
    char bucket[128];
    snprintf(series, sizeof series, "spikelossd_request_duration_seconds_count{phase=\"%s\"}",
             phases[i]);
    expect(series, 7);
    snprintf(series, sizeof series, "spikelossd_request_duration_seconds_sum{phase=\"%s\"}",
             phases[i]);
    ck_assert_double_gt(find(series), 0);
    ck_assert_double_lt(find(series), DEADLINE_SECONDS);

    snprintf(bucket, sizeof bucket, "spikelossd_request_duration_seconds_bucket{phase=\"%s\",le=\"",
             phases[i]);
    double before = 0;
    size_t buckets = 0;
    for (const char *at = strstr(client.body, bucket); at != NULL; at = strstr(at + 1, bucket)) {
      double requests = strtod(strchr(at, ' '), NULL);
      ck_assert_double_ge(requests, before);
      before = requests;
      buckets++;
    }
    ck_assert_double_eq(before, 7);
    ck_assert_uint_gt(buckets, 10);
  }
  end();
}
END_TEST

START_TEST(refusals_for_limits_are_counted_by_their_code) {
  begin();
  char *head = "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 500000000\r\n\r\n";
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, head);
  struct answer answer;
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 413);
  close(wire);
  wait_for(REJECTS("body_too_large"), 1);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "413", "text"), 1);
  expect(REJECTS("tensor_too_large"), 0);
  end();
}
END_TEST

/* One connection is served, 32 more could be told that they are too many; the others wait for those
 * that say nothing to make room. */
START_TEST(a_connection_that_is_ended_to_make_room_is_a_reject) {
  enum { CROWD = 40 };
  int crowd[CROWD];
  START(&daemon_process, "--connections", "1");
  client_open(&client, &daemon_process);
  scrape();
  expect(REJECTS("evicted"), 0);
  for (size_t i = 0; i < CROWD; i++) {
    crowd[i] = wire_connect(&daemon_process);
  }
  wait_for(REJECTS("evicted"), 32);
  for (size_t i = 0; i < CROWD; i++) {
    close(crowd[i]);
  }
  end();
}
END_TEST

START_TEST(a_client_that_leaves_is_a_request_without_status_and_no_reject) {
  begin();
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");
  wait_for("spikelossd_requests_in_flight", 2);
  close(wire);
  wait_for("spikelossd_requests_in_flight", 1);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "none", "text"), 1);
  expect(REJECTS("drain_bounds"), 0);
  expect(REJECTS("idle_deadline"), 0);
  end();
}
END_TEST

START_TEST(an_upload_that_is_cut_off_is_a_reject) {
  begin();
  char *rest = calloc(1, 1 << 20);
  ck_assert_ptr_nonnull(rest);
  memset(rest, ' ', 1 << 20);
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                       "\r\n1\r\n]\r\n8000000\r\n");
  while (wire_send(wire, rest, 1 << 20)) { /* 64 MiB of it are read */
  }
  wire_expect_end(wire);
  close(wire);
  wait_for(REJECTS("drain_bounds"), 1);
  expect(REQUESTS_OF("firing_rate_target_mse_loss", "none", "text"), 1);
  free(rest);
  end();
}
END_TEST

START_TEST(an_idle_deadline_within_a_request_is_a_reject) {
  START(&daemon_process, "--idle-seconds", "1");
  client_open(&client, &daemon_process);
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");
  wire_expect_end(wire);
  close(wire);
  wait_for(REJECTS("idle_deadline"), 1);
  end();
}
END_TEST

START_TEST(connections_are_those_that_are_open) {
  begin();
  scrape();
  expect("spikelossd_connections", 1);
  int wires[3];
  for (size_t i = 0; i < 3; i++) {
    wires[i] = wire_connect(&daemon_process);
  }
  wait_for("spikelossd_connections", 4);
  for (size_t i = 0; i < 3; i++) {
    close(wires[i]);
  }
  wait_for("spikelossd_connections", 1);
  end();
}
END_TEST

enum { VISITORS = 8, VISITS = 200 };

static void *visit(void *closure) {
  struct client *visitor = closure;
  const struct question question = {.path = FIRING_RATE, .body = GOOD};
  for (int i = 0; i < VISITS; i++) {
    client_try(visitor, &question);
  }
  return NULL;
}

START_TEST(no_request_of_any_thread_is_lost_or_counted_twice) {
  START(&daemon_process, "--threads", "4");
  client_open(&client, &daemon_process);
  struct client visitors[VISITORS];
  pthread_t threads[VISITORS];
  for (size_t i = 0; i < VISITORS; i++) {
    client_open(&visitors[i], &daemon_process);
    ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, &visitors[i]), 0);
  }
  for (size_t i = 0; i < VISITORS; i++) {
    pthread_join(threads[i], NULL);
    client_close(&visitors[i]);
  }
  wait_for("spikelossd_connections", 1);
  expect(FIRING_RATE_OK, VISITORS * VISITS);
  expect("spikelossd_spikes_total", 3 * VISITORS * VISITS);
  expect("spikelossd_request_body_bytes_total", (double)(strlen(GOOD) * VISITORS * VISITS));
  expect("spikelossd_request_duration_seconds_count{phase=\"send\"}", VISITORS * VISITS);
  end();
}
END_TEST

static size_t count_series(void) {
  size_t lines = 0;
  for (const char *at = client.body; (at = strchr(at, '\n')) != NULL; at++) {
    lines++;
  }
  return lines;
}

START_TEST(what_clients_write_makes_no_series) {
  begin();
  client_get(&client, "/nowhere");
  scrape();
  scrape();
  size_t before = count_series();
  for (int i = 0; i < 20; i++) {
    char path[64];
    char body[64];
    snprintf(path, sizeof path, "/v1/losses/loss_%d", i);
    snprintf(body, sizeof body, "{\"member_%d\": 1}", i);
    client_get(&client, path);
    client_post(&client, path, body);
  }
  scrape();
  ck_assert_uint_eq(count_series(), before);
  end();
}
END_TEST

START_TEST(the_process_and_the_build_are_described) {
  static const char *const names[] = {"process_cpu_seconds_total", "process_resident_memory_bytes",
                                      "process_virtual_memory_bytes", "process_open_fds",
                                      "process_max_fds"};
  begin();
  scrape();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    ck_assert_msg(find(names[i]) > 0, "%s is %g", names[i], find(names[i]));
  }
  struct timespec now; /* time() may still be in the second before */
  clock_gettime(CLOCK_REALTIME, &now);
  double started = find("process_start_time_seconds");
  double age = (double)now.tv_sec + (double)now.tv_nsec * 1e-9 - started;
  ck_assert_double_ge(age, 0);
  ck_assert_double_lt(age, DEADLINE_SECONDS);
  ck_assert_ptr_nonnull(strstr(client.body, "\nspikelossd_build_info{version=\"0."));
  ck_assert_ptr_nonnull(strstr(client.body, ",isa=\""));
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "metrics", tidy, the_page_is_prometheus_text,
      requests_are_counted_by_loss_status_and_encoding, bytes_are_those_that_came_and_went,
      spikes_are_the_values_other_than_0_of_losses_that_were_computed,
      every_byte_is_decoded_on_one_of_two_paths,
      durations_are_histograms_of_the_losses_that_were_answered,
      refusals_for_limits_are_counted_by_their_code,
      a_connection_that_is_ended_to_make_room_is_a_reject,
      a_client_that_leaves_is_a_request_without_status_and_no_reject,
      an_upload_that_is_cut_off_is_a_reject, an_idle_deadline_within_a_request_is_a_reject,
      connections_are_those_that_are_open, no_request_of_any_thread_is_lost_or_counted_twice,
      what_clients_write_makes_no_series, the_process_and_the_build_are_described);
}
