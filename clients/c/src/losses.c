/* Each loss as a function: its arguments become fields. */
#include "request.h"
#include "spikeloss_client.h"

/* A negative number that became a size is sent as the number it was, for the service to refuse. */
static double as_given(size_t count) {
  return (double)(int64_t)count;
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
  const double classes = as_given(num_classes), neurons = as_given(neurons_per_class);
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

/* What is at its default is not sent. */
struct arguments {
  struct spikeloss_field fields[12];
  size_t count;
};

static struct spikeloss_field *add(struct arguments *arguments, const char *name,
                                   enum spikeloss_kind kind) {
  struct spikeloss_field *field = &arguments->fields[arguments->count++];
  *field = (struct spikeloss_field){.name = name, .kind = kind};
  return field;
}

static void add_number(struct arguments *arguments, const char *name, const double *number) {
  add(arguments, name, SPIKELOSS_NUMBER)->numbers = number;
}

static void add_numbers(struct arguments *arguments, const char *name, const double *numbers,
                        size_t count) {
  if (numbers != NULL && (int64_t)count >= 0) {
    struct spikeloss_field *field = add(arguments, name, SPIKELOSS_NUMBERS);
    field->numbers = numbers;
    field->count = count;
  }
}

static void add_word(struct arguments *arguments, const char *name, bool wanted, const char *word) {
  if (wanted) {
    add(arguments, name, SPIKELOSS_WORD)->word = word;
  }
}

static void add_axes(struct arguments *arguments, enum spikeloss_axes axes) {
  add_word(arguments, "axes", axes != SPIKELOSS_BATCH_TIME_NEURONS, slc_axes_word(axes));
}

static void add_output(struct arguments *arguments, const struct spikeloss_tensor *spk,
                       const int64_t *targets, size_t target_count, const double *num_classes) {
  add(arguments, "spk", SPIKELOSS_TENSOR)->tensors = spk;
  struct spikeloss_field *labels = add(arguments, "targets", SPIKELOSS_LABELS);
  labels->labels = targets;
  labels->count = target_count;
  add_number(arguments, "num_classes", num_classes);
}

struct spikeloss_result *
spikeloss_spike_count_mse(struct spikeloss_client *client,
                          const struct spikeloss_spike_count_mse_arguments *given,
                          struct spikeloss_error *error) {
  const double num_classes = as_given(given->num_classes);
  struct arguments arguments = {.count = 0};
  add_axes(&arguments, given->axes);
  add_output(&arguments, given->spk, given->targets, given->target_count, &num_classes);
  add_number(&arguments, "correct_rate", &given->correct_rate);
  add_number(&arguments, "incorrect_rate", &given->incorrect_rate);
  add_word(&arguments, "per", given->per == SPIKELOSS_UNIT_POPULATION, "population");
  add_word(&arguments, "measure", given->measure == SPIKELOSS_MEASURE_RATE, "rate");
  add(&arguments, "truncate", SPIKELOSS_FLAG)->flag = given->truncate;
  add_word(&arguments, "reduction", given->reduction == SPIKELOSS_REDUCTION_SUM, "sum");
  add_number(&arguments, "weight", &given->weight);
  return spikeloss_evaluate(client, "spike_count_mse", arguments.fields, arguments.count, error);
}

struct spikeloss_result *spikeloss_spike_count_cross_entropy(
    struct spikeloss_client *client,
    const struct spikeloss_spike_count_cross_entropy_arguments *given,
    struct spikeloss_error *error) {
  const double num_classes = as_given(given->num_classes);
  struct arguments arguments = {.count = 0};
  add_axes(&arguments, given->axes);
  add_output(&arguments, given->spk, given->targets, given->target_count, &num_classes);
  add_word(&arguments, "measure", given->measure == SPIKELOSS_MEASURE_RATE, "rate");
  add_number(&arguments, "label_smoothing", &given->label_smoothing);
  add_numbers(&arguments, "class_weights", given->class_weights, given->num_classes);
  add_word(&arguments, "reduction", given->reduction == SPIKELOSS_REDUCTION_SUM, "sum");
  add_number(&arguments, "weight", &given->weight);
  return spikeloss_evaluate(client, "spike_count_cross_entropy", arguments.fields, arguments.count,
                            error);
}

struct spikeloss_result *
spikeloss_activity_regularization(struct spikeloss_client *client,
                                  const struct spikeloss_activity_regularization_arguments *given,
                                  struct spikeloss_error *error) {
  struct arguments arguments = {.count = 0};
  add_axes(&arguments, given->axes);
  struct spikeloss_field *layers = add(&arguments, "spikes_list", SPIKELOSS_TENSORS);
  layers->tensors = given->spikes_list;
  layers->count = given->layer_count;
  add_numbers(&arguments, "lower", given->lower, given->layer_count);
  add_numbers(&arguments, "upper", given->upper, given->layer_count);
  add_numbers(&arguments, "weights", given->weights, given->layer_count);
  add_word(&arguments, "per", given->per == SPIKELOSS_ACTIVITY_NEURON, "neuron");
  add_word(&arguments, "samples", given->samples == SPIKELOSS_SAMPLES_EACH, "each");
  add_word(&arguments, "measure", given->measure == SPIKELOSS_MEASURE_COUNT, "count");
  add_word(&arguments, "norm", given->norm == SPIKELOSS_NORM_L1, "l1");
  add_word(&arguments, "reduction", given->reduction == SPIKELOSS_REDUCTION_SUM, "sum");
  return spikeloss_evaluate(client, "activity_regularization", arguments.fields, arguments.count,
                            error);
}
