#include "http/json.h"

#include "json/number_format.h"
#include <stdlib.h>
#include <string.h>

void sl_json_fail_memory(struct sl_error *error) {
  sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for the document");
}

static cJSON *attach(cJSON *container, const char *name, cJSON *item, struct sl_error *error) {
  bool attached = container != NULL && item != NULL &&
                  (name == NULL ? cJSON_AddItemToArray(container, item)
                                : cJSON_AddItemToObject(container, name, item));
  if (!attached) {
    cJSON_Delete(item);
    sl_json_fail_memory(error);
    return NULL;
  }
  return item;
}

cJSON *sl_json_object(cJSON *container, const char *name, struct sl_error *error) {
  return attach(container, name, cJSON_CreateObject(), error);
}

cJSON *sl_json_array(cJSON *container, const char *name, struct sl_error *error) {
  return attach(container, name, cJSON_CreateArray(), error);
}

void sl_json_text(cJSON *container, const char *name, const char *text, struct sl_error *error) {
  attach(container, name, cJSON_CreateString(text), error);
}

void sl_json_number(cJSON *container, const char *name, double number, struct sl_error *error) {
  char text[SL_NUMBER_TEXT_MAX + 1];
  text[sl_number_format(text, number)] = '\0';
  attach(container, name, cJSON_CreateRaw(text), error); /* cJSON itself would round to 15 digits */
}

void sl_json_flag(cJSON *container, const char *name, bool flag, struct sl_error *error) {
  attach(container, name, cJSON_CreateBool(flag), error);
}

cJSON *sl_json_parsed(cJSON *container, const char *name, const char *json,
                      struct sl_error *error) {
  return attach(container, name, cJSON_Parse(json), error);
}

void sl_json_verbatim(cJSON *container, const char *name, const char *json,
                      struct sl_error *error) {
  attach(container, name, cJSON_CreateRaw(json), error);
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

char *sl_json_finish(cJSON *document, const struct sl_error *error, bool indented) {
  char *text = NULL;
  if (error->code == SL_OK && document != NULL) {
    text = indented ? cJSON_Print(document) : cJSON_PrintUnformatted(document);
  }
  cJSON_Delete(document);
  return text == NULL ? NULL : with_line_break(text);
}
