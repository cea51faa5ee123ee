/*
 * Building JSON documents with cJSON, and checking only once whether there was memory.
 *
 * Every function below adds something to a container (`name` is NULL in an array) and sets `error`
 * when it cannot; containers that could not be made are NULL, and adding to NULL is harmless. So a
 * builder runs straight through, and sl_json_finish looks at `error` at its end.
 */
#ifndef SPIKELOSS_HTTP_JSON_H
#define SPIKELOSS_HTTP_JSON_H

#include <cjson/cJSON.h>
#include <spikeloss/error.h>
#include <stdbool.h>

/* Sets an error that says that there was no memory. */
void sl_json_fail_memory(struct sl_error *error);

cJSON *sl_json_object(cJSON *container, const char *name, struct sl_error *error);
cJSON *sl_json_array(cJSON *container, const char *name, struct sl_error *error);
void sl_json_text(cJSON *container, const char *name, const char *text, struct sl_error *error);
/* Finite; reads back to the same double. */
void sl_json_number(cJSON *container, const char *name, double number, struct sl_error *error);
void sl_json_flag(cJSON *container, const char *name, bool flag, struct sl_error *error);

/* Adds a value that is written down as JSON text, and returns it. */
cJSON *sl_json_parsed(cJSON *container, const char *name, const char *json, struct sl_error *error);

/* Adds a value of which the document gets this JSON text, letter by letter. */
void sl_json_verbatim(cJSON *container, const char *name, const char *json, struct sl_error *error);

/*
 * Deletes the document and returns its text with a line break at the end, indented for people or
 * on one line; free() it. NULL if it or anything before it failed.
 */
char *sl_json_finish(cJSON *document, const struct sl_error *error, bool indented);

#endif
