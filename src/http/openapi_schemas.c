#include "http/openapi_schemas.h"

#include <stddef.h>

/* A string of JSON text as C source, so that the schemas below can be read. */
#define JSON(...) #__VA_ARGS__

/* clang-format off */
const struct sl_openapi_schema sl_openapi_schemas[] = {
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

const struct sl_openapi_problem sl_openapi_problems[] = {
    {"400", "The body is not JSON, or JSON of the wrong kind; or the request is ambiguous"},
    {"404", "There is no loss of that name"},
    {"413", "Larger than a limit allows"},
    {"415", "The body is not application/json, or it is compressed"},
    {"422", "The right kind of value, but one without an answer"},
    {"431", "The headers are too large"},
    {"503", "No capacity left now; try again after Retry-After seconds"},
    {NULL, NULL},
};
