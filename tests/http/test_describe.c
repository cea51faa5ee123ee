/*
 * What the daemon says about itself: the page, the list of losses, OpenAPI.
 */
#include "client.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POPULATION_BODY                                                                            \
  "{\"spk\": [[[0.5,1]]], \"targets\": [0], \"num_classes\": 1, \"neurons_per_class\": 2, "        \
  "\"correct_rate\": 1, \"incorrect_rate\": 0}"

static struct daemon daemon_process;
static struct client client;

static void tidy(void) {
  daemon_tidy(&daemon_process);
}

static void begin(void) {
  START(&daemon_process, "--pairs", "4Ki", "--body-bytes", "1MiB", "--memory-bytes", "64MiB");
  client_open(&client, &daemon_process);
}

static void end(void) {
  client_close(&client);
  daemon_stop(&daemon_process);
}

/* Runs the first curl line of the page with a shell, as a person would who pastes it. */
static void expect_pasted_line_works(const char *page) {
  const char *line = strstr(page, "  curl ");
  ck_assert_ptr_nonnull(line);
  char command[1024];
  snprintf(command, sizeof command, "%.*s -sS --noproxy '*'", (int)strcspn(line, "\n"), line);
  FILE *shell = popen(command, "r");
  ck_assert_ptr_nonnull(shell);
  char said[4096];
  size_t length = fread(said, 1, sizeof said - 1, shell);
  said[length] = '\0';
  ck_assert_int_eq(pclose(shell), 0);
  cJSON *answer = cJSON_Parse(said);
  ck_assert_msg(answer != NULL, "%s: %s", command, said);
  ck_assert_double_eq(json_number(answer, "/loss"), 0.25);
  cJSON_Delete(answer);
}

START_TEST(the_page_has_a_curl_line_that_works_as_pasted) {
  begin();
  ck_assert_int_eq(client_get(&client, "/"), 200);
  ck_assert_ptr_nonnull(strstr(client.body, daemon_process.url));
  ck_assert_ptr_nonnull(strstr(client.body, POPULATION));
  expect_pasted_line_works(client.body);
  end();
}
END_TEST

START_TEST(the_page_over_a_unix_socket_has_a_curl_line_for_that_socket) {
  begin();
  ck_assert_int_eq(client_ask(&client, &(struct question){.path = "/", .unix_socket = true}), 200);
  ck_assert_ptr_nonnull(strstr(client.body, daemon_process.socket));
  expect_pasted_line_works(client.body);
  end();
}
END_TEST

START_TEST(the_page_does_not_repeat_a_host_that_a_shell_would_run) {
  begin();
  client_ask(&client, &(struct question){
                          .path = "/", .headers = {"Host: $(reboot)';true"}, .unix_socket = true});
  ck_assert_int_eq(client.status, 200);
  ck_assert_ptr_null(strstr(client.body, "reboot"));
  ck_assert_ptr_nonnull(strstr(client.body, "'http://localhost/v1/losses/"));
  end();
}
END_TEST

static long browse(const char *method, const char *first, const char *second) {
  return client_ask(&client,
                    &(struct question){.method = method, .path = "/", .headers = {first, second}});
}

#define HTML "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

START_TEST(a_browser_gets_a_page_under_a_policy_that_runs_nothing_else) {
  begin();
  ck_assert_int_eq(browse("GET", HTML, NULL), 200);
  ck_assert_str_eq(client_header(&client, "Content-Type"), "text/html; charset=utf-8");
  ck_assert_str_eq(client_header(&client, "Cache-Control"), "no-cache");
  ck_assert_str_eq(client_header(&client, "Vary"), "Accept");
  ck_assert_int_eq(strncmp(client.body, "<!doctype html>", 15), 0);
  ck_assert_uint_le(client.length, 60 * 1024);
  const char *policy = client_header(&client, "Content-Security-Policy");
  ck_assert_ptr_nonnull(strstr(policy, "default-src 'none'; script-src 'sha256-"));
  ck_assert_ptr_nonnull(strstr(policy, "frame-ancestors 'none'"));
  ck_assert_ptr_null(strstr(policy, "unsafe"));
  end();
}
END_TEST

START_TEST(only_clients_that_name_html_get_the_page) {
  begin();
  static const char *const headers[] = {
      "Accept: */*", "Accept: text/*",           "Accept;",
      "Accept:",     "Accept: application/json", "Accept: text/plain"};
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
    ck_assert_int_eq(browse("GET", headers[i], NULL), 200);
    ck_assert_str_eq(client_header(&client, "Content-Type"), "text/plain; charset=utf-8");
    ck_assert_ptr_null(client_header(&client, "ETag"));
  }
  ck_assert_int_eq(browse("GET", "accept: TEXT/HTML", NULL), 200);
  ck_assert_str_eq(client_header(&client, "Content-Type"), "text/html; charset=utf-8");
  end();
}
END_TEST

START_TEST(a_page_that_the_browser_has_is_not_sent_again) {
  begin();
  char kept[80];
  browse("GET", HTML, NULL);
  size_t length = client.length;
  snprintf(kept, sizeof kept, "If-None-Match: W/%s, \"x\"", client_header(&client, "ETag"));
  static const char *const methods[] = {"GET", "HEAD"};
  for (size_t i = 0; i < 2; i++) {
    ck_assert_int_eq(browse(methods[i], HTML, kept), 304);
    ck_assert_uint_eq(client.length, 0);
    ck_assert_ptr_nonnull(strstr(kept, client_header(&client, "ETag")));
    ck_assert_int_eq(browse(methods[i], HTML, "If-None-Match: *"), 304);
    ck_assert_int_eq(browse(methods[i], HTML, "If-None-Match: \"another\""), 200);
    ck_assert_uint_eq(client.length, i == 0 ? length : 0);
  }
  ck_assert_int_eq(browse("GET", "Accept: */*", kept), 200);
  ck_assert_int_eq(client.connections, 0);
  end();
}
END_TEST

struct field {
  const char *name;
  const char *kind;
  bool required;
};

static const struct field firing_rate_fields[] = {{"spikes_list", "spikes_list", true},
                                                  {"offsets", "reals", true},
                                                  {"multipliers", "reals", true},
                                                  {"gradient", "choice", false},
                                                  {"gradient_encoding", "choice", false},
                                                  {"axes", "choice", false},
                                                  {NULL, NULL, false}};

static const struct field population_fields[] = {
    {"spk", "spikes", true},        {"targets", "labels", true},
    {"num_classes", "count", true}, {"neurons_per_class", "count", true},
    {"correct_rate", "real", true}, {"incorrect_rate", "real", true},
    {"gradient", "choice", false},  {"gradient_encoding", "choice", false},
    {"axes", "choice", false},      {NULL, NULL, false}};

static const struct field mse_fields[] = {
    {"spk", "spikes", true},          {"targets", "labels", true},
    {"num_classes", "count", true},   {"correct_rate", "real", true},
    {"incorrect_rate", "real", true}, {"per", "choice", false},
    {"measure", "choice", false},     {"truncate", "flag", false},
    {"reduction", "choice", false},   {"weight", "real", false},
    {"gradient", "choice", false},    {"gradient_encoding", "choice", false},
    {"axes", "choice", false},        {NULL, NULL, false}};

static void expect_loss(const cJSON *loss, const char *name, const struct field *fields) {
  ck_assert_str_eq(json_text(loss, "/name"), name);
  ck_assert_str_ne(json_text(loss, "/summary"), "");
  ck_assert_ptr_nonnull(strstr(json_text(loss, "/formula"), "L = "));
  int count = 0;
  for (; fields[count].name != NULL; count++) {
    const cJSON *field = cJSON_GetArrayItem(json_at(loss, "/fields"), count);
    ck_assert_ptr_nonnull(field);
    ck_assert_str_eq(json_text(field, "/name"), fields[count].name);
    ck_assert_str_eq(json_text(field, "/kind"), fields[count].kind);
    ck_assert_str_ne(json_text(field, "/summary"), "");
    ck_assert_int_eq(cJSON_IsTrue(json_at(field, "/required")), fields[count].required);
  }
  ck_assert_int_eq(cJSON_GetArraySize(json_at(loss, "/fields")), count);
}

/* Bounds, choices and defaults of those fields that have them. */
static void expect_bounds(const cJSON *firing_rate, const cJSON *population) {
  ck_assert_double_eq(json_number(firing_rate, "/fields/0/min_rank"), 1);
  ck_assert_double_eq(json_number(firing_rate, "/fields/0/max_rank"), 8);
  ck_assert_str_eq(json_text(firing_rate, "/fields/3/choices/0"), "dense");
  ck_assert_str_eq(json_text(firing_rate, "/fields/3/choices/1"), "broadcast");
  ck_assert_str_eq(json_text(firing_rate, "/fields/3/choices/2"), "none");
  ck_assert_str_eq(json_text(firing_rate, "/fields/3/default"), "dense");
  ck_assert_str_eq(json_text(firing_rate, "/fields/4/choices/1"), "f32");
  ck_assert_str_eq(json_text(firing_rate, "/fields/4/default"), "text");
  ck_assert_double_eq(json_number(population, "/fields/0/min_rank"), 3);
  ck_assert_double_eq(json_number(population, "/fields/0/max_rank"), 3);
  ck_assert_double_eq(json_number(population, "/fields/2/minimum"), 1);
  ck_assert_double_ge(json_number(population, "/fields/2/maximum"), 1000);
}

/* Options: flags, words whose default is not the first, numbers and lists with bounds. */
static void expect_options(const cJSON *losses) {
  expect_loss(json_at(losses, "/2"), "spike_count_mse", mse_fields);
  ck_assert(cJSON_IsFalse(json_at(losses, "/2/fields/7/default")));
  ck_assert_double_eq(json_number(losses, "/2/fields/9/default"), 1);
  ck_assert_str_eq(json_text(losses, "/3/fields/4/name"), "label_smoothing");
  ck_assert_double_eq(json_number(losses, "/3/fields/4/minimum"), 0);
  ck_assert_double_eq(json_number(losses, "/3/fields/4/maximum"), 1);
  ck_assert_double_eq(json_number(losses, "/3/fields/4/default"), 0);
  ck_assert_str_eq(json_text(losses, "/3/fields/5/name"), "class_weights");
  ck_assert_double_eq(json_number(losses, "/3/fields/5/minimum"), 0);
  const cJSON *weights = json_at(losses, "/3/fields/5");
  ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(weights, "maximum"));
  const cJSON *lower = json_at(losses, "/4/fields/1");
  ck_assert_str_eq(json_text(lower, "/name"), "lower");
  ck_assert_ptr_null(cJSON_GetObjectItemCaseSensitive(lower, "default"));
  ck_assert_str_eq(json_text(losses, "/4/fields/6/name"), "measure");
  ck_assert_str_eq(json_text(losses, "/4/fields/6/default"), "rate");
}

static void expect_limits(const cJSON *document) {
  ck_assert_double_eq(json_number(document, "/limits/body_bytes"), 1048576);
  ck_assert_double_eq(json_number(document, "/limits/pairs"), 4096);
  ck_assert_double_eq(json_number(document, "/limits/answer_bytes"), 536870912);
  ck_assert_double_eq(json_number(document, "/limits/deferred_bytes"), 67108864);
  ck_assert_double_eq(json_number(document, "/limits/member_bytes"), 4194304);
  ck_assert_double_eq(json_number(document, "/limits/depth"), 32);
  ck_assert_double_eq(json_number(document, "/limits/layers"), 1024);
  ck_assert_double_eq(json_number(document, "/limits/memory_bytes"), 67108864);
}

START_TEST(the_list_names_every_field_of_every_loss_and_the_limits_in_force) {
  begin();
  ck_assert_int_eq(client_get(&client, "/v1/losses"), 200);
  cJSON *document = client_json(&client);
  ck_assert_int_eq(cJSON_GetArraySize(json_at(document, "/losses")), 5);
  const cJSON *firing_rate = json_at(document, "/losses/0");
  const cJSON *population = json_at(document, "/losses/1");
  expect_loss(firing_rate, "firing_rate_target_mse_loss", firing_rate_fields);
  expect_loss(population, "balanced_population_mse", population_fields);
  expect_bounds(firing_rate, population);
  expect_options(json_at(document, "/losses"));
  expect_limits(document);
  cJSON_Delete(document);
  end();
}
END_TEST

START_TEST(each_loss_describes_itself_at_its_own_path) {
  begin();
  ck_assert_int_eq(client_get(&client, FIRING_RATE), 200);
  cJSON *document = client_json(&client);
  expect_loss(document, "firing_rate_target_mse_loss", firing_rate_fields);
  expect_limits(document);
  cJSON_Delete(document);
  ck_assert_int_eq(client_get(&client, POPULATION), 200);
  document = client_json(&client);
  expect_loss(document, "balanced_population_mse", population_fields);
  expect_limits(document);
  cJSON_Delete(document);
  end();
}
END_TEST

/* The member of `parent` whose name has slashes in it, which json_at does not know. */
static const cJSON *member(const cJSON *parent, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(parent, name);
  ck_assert_msg(item != NULL, "there is no \"%s\"", name);
  return item;
}

/* Every "$ref" of the document leads to something in it. */
static void expect_references(const cJSON *document, const cJSON *item) {
  for (const cJSON *inner = item->child; inner != NULL; inner = inner->next) {
    if (inner->string != NULL && strcmp(inner->string, "$ref") == 0) {
      ck_assert_int_eq(strncmp(inner->valuestring, "#/", 2), 0);
      json_at(document, inner->valuestring + 1);
    }
    expect_references(document, inner);
  }
}

/* The object has every member that the schema requires, no other, and all of the type it says. */
static void expect_described(const cJSON *object, const cJSON *schema) {
  ck_assert_str_eq(json_text(schema, "/type"), "object");
  const cJSON *properties = json_at(schema, "/properties");
  ck_assert_int_gt(cJSON_GetArraySize(properties), 0);
  ck_assert_int_eq(cJSON_GetArraySize(object), cJSON_GetArraySize(properties));
  ck_assert_int_eq(cJSON_GetArraySize(json_at(schema, "/required")),
                   cJSON_GetArraySize(properties));
  const cJSON *name;
  cJSON_ArrayForEach(name, json_at(schema, "/required")) {
    const cJSON *value = member(object, name->valuestring);
    const char *type = json_text(member(properties, name->valuestring), "/type");
    ck_assert_msg(strcmp(type, "boolean") == 0 ? cJSON_IsBool(value) : cJSON_IsNumber(value),
                  "%s is no %s", name->valuestring, type);
  }
}

START_TEST(openapi_says_of_what_type_diagnostics_are) {
  begin();
  ck_assert_int_eq(client_get(&client, "/openapi.json"), 200);
  cJSON *document = client_json(&client);
  const cJSON *schemas = json_at(document, "/components/schemas");
  const cJSON *population =
      json_at(schemas, "/balanced_population_mse_answer/properties/diagnostics");
  const cJSON *rates =
      json_at(schemas, "/firing_rate_target_mse_loss_answer/properties/diagnostics");
  ck_assert_str_eq(json_text(population, "/properties/accuracy/type"), "number");
  ck_assert_str_eq(json_text(population, "/properties/ties/type"), "integer");
  ck_assert_str_eq(json_text(population, "/properties/binary/type"), "boolean");
  ck_assert_str_eq(json_text(rates, "/required/0"), "layers");
  ck_assert_str_eq(json_text(rates, "/properties/layers/type"), "array");

  ck_assert_int_eq(client_post(&client, POPULATION, POPULATION_BODY), 200);
  cJSON *answer = client_json(&client);
  expect_described(json_at(answer, "/diagnostics"), population);
  cJSON_Delete(answer);
  ck_assert_int_eq(client_post(&client, FIRING_RATE, GOOD), 200);
  answer = client_json(&client);
  ck_assert_int_eq(cJSON_GetArraySize(json_at(answer, "/diagnostics")), 1);
  expect_described(json_at(answer, "/diagnostics/layers/0"),
                   json_at(rates, "/properties/layers/items"));
  cJSON_Delete(answer);
  cJSON_Delete(document);
  end();
}
END_TEST

/* Posts the example of one path; the answer must be the very one that the document shows, letter by
 * letter in its `text`. */
static void expect_example_works(const cJSON *paths, const char *text, const char *path) {
  const cJSON *post = json_at(member(paths, path), "/post");
  const cJSON *content = member(json_at(post, "/requestBody/content"), "application/json");
  char *body = cJSON_PrintUnformatted(json_at(content, "/example"));
  ck_assert_ptr_nonnull(body);
  ck_assert_msg(client_post(&client, path, body) == 200, "%s: %s", body, client.body);
  cJSON *answer = client_json(&client);
  const cJSON *promised = member(json_at(post, "/responses/200/content"), "application/json");
  ck_assert(cJSON_Compare(answer, json_at(promised, "/example"), true));
  client.body[client.length - 1] = '\0'; /* the line break */
  ck_assert_ptr_nonnull(strstr(text, client.body));
  cJSON_Delete(answer);
  free(body);
}

START_TEST(openapi_is_whole_and_its_examples_work) {
  begin();
  ck_assert_int_eq(client_get(&client, "/openapi.json"), 200);
  cJSON *document = client_json(&client);
  char *text = strdup(client.body);
  ck_assert_int_eq(strncmp(json_text(document, "/openapi"), "3.1.", 4), 0);
  ck_assert_str_eq(json_text(document, "/info/title"), "spikelossd");
  ck_assert_str_ne(json_text(document, "/info/version"), "");
  const cJSON *paths = json_at(document, "/paths");
  static const char *const pages[] = {
      "/", "/livez", "/readyz", "/metrics", "/openapi.json", "/v1/losses", FIRING_RATE, POPULATION};
  for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
    json_at(member(paths, pages[i]), "/get/responses/200");
  }
  ck_assert_str_eq(json_text(document, "/servers/0/url"), daemon_process.url);
  ck_assert_int_eq(
      cJSON_GetArraySize(json_at(document, "/components/schemas/activity_regularization_answer"
                                           "/properties/gradients/required")),
      2); /* spikes_list and weights; the bounds only if they came */
  expect_references(document, document);
  expect_example_works(paths, text, FIRING_RATE);
  expect_example_works(paths, text, POPULATION);
  expect_example_works(paths, text, "/v1/losses/spike_count_mse");
  expect_example_works(paths, text, "/v1/losses/spike_count_cross_entropy");
  expect_example_works(paths, text, "/v1/losses/activity_regularization");
  free(text);
  cJSON_Delete(document);
  end();
}
END_TEST

START_TEST(openapi_lists_the_fields_that_requests_are_checked_by) {
  begin();
  ck_assert_int_eq(client_get(&client, "/openapi.json"), 200);
  cJSON *document = client_json(&client);
  const cJSON *schema = json_at(document, "/components/schemas/balanced_population_mse_request");
  ck_assert_int_eq(cJSON_GetArraySize(json_at(schema, "/required")), 6);
  ck_assert(cJSON_IsFalse(json_at(schema, "/additionalProperties")));
  for (const struct field *field = population_fields; field->name != NULL; field++) {
    member(json_at(schema, "/properties"), field->name);
  }
  const cJSON *entropy =
      json_at(document, "/components/schemas/spike_count_cross_entropy_request/properties");
  ck_assert_double_eq(json_number(entropy, "/label_smoothing/anyOf/0/maximum"), 1);
  ck_assert_double_eq(json_number(entropy, "/class_weights/anyOf/0/items/minimum"), 0);
  const cJSON *activity = json_at(document, "/components/schemas/activity_regularization_request");
  ck_assert_str_eq(json_text(activity, "/if/required/0"), "lower");
  ck_assert_str_eq(json_text(activity, "/else/required/0"), "upper");
  ck_assert_str_eq(json_text(activity, "/properties/norm/anyOf/1/type"), "null");
  const cJSON *mse = json_at(document, "/components/schemas/spike_count_mse_request/properties");
  ck_assert_str_eq(json_text(mse, "/truncate/anyOf/0/type"), "boolean");
  ck_assert_double_eq(json_number(mse, "/weight/anyOf/0/default"), 1);
  ck_assert_int_gt(
      cJSON_GetArraySize(json_at(document, "/components/schemas/Problem/properties/code/enum")),
      25);
  cJSON_Delete(document);
  end();
}
END_TEST

int main(void) {
  return RUN_SUITE(
      "describe", tidy, the_page_has_a_curl_line_that_works_as_pasted,
      the_page_over_a_unix_socket_has_a_curl_line_for_that_socket,
      the_page_does_not_repeat_a_host_that_a_shell_would_run,
      a_browser_gets_a_page_under_a_policy_that_runs_nothing_else,
      only_clients_that_name_html_get_the_page, a_page_that_the_browser_has_is_not_sent_again,
      the_list_names_every_field_of_every_loss_and_the_limits_in_force,
      each_loss_describes_itself_at_its_own_path, openapi_is_whole_and_its_examples_work,
      openapi_says_of_what_type_diagnostics_are,
      openapi_lists_the_fields_that_requests_are_checked_by);
}
