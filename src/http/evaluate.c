#include "http/evaluate.h"

#include "http/reply.h"
#include "http/request.h"
#include "wire/answer_memory.h"
#include <string.h>

/* Asks for memory that is not charged where it is taken. */
static enum sl_status need(struct sl_budget *memory, uint64_t bytes, struct sl_error *error) {
  enum sl_status status = sl_budget_take(memory, bytes, error);
  if (status == SL_OK) {
    sl_budget_give_back(memory, bytes);
  }
  return status;
}

enum sl_status sl_evaluate(struct sl_answer **answer, struct sl_decoder *decoder,
                           const struct sl_limits *limits, struct sl_budget *memory,
                           struct sl_error *error) {
  *answer = NULL;
  if (sl_decoder_finish(decoder) != SL_OK) {
    *error = *sl_decoder_error(decoder);
    return error->code;
  }
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  struct sl_result result = {0};
  enum sl_status status = need(memory, sl_result_memory(decoded), error);
  if (status == SL_OK) {
    status = decoded->loss->evaluate(decoded->values, &result, error);
  }
  if (status == SL_OK) {
    status = need(memory, sl_answer_memory(decoded, &result), error);
  }
  if (status == SL_OK) {
    status = sl_answer_new(answer, decoded, &result, limits, error);
  }
  sl_result_free(&result);
  return status;
}

static void describe_tensor(struct sl_exchange *exchange, const struct sl_spikes *spikes) {
  if (exchange->tensors == 0) {
    exchange->rank = spikes->rank;
    memcpy(exchange->shape, spikes->shape, sizeof exchange->shape);
  }
  exchange->tensors++;
  exchange->spikes += sl_spikes_count(spikes);
}

/* Remembers what the decoder knows, for it may be gone before the answer is sent. */
static void describe_evaluation(struct sl_exchange *exchange, const struct sl_decoder *decoder) {
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  exchange->evaluated = true;
  exchange->encoding = decoded->encoding;
  for (size_t field = 0; field < decoded->loss->field_count; field++) {
    const struct sl_value *value = &decoded->values[field];
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      describe_tensor(exchange, &value->spikes[item]);
    }
  }
  exchange->fast_bytes = sl_decoder_fast_bytes(decoder);
}

enum MHD_Result sl_answer_evaluation(struct sl_request *request,
                                     struct MHD_Connection *connection) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_budget *memory = &request->admission.memory;
  if (sl_evaluate(&request->answer, request->decoder, &request->service->limits, memory, &error) !=
          SL_OK ||
      need(memory, sl_reply_memory(request->answer), &error) != SL_OK) {
    sl_request_refuse(request, &error);
    return sl_reply_problem(request, connection);
  }
  describe_evaluation(&request->exchange, request->decoder);
  return sl_reply_answer(request, connection);
}
