/*
 * A request whose tensors are plain arrays, for tests: easy to write down as JSON text, easy to
 * change by one value, and evaluated through the same library calls that the daemon uses.
 * Reading aborts the test when the text is not what the loss wants.
 */
#ifndef SPIKELOSS_TESTS_DENSE_REQUEST_H
#define SPIKELOSS_TESTS_DENSE_REQUEST_H

#include "loss/loss.h"
#include <cjson/cJSON.h>

struct dense_tensor {
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t count;
  double *values; /* row-major */
};

struct dense_request {
  const struct sl_loss *loss;
  struct sl_value values[SL_MAX_FIELDS];       /* `spikes` is never set here */
  struct dense_tensor *tensors[SL_MAX_FIELDS]; /* of spike fields: [values[f].length] */
};

/* `body` holds a member for every field of the loss that is not optional, tensors as nested arrays.
 */
void dense_request_read(struct dense_request *request, const struct sl_loss *loss,
                        const cJSON *body);
void dense_request_free(struct dense_request *request);

/* Counts the spikes and evaluates. The result belongs to the caller. */
enum sl_status dense_request_evaluate(const struct dense_request *request, struct sl_result *result,
                                      struct sl_error *error);

/* Both in one, from the text of a body. */
enum sl_status evaluate_text(const struct sl_loss *loss, const char *body, struct sl_result *result,
                             struct sl_error *error);

#endif
