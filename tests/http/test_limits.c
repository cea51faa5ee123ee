/*
 * Every limit, at it, below it and above it.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REST "\"offsets\": [0.25], \"multipliers\": [2], \"gradient\": \"none\""

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static void begin(const char *option, const char *value) {
  START(&daemon_process, option, value);
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

static void expect_good(const char *path, const char *body) {
  ck_assert_msg(client_post(&client, path, body) == 200, "%s: %s", body, client.body);
}

/* A good body of exactly this length: white space fills it up. */
static const char *body_of(size_t length) {
  static char body[1024];
  snprintf(body, sizeof body, "{\"spikes_list\": [[1, 0]], " REST);
  size_t written = strlen(body);
  ck_assert_uint_lt(written, length);
  memset(body + written, ' ', length - written);
  strcpy(body + length - 1, "}");
  return body;
}

START_TEST(body_bytes_bounds_a_body_of_known_length) {
  begin("--body-bytes", "300");
  expect_good(FIRING_RATE, body_of(299));
  expect_good(FIRING_RATE, body_of(300));
  client_post(&client, FIRING_RATE, body_of(301));
  client_expect_problem(&client, 413, "body_too_large", NULL, NO_OFFSET);
  client_expect_detail(&client, "301");
  client_expect_detail(&client, "300");
  end();
}
END_TEST

START_TEST(body_bytes_bounds_a_chunked_body) {
  begin("--body-bytes", "300");
  for (size_t chunk = 1; chunk <= 400; chunk = chunk * 7 + 1) {
    for (size_t length = 299; length <= 300; length++) {
      client_ask(&client,
                 &(struct question){.path = FIRING_RATE, .body = body_of(length), .chunk = chunk});
      ck_assert_int_eq(client.status, 200);
    }
    client_ask(&client,
               &(struct question){.path = FIRING_RATE, .body = body_of(301), .chunk = chunk});
    client_expect_problem(&client, 413, "body_too_large", NULL, NO_OFFSET);
  }
  end();
}
END_TEST

START_TEST(an_absurd_length_is_too_large_too) {
  static const char *const lengths[] = {"1073741825", "9223372036854775807"};
  begin("--body-bytes", "1GiB");
  for (size_t i = 0; i < 2; i++) {
    struct answer answer;
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: ");
    wire_send_text(wire, lengths[i]);
    wire_send_text(wire, "\r\n\r\n");
    wire_read_answer(wire, &answer);
    answer_expect_problem(&answer, 413, "body_too_large");
    close(wire);
  }
  end();
}
END_TEST

START_TEST(a_refused_upload_that_is_read_to_its_end_keeps_the_connection) {
  begin("--body-bytes", "300");
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  for (size_t length = 301; length <= 1000; length += 699) {
    client_post(&client, FIRING_RATE, body_of(length));
    client_expect_problem(&client, 413, "body_too_large", NULL, NO_OFFSET);
    ck_assert_int_eq(client.connections, 0);
  }
  expect_good(FIRING_RATE, body_of(300));
  ck_assert_int_eq(client.connections, 0);
  end();
}
END_TEST

enum { DRAIN_BYTES = 64 << 20 };

START_TEST(an_upload_that_is_too_long_to_be_read_is_refused_at_its_head) {
  START(&daemon_process, "--body-bytes", "300");
  char head[256];
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  snprintf(head, sizeof head,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n",
           DRAIN_BYTES + 1);
  wire_send_text(wire, head);
  wire_read_answer(wire, &answer);
  answer_expect_problem(&answer, 413, "body_too_large");
  wire_expect_end(wire);
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_chunked_upload_that_goes_on_after_its_refusal_is_cut_off) {
  enum { CHUNK = 1 << 20 };
  START(&daemon_process, "--body-bytes", "300");
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire,
                 "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  char *chunk = malloc(CHUNK);
  ck_assert_ptr_nonnull(chunk);
  memset(chunk, ' ', CHUNK);
  size_t sent = 0;
  while (wire_send(wire, "100000\r\n", 8) && wire_send(wire, chunk, CHUNK) &&
         wire_send(wire, "\r\n", 2)) {
    sent += CHUNK;
    ck_assert_uint_lt(sent, 2 * (size_t)DRAIN_BYTES);
  }
  ck_assert_uint_ge(sent, DRAIN_BYTES - CHUNK);
  free(chunk);
  wire_expect_end(wire);
  close(wire);
  daemon_stop(&daemon_process);
}
END_TEST

/* One sample and one time step of so many neurons. */
static const char *population_of(size_t neurons, bool nested) {
  static char body[512];
  size_t length = 0;
  if (nested) {
    length = (size_t)snprintf(body, sizeof body, "{\"spk\": [[[");
    for (size_t i = 0; i < neurons; i++) {
      length += (size_t)snprintf(body + length, sizeof body - length, i > 0 ? ",1" : "1");
    }
    length += (size_t)snprintf(body + length, sizeof body - length, "]]]");
  } else {
    length = (size_t)snprintf(body, sizeof body,
                              "{\"spk\": {\"shape\": [1,1,%zu], \"encoding\": \"coo\", "
                              "\"data\": []}",
                              neurons);
  }
  snprintf(body + length, sizeof body - length,
           ", \"targets\": [0], \"num_classes\": %zu, \"neurons_per_class\": 1, "
           "\"correct_rate\": 1, \"incorrect_rate\": 0}",
           neurons);
  return body;
}

START_TEST(pairs_bounds_samples_times_neurons) {
  begin("--pairs", "12");
  for (int nested = 0; nested < 2; nested++) {
    expect_good(POPULATION, population_of(11, nested));
    expect_good(POPULATION, population_of(12, nested));
    client_post(&client, POPULATION, population_of(13, nested));
    const char *pointer = nested ? "/spk" : "/spk/shape";
    client_expect_problem(&client, 413, "tensor_too_large", pointer, nested ? 35 : 18);
  }
  end();
}
END_TEST

START_TEST(pairs_bounds_all_tensors_of_a_request_together) {
  begin("--pairs", "12");
  expect_good(FIRING_RATE, "{\"spikes_list\": [[1,1,1,1,1,1], [1,1,1,1,1,1]], "
                           "\"offsets\": [0, 0], \"multipliers\": [1, 1]}");
  client_post(&client, FIRING_RATE,
              "{\"spikes_list\": [[1,1,1,1,1,1], [1,1,1,1,1,1,1]], "
              "\"offsets\": [0, 0], \"multipliers\": [1, 1]}");
  client_expect_problem(&client, 413, "tensor_too_large", "/spikes_list/1", 45);
  end();
}
END_TEST

START_TEST(a_shape_of_many_gigabytes_is_refused_at_once) {
  begin("--pairs", "16Mi");
  client_post(&client, POPULATION,
              "{\"spk\": {\"shape\": [100000,1,100000], \"encoding\": \"coo\", \"data\": []}}");
  client_expect_problem(&client, 413, "tensor_too_large", "/spk/shape", 18);
  client_post(&client, POPULATION,
              "{\"spk\": {\"shape\": [4294967296,4294967296,4294967296], \"data\": []}}");
  client_expect_problem(&client, 422, "shape_overflow", "/spk/shape", 18);
  end();
}
END_TEST

START_TEST(answer_bytes_bounds_the_answer) {
  static const char body[] =
      "{\"spikes_list\": [[[1, 0], [0, 0]]], \"offsets\": [0.25], \"multipliers\": [2]}";
  char limit[32];
  begin("--threads", "1");
  expect_good(FIRING_RATE, body);
  size_t length = client.length;
  end();
  for (int more = -1; more <= 1; more++) {
    snprintf(limit, sizeof limit, "%zu", more < 0 ? length - 1 : length + (size_t)more);
    begin("--answer-bytes", limit);
    client_post(&client, FIRING_RATE, body);
    if (more < 0) {
      client_expect_problem(&client, 422, "answer_too_large", NULL, NO_OFFSET);
      client_expect_detail(&client, "ask for gradient: broadcast");
    } else {
      ck_assert_int_eq(client.status, 200);
      ck_assert_uint_eq(client.length, length);
    }
    end();
  }
}
END_TEST

/* Flat data of so many values before its shape. */
static const char *deferred(size_t count, const char *value) {
  static char body[4096];
  size_t length = (size_t)snprintf(body, sizeof body, "{" REST ", \"spikes_list\": [{\"data\": [");
  for (size_t i = 0; i < count; i++) {
    length +=
        (size_t)snprintf(body + length, sizeof body - length, "%s%s", i > 0 ? "," : "", value);
  }
  snprintf(body + length, sizeof body - length, "], \"shape\": [%zu]}]}", count);
  return body;
}

static void expect_deferred_too_large(void) {
  ck_assert_int_eq(client.status, 413);
  cJSON *problem = client_json(&client);
  ck_assert_str_eq(json_text(problem, "/code"), "deferred_too_large");
  ck_assert_str_eq(json_text(problem, "/pointer"), "/spikes_list/0/data");
  ck_assert_ptr_nonnull(
      strstr(json_text(problem, "/detail"), "put shape and encoding before data"));
  cJSON_Delete(problem);
}

START_TEST(deferred_bytes_bounds_data_that_comes_before_its_meaning) {
  begin("--deferred-bytes", "64");
  static const struct {
    const char *value;
    size_t most; /* that fit: one bit each, or 8 bytes each */
  } kinds[] = {{"1", 512}, {"0.5", 8}};
  for (size_t i = 0; i < 2; i++) {
    expect_good(FIRING_RATE, deferred(kinds[i].most - 1, kinds[i].value));
    expect_good(FIRING_RATE, deferred(kinds[i].most, kinds[i].value));
    client_post(&client, FIRING_RATE, deferred(kinds[i].most + 1, kinds[i].value));
    expect_deferred_too_large();
  }
  end();
}
END_TEST

START_TEST(limits_come_from_flags_before_variables_before_the_defaults) {
  setenv("SPIKELOSSD_BODY_BYTES", "500", 1);
  setenv("SPIKELOSSD_PAIRS", "77", 1);
  START(&daemon_process, "--pairs", "78");
  unsetenv("SPIKELOSSD_BODY_BYTES");
  unsetenv("SPIKELOSSD_PAIRS");
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_get(&client, "/v1/losses"), 200);
  cJSON *document = client_json(&client);
  ck_assert_double_eq(json_number(document, "/limits/body_bytes"), 500);
  ck_assert_double_eq(json_number(document, "/limits/pairs"), 78);
  ck_assert_double_eq(json_number(document, "/limits/depth"), 32);
  cJSON_Delete(document);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("limits", tidy, body_bytes_bounds_a_body_of_known_length,
                   body_bytes_bounds_a_chunked_body, an_absurd_length_is_too_large_too,
                   a_refused_upload_that_is_read_to_its_end_keeps_the_connection,
                   an_upload_that_is_too_long_to_be_read_is_refused_at_its_head,
                   a_chunked_upload_that_goes_on_after_its_refusal_is_cut_off,
                   pairs_bounds_samples_times_neurons,
                   pairs_bounds_all_tensors_of_a_request_together,
                   a_shape_of_many_gigabytes_is_refused_at_once, answer_bytes_bounds_the_answer,
                   deferred_bytes_bounds_data_that_comes_before_its_meaning,
                   limits_come_from_flags_before_variables_before_the_defaults);
}
