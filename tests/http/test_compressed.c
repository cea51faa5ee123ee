/*
 * Compressed bodies: read like the plain ones, with every limit and offset for what they inflate
 * to.
 */
#include "client.h"
#include "suite.h"
#include "support/compress.h"
#include "wire.h"

#include <signal.h>
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

#define BEGIN(...) begin((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void begin(const char *const *options) {
  daemon_start(&daemon_process, options);
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

static void post_bytes(const char *encoding, const char *bytes, size_t length, size_t chunk) {
  char header[128];
  snprintf(header, sizeof header, "Content-Encoding: %s", encoding);
  client_ask(&client, &(struct question){.path = FIRING_RATE,
                                         .body = bytes,
                                         .length = length,
                                         .chunk = chunk,
                                         .headers = {header}});
}

static void post(const char *encoding, enum sl_format format, const char *text, size_t chunk) {
  struct sl_compressed body = sl_compress(format, text, strlen(text));
  post_bytes(encoding, body.bytes, body.length, chunk);
  sl_compressed_free(&body);
}

static void post_gzip(const char *text) {
  post("gzip", SL_FORMAT_GZIP, text, 0);
}

/* `start`, then `count` times `again`, then `finish`; free it. */
static char *long_text(const char *start, size_t count, const char *again, const char *finish) {
  size_t length = strlen(again);
  char *text = malloc(strlen(start) + count * length + strlen(finish) + 1);
  ck_assert_ptr_nonnull(text);
  char *next = stpcpy(text, start);
  for (size_t i = 0; i < count; i++, next += length) {
    memcpy(next, again, length);
  }
  strcpy(next, finish);
  return text;
}

/* The gzip body gets the answer that the plain one gets. */
static void expect_plain_answer(const char *text, size_t chunk) {
  ck_assert_int_eq(client_post(&client, FIRING_RATE, text), 200);
  char *plain = strdup(client.body);
  post("gzip", SL_FORMAT_GZIP, text, chunk);
  ck_assert_msg(client.status == 200, "%s", client.body);
  ck_assert_str_eq(client.body, plain);
  free(plain);
}

START_TEST(gzip_and_deflate_are_read) {
  static const struct {
    const char *encoding;
    enum sl_format format;
  } encodings[] = {{"gzip", SL_FORMAT_GZIP},
                   {"GZip", SL_FORMAT_GZIP},
                   {"x-gzip", SL_FORMAT_GZIP},
                   {"deflate", SL_FORMAT_ZLIB}};
  static const size_t chunks[] = {0, 1, 2, 7, 1000};
  BEGIN();
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  char *plain = strdup(client.body);
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
    for (size_t j = 0; j < sizeof chunks / sizeof *chunks; j++) {
      post(encodings[i].encoding, encodings[i].format, GOOD, chunks[j]);
      ck_assert_int_eq(client.status, 200);
      ck_assert_str_eq(client.body, plain);
      ck_assert_int_eq(client.connections, 0);
    }
  }
  free(plain);
  end();
}
END_TEST

/* As two chunks, which libmicrohttpd hands on one by one. */
static void post_split(const struct sl_compressed *body, size_t split, struct answer *answer) {
  char size[32];
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                       "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n");
  snprintf(size, sizeof size, "%zx\r\n", split);
  wire_send_text(wire, size);
  ck_assert(wire_send(wire, body->bytes, split));
  snprintf(size, sizeof size, "\r\n%zx\r\n", body->length - split);
  wire_send_text(wire, size);
  ck_assert(wire_send(wire, body->bytes + split, body->length - split));
  wire_send_text(wire, "\r\n0\r\n\r\n");
  wire_read_answer(wire, answer);
  close(wire);
}

START_TEST(a_body_may_be_split_at_every_byte) {
  struct answer answer;
  BEGIN();
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, GOOD, strlen(GOOD));
  for (size_t split = 1; split < body.length; split++) {
    post_split(&body, split, &answer);
    ck_assert_msg(answer.status == 200, "after %zu bytes: %s", split, answer.body);
    ck_assert_ptr_nonnull(strstr(answer.body, "{\"loss\":0.25,"));
  }
  body.bytes[body.length - 5] ^= 1; /* of the checksum */
  for (size_t split = 1; split < body.length; split++) {
    post_split(&body, split, &answer);
    answer_expect_problem(&answer, 400, "bad_compression");
  }
  sl_compressed_free(&body);
  end();
}
END_TEST

START_TEST(offsets_are_those_of_the_inflated_body) {
  enum { SPACES = 100000 };
  BEGIN();
  char *text = long_text("{", SPACES, " ", "x}");
  post_gzip(text);
  client_expect_problem(&client, 400, "not_json", NULL, SPACES + 1);
  free(text);
  post_gzip("{\"offsets\": [0.5, \"x\"]}");
  client_expect_problem(&client, 400, "wrong_type", "/offsets/1", 18);
  end();
}
END_TEST

START_TEST(a_broken_body_is_refused_where_it_breaks) {
  BEGIN();
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, GOOD, strlen(GOOD));
  post_bytes("gzip", body.bytes, body.length - 1, 0);
  client_expect_problem(&client, 400, "bad_compression", NULL, (long)strlen(GOOD));
  client_expect_detail(&client, "ends before its gzip data is complete");
  post_bytes("deflate", body.bytes, body.length, 0);
  client_expect_problem(&client, 400, "bad_compression", NULL, 0);
  client_expect_detail(&client, "send Content-Encoding: gzip");
  post_bytes("gzip", GOOD, strlen(GOOD), 0);
  client_expect_detail(&client, "remove Content-Encoding");
  post("deflate", SL_FORMAT_RAW, GOOD, 0);
  client_expect_problem(&client, 400, "bad_compression", NULL, 0);
  client_expect_detail(&client, "add the zlib header");
  sl_compressed_free(&body);
  end();
}
END_TEST

/* What is wrong with the JSON comes before what is wrong with the data after it. */
START_TEST(the_first_fault_is_the_one_that_is_told) {
  static const char bad[] = "{\"offsets\": [0.5, \"x\"], \"multipliers\": [1, 2, 3, 4, 5]}";
  BEGIN();
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, bad, strlen(bad));
  for (size_t chunk = 0; chunk < 2; chunk++) {
    post_bytes("gzip", body.bytes, body.length - 3, chunk);
    client_expect_problem(&client, 400, "wrong_type", "/offsets/1", 18);
  }
  sl_compressed_free(&body);
  post_gzip("{}");
  client_expect_problem(&client, 400, "missing_member", "/spikes_list", 1);
  end();
}
END_TEST

START_TEST(body_bytes_bounds_the_inflated_body) {
  BEGIN("--body-bytes", "20000");
  static const char good[] = "{\"spikes_list\": [[1, 0]], " REST;
  for (size_t chunk = 0; chunk < 2; chunk++) {
    char *text = long_text(good, 20000 - strlen(good) - 1, " ", "}");
    post("gzip", SL_FORMAT_GZIP, text, chunk);
    ck_assert_int_eq(client.status, 200);
    free(text);
    text = long_text(good, 20000 - strlen(good), " ", "}");
    post("gzip", SL_FORMAT_GZIP, text, chunk);
    client_expect_problem(&client, 413, "body_too_large", NULL, NO_OFFSET);
    client_expect_detail(&client, "20000");
    free(text);
  }
  end();
}
END_TEST

/* Nothing is inflated any more: that the rest is broken is not seen. */
START_TEST(the_rest_of_a_bomb_is_read_and_thrown_away) {
  enum { INFLATED = 15 * 1000 * 1000 };
  BEGIN("--body-bytes", "1000000");
  char *text = long_text("{", INFLATED, " ", "}");
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, text, strlen(text));
  free(text);
  memset(body.bytes + body.length / 2, 0xff, body.length / 2);
  for (size_t chunk = 0; chunk < 3000; chunk += 1000) {
    post_bytes("gzip", body.bytes, body.length, chunk);
    client_expect_problem(&client, 413, "body_too_large", NULL, NO_OFFSET);
    ck_assert_uint_eq(client.unsent_length, 0);
  }
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  sl_compressed_free(&body);
  end();
}
END_TEST

START_TEST(limits_of_members_hold_for_the_inflated_bytes) {
  BEGIN("--deferred-bytes", "64");
  char *text =
      long_text("{" REST ", \"spikes_list\": [{\"data\": [1", 511, ",1", "], \"shape\": [512]}]}");
  post_gzip(text);
  ck_assert_int_eq(client.status, 200);
  free(text);
  text =
      long_text("{" REST ", \"spikes_list\": [{\"data\": [1", 512, ",1", "], \"shape\": [513]}]}");
  post_gzip(text);
  ck_assert_int_eq(client.status, 413);
  ck_assert_ptr_nonnull(strstr(client.body, "deferred_too_large"));
  free(text);
  text = long_text("{\"offsets\": [0", 3 * 1000 * 1000, ",0", "]}");
  post_gzip(text);
  ck_assert_int_eq(client.status, 413);
  ck_assert_ptr_nonnull(strstr(client.body, "member_too_large"));
  free(text);
  end();
}
END_TEST

/* Data before its shape is counted on another thread, while the bytes after it, which are all
 * there, wait in the inflater. */
START_TEST(what_waits_for_deferred_work_is_not_lost) {
  enum { LETTERS = 4 * 1000 * 1000 };
  BEGIN();
  char *text =
      long_text("{" REST ", \"spikes_list\": [{\"data\": \"", LETTERS / 4, "qqqq",
                "\", \"encoding\": \"bits\", \"shape\": [300, 80000]}, "
                "{\"data\": [1, 0, 1], \"shape\": [3]}], \"gradient_encoding\": \"text\"}");
  char *offsets = strstr(text, "[0.25], \"multipliers\": [2], ");
  memcpy(offsets, "[1,1], \"multipliers\": [1,2],", strlen("[1,1], \"multipliers\": [1,2],"));
  for (size_t chunk = 0; chunk <= 1500; chunk += 500) {
    expect_plain_answer(text, chunk);
  }
  end();
  free(text);
}
END_TEST

START_TEST(a_small_piece_may_inflate_to_a_large_body) {
  enum { VALUES = 4 * 1000 * 1000 };
  BEGIN();
  char *text = long_text("{" REST ", \"spikes_list\": [[1", VALUES, ",1", "]]}");
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, text, strlen(text));
  ck_assert_uint_lt(body.length, 16000);
  sl_compressed_free(&body);
  expect_plain_answer(text, 0);
  expect_plain_answer(text, 100);
  free(text);
  end();
}
END_TEST

START_TEST(other_encodings_are_refused_with_those_that_are_read) {
  static const char *const encodings[] = {"br", "zstd", "gzip, gzip", "identity, gzip", "gzipx"};
  BEGIN();
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
    post_bytes(encodings[i], GOOD, strlen(GOOD), 0);
    client_expect_problem(&client, 415, "unsupported_encoding", NULL, NO_OFFSET);
    client_expect_detail(&client, encodings[i]);
    ck_assert_str_eq(client_header(&client, "Accept-Encoding"), "gzip, deflate");
  }
  client_post(&client, FIRING_RATE, "{");
  ck_assert_ptr_null(client_header(&client, "Accept-Encoding"));
  end();
}
END_TEST

START_TEST(a_client_that_waits_is_told_to_continue) {
  BEGIN();
  struct answer answer;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, GOOD, strlen(GOOD));
  int wire =
      wire_begin_post(&daemon_process, FIRING_RATE, "Content-Encoding: gzip\r\n", body.length);
  ck_assert(wire_send(wire, body.bytes, body.length));
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  close(wire);
  sl_compressed_free(&body);
  end();
}
END_TEST

START_TEST(an_upload_that_has_begun_gets_its_answer_when_the_server_stops) {
  BEGIN();
  struct answer answer;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, GOOD, strlen(GOOD));
  int wire =
      wire_begin_post(&daemon_process, FIRING_RATE, "Content-Encoding: gzip\r\n", body.length);
  ck_assert(wire_send(wire, body.bytes, body.length / 2));
  daemon_signal(&daemon_process, SIGTERM);
  daemon_wait_for_refusal(&daemon_process);
  ck_assert(wire_send(wire, body.bytes + body.length / 2, body.length - body.length / 2));
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  ck_assert_ptr_nonnull(strstr(answer.body, "{\"loss\":0.25,"));
  close(wire);
  sl_compressed_free(&body);
  client_close(&client);
  daemon_ends_well(&daemon_process);
}
END_TEST

/* The value of a series. */
static double metric(const char *name) {
  ck_assert_int_eq(client_get(&client, "/metrics"), 200);
  const char *line = client.body;
  size_t length = strlen(name);
  while (line != NULL && !(strncmp(line, name, length) == 0 && line[length] == ' ')) {
    line = strchr(line, '\n');
    line = line == NULL ? NULL : line + 1;
  }
  ck_assert_msg(line != NULL, "%s is missing", name);
  return strtod(line + length, NULL);
}

START_TEST(bytes_received_are_those_that_came_and_bytes_decoded_those_inflated) {
  BEGIN();
  char *text = long_text("{" REST ", \"spikes_list\": [[1", 10000, ",1", "]]}");
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, text, strlen(text));
  post_bytes("gzip", body.bytes, body.length, 0);
  ck_assert_double_eq(metric("spikelossd_request_body_bytes_total"), (double)body.length);
  ck_assert_double_eq(metric("spikelossd_decoded_bytes_total{path=\"fast\"}") +
                          metric("spikelossd_decoded_bytes_total{path=\"exact\"}"),
                      (double)strlen(text));
  sl_compressed_free(&body);
  free(text);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "compressed", tidy, gzip_and_deflate_are_read, a_body_may_be_split_at_every_byte,
      offsets_are_those_of_the_inflated_body, a_broken_body_is_refused_where_it_breaks,
      the_first_fault_is_the_one_that_is_told, body_bytes_bounds_the_inflated_body,
      the_rest_of_a_bomb_is_read_and_thrown_away, limits_of_members_hold_for_the_inflated_bytes,
      what_waits_for_deferred_work_is_not_lost, a_small_piece_may_inflate_to_a_large_body,
      other_encodings_are_refused_with_those_that_are_read, a_client_that_waits_is_told_to_continue,
      an_upload_that_has_begun_gets_its_answer_when_the_server_stops,
      bytes_received_are_those_that_came_and_bytes_decoded_those_inflated);
}
