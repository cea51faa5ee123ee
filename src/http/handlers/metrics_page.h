/*
 * GET /metrics: the counters in Prometheus' text format. Labels are names of losses, statuses,
 * encodings and reasons from this program's own tables, so there is a bounded number of series.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_METRICS_PAGE_H
#define SPIKELOSS_HTTP_HANDLERS_METRICS_PAGE_H

#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_handle_metrics(struct sl_request *request, struct MHD_Connection *connection);

#endif
