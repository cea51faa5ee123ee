/*
 * What the client writes: JSON, whatever the texts that it is given contain.
 */
#include "scripted_server.h"
#include "support.h"
#include <cjson/cJSON.h>
#include <string.h>

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n{\"loss\":2,\"gradients\":{},\"diagnostics\":{}}";

/* The body of a request of these fields, as a server reads it. */
static void write_request(const struct spikeloss_field *fields, size_t count, char *body) {
  struct scripted_server server;
  scripted_server_start(&server, (const char *const[]){ANSWER, NULL});
  struct spikeloss_client *client = new_client(server.url, NULL);
  spikeloss_result_free(spikeloss_evaluate(client, "any", fields, count, NULL));
  spikeloss_client_free(client);
  scripted_server_finish(&server);
  const char *found = strstr(server.request, "\r\n\r\n");
  ck_assert_ptr_nonnull(found);
  strcpy(body, found + 4);
}

static cJSON *body_with(const char *name, const char *word) {
  const struct spikeloss_field field = {.name = name, .kind = SPIKELOSS_WORD, .word = word};
  char text[sizeof(struct scripted_server)];
  write_request(&field, 1, text);
  const char *body = text;
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
  ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(body, "gradient_encoding")),
                   "indexed_f64");
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

/* What is written of a tensor, after its shape. */
static void expect_tensor(struct spikeloss_tensor tensor, const char *axes, const char *expected) {
  const struct spikeloss_field fields[] = {
      {.name = "spk", .kind = SPIKELOSS_TENSOR, .tensors = &tensor},
      {.name = "truncate", .kind = SPIKELOSS_FLAG, .flag = true},
      {.name = "axes", .kind = SPIKELOSS_WORD, .word = axes},
  };
  char body[sizeof(struct scripted_server)];
  write_request(fields, axes != NULL ? 3 : 2, body);
  const char *start = strstr(body, "],") + 2, *end = strchr(start, '}');
  ck_assert_int_eq((int)(end - start), (int)strlen(expected));
  ck_assert_msg(strncmp(start, expected, strlen(expected)) == 0, "%s, not %s", body, expected);
  ck_assert_ptr_nonnull(strstr(end, "},\"truncate\":true,"));
  ck_assert_int_eq(strncmp(body, axes != NULL ? "{\"axes\":" : "{\"spk\":", 7), 0);
}

static const size_t shape[] = {1, 2, 1};

#define TENSOR(tag, item, ...)                                                                     \
  ((struct spikeloss_tensor){                                                                      \
      .type = tag, .values = (item[]){__VA_ARGS__}, .rank = 3, .shape = shape})

START_TEST(numbers_travel_in_their_type_and_spikes_of_0_and_1_as_bits) {
  expect_tensor(TENSOR(SPIKELOSS_U8, uint8_t, 2, 255), NULL,
                "\"encoding\":\"u8\",\"data\":\"Av8=\"");
  expect_tensor(TENSOR(SPIKELOSS_U16, uint16_t, 2, 258), NULL,
                "\"encoding\":\"u16\",\"data\":\"AgACAQ==\"");
  expect_tensor(TENSOR(SPIKELOSS_U32, uint32_t, 2, 258), NULL,
                "\"encoding\":\"u32\",\"data\":\"AgAAAAIBAAA=\"");
  expect_tensor(TENSOR(SPIKELOSS_F32, float, 1, 0.5f), NULL,
                "\"encoding\":\"f32\",\"data\":\"AACAPwAAAD8=\"");
  expect_tensor(TENSOR(SPIKELOSS_F64, double, 1, 0.5), NULL,
                "\"encoding\":\"f64\",\"data\":\"AAAAAAAA8D8AAAAAAADgPw==\"");
  expect_tensor(TENSOR(SPIKELOSS_U16, uint16_t, 0, 1), NULL,
                "\"encoding\":\"bits\",\"data\":\"QA==\"");
}
END_TEST

/* Of [1, 2, 1], 2 values are left without an axis of length 1, 1 without that of length 2. */
START_TEST(sums_are_as_many_as_their_axes_leave) {
  struct spikeloss_tensor sums = TENSOR(SPIKELOSS_U8, uint8_t, 1, 0);
  const char one[] = "\"summed\":\"time\",\"encoding\":\"u8\",\"data\":\"AQ==\"";
  const char two[] = "\"summed\":\"time\",\"encoding\":\"u8\",\"data\":\"AQA=\"";
  sums.summed = SPIKELOSS_SUMMED_TIME;
  expect_tensor(sums, NULL, one);
  expect_tensor(sums, "batch_time_neurons", one);
  expect_tensor(sums, "time_batch_neurons", two);
  expect_tensor(sums, "batch_neurons_time", two);
  sums.summed = SPIKELOSS_SUMMED_BATCH_TIME;
  expect_tensor(sums, "time_batch_neurons",
                "\"summed\":\"batch_time\",\"encoding\":\"u8\",\"data\":\"AQ==\"");
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("requests");
  tcase_add_test(tests, names_and_words_come_as_they_were_given);
  tcase_add_test(tests, numbers_travel_in_their_type_and_spikes_of_0_and_1_as_bits);
  tcase_add_test(tests, sums_are_as_many_as_their_axes_leave);
  return run_tests(tests);
}
