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
  size_t length = 0;
  slc_failure_clear(error);
  char *body = slc_request_write(fields, field_count, &length);
  if (body == NULL) {
    slc_failure_set(error, SPIKELOSS_OUT_OF_MEMORY, -1, "no memory for the request");
  } else if (slc_transport_post(client->transport, loss, body, length, &answer, error)) {
    result = slc_answer_read(&answer, error);
  }
  free(body);
  slc_answer_free(&answer);
  return result;
}

struct spikeloss_result *
spikeloss_firing_rate_target_mse_loss(struct spikeloss_client *client,
                                      const struct spikeloss_tensor *spikes_list,
                                      const double *offsets, const double *multipliers,
                                      size_t layers, struct spikeloss_error *error) {
  const struct spikeloss_field fields[] = {
      {.name = "spikes_list", .kind = SPIKELOSS_TENSORS, .count = layers, .tensors = spikes_list},
      {.name = "offsets", .kind = SPIKELOSS_NUMBERS, .count = layers, .numbers = offsets},
      {.name = "multipliers", .kind = SPIKELOSS_NUMBERS, .count = layers, .numbers = multipliers},
  };
  return spikeloss_evaluate(client, "firing_rate_target_mse_loss", fields, 3, error);
}

struct spikeloss_result *spikeloss_balanced_population_mse(
    struct spikeloss_client *client, const struct spikeloss_tensor *spk, const int64_t *targets,
    size_t samples, size_t num_classes, size_t neurons_per_class, double correct_rate,
    double incorrect_rate, struct spikeloss_error *error) {
  const double classes = (double)num_classes, neurons = (double)neurons_per_class;
  const struct spikeloss_field fields[] = {
      {.name = "spk", .kind = SPIKELOSS_TENSOR, .tensors = spk},
      {.name = "targets", .kind = SPIKELOSS_LABELS, .count = samples, .labels = targets},
      {.name = "num_classes", .kind = SPIKELOSS_NUMBER, .numbers = &classes},
      {.name = "neurons_per_class", .kind = SPIKELOSS_NUMBER, .numbers = &neurons},
      {.name = "correct_rate", .kind = SPIKELOSS_NUMBER, .numbers = &correct_rate},
      {.name = "incorrect_rate", .kind = SPIKELOSS_NUMBER, .numbers = &incorrect_rate},
  };
  return spikeloss_evaluate(client, "balanced_population_mse", fields, 6, error);
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

static bool broadcasts(const struct spikeloss_gradient *gradient, const size_t *shape,
                       size_t rank) {
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
  if (!broadcasts(gradient, shape, rank)) {
    return false;
  }
  write_axis(gradient, shape, 0, gradient->values, values);
  return true;
}
