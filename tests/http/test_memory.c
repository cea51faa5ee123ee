/*
 * Memory for all requests together: taken up to the limit and not beyond, given back when a request
 * ends, however it ends; and what the system holds of an answer that is not read.
 */
#include "client.h"
#include "suite.h"
#include "wire.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One sample of 130,000 neurons, whose steps are too many for small counts: 1 MB, charged with the
 * first coordinate, and as much for their gradient when the body is complete. */
#define FRONT "{\"spk\":{\"shape\":[1,256,130000],\"encoding\":\"coo\",\"data\":[[0,0,0]"
#define BACK                                                                                       \
  "]},\"targets\":[0],\"num_classes\":1,\"neurons_per_class\":130000,\"correct_rate\":1,"          \
  "\"incorrect_rate\":0,\"gradient\":\"none\"}"

enum { HELD = 130000 * 8, BUFFER = 128 * 1024 };

static struct daemon daemon_process;
static struct client client; /* reads the metrics, over the Unix socket */

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static void begin(const char *memory_bytes) {
  START(&daemon_process, "--threads", "1", "--access-log", "none", "--memory-bytes", memory_bytes);
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

static double gauge(const char *name) {
  client_ask(&client, &(struct question){.path = "/metrics", .method = "GET", .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  char line[128];
  snprintf(line, sizeof line, "\n%s ", name);
  const char *found = strstr(client.body, line);
  ck_assert_msg(found != NULL, "there is no %s", name);
  return strtod(found + strlen(line), NULL);
}

static double memory_taken(void) {
  return gauge("spikelossd_request_memory_bytes");
}

static void wait_until_taken_are(double bytes) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  double taken;
  while ((taken = memory_taken()) != bytes) {
    ck_assert_msg(time(NULL) < deadline, "%.0f bytes stay taken, not %.0f", taken, bytes);
  }
}

/* No client but that of the metrics is connected. */
static void wait_until_idle(void) {
  wait_until_taken_are(BUFFER);
}

static void wait_until_taken(double least) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  while (memory_taken() < least) {
    ck_assert_msg(time(NULL) < deadline, "%.0f bytes are taken", memory_taken());
  }
}

static void send_head(int wire, size_t length) {
  char head[256];
  snprintf(head, sizeof head,
           "POST " POPULATION " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", length);
  wire_send_text(wire, head);
}

/* An upload that stops when its memory has been taken. */
static int hold_upload(void) {
  int wire = wire_connect(&daemon_process);
  send_head(wire, strlen(FRONT BACK));
  wire_send_text(wire, FRONT);
  return wire;
}

/* One that can drip for long. */
static int hold_long_upload(void) {
  int wire = wire_connect(&daemon_process);
  send_head(wire, 100000000);
  wire_send_text(wire, FRONT);
  return wire;
}

static void expect_no_room_on(int wire) {
  wire_expect_busy(wire, "limit (memory_bytes)");
}

static int expect_status_on(int wire) {
  struct answer answer;
  wire_read_answer(wire, &answer);
  return answer.status;
}

static void send_all(int wire) {
  send_head(wire, strlen(FRONT BACK));
  wire_send_text(wire, FRONT BACK);
}

/* Room is there when the daemon has noticed that a client is gone. */
static void ask_until_it_fits(int wire) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  do {
    ck_assert_msg(time(NULL) < deadline, "no room becomes free");
    send_all(wire);
  } while (expect_status_on(wire) != 200);
}

START_TEST(uploads_that_are_held_take_memory_and_the_next_is_told) {
  begin("5MiB");
  ck_assert_double_eq(gauge("spikelossd_request_memory_limit_bytes"), 5 << 20);
  wait_until_idle();
  int held[] = {hold_upload(), hold_upload(), hold_upload()};
  wait_until_taken(3.0 * (double)HELD);
  int next = wire_connect(&daemon_process);
  send_all(next);
  expect_no_room_on(next);
  for (int i = 0; i < 3; i++) {
    close(held[i]);
  }
  ask_until_it_fits(next);
  close(next);
  wait_until_idle();
  end();
}
END_TEST

/* A shape alone, or a coordinate far away in it, takes next to nothing. */
START_TEST(what_is_announced_takes_no_memory_until_it_comes) {
  enum { UPLOADS = 100 };
  int wires[UPLOADS];
  begin("376MiB");
  for (int i = 0; i < UPLOADS; i++) {
    wires[i] = wire_begin_post(&daemon_process, FIRING_RATE, "", 100000);
    wire_send_text(wires[i], "{\"spikes_list\":[{\"shape\":[1,1,16777216],\"encoding\":\"coo\","
                             "\"data\":[[0,0,16777215],");
  }
  ck_assert_double_le(memory_taken(), (UPLOADS + 1) * (2.0 * (double)BUFFER + 64 * 1024));
  for (int i = 0; i < UPLOADS; i++) {
    close(wires[i]);
  }
  wait_until_idle();
  end();
}
END_TEST

/* Clients that hold memory, and are to make room for others. */
struct holder {
  int wire;
  bool drips; /* sends a byte now and then */
};

/* Uploads end after 75 s of silence, and never while they drip: a large request that comes in
 * sooner comes in because they make room. */
static void expect_room_is_made(struct holder *holders, size_t count) {
  time_t deadline = time(NULL) + DEADLINE_SECONDS;
  int status;
  int next = wire_connect(&daemon_process);
  do {
    ck_assert_msg(time(NULL) < deadline, "no room is made");
    for (size_t i = 0; i < count; i++) {
      if (holders[i].drips) {
        wire_send(holders[i].wire, " ", 1);
      }
    }
    send_all(next);
    status = expect_status_on(next);
  } while (status == 503);
  ck_assert_int_eq(status, 200);
  ck_assert_double_ge(gauge("spikelossd_rejects_total{reason=\"evicted\"}"), 1);
  close(next);
  for (size_t i = 0; i < count; i++) {
    close(holders[i].wire);
  }
  wait_until_idle();
  end();
}

START_TEST(uploads_that_stand_still_make_room) {
  begin("5MiB");
  struct holder holders[] = {
      {hold_upload(), false}, {hold_upload(), false}, {hold_upload(), false}};
  wait_until_taken(3.0 * (double)HELD);
  expect_room_is_made(holders, 3);
}
END_TEST

START_TEST(uploads_that_drip_make_room) {
  begin("5MiB");
  struct holder holders[] = {
      {hold_long_upload(), true}, {hold_long_upload(), true}, {hold_long_upload(), true}};
  wait_until_taken(3.0 * (double)HELD);
  expect_room_is_made(holders, 3);
}
END_TEST

/* A dense answer of 130,000 numbers a step, of which nothing is read: their values, their text, and
 * what the system keeps. */
START_TEST(answers_that_are_not_read_make_room) {
  static const char body[] =
      "{\"spk\":{\"shape\":[1,100,130000],\"encoding\":\"coo\",\"data\":[]},\"targets\":[0],"
      "\"num_classes\":1,\"neurons_per_class\":130000,\"correct_rate\":0.1,\"incorrect_rate\":0}";
  const int little = 4096;
  begin("6MiB");
  int reader = wire_connect(&daemon_process);
  setsockopt(reader, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  char first;
  send_head(reader, strlen(body));
  wire_send_text(reader, body);
  ck_assert_uint_gt(wire_read(reader, &first, 1), 0);
  ck_assert_double_gt(memory_taken(), 4e6);
  expect_room_is_made((struct holder[]){{reader, false}}, 1);
}
END_TEST

/* One that can never fit alone is refused in the middle of its body, the rest of which is read. */
START_TEST(a_refused_upload_gives_its_memory_back_while_it_is_still_read) {
  begin("1MiB");
  int refused = hold_upload();
  wait_until_taken_are(2 * BUFFER);
  wire_send_text(refused, BACK);
  struct answer answer;
  wire_read_answer(refused, &answer);
  answer_expect_problem(&answer, 413, "tensor_too_large");
  close(refused);
  wait_until_idle();
  end();
}
END_TEST

/* What the daemon says is missing: the limit to try next. */
static uint64_t ask_with(uint64_t memory_bytes, long *status) {
  char limit[32];
  uint64_t needed = 0;
  uint64_t allowed = 0;
  snprintf(limit, sizeof limit, "%" PRIu64, memory_bytes);
  begin(limit);
  int wire = wire_connect(&daemon_process);
  struct answer answer;
  client_close(&client); /* its buffer counts too */
  send_all(wire);
  wire_read_answer(wire, &answer);
  *status = answer.status;
  if (answer.status != 200) {
    answer_expect_problem(&answer, 413, "tensor_too_large");
    const char *figures = strstr(answer.body, "needs ");
    ck_assert_ptr_nonnull(figures);
    ck_assert_int_eq(sscanf(figures,
                            "needs %" SCNu64 " bytes of memory; a single request may take %" SCNu64,
                            &needed, &allowed),
                     2);
    ck_assert_uint_gt(needed, allowed);
  }
  close(wire);
  daemon_stop(&daemon_process);
  return (needed + BUFFER) * 8 / 7 + 8;
}

/* Coming again would not help, so it is no 503. */
START_TEST(a_request_that_never_fits_is_too_large_up_to_the_last_byte) {
  long status = 0;
  uint64_t limit = BUFFER * 2;
  uint64_t next = ask_with(limit, &status);
  while (status != 200) {
    limit = next;
    next = ask_with(limit, &status);
  }
  ck_assert_uint_gt(limit, 2 * HELD); /* counts and their gradient */
  ck_assert_uint_lt(limit, 3 * HELD);
  ask_with(limit - 16, &status);
  ck_assert_int_eq(status, 413);
}
END_TEST

/* A buffer and 128 KiB: one byte less, and the daemon has warned. */
START_TEST(the_smallest_request_needs_what_the_start_says) {
  begin("256KiB");
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  end();
  begin("262143");
  ck_assert_ptr_nonnull(strstr(daemon_process.said, "every POST will be refused"));
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 413);
  end();
}
END_TEST

/* What is kept for requests that begin is enough for them. */
START_TEST(small_requests_fit_beside_large_ones_that_fill_all_the_rest) {
  begin("3MiB");
  int held[] = {hold_upload(), hold_upload()};
  wait_until_taken(2.0 * (double)HELD);
  struct client other;
  client_open(&other, &daemon_process);
  for (int i = 0; i < 20; i++) {
    ck_assert_int_eq(client_post(&other, FIRING_RATE, GOOD), 200);
    ck_assert_int_eq(other.connections, i == 0);
  }
  client_close(&other);
  close(held[0]);
  close(held[1]);
  wait_until_idle();
  end();
}
END_TEST

/* A connection takes its buffer from its opening to its end, before it has said anything. */
START_TEST(connections_are_charged_when_they_open_and_fit_into_half_of_the_memory) {
  enum { FIT = 8 };
  int crowd[FIT - 1];
  START(&daemon_process, "--threads", "1", "--access-log", "none", "--memory-bytes", "2MiB",
        "--connections", "100");
  client_open(&client, &daemon_process);
  daemon_wait_for_message(&daemon_process, "connections: 8 instead of 100 are served at once");
  wait_until_idle();
  for (int i = 0; i < FIT - 1; i++) {
    crowd[i] = wire_connect(&daemon_process);
  }
  wait_until_taken_are(FIT * BUFFER);
  int next = wire_connect(&daemon_process);
  send_all(next);
  wire_expect_busy(next, "connections: 8 are open, which is the limit");
  wire_expect_end(next);
  close(next);
  for (int i = 0; i < FIT - 1; i++) {
    close(crowd[i]);
  }
  wait_until_idle();
  end();
}
END_TEST

/* Bytes that the system holds of what the daemon has sent on a connection. */
static unsigned long unread_bytes(int wire) {
  struct sockaddr_in name;
  socklen_t length = sizeof name;
  ck_assert_int_eq(getsockname(wire, (struct sockaddr *)&name, &length), 0);
  char wanted[64];
  snprintf(wanted, sizeof wanted, " 0100007F:%04X 0100007F:%04X 01 ", (unsigned)daemon_process.port,
           (unsigned)ntohs(name.sin_port));
  unsigned long queued = 0;
  char line[512];
  FILE *table = fopen("/proc/net/tcp", "r");
  ck_assert_ptr_nonnull(table);
  while (fgets(line, sizeof line, table) != NULL) {
    const char *found = strstr(line, wanted);
    if (found != NULL) {
      sscanf(found + strlen(wanted), "%lx", &queued);
    }
  }
  fclose(table);
  return queued;
}

/* 20 MB of answer; the daemon goes on with it until the system takes no more. */
START_TEST(the_system_holds_little_of_an_answer_that_is_not_read) {
  enum { BOUND = 512 * 1024, ONE_PIECE = 128 * 1024 };
  static const char body[] = "{\"spikes_list\": [{\"shape\": [2000,1000], \"encoding\": \"coo\", "
                             "\"data\": []}], \"offsets\": [0.3], \"multipliers\": [0.7]}";
  begin("64MiB");
  char request[512];
  const int little = 4096;
  int wire = wire_connect(&daemon_process);
  setsockopt(wire, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
  snprintf(request, sizeof request,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
           strlen(body), body);
  wire_send_text(wire, request);
  ck_assert_uint_gt(wire_read(wire, request, 1), 0);
  unsigned long held = 0;
  for (unsigned long before = 1; before != held;) { /* one thread: its turn has come between */
    before = held;
    for (int turns = 0; turns < 50; turns++) {
      memory_taken();
    }
    held = unread_bytes(wire);
  }
  ck_assert_uint_gt(held, 64 * 1024);
  ck_assert_uint_le(held, BOUND + ONE_PIECE);
  ck_assert_double_gt(memory_taken(), BOUND);
  close(wire);
  wait_until_idle();
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE("memory", tidy, uploads_that_are_held_take_memory_and_the_next_is_told,
                   what_is_announced_takes_no_memory_until_it_comes,
                   uploads_that_stand_still_make_room, uploads_that_drip_make_room,
                   answers_that_are_not_read_make_room,
                   a_refused_upload_gives_its_memory_back_while_it_is_still_read,
                   a_request_that_never_fits_is_too_large_up_to_the_last_byte,
                   the_smallest_request_needs_what_the_start_says,
                   small_requests_fit_beside_large_ones_that_fill_all_the_rest,
                   connections_are_charged_when_they_open_and_fit_into_half_of_the_memory,
                   the_system_holds_little_of_an_answer_that_is_not_read);
}
