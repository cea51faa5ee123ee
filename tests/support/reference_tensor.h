/*
 * One spike tensor under the reference, in any of the five spellings.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_TENSOR_H
#define SPIKELOSS_TESTS_REFERENCE_TENSOR_H

#include "reference.h"
#include "reference_text.h"

/* What all tensors of a request are read with. */
struct sl_tensor_rules {
  const struct sl_field *field;
  uint64_t deferred_bytes;
  uint64_t member_bytes;
  uint64_t *pairs_left; /* over all tensors of the request */
};

/* Reads the tensor that begins where the reader stands. `tensor` comes zeroed and is freed by the
 * caller, whatever is returned. `pointer` is that of the tensor. */
bool sl_reference_tensor_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor);

/* The two forms: `[` nested arrays, `{` an object with shape, encoding and data. */
bool sl_reference_nested_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor);
bool sl_reference_object_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor);

/* A growing array of doubles. */
struct sl_doubles {
  double *values;
  size_t count;
};
void sl_doubles_append(struct sl_doubles *doubles, double value);

/* Batch, time and the product of all other dimensions of a shape: absent axes are 1. */
struct sl_axes {
  size_t samples, steps, neurons;
};
struct sl_axes sl_reference_axes(size_t rank, const size_t *shape);

/*
 * Reads the name of a member. SL_OK: it is names[*which]; SL_UNKNOWN_MEMBER: it is none of them;
 * else the reader's error. `*pointer` becomes base, slash and name, to be freed by the caller
 * whatever is returned.
 */
enum sl_status sl_reference_name_read(struct sl_reader *reader, const char *base,
                                      const char *const *names, size_t count, size_t *which,
                                      char **pointer);

/*
 * Collects one member of an object or of the body, checking its text, and leaves `*start` at its
 * first byte; then the small value may be judged by reading it again with sl_reader_again.
 */
bool sl_reference_collect(struct sl_reader *reader, const char *pointer, uint64_t member_bytes,
                          size_t *start);
struct sl_reader sl_reader_again(const struct sl_reader *reader, size_t start);

#endif
