/*
 * GET /v1/losses and GET /v1/losses/{name}: what can be computed, from which fields, within which
 * limits; made from the tables that validate requests.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_DESCRIBE_H
#define SPIKELOSS_HTTP_HANDLERS_DESCRIBE_H

#include "loss/loss.h"
#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_handle_losses(struct sl_request *request, struct MHD_Connection *connection);
enum MHD_Result sl_handle_loss(struct sl_request *request, struct MHD_Connection *connection);

#endif
