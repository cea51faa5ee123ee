/*
 * What can be wrong with a call of the library, as a value.
 *
 * Every function that can fail returns an enum sl_status and fills one struct sl_error that its
 * caller owns. The first error wins: once an error is set, later ones leave it untouched, so a
 * caller may check once at the end of a sequence. Nothing here allocates, prints or exits; an
 * error may be copied like any other value. Not synchronised: one error belongs to one thread.
 */
#ifndef SPIKELOSS_ERROR_H
#define SPIKELOSS_ERROR_H

#include <spikeloss/export.h>
#include <stdint.h>

SL_BEGIN_C

enum sl_status {
  SL_OK,

  /* A call of the library that makes no sense: NULL, a tensor that is not finished. */
  SL_INVALID_ARGUMENT,

  /* The right kind of value, but one without an answer. */
  SL_NOT_FINITE,         /* NaN, an infinity, or a number too large for a double */
  SL_EMPTY_TENSOR,       /* a dimension of 0 */
  SL_WRONG_RANK,         /* too many or too few dimensions */
  SL_LENGTH_MISMATCH,    /* two lengths that should agree do not */
  SL_SHAPE_OVERFLOW,     /* a product of dimensions that no size can hold */
  SL_OUT_OF_RANGE,       /* a number outside its field's bounds */
  SL_CLASS_OUT_OF_RANGE, /* a class label outside [0, num_classes) */
  SL_RESULT_NOT_FINITE,  /* finite input, but a loss or gradient that overflows */

  /* More than the limits allow. */
  SL_TENSOR_TOO_LARGE, /* more (sample, neuron) pairs than the limit */
  SL_OUT_OF_MEMORY,

  SL_STATUS_COUNT /* not a status */
};

/* The offset of an error without a location in a body: always, for calls of the library. */
#define SL_NO_OFFSET UINT64_MAX

struct sl_error {
  enum sl_status code; /* SL_OK while nothing went wrong */
  uint64_t offset;     /* byte of the body, counted from 0, or SL_NO_OFFSET */
  char pointer[128];   /* JSON pointer (RFC 6901) of the offending value, or "" */
  char message[512];   /* one English sentence: what was expected and what came */
};

/* An error that has not happened yet. */
#ifdef __cplusplus
#define SL_NO_ERROR (sl_error{SL_OK, SL_NO_OFFSET, {}, {}})
#else
#define SL_NO_ERROR ((struct sl_error){.code = SL_OK, .offset = SL_NO_OFFSET})
#endif

/* Returns the stable snake_case name of a status, as users see it: "not_finite". Static. */
SL_API const char *sl_status_name(enum sl_status status);

/*
 * Sets code, message and location if the error is still unset: for the project itself, the shared
 * library does not export what sets errors. `pointer` may be "" and `offset` SL_NO_OFFSET.
 * Returns the error's code: the first one, not necessarily this one.
 */
enum sl_status sl_fail_at(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, ...)
    __attribute__((cold, format(printf, 5, 6)));

/* The same without a location. */
#define sl_fail(error, code, ...) sl_fail_at(error, code, "", SL_NO_OFFSET, __VA_ARGS__)

SL_END_C

#endif
