/*
 * Memory may run out at any allocation of a request. Each is made to fail in turn, alone and with
 * all that follow it: nothing crashes or is lost, and the request is answered as out of memory, or,
 * where it could do without, exactly as if nothing had happened.
 */
#include "core/codes.h"
#include "encode/encode.h"
#include "suite.h"
#include "support/append.h"
#include "support/failing_allocations.h"
#include "support/feed.h"
#include "support/request_writer.h"

#include <check.h>
#include <string.h>

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

/* No request has so many allocations. */
enum { MANY = 1000 };

enum { ANSWER_SPACE = 1 << 16, SMALL_BLOCK = 8 * 1024, LARGE_BLOCK = 128 * 1024, GUARD = 1024 };

struct outcome {
  struct sl_error error;
  char answer[ANSWER_SPACE];
  size_t length;
  uint64_t taken; /* of the budget, at the end */
  bool outside;   /* written beyond the block */
};

static void read_answer(struct outcome *outcome, const struct sl_decoder *decoder,
                        const struct sl_limits *limits, struct sl_budget *budget) {
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  struct sl_result result = {.budget = budget};
  struct sl_answer *answer = NULL;
  if (decoded->loss->evaluate(decoded->values, &result, &outcome->error) == SL_OK &&
      sl_answer_new(&answer, decoded, &result, limits, budget, &outcome->error) == SL_OK) {
    outcome->length = sl_answer_read(answer, outcome->answer, ANSWER_SPACE);
  }
  sl_answer_free(answer);
  sl_result_free(&result);
}

/* Reads a body in pieces of a few bytes and answers it, with a block of memory for what fits. */
static void answer_body(struct outcome *outcome, const char *loss, const struct sl_buffer *body,
                        size_t block_bytes) {
  static _Alignas(16) char block[LARGE_BLOCK + GUARD];
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_budget budget = {.granted = UINT64_MAX, .block = block, .block_bytes = block_bytes};
  outcome->error = SL_NO_ERROR;
  outcome->length = 0;
  memset(block, 0xa5, block_bytes + GUARD);
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(loss), &limits, &budget);
  if (decoder == NULL) {
    outcome->error.code = SL_OUT_OF_MEMORY;
    outcome->taken = budget.taken;
    return;
  }
  enum { PIECE = 200 };
  for (size_t at = 0; at < body->length; at += PIECE) {
    size_t left = body->length - at;
    sl_feed(decoder, body->bytes + at, left < PIECE ? left : PIECE);
  }
  if (sl_decoder_finish(decoder) == SL_OK) {
    read_answer(outcome, decoder, &limits, &budget);
  } else {
    outcome->error = *sl_decoder_error(decoder);
  }
  sl_decoder_free(decoder);
  outcome->taken = budget.taken;
  outcome->outside = memcmp(block + block_bytes, block + block_bytes + 1, GUARD - 1) != 0;
}

/* Makes the n-th allocation fail; returns whether there was one. */
static bool survives_failure(const char *loss, const struct sl_buffer *body, size_t block_bytes,
                             size_t n, bool onwards, const struct outcome *good) {
  static struct outcome outcome;
  long alive = sl_allocations_alive();
  sl_allocations_fail(n, onwards);
  answer_body(&outcome, loss, body, block_bytes);
  size_t failures = sl_allocations_succeed();
  ck_assert_msg(sl_allocations_alive() == alive, "allocation %zu fails: %ld blocks are lost", n,
                sl_allocations_alive() - alive);
  ck_assert_uint_eq(outcome.taken, 0);
  ck_assert(!outcome.outside);
  if (outcome.error.code == SL_OK) {
    ck_assert_msg(outcome.length == good->length &&
                      memcmp(outcome.answer, good->answer, good->length) == 0,
                  "allocation %zu fails: another answer", n);
  } else {
    ck_assert_uint_gt(failures, 0);
    ck_assert_msg(outcome.error.code == SL_OUT_OF_MEMORY,
                  "allocation %zu fails: %s (%s), body %.*s", n, sl_code_name(outcome.error.code),
                  outcome.error.message, (int)body->length, body->bytes);
  }
  return failures > 0;
}

/* Returns how many allocations there are. */
static size_t check_every_allocation(const char *loss, const struct sl_buffer *body,
                                     size_t block_bytes) {
  static struct outcome good;
  answer_body(&good, loss, body, block_bytes);
  ck_assert_msg(good.error.code == SL_OK, "%s", good.error.message);
  ck_assert_uint_gt(good.length, 0);
  ck_assert_uint_lt(good.length, ANSWER_SPACE);
  size_t n = 1;
  for (int onwards = 0; onwards < 2; onwards++) {
    for (n = 1; survives_failure(loss, body, block_bytes, n, onwards == 1, &good); n++) {
      ck_assert_uint_lt(n, MANY);
    }
  }
  return n - 1;
}

/* A large block takes all there is. */
static void check_blocks(const char *loss, const struct sl_buffer *body) {
  size_t all = check_every_allocation(loss, body, 0);
  size_t some = check_every_allocation(loss, body, SMALL_BLOCK);
  size_t few = check_every_allocation(loss, body, LARGE_BLOCK);
  ck_assert_uint_gt(all, 3);
  ck_assert_uint_lt(some, all);
  ck_assert_uint_eq(few, 0);
}

/* The writer's body with a wish for another form of answer in front. */
static void check_form(const char *loss, const struct sl_writer *writer, const char *form,
                       const char *encoding) {
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_format(&body, "{\"gradient\":\"%s\",\"gradient_encoding\":\"%s\",",
                                    form, encoding));
  ck_assert_int_eq(writer->text.bytes[0], '{');
  ck_assert(sl_buffer_append(&body, writer->text.bytes + 1, writer->text.length - 1));
  check_blocks(loss, &body);
  sl_buffer_free(&body);
}

static void check_forms(const char *loss, struct sl_writer *writer) {
  static const char *const forms[] = {"dense", "broadcast", "none"};
  static const char *const encodings[] = {"text", "f32", "f64", "indexed_f32", "indexed_f64"};
  for (size_t form = 0; form < 3; form++) {
    for (size_t encoding = 0; encoding < SL_ENCODING_COUNT; encoding++) {
      check_form(loss, writer, forms[form], encodings[encoding]);
    }
  }
  sl_writer_free(writer);
}

/* Numbers long enough that they are not read in the short way. */
static struct sl_writer writer_of(size_t order) {
  return (struct sl_writer){.numbers = order % 2 == 0 ? SL_NUMBERS_SHORT : SL_NUMBERS_WILD,
                            .escapes = order % 3 == 0,
                            .random = {order + 1}};
}

static struct sl_model_tensor tensor_of(enum sl_spelling spelling, size_t order) {
  const size_t shape[] = {3, 4, 35};
  struct sl_random random = {99};
  struct sl_model_tensor tensor = sl_model_tensor_new(spelling, 3, shape);
  tensor.order = order;
  sl_model_tensor_fill(&tensor, &random, 30, order % 2 == 0 ? 0 : 20);
  return tensor;
}

/* For every spelling of tensors (_i), with their members in every order. */
START_TEST(rates_survive_every_failure) {
  for (size_t order = 0; order < 6; order++) {
    struct sl_writer writer = writer_of(order);
    struct sl_model_tensor layers[] = {tensor_of((enum sl_spelling)_i, order),
                                       tensor_of((enum sl_spelling)_i, 5 - order),
                                       tensor_of(SL_SPELL_NESTED, order)};
    sl_write_rates_body(&writer, layers, 3, order);
    check_forms(RATES, &writer);
    for (size_t i = 0; i < 3; i++) {
      sl_model_tensor_free(&layers[i]);
    }
  }
}
END_TEST

START_TEST(populations_survive_every_failure) {
  for (size_t order = 0; order < 6; order++) {
    struct sl_writer writer = writer_of(order);
    struct sl_model_tensor spk = tensor_of((enum sl_spelling)_i, order);
    sl_write_population_body(&writer, &spk, 120 * order);
    check_forms(POPULATION, &writer);
    sl_model_tensor_free(&spk);
  }
}
END_TEST

/* Of every loss with its options, in an order and with words that the spelling (_i) chooses. */
START_TEST(losses_with_options_survive_every_failure) {
  for (size_t which = 2; sl_losses[which] != NULL; which++) {
    for (size_t order = 0; order < 3; order++) {
      struct sl_writer writer = writer_of(order);
      writer.random.state += (uint64_t)_i;
      struct sl_model_tensor tensors[] = {tensor_of((enum sl_spelling)_i, order),
                                          tensor_of((enum sl_spelling)_i, 5 - order)};
      bool layers = sl_losses[which]->fields[0].kind == SL_FIELD_SPIKES_LIST;
      sl_write_any_body(&writer, sl_losses[which], tensors, layers ? 2 : 1);
      check_forms(sl_losses[which]->name, &writer);
      sl_model_tensor_free(&tensors[0]);
      sl_model_tensor_free(&tensors[1]);
    }
  }
}
END_TEST

/* Four megabytes of text may come for a list: a node for each element would take a hundred. */
START_TEST(a_list_is_read_with_few_allocations_whatever_its_elements_are) {
  static const char *const elements[] = {"1", "1e0", "[]", "{}", "\"x\"", "null"};
  for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
    struct sl_buffer body = {0};
    ck_assert(sl_buffer_append_format(&body, "{\"targets\":[%s", elements[i]));
    for (size_t element = 1; element < 10000; element++) {
      ck_assert(sl_buffer_append_format(&body, ",%s", elements[i]));
    }
    ck_assert(sl_buffer_append_text(&body, "]"));
    struct sl_limits limits = SL_DEFAULT_LIMITS;
    struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(POPULATION), &limits, NULL);
    sl_allocations_fail(64, true);
    enum sl_status status = sl_feed(decoder, body.bytes, body.length);
    ck_assert_uint_eq(sl_allocations_succeed(), 0);
    ck_assert_int_eq(status, i < 2 ? SL_OK : SL_WRONG_TYPE);
    sl_decoder_free(decoder);
    sl_buffer_free(&body);
  }
}
END_TEST

int main(void) {
  sl_allocations_watch();
  Suite *suite = suite_create("no_memory");
  TCase *tests = tcase_create("no_memory");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, rates_survive_every_failure, 0, SL_SPELLING_COUNT);
  tcase_add_loop_test(tests, populations_survive_every_failure, 0, SL_SPELLING_COUNT);
  tcase_add_loop_test(tests, losses_with_options_survive_every_failure, 0, SL_SPELLING_COUNT);
  tcase_add_test(tests, a_list_is_read_with_few_allocations_whatever_its_elements_are);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
