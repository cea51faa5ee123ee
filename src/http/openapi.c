#include "http/openapi.h"

#include "core/codes.h"
#include "decode/schema.h"
#include "http/access.h"
#include "http/evaluate.h"
#include "http/json.h"
#include "http/openapi_schemas.h"
#include "http/problem.h"
#include "http/reply.h"
#include "http/request.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MEDIA_TYPE "application/json"

/* Makes a schema stand for one of the components. */
static void refer(cJSON *schema, const char *component, bool *good) {
  char text[160];
  snprintf(text, sizeof text, "#/components/schemas/%s", component);
  sl_json_text(schema, "$ref", text, good);
}

/* The type of a field's value. The gradient with respect to a number or list has the same. */
static void add_type(cJSON *schema, const struct sl_field *field, const char *tensor, bool *good) {
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    refer(schema, tensor, good);
    break;
  case SL_FIELD_SPIKES_LIST:
    sl_json_text(schema, "type", "array", good);
    refer(sl_json_object(schema, "items", good), tensor, good);
    break;
  case SL_FIELD_REALS:
    sl_json_text(schema, "type", "array", good);
    sl_json_parsed(schema, "items", "{\"type\": \"number\"}", good);
    break;
  case SL_FIELD_LABELS:
    sl_json_text(schema, "type", "array", good);
    sl_json_parsed(schema, "items", "{\"type\": \"integer\", \"minimum\": 0}", good);
    break;
  case SL_FIELD_REAL:
    sl_json_text(schema, "type", "number", good);
    break;
  case SL_FIELD_COUNT:
    sl_json_text(schema, "type", "integer", good);
    sl_json_number(schema, "minimum", (double)field->min_count, good);
    sl_json_number(schema, "maximum", (double)field->max_count, good);
    break;
  case SL_FIELD_CHOICE:
    sl_json_text(schema, "type", "string", good);
    break;
  }
}

static void add_choices(cJSON *schema, const struct sl_field *field, bool *good) {
  cJSON *choices = sl_json_array(schema, "enum", good);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_json_text(choices, NULL, *choice, good);
  }
  if (field->optional) {
    sl_json_text(schema, "default", field->choices[0], good);
  }
}

static void add_property(cJSON *properties, const struct sl_field *field, bool *good) {
  cJSON *schema = sl_json_object(properties, field->name, good);
  char description[256];
  bool tensor = field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST;
  snprintf(description, sizeof description, "%s%s%s", field->summary, tensor ? ": " : "",
           tensor ? field->axes : "");
  sl_json_text(schema, "description", description, good);
  add_type(schema, field, "Tensor", good);
  if (field->kind == SL_FIELD_CHOICE) {
    add_choices(schema, field, good);
  }
}

static void add_request_schema(cJSON *schemas, const struct sl_loss *loss, bool *good) {
  char name[128];
  snprintf(name, sizeof name, "%s_request", loss->name);
  cJSON *schema = sl_json_object(schemas, name, good);
  sl_json_text(schema, "description", loss->formula, good);
  sl_json_text(schema, "type", "object", good);
  sl_json_flag(schema, "additionalProperties", false, good);
  cJSON *required = sl_json_array(schema, "required", good);
  cJSON *properties = sl_json_object(schema, "properties", good);
  for (size_t i = 0; i < sl_request_field_count(loss); i++) {
    const struct sl_field *field = sl_request_field(loss, i);
    add_property(properties, field, good);
    if (!field->optional) {
      sl_json_text(required, NULL, field->name, good);
    }
  }
}

static bool has_gradient(const struct sl_field *field) {
  return field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST ||
         field->kind == SL_FIELD_REALS || field->kind == SL_FIELD_REAL;
}

/* The members of one object of diagnostics. */
static void describe_diagnostics(cJSON *schema, const struct sl_diagnostic *diagnostics,
                                 size_t count, bool *good) {
  static const char *const types[] = {[SL_DIAGNOSTIC_REAL] = "number",
                                      [SL_DIAGNOSTIC_COUNT] = "integer",
                                      [SL_DIAGNOSTIC_FLAG] = "boolean"};
  cJSON *required = sl_json_array(schema, "required", good);
  cJSON *properties = sl_json_object(schema, "properties", good);
  for (size_t i = 0; i < count; i++) {
    sl_json_text(required, NULL, diagnostics[i].name, good);
    sl_json_text(sl_json_object(properties, diagnostics[i].name, good), "type",
                 types[diagnostics[i].kind], good);
  }
}

/* A result has one object of diagnostics, or a list of them under a name. */
static void describe_result(cJSON *schema, const struct sl_result *result, bool *good) {
  if (result->list_name == NULL) {
    describe_diagnostics(schema, result->diagnostics, result->diagnostic_count, good);
    return;
  }
  sl_json_text(sl_json_array(schema, "required", good), NULL, result->list_name, good);
  cJSON *list = sl_json_object(sl_json_object(schema, "properties", good), result->list_name, good);
  sl_json_text(list, "type", "array", good);
  cJSON *items = sl_json_object(list, "items", good);
  sl_json_text(items, "type", "object", good);
  describe_diagnostics(items, result->diagnostics, result->list_width, good);
}

static enum sl_status evaluate_example(struct sl_result *result, const struct sl_loss *loss) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_error error = SL_NO_ERROR;
  struct sl_decoder *decoder = sl_decoder_new(loss, &limits, NULL);
  if (decoder == NULL) {
    return SL_OUT_OF_MEMORY;
  }
  size_t consumed;
  sl_decoder_feed(decoder, loss->example, strlen(loss->example), &consumed);
  enum sl_status status = sl_decoder_finish(decoder);
  if (status == SL_OK) {
    status = loss->evaluate(sl_decoder_decoded(decoder)->values, result, &error);
  }
  sl_decoder_free(decoder);
  return status;
}

/* A loss gives the same diagnostics whatever it is asked: those of its example, if it has one. */
static void add_diagnostics(cJSON *properties, const struct sl_loss *loss, bool *good) {
  cJSON *schema = sl_json_object(properties, "diagnostics", good);
  sl_json_text(schema, "description", "How the network is doing", good);
  sl_json_text(schema, "type", "object", good);
  if (loss->example == NULL) {
    return;
  }
  struct sl_result result = {0};
  enum sl_status status = evaluate_example(&result, loss);
  if (status == SL_OK) {
    describe_result(schema, &result, good);
  } else if (status == SL_OUT_OF_MEMORY) {
    *good = false;
  }
  sl_result_free(&result);
}

static void add_answer_schema(cJSON *schemas, const struct sl_loss *loss, bool *good) {
  char name[128];
  snprintf(name, sizeof name, "%s_answer", loss->name);
  cJSON *schema = sl_json_object(schemas, name, good);
  sl_json_text(schema, "type", "object", good);
  sl_json_parsed(schema, "required", "[\"loss\", \"diagnostics\"]", good);
  cJSON *properties = sl_json_object(schema, "properties", good);
  cJSON *value = sl_json_object(properties, "loss", good);
  sl_json_text(value, "type", "number", good);
  cJSON *gradients = sl_json_object(properties, "gradients", good);
  sl_json_text(gradients, "description", "Not there with \"gradient\": \"none\"", good);
  sl_json_text(gradients, "type", "object", good);
  cJSON *fields = sl_json_object(gradients, "properties", good);
  for (size_t i = 0; i < loss->field_count; i++) {
    if (has_gradient(&loss->fields[i])) {
      add_type(sl_json_object(fields, loss->fields[i].name, good), &loss->fields[i], "Gradient",
               good);
    }
  }
  add_diagnostics(properties, loss, good);
}

static void add_problem_schema(cJSON *schemas, bool *good) {
  cJSON *schema = sl_json_parsed(
      schemas, "Problem",
      "{\"description\": \"What is wrong, and where (RFC 9457)\", \"type\": \"object\","
      " \"required\": [\"type\", \"title\", \"status\", \"code\", \"detail\", \"instance\"]}",
      good);
  cJSON *properties =
      sl_json_parsed(schema, "properties",
                     "{\"type\": {\"type\": \"string\", \"description\": "
                     "\"urn:spikelossd:problem: and the code\"},"
                     " \"title\": {\"type\": \"string\"}, \"status\": {\"type\": \"integer\"},"
                     " \"detail\": {\"type\": \"string\"},"
                     " \"instance\": {\"type\": \"string\", \"description\": \"the X-Request-Id\"},"
                     " \"pointer\": {\"type\": \"string\", \"description\": "
                     "\"JSON pointer of the offending value\"},"
                     " \"offset\": {\"type\": \"integer\", \"description\": "
                     "\"byte of the body, counted from 0\"}}",
                     good);
  cJSON *code = sl_json_object(properties, "code", good);
  cJSON *codes = sl_json_array(code, "enum", good);
  for (enum sl_status status = SL_OK; status < SL_CODE_COUNT; status++) {
    if (sl_problem_http_status(status) != 0) {
      sl_json_text(codes, NULL, sl_code_name(status), good);
    }
  }
}

static void add_components(cJSON *document, bool *good) {
  cJSON *components = sl_json_object(document, "components", good);
  cJSON *schemas = sl_json_object(components, "schemas", good);
  for (const struct sl_openapi_schema *schema = sl_openapi_schemas; schema->name != NULL;
       schema++) {
    sl_json_parsed(schemas, schema->name, schema->json, good);
  }
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    add_request_schema(schemas, *loss, good);
    add_answer_schema(schemas, *loss, good);
  }
  add_problem_schema(schemas, good);
}

/* The text of an answer, without its line break; free() it. NULL when there is no memory. */
static char *text_of(struct sl_answer *answer) {
  size_t length = (size_t)sl_answer_length(answer);
  char *text = calloc(1, length + 1);
  if (text != NULL) {
    sl_answer_read(answer, text, length);
    text[length - 1] = '\0';
  }
  return text;
}

/* What the service really answers to a loss's example; free() it. NULL if the limits in force do
 * not let it answer, or if there is no memory, which is not good. */
static char *example_answer(const struct sl_loss *loss, const struct sl_limits *limits,
                            bool *good) {
  struct sl_decoder *decoder = sl_decoder_new(loss, limits, NULL);
  struct sl_answer *answer = NULL;
  struct sl_error error = SL_NO_ERROR;
  if (decoder == NULL) {
    *good = false;
    return NULL;
  }
  size_t consumed;
  sl_decoder_feed(decoder, loss->example, strlen(loss->example), &consumed);
  enum sl_status status = sl_evaluate(&answer, decoder, limits, NULL, &error);
  char *text = status == SL_OK ? text_of(answer) : NULL;
  if (status == SL_OUT_OF_MEMORY || (status == SL_OK && text == NULL)) {
    *good = false;
  }
  sl_answer_free(answer);
  sl_decoder_free(decoder);
  return text;
}

/* content -> media type -> schema, and returns what stands beside the schema. */
static cJSON *add_content(cJSON *container, const char *media_type, const char *schema,
                          bool *good) {
  cJSON *content = sl_json_object(container, "content", good);
  cJSON *item = sl_json_object(content, media_type, good);
  refer(sl_json_object(item, "schema", good), schema, good);
  return item;
}

static void add_problem(cJSON *responses, const char *status, const char *description, bool *good) {
  cJSON *response = sl_json_object(responses, status, good);
  sl_json_text(response, "description", description, good);
  add_content(response, SL_PROBLEM_MEDIA_TYPE, "Problem", good);
}

static void add_problems(cJSON *responses, bool *good) {
  for (const struct sl_openapi_problem *problem = sl_openapi_problems; problem->status != NULL;
       problem++) {
    add_problem(responses, problem->status, problem->description, good);
  }
}

static void add_evaluation(cJSON *path, const struct sl_loss *loss, const struct sl_limits *limits,
                           bool *good) {
  char schema[128];
  cJSON *operation = sl_json_object(path, "post", good);
  sl_json_text(operation, "operationId", loss->name, good);
  sl_json_text(operation, "summary", loss->summary, good);
  cJSON *body = sl_json_object(operation, "requestBody", good);
  sl_json_flag(body, "required", true, good);
  snprintf(schema, sizeof schema, "%s_request", loss->name);
  cJSON *request = add_content(body, JSON_MEDIA_TYPE, schema, good);

  cJSON *responses = sl_json_object(operation, "responses", good);
  cJSON *answered = sl_json_object(responses, "200", good);
  sl_json_text(answered, "description", "The loss, its gradients, diagnostics", good);
  snprintf(schema, sizeof schema, "%s_answer", loss->name);
  cJSON *answer = add_content(answered, JSON_MEDIA_TYPE, schema, good);
  add_problems(responses, good);

  if (loss->example != NULL) {
    sl_json_parsed(request, "example", loss->example, good);
    char *text = example_answer(loss, limits, good);
    if (text != NULL) {
      sl_json_verbatim(answer, "example", text, good);
    }
    free(text);
  }
}

/* A GET whose answer needs no more words than these. */
static void add_get(cJSON *path, const char *id, const char *summary, const char *media_type,
                    bool *good) {
  cJSON *operation = sl_json_object(path, "get", good);
  sl_json_text(operation, "operationId", id, good);
  sl_json_text(operation, "summary", summary, good);
  cJSON *responses = sl_json_object(operation, "responses", good);
  cJSON *answered = sl_json_object(responses, "200", good);
  sl_json_text(answered, "description", summary, good);
  cJSON *content = sl_json_object(answered, "content", good);
  sl_json_object(content, media_type, good);
  if (strcmp(id, "readyz") == 0) {
    add_problem(responses, "503", "The server is shutting down", good);
  }
}

/* What is answered to those who may not come in. */
static void add_refusals(cJSON *responses, const struct sl_access *access, bool *good) {
  if (sl_access_wants_tokens(access)) {
    add_problem(responses, "401", "This server wants a token, and there is none or a wrong one",
                good);
  }
  if (sl_access_wants_certificates(access)) {
    add_problem(responses, "403", "This server wants a TLS certificate, and there is none", good);
  }
}

/* Where anything is wanted, every operation but the health of the process wants it. */
static void add_security(cJSON *document, const struct sl_access *access, bool *good) {
  bool tokens = sl_access_wants_tokens(access);
  if (tokens) {
    cJSON *schemes = sl_json_object(cJSON_GetObjectItemCaseSensitive(document, "components"),
                                    "securitySchemes", good);
    sl_json_parsed(schemes, "token", "{\"type\": \"http\", \"scheme\": \"bearer\"}", good);
    sl_json_parsed(document, "security", "[{\"token\": []}]", good);
  }
  const cJSON *path;
  cJSON_ArrayForEach(path, cJSON_GetObjectItemCaseSensitive(document, "paths")) {
    bool open = strcmp(path->string, "/livez") == 0 || strcmp(path->string, "/readyz") == 0;
    cJSON *operation;
    cJSON_ArrayForEach(operation, path) {
      if (!open) {
        add_refusals(cJSON_GetObjectItemCaseSensitive(operation, "responses"), access, good);
      } else if (tokens) {
        sl_json_array(operation, "security", good);
      }
    }
  }
}

static void add_paths(cJSON *document, const struct sl_limits *limits, bool *good) {
  cJSON *paths = sl_json_object(document, "paths", good);
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    char text[160];
    snprintf(text, sizeof text, "/v1/losses/%s", (*loss)->name);
    cJSON *path = sl_json_object(paths, text, good);
    snprintf(text, sizeof text, "describe_%s", (*loss)->name);
    add_get(path, text, "The formula, the fields and the limits in force", JSON_MEDIA_TYPE, good);
    add_evaluation(path, *loss, limits, good);
  }
  add_get(sl_json_object(paths, "/v1/losses", good), "losses",
          "All losses, their fields and the limits in force", JSON_MEDIA_TYPE, good);
  add_get(sl_json_object(paths, "/livez", good), "livez", "The process runs", "text/plain", good);
  add_get(sl_json_object(paths, "/readyz", good), "readyz", "The process wants requests",
          "text/plain", good);
  add_get(sl_json_object(paths, "/metrics", good), "metrics",
          "What the service counts, in Prometheus' text format", "text/plain", good);
  add_get(sl_json_object(paths, "/openapi.json", good), "openapi", "This document", JSON_MEDIA_TYPE,
          good);
  add_get(sl_json_object(paths, "/", good), "page", "A page for people", "text/plain", good);
}

enum MHD_Result sl_answer_openapi(struct sl_request *request, struct MHD_Connection *connection) {
  bool good = true;
  cJSON *document = cJSON_CreateObject();
  sl_json_text(document, "openapi", "3.1.0", &good);
  cJSON *information = sl_json_object(document, "info", &good);
  sl_json_text(information, "title", "spikelossd", &good);
  sl_json_text(information, "version", SPIKELOSSD_VERSION, &good);
  sl_json_text(information, "description",
               "Losses of spiking neural networks, with gradients and diagnostics", &good);
  add_paths(document, &request->service->limits, &good);
  add_components(document, &good);
  add_security(document, request->service->doors.access, &good);
  return sl_reply_text(request, connection, JSON_MEDIA_TYPE, sl_json_finish(document, good, true));
}
