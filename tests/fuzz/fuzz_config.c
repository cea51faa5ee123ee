/*
 * A configuration: the text of a file, then, each after a record separator, flags (which begin
 * with a minus) and variables.
 *
 * What is refused gets a sentence. What is accepted has every number within its bounds, and is the
 * same configuration when all of it is said once more in flags.
 */
#include "daemon/config.h"
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEPARATOR = 0x1e, MOST_WORDS = 64, MESSAGE_SIZE = 1024 };

static void must(bool good, const char *what) {
  if (!good) {
    fprintf(stderr, "%s\n", what);
    abort();
  }
}

/* A command line or an environment: NULL-terminated, its texts owned. */
struct words {
  char *words[MOST_WORDS + 1];
  size_t count;
};

static void add_word(struct words *words, const void *text, size_t length) {
  if (words->count < MOST_WORDS) {
    char *copy = calloc(1, length + 1);
    must(copy != NULL, "no memory");
    memcpy(copy, text, length);
    words->words[words->count++] = copy;
  }
}

static void words_free(struct words *words) {
  for (size_t i = 0; i < words->count; i++) {
    free(words->words[i]);
  }
}

/* The bytes before the next separator. */
static size_t next_length(const uint8_t *data, size_t size) {
  const uint8_t *separator = size > 0 ? memchr(data, SEPARATOR, size) : NULL;
  return separator != NULL ? (size_t)(separator - data) : size;
}

static void sort_words(struct words *flags, struct words *variables, const uint8_t *data,
                       size_t size) {
  while (size > 0) {
    data++; /* the separator */
    size--;
    size_t length = next_length(data, size);
    struct words *kind = length > 0 && data[0] == '-' ? flags : variables;
    if (length > 0) {
      add_word(kind, data, length);
    }
    data += length;
    size -= length;
  }
}

/* A file that has no name; a path at which it can be opened. */
static int make_file(char *path, size_t space, const uint8_t *text, size_t length) {
  int file = memfd_create("configuration", MFD_CLOEXEC);
  must(file >= 0 && (length == 0 || write(file, text, length) == (ssize_t)length),
       "cannot write a configuration");
  snprintf(path, space, "--config=/proc/self/fd/%d", file);
  return file;
}

static uint64_t value_of(const struct sl_config *config, const struct sl_option *option) {
  uint64_t value;
  memcpy(&value, (const char *)config + option->offset, sizeof value);
  return value;
}

static bool is_number(const struct sl_option *option) {
  return option->kind == SL_OPTION_BYTES || option->kind == SL_OPTION_COUNT ||
         option->kind == SL_OPTION_NUMBER;
}

static void check_bounds(const struct sl_config *config) {
  must(config->server.listen_count >= 1, "there is no address to listen on");
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    uint64_t value = is_number(option) ? value_of(config, option) : option->minimum;
    must(value >= option->minimum && value <= option->maximum, option->name);
  }
}

static void add_flag(struct words *flags, const char *name, const char *value) {
  char flag[512];
  int length = snprintf(flag, sizeof flag, "--%s=%s", name, value);
  must(length > 0 && (size_t)length < sizeof flag, "a value is longer than any should be");
  for (char *next = flag; *next != '='; next++) {
    *next = *next == '_' ? '-' : *next;
  }
  add_word(flags, flag, (size_t)length);
}

static void say_in_flags(struct words *flags, const struct sl_config *config) {
  add_word(flags, "spikelossd", strlen("spikelossd"));
  for (size_t i = 0; i < config->server.listen_count; i++) {
    add_flag(flags, "listen", config->addresses[i]);
  }
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    char number[32];
    if (option->kind == SL_OPTION_CHOICE) {
      add_flag(flags, option->name, option->words[value_of(config, option)]);
    } else if (is_number(option)) {
      snprintf(number, sizeof number, "%ju", (uintmax_t)value_of(config, option));
      add_flag(flags, option->name, number);
    }
  }
}

static void check_same(const struct sl_config *config, const struct sl_config *again) {
  must(config->server.listen_count == again->server.listen_count, "listen");
  for (size_t i = 0; i < config->server.listen_count; i++) {
    must(strcmp(config->addresses[i], again->addresses[i]) == 0, "listen");
  }
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    bool comparable = is_number(option) || option->kind == SL_OPTION_CHOICE;
    must(!comparable || value_of(config, option) == value_of(again, option), option->name);
  }
}

static void check_flags(const struct sl_config *config) {
  static char *const nothing[] = {NULL};
  struct sl_error error = SL_NO_ERROR;
  struct words flags = {0};
  struct sl_config again;
  say_in_flags(&flags, config);
  must(sl_config_read(&again, (int)flags.count, flags.words, nothing, &error), error.message);
  check_same(config, &again);
  sl_config_free(&again);
  words_free(&flags);
}

static void check_configuration(struct words *flags, struct words *variables) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_config config;
  memset(error.message, 'x', sizeof error.message);
  bool good = sl_config_read(&config, (int)flags->count, flags->words, variables->words, &error);
  bool wants_words = config.command == SL_COMMAND_HELP || config.command == SL_COMMAND_VERSION;
  if (!good) {
    size_t length = strnlen(error.message, sizeof error.message);
    must(length > 8 && length < sizeof error.message, "refused without a sentence");
  } else if (!wants_words) {
    check_bounds(&config);
    check_flags(&config);
  }
  sl_config_free(&config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct words flags = {0};
  struct words variables = {0};
  char file_flag[64];
  size_t length = next_length(data, size);
  int file = make_file(file_flag, sizeof file_flag, data, length);
  add_word(&flags, "spikelossd", strlen("spikelossd"));
  add_word(&flags, file_flag, strlen(file_flag));
  sort_words(&flags, &variables, data + length, size - length);
  check_configuration(&flags, &variables);
  words_free(&flags);
  words_free(&variables);
  close(file);
  return 0;
}
