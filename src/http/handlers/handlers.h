/*
 * What the service answers: the table of routes finds one of these handlers. Each queues the answer
 * to a request that has arrived completely.
 */
#ifndef SPIKELOSS_HTTP_HANDLERS_HANDLERS_H
#define SPIKELOSS_HTTP_HANDLERS_HANDLERS_H

#include "decode/request.h"
#include "encode/encode.h"
#include "http/service.h"
#include <microhttpd.h>

struct sl_document;
struct sl_request;

/* `target` is a path or a whole URL without query. HEAD finds the route of GET. Fails with
 * SL_NOT_FOUND, SL_METHOD_NOT_ALLOWED. */
enum sl_status sl_route_find(struct sl_route_match *match, const char *method, const char *target,
                             struct sl_error *error);

/* GET /: a page for people. */
enum MHD_Result sl_handle_page(struct sl_request *request);

/* GET /livez: the process runs. */
enum MHD_Result sl_handle_livez(struct sl_request *request);

/* GET /readyz: the process wants requests; not while it is draining. */
enum MHD_Result sl_handle_readyz(struct sl_request *request);

/* GET /metrics: the counters in Prometheus' text format. Labels are names of losses, statuses,
 * encodings and reasons from this program's own tables, so there is a bounded number of series. */
enum MHD_Result sl_handle_metrics(struct sl_request *request);

/* GET /openapi.json: the contract for machines (OpenAPI 3.1), generated from the loss tables, the
 * request fields and the problem table. */
enum MHD_Result sl_handle_openapi(struct sl_request *request);

/* GET /v1/losses and GET /v1/losses/{name}: what can be computed, from which fields, within which
 * limits; made from the tables that validate requests. */
enum MHD_Result sl_handle_losses(struct sl_request *request);
enum MHD_Result sl_handle_loss(struct sl_request *request);

/* Writes a member with the words of a choice, and the default of one that is optional. */
void sl_describe_choices(struct sl_document *document, const struct sl_field *field,
                         const char *member);

/* Writes the members with the bounds and the default of a real number or a flag. */
void sl_describe_real(struct sl_document *document, const struct sl_field *field);

/* POST /v1/losses/{name}: from a body to a loss with its gradients. */
enum MHD_Result sl_handle_evaluation(struct sl_request *request);

/*
 * The part of an evaluation without HTTP: ends the body, computes, and prepares the answer, which
 * does not need the decoder. Its memory is charged to `budget` (NULL: no bound), which must outlive
 * the answer. On failure *answer is NULL and `error` says why.
 */
enum sl_status sl_evaluate(struct sl_answer **answer, struct sl_decoder *decoder,
                           const struct sl_limits *limits, struct sl_budget *budget,
                           struct sl_error *error);

#endif
