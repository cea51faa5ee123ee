/*
 * Many clients at once, and answers too large for one piece.
 */
#include "client.h"
#include "exercise.h"
#include "suite.h"
#include "wire.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 64, REQUESTS = 12 };

static struct daemon daemon_process;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

/* One of the clients. Threads cannot assert: they say what was wrong. */
struct visitor {
  pthread_t thread;
  size_t number;
  pthread_barrier_t *together;
  struct client client;
  struct exercise exercise;
  size_t answered;
  char trouble[256];
};

static void visit_once(struct visitor *visitor, size_t request) {
  exercise_make(&visitor->exercise, visitor->number * REQUESTS + request);
  struct question question = {
      .path = exercise_path(&visitor->exercise),
      .body = visitor->exercise.body,
      .chunk = request % 3 == 2 ? 1 + visitor->number * 3 : 0,
      .unix_socket = visitor->number % 4 == 3,
  };
  const char *trouble = NULL;
  if (!client_try(&visitor->client, &question)) {
    trouble = curl_easy_strerror(visitor->client.outcome);
  } else if (visitor->client.status != 200) {
    trouble = visitor->client.body;
  } else if (visitor->client.connections != (request == 0)) {
    trouble = "the connection was not kept";
  } else {
    trouble = exercise_check(&visitor->exercise, visitor->client.body);
  }
  if (trouble == NULL) {
    visitor->answered++;
  } else if (visitor->trouble[0] == '\0') {
    snprintf(visitor->trouble, sizeof visitor->trouble, "client %zu, request %zu: %.180s",
             visitor->number, request, trouble);
  }
}

static void *visit(void *closure) {
  struct visitor *visitor = closure;
  pthread_barrier_wait(visitor->together);
  for (size_t i = 0; i < REQUESTS; i++) {
    visit_once(visitor, i);
  }
  return NULL;
}

START_TEST(sixty_four_clients_each_get_their_own_answers) {
  START(&daemon_process);
  curl_global_init(CURL_GLOBAL_DEFAULT); /* not safe in threads */
  struct visitor *visitors = calloc(CLIENTS, sizeof *visitors);
  ck_assert_ptr_nonnull(visitors);
  pthread_barrier_t together;
  pthread_barrier_init(&together, NULL, CLIENTS);
  for (size_t i = 0; i < CLIENTS; i++) {
    visitors[i].number = i;
    visitors[i].together = &together;
    client_open(&visitors[i].client, &daemon_process);
    ck_assert_int_eq(pthread_create(&visitors[i].thread, NULL, visit, &visitors[i]), 0);
  }
  for (size_t i = 0; i < CLIENTS; i++) {
    pthread_join(visitors[i].thread, NULL);
    client_close(&visitors[i].client);
  }
  for (size_t i = 0; i < CLIENTS; i++) {
    ck_assert_str_eq(visitors[i].trouble, "");
    ck_assert_uint_eq(visitors[i].answered, REQUESTS);
  }
  pthread_barrier_destroy(&together);
  free(visitors);
  daemon_stop(&daemon_process);
}
END_TEST

/*
 * Sample b, neuron o fires in the first (7 b + 3 o) % STEPS steps; with rates of zero its gradient
 * is that count * 2 / (SAMPLES * NEURONS), which is exact.
 */
enum { SAMPLES = 4, STEPS = 1000, NEURONS = 1024, BYTES = SAMPLES * STEPS * NEURONS / 8 };

static size_t spike_count(size_t sample, size_t neuron) {
  return (7 * sample + 3 * neuron) % STEPS;
}

/* Base64 of packed bits. */
static char *base64_of(const unsigned char *bytes) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char *text = calloc(BYTES / 3 * 4 + 5, 1);
  ck_assert_ptr_nonnull(text);
  size_t length = 0;
  for (size_t i = 0; i < BYTES; i += 3) {
    size_t here = BYTES - i < 3 ? BYTES - i : 3;
    unsigned long group = 0;
    for (size_t j = 0; j < 3; j++) {
      group = group << 8 | (j < here ? bytes[i + j] : 0);
    }
    for (size_t j = 0; j < 4; j++) {
      text[length++] = j <= here ? letters[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

static char *large_body(void) {
  unsigned char *bytes = calloc(BYTES, 1);
  ck_assert_ptr_nonnull(bytes);
  for (size_t i = 0; i < SAMPLES * STEPS * NEURONS; i++) {
    size_t step = i / NEURONS % STEPS;
    if (step < spike_count(i / NEURONS / STEPS, i % NEURONS)) {
      bytes[i / 8] |= (unsigned char)(0x80 >> (i % 8));
    }
  }
  char *text = base64_of(bytes);
  char *body = malloc(strlen(text) + 512);
  ck_assert_ptr_nonnull(body);
  sprintf(body,
          "{\"spk\": {\"shape\": [%d,%d,%d], \"encoding\": \"bits\", \"data\": \"%s\"}, "
          "\"targets\": [0,1,2,3], \"num_classes\": 4, \"neurons_per_class\": 256, "
          "\"correct_rate\": 0, \"incorrect_rate\": 0}",
          SAMPLES, STEPS, NEURONS, text);
  free(text);
  free(bytes);
  return body;
}

/* All numbers of the data, read where they stand; a document of millions of nodes would be slow. */
static void expect_large_gradient(const char *answer) {
  const char *next = strstr(answer, "\"data\":[");
  ck_assert_ptr_nonnull(next);
  next += strlen("\"data\":");
  for (size_t i = 0; i < SAMPLES * STEPS * NEURONS; i++) {
    char *end;
    size_t count = spike_count(i / NEURONS / STEPS, i % NEURONS);
    double value = strtod(next + 1, &end);
    bool good = *next == (i == 0 ? '[' : ',') && end > next + 1 &&
                value == (double)count * 2 / (SAMPLES * NEURONS);
    if (!good) {
      ck_abort_msg("value %zu is wrong: %.40s", i, next);
    }
    next = end;
  }
  ck_assert_int_eq(strncmp(next, "]},\"correct_rate\":", 18), 0);
}

START_TEST(a_large_dense_answer_is_whole) {
  START(&daemon_process);
  struct client client;
  client_open(&client, &daemon_process);
  char *body = large_body();
  ck_assert_int_eq(client_post(&client, POPULATION, body), 200);
  ck_assert_uint_gt(client.length, 30u * 1000 * 1000);
  char length[32];
  snprintf(length, sizeof length, "%zu", client.length);
  ck_assert_str_eq(client_header(&client, "Content-Length"), length);
  ck_assert_ptr_null(client_header(&client, "Transfer-Encoding"));
  ck_assert_str_eq(client.body + client.length - 2, "}\n");
  expect_large_gradient(client.body);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  ck_assert_int_eq(client.connections, 0);
  free(body);
  client_close(&client);
  daemon_stop(&daemon_process);
}
END_TEST

START_TEST(a_client_that_leaves_during_a_large_answer_harms_no_other) {
  START(&daemon_process);
  char *body = large_body();
  char head[256];
  snprintf(head, sizeof head,
           "POST " POPULATION " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
  for (int i = 0; i < 4; i++) {
    struct answer answer;
    int wire = wire_connect(&daemon_process);
    wire_send_text(wire, head);
    wire_send_text(wire, body);
    wire_read_head(wire, &answer);
    ck_assert_int_eq(answer.status, 200);
    close(wire);
  }
  struct client client;
  client_open(&client, &daemon_process);
  ck_assert_int_eq(client_get(&client, "/livez"), 200);
  client_close(&client);
  free(body);
  daemon_stop(&daemon_process);
}
END_TEST

/* Each takes a compute thread: the loss of a million pairs, and coordinates that are counted when
 * their shape comes after them. */
static char *wide_question(bool counted_last) {
  enum { ENTRIES = 100000, ROOM = 20 * ENTRIES };
  char *body = malloc(ROOM);
  ck_assert_ptr_nonnull(body);
  int length = sprintf(body, "{\"gradient\":\"broadcast\",\"spikes_list\":[{\"data\":[");
  for (int i = 0; counted_last && i < ENTRIES; i++) {
    length += sprintf(body + length, "%s[0,0,%d]", i == 0 ? "" : ",", i);
  }
  sprintf(body + length, "],\"encoding\":\"coo\",\"shape\":[1,1,1000000]}],\"offsets\":[0.5],"
                         "\"multipliers\":[1]}");
  return body;
}

static void expect_answer_after_half_close(bool counted_last) {
  char *body = wide_question(counted_last);
  char head[256];
  struct answer answer;
  snprintf(head, sizeof head,
           "POST " FIRING_RATE " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n", strlen(body));
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, head);
  wire_send_text(wire, body);
  ck_assert_int_eq(shutdown(wire, SHUT_WR), 0);
  wire_read_head(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  close(wire);
  free(body);
}

START_TEST(a_client_that_closed_its_half_gets_what_takes_long) {
  START(&daemon_process, "--threads", "1");
  int older = wire_connect(&daemon_process);
  struct answer answer;
  wire_send_text(older, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(older, &answer);
  expect_answer_after_half_close(false);
  expect_answer_after_half_close(true);
  close(older);
  daemon_stop(&daemon_process);
}
END_TEST

int main(void) {
  return RUN_SUITE("concurrency", tidy, sixty_four_clients_each_get_their_own_answers,
                   a_large_dense_answer_is_whole,
                   a_client_that_leaves_during_a_large_answer_harms_no_other,
                   a_client_that_closed_its_half_gets_what_takes_long);
}
