/*
 * Random bodies and random damage to them, from a fixed seed: whatever comes, the decoder and the
 * reference say the same.
 */
#include "support/compare.h"
#include "support/request_writer.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

enum { BODIES = 2500, MUTANTS = 8 };

static struct sl_model_tensor random_tensor(struct sl_random *random, size_t rank) {
  static const size_t lengths[] = {1, 1, 2, 3, 4, 7, 10, 17, 33, 64, 65};
  size_t shape[SL_MAX_RANK];
  for (size_t axis = 0; axis < rank; axis++) {
    shape[axis] = 1 + sl_random_below(random, 3);
  }
  size_t longest = rank > 4 ? 4 : sizeof lengths / sizeof *lengths;
  shape[rank - 1] = lengths[sl_random_below(random, longest)];
  size_t spelling = sl_random_below(random, SL_SPELLING_COUNT);
  struct sl_model_tensor tensor = sl_model_tensor_new((enum sl_spelling)spelling, rank, shape);
  tensor.order = sl_random_below(random, 6);
  sl_model_tensor_fill(&tensor, random, sl_random_below(random, 101),
                       sl_random_one_in(random, 3) ? sl_random_below(random, 60) : 0);
  return tensor;
}

static struct sl_writer random_writer(struct sl_random *random) {
  return (struct sl_writer){
      .layout = (enum sl_layout)sl_random_below(random, SL_LAYOUT_COUNT),
      .numbers = (enum sl_number_style)sl_random_below(random, SL_NUMBER_STYLE_COUNT),
      .escapes = sl_random_one_in(random, 3),
      .random = {sl_random_next(random) | 1}};
}

/* Writes a good body and returns the name of its loss. */
static const char *random_body(struct sl_writer *writer, struct sl_random *random) {
  struct sl_model_tensor tensors[3];
  size_t count = 1 + sl_random_below(random, 3);
  bool rates = sl_random_one_in(random, 2);
  count = rates ? count : 1;
  for (size_t i = 0; i < count; i++) {
    tensors[i] = random_tensor(random, rates ? 1 + sl_random_below(random, SL_MAX_RANK) : 3);
  }
  if (rates) {
    sl_write_rates_body(writer, tensors, count, sl_random_below(random, 6));
  } else {
    sl_write_population_body(writer, tensors, sl_random_below(random, 720));
  }
  for (size_t i = 0; i < count; i++) {
    sl_model_tensor_free(&tensors[i]);
  }
  return rates ? RATES : POPULATION;
}

static size_t place(struct sl_random *random, const struct sl_buffer *body) {
  return body->length == 0 ? 0 : sl_random_below(random, body->length);
}

static void insert(struct sl_buffer *body, size_t at, const char *bytes, size_t length) {
  ck_assert(sl_buffer_reserve(body, length));
  memmove(body->bytes + at + length, body->bytes + at, body->length - at);
  memcpy(body->bytes + at, bytes, length);
  body->length += length;
}

static void erase(struct sl_buffer *body, size_t at, size_t length) {
  length = length > body->length - at ? body->length - at : length;
  memmove(body->bytes + at, body->bytes + at + length, body->length - at - length);
  body->length -= length;
}

static void damage(struct sl_buffer *body, struct sl_random *random) {
  static const char *const pieces[] = {
      "0",      "1",    ",",        "[",    "]",        "{",
      "}",      ":",    "\"",       ".",    "-",        "e",
      " ",      "\n",   "1.0",      "0.5",  "1e999",    "[]",
      "{}",     "null", "true",     "NaN",  "\\u00e9",  "\\ud83d",
      "=",      "A",    "\xC3\xA9", "\xFF", "[0,1]",    "[[0]]",
      ",0,1,0", "-0",   "1e-3",     "0.0,", "Infinity", "\"shape\":[1],",
  };
  size_t at = place(random, body);
  size_t other = place(random, body);
  const char *piece = pieces[sl_random_below(random, sizeof pieces / sizeof *pieces)];
  char byte = (char)sl_random_below(random, 256);
  switch (sl_random_below(random, 8)) {
  case 0: /* one bit */
    if (body->length > 0) {
      body->bytes[at] = (char)(body->bytes[at] ^ (1 << sl_random_below(random, 8)));
    }
    break;
  case 1:
    erase(body, at, 1);
    break;
  case 2:
    erase(body, at, 1 + sl_random_below(random, 9));
    break;
  case 3:
    insert(body, at, &byte, 1);
    break;
  case 4:
  case 5:
    insert(body, at, piece, strlen(piece));
    break;
  case 6: /* two bytes swapped */
    if (body->length > 0) {
      byte = body->bytes[at];
      body->bytes[at] = body->bytes[other];
      body->bytes[other] = byte;
    }
    break;
  default:
    if (sl_random_one_in(random, 3)) {
      body->length = at; /* the rest is lost */
    } else {
      erase(body, at, strlen(piece));
      insert(body, at, piece, strlen(piece));
    }
  }
}

/* Mostly the usual limits, sometimes ones so narrow that they are met. */
static struct sl_limits random_limits(struct sl_random *random) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = sl_random_one_in(random, 6) ? sl_random_below(random, 100) : 100000;
  if (sl_random_one_in(random, 8)) {
    limits.depth = 1 + sl_random_below(random, 8);
  }
  if (sl_random_one_in(random, 8)) {
    limits.member_bytes = 1 + sl_random_below(random, 12);
  }
  if (sl_random_one_in(random, 8)) {
    limits.deferred_bytes = sl_random_below(random, 100);
  }
  return limits;
}

/* How much of a body a failure shows. */
static int shown(const struct sl_buffer *body) {
  return (int)(body->length < 1200 ? body->length : 1200);
}

static void check_body(const char *loss, const struct sl_buffer *body, struct sl_random *random,
                       const struct sl_limits *limits, bool good) {
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(loss), limits, body->bytes, body->length);
  bool accepted = reference->error.code == SL_OK;
  ck_assert_msg(accepted || !good, "the reference refuses a good body: %.*s", shown(body),
                body->bytes);
  ck_assert_msg(!accepted || sl_reference_agrees_with_cjson(reference, body->bytes, body->length),
                "cJSON sees another body: %.*s", shown(body), body->bytes);
  struct sl_case one = sl_case_new(reference, limits, body->bytes, body->length);
  bool same = sl_compare_whole(&one) && sl_compare_random_splits(&one, random, 2) &&
              (!sl_random_one_in(random, 4) || sl_compare_bytewise(&one));
  ck_assert_msg(
      same, "%s; pairs %llu, member %llu, deferred %llu, depth %zu; body %.*s", one.difference,
      (unsigned long long)limits->pairs, (unsigned long long)limits->member_bytes,
      (unsigned long long)limits->deferred_bytes, limits->depth, shown(body), body->bytes);
  sl_reference_free(reference);
}

START_TEST(random_bodies_and_their_mutants_are_read_as_the_reference_reads_them) {
  struct sl_random random = {UINT64_C(0x5EED) + (uint64_t)_i};
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  for (size_t i = 0; i < BODIES / 10; i++) {
    struct sl_writer writer = random_writer(&random);
    const char *loss = random_body(&writer, &random);
    check_body(loss, &writer.text, &random, &limits, true);
    for (size_t mutant = 0; mutant < MUTANTS; mutant++) {
      struct sl_buffer body = {0};
      ck_assert(sl_buffer_append(&body, writer.text.bytes, writer.text.length));
      for (size_t blows = 1 + sl_random_below(&random, 3); blows > 0; blows--) {
        damage(&body, &random);
      }
      struct sl_limits narrow = random_limits(&random);
      check_body(loss, &body, &random, &narrow, false);
      sl_buffer_free(&body);
    }
    sl_writer_free(&writer);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("decode_random");
  TCase *tests = tcase_create("decode_random");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, random_bodies_and_their_mutants_are_read_as_the_reference_reads_them,
                      0, 10);
  suite_add_tcase(suite, tests);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
