/*
 * A line of the log stays one line of its format, whatever is put into it.
 */
#include "daemon/log.h"
#include "suite.h"

#include <check.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static struct sl_log_line line;

/* The line with a NUL in place of its line break. */
static const char *finish(void) {
  sl_log_line_end(&line);
  ck_assert_uint_le(line.length, sizeof line.bytes);
  ck_assert_int_eq(line.bytes[line.length - 1], '\n');
  ck_assert_ptr_eq(memchr(line.bytes, '\n', line.length), line.bytes + line.length - 1);
  line.bytes[line.length - 1] = '\0';
  return line.bytes;
}

START_TEST(logfmt_quotes_only_what_is_no_word) {
  sl_log_line_begin(&line, SL_LOG_LOGFMT);
  sl_log_line_text(&line, "word", "a-b.c_d:/e{f}");
  sl_log_line_text(&line, "words", "two words");
  sl_log_line_text(&line, "empty", "");
  sl_log_line_text(&line, "equals", "a=b");
  sl_log_line_text(&line, "quote", "say \"hi\" \\");
  sl_log_line_number(&line, "number", UINT64_MAX);
  sl_log_line_seconds(&line, "seconds", UINT64_C(12345678901));
  ck_assert_str_eq(finish(), "word=a-b.c_d:/e{f} words=\"two words\" empty=\"\" equals=\"a=b\" "
                             "quote=\"say \\\"hi\\\" \\\\\" number=18446744073709551615 "
                             "seconds=12.345678");
}
END_TEST

START_TEST(json_is_an_object_of_texts_and_numbers) {
  sl_log_line_begin(&line, SL_LOG_JSON);
  sl_log_line_text(&line, "text", "say \"hi\" \\");
  sl_log_line_number(&line, "number", 42);
  sl_log_line_seconds(&line, "seconds", 1000);
  ck_assert_str_eq(finish(),
                   "{\"text\":\"say \\\"hi\\\" \\\\\",\"number\":42,\"seconds\":0.000001}");
}
END_TEST

START_TEST(every_byte_is_printable_in_both_formats) {
  char text[256];
  for (size_t i = 0; i < 255; i++) {
    text[i] = (char)(i + 1);
  }
  text[255] = '\0';
  for (size_t from = 0; from < 255; from += 50) {
    sl_log_line_begin(&line, _i == 0 ? SL_LOG_LOGFMT : SL_LOG_JSON);
    sl_log_line_text(&line, "text", text + from);
    for (const char *at = finish(); *at != '\0'; at++) {
      ck_assert_int_ge(*at, ' ');
      ck_assert_int_lt(*at, 127);
    }
  }
}
END_TEST

START_TEST(json_texts_read_back) {
  sl_log_line_begin(&line, SL_LOG_JSON);
  sl_log_line_text(&line, "text", "\x01 line\nbreak \"tab\t\" \x7f\\");
  cJSON *object = cJSON_Parse(finish());
  ck_assert_ptr_nonnull(object);
  ck_assert_str_eq(cJSON_GetObjectItem(object, "text")->valuestring,
                   "\x01 line\nbreak \"tab\t\" \x7f\\");
  cJSON_Delete(object);
}
END_TEST

START_TEST(long_texts_are_cut_and_fields_without_room_left_out) {
  static const char bytes[] = "x\"\x80";
  char text[5000];
  for (size_t kind = 0; kind < 3; kind++) {
    memset(text, bytes[kind], sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t fields = 1; fields < 20; fields++) {
      sl_log_line_begin(&line, SL_LOG_JSON);
      for (size_t i = 0; i < fields; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%zu", i);
        sl_log_line_text(&line, name, text + fields * 7);
        sl_log_line_number(&line, "number", i);
      }
      cJSON *object = cJSON_Parse(finish());
      ck_assert_ptr_nonnull(object);
      ck_assert(cJSON_IsString(cJSON_GetObjectItem(object, "n0")));
      cJSON_Delete(object);
    }
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("log_line");
  TCase *lines = tcase_create("lines");
  tcase_add_test(lines, logfmt_quotes_only_what_is_no_word);
  tcase_add_test(lines, json_is_an_object_of_texts_and_numbers);
  tcase_add_loop_test(lines, every_byte_is_printable_in_both_formats, 0, 2);
  tcase_add_test(lines, json_texts_read_back);
  tcase_add_test(lines, long_texts_are_cut_and_fields_without_room_left_out);
  suite_add_tcase(suite, lines);
  return suite_end(suite);
}
