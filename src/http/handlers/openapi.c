#include "http/handlers/handlers.h"

#include "core/codes.h"
#include "decode/schema.h"
#include "http/document.h"
#include "http/problem.h"
#include "http/request.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define JSON_MEDIA_TYPE "application/json"

/* A string of JSON text as C source, so that the schemas below can be read. */
#define JSON(...) #__VA_ARGS__

/* clang-format off */
/* The parts that no table knows: how tensors are spelt. Without the braces around them. */
static const char fixed_schemas[] = JSON(
    "Tensor": {
        "description": "A spike tensor in one of six spellings, which may be mixed freely.",
        "anyOf": [{"$ref": "#/components/schemas/NestedTensor"},
                  {"$ref": "#/components/schemas/FlatTensor"},
                  {"$ref": "#/components/schemas/BitsTensor"},
                  {"$ref": "#/components/schemas/IntegerTensor"},
                  {"$ref": "#/components/schemas/FloatTensor"},
                  {"$ref": "#/components/schemas/CooTensor"}]},
    "Shape": {
        "type": "array", "minItems": 1, "maxItems": 8,
        "items": {"type": "integer", "minimum": 1}},
    "Summed": {
        "description": "The data has sums of spikes instead: one for each (sample, neuron), or each neuron where the loss needs no more. The shape remains that of the spikes.",
        "type": ["string", "null"], "enum": ["time", "batch_time", null]},
    "FlatTensor": {
        "description": "All values in row-major order, or nested arrays of exactly this shape.",
        "type": "object", "required": ["shape", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "summed": {"$ref": "#/components/schemas/Summed"},
                       "data": {"$ref": "#/components/schemas/NestedTensor"}},
        "examples": [{"shape": [1, 2, 3], "data": [0, 1, 0, 1, 0, 0]}]},
    "BitsTensor": {
        "description": "One bit a value, most significant bit first over the flattened tensor, padded with zeros to a byte: base64(numpy.packbits(tensor)).",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "const": "bits"},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 2, 3], "encoding": "bits", "data": "UA=="}]},
    "IntegerTensor": {
        "description": "Little-endian unsigned integers in row-major order, 1, 2 or 4 bytes each.",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "enum": ["u8", "u16", "u32"]},
                       "summed": {"$ref": "#/components/schemas/Summed"},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 2, 3], "encoding": "u8", "data": "AAEAAQAA"}]},
    "FloatTensor": {
        "description": "Little-endian floats in row-major order, 4 or 8 bytes each.",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "enum": ["f32", "f64"]},
                       "summed": {"$ref": "#/components/schemas/Summed"},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 1, 2], "encoding": "f32", "data": "AACAPwAAAAA="}]},
    "CooTensor": {
        "description": "The coordinates of the ones in strictly increasing row-major order, as numpy.argwhere and torch.nonzero give them.",
        "type": "object", "required": ["shape", "encoding", "data"], "additionalProperties": false,
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "const": "coo"},
                       "data": {"type": "array",
                                "items": {"type": "array", "minItems": 1, "maxItems": 8,
                                          "items": {"type": "integer", "minimum": 0}}}},
        "examples": [{"shape": [1, 2, 3], "encoding": "coo", "data": [[0, 0, 1], [0, 1, 0]]}]},
    "Gradient": {
        "description": "The gradient of a tensor. dense: in the tensor's own shape, nested if the tensor came nested; broadcast: a small shape that broadcasts to the tensor's by NumPy's rule. With any gradient_encoding but text always an object with base64 data.",
        "anyOf": [{"$ref": "#/components/schemas/NestedTensor"},
                  {"$ref": "#/components/schemas/FlatGradient"},
                  {"$ref": "#/components/schemas/Base64Gradient"},
                  {"$ref": "#/components/schemas/IndexedGradient"}]},
    "FlatGradient": {
        "description": "All values in row-major order.",
        "type": "object", "required": ["shape", "data"],
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "data": {"type": "array", "items": {"type": "number"}}}},
    "Base64Gradient": {
        "description": "Little-endian floats in row-major order, 4 or 8 bytes each.",
        "type": "object", "required": ["shape", "encoding", "data"],
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "enum": ["f32", "f64"]},
                       "data": {"type": "string", "contentEncoding": "base64"}}},
    "IndexedGradient": {
        "description": "The different values, as little-endian floats of 4 or 8 bytes, maybe with some that are equal or of no element, and one byte for each element, in row-major order: its value is table[byte]. Requests for indexed_f32 or indexed_f64 get this where the small tensor has at most 256 different values and this is shorter, otherwise f32 or f64.",
        "type": "object", "required": ["shape", "encoding", "table", "data"],
        "properties": {"shape": {"$ref": "#/components/schemas/Shape"},
                       "encoding": {"type": "string", "enum": ["indexed_f32", "indexed_f64"]},
                       "table": {"type": "string", "contentEncoding": "base64"},
                       "data": {"type": "string", "contentEncoding": "base64"}},
        "examples": [{"shape": [1, 1, 4], "encoding": "indexed_f32", "table": "AAAAPwAAgL4=", "data": "AAEBAA=="}]},
    "Field": {
        "description": "A member of a request, with its bounds and its default where it has them.",
        "type": "object", "required": ["name", "kind", "summary", "required"],
        "properties": {"name": {"type": "string"},
                       "kind": {"type": "string", "enum": ["spikes", "spikes_list", "reals", "real",
                                                           "labels", "count", "choice", "flag"]},
                       "summary": {"type": "string"}, "required": {"type": "boolean"},
                       "axes": {"type": "string"},
                       "min_rank": {"type": "integer"}, "max_rank": {"type": "integer"},
                       "minimum": {"type": "number"}, "maximum": {"type": "number"},
                       "choices": {"type": "array", "items": {"type": "string"}},
                       "default": {"type": ["string", "number", "boolean"]}}},
    "Loss": {
        "description": "What a loss computes, from which members.",
        "type": "object", "required": ["name", "summary", "formula", "fields"],
        "properties": {"name": {"type": "string"}, "summary": {"type": "string"},
                       "formula": {"type": "string"},
                       "fields": {"type": "array", "items": {"$ref": "#/components/schemas/Field"}},
                       "example": {"$ref": "#/components/schemas/AnyRequest"}}},
    "Limits": {
        "description": "What one request may ask for, and the memory of all of them together.",
        "type": "object",
        "required": ["body_bytes", "pairs", "answer_bytes", "deferred_bytes", "member_bytes",
                     "depth", "layers", "memory_bytes"],
        "properties": {"body_bytes": {"type": "integer"}, "pairs": {"type": "integer"},
                       "answer_bytes": {"type": "integer"}, "deferred_bytes": {"type": "integer"},
                       "member_bytes": {"type": "integer"}, "depth": {"type": "integer"},
                       "layers": {"type": "integer"}, "memory_bytes": {"type": "integer"}}},
    "LossWithLimits": {
        "allOf": [{"$ref": "#/components/schemas/Loss"},
                  {"type": "object", "required": ["limits"],
                   "properties": {"limits": {"$ref": "#/components/schemas/Limits"}}}]},
    "Losses": {
        "type": "object", "required": ["losses", "limits"],
        "properties": {"losses": {"type": "array", "items": {"$ref": "#/components/schemas/Loss"}},
                       "limits": {"$ref": "#/components/schemas/Limits"}}},
);

/* Not a schema that refers to itself: generators of clients do not take those. Eight levels, because
 * no tensor has a higher rank. */
#define ITEMS(levels)                                                                              \
  "\"type\": \"array\", \"minItems\": 1, \"items\": {\"anyOf\": [{\"type\": \"number\"}, {" levels "}]}"
#define NUMBERS JSON("type": "array", "minItems": 1, "items": {"type": "number"})
static const char nested_schema[] =
    "{" ITEMS(ITEMS(ITEMS(ITEMS(ITEMS(ITEMS(ITEMS(NUMBERS))))))) ", "
    JSON("description": "Nested arrays, the same length everywhere along an axis.",
         "examples": [[[[0, 1, 0], [1, 0, 0]]]]) "}";
/* clang-format on */

/* The answers that operations may have beside 200, those with bodies or all. */
static const struct {
  unsigned status;
  bool of_bodies;
  const char *description;
} problem_answers[] = {
    {400, false, "The request is ambiguous, or its body is not JSON or JSON of the wrong kind"},
    {413, true, "Larger than a limit allows"},
    {415, true, "The body is not application/json, or compressed in a way that is not read"},
    {422, true, "The right kind of value, but one without an answer"},
    {431, false, "The headers are too large"},
    {503, false, "No capacity left now, or the server is shutting down"},
};

#define TEXT         JSON({"type" : "string"})
#define SCHEMA(name) "{\"$ref\": \"#/components/schemas/" name "\"}"

/* What a GET answers. */
struct page {
  const char *path;
  const char *id;
  const char *summary;
  const char *description;
  const char *media_type;
  const char *schema;
};

static const struct page description_of_loss = {
    NULL,
    "describe_",
    "The formula, the fields and the limits in force",
    "Made from the table that validates requests.",
    JSON_MEDIA_TYPE,
    SCHEMA("LossWithLimits"),
};

/* The GETs that are no loss's. */
static const struct page pages[] = {
    {"/v1/losses", "list_losses", "All losses, their fields and the limits in force",
     "Made from the tables that validate requests.", JSON_MEDIA_TYPE, SCHEMA("Losses")},
    {"/livez", "livez", "The process runs", "For supervisors; never needs a token.", "text/plain",
     TEXT},
    {"/readyz", "readyz", "The process wants requests", "For load balancers; never needs a token.",
     "text/plain", TEXT},
    {"/metrics", "metrics", "What the service counts, in Prometheus' text format",
     "Requests, durations, memory, connections and what was turned away.", "text/plain", TEXT},
    {"/openapi.json", "openapi_document", "This document",
     "Made from the tables that validate requests.", JSON_MEDIA_TYPE,
     JSON({"type" : "object", "additionalProperties" : true})},
    {"/", "usage", "A page for people",
     "A text with curl lines that work; for clients that accept text/html a page, without a token.",
     "text/plain", TEXT},
};

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

/* A gradient has no bounds and no default. */
static void write_bounds(struct sl_document *document, const struct sl_field *field,
                         const char *tensor) {
  if (strcmp(tensor, "Tensor") == 0) {
    sl_describe_real(document, field);
  }
}

/* The type of a field's value. The gradient with respect to a number or list has the same. */
static void write_type(struct sl_document *document, const struct sl_field *field,
                       const char *tensor) {
  switch (field->kind) {
  case SL_FIELD_SPIKES:
    sl_document_json(document, "'$ref': '#/components/schemas/%s',", tensor);
    break;
  case SL_FIELD_SPIKES_LIST:
    sl_document_json(
        document, "'type': 'array', 'minItems': 1, 'items': {'$ref': '#/components/schemas/%s'},",
        tensor);
    break;
  case SL_FIELD_REALS:
    sl_document_json(document, "'type': 'array', 'items': {'type': 'number',");
    write_bounds(document, field, tensor);
    sl_document_json(document, "},");
    break;
  case SL_FIELD_LABELS:
    sl_document_json(document, "'type': 'array', 'items': {'type': 'integer', 'minimum': 0},");
    break;
  case SL_FIELD_REAL:
    sl_document_json(document, "'type': 'number',");
    write_bounds(document, field, tensor);
    break;
  case SL_FIELD_FLAG:
    sl_document_json(document, "'type': 'boolean',");
    sl_describe_real(document, field);
    break;
  case SL_FIELD_COUNT:
    sl_document_json(document, "'type': 'integer', 'minimum': %ju, 'maximum': %ju,",
                     (uintmax_t)field->min_count, (uintmax_t)field->max_count);
    break;
  case SL_FIELD_CHOICE:
    sl_document_json(document, "'type': 'string',");
    sl_describe_choices(document, field, "enum");
    break;
  }
}

/* That a field is there. By if and else: generators of clients make no types of conditions, but of
 * anyOf, as if it told all. */
static void write_condition(struct sl_document *document, const char *word,
                            const struct sl_field *field) {
  sl_document_json(document,
                   "'%s': {'required': ['%s'], 'properties': {'%s': {'not': {'type': 'null'}}}},",
                   word, field->name, field->name);
}

static void write_request_schema(struct sl_document *document, const struct sl_loss *loss) {
  size_t count = sl_request_field_count(loss);
  sl_document_json(document,
                   "'%s_request': {'description': '%s', 'type': 'object', "
                   "'additionalProperties': false, 'required': [",
                   loss->name, loss->formula);
  for (size_t i = 0; i < count; i++) {
    if (!sl_request_field(loss, i)->optional) {
      sl_document_json(document, "'%s',", sl_request_field(loss, i)->name);
    }
  }
  sl_document_json(document, "], 'properties': {");
  for (size_t i = 0; i < count; i++) {
    const struct sl_field *field = sl_request_field(loss, i);
    bool tensor = field->axes != NULL;
    sl_document_json(document, "'%s': {'description': '%s%s%s',", field->name, field->summary,
                     tensor ? ": " : "", tensor ? field->axes : "");
    if (field->optional) { /* the default not beside anyOf: openapi-typescript requires such members
                            */
      sl_document_json(document, "'anyOf': [{");
      write_type(document, field, "Tensor");
      sl_document_json(document, "}, {'type': 'null'}],");
    } else {
      write_type(document, field, "Tensor");
    }
    sl_document_json(document, "},");
  }
  sl_document_json(document, "},");
  for (const struct sl_field *field = loss->fields; field < loss->fields + loss->field_count;
       field++) {
    if (field->or_next) {
      write_condition(document, "if", field);
      write_condition(document, "else", field + 1);
    }
  }
  sl_document_json(document, "},");
}

static bool has_gradient(const struct sl_field *field) {
  return field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST ||
         ((field->kind == SL_FIELD_REALS || field->kind == SL_FIELD_REAL) && !field->setting);
}

/* As it came, or as its default. */
static bool is_always_there(const struct sl_field *field) {
  return !field->optional || !isnan(field->default_real);
}

/* A result has one object of diagnostics, or a list of them under a name. */
static void write_result(struct sl_document *document, const struct sl_result *result) {
  static const char *const types[] = {[SL_DIAGNOSTIC_REAL] = "number",
                                      [SL_DIAGNOSTIC_COUNT] = "integer",
                                      [SL_DIAGNOSTIC_FLAG] = "boolean"};
  const struct sl_diagnostic *diagnostics = result->diagnostics;
  bool is_list = result->list_name != NULL;
  size_t count = is_list ? result->list_width : result->diagnostic_count;
  if (is_list) {
    sl_document_json(document,
                     "'required': ['%s'], 'properties': {'%s': {'type': 'array', 'items': {"
                     "'type': 'object',",
                     result->list_name, result->list_name);
  }
  sl_document_json(document, "'required': [");
  for (size_t i = 0; i < count; i++) {
    sl_document_json(document, "'%s',", diagnostics[i].name);
  }
  sl_document_json(document, "], 'properties': {");
  for (size_t i = 0; i < count; i++) {
    sl_document_json(document, "'%s': {'type': '%s'},", diagnostics[i].name,
                     types[diagnostics[i].kind]);
  }
  sl_document_json(document, is_list ? "}}}}," : "},");
}

/* Returns a decoder that has read a loss's example. NULL fails the document: there is no memory. */
static struct sl_decoder *read_example(struct sl_document *document, const struct sl_loss *loss,
                                       const struct sl_limits *limits) {
  size_t consumed;
  struct sl_decoder *decoder = sl_decoder_new(loss, limits, NULL);
  if (decoder != NULL) {
    sl_decoder_feed(decoder, loss->example, strlen(loss->example), &consumed);
  }
  document->failed = document->failed || decoder == NULL;
  return decoder;
}

/* A loss gives the same diagnostics whatever it is asked: those of its example, if it has one. */
static void write_diagnostics_of(struct sl_document *document, const struct sl_loss *loss) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = loss->example == NULL ? NULL : read_example(document, loss, &limits);
  if (decoder == NULL) {
    return;
  }
  struct sl_result result = {0};
  struct sl_error error = SL_NO_ERROR;
  enum sl_status status = sl_decoder_finish(decoder);
  if (status == SL_OK) {
    status = loss->evaluate(sl_decoder_decoded(decoder)->values, &result, &error);
  }
  if (status == SL_OK) {
    write_result(document, &result);
  }
  document->failed = document->failed || status == SL_OUT_OF_MEMORY;
  sl_result_free(&result);
  sl_decoder_free(decoder);
}

static void write_answer_schema(struct sl_document *document, const struct sl_loss *loss) {
  sl_document_json(document,
                   "'%s_answer': {'type': 'object', 'required': ['loss', 'diagnostics'], "
                   "'properties': {'loss': {'type': 'number'}, 'gradients': {"
                   "'description': '%s', 'type': 'object', 'required': [",
                   loss->name, "Not there with \"gradient\": \"none\"");
  for (const struct sl_field *field = loss->fields; field < loss->fields + loss->field_count;
       field++) {
    if (has_gradient(field) && is_always_there(field)) {
      sl_document_json(document, "'%s',", field->name);
    }
  }
  sl_document_json(document, "], 'properties': {");
  for (const struct sl_field *field = loss->fields; field < loss->fields + loss->field_count;
       field++) {
    if (has_gradient(field)) {
      sl_document_json(document, "'%s': {", field->name);
      write_type(document, field, "Gradient");
      sl_document_json(document, "},");
    }
  }
  sl_document_json(document, "}}, 'diagnostics': {'description': 'How the network is doing', "
                             "'type': 'object',");
  write_diagnostics_of(document, loss);
  sl_document_json(document, "}}},");
}

static void write_problem_schema(struct sl_document *document) {
  sl_document_json(
      document,
      "'Problem': {'description': 'What is wrong, and where (RFC 9457)', 'type': 'object', "
      "'required': ['type', 'title', 'status', 'code', 'detail', 'instance'], 'properties': {"
      "'type': {'type': 'string', 'description': 'urn:spikelossd:problem: and the code'}, "
      "'title': {'type': 'string'}, 'status': {'type': 'integer'}, 'detail': {'type': 'string'}, "
      "'instance': {'type': 'string', 'description': 'the X-Request-Id'}, "
      "'pointer': {'type': 'string', 'description': 'JSON pointer of the offending value'}, "
      "'offset': {'type': 'integer', 'description': 'byte of the body, counted from 0'}, "
      "'code': {'type': 'string', 'enum': [");
  for (enum sl_status status = SL_OK; status < SL_CODE_COUNT; status++) {
    if (sl_problem_http_status(status) != 0) {
      sl_document_json(document, "'%s',", sl_code_name(status));
    }
  }
  sl_document_json(document, "]}}},");
}

static void write_components(struct sl_document *document, const struct sl_auth *auth) {
  sl_document_json(document, "'components': {'schemas': {");
  sl_document_json(document, "'NestedTensor':");
  sl_document_json_text(document, nested_schema);
  sl_document_json_text(document, fixed_schemas);
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    write_request_schema(document, *loss);
    write_answer_schema(document, *loss);
  }
  sl_document_json(document, "'AnyRequest': {'description': 'A request of any loss.', 'anyOf': [");
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    sl_document_json(document, "{'$ref': '#/components/schemas/%s_request'},", (*loss)->name);
  }
  sl_document_json(document, "]},");
  write_problem_schema(document);
  sl_document_json(document, "},");
  if (sl_auth_wants_tokens(auth)) {
    sl_document_json(document,
                     "'securitySchemes': {'token': {'type': 'http', 'scheme': 'bearer'}}},"
                     "'security': [{'token': []}],");
  } else {
    sl_document_json(document, "}, 'security': [],");
  }
}

static void write_problem(struct sl_document *document, unsigned status, const char *description) {
  sl_document_json(document, "'%ju': {'description': '%s',", (uintmax_t)status, description);
  if (status == 503) {
    sl_document_json(document, "'headers': {'Retry-After': {'description': 'seconds', "
                               "'schema': {'type': 'integer'}}},");
  }
  sl_document_json(document, "'content': {'" SL_PROBLEM_MEDIA_TYPE "': {"
                             "'schema': {'$ref': '#/components/schemas/Problem'}}}},");
}

/* Ends an operation with its errors. Where tokens or certificates are wanted, every operation but
 * the health of the process (`open`) wants them; elsewhere hosts and origins are looked at. */
static void end_operation(struct sl_document *document, const struct sl_auth *auth, bool open,
                          bool has_body) {
  for (size_t i = 0; i < LENGTH_OF(problem_answers); i++) {
    if (has_body || !problem_answers[i].of_bodies) {
      write_problem(document, problem_answers[i].status, problem_answers[i].description);
    }
  }
  bool tokens = sl_auth_wants_tokens(auth);
  bool certificates = sl_auth_wants_certificates(auth);
  if (tokens && !open) {
    write_problem(document, 401, "Authentication required: the token is missing or not valid");
  }
  if (certificates && !open) {
    write_problem(document, 403, "Client certificate required");
  }
  if (!tokens && !certificates) {
    write_problem(document, 403, "The Host or the Origin is not allowed");
  }
  sl_document_json(document, tokens && open ? "}, 'security': []}," : "}},");
}

/* A GET whose answer needs no more words than these. */
static void write_get(struct sl_document *document, const struct page *page, const char *suffix) {
  sl_document_json(document,
                   "'get': {'operationId': '%s%s', 'summary': '%s', 'description': '%s', "
                   "'tags': ['%s'], 'responses': {"
                   "'200': {'description': '%s', 'content': {'%s': {'schema':",
                   page->id, suffix, page->summary, page->description,
                   strcmp(page->media_type, JSON_MEDIA_TYPE) == 0 ? "losses" : "server",
                   page->summary, page->media_type);
  sl_document_json_text(document, page->schema);
  sl_document_json(document, "}}},");
}

/* Writes what the service really answers to a loss's example, if the limits in force let it. */
static void write_example_answer(struct sl_document *document, const struct sl_loss *loss,
                                 const struct sl_limits *limits) {
  struct sl_decoder *decoder = read_example(document, loss, limits);
  struct sl_answer *answer = NULL;
  struct sl_error refusal = SL_NO_ERROR; /* of the example, which is no failure here */
  if (decoder != NULL && sl_evaluate(&answer, decoder, limits, NULL, &refusal) == SL_OK) {
    size_t length = (size_t)sl_answer_length(answer);
    char *text = calloc(1, length + 1);
    if (text != NULL) {
      sl_answer_read(answer, text, length);
      text[length - 1] = '\0'; /* without its line break */
      sl_document_json(document, "'example':");
      sl_document_json_verbatim(document, text);
    }
    document->failed = document->failed || text == NULL;
    free(text);
  }
  document->failed = document->failed || refusal.code == SL_OUT_OF_MEMORY;
  sl_answer_free(answer);
  sl_decoder_free(decoder);
}

static void write_evaluation(struct sl_document *document, const struct sl_service *service,
                             const struct sl_loss *loss) {
  sl_document_json(document,
                   "'post': {'operationId': '%s', 'summary': '%s', 'description': '%s', "
                   "'tags': ['losses'], 'parameters': [{"
                   "'name': 'Content-Encoding', 'in': 'header', 'schema': {'type': 'string', "
                   "'enum': ['identity', 'gzip', 'deflate'], 'default': 'identity'}}], "
                   "'requestBody': {"
                   "'required': true, 'content': {'" JSON_MEDIA_TYPE "': {"
                   "'schema': {'$ref': '#/components/schemas/%s_request'},",
                   loss->name, loss->summary, loss->formula, loss->name);
  if (loss->example != NULL) {
    sl_document_json(document, "'example':");
    sl_document_json_text(document, loss->example);
  }
  sl_document_json(document,
                   "}}}, 'responses': {'200': {"
                   "'description': 'The loss, its gradients, diagnostics', "
                   "'content': {'" JSON_MEDIA_TYPE "': {"
                   "'schema': {'$ref': '#/components/schemas/%s_answer'},",
                   loss->name);
  if (loss->example != NULL) {
    write_example_answer(document, loss, &service->options.limits);
  }
  sl_document_json(document, "}}},");
  end_operation(document, &service->auth, false, true);
}

static void write_paths(struct sl_document *document, const struct sl_service *service) {
  sl_document_json(document, "'paths': {");
  for (const struct sl_loss *const *loss = sl_losses; *loss != NULL; loss++) {
    sl_document_json(document, "'/v1/losses/%s': {", (*loss)->name);
    write_get(document, &description_of_loss, (*loss)->name);
    end_operation(document, &service->auth, false, false);
    write_evaluation(document, service, *loss);
    sl_document_json(document, "},");
  }
  for (size_t i = 0; i < LENGTH_OF(pages); i++) {
    sl_document_json(document, "'%s': {", pages[i].path);
    write_get(document, &pages[i], "");
    bool open = strcmp(pages[i].id, "readyz") == 0 || strcmp(pages[i].id, "livez") == 0;
    end_operation(document, &service->auth, open, false);
    sl_document_json(document, "},");
  }
  sl_document_json(document, "},");
}

enum MHD_Result sl_handle_openapi(struct sl_request *request) {
  const struct sl_service *service = request->service;
  struct sl_document document = {.indented = true};
  sl_document_json(&document,
                   "{'openapi': '3.1.0', 'info': {'title': 'spikelossd', 'version': '%s', "
                   "'description': '%s', 'license': {'name': 'MIT', 'identifier': 'MIT'}, "
                   "'contact': {'name': 'The administrators of this server'}}, "
                   "'servers': [{'url': '%s://%s'}], 'tags': ["
                   "{'name': 'losses', 'description': 'What is computed'}, "
                   "{'name': 'server', 'description': 'How the server is doing'}],",
                   SPIKELOSSD_VERSION,
                   "Losses of spiking neural networks, with gradients and diagnostics",
                   request->connection->encrypted ? "https" : "http", sl_name_for_client(request));
  write_paths(&document, service);
  write_components(&document, &service->auth);
  sl_document_json(&document, "}");
  return sl_response_text(request, JSON_MEDIA_TYPE, sl_document_finish(&document));
}
