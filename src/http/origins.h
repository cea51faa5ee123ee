/*
 * Origins of web pages, as browsers write them: a scheme, a host, and a port unless it is the usual
 * one. Immutable once made.
 */
#ifndef SPIKELOSS_HTTP_ORIGINS_H
#define SPIKELOSS_HTTP_ORIGINS_H

#include <stdbool.h>

/* What a list of them looks like, for messages. */
#define SL_ORIGINS_FORM                                                                            \
  "https://app.example.org,http://localhost:3000 (lower case, no path, no usual port, no *)"

/* Whether a text is a list of origins, with commas between them. */
bool sl_origins_are_ok(const char *list);

struct sl_origins;

/* Of a good list; sl_origins_free the result. NULL when there is no memory. */
struct sl_origins *sl_origins_new(const char *list);

/* Tolerates NULL. */
void sl_origins_free(struct sl_origins *origins);

/* The item that is exactly this text and belongs to `origins`, or NULL. */
const char *sl_origins_find(const struct sl_origins *origins, const char *wanted);

#endif
