#include "http/problem.h"

#include "core/codes.h"
#include "http/json.h"
#include <stdio.h>
#include <string.h>

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

/* Length of the UTF-8 sequence that `bytes` starts with, 0 if it is none. */
static size_t sequence_length(const unsigned char *bytes) {
  unsigned char first = bytes[0];
  size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first > 0xF4) {
    return 0;
  }
  for (size_t i = 1; i < length; i++) {
    if ((bytes[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  bool overlong = (first == 0xE0 && bytes[1] < 0xA0) || (first == 0xF0 && bytes[1] < 0x90);
  bool surrogate = first == 0xED && bytes[1] > 0x9F;
  bool beyond = first == 0xF4 && bytes[1] > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

/*
 * Messages quote what clients sent and are cut at a fixed length, maybe inside a character: what
 * is not UTF-8 becomes a question mark, so that the document is always JSON.
 */
static void make_valid_utf8(char *text) {
  for (char *next = text; *next != '\0';) {
    size_t length = sequence_length((const unsigned char *)next);
    if (length == 0) {
      *next = '?';
      length = 1;
    }
    next += length;
  }
}

char *sl_problem_document(const struct sl_error *given, const char *instance) {
  struct sl_error error = *given;
  make_valid_utf8(error.message);
  make_valid_utf8(error.pointer);
  char type[64];
  snprintf(type, sizeof type, "urn:spikelossd:problem:%s", sl_code_name(error.code));

  struct sl_error failure = SL_NO_ERROR;
  cJSON *document = cJSON_CreateObject();
  sl_json_text(document, "type", type, &failure);
  sl_json_text(document, "title", problems[error.code].title, &failure);
  sl_json_number(document, "status", sl_problem_http_status(error.code), &failure);
  sl_json_text(document, "code", sl_code_name(error.code), &failure);
  sl_json_text(document, "detail", error.message, &failure);
  sl_json_text(document, "instance", instance, &failure);
  if (error.pointer[0] != '\0') {
    sl_json_text(document, "pointer", error.pointer, &failure);
  }
  if (error.offset != SL_NO_OFFSET) {
    sl_json_number(document, "offset", (double)error.offset, &failure);
  }
  return sl_json_finish(document, &failure, false);
}
