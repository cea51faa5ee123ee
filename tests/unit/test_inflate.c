/*
 * Compressed bodies: whatever their pieces are, the same bytes come out of them, and the same error
 * where they are broken. Memory is accounted, and may run out at any allocation.
 */
#include "core/codes.h"
#include "http/inflate.h"
#include "suite.h"
#include "support/compress.h"
#include "support/failing_allocations.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TEXT "{\"spikes_list\": [[[[1, 0, 1], [0, 0, 1]]]], \"offsets\": [0.25]}"

enum { TEXT_LENGTH = sizeof TEXT - 1, SPACE = 1 << 20 };
static const uint64_t unlimited = UINT64_MAX;

/* What has come out. */
struct outcome {
  struct sl_error error;
  size_t left_before, left; /* of the first and of the last bytes that went in */
  size_t length;
  char bytes[SPACE];
};

/* Takes what is there, up to `most` bytes at once. */
static enum sl_status drain(struct sl_inflater *inflater, size_t most, struct outcome *outcome) {
  const char *bytes;
  size_t length = 1;
  while (length > 0) {
    if (sl_inflater_next(inflater, &bytes, &length, &outcome->error) != SL_OK) {
      return outcome->error.code;
    }
    length = length < most ? length : most;
    length = length < SPACE - outcome->length ? length : SPACE - outcome->length;
    memcpy(outcome->bytes + outcome->length, bytes, length);
    outcome->length += length;
    sl_inflater_take(inflater, length);
  }
  return SL_OK;
}

/* Gives the bytes in two parts, the first of `split` bytes, then the end. */
static void inflate_parts(struct sl_inflater *inflater, const char *bytes, size_t length,
                          size_t split, size_t most, struct outcome *outcome) {
  outcome->error = SL_NO_ERROR;
  outcome->length = 0;
  outcome->left_before = 0;
  if (inflater == NULL) {
    outcome->error.code = SL_OUT_OF_MEMORY;
    return;
  }
  sl_inflater_give(inflater, bytes, split);
  if (drain(inflater, most, outcome) == SL_OK) {
    outcome->left_before = sl_inflater_left(inflater);
    sl_inflater_give(inflater, bytes + split, length - split);
    drain(inflater, most, outcome);
  }
  if (outcome->error.code == SL_OK) {
    sl_inflater_finish(inflater, &outcome->error);
  }
  outcome->left = sl_inflater_left(inflater);
  sl_inflater_free(inflater);
}

static void expect_text(const struct outcome *outcome, const char *text, size_t length) {
  ck_assert_msg(outcome->error.code == SL_OK, "%s", outcome->error.message);
  ck_assert_uint_eq(outcome->left_before + outcome->left, 0);
  ck_assert_uint_eq(outcome->length, length);
  ck_assert_mem_eq(outcome->bytes, text, length);
}

static const struct {
  enum sl_coding coding;
  enum sl_format format;
} codings[] = {{SL_CODING_GZIP, SL_FORMAT_GZIP}, {SL_CODING_DEFLATE, SL_FORMAT_ZLIB}};

START_TEST(a_body_may_be_split_at_every_byte) {
  static struct outcome outcome;
  for (size_t i = 0; i < 2; i++) {
    struct sl_compressed body = sl_compress(codings[i].format, TEXT, TEXT_LENGTH);
    for (size_t split = 0; split <= body.length; split++) {
      for (size_t most = 1; most <= TEXT_LENGTH; most += 30) {
        inflate_parts(sl_inflater_new(codings[i].coding, unlimited, NULL), body.bytes, body.length,
                      split, most, &outcome);
        expect_text(&outcome, TEXT, TEXT_LENGTH);
      }
    }
    sl_compressed_free(&body);
  }
}
END_TEST

START_TEST(a_body_that_is_much_larger_than_what_came_is_inflated_whole) {
  enum { LENGTH = 1000 * 1000 };
  static struct outcome outcome;
  static char text[LENGTH];
  for (size_t i = 0; i < LENGTH; i++) {
    text[i] = (char)('0' + i / 4096 % 2);
  }
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, text, LENGTH);
  ck_assert_uint_lt(body.length, LENGTH / 100);
  for (size_t split = 0; split <= body.length; split += body.length / 7) {
    inflate_parts(sl_inflater_new(SL_CODING_GZIP, LENGTH, NULL), body.bytes, body.length, split,
                  SPACE, &outcome);
    expect_text(&outcome, text, LENGTH);
  }
  sl_compressed_free(&body);
}
END_TEST

START_TEST(gzip_members_may_follow_each_other) {
  static struct outcome outcome;
  struct sl_compressed parts[] = {sl_compress(SL_FORMAT_GZIP, TEXT, 7),
                                  sl_compress(SL_FORMAT_GZIP, "", 0),
                                  sl_compress(SL_FORMAT_GZIP, &TEXT[7], TEXT_LENGTH - 7)};
  char all[512];
  size_t length = 0;
  for (size_t i = 0; i < 3; i++) {
    memcpy(all + length, parts[i].bytes, parts[i].length);
    length += parts[i].length;
    sl_compressed_free(&parts[i]);
  }
  for (size_t split = 0; split <= length; split++) {
    inflate_parts(sl_inflater_new(SL_CODING_GZIP, unlimited, NULL), all, length, split, SPACE,
                  &outcome);
    expect_text(&outcome, TEXT, TEXT_LENGTH);
  }
}
END_TEST

/* TEXT in some format, with one change. */
static const struct broken {
  const char *what;
  enum sl_coding coding;
  enum sl_format format;
  int byte;         /* where bits are changed; negative: from the end */
  int bits;         /* which */
  int cut;          /* bytes that are missing at the end */
  const char *more; /* after the end */
  uint64_t offset;
  const char *words; /* of the message */
} broken_bodies[] = {
    {"nothing", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 1000, "", 0, "ends before its gzip data"},
    {"a cut header", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 1000, "\x1f", 0,
     "ends before its gzip data"},
    {"no trailer", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 8, "", TEXT_LENGTH, "ends before"},
    {"a cut trailer", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 1, "", TEXT_LENGTH, "ends before"},
    {"a cut checksum", SL_CODING_DEFLATE, SL_FORMAT_ZLIB, 0, 0, 1, "", TEXT_LENGTH,
     "ends before its deflate data"},
    {"a wrong checksum", SL_CODING_GZIP, SL_FORMAT_GZIP, -8, 0x60, 0, "", TEXT_LENGTH,
     "incorrect data check"},
    {"a wrong length", SL_CODING_GZIP, SL_FORMAT_GZIP, -1, 0x60, 0, "", TEXT_LENGTH,
     "incorrect length check"},
    {"a wrong Adler-32", SL_CODING_DEFLATE, SL_FORMAT_ZLIB, -1, 0x60, 0, "", TEXT_LENGTH,
     "incorrect data check"},
    {"a wrong magic", SL_CODING_GZIP, SL_FORMAT_GZIP, 1, 0x60, 0, "", 0, "incorrect header check"},
    {"a wrong method", SL_CODING_GZIP, SL_FORMAT_GZIP, 2, 0x60, 0, "", 0,
     "unknown compression method"},
    {"reserved flags", SL_CODING_GZIP, SL_FORMAT_GZIP, 3, 0x60, 0, "", 0, "unknown header flags"},
    {"a wrong block", SL_CODING_GZIP, SL_FORMAT_GZIP, 10, 0x04, 0, "", 0, "invalid block type"},
    {"a dictionary", SL_CODING_DEFLATE, SL_FORMAT_ZLIB, 0, 0, 1000, "\x78\xbb\x01\x02\x03\x04", 0,
     "dictionary"},
    {"garbage", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 0, "\n", TEXT_LENGTH, "bytes after the end"},
    {"garbage like a member", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 0, "\x1f\x8c", TEXT_LENGTH,
     "incorrect header check"},
    {"a member that is cut", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 0, "\x1f\x8b", TEXT_LENGTH,
     "ends before"},
    {"two zlib streams", SL_CODING_DEFLATE, SL_FORMAT_ZLIB, 0, 0, 0, "\x78\x9c", TEXT_LENGTH,
     "bytes after the end"},
    {"raw deflate", SL_CODING_DEFLATE, SL_FORMAT_RAW, 0, 0, 0, "", 0,
     "add the zlib header and checksum, or use gzip"},
    {"gzip called deflate", SL_CODING_DEFLATE, SL_FORMAT_GZIP, 0, 0, 0, "", 0,
     "send Content-Encoding: gzip"},
    {"zlib called gzip", SL_CODING_GZIP, SL_FORMAT_ZLIB, 0, 0, 0, "", 0,
     "send Content-Encoding: deflate"},
    {"plain JSON", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 1000, TEXT, 0, "remove Content-Encoding"},
    {"plain text", SL_CODING_GZIP, SL_FORMAT_GZIP, 0, 0, 1000, "x", 0, "0x78"},
};

/* Makes the bytes of a row; returns their length. */
static size_t break_body(const struct broken *broken, char *bytes) {
  struct sl_compressed body = sl_compress(broken->format, TEXT, TEXT_LENGTH);
  size_t cut = (size_t)broken->cut;
  size_t length = cut < body.length ? body.length - cut : 0;
  memcpy(bytes, body.bytes, length);
  if (length > 0) {
    bytes[broken->byte < 0 ? (int)length + broken->byte : broken->byte] ^= (char)broken->bits;
  }
  memcpy(bytes + length, broken->more, strlen(broken->more));
  sl_compressed_free(&body);
  return length + strlen(broken->more);
}

START_TEST(a_broken_body_is_refused_where_it_breaks_wherever_it_is_split) {
  static struct outcome outcome;
  const struct broken *broken = &broken_bodies[_i];
  char bytes[512];
  size_t length = break_body(broken, bytes);
  for (size_t split = 0; split <= length; split++) {
    inflate_parts(sl_inflater_new(broken->coding, unlimited, NULL), bytes, length, split, SPACE,
                  &outcome);
    ck_assert_msg(outcome.error.code == SL_BAD_COMPRESSION, "%s: accepted", broken->what);
    ck_assert_msg(strstr(outcome.error.message, broken->words) != NULL, "%s: %s", broken->what,
                  outcome.error.message);
    ck_assert_msg(outcome.error.offset == broken->offset, "%s: at %ju", broken->what,
                  (uintmax_t)outcome.error.offset);
    ck_assert_uint_eq(outcome.length, broken->offset);
    ck_assert_mem_eq(outcome.bytes, TEXT, outcome.length);
  }
}
END_TEST

START_TEST(a_body_may_be_as_large_as_the_limit) {
  static struct outcome outcome;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, TEXT, TEXT_LENGTH);
  for (size_t split = 0; split <= body.length; split++) {
    inflate_parts(sl_inflater_new(SL_CODING_GZIP, TEXT_LENGTH, NULL), body.bytes, body.length,
                  split, SPACE, &outcome);
    expect_text(&outcome, TEXT, TEXT_LENGTH);
    inflate_parts(sl_inflater_new(SL_CODING_GZIP, TEXT_LENGTH - 1, NULL), body.bytes, body.length,
                  split, SPACE, &outcome);
    ck_assert_int_eq(outcome.error.code, SL_BODY_TOO_LARGE);
  }
  sl_compressed_free(&body);
}
END_TEST

START_TEST(a_bomb_is_not_inflated_beyond_the_limit) {
  enum { LENGTH = 64 << 20, LIMIT = 1 << 19 };
  static struct outcome outcome;
  char *text = calloc(LENGTH, 1);
  ck_assert_ptr_nonnull(text);
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, text, LENGTH);
  free(text);
  inflate_parts(sl_inflater_new(SL_CODING_GZIP, LIMIT, NULL), body.bytes, body.length, 0, SPACE,
                &outcome);
  ck_assert_int_eq(outcome.error.code, SL_BODY_TOO_LARGE);
  ck_assert_uint_le(outcome.length, LIMIT);
  ck_assert_uint_gt(outcome.left, body.length - body.length / 64);
  sl_compressed_free(&body);
}
END_TEST

/* Grants up to a bound. */
static uint64_t bound;

static enum sl_status grow(struct sl_budget *budget, uint64_t bytes, struct sl_error *error) {
  if (bytes > bound) {
    return sl_fail(error, SL_BUSY, "not granted");
  }
  budget->granted = bytes;
  return SL_OK;
}

START_TEST(all_memory_is_charged_and_given_back) {
  static struct outcome outcome;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, TEXT, TEXT_LENGTH);
  struct sl_budget budget = {.grow = grow};
  bound = UINT64_MAX;
  size_t before = sl_allocations_bytes();
  sl_allocations_most_bytes();
  inflate_parts(sl_inflater_new(SL_CODING_GZIP, unlimited, &budget), body.bytes, body.length,
                body.length - 9, SPACE, &outcome);
  uint64_t most = sl_allocations_most_bytes() - before;
  expect_text(&outcome, TEXT, TEXT_LENGTH);
  ck_assert_uint_eq(budget.taken, 0);
  ck_assert_uint_ge(budget.granted + 256, most); /* what the allocator rounds up */
  ck_assert_uint_le(budget.granted, 96 * 1024);
  sl_compressed_free(&body);
}
END_TEST

START_TEST(a_budget_that_is_used_up_refuses_the_body) {
  static struct outcome outcome;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, TEXT, TEXT_LENGTH);
  bool refused[3] = {false}; /* before the first byte, later, never */
  for (bound = 0; bound < 128 * 1024; bound += 1024) {
    struct sl_budget budget = {.grow = grow};
    struct sl_inflater *inflater = sl_inflater_new(SL_CODING_GZIP, unlimited, &budget);
    bool begun = inflater != NULL;
    inflate_parts(inflater, body.bytes, body.length, body.length - 9, SPACE, &outcome);
    ck_assert_uint_eq(budget.taken, 0);
    refused[!begun ? 0 : outcome.error.code != SL_OK ? 1 : 2] = true;
    if (begun && outcome.error.code != SL_OK) {
      ck_assert_int_eq(outcome.error.code, SL_BUSY);
    }
  }
  ck_assert(refused[0] && refused[1] && refused[2]);
  sl_compressed_free(&body);
}
END_TEST

START_TEST(every_allocation_may_fail) {
  static struct outcome outcome;
  struct sl_compressed body = sl_compress(SL_FORMAT_GZIP, TEXT, TEXT_LENGTH);
  size_t failures = 1;
  for (size_t n = 1; failures > 0; n++) {
    struct sl_budget budget = {.grow = grow};
    bound = UINT64_MAX;
    long alive = sl_allocations_alive();
    sl_allocations_fail(n, false);
    inflate_parts(sl_inflater_new(SL_CODING_GZIP, unlimited, &budget), body.bytes, body.length,
                  body.length - 9, SPACE, &outcome);
    failures = sl_allocations_succeed();
    ck_assert_msg(outcome.error.code == (failures > 0 ? SL_OUT_OF_MEMORY : SL_OK),
                  "allocation %zu: %s", n, outcome.error.message);
    ck_assert_int_eq(sl_allocations_alive(), alive);
    ck_assert_uint_eq(budget.taken, 0);
    ck_assert(n > 3 || failures > 0);
  }
  sl_compressed_free(&body);
}
END_TEST

int main(void) {
  sl_allocations_watch();
  Suite *suite = suite_create("inflate");
  TCase *tests = tcase_create("inflate");
  tcase_add_test(tests, a_body_may_be_split_at_every_byte);
  tcase_add_test(tests, a_body_that_is_much_larger_than_what_came_is_inflated_whole);
  tcase_add_test(tests, gzip_members_may_follow_each_other);
  tcase_add_loop_test(tests, a_broken_body_is_refused_where_it_breaks_wherever_it_is_split, 0,
                      sizeof broken_bodies / sizeof *broken_bodies);
  tcase_add_test(tests, a_body_may_be_as_large_as_the_limit);
  tcase_add_test(tests, a_bomb_is_not_inflated_beyond_the_limit);
  tcase_add_test(tests, all_memory_is_charged_and_given_back);
  tcase_add_test(tests, a_budget_that_is_used_up_refuses_the_body);
  tcase_add_test(tests, every_allocation_may_fail);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
