/*
 * The real daemon while its memory runs out: every allocation of a request, libmicrohttpd's and
 * cJSON's included, is made to fail in turn, alone and with all that follow it. The client reads a
 * 503, or, where the daemon could do without, the answer it always reads; the daemon stays, and
 * loses nothing.
 */
#include "failing_memory.h"
#include "suite.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RATES      "/v1/losses/firing_rate_target_mse_loss"
#define POPULATION "/v1/losses/balanced_population_mse"

/* A body that begins so is compressed. */
#define ZLIB_HEADER "\x78\xDA"

/* Room for the longest answer, and more allocations than any request makes. */
enum { ROOM = 1 << 20, MANY = 5000 };

static struct daemon daemon_process;
static struct failing_memory *memory;

static const struct request {
  const char *what;
  const char *method;
  const char *path;
  const char *body;
} requests[] = {
    {"nested rates", "POST", RATES,
     "{\"spikes_list\":[[[[1,0,1],[0,0,1]]],[[[0.5,0]]]],\"offsets\":[0.25,1e-1],"
     "\"multipliers\":[2,1]}"},
    {"packed rates", "POST", RATES,
     "{\"gradient_encoding\":\"f32\",\"spikes_list\":[{\"data\":\"oA==\",\"shape\":[1,1,3],"
     "\"encoding\":\"bits\"}],\"offsets\":[0.25],\"multipliers\":[2]}"},
    {"coordinates", "POST", RATES,
     "{\"gradient\":\"broadcast\",\"spikes_list\":[{\"encoding\":\"coo\",\"data\":[[0,0,1]],"
     "\"shape\":[1,2,3]}],\"offsets\":[0.25],\"multipliers\":[2]}"},
    {"a population", "POST", POPULATION,
     "{\"spk\":[[[1,0],[0,2.5]]],\"targets\":[0],\"num_classes\":1,\"neurons_per_class\":2,"
     "\"correct_rate\":0.5,\"incorrect_rate\":0}"},
    {"a large answer", "POST", RATES,
     "{\"spikes_list\":[{\"shape\":[2,50,60],\"encoding\":\"coo\",\"data\":[[0,0,1]]}],"
     "\"offsets\":[0.1],\"multipliers\":[3]}"},
    {"a compressed body", "POST", RATES,
     "x\xDA\xABV*.\xC8\xCCN-\x8E\xCF\xC9,.Q\xB2\x8A\x06\x02\x03\x1D \xD4\x33\x8D\xD5"
     "\x89\x36\xD2\x01\xC2X \xD0Q\xCAOK+N-)\x06\xAA\x30\xD0\x33\x33\x01\x0A\xE4\x96"
     "\xE6\x94\x64\x16\xE4\x64\xA6\x16\x81\x04Mbk\x01pR\x17\x92"},
    {"a bad body", "POST", RATES, "{\"spikes_list\":[[[[1,0,1],[0,0]]]],\"offsets\":[]}"},
    {"no such loss", "POST", "/v1/losses/none", "{}"},
    {"the page", "GET", "/", ""},
    {"a probe", "GET", "/readyz", ""},
    {"the losses", "GET", "/v1/losses", ""},
    {"one loss", "GET", RATES, ""},
    {"the description", "GET", "/openapi.json", ""},
    {"a wrong method", "PUT", "/", "x"},
};

enum { REQUEST_COUNT = sizeof requests / sizeof requests[0] };

/* Everything that came on a connection before it was closed. */
struct said {
  char text[ROOM];
  size_t length;
};

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

/* The file is needed only until both have mapped it. */
static void start(void) {
  char path[] = "/tmp/spikelossd-test-memory-XXXXXX";
  int file = mkostemp(path, O_CLOEXEC);
  ck_assert_msg(file >= 0 && ftruncate(file, sizeof *memory) == 0, "%s", strerror(errno));
  memory = mmap(NULL, sizeof *memory, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  ck_assert(memory != MAP_FAILED);
  close(file);
  setenv(FAILING_MEMORY_VARIABLE, path, 1);
  setenv("LD_PRELOAD", FAILING_MEMORY, 1);
  START(&daemon_process, "--threads", "1");
  unsetenv("LD_PRELOAD");
  unlink(path);
}

static void stop(void) {
  daemon_stop(&daemon_process);
  munmap(memory, sizeof *memory);
}

static void fail_from(long n, bool onwards) {
  atomic_store(&memory->failures, 0);
  atomic_store(&memory->onwards, onwards);
  atomic_store(&memory->countdown, n);
}

/* How many allocations have failed; from now on none does. */
static long succeed(void) {
  atomic_store(&memory->countdown, 0);
  atomic_store(&memory->failing, false);
  return atomic_load(&memory->failures);
}

static void send_request(int wire, const struct request *request) {
  char text[4096];
  bool compressed = strncmp(request->body, ZLIB_HEADER, strlen(ZLIB_HEADER)) == 0;
  int length =
      snprintf(text, sizeof text,
               "%s %s HTTP/1.1\r\nHost: x\r\nX-Request-Id: memory\r\nConnection: close\r\n"
               "%sContent-Length: %zu\r\n\r\n%s",
               request->method, request->path, compressed ? "Content-Encoding: deflate\r\n" : "",
               strlen(request->body), request->body);
  ck_assert_int_lt(length, sizeof text);
  wire_send(wire, text, (size_t)length);
}

static void read_all(int wire, struct said *said) {
  said->length = 0;
  for (size_t got = 1; got > 0; said->length += got) {
    ck_assert_uint_lt(said->length + 1, ROOM);
    got = wire_read(wire, said->text + said->length, ROOM - 1 - said->length);
  }
  said->text[said->length] = '\0';
}

/* A connection that has been served, so that nothing of its own is still to be allocated. */
static int served_connection(void) {
  struct answer answer;
  int wire = wire_connect(&daemon_process);
  wire_send_text(wire, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  wire_read_answer(wire, &answer);
  ck_assert_int_eq(answer.status, 200);
  return wire;
}

/* The status line and the body; headers such as the date differ. */
static bool same_answer(const struct said *left, const struct said *right) {
  const char *left_body = strstr(left->text, "\r\n\r\n");
  const char *right_body = strstr(right->text, "\r\n\r\n");
  return left_body != NULL && right_body != NULL && strncmp(left->text, right->text, 13) == 0 &&
         strcmp(left_body, right_body) == 0;
}

static bool is_out_of_memory(const struct said *said) {
  return strncmp(said->text, "HTTP/1.1 503 ", 13) == 0 &&
         strstr(said->text, "\r\nRetry-After: ") != NULL &&
         strstr(said->text, "\"code\":\"out_of_memory\"") != NULL;
}

/* The n-th allocation of a request fails; returns whether there was one. */
static bool is_answered(const struct request *request, long n, bool onwards,
                        const struct said *good) {
  static struct said said;
  int wire = served_connection();
  fail_from(n, onwards);
  send_request(wire, request);
  read_all(wire, &said);
  long failures = succeed();
  close(wire);
  bool answered = same_answer(&said, good) || (failures > 0 && is_out_of_memory(&said));
  ck_assert_msg(answered, "%s: allocation %ld%s fails, and the answer is \"%.300s\"", request->what,
                n, onwards ? " and all after it" : "", said.text);
  return failures > 0;
}

static void get_good_answer(const struct request *request, struct said *good) {
  int wire = served_connection();
  send_request(wire, request);
  read_all(wire, good);
  close(wire);
}

/* The fewest blocks that there are while one client is connected: those that left may still have
 * some for a moment. */
static long settled_blocks(void) {
  enum { LOOKS = 50 };
  long fewest = LONG_MAX;
  for (int i = 0; i < LOOKS; i++) {
    int wire = served_connection();
    long now = atomic_load(&memory->alive);
    fewest = now < fewest ? now : fewest;
    close(wire);
  }
  return fewest;
}

START_TEST(every_failed_allocation_of_a_request_is_answered) {
  const struct request *request = &requests[_i];
  static struct said good;
  start();
  get_good_answer(request, &good);
  get_good_answer(request, &good); /* what is kept for later requests is there */
  long blocks = settled_blocks();
  for (int onwards = 0; onwards < 2; onwards++) {
    long n = 1;
    while (is_answered(request, n, onwards == 1, &good)) {
      n++;
      ck_assert_int_lt(n, MANY);
    }
    ck_assert_int_gt(n, 1);
  }
  long left = settled_blocks();
  ck_assert_msg(left <= blocks, "%s: %ld blocks were lost", request->what, left - blocks);
  stop();
}
END_TEST

/* A client for whose connection there is no memory is hung up on, or served; the next one is
 * served. */
START_TEST(a_connection_without_memory_harms_no_other) {
  static struct said said;
  start();
  for (int onwards = 0; onwards < 2; onwards++) {
    bool failed = true;
    for (long n = 1; failed; n++) {
      ck_assert_int_lt(n, MANY);
      fail_from(n, onwards == 1);
      int wire = wire_connect(&daemon_process);
      send_request(wire, &requests[0]);
      read_all(wire, &said);
      failed = succeed() > 0;
      close(wire);
      bool good = strncmp(said.text, "HTTP/1.1 200 ", 13) == 0;
      ck_assert_msg(good || (failed && (said.length == 0 || is_out_of_memory(&said))), "%.300s",
                    said.text);
      close(served_connection());
    }
  }
  stop();
}
END_TEST

int main(void) {
  Suite *suite = suite_create("no_memory");
  TCase *tests = tcase_create("no_memory");
  tcase_set_timeout(tests, 120);
  tcase_add_checked_fixture(tests, NULL, tidy);
  tcase_add_loop_test(tests, every_failed_allocation_of_a_request_is_answered, 0, REQUEST_COUNT);
  tcase_add_test(tests, a_connection_without_memory_harms_no_other);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
