/*
 * Memory of answers: what they are charged for is what they take, within a bound whatever their
 * shape is; what cannot be had is refused without a trace; and reading takes none.
 */
#include "../support/question.h"
#include "core/codes.h"
#include "suite.h"
#include "support/failing_allocations.h"

#include <check.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The allocator gives a little more than it was asked for. */
enum { ROUNDING = 512 };

/* Text around the numbers, and the first copies of short rows. */
enum { SMALL = 48 * 1024 };

static enum sl_status refuse(struct sl_budget *budget, uint64_t bytes, struct sl_error *error) {
  return sl_fail(error, SL_BUSY, "%ju bytes are more than %ju", (uintmax_t)bytes,
                 (uintmax_t)budget->granted);
}

static const struct {
  size_t shape[3];
  size_t small_shape[3];
} tensors[] = {
    {{1, 1, 1}, {1, 1, 1}},
    {{2, 3, 4}, {2, 1, 4}},
    {{2, 3, 4}, {1, 1, 1}},
    {{30, 100, 1000}, {1, 1, 1}},
    {{30, 20, 1000}, {30, 1, 1000}},
    {{1, 2, 100000}, {1, 1, 100000}},
    {{2, 2, 200000}, {2, 1, 200000}},
    {{2, 2, 1000000}, {2, 1, 1000000}}, /* too long to be kept */
    {{120, 1, 1000}, {120, 1, 1000}},   /* literal text, if flat */
    {{1, 1, 1000000}, {1, 1, 1000000}},
};

enum { TENSORS = sizeof tensors / sizeof *tensors, FORMS = 2 * SL_ENCODING_COUNT * 2 };

/* -0.00017…, with 23 characters; each is another. */
static double long_number(size_t index) {
  return -0x1.6a09e667f3bcdp-13 - (double)index * 0x1.23p-60;
}

/* Of values for a table if it may be nested, which is all the same to encodings with tables. */
static void add_tensor(struct question *question, size_t tensor, size_t field, size_t item) {
  bool indexed = question->decoded.encoding >= SL_ENCODING_INDEXED_F32;
  size_t different = indexed && question->nested[field][0] ? 256 : SIZE_MAX;
  struct sl_gradient *gradient =
      add(question, field, item, 3, tensors[tensor].shape, tensors[tensor].small_shape);
  for (size_t i = 0; i < gradient->count; i++) {
    gradient->values[i] = long_number(i % different);
  }
}

static void ask_in_form(struct question *question, int form) {
  ask(question, form % 4 < 2 ? SL_GRADIENT_DENSE : SL_GRADIENT_BROADCAST,
      (enum sl_gradient_encoding)(form / 4));
  for (size_t field = 0; field < 4; field++) {
    question->nested[field][0] = form % 2 == 0;
  }
  question->limits.answer_bytes = UINT64_MAX;
}

static void ask_about(struct question *question, int tensor, int form) {
  ask_in_form(question, form);
  add_tensor(question, (size_t)tensor, SPK, 0);
}

static uint64_t read_all(struct sl_answer *answer) {
  static char bytes[128 * 1024];
  uint64_t length = 0;
  size_t read;
  while ((read = sl_answer_read(answer, bytes, sizeof bytes)) > 0) {
    length += read;
  }
  return length;
}

/* Answers a question within a budget; returns what was charged, beyond the result itself. */
static uint64_t charge_of(struct question *question) {
  struct sl_budget budget = {.granted = SL_MAX_KEPT_TEXT + SMALL, .grow = refuse};
  question->budget = &budget;
  size_t before = sl_allocations_bytes();
  sl_allocations_most_bytes();
  struct sl_answer *answer = answer_of(question);
  uint64_t charged = budget.taken;
  size_t taken = sl_allocations_most_bytes() - before;
  if (taken > charged + ROUNDING || charged > taken + ROUNDING) {
    ck_abort_msg("%zu bytes are taken, %ju charged", taken, (uintmax_t)charged);
  }
  sl_allocations_fail(1, true);
  uint64_t length = read_all(answer);
  ck_assert_uint_eq(sl_allocations_succeed(), 0);
  ck_assert_uint_eq(length, sl_answer_length(answer));
  ck_assert_uint_eq(budget.taken, charged);
  sl_answer_free(answer);
  ck_assert_uint_eq(budget.taken, 0);
  return charged;
}

START_TEST(an_answer_is_charged_what_it_takes_and_no_more_than_its_bound) {
  for (int form = 0; form < FORMS; form++) {
    struct question question;
    long alive = sl_allocations_alive();
    ask_about(&question, _i, form);
    charge_of(&question);
    ck_assert_int_eq(sl_allocations_alive(), alive);
  }
}
END_TEST

START_TEST(lists_of_literal_text_and_rows_share_the_bound) {
  struct question question;
  ask_in_form(&question, 0);
  add_tensor(&question, 5, LAYERS, 0);
  struct sl_gradient *list = add(&question, OFFSETS, 0, 1, (size_t[]){131072}, (size_t[]){131072});
  for (size_t i = 0; i < list->count; i++) {
    list->values[i] = long_number(i);
  }
  ck_assert_uint_gt(charge_of(&question), 131072 * 22);
}
END_TEST

START_TEST(base64_takes_no_memory_whatever_the_shape_is) {
  for (int tensor = 0; tensor < TENSORS; tensor++) {
    for (int encoding = SL_ENCODING_F32; encoding <= SL_ENCODING_F64; encoding++) {
      struct question question;
      ask_about(&question, tensor, 4 * encoding);
      ck_assert_uint_lt(charge_of(&question), 4096);
    }
  }
}
END_TEST

START_TEST(indexed_gradients_take_the_length_of_their_text_and_the_longest_table) {
  for (int encoding = SL_ENCODING_INDEXED_F32; encoding < SL_ENCODING_COUNT; encoding++) {
    struct question question;
    ask_about(&question, 9, 4 * encoding); /* few values */
    ck_assert_uint_lt(charge_of(&question), 1000000 / 3 * 4 + 8192);
    ask_about(&question, 9, 4 * encoding + 1); /* too many, which are made while they are read */
    ck_assert_uint_lt(charge_of(&question), 1000000 / 3 * 4 + 8192);
  }
}
END_TEST

/* The status of an answer that must fail, and leave nothing. */
static void check_failure(struct question *question, struct sl_budget *budget,
                          enum sl_status expected) {
  struct sl_answer *answer = (struct sl_answer *)question;
  question->budget = budget;
  enum sl_status status = sl_answer_new(&answer, &question->decoded, &question->result,
                                        &question->limits, budget, &question->error);
  sl_allocations_succeed();
  ck_assert_str_eq(sl_code_name(status), sl_code_name(expected));
  ck_assert_int_eq(question->error.code, expected);
  ck_assert_ptr_null(answer);
  ck_assert_ptr_null(question->result.gradients);
  ck_assert_uint_eq(budget->taken, 0);
}

START_TEST(a_budget_that_is_too_small_is_refused_without_a_trace) {
  for (int form = 0; form < FORMS; form++) {
    struct question question;
    long alive = sl_allocations_alive();
    ask_about(&question, _i, form);
    uint64_t charged = charge_of(&question);
    for (uint64_t granted = 0; granted < charged; granted += granted < 4000 ? 97 : charged / 7) {
      struct sl_budget budget = {.granted = granted, .grow = refuse};
      ask_about(&question, _i, form);
      check_failure(&question, &budget, SL_BUSY);
    }
    struct sl_budget budget = {.granted = charged - 1, .grow = refuse};
    ask_about(&question, _i, form);
    check_failure(&question, &budget, SL_BUSY);
    ck_assert_int_eq(sl_allocations_alive(), alive);
  }
}
END_TEST

START_TEST(an_answer_survives_the_failure_of_each_allocation) {
  for (int form = 0; form < FORMS; form++) {
    bool failed = true;
    long alive = sl_allocations_alive();
    size_t n = 1;
    for (; failed; n++) {
      struct sl_budget budget = {.granted = UINT64_MAX, .grow = refuse};
      struct question question;
      ask_for_everything(&question, form % 4 < 2 ? SL_GRADIENT_DENSE : SL_GRADIENT_BROADCAST,
                         (enum sl_gradient_encoding)(form / 4));
      question.nested[SPK][0] = form % 2 == 0;
      add_tensor(&question, 8, SPK, 0);
      struct sl_answer *answer = NULL;
      sl_allocations_fail(n, false);
      sl_answer_new(&answer, &question.decoded, &question.result, &question.limits, &budget,
                    &question.error);
      failed = sl_allocations_succeed() > 0;
      ck_assert_int_eq(question.error.code, failed ? SL_OUT_OF_MEMORY : SL_OK);
      ck_assert(failed == (answer == NULL));
      sl_answer_free(answer);
      ck_assert_uint_eq(budget.taken, 0);
      ck_assert_int_eq(sl_allocations_alive(), alive);
    }
    ck_assert_uint_gt(n, 4); /* the answer, its segments, and literal text */
  }
}
END_TEST

START_TEST(an_answer_above_the_limit_is_refused_before_memory_for_rows_is_taken) {
  struct sl_budget budget = {.granted = 8192, .grow = refuse};
  struct question question;
  ask_about(&question, 5, 0);
  question.limits.answer_bytes = 1000000;
  check_failure(&question, &budget, SL_ANSWER_TOO_LARGE);
}
END_TEST

START_TEST(an_answer_without_a_budget_has_no_bound) {
  struct question question;
  ask_about(&question, 6, 0);
  struct sl_answer *answer = answer_of(&question);
  ck_assert_uint_eq(read_all(answer), sl_answer_length(answer));
  sl_answer_free(answer);
}
END_TEST

int main(void) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20); /* hardly anything is rounded up to pages */
  sl_allocations_watch();
  Suite *suite = suite_create("encode_memory");
  TCase *tests = tcase_create("encode_memory");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, an_answer_is_charged_what_it_takes_and_no_more_than_its_bound, 0,
                      TENSORS);
  tcase_add_test(tests, lists_of_literal_text_and_rows_share_the_bound);
  tcase_add_test(tests, base64_takes_no_memory_whatever_the_shape_is);
  tcase_add_test(tests, indexed_gradients_take_the_length_of_their_text_and_the_longest_table);
  tcase_add_loop_test(tests, a_budget_that_is_too_small_is_refused_without_a_trace, 0, 6);
  tcase_add_test(tests, an_answer_survives_the_failure_of_each_allocation);
  tcase_add_test(tests, an_answer_above_the_limit_is_refused_before_memory_for_rows_is_taken);
  tcase_add_test(tests, an_answer_without_a_budget_has_no_bound);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
