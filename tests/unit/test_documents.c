/*
 * What people read of options and errors is what the tables say: --help, CONFIG_FILE, which is the
 * documented configuration file of the source tree, and API_PAGE, its docs/api.md.
 */
#include "core/codes.h"
#include "daemon/config.h"
#include "http/problem.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The whole of a file; free() it. */
static char *text_of(const char *path) {
  FILE *stream = fopen(path, "r");
  ck_assert_msg(stream != NULL, "cannot read %s", path);
  char *text = calloc(1, 1 << 17);
  ck_assert_ptr_nonnull(text);
  size_t length = fread(text, 1, (1 << 17) - 1, stream);
  ck_assert(feof(stream));
  fclose(stream);
  ck_assert_uint_gt(length, 0);
  return text;
}

/* The line that has these words; a line of its own, without its end. */
static const char *line_with(const char *text, const char *words) {
  static char line[1024];
  const char *found = strstr(text, words);
  if (found == NULL) {
    return NULL;
  }
  while (found > text && found[-1] != '\n') {
    found--;
  }
  snprintf(line, sizeof line, "%.*s", (int)strcspn(found, "\n"), found);
  return line;
}

static void expect_good(const char *path) {
  struct sl_config config;
  struct sl_error error = SL_NO_ERROR;
  char name[] = "spikelossd";
  char flag[] = "--config";
  char copy[256];
  snprintf(copy, sizeof copy, "%s", path);
  char *words[] = {name, flag, copy};
  char *no_variables[] = {NULL};
  bool good = sl_config_read(&config, 3, words, no_variables, &error);
  ck_assert_msg(good, "%s", error.message);
  ck_assert_uint_eq(config.server.limits.body_bytes, UINT64_C(1) << 30);
  ck_assert_uint_eq(config.server.listen_count, 1);
  sl_config_free(&config);
}

START_TEST(help_names_every_flag_with_its_default) {
  char *help = sl_config_help();
  ck_assert_ptr_nonnull(help);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    char words[64] = "  --";
    snprintf(words + 4, sizeof words - 4, "%s ", option->name);
    for (char *letter = words; *letter != '\0'; letter++) {
      *letter = *letter == '_' ? '-' : *letter;
    }
    const char *line = line_with(help, words);
    ck_assert_msg(line != NULL, "no%sin the help", words);
    const char *expected = option->default_text;
    ck_assert_msg(strstr(line, expected) != NULL, "no default on the line of%s", words);
  }
  free(help);
}
END_TEST

START_TEST(the_configuration_file_shows_every_option_with_its_default_commented_out) {
  char *text = text_of(CONFIG_FILE);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    char line[128];
    snprintf(line, sizeof line, "\n#%s = %s\n", option->name, option->default_text);
    ck_assert_msg(strstr(text, line) != NULL, "%s does not have the line%s", CONFIG_FILE, line);
  }
  free(text);
}
END_TEST

START_TEST(the_configuration_file_is_good_as_it_is_and_with_every_default_switched_on) {
  expect_good(CONFIG_FILE);
  /* "#name = value": the number sign is directly before a letter only there. */
  char *text = text_of(CONFIG_FILE);
  for (char *next = text; (next = strstr(next, "\n#")) != NULL; next++) {
    if (next[2] >= 'a' && next[2] <= 'z') {
      next[1] = ' ';
    }
  }
  char path[] = "/tmp/spikelossd_test_XXXXXX";
  int descriptor = mkstemp(path);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
  close(descriptor);
  expect_good(path);
  unlink(path);
  free(text);
}
END_TEST

START_TEST(the_page_has_a_row_for_every_option_with_its_default) {
  char *text = text_of(API_PAGE);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    char row[64];
    char plain[128];
    char quoted[128];
    snprintf(row, sizeof row, "\n| `%s` | ", option->name);
    snprintf(plain, sizeof plain, "%s%s |", row, option->default_text);
    snprintf(quoted, sizeof quoted, "%s`%s` |", row, option->default_text);
    ck_assert_msg(strstr(text, plain) != NULL || strstr(text, quoted) != NULL,
                  "%s does not say what the default of %s is", API_PAGE, option->name);
  }
  free(text);
}
END_TEST

/* Rows are "| 400 | `code` | meaning |"; without a status they have that of the row above. */
static unsigned listed_status(char *row, unsigned above, const char *code) {
  char cell[8] = "";
  char name[64] = "";
  bool has_status = sscanf(row, "| %7[0-9] | `%63[a-z0-9_]` |", cell, name) == 2;
  if (!has_status && sscanf(row, "| | `%63[a-z0-9_]` |", name) != 1) {
    return 0;
  }
  unsigned status = has_status ? (unsigned)strtoul(cell, NULL, 10) : above;
  return code == NULL || strcmp(name, code) == 0 ? status : 0;
}

/* The status with which the page lists a code, or 0; how many codes it lists at all. */
static unsigned page_status(const char *code, size_t *codes) {
  char *text = text_of(API_PAGE);
  char *rest = strstr(text, "### All codes");
  ck_assert_ptr_nonnull(rest);
  unsigned above = 0;
  unsigned found = 0;
  *codes = 0;
  strsep(&rest, "\n");
  for (char *row = strsep(&rest, "\n"); row != NULL && row[0] != '#'; row = strsep(&rest, "\n")) {
    unsigned status = listed_status(row, above, NULL);
    above = status > 0 ? status : above;
    *codes += status > 0;
    found = listed_status(row, above, code) > 0 ? above : found;
  }
  free(text);
  return found;
}

START_TEST(the_page_lists_every_code_with_its_status_and_no_other) {
  size_t listed = 0;
  size_t codes = 0;
  for (enum sl_status status = SL_OK; status < SL_CODE_COUNT; status++) {
    if (sl_problem_http_status(status) > 0) {
      const char *name = sl_code_name(status);
      ck_assert_msg(page_status(name, &listed) == sl_problem_http_status(status),
                    "%s says %u of %s", API_PAGE, page_status(name, &listed), name);
      codes++;
    }
  }
  ck_assert_uint_eq(listed, codes);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("documents");
  TCase *documents = tcase_create("documents");
  tcase_add_test(documents, help_names_every_flag_with_its_default);
  tcase_add_test(documents,
                 the_configuration_file_shows_every_option_with_its_default_commented_out);
  tcase_add_test(documents,
                 the_configuration_file_is_good_as_it_is_and_with_every_default_switched_on);
  tcase_add_test(documents, the_page_has_a_row_for_every_option_with_its_default);
  tcase_add_test(documents, the_page_lists_every_code_with_its_status_and_no_other);
  suite_add_tcase(suite, documents);
  return suite_end(suite);
}
