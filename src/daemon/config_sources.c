#include "daemon/config_sources.h"

#include "core/codes.h"
#include "net/address.h"
#include "net/regular_file.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *number_at(struct sl_config *config, const struct sl_option *option) {
  return (uint64_t *)((char *)config + option->offset);
}

static enum sl_source *source_at(struct sl_config *config, const struct sl_option *option) {
  return &config->sources[option - sl_options];
}

static char **text_at(struct sl_config *config, const struct sl_option *option) {
  return (char **)((char *)config + option->offset);
}

static void forget_addresses(struct sl_config *config) {
  for (size_t i = 0; i < config->server.listen_count; i++) {
    free(config->addresses[i]);
  }
  config->server.listen_count = 0;
}

void sl_config_forget(struct sl_config *config) {
  forget_addresses(config);
  for (const struct sl_option *option = sl_options; option->name != NULL; option++) {
    if (option->kind == SL_OPTION_TEXT) {
      free(*text_at(config, option));
      *text_at(config, option) = NULL;
    }
  }
}

static bool add_address(struct sl_config *config, const char *text, struct sl_error *error) {
  if (!sl_address_is_ok(text)) {
    sl_fail(error, SL_CANNOT_START, "\"%.120s\" is not an address such as " SL_ADDRESS_FORMS, text);
    return false;
  }
  if (config->server.listen_count == SL_MAX_LISTENERS) {
    sl_fail(error, SL_CANNOT_START, "there are more than %d addresses", SL_MAX_LISTENERS);
    return false;
  }
  char *copy = strdup(text);
  if (copy == NULL) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the configuration");
    return false;
  }
  config->addresses[config->server.listen_count++] = copy;
  return true;
}

static bool set_text(char **slot, const struct sl_option *option, const char *text,
                     struct sl_error *error) {
  if (text[0] == '\0') {
    sl_fail(error, SL_CANNOT_START, "the value is empty, expected a text or none");
    return false;
  }
  bool none = strcmp(text, "none") == 0;
  if (!none && option->is_ok != NULL && !option->is_ok(text)) {
    sl_fail(error, SL_CANNOT_START, "\"%.80s\" is not like %s", text, option->form);
    return false;
  }
  char *copy = none ? NULL : strdup(text);
  if (copy == NULL && !none) {
    sl_fail(error, SL_CANNOT_START, "not enough memory for the configuration");
    return false;
  }
  free(*slot);
  *slot = copy;
  return true;
}

static bool set_value(struct sl_config *config, const struct sl_option *option, const char *text,
                      enum sl_source source, struct sl_error *error) {
  const enum sl_source strongest = *source_at(config, option);
  switch (option->kind) {
  case SL_OPTION_ADDRESSES:
    if (source > strongest) {
      forget_addresses(config);
    }
    return add_address(config, text, error);
  case SL_OPTION_TEXT:
    return set_text(text_at(config, option), option, text, error);
  default:
    return sl_option_read(option, text, number_at(config, option), error);
  }
}

/* Puts the name of a source before a message. */
static bool fail_in_source(struct sl_error *error, const char *source) {
  const struct sl_error cause = *error;
  *error = SL_NO_ERROR;
  sl_fail(error, cause.code, "%s: %s", source, cause.message);
  return false;
}

/* Each once, however often it is set. */
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

bool sl_config_set(struct sl_config *config, const struct sl_option *option, const char *text,
                   enum sl_source source, const char *where, struct sl_error *error) {
  if (option->kind == SL_OPTION_RETIRED) {
    note_retired(config, option);
    return true;
  }
  enum sl_source *strongest = source_at(config, option);
  bool twice = option->kind != SL_OPTION_ADDRESSES && source == SL_SOURCE_FILE &&
               *strongest == SL_SOURCE_FILE;
  if (twice) {
    sl_fail(error, SL_CANNOT_START, "%s: is set twice", where);
    return false;
  }
  if (!set_value(config, option, text, source, error)) {
    return fail_in_source(error, where);
  }
  *strongest = source;
  return true;
}

const struct sl_option *sl_config_find(const char *name, const char *kind, const char *spelling,
                                       struct sl_error *error) {
  const struct sl_option *option = sl_option_find(name);
  if (option == NULL) {
    sl_fail(error, SL_CANNOT_START, "unknown %s %.80s; --help lists all options", kind, spelling);
  }
  return option;
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

static void refuse_at(const struct file *file, int line, const char *what) {
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
    refuse_at(file, file->line, "the line is too long");
    return NULL;
  }
  size_t indentation = strspn(text, " \t");
  memmove(text, text + indentation, strlen(text + indentation) + 1);
  if (text[0] == '[') {
    refuse_at(file, file->line, "there are no sections in this file");
    return NULL;
  }
  return text;
}

static int take_pair(void *closure, const char *section, const char *name, const char *value) {
  (void)section;
  struct file *file = closure;
  char where[512];
  snprintf(where, sizeof where, "%s:%d", file->path, file->line);
  const struct sl_option *option = sl_config_find(name, "option", name, file->error);
  if (option == NULL) {
    return fail_in_source(file->error, where);
  }
  snprintf(where, sizeof where, "%s:%d: %s", file->path, file->line, name);
  return sl_config_set(file->config, option, value, SL_SOURCE_FILE, where, file->error);
}

bool sl_config_read_file(struct sl_config *config, const char *path, struct sl_error *error) {
  struct file file = {
      .config = config, .path = path, .stream = sl_regular_file_open(path, error), .error = error};
  if (file.stream == NULL) {
    return false;
  }
  int wrong_line = ini_parse_stream(next_line, &file, take_pair, &file);
  if (ferror(file.stream)) {
    sl_fail(error, SL_CANNOT_START, "cannot read %s: %s", path, strerror(errno));
  }
  fclose(file.stream);
  /* inih goes on after a malformed line, and may have come to a wrong value after that. */
  if (wrong_line > 0 && (!has_failed(&file) || wrong_line < file.line)) {
    *error = SL_NO_ERROR;
    refuse_at(&file, wrong_line, "expected a line like \"body_bytes = 1GiB\"");
  } else if (wrong_line < 0) {
    refuse_at(&file, file.line, "not enough memory to read the file");
  }
  return !has_failed(&file);
}
