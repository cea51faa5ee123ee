/*
 * GET /: a page for people who found the service and wonder what it is.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_PAGES_H
#define SPIKELOSS_HTTP_HANDLERS_PAGES_H

#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_handle_page(struct sl_request *request, struct MHD_Connection *connection);

#endif
