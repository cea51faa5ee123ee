/*
 * Client of spikelossd for C and C++: spikes go in as arrays, gradients come out as arrays.
 *
 *     struct spikeloss_client *client = spikeloss_client_new("http://127.0.0.1:8080", NULL);
 *     struct spikeloss_tensor spk = {SPIKELOSS_U8, spikes, 3, shape};
 *     struct spikeloss_error error;
 *     struct spikeloss_result *result =
 *         spikeloss_balanced_population_mse(client, &spk, targets, 2, 2, 2, 0.75, 0.125, &error);
 *
 * Losses, their fields and what is in an answer have the names that the service gives them
 * (docs/api.md), so that its errors speak of the same things as a program does. The service alone
 * says what is wrong with a request; nothing is checked twice.
 *
 * Ownership: what a function takes is only read, and only while it runs. What it returns belongs to
 * the caller, who gives it to the function named after it that ends in _free.
 *
 * Errors: functions that can fail return NULL and fill the error they were given, which may be
 * NULL. Nothing here prints, exits, or touches signals.
 *
 * Threads: a client belongs to one thread at a time; it keeps its connection from call to call, so
 * give each thread one of its own. Results and errors are plain values. Programs that make their
 * first clients in several threads at once, with a libcurl older than 7.84, call curl_global_init
 * before.
 */
#ifndef SPIKELOSS_CLIENT_H
#define SPIKELOSS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the values of a tensor are. Whatever holds only 0 and 1 travels as single bits, all else
 * exactly, as floating-point numbers of 4 bytes, or of 8 for doubles. */
enum spikeloss_type {
  SPIKELOSS_U8,   /* uint8_t */
  SPIKELOSS_F32,  /* float */
  SPIKELOSS_F64,  /* double */
  SPIKELOSS_BITS, /* 8 values a byte, the first in the highest bit, as numpy.packbits; spare bits 0
                   */
};

/* Spikes in row-major order; the product of `shape` is how many. */
struct spikeloss_tensor {
  enum spikeloss_type type;
  const void *values;
  size_t rank;
  const size_t *shape;
};

enum spikeloss_status {
  SPIKELOSS_OK,
  SPIKELOSS_REFUSED,       /* the service answered, but with an error */
  SPIKELOSS_UNREACHABLE,   /* no connection, or a broken one, however often it was tried; or an
                              address or a token that can be none */
  SPIKELOSS_TIMEOUT,       /* no answer at all within the time that a call may take */
  SPIKELOSS_BAD_ANSWER,    /* success, but not in spikelossd's words, or no memory to read it */
  SPIKELOSS_OUT_OF_MEMORY, /* here, not in the service */
};

/* What went wrong. Texts are "" and numbers -1 where there is nothing to say. */
struct spikeloss_error {
  enum spikeloss_status status;
  long http_status;    /* of the last answer, or -1 */
  int64_t offset;      /* the offending byte of the request's body */
  char code[64];       /* a stable word such as "length_mismatch", from the list in docs/api.md */
  char detail[512];    /* what was expected and what came, for people */
  char pointer[256];   /* JSON pointer of the offending value, such as "/targets/3" */
  char request_id[80]; /* what the service's log calls this request */
};

struct spikeloss_options {
  const char *token;   /* sent as "Authorization: Bearer ...", or NULL */
  const char *ca_file; /* trusts these authorities (PEM) instead of the system's, or NULL */
  const char *certificate_file; /* shows this certificate (PEM) to the service, or NULL */
  const char *key_file;         /* the certificate's private key (PEM), or NULL */
  double timeout_seconds;       /* for a call with all its retries; default 60 */

  /* How often a call is tried again where the connection broke or the service was unavailable (502,
   * 503, 504), after pauses that grow from 0.1 s to 5 s and are never shorter than the service asks
   * for. Losses are pure functions, so trying again is always right. Default 10. */
  unsigned int retries;
};

#define SPIKELOSS_DEFAULT_OPTIONS                                                                  \
  { NULL, NULL, NULL, NULL, 60, 10 }

struct spikeloss_client;

/*
 * A client of the service at `url`: "http://127.0.0.1:8080", "https://losses.example.org/prefix" or
 * "unix:/run/spikelossd.sock". `options` may be NULL. Does not connect; returns NULL only when out
 * of memory.
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

/* A number that says how the network is doing; counts are exact, flags 0 or 1. */
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

/* Pulls the mean firing rate of every layer towards its offset. Three arrays of one length. */
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
};

/* One member of a request; of the last four, only the one that `kind` needs is read. Texts are
 * UTF-8. */
struct spikeloss_field {
  const char *name;
  enum spikeloss_kind kind;
  size_t count; /* of a list */
  const struct spikeloss_tensor *tensors;
  const double *numbers;
  const int64_t *labels;
  const char *word;
};

/*
 * Asks for the loss of that name. Gradients come in "broadcast" form and "f64", unless there are
 * words for "gradient" ("none": no gradients) or "gradient_encoding" ("f32": shorter answers).
 */
struct spikeloss_result *spikeloss_evaluate(struct spikeloss_client *client, const char *loss,
                                            const struct spikeloss_field *fields,
                                            size_t field_count, struct spikeloss_error *error);

#ifdef __cplusplus
}
#endif

#endif
