#include "read_config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORDS = 24 };

static struct sl_error failure;
const char *const message = failure.message;
char file_path[64];
char *no_variables[] = {NULL};

const char *file_with(const char *text) {
  snprintf(file_path, sizeof file_path, "/tmp/spikelossd_test_XXXXXX");
  int descriptor = mkstemp(file_path);
  ck_assert_int_ge(descriptor, 0);
  ck_assert_int_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
  close(descriptor);
  return file_path;
}

bool read_all(struct sl_config *config, const char *file, char *const *variables,
              const char *flags) {
  char line[512];
  char name[] = "spikelossd";
  char *words[MAX_WORDS] = {name};
  int count = 1;
  snprintf(line, sizeof line, "%s%s %s", file != NULL ? "--config " : "", file != NULL ? file : "",
           flags);
  for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
    ck_assert_int_lt(count, MAX_WORDS);
    words[count++] = word;
  }
  failure = SL_NO_ERROR;
  bool good = sl_config_read(config, count, words, variables, &failure);
  if (file != NULL) {
    unlink(file);
  }
  return good;
}

struct sl_config good_flags(const char *flags) {
  struct sl_config config;
  ck_assert_msg(read_all(&config, NULL, no_variables, flags), "%s", message);
  return config;
}

void assert_said(const char *words) {
  ck_assert_msg(strstr(message, words) != NULL, "\"%s\" does not say \"%s\"", message, words);
}

void assert_flags_refused(const char *flags, const char *words) {
  struct sl_config config;
  ck_assert_msg(!read_all(&config, NULL, no_variables, flags), "%s was taken", flags);
  sl_config_free(&config);
  assert_said(words);
}

void assert_file_refused(const char *text, int line, const char *words) {
  struct sl_config config;
  char location[80];
  ck_assert_msg(!read_all(&config, file_with(text), no_variables, ""), "%s was taken", text);
  sl_config_free(&config);
  snprintf(location, sizeof location, "%s:%d: ", file_path, line);
  ck_assert_msg(strncmp(message, location, strlen(location)) == 0,
                "\"%s\" does not begin with \"%s\"", message, location);
  assert_said(words);
}

void assert_variable_refused(const char *variable, const char *words) {
  struct sl_config config;
  char copy[128];
  char *variables[] = {copy, NULL};
  snprintf(copy, sizeof copy, "%s", variable);
  ck_assert_msg(!read_all(&config, NULL, variables, ""), "%s was taken", variable);
  sl_config_free(&config);
  assert_said(words);
}
