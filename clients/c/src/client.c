#include "answer.h"
#include "failure.h"
#include "request.h"
#include "transport.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct spikeloss_client {
  struct transport *transport;
};

struct spikeloss_client *spikeloss_client_new(const char *url,
                                              const struct spikeloss_options *options) {
  static const struct spikeloss_options defaults = SPIKELOSS_DEFAULT_OPTIONS;
  struct spikeloss_client *client = calloc(1, sizeof *client);
  if (client == NULL) {
    return NULL;
  }
  client->transport = slc_transport_new(url, options != NULL ? options : &defaults);
  if (client->transport == NULL) {
    free(client);
    return NULL;
  }
  return client;
}

void spikeloss_client_free(struct spikeloss_client *client) {
  if (client != NULL) {
    slc_transport_free(client->transport);
    free(client);
  }
}

void spikeloss_result_free(struct spikeloss_result *result) {
  if (result == NULL) {
    return;
  }
  for (size_t i = 0; i < result->gradient_count; i++) {
    free(result->gradients[i].values);
  }
  free(result->gradients);
  free(result->diagnostics);
  free(result);
}

struct spikeloss_result *spikeloss_evaluate(struct spikeloss_client *client, const char *loss,
                                            const struct spikeloss_field *fields,
                                            size_t field_count, struct spikeloss_error *error) {
  struct spikeloss_result *result = NULL;
  struct answer answer = {0};
  struct request request = {0};
  slc_failure_clear(error);
  if (!slc_request_check(fields, field_count, error)) {
    return NULL;
  }
  request.answer_limit = slc_request_answer_limit(fields, field_count);
  request.body = slc_request_write(fields, field_count, &request.length);
  if (request.body == NULL) {
    slc_failure_set(error, SPIKELOSS_OUT_OF_MEMORY, -1, "no memory for the request");
  } else if (slc_transport_post(client->transport, loss, &request, &answer, error)) {
    result = slc_answer_read(&answer, fields, field_count, error);
  }
  free(request.body);
  slc_answer_free(&answer);
  return result;
}

const struct spikeloss_gradient *spikeloss_gradient(const struct spikeloss_result *result,
                                                    const char *field, size_t item) {
  for (size_t i = 0; i < result->gradient_count; i++) {
    const struct spikeloss_gradient *gradient = &result->gradients[i];
    if (gradient->item == item && strcmp(gradient->field, field) == 0) {
      return gradient;
    }
  }
  return NULL;
}

double spikeloss_diagnostic(const struct spikeloss_result *result, const char *name, size_t item) {
  for (size_t i = 0; i < result->diagnostic_count; i++) {
    const struct spikeloss_diagnostic *diagnostic = &result->diagnostics[i];
    if (diagnostic->item == item && strcmp(diagnostic->name, name) == 0) {
      return diagnostic->value;
    }
  }
  return (double)NAN;
}

bool slc_broadcasts(const struct spikeloss_gradient *gradient, const size_t *shape, size_t rank) {
  bool fits = rank == gradient->rank;
  for (size_t axis = 0; fits && axis < rank; axis++) {
    fits = gradient->shape[axis] == 1 || gradient->shape[axis] == shape[axis];
  }
  return fits;
}

/* Writes the axes from `axis` on, for one index of each axis before it. An axis that has length 1
 * in the small tensor is repeated. */
static double *write_axis(const struct spikeloss_gradient *gradient, const size_t *shape,
                          size_t axis, const double *small, double *large) {
  if (axis == gradient->rank) {
    *large = *small;
    return large + 1;
  }
  size_t step = gradient->shape[axis] == 1 ? 0 : 1;
  for (size_t inner = axis + 1; inner < gradient->rank; inner++) {
    step *= gradient->shape[inner];
  }
  for (size_t i = 0; i < shape[axis]; i++) {
    large = write_axis(gradient, shape, axis + 1, small + i * step, large);
  }
  return large;
}

bool spikeloss_broadcast(const struct spikeloss_gradient *gradient, const size_t *shape,
                         size_t rank, double *values) {
  if (!slc_broadcasts(gradient, shape, rank)) {
    return false;
  }
  write_axis(gradient, shape, 0, gradient->values, values);
  return true;
}
