#include "check_body.h"

#include "core/buffer.h"
#include "core/codes.h"
#include "encode/encode.h"
#include "kernels/kernels.h"
#include "support/compare.h"
#include "support/feed.h"
#include "support/reference_losses.h"
#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bits of the first byte; the character `0` means the loss of rates and large limits. The two
 * highest: one of the first two losses, or one of the three others. */
enum { IS_POPULATION = 1, FEW_PAIRS = 2, FLAT = 4, SHORT_MEMBERS = 8, NO_WAITING = 16, TERSE = 32 };

struct reading reading_from(const uint8_t bytes[READING_BYTES]) {
  unsigned bits = bytes[0] ^ '0';
  size_t other = (size_t)bits >> 6;
  struct reading reading = {
      .loss = sl_losses[other > 0 ? 1 + other : bits & IS_POPULATION],
      .limits = SL_DEFAULT_LIMITS,
      .seed = UINT64_C(1) << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3],
  };
  reading.limits.pairs = bits & FEW_PAIRS ? 30 : 100000;
  reading.limits.depth = bits & FLAT ? 4 : reading.limits.depth;
  reading.limits.member_bytes = bits & SHORT_MEMBERS ? 12 : reading.limits.member_bytes;
  reading.limits.deferred_bytes = bits & NO_WAITING ? 60 : reading.limits.deferred_bytes;
  reading.limits.answer_bytes = bits & TERSE ? 400 : 1 << 18;
  return reading;
}

__attribute__((format(printf, 1, 2))) _Noreturn static void complain(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", sl_kernels_name());
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

/* What comes of a body: an error, or an answer. */
struct outcome {
  struct sl_error error;
  double loss;
  struct sl_buffer answer;
};

static void feed_in_two(struct sl_decoder *decoder, const char *body, size_t length,
                        struct sl_random *random) {
  size_t first = sl_random_below(random, length + 1);
  sl_feed(decoder, body, first);
  sl_feed(decoder, body + first, length - first);
}

static void read_answer(struct outcome *outcome, struct sl_answer *answer,
                        struct sl_random *random) {
  uint64_t length = sl_answer_length(answer);
  if (!sl_buffer_reserve(&outcome->answer, (size_t)length + 1)) {
    abort();
  }
  for (size_t got = 1; got > 0; outcome->answer.length += got) {
    size_t space = 1 + sl_random_below(random, 5000);
    size_t left = (size_t)length + 1 - outcome->answer.length;
    got = sl_answer_read(answer, outcome->answer.bytes + outcome->answer.length,
                         space < left ? space : left);
  }
  if (outcome->answer.length != length) {
    complain("an answer of %llu bytes has %zu", (unsigned long long)length, outcome->answer.length);
  }
}

static struct outcome answer_body(const struct reading *reading, const char *body, size_t length) {
  struct outcome outcome = {.error = SL_NO_ERROR};
  struct sl_random random = {reading->seed};
  struct sl_decoder *decoder = sl_decoder_new(reading->loss, &reading->limits, NULL);
  if (decoder == NULL) {
    abort();
  }
  feed_in_two(decoder, body, length, &random);
  struct sl_result result = {0};
  struct sl_answer *answer = NULL;
  if (sl_decoder_finish(decoder) != SL_OK) {
    outcome.error = *sl_decoder_error(decoder);
  } else if (reading->loss->evaluate(sl_decoder_decoded(decoder)->values, &result,
                                     &outcome.error) == SL_OK) {
    outcome.loss = result.loss;
    sl_answer_new(&answer, sl_decoder_decoded(decoder), &result, &reading->limits, NULL,
                  &outcome.error);
  }
  if (answer != NULL) {
    read_answer(&outcome, answer, &random);
  }
  sl_answer_free(answer);
  sl_result_free(&result);
  sl_decoder_free(decoder);
  return outcome;
}

static void check_same(const struct outcome *first, const struct outcome *other) {
  const struct sl_error *left = &first->error;
  const struct sl_error *right = &other->error;
  if (left->code != right->code || left->offset != right->offset ||
      strcmp(left->pointer, right->pointer) != 0 || strcmp(left->message, right->message) != 0) {
    complain("%s (%s), but scalar kernels say %s (%s)", sl_code_name(right->code), right->message,
             sl_code_name(left->code), left->message);
  }
  if (first->answer.length != other->answer.length ||
      (first->answer.length > 0 &&
       memcmp(first->answer.bytes, other->answer.bytes, first->answer.length) != 0)) {
    complain("another answer than that of scalar kernels");
  }
}

/* One line of JSON, whose loss is that of the reference. */
static void check_answer(const struct outcome *outcome, const struct sl_reference *reference) {
  const struct sl_buffer *text = &outcome->answer;
  cJSON *json = cJSON_ParseWithLength(text->bytes, text->length);
  const cJSON *said = cJSON_GetObjectItemCaseSensitive(json, "loss");
  double loss;
  if (json == NULL || text->bytes[text->length - 1] != '\n') {
    complain("the answer is no line of JSON: %.*s", (int)text->length, text->bytes);
  }
  if (!cJSON_IsNumber(said) || said->valuedouble != outcome->loss) {
    complain("the loss is %.17g, but the answer says another", outcome->loss);
  }
  if (sl_reference_loss(reference, &loss) && !sl_reference_agrees(reference, loss, outcome->loss)) {
    complain("the loss is %.17g, the reference says %.17g", outcome->loss, loss);
  }
  cJSON_Delete(json);
}

static void check_decoder(const struct reading *reading, const struct sl_reference *reference,
                          const char *body, size_t length) {
  struct sl_case one = sl_case_new(reference, &reading->limits, body, length);
  struct sl_random random = {reading->seed};
  if (!sl_compare_whole(&one) || !sl_compare_random_splits(&one, &random, 2)) {
    complain("%s", one.difference);
  }
}

/* Asking the processor takes long on a virtual machine: once is enough. */
static const char *const *kernel_names(void) {
  static const char *names[8];
  static bool asked;
  for (size_t i = 0; !asked && sl_kernels_variant(i) != NULL; i++) {
    names[i] = sl_kernels_variant(i)->name;
  }
  asked = true;
  return names;
}

void check_body(const struct reading *reading, const char *body, size_t length) {
  struct sl_reference *reference = sl_reference_read(reading->loss, &reading->limits, body, length);
  bool ok = reference->error.code == SL_OK;
  if (ok && !sl_reference_agrees_with_cjson(reference, body, length)) {
    complain("cJSON sees another body than the reference");
  }
  struct outcome first = {0};
  for (const char *const *name = kernel_names(); *name != NULL; name++) {
    sl_kernels_choose(*name);
    check_decoder(reading, reference, body, length);
    struct outcome outcome = answer_body(reading, body, length);
    if (name == kernel_names()) {
      first = outcome;
      continue;
    }
    check_same(&first, &outcome);
    sl_buffer_free(&outcome.answer);
  }
  if (first.error.code == SL_OK) {
    check_answer(&first, reference);
  }
  sl_buffer_free(&first.answer);
  sl_reference_free(reference);
}
