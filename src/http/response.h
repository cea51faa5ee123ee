/*
 * Queueing answers. Each function queues one response for a request and returns what
 * libmicrohttpd's handler should return: MHD_NO only where not even an error can be answered, and
 * the connection is closed. All answers carry X-Request-Id and Cache-Control: no-store.
 */
#ifndef SPIKELOSS_HTTP_RESPONSE_H
#define SPIKELOSS_HTTP_RESPONSE_H

#include "http/request.h"
#include <microhttpd.h>

/* Text that lives for ever. */
enum MHD_Result sl_response_static(struct sl_request *request, const char *media_type,
                                   const char *text);

/* Text from malloc, which is taken over; NULL is answered as out of memory. */
enum MHD_Result sl_response_text(struct sl_request *request, const char *media_type, char *text);

/* 204: headers and nothing else. */
enum MHD_Result sl_response_empty(struct sl_request *request);

/* The request's latched error as a problem document. */
enum MHD_Result sl_response_problem(struct sl_request *request);

/* Bytes of memory that sending an answer takes beside it, what waits in the system included. */
uint64_t sl_response_memory(const struct sl_answer *answer);

/* The request's answer: small ones in one piece, large ones made while they are sent. */
enum MHD_Result sl_response_answer(struct sl_request *request);

/* The response that needs no memory any more when it is used; NULL if there is none now. */
struct MHD_Response *sl_response_no_memory_new(void);

#endif
