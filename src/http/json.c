#include "http/json.h"

#include "json/number_format.h"
#include <stdlib.h>
#include <string.h>

static cJSON *attach(cJSON *container, const char *name, cJSON *item, bool *good) {
  bool attached = container != NULL && item != NULL &&
                  (name == NULL ? cJSON_AddItemToArray(container, item)
                                : cJSON_AddItemToObject(container, name, item));
  if (!attached) {
    cJSON_Delete(item);
    *good = false;
    return NULL;
  }
  return item;
}

cJSON *sl_json_object(cJSON *container, const char *name, bool *good) {
  return attach(container, name, cJSON_CreateObject(), good);
}

cJSON *sl_json_array(cJSON *container, const char *name, bool *good) {
  return attach(container, name, cJSON_CreateArray(), good);
}

void sl_json_text(cJSON *container, const char *name, const char *text, bool *good) {
  attach(container, name, cJSON_CreateString(text), good);
}

void sl_json_number(cJSON *container, const char *name, double number, bool *good) {
  char text[SL_NUMBER_TEXT_MAX + 1];
  text[sl_number_format(text, number)] = '\0';
  attach(container, name, cJSON_CreateRaw(text), good); /* cJSON itself would round to 15 digits */
}

void sl_json_flag(cJSON *container, const char *name, bool flag, bool *good) {
  attach(container, name, cJSON_CreateBool(flag), good);
}

cJSON *sl_json_parsed(cJSON *container, const char *name, const char *json, bool *good) {
  return attach(container, name, cJSON_Parse(json), good);
}

void sl_json_verbatim(cJSON *container, const char *name, const char *json, bool *good) {
  attach(container, name, cJSON_CreateRaw(json), good);
}

/* `text` with a line break behind it, or NULL; takes `text` in any case. */
static char *with_line_break(char *text) {
  size_t length = strlen(text);
  char *longer = realloc(text, length + 2);
  if (longer == NULL) {
    free(text);
    return NULL;
  }
  memcpy(longer + length, "\n", 2);
  return longer;
}

char *sl_json_finish(cJSON *document, bool good, bool indented) {
  char *text = NULL;
  if (good && document != NULL) {
    text = indented ? cJSON_Print(document) : cJSON_PrintUnformatted(document);
  }
  cJSON_Delete(document);
  return text == NULL ? NULL : with_line_break(text);
}
