/*
 * Requests as JSON text.
 */
#ifndef SPIKELOSS_CLIENT_REQUEST_H
#define SPIKELOSS_CLIENT_REQUEST_H

#include "spikeloss_client.h"

/* Whether all tensors have a type and sums that there are; else the error says which has not. */
bool slc_request_check(const struct spikeloss_field *fields, size_t count,
                       struct spikeloss_error *error);

/* The body of a request, to be freed; NULL when out of memory. `*length` is without the '\0'. */
char *slc_request_write(const struct spikeloss_field *fields, size_t count, size_t *length);

/*
 * The most bytes that an answer may have: a gradient is constant along time, a number has at most
 * 24 characters, and a layer some 200 of diagnostics.
 */
size_t slc_request_answer_limit(const struct spikeloss_field *fields, size_t count);

/* "time_batch_neurons" */
const char *slc_axes_word(enum spikeloss_axes axes);

#endif
