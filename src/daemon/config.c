#include "daemon/config.h"

#include "core/codes.h"
#include "net/regular_file.h"
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE_PREFIX "SPIKELOSSD_"

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

/* "body_bytes" is "BODY_BYTES" in a variable and "body-bytes" in a flag. */
static char spell(char letter, enum sl_source source) {
  if (letter == '_') {
    return source == SL_SOURCE_FLAG ? '-' : '_';
  }
  return source == SL_SOURCE_ENVIRONMENT ? (char)toupper((unsigned char)letter) : letter;
}

static bool is_spelling(const char *text, size_t length, const char *name, enum sl_source source) {
  size_t i = 0;
  while (i < length && name[i] != '\0' && text[i] == spell(name[i], source)) {
    i++;
  }
  return i == length && name[i] == '\0';
}

/* Returns the option that a source spells in this way, also if it is retired, or NULL. */
static const struct sl_option *find_option(const char *text, size_t length, enum sl_source source) {
  const struct sl_option *const tables[] = {sl_options, sl_retired_options};
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    for (const struct sl_option *option = tables[i]; option->name != NULL; option++) {
      if (is_spelling(text, length, option->name, source)) {
        return option;
      }
    }
  }
  return NULL;
}

static void forget_addresses(struct sl_config *config) {
  while (config->server.listen_count > 0) {
    free(config->addresses[--config->server.listen_count]);
  }
}

/* Notes each only once, however often it is set. */
static void note_retired(struct sl_config *config, const struct sl_option *option) {
  for (size_t i = 0; i < config->retired_count; i++) {
    if (config->retired[i] == option) {
      return;
    }
  }
  if (config->retired_count < SL_MAX_RETIRED) {
    config->retired[config->retired_count++] = option;
  }
}

/* All sources come through here, from the weakest to the strongest. Addresses add up within one
 * source and replace those of weaker ones. */
static bool set_option(struct sl_config *config, const struct sl_option *option, const char *text,
                       enum sl_source source, const char *where, struct sl_error *error) {
  if (option->kind == SL_OPTION_RETIRED) {
    note_retired(config, option);
    return true;
  }
  enum sl_source *strongest = &config->sources[option - sl_options];
  if (option->kind != SL_OPTION_ADDRESSES) {
    if (source == SL_SOURCE_FILE && *strongest == SL_SOURCE_FILE) {
      return sl_cannot_start(error, "%s: is set twice", where);
    }
  } else if (source > *strongest) {
    forget_addresses(config);
  }
  if (!sl_option_set(config, option, text, where, error)) {
    return false;
  }
  *strongest = source;
  return true;
}

static bool set_defaults(struct sl_config *config, struct sl_error *error) {
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    if (!set_option(config, option, option->default_text, SL_SOURCE_DEFAULT, "the default",
                    error)) {
      return false;
    }
  }
  return true;
}

static bool set_file(struct sl_config *config, const char *path, struct sl_error *error) {
  free(config->file);
  config->file = strdup(path);
  return config->file != NULL || sl_cannot_start(error, "not enough memory for the configuration");
}

static bool is_command(const char *argument, enum sl_command *command) {
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    if (strcmp(argument, commands[i].flag) == 0 ||
        (commands[i].letter != NULL && strcmp(argument, commands[i].letter) == 0)) {
      *command = commands[i].command;
      return true;
    }
  }
  return false;
}

/*
 * Reads the command line: "--name=value", "--name value" or "--command". The first time (`options`
 * false) it finds the command and the file, the second time it sets the options, because flags are
 * stronger than the file.
 */
static bool read_arguments(struct sl_config *config, int count, char *const *arguments,
                           bool options, struct sl_error *error) {
  for (int i = 1; i < count; i++) {
    const char *argument = arguments[i];
    if (is_command(argument, &config->command)) {
      continue;
    }
    const char *equals = strchrnul(argument, '=');
    size_t length = (size_t)(equals - argument);
    bool file = is_spelling(argument, length, "--config", SL_SOURCE_FILE);
    const struct sl_option *option = strncmp(argument, "--", 2) == 0
                                         ? find_option(argument + 2, length - 2, SL_SOURCE_FLAG)
                                         : NULL;
    if (option == NULL && !file) {
      return sl_cannot_start(error, "unknown option %.80s; --help lists all options", argument);
    }
    if (*equals == '\0' && ++i == count) {
      return sl_cannot_start(error, "%s: the value is missing", argument);
    }
    const char *value = *equals == '=' ? equals + 1 : arguments[i];
    char flag[64];
    snprintf(flag, sizeof flag, "%.*s", (int)length, argument);
    bool ok = file ? set_file(config, value, error)
                   : !options || set_option(config, option, value, SL_SOURCE_FLAG, flag, error);
    if (!ok) {
      return false;
    }
  }
  return true;
}

/* Returns whether a variable is no option. Kubernetes sets …SERVICE_… and …PORT… for services that
 * are named spikelossd or spikelossd-canary, people set URL and TOKEN for the clients, and CONFIG
 * is read before. `name` follows the prefix. */
static bool is_no_option(const char *name) {
  static const char *const beginnings[] = {"URL=", "TOKEN=", "CONFIG="};
  static const char *const of_kubernetes[] = {"SERVICE_HOST=", "SERVICE_PORT=", "SERVICE_PORT_",
                                              "PORT=", "PORT_"};
  for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
    if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) {
      return true;
    }
  }
  const char *equals = strchrnul(name, '=');
  for (size_t i = 0; i < sizeof of_kubernetes / sizeof of_kubernetes[0]; i++) {
    const char *found = strstr(name, of_kubernetes[i]);
    if (found != NULL && found < equals && (found == name || found[-1] == '_')) {
      return true;
    }
  }
  return false;
}

/* Adds the addresses of a variable, which has commas between them. */
static bool set_addresses(struct sl_config *config, const struct sl_option *option,
                          const char *list, const char *where, struct sl_error *error) {
  const char *end;
  do {
    char address[256]; /* what is cut here is too long to be an address */
    end = strchrnul(list, ',');
    snprintf(address, sizeof address, "%.*s", (int)(end - list), list);
    if (!set_option(config, option, address, SL_SOURCE_ENVIRONMENT, where, error)) {
      return false;
    }
    list = end + 1;
  } while (*end == ',');
  return true;
}

static bool read_variable(struct sl_config *config, const char *variable, struct sl_error *error) {
  const char *name = variable + strlen(VARIABLE_PREFIX);
  const char *equals = strchr(variable, '=');
  if (equals == NULL || is_no_option(name)) {
    return true;
  }
  char where[96];
  snprintf(where, sizeof where, "%.*s", (int)(equals - variable), variable);
  const struct sl_option *option =
      find_option(name, (size_t)(equals - name), SL_SOURCE_ENVIRONMENT);
  if (option == NULL) {
    return sl_cannot_start(error, "unknown environment variable %.80s; --help lists all options",
                           where);
  }
  return option->kind == SL_OPTION_ADDRESSES
             ? set_addresses(config, option, equals + 1, where, error)
             : set_option(config, option, equals + 1, SL_SOURCE_ENVIRONMENT, where, error);
}

static bool read_environment(struct sl_config *config, char *const *environment,
                             struct sl_error *error) {
  for (; *environment != NULL; environment++) {
    bool ours = strncmp(*environment, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) == 0;
    if (ours && !read_variable(config, *environment, error)) {
      return false;
    }
  }
  return true;
}

/* A configuration file while it is read. */
struct file {
  struct sl_config *config;
  const char *path;
  FILE *stream;
  int line;               /* the one read last */
  struct sl_error *error; /* once it is set, the rest of the file is not read */
};

static bool has_failed(const struct file *file) {
  return file->error->code != SL_OK;
}

static void refuse_line(const struct file *file, int line, const char *what) {
  sl_fail(file->error, SL_CANNOT_START, "%s:%d: %s", file->path, line, what);
}

/*
 * Gives inih the next line, like fgets. It counts lines, which inih keeps to itself; leaves out
 * the indentation, which inih would take for the continuation of the line before; and refuses what
 * inih would silently accept.
 */
static char *next_line(char *text, int size, void *closure) {
  struct file *file = closure;
  if (has_failed(file) || fgets(text, size, file->stream) == NULL) {
    return NULL;
  }
  file->line++;
  if (strchr(text, '\n') == NULL && !feof(file->stream)) {
    refuse_line(file, file->line, "the line is too long");
    return NULL;
  }
  size_t indentation = strspn(text, " \t");
  memmove(text, text + indentation, strlen(text + indentation) + 1);
  if (text[0] == '[') {
    refuse_line(file, file->line, "this file has no sections; remove the line");
    return NULL;
  }
  return text;
}

static int take_pair(void *closure, const char *section, const char *name, const char *value) {
  (void)section;
  struct file *file = closure;
  const struct sl_option *option = find_option(name, strlen(name), SL_SOURCE_FILE);
  if (option == NULL) {
    return sl_cannot_start(file->error, "%s:%d: unknown option %.80s; --help lists all options",
                           file->path, file->line, name);
  }
  char where[512];
  snprintf(where, sizeof where, "%s:%d: %s", file->path, file->line, name);
  return set_option(file->config, option, value, SL_SOURCE_FILE, where, file->error);
}

/* Reads lines "name = value"; comments after # or ; at the start of a line. */
static bool read_file(struct sl_config *config, const char *path, struct sl_error *error) {
  struct file file = {.config = config,
                      .path = path,
                      .stream = sl_regular_file_open("config", path, error),
                      .error = error};
  if (file.stream == NULL) {
    return false;
  }
  int wrong_line = ini_parse_stream(next_line, &file, take_pair, &file);
  if (ferror(file.stream)) {
    sl_fail(error, SL_CANNOT_START, "config: cannot read %s: %s", path, strerror(errno));
  }
  fclose(file.stream);
  /* inih goes on after a malformed line, and may have come to a wrong value after that. */
  if (wrong_line > 0 && (!has_failed(&file) || wrong_line < file.line)) {
    *error = SL_NO_ERROR;
    refuse_line(&file, wrong_line, "expected a line like \"body_bytes = 1GiB\"");
  } else if (wrong_line < 0) {
    refuse_line(&file, file.line, "not enough memory to read the file");
  }
  return !has_failed(&file);
}

/* --config wins over SPIKELOSSD_CONFIG. */
static bool choose_file(struct sl_config *config, char *const *environment,
                        struct sl_error *error) {
  static const char name[] = VARIABLE_PREFIX "CONFIG=";
  for (; config->file == NULL && *environment != NULL; environment++) {
    if (strncmp(*environment, name, strlen(name)) == 0 &&
        !set_file(config, *environment + strlen(name), error)) {
      return false;
    }
  }
  return config->file == NULL || read_file(config, config->file, error);
}

bool sl_config_read(struct sl_config *config, int count, char *const *arguments,
                    char *const *environment, struct sl_error *error) {
  *config = (struct sl_config){.command = SL_COMMAND_SERVE};
  config->server.limits = SL_DEFAULT_LIMITS; /* those that are no options stay as they are */
  if (!set_defaults(config, error) || !read_arguments(config, count, arguments, false, error)) {
    return false;
  }
  if (config->command == SL_COMMAND_HELP || config->command == SL_COMMAND_VERSION) {
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
  const struct sl_option *option = find_option("isa", strlen("isa"), SL_SOURCE_FILE);
  return config->isa == 0 ? NULL : option->words[config->isa];
}

void sl_config_free(struct sl_config *config) {
  forget_addresses(config);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    if (option->kind == SL_OPTION_TEXT) {
      free(*(char **)((char *)config + option->offset));
    }
  }
  free(config->file);
  *config = (struct sl_config){.command = SL_COMMAND_SERVE};
}

static void print_option(FILE *help, const struct sl_option *option) {
  char left[64] = "--";
  size_t length = 2;
  for (const char *letter = option->name; *letter != '\0'; letter++) {
    left[length++] = spell(*letter, SL_SOURCE_FLAG);
  }
  snprintf(left + length, sizeof left - length, " %s", option->placeholder);
  fprintf(help, "  %-32s %s", left, option->help);
  if (option->kind == SL_OPTION_CHOICE) {
    for (const char *const *word = option->words; *word != NULL; word++) {
      fprintf(help, "%s %s", word == option->words ? ":" : "", *word);
    }
  }
  fprintf(help, " (default %s)\n", option->default_text);
}

static void print_help(FILE *help) {
  fprintf(help,
          "usage: spikelossd [OPTION...]\n\n"
          "Losses of spiking neural networks over HTTP.\n\n"
          "  %-32s read options from this file\n",
          "--config FILE");
  for (size_t i = 0; i < COMMAND_COUNT; i++) {
    char flags[32];
    snprintf(flags, sizeof flags, commands[i].letter == NULL ? "%s" : "%s, %s", commands[i].flag,
             commands[i].letter);
    fprintf(help, "  %-32s %s\n", flags, commands[i].help);
  }
  fputc('\n', help);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    print_option(help, option);
  }
  fputs("\nAn option --body-bytes is also the variable SPIKELOSSD_BODY_BYTES and the line\n"
        "\"body_bytes = 1GiB\" of the file. Flags win over variables, variables over the file.\n",
        help);
}

char *sl_config_help(void) {
  char *text = NULL;
  size_t length;
  FILE *stream = open_memstream(&text, &length);
  if (stream == NULL) {
    return NULL;
  }
  print_help(stream);
  bool failed = ferror(stream) != 0;
  if (fclose(stream) != 0 || failed) {
    free(text);
    return NULL;
  }
  return text;
}
