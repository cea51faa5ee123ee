/*
 * The client with a server that answers what no spikelossd would: tests/malicious says what.
 */
#include "golden.h"
#include "support.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The table, and the server that plays it; main opens them once. */
static const cJSON *cases, *requests;
static char server[64];

static double number_or(const cJSON *object, const char *name, double otherwise) {
  const cJSON *number = member(object, name);
  return number != NULL ? number->valuedouble : otherwise;
}

static struct spikeloss_result *ask(const cJSON *bad, const cJSON *asked,
                                    struct spikeloss_error *error) {
  char url[256];
  struct request request = {0};
  struct spikeloss_options options = SPIKELOSS_DEFAULT_OPTIONS;
  options.timeout_seconds = number_or(bad, "timeout", 60);
  options.retries = (unsigned int)number_or(bad, "retries", 0);
  snprintf(url, sizeof url, "%s/%s", server, member(bad, "name")->valuestring);
  read_fields(member(asked, "fields"), &request);
  struct spikeloss_client *client = new_client(url, &options);
  struct spikeloss_result *result = spikeloss_evaluate(client, member(asked, "name")->valuestring,
                                                       request.fields, request.count, error);
  spikeloss_client_free(client);
  free_request(&request);
  return result;
}

static bool is_bad_answer(const struct spikeloss_error *error) {
  return error->status == SPIKELOSS_BAD_ANSWER && strstr(error->detail, server) != NULL;
}

static bool is_problem(const struct spikeloss_error *error, const cJSON *bad) {
  const cJSON *code = member(bad, "code");
  return error->status == SPIKELOSS_REFUSED &&
         error->http_status == (long)member(bad, "status")->valuedouble && error->offset >= -1 &&
         error->detail[0] != '\0' && (code == NULL || strcmp(error->code, code->valuestring) == 0);
}

static bool is_right(const char *must, const struct spikeloss_error *error, const cJSON *bad) {
  return strcmp(must, "bad_answer") == 0 ? is_bad_answer(error)
         : strcmp(must, "redirect") == 0
             ? is_bad_answer(error) && strstr(error->detail, "elsewhere") != NULL
         : strcmp(must, "problem") == 0 ? is_problem(error, bad)
         : strcmp(must, "unreachable") == 0
             ? error->status == SPIKELOSS_UNREACHABLE || error->status == SPIKELOSS_TIMEOUT
             : strcmp(must, "error") == 0 && error->status != SPIKELOSS_OK;
}

START_TEST(the_client_does_what_it_must) {
  const cJSON *bad = cJSON_GetArrayItem(cases, _i);
  const char *name = member(bad, "name")->valuestring;
  const char *must = member(bad, "must")->valuestring;
  const char *of = cJSON_GetStringValue(member(bad, "request"));
  const cJSON *asked = member(requests, of != NULL ? of : "population");
  struct spikeloss_error error;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  struct spikeloss_result *result = ask(bad, asked, &error);
  clock_gettime(CLOCK_MONOTONIC, &end);
  if (strcmp(must, "answer") == 0) {
    ck_assert_msg(result != NULL, "%s: %s", name, error.detail);
    ck_assert_double_eq(result->loss, member(asked, "loss")->valuedouble);
  } else {
    ck_assert_msg(result == NULL, "%s: an answer, not: %s", name, must);
    ck_assert_msg(is_right(must, &error, bad), "%s: %s (%d), not: %s", name, error.detail,
                  error.status, must);
  }
  ck_assert_msg((double)(end.tv_sec - start.tv_sec) <= number_or(bad, "within", 5), "%s", name);
  spikeloss_result_free(result);
}
END_TEST

/* The server ends with its standard input. Returns the end to close, or -1. */
static int start_server(FILE **output) {
  char command[256];
  int ends[2];
  if (pipe(ends) != 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0) {
    return -1;
  }
  snprintf(command, sizeof command, "exec python3 " MALICIOUS "/server.py <&%d", ends[0]);
  *output = popen(command, "r");
  close(ends[0]);
  return *output != NULL && fscanf(*output, "%63s", server) == 1 ? ends[1] : -1;
}

int main(void) {
  FILE *output = NULL;
  int input = start_server(&output);
  cJSON *table = read_json(MALICIOUS "/answers.json");
  if (table == NULL || input < 0) {
    fputs("cannot start " MALICIOUS "/server.py\n", stderr);
    return 1;
  }
  cases = member(table, "cases");
  requests = member(table, "requests");
  TCase *tests = tcase_create("malicious");
  tcase_add_loop_test(tests, the_client_does_what_it_must, 0, cJSON_GetArraySize(cases));
  int status = run_tests(tests);
  close(input);
  pclose(output);
  cJSON_Delete(table);
  return status;
}
