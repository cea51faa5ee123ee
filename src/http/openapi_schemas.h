/*
 * The parts of the OpenAPI document that no table knows: how tensors are spelt, what answers and
 * problems look like. JSON text.
 */
#ifndef SPIKELOSS_HTTP_OPENAPI_SCHEMAS_H
#define SPIKELOSS_HTTP_OPENAPI_SCHEMAS_H

struct sl_openapi_schema {
  const char *name;
  const char *json;
};

/* The last entry has no name. */
extern const struct sl_openapi_schema sl_openapi_schemas[];

/* The answers that every POST that was let in may have beside 200: status, and what it means. */
struct sl_openapi_problem {
  const char *status;
  const char *description;
};

/* The last entry has no status. */
extern const struct sl_openapi_problem sl_openapi_problems[];

#endif
