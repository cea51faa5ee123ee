#include <spikeloss/error.h>

#include <stdarg.h>
#include <stdio.h>

static const char *const names[SL_STATUS_COUNT] = {
    [SL_OK] = "ok",
    [SL_HAS_WORK] = "has_work",
    [SL_INVALID_ARGUMENT] = "invalid_argument",
    [SL_NOT_JSON] = "not_json",
    [SL_TOO_DEEP] = "too_deep",
    [SL_WRONG_TYPE] = "wrong_type",
    [SL_UNKNOWN_MEMBER] = "unknown_member",
    [SL_DUPLICATE_MEMBER] = "duplicate_member",
    [SL_MISSING_MEMBER] = "missing_member",
    [SL_RAGGED] = "ragged",
    [SL_BAD_BASE64] = "bad_base64",
    [SL_NOT_FINITE] = "not_finite",
    [SL_EMPTY_TENSOR] = "empty_tensor",
    [SL_WRONG_RANK] = "wrong_rank",
    [SL_LENGTH_MISMATCH] = "length_mismatch",
    [SL_SHAPE_OVERFLOW] = "shape_overflow",
    [SL_OUT_OF_RANGE] = "out_of_range",
    [SL_CLASS_OUT_OF_RANGE] = "class_out_of_range",
    [SL_UNKNOWN_CHOICE] = "unknown_choice",
    [SL_NONZERO_PADDING] = "nonzero_padding",
    [SL_COO_NOT_INCREASING] = "coo_not_increasing",
    [SL_COO_OUT_OF_RANGE] = "coo_out_of_range",
    [SL_RESULT_NOT_FINITE] = "result_not_finite",
    [SL_ANSWER_TOO_LARGE] = "answer_too_large",
    [SL_BODY_TOO_LARGE] = "body_too_large",
    [SL_TENSOR_TOO_LARGE] = "tensor_too_large",
    [SL_DEFERRED_TOO_LARGE] = "deferred_too_large",
    [SL_MEMBER_TOO_LARGE] = "member_too_large",
    [SL_TOO_MANY_LAYERS] = "too_many_layers",
    [SL_OUT_OF_MEMORY] = "out_of_memory",
    [SL_BAD_REQUEST] = "bad_request",
    [SL_UNEXPECTED_QUERY] = "unexpected_query",
    [SL_CERTIFICATE_MISSING] = "certificate_missing",
    [SL_ORIGIN_NOT_ALLOWED] = "origin_not_allowed",
    [SL_HOST_NOT_ALLOWED] = "host_not_allowed",
    [SL_TOKEN_MISSING] = "token_missing",
    [SL_TOKEN_INVALID] = "token_invalid",
    [SL_NOT_FOUND] = "not_found",
    [SL_METHOD_NOT_ALLOWED] = "method_not_allowed",
    [SL_UNSUPPORTED_MEDIA_TYPE] = "unsupported_media_type",
    [SL_UNSUPPORTED_ENCODING] = "unsupported_encoding",
    [SL_HEADERS_TOO_LARGE] = "headers_too_large",
    [SL_BUSY] = "busy",
    [SL_DRAINING] = "draining",
};

const char *sl_status_name(enum sl_status status) {
  return (unsigned)status < SL_STATUS_COUNT ? names[status] : "unknown";
}

static enum sl_status set(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, va_list arguments)
    __attribute__((format(printf, 5, 0)));

static enum sl_status set(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, va_list arguments) {
  if (error->code != SL_OK) {
    return error->code;
  }
  error->code = code;
  error->offset = offset;
  snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  return code;
}

enum sl_status sl_fail(struct sl_error *error, enum sl_status code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  enum sl_status first = set(error, code, "", SL_NO_OFFSET, format, arguments);
  va_end(arguments);
  return first;
}

enum sl_status sl_fail_at(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  enum sl_status first = set(error, code, pointer, offset, format, arguments);
  va_end(arguments);
  return first;
}
