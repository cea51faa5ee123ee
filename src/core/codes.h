/*
 * The codes of the service: what can be wrong with a request beyond what the library knows. They
 * are values of enum sl_status after the library's last one, and travel in the same struct
 * sl_error.
 */
#ifndef SPIKELOSS_CORE_CODES_H
#define SPIKELOSS_CORE_CODES_H

#include <spikeloss/error.h>
#include <stdbool.h>

/* Cast, because an enumerator of another enumeration is not one of enum sl_status. */
#define SL_CODE(number) ((enum sl_status)(SL_STATUS_COUNT + (number)))

#define SL_HAS_WORK SL_CODE(0) /* not an error: work must be done before the input goes on */

/* The text is not what it should be. */
#define SL_NOT_JSON         SL_CODE(1) /* not strict RFC 8259 in UTF-8, or cut short */
#define SL_TOO_DEEP         SL_CODE(2) /* arrays and objects nested deeper than the limit */
#define SL_WRONG_TYPE       SL_CODE(3) /* JSON of another kind than the field wants */
#define SL_UNKNOWN_MEMBER   SL_CODE(4) /* a member that the loss does not have */
#define SL_DUPLICATE_MEMBER SL_CODE(5) /* the same member twice */
#define SL_MISSING_MEMBER   SL_CODE(6) /* a required member is not there */
#define SL_RAGGED           SL_CODE(7) /* nested arrays of unequal lengths or depths */
#define SL_BAD_BASE64       SL_CODE(8) /* what strict base64 does not have: characters, padding, bits */
#define SL_BAD_COMPRESSION  SL_CODE(9) /* not what Content-Encoding says, broken, or cut short */

/* The right kind of value, but one without an answer. */
#define SL_UNKNOWN_CHOICE     SL_CODE(10) /* a word that is not one of the choices */
#define SL_NONZERO_PADDING    SL_CODE(11) /* bits set after the last value of a packed tensor */
#define SL_COO_NOT_INCREASING SL_CODE(12) /* coordinates not in strictly increasing order */
#define SL_COO_OUT_OF_RANGE   SL_CODE(13) /* a coordinate outside the shape */
#define SL_ANSWER_TOO_LARGE   SL_CODE(14) /* the answer would be larger than the limit */

/* More than the limits allow. */
#define SL_BODY_TOO_LARGE     SL_CODE(15)
#define SL_DEFERRED_TOO_LARGE SL_CODE(16) /* too much data came before its shape */
#define SL_MEMBER_TOO_LARGE   SL_CODE(17) /* a member that is no tensor is too long */
#define SL_TOO_MANY_LAYERS    SL_CODE(18) /* more tensors in a list than the limit */

/* The request around the body. */
#define SL_BAD_REQUEST            SL_CODE(19)
#define SL_UNEXPECTED_QUERY       SL_CODE(20)
#define SL_CERTIFICATE_MISSING    SL_CODE(21)
#define SL_ORIGIN_NOT_ALLOWED     SL_CODE(22) /* a web page that may not call */
#define SL_HOST_NOT_ALLOWED       SL_CODE(23) /* a name that is not one of this server */
#define SL_TOKEN_MISSING          SL_CODE(24) /* no credentials */
#define SL_TOKEN_INVALID          SL_CODE(25) /* credentials that this server does not know */
#define SL_NOT_FOUND              SL_CODE(26)
#define SL_METHOD_NOT_ALLOWED     SL_CODE(27)
#define SL_UNSUPPORTED_MEDIA_TYPE SL_CODE(28)
#define SL_UNSUPPORTED_ENCODING   SL_CODE(29)
#define SL_HEADERS_TOO_LARGE      SL_CODE(30)
#define SL_BUSY                   SL_CODE(31) /* the limits of the server as a whole */
#define SL_DRAINING               SL_CODE(32)

/* Of the daemon, never of a request: the configuration or the system is in the way. */
#define SL_CANNOT_START SL_CODE(33)

/* Fails with it; the value is false. */
#define sl_cannot_start(error, ...) (sl_fail(error, SL_CANNOT_START, __VA_ARGS__), false)

/* One more than the largest code. */
#define SL_CODE_COUNT SL_CODE(34)

/* Returns the stable snake_case name of any code, the library's included: "ragged", "not_found".
 * Static. */
const char *sl_code_name(enum sl_status code);

#endif
