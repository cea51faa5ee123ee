#include "http/json.h"

#include "json/number_format.h"
#include <stdlib.h>
#include <string.h>

static cJSON *attach(cJSON *container, const char *name, cJSON *item, bool *ok) {
  bool attached = container != NULL && item != NULL &&
                  (name == NULL ? cJSON_AddItemToArray(container, item)
                                : cJSON_AddItemToObject(container, name, item));
  if (!attached) {
    cJSON_Delete(item);
    *ok = false;
    return NULL;
  }
  return item;
}

cJSON *sl_json_object(cJSON *container, const char *name, bool *ok) {
  return attach(container, name, cJSON_CreateObject(), ok);
}

cJSON *sl_json_array(cJSON *container, const char *name, bool *ok) {
  return attach(container, name, cJSON_CreateArray(), ok);
}

void sl_json_text(cJSON *container, const char *name, const char *text, bool *ok) {
  attach(container, name, cJSON_CreateString(text), ok);
}

void sl_json_number(cJSON *container, const char *name, double number, bool *ok) {
  char text[SL_NUMBER_TEXT_MAX + 1];
  text[sl_number_format(text, number)] = '\0';
  attach(container, name, cJSON_CreateRaw(text), ok); /* cJSON itself would round to 15 digits */
}

void sl_json_flag(cJSON *container, const char *name, bool flag, bool *ok) {
  attach(container, name, cJSON_CreateBool(flag), ok);
}

cJSON *sl_json_parsed(cJSON *container, const char *name, const char *json, bool *ok) {
  return attach(container, name, cJSON_Parse(json), ok);
}

void sl_json_verbatim(cJSON *container, const char *name, const char *json, bool *ok) {
  attach(container, name, cJSON_CreateRaw(json), ok);
}

/* `text` followed by a line break, or NULL; takes `text` in any case. */
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

char *sl_json_finish(cJSON *document, bool ok, bool indented) {
  char *text = NULL;
  if (ok && document != NULL) {
    text = indented ? cJSON_Print(document) : cJSON_PrintUnformatted(document);
  }
  cJSON_Delete(document);
  return text == NULL ? NULL : with_line_break(text);
}
