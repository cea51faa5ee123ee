#include "compare.h"

#include "core/codes.h"
#include "feed.h"

#include "every.h"

#include "decode/request.h"
#include "reference_text.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
enum { POISON_BYTES = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { POISON_BYTES = 0 };
#else
enum { POISON_BYTES = 64 };
#endif
#else
enum { POISON_BYTES = 64 };
#endif

/* Longest bodies for which every pair of splits, and every single split, is tried. */
enum { PAIRS_LENGTH = 120, SINGLES_LENGTH = 600 };

struct sl_case sl_case_new(const struct sl_reference *expected, const struct sl_limits *limits,
                           const char *body, size_t length) {
  return (struct sl_case){.limits = limits, .body = body, .length = length, .expected = expected};
}

__attribute__((format(printf, 2, 3))) static bool differ(struct sl_case *one, const char *format,
                                                         ...) {
  if (one->difference[0] == '\0') {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(one->difference, sizeof one->difference, format, arguments);
    va_end(arguments);
  }
  return false;
}

static enum sl_status feed_copy(struct sl_decoder *decoder, const char *bytes, size_t length) {
  char *copy = malloc(length + POISON_BYTES);
  if (copy == NULL && length + POISON_BYTES > 0) {
    abort();
  }
  if (copy != NULL) {
    memcpy(copy, bytes, length);
    memset(copy + length, 0xA5, POISON_BYTES);
  }
  enum sl_status status = sl_feed(decoder, copy, length);
  if (copy != NULL) {
    memset(copy, 0xA5, length);
  }
  free(copy);
  return status;
}

/* What each accumulator must hold, from the plain array in the order of the body. */
struct accumulators {
  size_t count;
  uint64_t *ones;
  uint64_t *graded;
  double *sums;
  bool binary;
};

static void *zeros(size_t count, size_t size) {
  void *memory = calloc(count == 0 ? 1 : count, size);
  if (memory == NULL) {
    abort();
  }
  return memory;
}

static struct accumulators accumulate(const struct sl_reference_tensor *tensor, bool per_sample,
                                      struct sl_axes axes) {
  size_t count = per_sample ? axes.samples * axes.neurons : axes.neurons;
  struct accumulators sums = {.count = count, .binary = true};
  sums.ones = zeros(sums.count, sizeof(uint64_t));
  sums.graded = zeros(sums.count, sizeof(uint64_t));
  sums.sums = zeros(sums.count, sizeof(double));
  for (size_t i = 0; i < tensor->count; i++) {
    double value = tensor->values[i];
    size_t neuron, sample;
    uint64_t ones;
    sl_reference_locate(tensor, i, &sample, &neuron);
    size_t accumulator = per_sample ? sample * axes.neurons + neuron : neuron;
    bool graded = sl_reference_is_graded(tensor, value, &ones);
    sums.ones[accumulator] += ones;
    if (graded) {
      sums.graded[accumulator]++;
      sums.sums[accumulator] += value;
      sums.binary = false;
    }
  }
  return sums;
}

static void accumulators_free(struct accumulators *sums) {
  free(sums->ones);
  free(sums->graded);
  free(sums->sums);
}

static bool same_accumulators(struct sl_case *one, const char *name,
                              const struct accumulators *expected, const struct sl_spikes *got) {
  if (got->accumulators != expected->count || sl_spikes_binary(got) != expected->binary) {
    return differ(one, "%s: %zu accumulators, binary %d, expected %zu, %d", name, got->accumulators,
                  sl_spikes_binary(got), expected->count, expected->binary);
  }
  for (size_t i = 0; i < expected->count; i++) {
    uint64_t graded = sl_spikes_graded(got, i);
    double sum = got->sums == NULL ? 0.0 : got->sums[i];
    if (sl_spikes_ones(got, i) != expected->ones[i] || graded != expected->graded[i] ||
        memcmp(&sum, &expected->sums[i], sizeof sum) != 0) {
      return differ(one,
                    "%s: accumulator %zu is %llu ones, %llu graded, sum %.17g; expected %llu, "
                    "%llu, %.17g",
                    name, i, (unsigned long long)sl_spikes_ones(got, i), (unsigned long long)graded,
                    sum, (unsigned long long)expected->ones[i],
                    (unsigned long long)expected->graded[i], expected->sums[i]);
    }
  }
  return true;
}

static bool same_tensor(struct sl_case *one, const struct sl_field *field,
                        const struct sl_reference_tensor *expected, const struct sl_spikes *got,
                        bool nested) {
  size_t rank = expected->rank;
  const size_t *shape = expected->shape;
  struct sl_axes axes = sl_reference_axes(expected->layout, rank, shape);
  if (got->rank != rank || memcmp(got->shape, shape, rank * sizeof *shape) != 0) {
    return differ(one, "%s: another shape (rank %zu, expected %zu)", field->name, got->rank, rank);
  }
  if (got->samples != axes.samples || got->steps != axes.steps || got->neurons != axes.neurons ||
      got->per_sample != field->per_sample || nested != expected->nested) {
    return differ(one, "%s: samples %zu, steps %zu, neurons %zu, nested %d", field->name,
                  got->samples, got->steps, got->neurons, nested);
  }
  if (expected->values == NULL) {
    return true; /* too large to be laid out */
  }
  struct accumulators sums = accumulate(expected, field->per_sample, axes);
  bool same = same_accumulators(one, field->name, &sums, got);
  accumulators_free(&sums);
  return same;
}

static bool same_value(struct sl_case *one, const struct sl_field *field,
                       const struct sl_reference_value *expected, const struct sl_value *got,
                       const bool *nested) {
  if (!expected->present) {
    return true; /* an absent member has its default, which is compared elsewhere */
  }
  if (!got->present) {
    return differ(one, "%s is not present", field->name);
  }
  bool array = field->kind != SL_FIELD_REAL && field->kind != SL_FIELD_COUNT &&
               field->kind != SL_FIELD_CHOICE && field->kind != SL_FIELD_FLAG;
  if (array && got->length != expected->length) {
    return differ(one, "%s has length %zu, expected %zu", field->name, got->length,
                  expected->length);
  }
  for (size_t i = 0; array && i < expected->length; i++) {
    if (expected->tensors != NULL &&
        !same_tensor(one, field, &expected->tensors[i], &got->spikes[i], nested[i])) {
      return false;
    }
    if ((expected->reals != NULL &&
         memcmp(&expected->reals[i], &got->reals[i], sizeof(double)) != 0) ||
        (expected->labels != NULL && expected->labels[i] != got->labels[i])) {
      return differ(one, "%s/%zu is another number", field->name, i);
    }
  }
  bool same = field->kind == SL_FIELD_REAL     ? memcmp(&expected->real, &got->real, 8) == 0
              : field->kind == SL_FIELD_COUNT  ? expected->count == got->count
              : field->kind == SL_FIELD_CHOICE ? expected->choice == got->choice
              : field->kind == SL_FIELD_FLAG   ? expected->flag == got->flag
                                               : true;
  return same || differ(one, "%s is another value", field->name);
}

static bool same_decoded(struct sl_case *one, const struct sl_decoded *decoded) {
  const struct sl_loss *loss = one->expected->loss;
  size_t count = sl_request_field_count(loss);
  if (decoded == NULL || decoded->loss != loss) {
    return differ(one, "nothing was decoded, or for another loss");
  }
  for (size_t i = 0; i < count; i++) {
    if (!same_value(one, sl_request_field(loss, i), &one->expected->values[i], &decoded->values[i],
                    decoded->nested[i])) {
      return false;
    }
  }
  const struct sl_reference_value *answer = &one->expected->values[loss->field_count];
  if (decoded->gradient != (enum sl_gradient_form)answer[SL_ANSWER_GRADIENT].choice ||
      decoded->encoding != (enum sl_gradient_encoding)answer[SL_ANSWER_ENCODING].choice) {
    return differ(one, "the answer is wanted in another form");
  }
  return true;
}

/* Messages and pointers quote the body, and end up in JSON again. */
static bool is_utf8(const char *text) {
  size_t length = 0;
  for (size_t at = 0; text[at] != '\0'; at += length) {
    uint32_t code_point;
    if (!sl_utf8_character(text + at, strlen(text + at), &length, &code_point)) {
      return false;
    }
  }
  return true;
}

static bool same_error(struct sl_case *one, const struct sl_error *got) {
  const struct sl_error *expected = &one->expected->error;
  if (got->code != expected->code || got->offset != expected->offset ||
      strcmp(got->pointer, expected->pointer) != 0) {
    return differ(one, "%s at %lld under '%s' (%s), expected %s at %lld under '%s'",
                  sl_code_name(got->code), (long long)got->offset, got->pointer, got->message,
                  sl_code_name(expected->code), (long long)expected->offset, expected->pointer);
  }
  if (expected->code != SL_OK && strlen(got->message) < 8) {
    return differ(one, "%s without a message", sl_code_name(got->code));
  }
  if (!is_utf8(got->message)) {
    return differ(one, "the message is not UTF-8: %s", got->message);
  }
  return true;
}

static bool same_outcome(struct sl_case *one, struct sl_decoder *decoder, enum sl_status status) {
  enum sl_status finished = sl_decoder_finish(decoder);
  const struct sl_error *error = sl_decoder_error(decoder);
  if (status != SL_OK && finished != status) {
    return differ(one, "feed returned %s, but finish %s", sl_code_name(status),
                  sl_code_name(finished));
  }
  if (error->code != finished) {
    return differ(one, "finish returned %s, but the error is %s", sl_code_name(finished),
                  sl_code_name(error->code));
  }
  return same_error(one, error) &&
         (finished != SL_OK || same_decoded(one, sl_decoder_decoded(decoder)));
}

static void add_splits(struct sl_case *one, const size_t *splits, size_t count) {
  size_t length = strlen(one->difference);
  for (size_t i = 0; i < count && i < 8; i++) {
    length += (size_t)snprintf(one->difference + length, sizeof one->difference - length, "%s%zu",
                               i == 0 ? "; split at " : ", ", splits[i]);
    if (length >= sizeof one->difference) {
      return;
    }
  }
}

bool sl_compare_split(struct sl_case *one, const size_t *splits, size_t count) {
  struct sl_decoder *decoder = sl_decoder_new(one->expected->loss, one->limits, NULL);
  if (decoder == NULL) {
    abort();
  }
  enum sl_status status = SL_OK;
  size_t start = 0;
  bool latched = true;
  for (size_t i = 0; i <= count; i++) {
    size_t end = i == count ? one->length : splits[i];
    enum sl_status fed = feed_copy(decoder, one->body + start, end - start);
    latched = latched && (status == SL_OK || fed == status);
    status = status == SL_OK ? fed : status;
    start = end;
  }
  bool same = (latched || differ(one, "a later feed returned another status")) &&
              same_outcome(one, decoder, status);
  if (!same) {
    add_splits(one, splits, count);
  }
  sl_decoder_free(decoder);
  return same;
}

bool sl_compare_whole(struct sl_case *one) {
  return sl_compare_split(one, NULL, 0);
}

bool sl_compare_bytewise(struct sl_case *one) {
  size_t count = one->length == 0 ? 0 : one->length - 1;
  size_t *splits = zeros(count, sizeof *splits);
  for (size_t i = 0; i < count; i++) {
    splits[i] = i + 1;
  }
  bool same = sl_compare_split(one, splits, count);
  free(splits);
  return same;
}

bool sl_compare_every_split(struct sl_case *one) {
  for (size_t split = one->length % sl_every(); split <= one->length; split += sl_every()) {
    if (!sl_compare_split(one, &split, 1)) {
      return false;
    }
  }
  return true;
}

bool sl_compare_every_pair_of_splits(struct sl_case *one) {
  for (size_t first = 1; first < one->length; first++) {
    for (size_t second = first + 1; second < one->length; second += sl_every()) {
      const size_t splits[] = {first, second};
      if (!sl_compare_split(one, splits, 2)) {
        return false;
      }
    }
  }
  return true;
}

static int ascending(const void *left, const void *right) {
  size_t a = *(const size_t *)left;
  size_t b = *(const size_t *)right;
  return (a > b) - (a < b);
}

bool sl_compare_random_splits(struct sl_case *one, struct sl_random *random, size_t times) {
  for (size_t i = 0; i < times; i++) {
    size_t splits[6];
    size_t count = 1 + sl_random_below(random, 6);
    for (size_t k = 0; k < count; k++) {
      splits[k] = sl_random_below(random, one->length + 1);
      if (sl_random_one_in(random, 2)) {
        splits[k] = splits[k] / 64 * 64 + sl_random_below(random, 3);
        splits[k] = splits[k] > one->length ? one->length : splits[k];
      }
    }
    qsort(splits, count, sizeof *splits, ascending);
    if (!sl_compare_split(one, splits, count)) {
      return false;
    }
  }
  return true;
}

bool sl_compare_thoroughly(struct sl_case *one) {
  if (!sl_compare_whole(one) || !sl_compare_bytewise(one)) {
    return false;
  }
  if (one->length > SINGLES_LENGTH) {
    struct sl_random random = {UINT64_C(88172645463325252) + one->length};
    return sl_compare_random_splits(one, &random, 40);
  }
  return sl_compare_every_split(one) &&
         (one->length > PAIRS_LENGTH || sl_compare_every_pair_of_splits(one));
}
