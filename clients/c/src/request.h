/*
 * Requests as JSON text.
 */
#ifndef SPIKELOSS_CLIENT_REQUEST_H
#define SPIKELOSS_CLIENT_REQUEST_H

#include "spikeloss_client.h"

/* The body of a request, to be freed; NULL when out of memory. `*length` is without the '\0'. */
char *slc_request_write(const struct spikeloss_field *fields, size_t count, size_t *length);

#endif
