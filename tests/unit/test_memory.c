/*
 * What an answer is said to take of memory, against what it takes: never less, and where it is
 * large hardly more than twice as much. What reading a body takes: test_decode_memory.c.
 */
#include "core/buffer.h"
#include "suite.h"
#include "support/failing_allocations.h"
#include "support/feed.h"
#include "support/request_writer.h"
#include "wire/answer_memory.h"
#include "wire/encode.h"
#include <check.h>
#include <malloc.h>
#include <string.h>

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

/* Requests of a few kilobytes have a bound of their own: rows that wait, pieces of an answer. */
enum { SMALL = 192 * 1024 };

/* The allocator gives a little more than it was asked for. */
enum { ROUNDING = 512 };

static size_t alive_before;

static size_t most_taken(void) {
  return sl_allocations_most_bytes() - alive_before;
}

static size_t taken(void) {
  return sl_allocations_bytes() - alive_before;
}

static struct sl_decoder *new_decoder(const char *loss) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  sl_allocations_most_bytes();
  alive_before = sl_allocations_bytes();
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(loss), &limits, NULL);
  ck_assert_ptr_nonnull(decoder);
  return decoder;
}

static void feed(struct sl_decoder *decoder, const struct sl_buffer *body) {
  enum { PIECE = 61 };
  for (size_t at = 0; at < body->length; at += PIECE) {
    size_t left = body->length - at;
    sl_feed(decoder, body->bytes + at, left < PIECE ? left : PIECE);
  }
}

static void expect_close(const char *what, uint64_t said, size_t really) {
  ck_assert_msg(really <= said + ROUNDING, "%s: %zu bytes are taken, %ju said", what, really,
                (uintmax_t)said);
  ck_assert_msg(said <= 2 * really + SMALL, "%s: %zu bytes are taken, but %ju said", what, really,
                (uintmax_t)said);
}

static void check_body(const char *loss, const struct sl_buffer *body) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result = {0};
  struct sl_answer *answer = NULL;
  struct sl_decoder *decoder = new_decoder(loss);
  feed(decoder, body);
  ck_assert_msg(sl_decoder_finish(decoder) == SL_OK, "%s", sl_decoder_error(decoder)->message);
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  uint64_t of_decoder = taken();
  sl_allocations_most_bytes(); /* forgets what reading took for a while */

  ck_assert_msg(decoded->loss->evaluate(decoded->values, &result, &error) == SL_OK, "%s",
                error.message);
  expect_close("the result", of_decoder + sl_result_memory(decoded), most_taken());
  uint64_t of_answer = of_decoder + sl_answer_memory(decoded, &result);
  ck_assert_msg(sl_answer_new(&answer, decoded, &result, &limits, &error) == SL_OK, "%s",
                error.message);
  expect_close("the answer", of_answer, most_taken());
  sl_answer_free(answer);
  sl_decoder_free(decoder);
  ck_assert_uint_eq(taken(), 0);
}

static void check_form(const char *loss, const struct sl_writer *writer, const char *form,
                       const char *encoding) {
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_format(&body, "{\"gradient\":\"%s\",\"gradient_encoding\":\"%s\",",
                                    form, encoding));
  ck_assert(sl_buffer_append(&body, writer->text.bytes + 1, writer->text.length - 1));
  check_body(loss, &body);
  sl_buffer_free(&body);
}

static void check_forms(const char *loss, struct sl_writer *writer) {
  check_form(loss, writer, "dense", "text");
  check_form(loss, writer, "broadcast", "f64");
  sl_writer_free(writer);
}

/* Large enough to tell: up to a megabyte of accumulators. */
static struct sl_model_tensor tensor_of(enum sl_spelling spelling, size_t order, size_t graded) {
  const size_t shape[] = {24, 2, 1000};
  struct sl_random random = {5};
  struct sl_model_tensor tensor = sl_model_tensor_new(spelling, 3, shape);
  tensor.order = order;
  sl_model_tensor_fill(&tensor, &random, 30, graded);
  return tensor;
}

/* For every spelling of tensors (_i), shape first and last, without and with graded values. */
START_TEST(populations_take_no_more_than_they_say) {
  for (size_t order = 0; order < 6; order += 3) {
    for (size_t graded = 0; graded <= 5; graded += 5) {
      struct sl_writer writer = {.random = {order + 1}};
      struct sl_model_tensor spk = tensor_of((enum sl_spelling)_i, order, graded);
      sl_write_population_body(&writer, &spk, 120 * order);
      check_forms(POPULATION, &writer);
      sl_model_tensor_free(&spk);
    }
  }
}
END_TEST

/* Rows are as long as an answer has numbers: of a tensor that repeats along time (two steps), and
 * of one in which nothing does, short enough to be a list of literal text and too long for that. */
START_TEST(wide_rows_take_no_more_than_they_say) {
  static const size_t shapes[][3] = {{1, 2, 100000}, {1, 1, 100000}, {1, 1, 150000}};
  static const char *const forms[][2] = {
      {"dense", "text"}, {"broadcast", "text"}, {"dense", "f32"}, {"none", "text"}};
  struct sl_random random = {7};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    struct sl_writer writer = {.random = {i + 1}};
    struct sl_model_tensor spk = sl_model_tensor_new((enum sl_spelling)_i, 3, shapes[i]);
    sl_model_tensor_fill(&spk, &random, 30, 0);
    sl_write_population_body(&writer, &spk, 0);
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
      check_form(POPULATION, &writer, forms[form][0], forms[form][1]);
    }
    sl_writer_free(&writer);
    sl_model_tensor_free(&spk);
  }
}
END_TEST

/* 8 bytes a number of the gradient, and 25 of its text: 24 and a comma. */
START_TEST(a_wide_row_of_text_is_charged_as_its_longest_numbers_would_be) {
  enum { NEURONS = 100000, OTHERS = 64 * 1024 };
  static const char body[] =
      "{\"spk\":{\"shape\":[1,2,100000],\"encoding\":\"coo\",\"data\":[]},\"targets\":[0],"
      "\"num_classes\":1,\"neurons_per_class\":100000,\"correct_rate\":1,\"incorrect_rate\":0}";
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result = {0};
  struct sl_decoder *decoder = new_decoder(POPULATION);
  sl_feed(decoder, body, sizeof body - 1);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_OK);
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  ck_assert_int_eq(decoded->loss->evaluate(decoded->values, &result, &error), SL_OK);
  uint64_t said = sl_answer_memory(decoded, &result);
  ck_assert_uint_ge(said, (8 + 25) * NEURONS);
  ck_assert_uint_le(said, (8 + 25) * NEURONS + OTHERS);
  sl_result_free(&result);
  sl_decoder_free(decoder);
}
END_TEST

START_TEST(rates_take_no_more_than_they_say) {
  for (size_t order = 0; order < 6; order += 3) {
    for (size_t graded = 0; graded <= 5; graded += 5) {
      struct sl_writer writer = {.random = {order + 1}};
      struct sl_model_tensor layers[] = {tensor_of((enum sl_spelling)_i, order, graded),
                                         tensor_of((enum sl_spelling)_i, 5 - order, 0)};
      sl_write_rates_body(&writer, layers, 2, order);
      check_forms(RATES, &writer);
      sl_model_tensor_free(&layers[0]);
      sl_model_tensor_free(&layers[1]);
    }
  }
}
END_TEST

START_TEST(many_small_layers_take_no_more_than_they_say) {
  enum { LAYERS = 1000 };
  struct sl_buffer body = {0};
  sl_buffer_append_text(&body, "{\"spikes_list\":[");
  for (size_t i = 0; i < LAYERS; i++) {
    sl_buffer_append_text(&body, i == 0       ? "[1]"
                                 : i % 2 == 0 ? ",[0]"
                                              : ",{\"shape\":[1],\"data\":[0.5]}");
  }
  sl_buffer_append_text(&body, "],\"offsets\":[0.2");
  for (size_t i = 1; i < LAYERS; i++) {
    sl_buffer_append_text(&body, ",0.2");
  }
  sl_buffer_append_text(&body, "],\"multipliers\":[1");
  for (size_t i = 1; i < LAYERS; i++) {
    sl_buffer_append_text(&body, ",1");
  }
  sl_buffer_append_text(&body, "]}");
  check_body(RATES, &body);
  sl_buffer_free(&body);
}
END_TEST

int main(void) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20); /* hardly anything is rounded up to pages, or slow */
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  sl_allocations_watch();
  Suite *suite = suite_create("memory");
  TCase *tests = tcase_create("memory");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, populations_take_no_more_than_they_say, 0, SL_SPELLING_COUNT);
  tcase_add_loop_test(tests, wide_rows_take_no_more_than_they_say, SL_SPELL_NESTED,
                      SL_SPELL_BITS + 1);
  tcase_add_test(tests, a_wide_row_of_text_is_charged_as_its_longest_numbers_would_be);
  tcase_add_loop_test(tests, rates_take_no_more_than_they_say, 0, SL_SPELLING_COUNT);
  tcase_add_test(tests, many_small_layers_take_no_more_than_they_say);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
