/*
 * What HTTP says about an error: the one table from a status to its HTTP status and title, and the
 * problem document (RFC 9457) that people and programs read.
 */
#ifndef SPIKELOSS_HTTP_PROBLEM_H
#define SPIKELOSS_HTTP_PROBLEM_H

#include <spikeloss/error.h>

/* 400, 422, ...; 0 for SL_OK and SL_HAS_WORK, which are no errors. */
unsigned sl_problem_http_status(enum sl_status status);

#define SL_PROBLEM_MEDIA_TYPE "application/problem+json"

/* The document; `instance` is the request's id. free() it; NULL when there is no memory. */
char *sl_problem_document(const struct sl_error *error, const char *instance);

#endif
