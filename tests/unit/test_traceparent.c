/*
 * Which values of the header "traceparent" are taken over (W3C Trace Context).
 */
#include "http/headers.h"
#include "suite.h"

#include <check.h>
#include <string.h>

#define TRACE  "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"

static const char *const good[] = {
    "00-" TRACE "-" PARENT "-01", "00-" TRACE "-" PARENT "-00",
    "00-" TRACE "-" PARENT "-ff", "00-00000000000000000000000000000001-0000000000000001-00",
    "01-" TRACE "-" PARENT "-01", "cc-" TRACE "-" PARENT "-01-what-the-future-will-be-like",
};

START_TEST(what_is_one_is_taken_over_up_to_its_flags) {
  char taken[SL_TRACEPARENT_LENGTH + 1];
  ck_assert(sl_traceparent_read(taken, good[_i]));
  ck_assert_uint_eq(strlen(taken), SL_TRACEPARENT_LENGTH);
  ck_assert_int_eq(strncmp(taken, good[_i], SL_TRACEPARENT_LENGTH), 0);
}
END_TEST

static const char *const bad[] = {
    "",
    "00",
    "00-" TRACE "-" PARENT "-0",
    "00-" TRACE "-" PARENT "-01-",
    "00-" TRACE "-" PARENT "-01.",
    "00-" TRACE "-" PARENT "-012",
    "01-" TRACE "-" PARENT "-01.",
    "ff-" TRACE "-" PARENT "-01",
    "0-" TRACE "-" PARENT "-01-0",
    "0g-" TRACE "-" PARENT "-01",
    "00_" TRACE "-" PARENT "-01",
    "00-" TRACE "_" PARENT "-01",
    "00-" TRACE "-" PARENT "_01",
    "00-00000000000000000000000000000000-" PARENT "-01",
    "00-" TRACE "-0000000000000000-01",
    "00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
    "00-0af7651916cd43dd8448eb211c80319-" PARENT "-01x",
    "00-" TRACE "-b7ad6b716920333-01x",
    " 00-" TRACE "-" PARENT "-01",
    "00-" TRACE "-" PARENT "-\"\n",
};

START_TEST(what_is_none_leaves_nothing) {
  char taken[SL_TRACEPARENT_LENGTH + 1] = "before";
  ck_assert_msg(!sl_traceparent_read(taken, bad[_i]), "%s", bad[_i]);
  ck_assert_str_eq(taken, "");
}
END_TEST

int main(void) {
  Suite *suite = suite_create("traceparent");
  TCase *values = tcase_create("values");
  tcase_add_loop_test(values, what_is_one_is_taken_over_up_to_its_flags, 0,
                      (int)(sizeof good / sizeof *good));
  tcase_add_loop_test(values, what_is_none_leaves_nothing, 0, (int)(sizeof bad / sizeof *bad));
  suite_add_tcase(suite, values);
  return suite_end(suite);
}
