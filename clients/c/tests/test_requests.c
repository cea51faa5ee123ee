/*
 * What the client writes: JSON, whatever the texts that it is given contain.
 */
#include "scripted_server.h"
#include "support.h"
#include <cjson/cJSON.h>
#include <string.h>

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"loss\":2,\"gradients\":{},\"diagnostics\":{}}";

/* The body of a request with one member, as a server reads it. */
static cJSON *body_with(const char *name, const char *word) {
  const struct spikeloss_field field = {.name = name, .kind = SPIKELOSS_WORD, .word = word};
  struct scripted_server server;
  scripted_server_start(&server, (const char *const[]){ANSWER, NULL});
  struct spikeloss_client *client = new_client(server.url, NULL);
  spikeloss_result_free(spikeloss_evaluate(client, "any", &field, 1, NULL));
  spikeloss_client_free(client);
  scripted_server_finish(&server);
  const char *body = strstr(server.request, "\r\n\r\n");
  ck_assert_ptr_nonnull(body);
  body += 4;
  cJSON *read = cJSON_ParseWithOpts(body, NULL, true);
  ck_assert_msg(read != NULL, "not JSON: %s", body);
  for (; *body != '\0'; body++) { /* cJSON takes them in strings, the service does not */
    ck_assert_msg((unsigned char)*body >= ' ', "%s", body);
  }
  return read;
}

/* The texts come as they were given, and beside them only what the client adds. */
static void expect_member(const char *name, const char *word) {
  cJSON *body = body_with(name, word);
  ck_assert_int_eq(cJSON_GetArraySize(body), 3);
  ck_assert_str_eq(body->child->string, name);
  ck_assert_pstr_eq(cJSON_GetStringValue(body->child), word);
  ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(body, "gradient")), "broadcast");
  ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(body, "gradient_encoding")), "f64");
  cJSON_Delete(body);
}

START_TEST(names_and_words_come_as_they_were_given) {
  static const char *const texts[] = {"mode",
                                      "",
                                      "\"",
                                      "\\",
                                      "ends with \\",
                                      "\",\"gradient\":\"none",
                                      "\\u0041 and \\n",
                                      "a\nb\tc\rd\be\ff",
                                      "\x01\x1f\x7f",
                                      "d\u00e9charge \u795e\u7ecf \U0001f9e0"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    expect_member(texts[i], "f32");
    expect_member("mode", texts[i]);
  }
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("requests");
  tcase_add_test(tests, names_and_words_come_as_they_were_given);
  return run_tests(tests);
}
