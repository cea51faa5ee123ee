/*
 * GET /livez and GET /readyz: for those who watch over the process.
 */
#ifndef SPIKELOSS_HTTP_HEALTH_H
#define SPIKELOSS_HTTP_HEALTH_H

#include <microhttpd.h>

struct sl_request;

/* The process runs. */
enum MHD_Result sl_handle_livez(struct sl_request *request, struct MHD_Connection *connection);

/* The process wants requests: not while it is draining. */
enum MHD_Result sl_handle_readyz(struct sl_request *request, struct MHD_Connection *connection);

#endif
