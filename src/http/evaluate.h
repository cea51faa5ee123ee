/*
 * POST /v1/losses/{name}: from a body to a loss with its gradients.
 */
#ifndef SPIKELOSS_HTTP_EVALUATE_H
#define SPIKELOSS_HTTP_EVALUATE_H

#include "encode/encode.h"
#include "wire/decode.h"
#include <microhttpd.h>

struct sl_request;

enum MHD_Result sl_answer_evaluation(struct sl_request *request, struct MHD_Connection *connection);

/* The budget of an answer, granted by the source that the rest of its request asks. */
struct sl_answer_budget {
  struct sl_budget budget; /* first */
  struct sl_memory_source *memory;
  uint64_t before; /* bytes of the request that are not the answer's */
};

/*
 * The part without HTTP: ends the body, computes, and prepares the answer. What it takes of memory
 * it asks for first; `memory` may be NULL. `budget` must outlive the answer. On failure *answer is
 * NULL and `error` says why.
 */
enum sl_status sl_evaluate(struct sl_answer **answer, struct sl_decoder *decoder,
                           const struct sl_limits *limits, struct sl_answer_budget *budget,
                           struct sl_memory_source *memory, struct sl_error *error);

#endif
