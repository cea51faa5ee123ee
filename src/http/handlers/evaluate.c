#include "http/handlers/handlers.h"

#include "http/request.h"
#include <stddef.h>
#include <string.h>

enum sl_status sl_evaluate(struct sl_answer **answer, struct sl_decoder *decoder,
                           const struct sl_limits *limits, struct sl_budget *budget,
                           struct sl_error *error) {
  *answer = NULL;
  if (sl_decoder_finish(decoder) != SL_OK) {
    *error = *sl_decoder_error(decoder);
    return error->code;
  }
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  struct sl_result result = {.budget = budget};
  enum sl_status status = decoded->loss->evaluate(decoded->values, &result, error);
  if (status == SL_OK) {
    status = sl_answer_new(answer, decoded, &result, limits, budget, error);
  }
  sl_result_free(&result);
  return status;
}

/* Records what the decoder knows, for it may be gone before the answer is sent. */
static void note_evaluation(struct sl_record *record, const struct sl_decoder *decoder) {
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  record->encoding = decoded->encoding;
  record->decoded_bytes = sl_decoder_bytes(decoder);
  record->fast_bytes = sl_decoder_fast_bytes(decoder);
  for (size_t field = 0; field < decoded->loss->field_count; field++) {
    const struct sl_value *value = &decoded->values[field];
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      const struct sl_spikes *spikes = &value->spikes[item];
      if (record->tensors++ == 0) {
        record->rank = spikes->rank;
        memcpy(record->shape, spikes->shape, sizeof record->shape);
      }
      record->spikes += sl_spikes_count(spikes);
    }
  }
}

/*
 * More pairs than this are evaluated on a compute thread: up to here the loss and the length of its
 * answer take at most ten milliseconds, even where every gradient is another number.
 */
enum { MAX_PAIRS_AT_ONCE = 128 * 1024 };

static bool is_large(const struct sl_decoder *decoder) {
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  size_t pairs = 0;
  for (size_t field = 0; field < decoded->loss->field_count; field++) {
    const struct sl_value *value = &decoded->values[field];
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      pairs += value->spikes[item].accumulators;
    }
  }
  return pairs > MAX_PAIRS_AT_ONCE;
}

/* Leaves the answer in the request, or an error. The counts are not needed after that. */
static void evaluate_request(struct sl_request *request) {
  struct sl_budget *budget = &request->admission.budget;
  struct sl_error *error = &request->error;
  if (sl_evaluate(&request->answer, request->decoder, &request->service->options.limits, budget,
                  error) == SL_OK) {
    note_evaluation(&request->record, request->decoder);
    sl_decoder_free(request->decoder);
    request->decoder = NULL;
    request->record.evaluated =
        sl_budget_take(budget, sl_response_memory(request->answer), error) == SL_OK;
  }
}

static void run_evaluation(struct sl_task *task) {
  evaluate_request((struct sl_request *)(void *)((char *)task - offsetof(struct sl_request, task)));
}

enum MHD_Result sl_handle_evaluation(struct sl_request *request) {
  if (request->answer == NULL && is_large(request->decoder)) {
    request->task.run = run_evaluation; /* and this is called again, or the error is answered */
    return MHD_YES;
  }
  if (request->answer == NULL) {
    evaluate_request(request);
  }
  return request->error.code == SL_OK ? sl_response_answer(request) : sl_response_problem(request);
}
