/*
 * Random bodies and random damage to them, from a fixed seed: whatever comes, the decoder and the
 * reference say the same.
 */
#include "suite.h"
#include "support/compare.h"
#include "support/every.h"
#include "support/random_body.h"

#include <check.h>

enum { BODIES = 2500, MUTANTS = 8 };

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
  for (size_t i = 0; i < BODIES / 10 / sl_every(); i++) {
    struct sl_writer writer = sl_random_writer(&random);
    const char *loss = sl_write_random_body(&writer, &random);
    check_body(loss, &writer.text, &random, &limits, true);
    for (size_t mutant = 0; mutant < MUTANTS; mutant++) {
      struct sl_buffer body = {0};
      ck_assert(sl_buffer_append(&body, writer.text.bytes, writer.text.length));
      for (size_t blows = 1 + sl_random_below(&random, 3); blows > 0; blows--) {
        sl_damage_body(&body, &random);
      }
      struct sl_limits narrow = sl_random_limits(&random);
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
  return suite_end(suite);
}
