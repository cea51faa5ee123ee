#include "core/codes.h"

#include <stddef.h>

static const char *const names[SL_CODE_COUNT - SL_STATUS_COUNT] = {
    [SL_HAS_WORK - SL_STATUS_COUNT] = "has_work",
    [SL_NOT_JSON - SL_STATUS_COUNT] = "not_json",
    [SL_TOO_DEEP - SL_STATUS_COUNT] = "too_deep",
    [SL_WRONG_TYPE - SL_STATUS_COUNT] = "wrong_type",
    [SL_UNKNOWN_MEMBER - SL_STATUS_COUNT] = "unknown_member",
    [SL_DUPLICATE_MEMBER - SL_STATUS_COUNT] = "duplicate_member",
    [SL_MISSING_MEMBER - SL_STATUS_COUNT] = "missing_member",
    [SL_RAGGED - SL_STATUS_COUNT] = "ragged",
    [SL_BAD_BASE64 - SL_STATUS_COUNT] = "bad_base64",
    [SL_BAD_COMPRESSION - SL_STATUS_COUNT] = "bad_compression",
    [SL_UNKNOWN_CHOICE - SL_STATUS_COUNT] = "unknown_choice",
    [SL_NONZERO_PADDING - SL_STATUS_COUNT] = "nonzero_padding",
    [SL_COO_NOT_INCREASING - SL_STATUS_COUNT] = "coo_not_increasing",
    [SL_COO_OUT_OF_RANGE - SL_STATUS_COUNT] = "coo_out_of_range",
    [SL_ANSWER_TOO_LARGE - SL_STATUS_COUNT] = "answer_too_large",
    [SL_BODY_TOO_LARGE - SL_STATUS_COUNT] = "body_too_large",
    [SL_DEFERRED_TOO_LARGE - SL_STATUS_COUNT] = "deferred_too_large",
    [SL_MEMBER_TOO_LARGE - SL_STATUS_COUNT] = "member_too_large",
    [SL_TOO_MANY_LAYERS - SL_STATUS_COUNT] = "too_many_layers",
    [SL_BAD_REQUEST - SL_STATUS_COUNT] = "bad_request",
    [SL_UNEXPECTED_QUERY - SL_STATUS_COUNT] = "unexpected_query",
    [SL_CERTIFICATE_MISSING - SL_STATUS_COUNT] = "certificate_missing",
    [SL_ORIGIN_NOT_ALLOWED - SL_STATUS_COUNT] = "origin_not_allowed",
    [SL_HOST_NOT_ALLOWED - SL_STATUS_COUNT] = "host_not_allowed",
    [SL_TOKEN_MISSING - SL_STATUS_COUNT] = "token_missing",
    [SL_TOKEN_INVALID - SL_STATUS_COUNT] = "token_invalid",
    [SL_NOT_FOUND - SL_STATUS_COUNT] = "not_found",
    [SL_METHOD_NOT_ALLOWED - SL_STATUS_COUNT] = "method_not_allowed",
    [SL_UNSUPPORTED_MEDIA_TYPE - SL_STATUS_COUNT] = "unsupported_media_type",
    [SL_UNSUPPORTED_ENCODING - SL_STATUS_COUNT] = "unsupported_encoding",
    [SL_HEADERS_TOO_LARGE - SL_STATUS_COUNT] = "headers_too_large",
    [SL_BUSY - SL_STATUS_COUNT] = "busy",
    [SL_DRAINING - SL_STATUS_COUNT] = "draining",
    [SL_CANNOT_START - SL_STATUS_COUNT] = "cannot_start",
};

const char *sl_code_name(enum sl_status code) {
  size_t number = code;
  return number >= SL_STATUS_COUNT && number < SL_CODE_COUNT ? names[number - SL_STATUS_COUNT]
                                                             : sl_status_name(code);
}
