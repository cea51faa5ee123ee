/*
 * What a request is said to take of memory, against what it takes: never less, while a body is read
 * in small pieces, and when it is complete and large hardly more than twice as much.
 */
#include "core/buffer.h"
#include "encode/encode.h"
#include "suite.h"
#include "support/failing_allocations.h"
#include "support/request_writer.h"
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
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(loss), &limits);
  ck_assert_ptr_nonnull(decoder);
  return decoder;
}

/* Grants everything, and remembers the most that it was asked for. */
struct listener {
  struct sl_memory_source source; /* first */
  const struct sl_decoder *decoder;
  uint64_t most; /* without the gradient */
};

/* 8 bytes for each accumulator that there is, or, of layers, for each of these. */
static uint64_t gradient_memory(const struct sl_decoder *decoder) {
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  bool layers = strcmp(decoded->loss->name, RATES) == 0;
  uint64_t numbers = 0;
  for (size_t field = 0; field < SL_MAX_FIELDS; field++) {
    const struct sl_value *value = &decoded->values[field];
    for (size_t item = 0; value->spikes != NULL && item < value->length; item++) {
      size_t accumulators = value->spikes[item].accumulators;
      numbers += layers && accumulators > 0 ? 1 : accumulators;
    }
  }
  return 8 * numbers;
}

static enum sl_status listen_to(struct sl_memory_source *source, uint64_t bytes,
                                struct sl_error *error) {
  (void)error;
  struct listener *listener = (void *)source;
  uint64_t of_gradient = gradient_memory(listener->decoder);
  ck_assert_uint_ge(bytes, sl_decoder_memory(listener->decoder) + of_gradient);
  bytes -= of_gradient;
  listener->most = bytes > listener->most ? bytes : listener->most;
  return SL_OK;
}

/* What is taken for a few bytes was asked for before them or with them. */
static void feed(struct sl_decoder *decoder, const struct sl_buffer *body) {
  enum { PIECE = 61 };
  struct listener listener = {
      .source.ask = listen_to, .decoder = decoder, .most = sl_decoder_memory(decoder)};
  sl_decoder_set_memory(decoder, &listener.source);
  for (size_t at = 0; at < body->length; at += PIECE) {
    size_t left = body->length - at;
    sl_decoder_feed(decoder, body->bytes + at, left < PIECE ? left : PIECE);
    size_t most = most_taken();
    ck_assert_msg(most <= listener.most + ROUNDING,
                  "byte %zu: %zu bytes are taken, %ju asked for, in %.*s", at, most,
                  (uintmax_t)listener.most, (int)(body->length < 200 ? body->length : 200),
                  body->bytes);
    listener.most = sl_decoder_memory(decoder);
  }
  sl_decoder_set_memory(decoder, NULL);
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
  struct sl_budget budget = {.granted = UINT64_MAX};
  struct sl_decoder *decoder = new_decoder(loss);
  feed(decoder, body);
  ck_assert_msg(sl_decoder_finish(decoder) == SL_OK, "%s", sl_decoder_error(decoder)->message);
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  uint64_t of_decoder = sl_decoder_memory(decoder);
  expect_close("the decoder", of_decoder, taken());

  ck_assert_msg(decoded->loss->evaluate(decoded->values, &result, &error) == SL_OK, "%s",
                error.message);
  size_t before = taken();
  sl_allocations_most_bytes();
  ck_assert_msg(sl_answer_new(&answer, decoded, &result, &limits, &budget, &error) == SL_OK, "%s",
                error.message);
  ck_assert_uint_le(most_taken() - before, budget.taken + ROUNDING);
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

static void check_list(const char *front, const char *item, const char *back) {
  struct sl_buffer body = {0};
  sl_buffer_append_text(&body, front);
  for (size_t i = 0; i < 3000; i++) {
    sl_buffer_append_text(&body, item);
    sl_buffer_append_text(&body, ",");
  }
  sl_buffer_append_text(&body, item);
  sl_buffer_append_text(&body, back);
  struct sl_decoder *decoder = new_decoder(RATES);
  feed(decoder, &body);
  sl_decoder_free(decoder);
  ck_assert_uint_eq(taken(), 0);
  sl_buffer_free(&body);
}

START_TEST(lists_of_numbers_take_no_more_than_they_say) {
  static const char *const items[] = {"1",  "1e0",  "0.30000000000000004",
                                      "[]", "\"\"", "{\"a\":\"b\"}"};
  for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
    check_list("{\"offsets\":[", items[i], "]}");
    check_list("{\"spikes_list\":[{\"shape\":[", items[i], "]}]}");
  }
  check_list("{\"gradient\":\"", "\\u00e9", "\"}");
}
END_TEST

/* What a source grants is what is asked for, and what it refuses is not filled. */
struct little {
  struct sl_memory_source source; /* first */
  uint64_t most;
  uint64_t asked;
};

static enum sl_status grant(struct sl_memory_source *source, uint64_t bytes,
                            struct sl_error *error) {
  struct little *little = (void *)source;
  little->asked = bytes;
  if (bytes > little->most) {
    return sl_fail(error, SL_BUSY, "no");
  }
  source->granted = bytes;
  return SL_OK;
}

/* The shape is known, the large arrays have been taken, and no page of them is in use. */
START_TEST(a_refusal_comes_between_a_shape_and_its_data) {
  static const char *const bodies[] = {
      "{\"spk\":{\"shape\":[1000,1,1000],\"encoding\":\"coo\",\"data\":[[0,0,0]",
      "{\"spk\":{\"data\":[[0,0,0]],\"encoding\":\"coo\",\"shape\":[1000,1,1000]}",
      "{\"spk\":{\"shape\":[1000,1,1000],\"data\":[0,1,1,1"};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    struct little little = {.source.ask = grant, .most = 1 << 20};
    struct sl_decoder *decoder = new_decoder(POPULATION);
    sl_decoder_set_memory(decoder, &little.source);
    ck_assert_int_eq(sl_decoder_feed(decoder, bodies[i], strlen(bodies[i])), SL_BUSY);
    ck_assert_uint_ge(little.asked, 8000000);
    const struct sl_spikes *spk = sl_decoder_decoded(decoder)->values[0].spikes;
    ck_assert_ptr_null(spk->ones);
    ck_assert_uint_eq(spk->values, 0);
    sl_decoder_free(decoder);
    ck_assert_uint_eq(taken(), 0);
  }
}
END_TEST

/* A number a pair, or one a layer. */
START_TEST(the_gradient_is_asked_for_with_the_accumulators) {
  enum { NEURONS = 100000 };
  static const char spikes[] = "{\"shape\":[1,1,100000],\"encoding\":\"coo\",\"data\":[";
  static const char *const losses[] = {POPULATION, RATES};
  static const char *const fronts[] = {"{\"spk\":", "{\"spikes_list\":["};
  static const size_t numbers[] = {NEURONS, 1};
  for (size_t i = 0; i < 2; i++) {
    struct little little = {.source.ask = grant, .most = 1 << 30};
    struct sl_decoder *decoder = new_decoder(losses[i]);
    sl_decoder_set_memory(decoder, &little.source);
    sl_decoder_feed(decoder, fronts[i], strlen(fronts[i]));
    ck_assert_int_eq(sl_decoder_feed(decoder, spikes, strlen(spikes)), SL_OK);
    uint64_t needed = sl_decoder_memory(decoder) + 8 * numbers[i];
    ck_assert_uint_ge(little.asked, needed);
    ck_assert_uint_le(little.asked, needed + ROUNDING); /* for the text of the shape, gone since */
    sl_decoder_free(decoder);
  }
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
  tcase_add_loop_test(tests, rates_take_no_more_than_they_say, 0, SL_SPELLING_COUNT);
  tcase_add_test(tests, many_small_layers_take_no_more_than_they_say);
  tcase_add_test(tests, lists_of_numbers_take_no_more_than_they_say);
  tcase_add_test(tests, the_gradient_is_asked_for_with_the_accumulators);
  tcase_add_test(tests, a_refusal_comes_between_a_shape_and_its_data);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
