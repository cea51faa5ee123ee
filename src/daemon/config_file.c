#include "daemon/config_file.h"

#include "daemon/config_sources.h"
#include "net/regular_file.h"
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

/* What reading a file needs to know at every line. */
struct reading {
  struct sl_config *config;
  const char *path;
  FILE *stream;
  int line;   /* the one read last */
  bool wrong; /* `message` says why; the rest of the file is not read */
  char *message;
  size_t message_size;
};

static void complain(struct reading *reading, int line, const char *what) {
  if (!reading->wrong) {
    snprintf(reading->message, reading->message_size, "%s:%d: %s", reading->path, line, what);
    reading->wrong = true;
  }
}

/*
 * Gives inih the next line, like fgets. It counts lines, which inih keeps to itself; leaves out
 * the indentation, which inih would take for the continuation of the line before; and refuses what
 * inih would silently accept.
 */
static char *next_line(char *text, int size, void *closure) {
  struct reading *reading = closure;
  if (reading->wrong || fgets(text, size, reading->stream) == NULL) {
    return NULL;
  }
  reading->line++;
  if (strchr(text, '\n') == NULL && !feof(reading->stream)) {
    complain(reading, reading->line, "the line is too long");
    return NULL;
  }
  size_t indentation = strspn(text, " \t");
  memmove(text, text + indentation, strlen(text + indentation) + 1);
  if (text[0] == '[') {
    complain(reading, reading->line, "there are no sections in this file");
    return NULL;
  }
  return text;
}

static int take(void *closure, const char *section, const char *name, const char *value) {
  (void)section;
  struct reading *reading = closure;
  char where[512];
  const struct sl_option *option = sl_config_find(name, "option", name, where, sizeof where);
  if (option == NULL) {
    complain(reading, reading->line, where);
    return 0;
  }
  snprintf(where, sizeof where, "%s:%d: %s", reading->path, reading->line, name);
  reading->wrong = !sl_config_set(reading->config, option, value, SL_SOURCE_FILE, where,
                                  reading->message, reading->message_size);
  return !reading->wrong;
}

bool sl_config_read_file(struct sl_config *config, const char *path, char *message,
                         size_t message_size) {
  struct reading reading = {.config = config,
                            .path = path,
                            .stream = sl_regular_file_open(path, message, message_size),
                            .message = message,
                            .message_size = message_size};
  if (reading.stream == NULL) {
    return false;
  }
  int wrong_line = ini_parse_stream(next_line, &reading, take, &reading);
  if (ferror(reading.stream)) {
    snprintf(message, message_size, "cannot read %s: %s", path, strerror(errno));
    fclose(reading.stream);
    return false;
  }
  fclose(reading.stream);
  bool form_is_wrong = wrong_line > 0 && (!reading.wrong || wrong_line < reading.line);
  if (form_is_wrong) {
    reading.wrong = false;
    complain(&reading, wrong_line, "expected a line like \"body_bytes = 1GiB\"");
  } else if (wrong_line < 0) {
    complain(&reading, reading.line, "there is no memory to read the file");
  }
  return !reading.wrong;
}
