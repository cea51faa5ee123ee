/*
 * GET /openapi.json: the contract for machines (OpenAPI 3.1), generated from the loss tables, the
 * request fields and the problem table.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_OPENAPI_H
#define SPIKELOSS_HTTP_HANDLERS_OPENAPI_H

#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_handle_openapi(struct sl_request *request, struct MHD_Connection *connection);

#endif
