/*
 * What can be wrong with a request, as a value.
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
  SL_HAS_WORK, /* not an error: work must be done before the input goes on */

  /* A call of the library that makes no sense: NULL, a tensor that is not finished. */
  SL_INVALID_ARGUMENT,

  /* The text is not what it should be. */
  SL_NOT_JSON,         /* not strict RFC 8259 in UTF-8, or the body ended too early */
  SL_TOO_DEEP,         /* arrays and objects nested deeper than the limit */
  SL_WRONG_TYPE,       /* JSON of another kind than the field wants */
  SL_UNKNOWN_MEMBER,   /* a member that the loss does not have */
  SL_DUPLICATE_MEMBER, /* the same member twice */
  SL_MISSING_MEMBER,   /* a required member is not there */
  SL_RAGGED,           /* nested arrays of unequal lengths or depths */
  SL_BAD_BASE64,       /* a character, padding or spare bits that strict base64 does not have */

  /* The right kind of value, but one without an answer. */
  SL_NOT_FINITE,         /* NaN, an infinity, or a number too large for a double */
  SL_EMPTY_TENSOR,       /* a dimension of 0: there is no mean of nothing */
  SL_WRONG_RANK,         /* too many or too few dimensions */
  SL_LENGTH_MISMATCH,    /* two lengths that should agree do not */
  SL_SHAPE_OVERFLOW,     /* a product of dimensions that no size can hold */
  SL_OUT_OF_RANGE,       /* a number outside its field's bounds */
  SL_CLASS_OUT_OF_RANGE, /* a class label outside [0, num_classes) */
  SL_UNKNOWN_CHOICE,     /* a word that is not one of the choices */
  SL_NONZERO_PADDING,    /* bits set behind the last value of a packed tensor */
  SL_COO_NOT_INCREASING, /* coordinates not in strictly increasing row-major order */
  SL_COO_OUT_OF_RANGE,   /* a coordinate outside the shape */
  SL_RESULT_NOT_FINITE,  /* finite input, but a loss or gradient that overflows */
  SL_ANSWER_TOO_LARGE,   /* the answer would be larger than the limit */

  /* More than the limits allow. */
  SL_BODY_TOO_LARGE,
  SL_TENSOR_TOO_LARGE,   /* more (sample, neuron) pairs than the limit */
  SL_DEFERRED_TOO_LARGE, /* too much data came before the shape that gives it a meaning */
  SL_MEMBER_TOO_LARGE,   /* a member other than a tensor is longer than the limit */
  SL_TOO_MANY_LAYERS,    /* more tensors in a list than the limit */
  SL_OUT_OF_MEMORY,

  /* The request around the body. */
  SL_BAD_REQUEST,
  SL_UNEXPECTED_QUERY,
  SL_CERTIFICATE_MISSING,
  SL_ORIGIN_NOT_ALLOWED, /* a web page that may not call */
  SL_HOST_NOT_ALLOWED,   /* a name that is not one of this server */
  SL_TOKEN_MISSING,      /* nothing says who the client is */
  SL_TOKEN_INVALID,      /* what the client says of itself is not known here */
  SL_NOT_FOUND,
  SL_METHOD_NOT_ALLOWED,
  SL_UNSUPPORTED_MEDIA_TYPE,
  SL_UNSUPPORTED_ENCODING,
  SL_HEADERS_TOO_LARGE,
  SL_BUSY, /* as many connections or requests as the server takes */
  SL_DRAINING,

  SL_STATUS_COUNT
};

/* The offset of an error that has no place in the body. */
#define SL_NO_OFFSET UINT64_MAX

struct sl_error {
  enum sl_status code; /* SL_OK while nothing went wrong */
  uint64_t offset;     /* byte of the body, counted from 0, or SL_NO_OFFSET */
  char pointer[128];   /* JSON pointer (RFC 6901) of the offending value, or "" */
  char message[256];   /* one English sentence: what was expected and what came */
};

/* An error that has not happened yet. */
#ifdef __cplusplus
#define SL_NO_ERROR (sl_error{SL_OK, SL_NO_OFFSET, {}, {}})
#else
#define SL_NO_ERROR ((struct sl_error){.code = SL_OK, .offset = SL_NO_OFFSET})
#endif

/* Makes an error one that has not happened yet, without touching the texts: for hot paths. */
static inline void sl_error_clear(struct sl_error *error) {
  error->code = SL_OK;
  error->offset = SL_NO_OFFSET;
  error->pointer[0] = '\0';
  error->message[0] = '\0';
}

/* The stable snake_case name of a status, as users see it: "ragged", "not_finite". Static. */
SL_API const char *sl_status_name(enum sl_status status);

/*
 * For the project itself; the shared library does not export what sets errors.
 *
 * Sets code and message if the error is still unset, without pointer or offset.
 * Returns the error's code: the first one, not necessarily this one.
 */
enum sl_status sl_fail(struct sl_error *error, enum sl_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a place: `pointer` may be "" and `offset` SL_NO_OFFSET. */
enum sl_status sl_fail_at(struct sl_error *error, enum sl_status code, const char *pointer,
                          uint64_t offset, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

SL_END_C

#endif
