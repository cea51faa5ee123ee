#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "decode/schema.h"
#include "http/json.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MEDIA_TYPE "application/json"

/* The parts that no table knows: how tensors are spelt. */

/* A string of JSON text as C source, so that the schemas below can be read. */
#define JSON(...) #__VA_ARGS__

/* clang-format off */
/* The last entry has no name. */
static const struct {
  const char *name;
  const char *json;
} fixed_schemas[] = {
    {"Tensor", JSON({
        "description": "A spike tensor in one of five spellings, which may be mixed freely.",
        "anyOf": [{"$ref": "#/components/schemas/NestedTensor"},
                  {"$ref": "#/components/schemas/FlatTensor"},
                  {"$ref": "#/components/schemas/BitsTensor"},
                  {"$ref": "#/components/schemas/FloatTensor"},
                  {"$ref": "#/components/schemas/CooTensor"}]})},
    {"NestedTensor", JSON({
        "description": "Nested arrays, the same length everywhere along an axis.",
        "type": "array", "minItems": 1,
        "items": {"anyOf": [{"type": "number"},
                            {"$ref": "#/components/schemas/NestedTensor"}]},
        "examples": [[[[0, 1, 0], [1, 0, 0]]]]})},
    {"Shape", JSON({
        "type": "array", "minItems": 1, "maxItems": 8,
        "items": {"type": "integer", "minimum": 1}})},
    {"FlatTensor", JSON({
        "description": "All values in row-major order.",
        "type": "object", "required": ["shape", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "data": {"type": "array", "items": {"type": "number"}}},
        "examples": [{"shape": [1, 2, 3], "data": [0, 1, 0, 1, 0, 0]}]})},
    {"BitsTensor", JSON({
        "description": "One bit a value, most significant bit first over the flattened tensor, padded with zeros to a byte: base64(numpy.packbits(tensor)).",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"const": "bits"},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 2, 3], "encoding": "bits", "data": "UA=="}]})},
    {"FloatTensor", JSON({
        "description": "Little-endian floats in row-major order, 4 or 8 bytes each.",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"enum": ["f32", "f64"]},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 1, 2], "encoding": "f32", "data": "AACAPwAAAAA="}]})},
    {"CooTensor", JSON({
        "description": "The coordinates of the ones in strictly increasing row-major order, as numpy.argwhere and torch.nonzero give them.",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"const": "coo"},
                       "data": {"type": "array",
                                "items": {"type": "array", "minItems": 1, "maxItems": 8,
                                          "items": {"type": "integer", "minimum": 0}}}},
        "examples": [{"shape": [1, 2, 3], "encoding": "coo", "data": [[0, 0, 1], [0, 1, 0]]}]})},
    {"Gradient", JSON({
        "description": "The gradient of a tensor. dense: in the tensor's own shape, nested if the tensor came nested; broadcast: a small shape that broadcasts to the tensor's by NumPy's rule. With gradient_encoding f32 or f64 always an object with base64 data.",
        "anyOf": [{"$ref": "#/components/schemas/NestedTensor"},
                  {"$ref": "#/components/schemas/FlatTensor"},
                  {"$ref": "#/components/schemas/FloatTensor"}]})},
    {NULL, NULL},
};
/* clang-format on */

/* The answers that every POST may have beside 200. The last entry has no status. */
static const struct {
  const char *status;
  const char *description;
} problem_answers[] = {
    {"400", "The body is not JSON, or JSON of the wrong kind; or the request is ambiguous"},
    {"404", "There is no loss of that name"},
    {"413", "Larger than a limit allows"},
    {"415", "The body is not application/json, or it is compressed"},
    {"422", "The right kind of value, but one without an answer"},
    {"431", "The headers are too large"},
    {"503", "No capacity left now; try again after Retry-After seconds"},
    {NULL, NULL},
};

/* Makes a schema refer to one of the components. */
static void refer(cJSON *schema, const char *component, struct sl_error *error) {
  char text[160];
  snprintf(text, sizeof text, "#/components/schemas/%s", component);
  sl_json_text(schema, "$ref", text, error);
}

/* The type of a field's value. The gradient with respect to a number or list has the same. */
static void add_type(cJSON *schema, const struct sl_field *field, const char *tensor,
                     struct sl_error *error) {
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    refer(schema, tensor, error);
    break;
  case SL_FIELD_SPIKES_LIST:
    sl_json_text(schema, "type", "array", error);
    refer(sl_json_object(schema, "items", error), tensor, error);
    break;
  case SL_FIELD_REALS:
    sl_json_text(schema, "type", "array", error);
    sl_json_text(sl_json_object(schema, "items", error), "type", "number", error);
    break;
  case SL_FIELD_LABELS:
    sl_json_text(schema, "type", "array", error);
    sl_json_parsed(schema, "items", "{\"type\": \"integer\", \"minimum\": 0}", error);
    break;
  case SL_FIELD_REAL:
    sl_json_text(schema, "type", "number", error);
    break;
  case SL_FIELD_COUNT:
    sl_json_text(schema, "type", "integer", error);
    sl_json_number(schema, "minimum", (double)field->min_count, error);
    sl_json_number(schema, "maximum", (double)field->max_count, error);
    break;
  case SL_FIELD_CHOICE:
    sl_json_text(schema, "type", "string", error);
    break;
  case SL_FIELD_FLAG:
    sl_json_text(schema, "type", "boolean", error);
    break;
  }
}

static void add_choices(cJSON *schema, const struct sl_field *field, struct sl_error *error) {
  cJSON *choices = sl_json_array(schema, "enum", error);
  for (const char *const *choice = field->choices; *choice != NULL; choice++) {
    sl_json_text(choices, NULL, *choice, error);
  }
  if (field->optional) {
    sl_json_text(schema, "default", field->choices[field->default_choice], error);
  }
}

static void add_property(cJSON *properties, const struct sl_field *field, struct sl_error *error) {
  cJSON *schema = sl_json_object(properties, field->name, error);
  char description[256];
  bool tensor = field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST;
  snprintf(description, sizeof description, "%s%s%s", field->summary, tensor ? ": " : "",
           tensor ? field->axes : "");
  sl_json_text(schema, "description", description, error);
  add_type(schema, field, "Tensor", error);
  if (field->kind == SL_FIELD_CHOICE) {
    add_choices(schema, field, error);
  } else if (field->kind == SL_FIELD_FLAG) {
    sl_json_flag(schema, "default", false, error);
  } else if (field->kind == SL_FIELD_REAL) {
    sl_describe_real(schema, field, error);
  } else if (field->kind == SL_FIELD_REALS) {
    sl_describe_real(cJSON_GetObjectItemCaseSensitive(schema, "items"), field, error);
  }
}

static void add_request_schema(cJSON *schemas, const struct sl_loss *loss, struct sl_error *error) {
  char name[128];
  snprintf(name, sizeof name, "%s_request", loss->name);
  cJSON *schema = sl_json_object(schemas, name, error);
  sl_json_text(schema, "description", loss->formula, error);
  sl_json_text(schema, "type", "object", error);
  sl_json_flag(schema, "additionalProperties", false, error);
  cJSON *required = sl_json_array(schema, "required", error);
  cJSON *properties = sl_json_object(schema, "properties", error);
  for (size_t i = 0; i < sl_request_field_count(loss); i++) {
    const struct sl_field *field = sl_request_field(loss, i);
    add_property(properties, field, error);
    if (!field->optional) {
      sl_json_text(required, NULL, field->name, error);
    }
    if (field->or_next) { /* this one, or the next, or both */
      cJSON *any = sl_json_array(schema, "anyOf", error);
      for (size_t other = i; other < i + 2; other++) {
        cJSON *list = sl_json_array(sl_json_object(any, NULL, error), "required", error);
        sl_json_text(list, NULL, sl_request_field(loss, other)->name, error);
      }
    }
  }
}

static bool has_gradient(const struct sl_field *field) {
  return field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST ||
         ((field->kind == SL_FIELD_REALS || field->kind == SL_FIELD_REAL) && !field->setting);
}

/* The members of one object of diagnostics. */
static void describe_diagnostics(cJSON *schema, const struct sl_diagnostic *diagnostics,
                                 size_t count, struct sl_error *error) {
  static const char *const types[] = {[SL_DIAGNOSTIC_REAL] = "number",
                                      [SL_DIAGNOSTIC_COUNT] = "integer",
                                      [SL_DIAGNOSTIC_FLAG] = "boolean"};
  cJSON *required = sl_json_array(schema, "required", error);
  cJSON *properties = sl_json_object(schema, "properties", error);
  for (size_t i = 0; i < count; i++) {
    sl_json_text(required, NULL, diagnostics[i].name, error);
    sl_json_text(sl_json_object(properties, diagnostics[i].name, error), "type",
                 types[diagnostics[i].kind], error);
  }
}

/* A result has one object of diagnostics, or a list of them under a name. */
static void describe_result(cJSON *schema, const struct sl_result *result, struct sl_error *error) {
  if (result->list_name == NULL) {
    describe_diagnostics(schema, result->diagnostics, result->diagnostic_count, error);
    return;
  }
  sl_json_text(sl_json_array(schema, "required", error), NULL, result->list_name, error);
  cJSON *list =
      sl_json_object(sl_json_object(schema, "properties", error), result->list_name, error);
  sl_json_text(list, "type", "array", error);
  cJSON *items = sl_json_object(list, "items", error);
  sl_json_text(items, "type", "object", error);
  describe_diagnostics(items, result->diagnostics, result->list_width, error);
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
static void add_diagnostics_schema(cJSON *properties, const struct sl_loss *loss,
                                   struct sl_error *error) {
  cJSON *schema = sl_json_object(properties, "diagnostics", error);
  sl_json_text(schema, "description", "How the network is doing", error);
  sl_json_text(schema, "type", "object", error);
  if (loss->example == NULL) {
    return;
  }
  struct sl_result result = {0};
  enum sl_status status = evaluate_example(&result, loss);
  if (status == SL_OK) {
    describe_result(schema, &result, error);
  } else if (status == SL_OUT_OF_MEMORY) {
    sl_json_fail_memory(error);
  }
  sl_result_free(&result);
}

static void add_answer_schema(cJSON *schemas, const struct sl_loss *loss, struct sl_error *error) {
  char name[128];
  snprintf(name, sizeof name, "%s_answer", loss->name);
  cJSON *schema = sl_json_object(schemas, name, error);
  sl_json_text(schema, "type", "object", error);
  sl_json_parsed(schema, "required", "[\"loss\", \"diagnostics\"]", error);
  cJSON *properties = sl_json_object(schema, "properties", error);
  cJSON *value = sl_json_object(properties, "loss", error);
  sl_json_text(value, "type", "number", error);
  cJSON *gradients = sl_json_object(properties, "gradients", error);
  sl_json_text(gradients, "description", "Not there with \"gradient\": \"none\"", error);
  sl_json_text(gradients, "type", "object", error);
  cJSON *fields = sl_json_object(gradients, "properties", error);
  for (size_t i = 0; i < loss->field_count; i++) {
    if (has_gradient(&loss->fields[i])) {
      add_type(sl_json_object(fields, loss->fields[i].name, error), &loss->fields[i], "Gradient",
               error);
    }
  }
  add_diagnostics_schema(properties, loss, error);
}

static void add_problem_schema(cJSON *schemas, struct sl_error *error) {
  cJSON *schema = sl_json_parsed(
      schemas, "Problem",
      "{\"description\": \"What is wrong, and where (RFC 9457)\", \"type\": \"object\","
      " \"required\": [\"type\", \"title\", \"status\", \"code\", \"detail\", \"instance\"]}",
      error);
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
                     error);
  cJSON *code = sl_json_object(properties, "code", error);
  cJSON *codes = sl_json_array(code, "enum", error);
  for (enum sl_status status = SL_OK; status < SL_CODE_COUNT; status++) {
    if (sl_problem_http_status(status) != 0) {
      sl_json_text(codes, NULL, sl_code_name(status), error);
    }
  }
}

static void add_components(cJSON *document, struct sl_error *error) {
  cJSON *components = sl_json_object(document, "components", error);
  cJSON *schemas = sl_json_object(components, "schemas", error);
  for (size_t i = 0; fixed_schemas[i].name != NULL; i++) {
    sl_json_parsed(schemas, fixed_schemas[i].name, fixed_schemas[i].json, error);
  }
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    add_request_schema(schemas, *loss, error);
    add_answer_schema(schemas, *loss, error);
  }
  add_problem_schema(schemas, error);
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

/* Returns what the service really answers to a loss's example; free() it. NULL if the limits in
 * force do not let it answer, or if there is no memory, which sets `error`. */
static char *example_answer(const struct sl_loss *loss, const struct sl_limits *limits,
                            struct sl_error *error) {
  struct sl_decoder *decoder = sl_decoder_new(loss, limits, NULL);
  struct sl_answer *answer = NULL;
  struct sl_error refusal = SL_NO_ERROR; /* of the example, which is no failure here */
  if (decoder == NULL) {
    sl_json_fail_memory(error);
    return NULL;
  }
  size_t consumed;
  sl_decoder_feed(decoder, loss->example, strlen(loss->example), &consumed);
  enum sl_status status = sl_evaluate(&answer, decoder, limits, NULL, &refusal);
  char *text = status == SL_OK ? text_of(answer) : NULL;
  if (status == SL_OUT_OF_MEMORY || (status == SL_OK && text == NULL)) {
    sl_json_fail_memory(error);
  }
  sl_answer_free(answer);
  sl_decoder_free(decoder);
  return text;
}

/* content -> media type -> schema, and returns what is beside the schema. */
static cJSON *add_content(cJSON *container, const char *media_type, const char *schema,
                          struct sl_error *error) {
  cJSON *content = sl_json_object(container, "content", error);
  cJSON *item = sl_json_object(content, media_type, error);
  refer(sl_json_object(item, "schema", error), schema, error);
  return item;
}

static void add_problem(cJSON *responses, const char *status, const char *description,
                        struct sl_error *error) {
  cJSON *response = sl_json_object(responses, status, error);
  sl_json_text(response, "description", description, error);
  add_content(response, SL_PROBLEM_MEDIA_TYPE, "Problem", error);
}

static void add_problems(cJSON *responses, struct sl_error *error) {
  for (size_t i = 0; problem_answers[i].status != NULL; i++) {
    add_problem(responses, problem_answers[i].status, problem_answers[i].description, error);
  }
}

static void add_evaluation(cJSON *path, const struct sl_loss *loss, const struct sl_limits *limits,
                           struct sl_error *error) {
  char schema[128];
  cJSON *operation = sl_json_object(path, "post", error);
  sl_json_text(operation, "operationId", loss->name, error);
  sl_json_text(operation, "summary", loss->summary, error);
  cJSON *body = sl_json_object(operation, "requestBody", error);
  sl_json_flag(body, "required", true, error);
  snprintf(schema, sizeof schema, "%s_request", loss->name);
  cJSON *request = add_content(body, JSON_MEDIA_TYPE, schema, error);

  cJSON *responses = sl_json_object(operation, "responses", error);
  cJSON *answered = sl_json_object(responses, "200", error);
  sl_json_text(answered, "description", "The loss, its gradients, diagnostics", error);
  snprintf(schema, sizeof schema, "%s_answer", loss->name);
  cJSON *answer = add_content(answered, JSON_MEDIA_TYPE, schema, error);
  add_problems(responses, error);

  if (loss->example != NULL) {
    sl_json_parsed(request, "example", loss->example, error);
    char *text = example_answer(loss, limits, error);
    if (text != NULL) {
      sl_json_verbatim(answer, "example", text, error);
    }
    free(text);
  }
}

/* A GET whose answer needs no more words than these. */
static void add_get(cJSON *path, const char *id, const char *summary, const char *media_type,
                    struct sl_error *error) {
  cJSON *operation = sl_json_object(path, "get", error);
  sl_json_text(operation, "operationId", id, error);
  sl_json_text(operation, "summary", summary, error);
  cJSON *responses = sl_json_object(operation, "responses", error);
  cJSON *answered = sl_json_object(responses, "200", error);
  sl_json_text(answered, "description", summary, error);
  cJSON *content = sl_json_object(answered, "content", error);
  sl_json_object(content, media_type, error);
  if (strcmp(id, "readyz") == 0) {
    add_problem(responses, "503", "The server is shutting down", error);
  }
}

/* Adds the answers to clients that are not authenticated. */
static void add_refusals(cJSON *responses, const struct sl_auth *auth, struct sl_error *error) {
  if (sl_auth_wants_tokens(auth)) {
    add_problem(responses, "401", "Authentication required: the token is missing or not valid",
                error);
  }
  if (auth->certificates) {
    add_problem(responses, "403", "Client certificate required", error);
  }
}

/* Where anything is wanted, every operation but the health of the process wants it. */
static void add_security(cJSON *document, const struct sl_auth *auth, struct sl_error *error) {
  bool tokens = sl_auth_wants_tokens(auth);
  if (tokens) {
    cJSON *schemes = sl_json_object(cJSON_GetObjectItemCaseSensitive(document, "components"),
                                    "securitySchemes", error);
    sl_json_parsed(schemes, "token", "{\"type\": \"http\", \"scheme\": \"bearer\"}", error);
    sl_json_parsed(document, "security", "[{\"token\": []}]", error);
  }
  const cJSON *path;
  cJSON_ArrayForEach(path, cJSON_GetObjectItemCaseSensitive(document, "paths")) {
    bool open = strcmp(path->string, "/livez") == 0 || strcmp(path->string, "/readyz") == 0;
    cJSON *operation;
    cJSON_ArrayForEach(operation, path) {
      if (!open) {
        add_refusals(cJSON_GetObjectItemCaseSensitive(operation, "responses"), auth, error);
      } else if (tokens) {
        sl_json_array(operation, "security", error);
      }
    }
  }
}

static void add_paths(cJSON *document, const struct sl_limits *limits, struct sl_error *error) {
  cJSON *paths = sl_json_object(document, "paths", error);
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    char text[160];
    snprintf(text, sizeof text, "/v1/losses/%s", (*loss)->name);
    cJSON *path = sl_json_object(paths, text, error);
    snprintf(text, sizeof text, "describe_%s", (*loss)->name);
    add_get(path, text, "The formula, the fields and the limits in force", JSON_MEDIA_TYPE, error);
    add_evaluation(path, *loss, limits, error);
  }
  add_get(sl_json_object(paths, "/v1/losses", error), "losses",
          "All losses, their fields and the limits in force", JSON_MEDIA_TYPE, error);
  add_get(sl_json_object(paths, "/livez", error), "livez", "The process runs", "text/plain", error);
  add_get(sl_json_object(paths, "/readyz", error), "readyz", "The process wants requests",
          "text/plain", error);
  add_get(sl_json_object(paths, "/metrics", error), "metrics",
          "What the service counts, in Prometheus' text format", "text/plain", error);
  add_get(sl_json_object(paths, "/openapi.json", error), "openapi", "This document",
          JSON_MEDIA_TYPE, error);
  add_get(sl_json_object(paths, "/", error), "page", "A page for people", "text/plain", error);
}

enum MHD_Result sl_handle_openapi(struct sl_request *request, struct MHD_Connection *connection) {
  struct sl_error error = SL_NO_ERROR;
  cJSON *document = cJSON_CreateObject();
  sl_json_text(document, "openapi", "3.1.0", &error);
  cJSON *information = sl_json_object(document, "info", &error);
  sl_json_text(information, "title", "spikelossd", &error);
  sl_json_text(information, "version", SPIKELOSSD_VERSION, &error);
  sl_json_text(information, "description",
               "Losses of spiking neural networks, with gradients and diagnostics", &error);
  add_paths(document, &request->service->limits, &error);
  add_components(document, &error);
  add_security(document, &request->service->auth, &error);
  return sl_response_text(request, connection, JSON_MEDIA_TYPE,
                          sl_json_finish(document, &error, true));
}
