#include "http/problem.h"

#include "core/codes.h"
#include "http/document.h"

struct problem {
  unsigned http_status;
  const char *title;
};

static const struct problem problems[SL_CODE_COUNT] = {
    [SL_NOT_JSON] = {400, "The body is not JSON"},
    [SL_TOO_DEEP] = {400, "Arrays or objects are nested too deeply"},
    [SL_WRONG_TYPE] = {400, "A value has the wrong type"},
    [SL_UNKNOWN_MEMBER] = {400, "Unknown member"},
    [SL_DUPLICATE_MEMBER] = {400, "Duplicate member"},
    [SL_MISSING_MEMBER] = {400, "A required member is missing"},
    [SL_RAGGED] = {400, "Nested arrays have unequal lengths or depths"},
    [SL_BAD_BASE64] = {400, "A text is not base64"},
    [SL_BAD_COMPRESSION] = {400, "The compressed body is broken"},
    [SL_BAD_REQUEST] = {400, "The request is ambiguous"},
    [SL_UNEXPECTED_QUERY] = {400, "Query strings are not supported"},

    [SL_TOKEN_MISSING] = {401, "Authentication required"},
    [SL_TOKEN_INVALID] = {401, "The token is not valid"},

    [SL_CERTIFICATE_MISSING] = {403, "Client certificate required"},
    [SL_ORIGIN_NOT_ALLOWED] = {403, "Pages of this origin may not call"},
    [SL_HOST_NOT_ALLOWED] = {403, "This host name is not allowed"},

    [SL_NOT_FOUND] = {404, "There is no such path"},
    [SL_METHOD_NOT_ALLOWED] = {405, "The method is not allowed here"},

    [SL_BODY_TOO_LARGE] = {413, "The body is too large"},
    [SL_TENSOR_TOO_LARGE] = {413, "The tensors have too many neurons and samples"},
    [SL_DEFERRED_TOO_LARGE] = {413, "Too much data came before its shape and encoding"},
    [SL_MEMBER_TOO_LARGE] = {413, "A member is too long"},
    [SL_TOO_MANY_LAYERS] = {413, "There are too many layers"},

    [SL_UNSUPPORTED_MEDIA_TYPE] = {415, "The media type is not supported"},
    [SL_UNSUPPORTED_ENCODING] = {415, "The content encoding is not supported"},

    [SL_NOT_FINITE] = {422, "A number is not finite"},
    [SL_EMPTY_TENSOR] = {422, "A tensor is empty"},
    [SL_WRONG_RANK] = {422, "A tensor has the wrong number of dimensions"},
    [SL_LENGTH_MISMATCH] = {422, "Lengths do not agree"},
    [SL_SHAPE_OVERFLOW] = {422, "A shape is too large to count"},
    [SL_OUT_OF_RANGE] = {422, "A number is outside its bounds"},
    [SL_CLASS_OUT_OF_RANGE] = {422, "A class label is outside its bounds"},
    [SL_UNKNOWN_CHOICE] = {422, "A word is not one of the choices"},
    [SL_NONZERO_PADDING] = {422, "The padding bits are not zero"},
    [SL_COO_NOT_INCREASING] = {422, "Coordinates are not in increasing order"},
    [SL_COO_OUT_OF_RANGE] = {422, "A coordinate is outside the shape"},
    [SL_RESULT_NOT_FINITE] = {422, "The result is not finite"},
    [SL_ANSWER_TOO_LARGE] = {422, "The answer would be too large"},

    [SL_HEADERS_TOO_LARGE] = {431, "The headers are too large"},

    [SL_BUSY] = {503, "The server is busy"},
    [SL_OUT_OF_MEMORY] = {503, "Not enough memory for this request"},
    [SL_DRAINING] = {503, "The server is shutting down"},
};

unsigned sl_problem_http_status(enum sl_status status) {
  return problems[status].http_status;
}

char *sl_problem_document(const struct sl_error *error, const char *instance) {
  struct sl_document document = {0};
  sl_document_json(&document,
                   "{'type': 'urn:spikelossd:problem:%s', 'title': '%s', 'status': %ju, "
                   "'code': '%s', 'detail': '%s', 'instance': '%s',",
                   sl_code_name(error->code), problems[error->code].title,
                   (uintmax_t)sl_problem_http_status(error->code), sl_code_name(error->code),
                   error->message, instance);
  if (error->pointer[0] != '\0') {
    sl_document_json(&document, "'pointer': '%s',", error->pointer);
  }
  if (error->offset != SL_NO_OFFSET) {
    sl_document_json(&document, "'offset': %ju,", (uintmax_t)error->offset);
  }
  sl_document_json(&document, "}");
  return sl_document_finish(&document);
}
