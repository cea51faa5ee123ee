/*
 * The memory that reading a body takes, against what is charged to its budget: charged before it is
 * taken, while a body is read in small pieces, and given back when the decoder is freed. And work
 * that is too long to be done between two pieces.
 */
#include "core/codes.h"
#include "decode/request.h"
#include "suite.h"
#include "support/append.h"
#include "support/failing_allocations.h"
#include "support/feed.h"
#include "support/request_writer.h"
#include <check.h>
#include <malloc.h>
#include <string.h>

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

/* The allocator gives a little more than it was asked for. */
enum { ROUNDING = 1024, PIECE = 61 };

/* A budget that grants up to a bound, and says no beyond it. */
struct bounded {
  struct sl_budget budget; /* first */
  uint64_t bound;
};

static enum sl_status grow(struct sl_budget *budget, uint64_t bytes, struct sl_error *error) {
  const struct bounded *bounded = (const void *)budget;
  if (bytes > bounded->bound) {
    return sl_fail(error, SL_BUSY, "no");
  }
  budget->granted = bytes;
  return SL_OK;
}

static struct bounded bounded_by(uint64_t bytes) {
  return (struct bounded){.budget.grow = grow, .bound = bytes};
}

static struct sl_decoder *new_decoder(const char *loss, struct bounded *bounded) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(loss), &limits, &bounded->budget);
  ck_assert_ptr_nonnull(decoder);
  return decoder;
}

/* Returns the first status that is not good. */
static enum sl_status check_body(const char *loss, const struct sl_buffer *body) {
  struct bounded bounded = bounded_by(UINT64_MAX);
  size_t before = sl_allocations_bytes();
  struct sl_decoder *decoder = new_decoder(loss, &bounded);
  enum sl_status status = SL_OK;
  for (size_t at = 0; status == SL_OK && at < body->length; at += PIECE) {
    size_t left = body->length - at;
    status = sl_feed(decoder, body->bytes + at, left < PIECE ? left : PIECE);
    uint64_t charged = bounded.budget.taken;
    size_t taken = sl_allocations_bytes() - before;
    ck_assert_msg(taken <= charged + charged / 16 + ROUNDING,
                  "byte %zu: %zu bytes are taken, %ju charged, in %.*s", at, taken,
                  (uintmax_t)charged, (int)(body->length < 200 ? body->length : 200), body->bytes);
  }
  sl_decoder_free(decoder);
  ck_assert_uint_eq(bounded.budget.taken, 0);
  ck_assert_uint_eq(sl_allocations_bytes(), before);
  return status;
}

/* For every spelling of tensors (_i), with shape first and last, without and with graded values. */
START_TEST(what_a_body_takes_is_charged) {
  const size_t shape[] = {24, 2, 1000};
  struct sl_random random = {5};
  for (size_t order = 0; order < 6; order += 2) {
    for (size_t graded = 0; graded <= 5; graded += 5) {
      struct sl_writer writer = {.random = {order + 1}};
      struct sl_model_tensor tensor = sl_model_tensor_new((enum sl_spelling)_i, 3, shape);
      tensor.order = order;
      sl_model_tensor_fill(&tensor, &random, 30, graded);
      sl_write_population_body(&writer, &tensor, 120 * order);
      ck_assert_int_eq(check_body(POPULATION, &writer.text), SL_OK);
      sl_writer_free(&writer);
      sl_model_tensor_free(&tensor);
    }
  }
}
END_TEST

static struct sl_buffer repeated(const char *front, const char *item, size_t count,
                                 const char *back) {
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_text(&body, front));
  for (size_t i = 0; i < count; i++) {
    ck_assert(sl_buffer_append_format(&body, "%s%s", i > 0 ? "," : "", item));
  }
  ck_assert(sl_buffer_append_text(&body, back));
  return body;
}

START_TEST(what_lists_take_is_charged) {
  static const char *const fronts[] = {"{\"offsets\":[", "{\"spikes_list\":[",
                                       "{\"gradient\":\"none\",\"multipliers\":["};
  static const char *const items[] = {"1", "[1]", "1e0"};
  for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
    struct sl_buffer body = repeated(fronts[i], items[i], 1000, "]");
    ck_assert_int_eq(check_body(RATES, &body), SL_OK);
    sl_buffer_free(&body);
  }
}
END_TEST

/* The second list of tensors begins when the memory of the first one is known. */
START_TEST(what_a_refused_body_has_taken_is_given_back) {
  static const char *const backs[] = {"]x", ",null]", "],\"spikes_list\":1", "],\"targets\":[1.5]"};
  for (size_t i = 0; i < sizeof backs / sizeof *backs; i++) {
    struct sl_buffer body =
        repeated("{\"spikes_list\":[", "{\"shape\":[1],\"data\":[2]}", 100, backs[i]);
    ck_assert_int_ne(check_body(RATES, &body), SL_OK);
    sl_buffer_free(&body);
  }
}
END_TEST

/* Nothing is taken that is not granted, and what refuses is passed on. */
START_TEST(a_body_beyond_its_budget_is_refused) {
  enum { BOUND = 64 * 1024 };
  static const char *const fronts[] = {"{\"targets\":[", "{\"spk\":{\"data\":[",
                                       "{\"spk\":{\"encoding\":\"coo\",\"data\":["};
  static const char *const items[] = {"1", "0.5", "[1]"};
  for (size_t i = 0; i < sizeof fronts / sizeof *fronts; i++) {
    struct bounded bounded = bounded_by(BOUND);
    struct sl_buffer body = repeated(fronts[i], items[i], i < 2 ? 20000 : 0, "");
    for (size_t entry = 0; i == 2 && entry < 20000; entry++) {
      ck_assert(sl_buffer_append_format(&body, "%s[%zu]", entry > 0 ? "," : "", entry));
    }
    size_t before = sl_allocations_bytes();
    struct sl_decoder *decoder = new_decoder(POPULATION, &bounded);
    ck_assert_int_eq(sl_feed(decoder, body.bytes, body.length), SL_BUSY);
    ck_assert_str_eq(
        sl_decoder_error(decoder)->message + strlen(sl_decoder_error(decoder)->message) - 2, "no");
    ck_assert_uint_le(sl_allocations_bytes() - before, BOUND + ROUNDING + body.capacity);
    sl_decoder_free(decoder);
    ck_assert_uint_eq(bounded.budget.taken, 0);
    sl_buffer_free(&body);
  }
}
END_TEST

START_TEST(a_decoder_beyond_its_budget_is_none) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct bounded bounded = bounded_by(100);
  ck_assert_ptr_null(sl_decoder_new(sl_loss_find(RATES), &limits, &bounded.budget));
  ck_assert_uint_eq(bounded.budget.taken, 0);
}
END_TEST

/* Two megabytes of base64 that must wait for their shape, then the shape and another layer. */
static struct sl_buffer body_with_work(void) {
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_text(&body, "{\"spikes_list\":[{\"data\":\""));
  for (size_t i = 0; i < 512 * 1024; i++) {
    ck_assert(sl_buffer_append_text(&body, "AAAA"));
  }
  ck_assert(sl_buffer_append_format(&body,
                                    "\",\"encoding\":\"bits\",\"shape\":[%d]},[1]],"
                                    "\"offsets\":[1,1],\"multipliers\":[1,1]}",
                                    512 * 1024 * 3 * 8));
  return body;
}

START_TEST(counting_much_deferred_data_is_work_of_its_own) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = UINT64_C(1) << 30;
  struct sl_buffer body = body_with_work();
  const char *after_shape = strstr(body.bytes, "]},[1]]") + 1;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(RATES), &limits, NULL);
  size_t consumed = 0;
  ck_assert_int_eq(sl_decoder_feed(decoder, body.bytes, body.length, &consumed), SL_HAS_WORK);
  ck_assert_ptr_eq(body.bytes + consumed, after_shape);
  size_t none = 1;
  ck_assert_int_eq(sl_decoder_feed(decoder, after_shape, 5, &none), SL_HAS_WORK);
  ck_assert_uint_eq(none, 0);
  ck_assert_int_eq(sl_decoder_work(decoder), SL_OK);
  ck_assert_int_eq(sl_decoder_feed(decoder, after_shape, body.length - consumed, &none), SL_OK);
  ck_assert_uint_eq(none, body.length - consumed);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_OK);
  const struct sl_value *layers = &sl_decoder_decoded(decoder)->values[0];
  ck_assert_uint_eq(layers->length, 2);
  ck_assert_uint_eq(layers->spikes[0].neurons, 512 * 1024 * 3 * 8);
  ck_assert_uint_eq(sl_spikes_count(&layers->spikes[0]), 0);
  ck_assert_uint_eq(sl_spikes_count(&layers->spikes[1]), 1);
  sl_decoder_free(decoder);
  sl_buffer_free(&body);
}
END_TEST

START_TEST(work_may_end_in_an_error) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = UINT64_C(1) << 30;
  struct sl_buffer body = body_with_work();
  memcpy(strstr(body.bytes, "AAAA\",") + 3, "B", 1);
  strstr(body.bytes, "]},[1]]")[-1] -= 1; /* one value fewer */
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(RATES), &limits, NULL);
  size_t consumed = 0;
  ck_assert_int_eq(sl_decoder_feed(decoder, body.bytes, body.length, &consumed), SL_HAS_WORK);
  ck_assert_int_eq(sl_decoder_work(decoder), SL_NONZERO_PADDING);
  ck_assert_int_eq(sl_decoder_feed(decoder, "x", 1, &consumed), SL_NONZERO_PADDING);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_NONZERO_PADDING);
  ck_assert_str_eq(sl_decoder_error(decoder)->pointer, "/spikes_list/0/data");
  sl_decoder_free(decoder);
  sl_buffer_free(&body);
}
END_TEST

int main(void) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20); /* hardly anything is rounded up to pages, or slow */
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  sl_allocations_watch();
  Suite *suite = suite_create("decode_memory");
  TCase *tests = tcase_create("decode_memory");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, what_a_body_takes_is_charged, 0, SL_SPELLING_COUNT);
  tcase_add_test(tests, what_lists_take_is_charged);
  tcase_add_test(tests, what_a_refused_body_has_taken_is_given_back);
  tcase_add_test(tests, a_body_beyond_its_budget_is_refused);
  tcase_add_test(tests, a_decoder_beyond_its_budget_is_none);
  tcase_add_test(tests, counting_much_deferred_data_is_work_of_its_own);
  tcase_add_test(tests, work_may_end_in_an_error);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
