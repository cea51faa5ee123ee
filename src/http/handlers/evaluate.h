/*
 * POST /v1/losses/{name}: from a body to a loss with its gradients.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_EVALUATE_H
#define SPIKELOSS_HTTP_HANDLERS_EVALUATE_H

#include "decode/request.h"
#include "encode/encode.h"
#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_handle_evaluation(struct sl_request *request, struct MHD_Connection *connection);

/*
 * The part without HTTP: ends the body, computes, and prepares the answer, which needs the decoder
 * no more. Its memory is charged to `budget` (NULL: no bound), which must outlive the answer. On
 * failure *answer is NULL and `error` says why.
 */
enum sl_status sl_evaluate(struct sl_answer **answer, struct sl_decoder *decoder,
                           const struct sl_limits *limits, struct sl_budget *budget,
                           struct sl_error *error);

#endif
