#include <spikeloss/error.h>
#include <spikeloss/version.h>

#include <stdarg.h>
#include <stdio.h>

static const char *const names[SL_STATUS_COUNT] = {
    [SL_OK] = "ok",
    [SL_INVALID_ARGUMENT] = "invalid_argument",
    [SL_NOT_FINITE] = "not_finite",
    [SL_EMPTY_TENSOR] = "empty_tensor",
    [SL_WRONG_RANK] = "wrong_rank",
    [SL_LENGTH_MISMATCH] = "length_mismatch",
    [SL_SHAPE_OVERFLOW] = "shape_overflow",
    [SL_OUT_OF_RANGE] = "out_of_range",
    [SL_CLASS_OUT_OF_RANGE] = "class_out_of_range",
    [SL_RESULT_NOT_FINITE] = "result_not_finite",
    [SL_TENSOR_TOO_LARGE] = "tensor_too_large",
    [SL_OUT_OF_MEMORY] = "out_of_memory",
};

const char *sl_status_name(enum sl_status status) {
  return (unsigned)status < SL_STATUS_COUNT ? names[status] : "unknown";
}

enum sl_status sl_fail_at(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, ...) {
  if (error->code == SL_OK) {
    va_list arguments;
    va_start(arguments, format);
    error->code = code;
    error->offset = offset;
    snprintf(error->pointer, sizeof error->pointer, "%s", pointer);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return error->code;
}

_Static_assert(__builtin_strcmp(SL_VERSION, SPIKELOSSD_VERSION) == 0,
               "include/spikeloss/version.h and meson.build name different versions");

const char *sl_version(void) {
  return SL_VERSION;
}
