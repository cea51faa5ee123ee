/*
 * Client of spikelossd for C and C++: spikes go in as arrays, gradients come out as arrays.
 *
 *     struct spikeloss_client *client = spikeloss_client_new("http://127.0.0.1:8080", NULL);
 *     struct spikeloss_tensor spk = {
 *         .type = SPIKELOSS_U8, .values = spikes, .rank = 3, .shape = shape};
 *     struct spikeloss_error error;
 *     struct spikeloss_result *result =
 *         spikeloss_balanced_population_mse(client, &spk, targets, 2, 2, 2, 0.75, 0.125, &error);
 *
 * Losses, fields and answers have the names of the service (docs/api.md), so that its errors use
 * the same names as a program. The service alone checks requests.
 *
 * Ownership: a function only reads its arguments, and keeps none of them. What it returns belongs
 * to the caller and is freed by the function of that name that ends in _free.
 *
 * Errors: functions that can fail return NULL and fill the error they were given, which may be
 * NULL. Nothing here prints, exits, or touches signals.
 *
 * Threads: a client belongs to one thread at a time. It keeps its connection from call to call, so
 * give each thread its own client. Results and errors are plain values. With a libcurl older
 * than 7.84, programs that make their first clients in several threads at once must call
 * curl_global_init before.
 */
#ifndef SPIKELOSS_CLIENT_H
#define SPIKELOSS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The type of the values of a tensor. Tensors of zeros and ones are sent as single bits, all others
 * exactly, as numbers of their type. */
enum spikeloss_type {
  SPIKELOSS_U8,   /* uint8_t */
  SPIKELOSS_F32,  /* float */
  SPIKELOSS_F64,  /* double */
  SPIKELOSS_BITS, /* 8 values a byte, the first in the highest bit, as numpy.packbits; spare bits 0
                   */
  SPIKELOSS_U16,  /* uint16_t */
  SPIKELOSS_U32,  /* uint32_t */
};

/* What the values are. */
enum spikeloss_summed {
  SPIKELOSS_NOT_SUMMED,       /* spikes */
  SPIKELOSS_SUMMED_TIME,      /* sums over time: counts of spikes, without the time axis */
  SPIKELOSS_SUMMED_BATCH_TIME /* sums over samples and time, where the loss keeps these */
};

/* How all tensors of a request are laid out, and their gradients. */
enum spikeloss_axes {
  SPIKELOSS_BATCH_TIME_NEURONS,
  SPIKELOSS_TIME_BATCH_NEURONS,
  SPIKELOSS_BATCH_NEURONS_TIME
};

/* Spikes in row-major order; their number is the product of `shape`. With sums, `shape` is still
 * that of the spikes, and there are fewer values. BITS are never sums. */
struct spikeloss_tensor {
  enum spikeloss_type type;
  const void *values;
  size_t rank;
  const size_t *shape;
  enum spikeloss_summed summed;
};

enum spikeloss_status {
  SPIKELOSS_OK,
  SPIKELOSS_REFUSED,       /* the service answered, but with an error; or the client sent nothing,
                              as an enum has no such value (http_status is -1) */
  SPIKELOSS_UNREACHABLE,   /* no connection, or a broken one, after all retries; or an address
                              or a token that is not valid */
  SPIKELOSS_TIMEOUT,       /* no answer at all within the time that a call may take */
  SPIKELOSS_BAD_ANSWER,    /* not an answer of spikelossd: a redirect, which is not followed, or a
                              success that is anything else; or no memory for it */
  SPIKELOSS_OUT_OF_MEMORY, /* here, not in the service */
};

/* What went wrong. Texts are "" and numbers -1 if they are not known. */
struct spikeloss_error {
  enum spikeloss_status status;
  long http_status;    /* of the last answer, or -1 */
  int64_t offset;      /* the offending byte of the request's body */
  char code[64];       /* a stable word such as "length_mismatch", from the list in docs/api.md */
  char detail[512];    /* what was expected and what came, for people */
  char pointer[256];   /* JSON pointer of the offending value, such as "/targets/3" */
  char request_id[80]; /* the id of this request in the log of the service */
};

struct spikeloss_options {
  const char *token;   /* sent as "Authorization: Bearer ...", or NULL */
  const char *ca_file; /* trusts these authorities (PEM) instead of the system's, or NULL */
  const char *certificate_file; /* shows this certificate (PEM) to the service, or NULL */
  const char *key_file;         /* the certificate's private key (PEM), or NULL */
  double timeout_seconds;       /* for a call with all its retries; default 60 */

  /* How often a call is repeated if the connection broke or the service was unavailable (502, 503,
   * 504). Pauses grow from 0.1 s to 5 s and are never shorter than the service asks for. Losses are
   * pure functions, so repeating is always safe. Default 10, which take some 23 s if the service is
   * not there. */
  unsigned int retries;
};

#define SPIKELOSS_DEFAULT_OPTIONS                                                                  \
  { NULL, NULL, NULL, NULL, 60, 10 }

struct spikeloss_client;

/*
 * A client of the service at `url`: "http://127.0.0.1:8080", "https://losses.example.org/prefix" or
 * "unix:/run/spikelossd.sock". `options` may be NULL. Does not connect: that `url` is NULL or no
 * such address is the error of every call. Returns NULL only when out of memory.
 *
 * Proxies of the environment (http_proxy, https_proxy, no_proxy) are used for other machines, never
 * for this one: localhost, 127.0.0.1 and the like, [::1], and Unix sockets.
 */
struct spikeloss_client *spikeloss_client_new(const char *url,
                                              const struct spikeloss_options *options);

/* Tolerates NULL. */
void spikeloss_client_free(struct spikeloss_client *client);

enum { SPIKELOSS_MAX_RANK = 8 };

/*
 * The gradient of one field of a request: of a number (rank 0), a list of numbers (rank 1), or a
 * tensor. Gradients are constant along time, so that of a tensor is small: `shape` is all ones or
 * [B, 1, O] and broadcasts to the tensor's shape by NumPy's rule, which spikeloss_broadcast does.
 */
struct spikeloss_gradient {
  char field[64]; /* "spk" */
  size_t item;    /* in a list of tensors, else 0 */
  size_t rank;
  size_t shape[SPIKELOSS_MAX_RANK];
  size_t count;   /* the product of `shape` */
  double *values; /* row-major; owned by the result */
};

/* A number about the network. Counts are exact, flags are 0 or 1. */
struct spikeloss_diagnostic {
  char name[64]; /* "accuracy" */
  size_t item;   /* the layer, else 0 */
  double value;
};

struct spikeloss_result {
  double loss;
  size_t gradient_count; /* 0 if none were asked for */
  struct spikeloss_gradient *gradients;
  size_t diagnostic_count;
  struct spikeloss_diagnostic *diagnostics;
};

/* Tolerates NULL. */
void spikeloss_result_free(struct spikeloss_result *result);

/* Pulls the mean firing rate of each layer towards its offset. The three arrays have `layers`
 * items. */
struct spikeloss_result *spikeloss_firing_rate_target_mse_loss(
    struct spikeloss_client *client, const struct spikeloss_tensor *spikes_list,
    const double *offsets, const double *multipliers, size_t layers, struct spikeloss_error *error);

/*
 * Pulls the spike counts of a population-coded output towards two rates, in spikes per neuron and
 * time step. `spk` is [samples, time, num_classes * neurons_per_class], `targets` the class of each
 * sample.
 */
struct spikeloss_result *spikeloss_balanced_population_mse(
    struct spikeloss_client *client, const struct spikeloss_tensor *spk, const int64_t *targets,
    size_t samples, size_t num_classes, size_t neurons_per_class, double correct_rate,
    double incorrect_rate, struct spikeloss_error *error);

/*
 * The losses below have more choices. They take their arguments in a struct that their _defaults
 * function completes; docs/losses.md says what each does. All enums begin with their default.
 *
 *     struct spikeloss_spike_count_mse_arguments arguments = spikeloss_spike_count_mse_defaults();
 *     arguments.spk = &spk;
 */
enum spikeloss_unit { SPIKELOSS_UNIT_NEURON, SPIKELOSS_UNIT_POPULATION };
enum spikeloss_measure {
  SPIKELOSS_MEASURE_COUNT, /* sums over time */
  SPIKELOSS_MEASURE_RATE   /* divided by the number of time steps */
};
enum spikeloss_reduction { SPIKELOSS_REDUCTION_MEAN, SPIKELOSS_REDUCTION_SUM };

/* The squared distance of counts or rates from targets. */
struct spikeloss_spike_count_mse_arguments {
  const struct spikeloss_tensor *spk; /* [batch, time, neurons] */
  const int64_t *targets;             /* the class of every sample */
  size_t target_count;
  size_t num_classes;  /* divides the number of neurons */
  double correct_rate; /* spikes per neuron and time step */
  double incorrect_rate;
  enum spikeloss_unit per;
  enum spikeloss_measure measure;
  bool truncate;
  enum spikeloss_reduction reduction;
  double weight; /* 1 by default, all others are 0 */
  enum spikeloss_axes axes;
};

static inline struct spikeloss_spike_count_mse_arguments spikeloss_spike_count_mse_defaults(void) {
  struct spikeloss_spike_count_mse_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.weight = 1.0;
  return arguments;
}

struct spikeloss_result *
spikeloss_spike_count_mse(struct spikeloss_client *client,
                          const struct spikeloss_spike_count_mse_arguments *arguments,
                          struct spikeloss_error *error);

/* Cross entropy of the softmax of what each class has spiked. */
struct spikeloss_spike_count_cross_entropy_arguments {
  const struct spikeloss_tensor *spk; /* [batch, time, neurons] */
  const int64_t *targets;             /* the class of every sample */
  size_t target_count;
  size_t num_classes; /* divides the number of neurons */
  enum spikeloss_measure measure;
  double label_smoothing;      /* 0 to 1 */
  const double *class_weights; /* num_classes numbers from 0 on; NULL: 1 each */
  enum spikeloss_reduction reduction;
  double weight; /* 1 by default, all others are 0 */
  enum spikeloss_axes axes;
};

static inline struct spikeloss_spike_count_cross_entropy_arguments
spikeloss_spike_count_cross_entropy_defaults(void) {
  struct spikeloss_spike_count_cross_entropy_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.weight = 1.0;
  return arguments;
}

struct spikeloss_result *spikeloss_spike_count_cross_entropy(
    struct spikeloss_client *client,
    const struct spikeloss_spike_count_cross_entropy_arguments *arguments,
    struct spikeloss_error *error);

enum spikeloss_activity_unit { SPIKELOSS_ACTIVITY_LAYER, SPIKELOSS_ACTIVITY_NEURON };
enum spikeloss_activity_samples { SPIKELOSS_SAMPLES_MEAN, SPIKELOSS_SAMPLES_EACH };
enum spikeloss_norm { SPIKELOSS_NORM_L2, SPIKELOSS_NORM_L1 };

/* Keeps the activity of layers or neurons between bounds. */
struct spikeloss_activity_regularization_arguments {
  size_t layer_count;                         /* the length of all arrays */
  const struct spikeloss_tensor *spikes_list; /* of any rank */
  const double *lower;                        /* NULL: no such bound; not both */
  const double *upper;                        /* from lower on */
  const double *weights;                      /* NULL: 1 each */
  enum spikeloss_activity_unit per;
  enum spikeloss_activity_samples samples;
  enum spikeloss_measure measure; /* SPIKELOSS_MEASURE_RATE by default, all others are 0 */
  enum spikeloss_norm norm;
  enum spikeloss_reduction reduction;
  enum spikeloss_axes axes;
};

static inline struct spikeloss_activity_regularization_arguments
spikeloss_activity_regularization_defaults(void) {
  struct spikeloss_activity_regularization_arguments arguments;
  memset(&arguments, 0, sizeof arguments);
  arguments.measure = SPIKELOSS_MEASURE_RATE;
  return arguments;
}

struct spikeloss_result *spikeloss_activity_regularization(
    struct spikeloss_client *client,
    const struct spikeloss_activity_regularization_arguments *arguments,
    struct spikeloss_error *error);

/* The gradient of a field, or NULL; it belongs to the result. */
const struct spikeloss_gradient *spikeloss_gradient(const struct spikeloss_result *result,
                                                    const char *field, size_t item);

/* A diagnostic's value, or NaN if there is none of that name. */
double spikeloss_diagnostic(const struct spikeloss_result *result, const char *name, size_t item);

/*
 * Repeats a gradient until it has a tensor's shape. `values` has room for the product of `shape`.
 * Returns false, and writes nothing, if it does not broadcast to that shape.
 */
bool spikeloss_broadcast(const struct spikeloss_gradient *gradient, const size_t *shape,
                         size_t rank, double *values);

/* Any loss of the service, by its name. */

enum spikeloss_kind {
  SPIKELOSS_TENSOR,  /* tensors[0] */
  SPIKELOSS_TENSORS, /* a list of tensors */
  SPIKELOSS_NUMBER,  /* numbers[0] */
  SPIKELOSS_NUMBERS, /* a list of numbers */
  SPIKELOSS_LABELS,  /* a list of integers */
  SPIKELOSS_WORD,    /* one of the service's words */
  SPIKELOSS_FLAG,
};

/* One member of a request. Of the last five, only the one for `kind` is read. Texts are UTF-8. */
struct spikeloss_field {
  const char *name;
  enum spikeloss_kind kind;
  size_t count; /* of a list */
  const struct spikeloss_tensor *tensors;
  const double *numbers;
  const int64_t *labels;
  const char *word;
  bool flag;
};

/*
 * Computes the loss of that name. Gradients have the form "broadcast" and the encoding
 * "indexed_f64", unless the fields contain "gradient" ("none": no gradients) or "gradient_encoding"
 * ("indexed_f32": shorter answers). The words of `axes` are "batch_time_neurons",
 * "time_batch_neurons" and "batch_neurons_time"; wherever it is among the fields, it is sent before
 * the tensors.
 */
struct spikeloss_result *spikeloss_evaluate(struct spikeloss_client *client, const char *loss,
                                            const struct spikeloss_field *fields,
                                            size_t field_count, struct spikeloss_error *error);

#ifdef __cplusplus
}
#endif

#endif
