/*
 * For tests of the encoder: a result built by hand, the request that it answers, and how to read
 * the answer. In a header, so that each test stays one file.
 */
#ifndef TESTS_QUESTION_H
#define TESTS_QUESTION_H

#include "encode/encode.h"
#include <check.h>
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A loss with every kind of field that has a gradient. */
enum { LAYERS, SPK, OFFSETS, RATE };
static const struct sl_field any_fields[] = {
    [LAYERS] = {.name = "layers", .kind = SL_FIELD_SPIKES_LIST},
    [SPK] = {.name = "spk", .kind = SL_FIELD_SPIKES},
    [OFFSETS] = {.name = "offsets", .kind = SL_FIELD_REALS},
    [RATE] = {.name = "rate", .kind = SL_FIELD_REAL},
};
static const struct sl_loss any_loss = {.name = "any", .fields = any_fields, .field_count = 4};

/* What a test asks the encoder: a result and the request that it belongs to. */
struct question {
  struct sl_decoded decoded;
  bool nested[4][4];
  struct sl_result result;
  struct sl_limits limits;
  struct sl_budget *budget; /* or NULL */
  struct sl_error error;
};

static inline void *take(size_t count, size_t size) {
  void *memory = calloc(count, size);
  ck_assert_ptr_nonnull(memory);
  return memory;
}

static inline void ask(struct question *question, enum sl_gradient_form form,
                       enum sl_gradient_encoding encoding) {
  *question = (struct question){.limits = SL_DEFAULT_LIMITS, .error = SL_NO_ERROR};
  question->decoded.loss = &any_loss;
  question->decoded.gradient = form;
  question->decoded.encoding = encoding;
  for (size_t field = 0; field < 4; field++) {
    question->decoded.nested[field] = question->nested[field];
  }
  question->result.loss = 1.5;
  question->result.gradients = take(8, sizeof *question->result.gradients);
}

static inline struct sl_gradient *add(struct question *question, size_t field, size_t item,
                                      size_t rank, const size_t *shape, const size_t *small_shape) {
  struct sl_gradient *gradient = &question->result.gradients[question->result.gradient_count++];
  *gradient = (struct sl_gradient){.field = field, .item = item, .rank = rank, .count = 1};
  for (size_t axis = 0; axis < rank; axis++) {
    gradient->shape[axis] = shape[axis];
    gradient->small_shape[axis] = small_shape[axis];
    gradient->count *= small_shape[axis];
  }
  gradient->values = take(gradient->count, sizeof *gradient->values);
  for (size_t i = 0; i < gradient->count; i++) { /* short and long, of both signs, some repeated */
    gradient->values[i] = i % 3 == 0 ? (double)(i % 7) - 3 : ((double)(i % 5003) - 11.5) / 37;
  }
  return gradient;
}

/* The value that broadcasting puts at a row-major index of the large shape. */
static inline double broadcast_value(const struct sl_gradient *gradient, size_t index) {
  size_t small_index = 0;
  size_t stride = 1;
  for (size_t axis = gradient->rank; axis-- > 0;) {
    size_t coordinate = index % gradient->shape[axis];
    index /= gradient->shape[axis];
    small_index += gradient->small_shape[axis] == 1 ? 0 : coordinate * stride;
    stride *= gradient->small_shape[axis];
  }
  return gradient->values[small_index];
}

static inline struct sl_answer *answer_of(struct question *question) {
  struct sl_answer *answer;
  enum sl_status status = sl_answer_new(&answer, &question->decoded, &question->result,
                                        &question->limits, question->budget, &question->error);
  ck_assert_msg(status == SL_OK, "%s", question->error.message);
  ck_assert_ptr_null(question->result.gradients);
  ck_assert_uint_eq(question->result.gradient_count, 0);
  return answer;
}

/* Reads the rest, after `before` bytes, in pieces that have exactly the space they say. Terminated
 * with a NUL. */
static inline char *read_rest(struct sl_answer *answer, size_t before, size_t space) {
  size_t length = (size_t)sl_answer_length(answer) - before;
  char *text = take(length + 1, 1);
  char *piece = take(space, 1);
  size_t total = 0;
  size_t copied;
  do {
    copied = sl_answer_read(answer, piece, space);
    if (copied > space || total + copied > length) {
      ck_abort_msg("read %zu into %zu, %zu bytes of %zu", copied, space, total + copied, length);
    }
    memcpy(text + total, piece, copied);
    total += copied;
  } while (copied == space);
  ck_assert_uint_eq(total, length);
  ck_assert_uint_eq(sl_answer_read(answer, piece, space), 0);
  free(piece);
  return text;
}

static inline char *text_of(struct question *question, size_t space) {
  struct sl_answer *answer = answer_of(question);
  char *text = read_rest(answer, 0, space);
  sl_answer_free(answer);
  return text;
}

/* Compact JSON, one line. */
static inline cJSON *parse(const char *text) {
  ck_assert_uint_eq(strcspn(text, " \t\r\n"), strlen(text) - 1);
  ck_assert_int_eq(text[strlen(text) - 1], '\n');
  cJSON *answer = cJSON_ParseWithOpts(text, NULL, true);
  ck_assert_msg(answer != NULL, "not JSON: %.200s", text);
  return answer;
}

static inline const cJSON *member(const cJSON *object, const char *name) {
  const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
  ck_assert_msg(value != NULL, "no member %s", name);
  return value;
}

static inline void ask_for_everything(struct question *question, enum sl_gradient_form form,
                                      enum sl_gradient_encoding encoding) {
  ask(question, form, encoding);
  question->nested[LAYERS][0] = true;
  add(question, LAYERS, 0, 3, (size_t[]){2, 3, 4}, (size_t[]){1, 1, 1});
  add(question, LAYERS, 1, 2, (size_t[]){3, 2}, (size_t[]){3, 2});
  add(question, SPK, 0, 3, (size_t[]){2, 2, 5}, (size_t[]){2, 1, 5});
  add(question, OFFSETS, 0, 1, (size_t[]){3}, (size_t[]){3})->values[1] = -0.0;
  add(question, RATE, 0, 0, NULL, NULL)->values[0] = 0.1;
}

#endif
