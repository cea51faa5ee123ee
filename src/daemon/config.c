#include "daemon/config.h"

#include "core/buffer.h"
#include "core/codes.h"
#include "daemon/config_sources.h"
#include "daemon/options.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE_PREFIX "SPIKELOSSD_"

enum { OPTION_NAME_SIZE = 64 };

/* Flags that are no options: they say what to do, and with which file. */
static const struct {
  const char *flag;
  const char *letter; /* or NULL */
  enum sl_command command;
  const char *help;
} commands[] = {
    {"--check", NULL, SL_COMMAND_CHECK,
     "check the configuration, print whether it is valid, and exit"},
    {"--healthcheck", NULL, SL_COMMAND_HEALTHCHECK,
     "ask the daemon of this configuration whether it is ready, and exit with 0 or 1"},
    {"--version", "-V", SL_COMMAND_VERSION, "print the version and the instruction set, and exit"},
    {"--help", "-h", SL_COMMAND_HELP, "print this, and exit"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* "body_bytes" as "BODY_BYTES" or "body-bytes". */
static void spell(char *spelt, size_t size, const char *name, char separator, bool upper) {
  size_t i = 0;
  for (; name[i] != '\0' && i + 1 < size; i++) {
    int character = name[i] == '_' ? separator : (unsigned char)name[i];
    spelt[i] = (char)(upper ? toupper(character) : character);
  }
  spelt[i] = '\0';
}

static bool set_defaults(struct sl_config *config, struct sl_error *error) {
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    if (!sl_config_set(config, option, option->default_text, SL_SOURCE_DEFAULT, "the default",
                       error)) {
      return false;
    }
  }
  return true;
}

/* The name of an option that is spelt in this way, as the table has it; "" if it cannot be one. */
static void read_spelling(char *name, size_t size, const char *text, size_t length, char separator,
                          bool upper) {
  char spelt[OPTION_NAME_SIZE];
  name[0] = '\0';
  if (length >= size || length >= sizeof spelt) {
    return;
  }
  for (size_t i = 0; i < length; i++) {
    name[i] = (char)(text[i] == separator ? '_' : tolower((unsigned char)text[i]));
  }
  name[length] = '\0';
  spell(spelt, sizeof spelt, name, separator, upper);
  if (strncmp(spelt, text, length) != 0) {
    name[0] = '\0';
  }
}

/* One argument: "--name=value", "--name value" or "--command". */
struct argument {
  const char *text;  /* as it is */
  size_t length;     /* of the part before "=" */
  const char *value; /* NULL if there is none */
};

static bool is_command(const struct argument *argument, enum sl_command *command) {
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(argument->text, commands[i].flag) == 0 ||
        (commands[i].letter != NULL && strcmp(argument->text, commands[i].letter) == 0)) {
      *command = commands[i].command;
      return true;
    }
  }
  return false;
}

static struct argument split(const char *text) {
  const char *equals = strchr(text, '=');
  return (struct argument){.text = text,
                           .length = equals == NULL ? strlen(text) : (size_t)(equals - text),
                           .value = equals == NULL ? NULL : equals + 1};
}

static bool names_file(const struct argument *argument) {
  return argument->length == strlen("--config") &&
         strncmp(argument->text, "--config", argument->length) == 0;
}

static bool set_file(struct sl_config *config, const char *path, struct sl_error *error) {
  free(config->file);
  config->file = strdup(path);
  if (config->file == NULL) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the configuration");
  }
  return config->file != NULL;
}

/*
 * Walks over the command line. The first walk (`options` false) finds out what is to be done and
 * with which file, the second sets the options, because flags are stronger than the file.
 */
static bool read_arguments(struct sl_config *config, int count, char *const *arguments,
                           bool options, struct sl_error *error) {
  for (int i = 1; i < count; i++) {
    struct argument argument = split(arguments[i]);
    if (is_command(&argument, &config->command)) {
      continue;
    }
    char name[OPTION_NAME_SIZE] = "";
    char flag[OPTION_NAME_SIZE + 2];
    snprintf(flag, sizeof flag, "%.*s", (int)argument.length, argument.text);
    if (strncmp(argument.text, "--", 2) == 0) {
      read_spelling(name, sizeof name, argument.text + 2, argument.length - 2, '-', false);
    }
    bool file = names_file(&argument);
    const struct sl_option *option =
        file ? NULL : sl_config_find(name, "option", argument.text, error);
    if (option == NULL && !file) {
      return false;
    }
    if (argument.value == NULL && ++i == count) {
      sl_fail(error, SL_CANNOT_START, "%s: the value is missing", argument.text);
      return false;
    }
    const char *value = argument.value != NULL ? argument.value : arguments[i];
    bool ok = file ? set_file(config, value, error)
                   : !options || sl_config_set(config, option, value, SL_SOURCE_FLAG, flag, error);
    if (!ok) {
      return false;
    }
  }
  return true;
}

/* Kubernetes sets SERVICE_… and PORT… for a service that is named spikelossd, people set URL and
 * TOKEN for the clients: none is meant for the daemon. `name` follows the prefix. */
static bool is_for_others(const char *name) {
  static const char *const beginnings[] = {"SERVICE_", "PORT=", "PORT_", "URL=", "TOKEN="};
  for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
      return true;
    }
  }
  return false;
}

static bool set_addresses(struct sl_config *config, const struct sl_option *option,
                          const char *list, const char *where, struct sl_error *error) {
  char *copy = strdup(list);
  bool ok = copy != NULL;
  if (!ok) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the configuration");
  }
  char *rest = copy;
  while (ok && rest != NULL) {
    const char *address = strsep(&rest, ",");
    ok = sl_config_set(config, option, address, SL_SOURCE_ENVIRONMENT, where, error);
  }
  free(copy);
  return ok;
}

static bool read_variable(struct sl_config *config, const char *variable, struct sl_error *error) {
  const char *name = variable + strlen(VARIABLE_PREFIX);
  const char *equals = strchr(variable, '=');
  if (equals == NULL || is_for_others(name)) {
    return true;
  }
  char where[96];
  snprintf(where, sizeof where, "%.*s", (int)(equals - variable), variable);
  char spelling[OPTION_NAME_SIZE];
  read_spelling(spelling, sizeof spelling, name, (size_t)(equals - name), '_', true);
  const struct sl_option *option = sl_config_find(spelling, "environment variable", where, error);
  if (option == NULL) {
    return false;
  }
  if (option->kind == SL_OPTION_ADDRESSES) {
    return set_addresses(config, option, equals + 1, where, error);
  }
  return sl_config_set(config, option, equals + 1, SL_SOURCE_ENVIRONMENT, where, error);
}

/* SPIKELOSSD_CONFIG is the one variable that is no option. The value, or NULL. */
static const char *file_variable(const char *variable) {
  static const char name[] = VARIABLE_PREFIX "CONFIG=";
  return strncmp(variable, name, strlen(name)) == 0 ? variable + strlen(name) : NULL;
}

static bool read_environment(struct sl_config *config, char *const *environment,
                             struct sl_error *error) {
  for (; *environment != NULL; environment++) {
    bool ours = strncmp(*environment, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) == 0;
    if (ours && file_variable(*environment) == NULL &&
        !read_variable(config, *environment, error)) {
      return false;
    }
  }
  return true;
}

static bool choose_file(struct sl_config *config, char *const *environment,
                        struct sl_error *error) {
  for (; config->file == NULL && *environment != NULL; environment++) {
    const char *path = file_variable(*environment);
    if (path != NULL && !set_file(config, path, error)) {
      return false;
    }
  }
  return config->file == NULL || sl_config_read_file(config, config->file, error);
}

static bool wants_only_words(const struct sl_config *config) {
  return config->command == SL_COMMAND_HELP || config->command == SL_COMMAND_VERSION;
}

bool sl_config_read(struct sl_config *config, int count, char *const *arguments,
                    char *const *environment, struct sl_error *error) {
  *config = SL_NO_CONFIG;
  config->server.limits = SL_DEFAULT_LIMITS; /* those that are no options stay as they are */
  if (!set_defaults(config, error) || !read_arguments(config, count, arguments, false, error)) {
    return false;
  }
  if (wants_only_words(config)) {
    return true;
  }
  return choose_file(config, environment, error) && read_environment(config, environment, error) &&
         read_arguments(config, count, arguments, true, error);
}

struct sl_server_options sl_config_server(const struct sl_config *config) {
  struct sl_server_options options = config->server;
  options.listen = (const char *const *)config->addresses;
  return options;
}

const char *sl_config_isa(const struct sl_config *config) {
  return config->isa == 0 ? NULL : sl_option_find("isa")->words[config->isa];
}

void sl_config_free(struct sl_config *config) {
  sl_config_forget(config);
  free(config->file);
  *config = SL_NO_CONFIG;
}

static bool append_line(struct sl_buffer *text, const char *flag, const char *value,
                        const char *help) {
  char left[64];
  snprintf(left, sizeof left, "%s %s", flag, value);
  return sl_buffer_append_format(text, "  %-32s %s", left, help);
}

static bool append_command(struct sl_buffer *text, size_t index) {
  char flags[32];
  snprintf(flags, sizeof flags, commands[index].letter == NULL ? "%s" : "%s, %s",
           commands[index].flag, commands[index].letter);
  return append_line(text, flags, "", commands[index].help);
}

static bool append_option(struct sl_buffer *text, const struct sl_option *option) {
  char flag[64] = "--";
  spell(flag + 2, sizeof flag - 2, option->name, '-', false);
  bool ok = append_line(text, flag, sl_option_placeholder(option), option->help);
  if (ok && option->kind == SL_OPTION_CHOICE) {
    ok = sl_buffer_append_text(text, ":");
    for (const char *const *word = option->words; ok && *word != NULL; word++) {
      ok = sl_buffer_append_format(text, " %s", *word);
    }
  }
  return ok && sl_buffer_append_format(text, " (default %s)\n", option->default_text);
}

char *sl_config_help(void) {
  struct sl_buffer text = {0};
  bool ok = sl_buffer_append_text(&text, "usage: spikelossd [OPTION...]\n\n"
                                         "Losses of spiking neural networks over HTTP.\n\n") &&
            append_line(&text, "--config", "FILE", "read options from this file\n");
  for (size_t i = 0; ok && i < COMMAND_COUNT; i++) {
    ok = append_command(&text, i) && sl_buffer_append_text(&text, "\n");
  }
  ok = ok && sl_buffer_append_text(&text, "\n");
  for (const struct sl_option *option = sl_options; ok && option->name != NULL; option++) {
    ok = append_option(&text, option);
  }
  ok = ok && sl_buffer_append_text(
                 &text, "\nAn option --body-bytes is also the variable SPIKELOSSD_BODY_BYTES "
                        "and the line\n\"body_bytes = 1GiB\" of the file. Flags win over "
                        "variables, variables over the file.\n");
  if (!ok || !sl_buffer_append(&text, "", 1)) {
    sl_buffer_free(&text);
  }
  return text.bytes;
}
