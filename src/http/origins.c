#include "http/origins.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"

struct sl_origins {
  size_t count;
  const char **items; /* into `text` */
  char *text;
};

static bool ends_in(const char *text, size_t length, const char *end) {
  size_t end_length = strlen(end);
  return length >= end_length && strncmp(text + length - end_length, end, end_length) == 0;
}

/* The first `length` characters, as a browser would write them: else they would never match. */
static bool is_origin(const char *text, size_t length) {
  size_t scheme = strspn(text, LETTERS_AND_DIGITS "+.-");
  if (scheme == 0 || strncmp(text + scheme, "://", 3) != 0) {
    return false;
  }
  size_t host = strspn(text + scheme + 3, LETTERS_AND_DIGITS "-._:[]");
  bool usual_port = (strncmp(text, "http:", 5) == 0 && ends_in(text, length, ":80")) ||
                    (strncmp(text, "https:", 6) == 0 && ends_in(text, length, ":443"));
  return host > 0 && scheme + 3 + host == length && !usual_port;
}

bool sl_origins_are_ok(const char *list) {
  for (;;) {
    list += strspn(list, " ");
    size_t length = strcspn(list, ", ");
    if (!is_origin(list, length)) {
      return false;
    }
    list += length + strspn(list + length, " ");
    if (*list != ',') {
      return *list == '\0';
    }
    list++;
  }
}

struct sl_origins *sl_origins_new(const char *list) {
  struct sl_origins *origins = calloc(1, sizeof *origins);
  if (origins == NULL) {
    return NULL;
  }
  origins->text = strdup(list);
  origins->items = calloc(strlen(list), sizeof *origins->items);
  if (origins->text == NULL || origins->items == NULL) {
    sl_origins_free(origins);
    return NULL;
  }
  char *rest = NULL;
  for (char *item = strtok_r(origins->text, ", ", &rest); item != NULL;
       item = strtok_r(NULL, ", ", &rest)) {
    origins->items[origins->count++] = item;
  }
  return origins;
}

void sl_origins_free(struct sl_origins *origins) {
  if (origins == NULL) {
    return;
  }
  free(origins->items);
  free(origins->text);
  free(origins);
}

const char *sl_origins_find(const struct sl_origins *origins, const char *wanted) {
  for (size_t i = 0; i < origins->count; i++) {
    if (strcmp(origins->items[i], wanted) == 0) {
      return origins->items[i];
    }
  }
  return NULL;
}
