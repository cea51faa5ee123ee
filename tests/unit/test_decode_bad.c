/*
 * Bodies that must be refused: every one of the tables in tests/support/bad_*.c gives its own
 * error, at its own byte, however the body is cut; and the reference says the same.
 */
#include "core/codes.h"
#include "decode/request.h"
#include "suite.h"
#include "support/bad_bodies.h"
#include "support/compare.h"
#include "support/feed.h"

#include <check.h>
#include <string.h>

START_TEST(bodies_that_are_not_json_are_refused_at_the_first_impossible_byte) {
  sl_check_bad_bodies(sl_bad_texts, sl_bad_text_count);
}
END_TEST

START_TEST(numbers_that_are_not_json_or_not_finite_are_refused) {
  sl_check_bad_bodies(sl_bad_numbers, sl_bad_number_count);
}
END_TEST

START_TEST(nested_arrays_that_are_no_tensor_are_refused_at_the_element_that_breaks_it) {
  sl_check_bad_bodies(sl_bad_nested, sl_bad_nested_count);
}
END_TEST

START_TEST(members_that_are_unknown_twice_missing_or_of_another_kind_are_refused) {
  sl_check_bad_bodies(sl_bad_members, sl_bad_member_count);
}
END_TEST

START_TEST(tensor_objects_with_bad_members_shapes_or_encodings_are_refused) {
  sl_check_bad_bodies(sl_bad_objects, sl_bad_object_count);
}
END_TEST

START_TEST(data_that_does_not_fit_its_shape_or_encoding_is_refused) {
  sl_check_bad_bodies(sl_bad_data, sl_bad_data_count);
}
END_TEST

START_TEST(requests_beyond_a_limit_are_refused_where_they_cross_it) {
  sl_check_bad_bodies(sl_bad_limits, sl_bad_limit_count);
}
END_TEST

START_TEST(options_of_another_kind_or_outside_their_bounds_are_refused) {
  sl_check_bad_bodies(sl_bad_options, sl_bad_option_count);
}
END_TEST

START_TEST(sums_and_axes_that_do_not_fit_are_refused) {
  sl_check_bad_bodies(sl_bad_sums, sl_bad_sum_count);
}
END_TEST

START_TEST(there_are_enough_bad_bodies_and_each_has_a_name_of_its_own) {
  const struct sl_bad_body *tables[] = {sl_bad_texts,   sl_bad_numbers, sl_bad_nested,
                                        sl_bad_members, sl_bad_objects, sl_bad_data,
                                        sl_bad_limits,  sl_bad_options, sl_bad_sums};
  const size_t counts[] = {sl_bad_text_count,   sl_bad_number_count, sl_bad_nested_count,
                           sl_bad_member_count, sl_bad_object_count, sl_bad_data_count,
                           sl_bad_limit_count,  sl_bad_option_count, sl_bad_sum_count};
  size_t total = 0;
  for (size_t table = 0; table < sizeof tables / sizeof *tables; table++) {
    total += counts[table];
    for (size_t i = 0; i < counts[table]; i++) {
      for (size_t k = 0; k < i; k++) {
        ck_assert_str_ne(tables[table][i].name, tables[table][k].name);
      }
    }
  }
  ck_assert_uint_ge(total, 170);
}
END_TEST

/* A body that is exactly at a limit, or one below what would be refused. */
static void assert_accepted(const char *loss, const char *body, struct sl_limits limits) {
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(loss), &limits, body, strlen(body));
  ck_assert_msg(reference->error.code == SL_OK, "the reference says %s at %lld; body %s",
                sl_code_name(reference->error.code), (long long)reference->error.offset, body);
  struct sl_case one = sl_case_new(reference, &limits, body, strlen(body));
  ck_assert_msg(sl_compare_thoroughly(&one), "%s; body %s", one.difference, body);
  sl_reference_free(reference);
}

static void assert_accepted_with_pairs(const char *loss, const char *body, uint64_t pairs) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = pairs;
  assert_accepted(loss, body, limits);
  limits.pairs = pairs + 1;
  assert_accepted(loss, body, limits);
}

START_TEST(as_many_pairs_as_the_limit_are_accepted) {
  assert_accepted_with_pairs(RATES, LAYERS("[0,1,0]"), 3);
  assert_accepted_with_pairs(RATES, LAYERS("[" ZEROS_64 "0]"), 65);
  assert_accepted_with_pairs(RATES, LAYERS("[[0,1,0],[0,1,0],[1,1,1]]"), 3);
  assert_accepted_with_pairs(RATES, LAYERS("[[[0,1]],[[1,1]],[[1,0]]]"), 6);
  assert_accepted_with_pairs(RATES, LAYERS("[[[[0,1],[0,1]],[[1,1],[1,1]]]]"), 4);
  assert_accepted_with_pairs(RATES, LAYERS("[0,1],{\"shape\":[2],\"data\":[1,1]}"), 4);
  assert_accepted_with_pairs(RATES, LAYERS("{\"shape\":[3,2,2],\"data\":[],\"encoding\":\"coo\"}"),
                             6);
  assert_accepted_with_pairs(RATES, LAYERS("{\"data\":[1,0,1],\"shape\":[3]}"), 3);
  assert_accepted_with_pairs(POPULATION, SPK("[[[0,1],[1,1]],[[0,1],[1,0]]]"), 4);
}
END_TEST

START_TEST(as_many_layers_as_the_limit_are_accepted) {
  static const char two[] = "{\"spikes_list\":[[1],[0]],\"offsets\":[0.5,1],\"multipliers\":[1,2]}";
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.layers = 2;
  assert_accepted(RATES, two, limits);
  limits.layers = 3;
  assert_accepted(RATES, two, limits);
}
END_TEST

START_TEST(as_deep_as_the_limit_is_accepted) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.depth = 3;
  assert_accepted(RATES, LAYERS("[1]"), limits);
  limits.depth = 4;
  assert_accepted(RATES, LAYERS("[[1]]"), limits);
  assert_accepted(POPULATION, SPK("[[[1,0]]]"), limits);
  assert_accepted(RATES, LAYERS("{\"shape\":[1],\"data\":[1]}"), limits);
  limits.depth = 5;
  assert_accepted(RATES, LAYERS("{\"shape\":[1],\"encoding\":\"coo\",\"data\":[[0]]}"), limits);
}
END_TEST

START_TEST(members_as_long_as_the_limit_are_accepted) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.member_bytes = 5;
  assert_accepted(RATES, OFFSETS("  [1,2]  "), limits);
  assert_accepted(RATES, OFFSETS("[ 1 ]"), limits);
  assert_accepted(RATES, LAYERS("{\"encoding\" : \"coo\",\"data\":[[0,0]],\"shape\":[1,1]}"),
                  limits);
  /* Tensors may be as long as they like. */
  assert_accepted(RATES, LAYERS("[0,0,0,0,0,0,0]"), limits);
}
END_TEST

START_TEST(deferred_data_as_large_as_the_limit_is_accepted) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.deferred_bytes = 8;
  assert_accepted(RATES,
                  LAYERS("{\"data\":[" ZEROS_16 ZEROS_16 ZEROS_16
                         "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],\"shape\":[64]}"),
                  limits);
  assert_accepted(RATES, LAYERS("{\"data\":[0.5],\"shape\":[1]}"), limits);
  assert_accepted(RATES, LAYERS("{\"data\":\"AAAAAAAAAAA=\",\"shape\":[64],\"encoding\":\"bits\"}"),
                  limits);
  assert_accepted(RATES, LAYERS("{\"data\":[[7]],\"shape\":[64],\"encoding\":\"coo\"}"), limits);
  /* What comes after its shape is not deferred, however much it is. */
  assert_accepted(RATES, LAYERS("{\"shape\":[65],\"data\":[" ZEROS_64 "0.5]}"), limits);
  assert_accepted(RATES, LAYERS("{\"shape\":[2],\"data\":[[0],[1]],\"encoding\":\"coo\"}"), limits);
}
END_TEST

static void check_truncations(const char *loss, const char *body) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  assert_accepted(loss, body, limits);
  for (size_t length = 0; length < strlen(body); length++) {
    struct sl_reference *reference = sl_reference_read(sl_loss_find(loss), &limits, body, length);
    ck_assert_int_eq(reference->error.code, SL_NOT_JSON);
    ck_assert_uint_eq(reference->error.offset, length);
    struct sl_case one = sl_case_new(reference, &limits, body, length);
    bool same = sl_compare_whole(&one) && sl_compare_bytewise(&one) && sl_compare_every_split(&one);
    ck_assert_msg(same, "%.*s: %s", (int)length, body, one.difference);
    sl_reference_free(reference);
  }
}

START_TEST(a_body_that_ends_early_is_not_json_at_its_end) {
  check_truncations(RATES, LAYERS("[[0,1.5e+0],[-1,0]]"));
  check_truncations(POPULATION, " " SPK("[[[1.0, 0.0], [0.0, 1.0]]]"));
  check_truncations(
      POPULATION, SPK_OBJECT("\"sh\\u0061pe\":[1,4,2],\"encoding\":\"bits\",\"data\":\"\\/w==\""));
  check_truncations(RATES, LAYERS("{\"data\":[[0],[2]],\"encoding\":\"coo\",\"shape\":[3]},[1]"));
  check_truncations(RATES, LAYERS("{\"data\":[0,1,2],\"shape\":[3]},[[1]]"));
  check_truncations(RATES, LAYERS("{\"data\":\"AACAPw==\",\"shape\":[1],\"encoding\":\"f32\"}"));
  check_truncations(RATES,
                    "{\"gradient\":\"non\\u0065\",\"gradient_encoding\":\"f64\","
                    "\"offsets\":[0.5,1e3],\"multipliers\":[1,2],\"spikes_list\":[[1],[1]]}");
}
END_TEST

START_TEST(the_message_for_an_empty_body_says_so) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(RATES), &limits, NULL);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_NOT_JSON);
  ck_assert_str_eq(sl_decoder_error(decoder)->message, "the body: is empty; send a JSON object");
  sl_decoder_free(decoder);
}
END_TEST

static void assert_message(const char *loss, const char *body, const char *message) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(loss), &limits, NULL);
  sl_feed(decoder, body, strlen(body));
  ck_assert_int_ne(sl_decoder_finish(decoder), SL_OK);
  ck_assert_str_eq(sl_decoder_error(decoder)->message, message);
  sl_decoder_free(decoder);
}

START_TEST(messages_say_what_was_expected_and_what_came) {
  assert_message(
      RATES, "{\"offset\":[1]}",
      "the body: \"offset\" is not a member of firing_rate_target_mse_loss; did you mean "
      "offsets?");
  assert_message(RATES, "{\"rates\":[1]}",
                 "the body: \"rates\" is not a member of firing_rate_target_mse_loss; members are "
                 "spikes_list, offsets, multipliers, gradient, gradient_encoding, axes");
  assert_message(
      RATES, "{'offsets':[1]}",
      "the body: expected a member name in double quotes, not '''; Python text, not JSON: "
      "use json.dumps(...)");
  assert_message(POPULATION, SPK("[[0,1]]"),
                 "spk: expected [batch, time, output_neurons], not 2 dimensions; for sums "
                 "over time write \"summed\": \"time\" beside the shape of the spikes");
  assert_message(POPULATION, SPK("[[[[0,1]]]]"),
                 "spk: expected [batch, time, output_neurons], not more than 3 dimensions");
  assert_message(POPULATION, SPK_OBJECT("\"shape\":[2],\"data\":[0,1]"),
                 "spk.shape: expected [batch, time, output_neurons], not 1 dimension");
  assert_message(RATES, LAYERS("[[[[[[[[[1]]]]]]]]]"),
                 "spikes_list[0]: expected 1 to 8 dimensions, not more than 8 dimensions");
  assert_message(RATES, LAYERS("{\"shape\":[1,-2],\"data\":[]}"),
                 "spikes_list[0].shape[1]: expected a positive integer, not -2");
  assert_message(
      RATES, LAYERS("{\"shape\":[1.5],\"data\":[]}"),
      "spikes_list[0].shape[0]: expected a positive integer, not 1.5; write a whole number");
  assert_message(
      RATES, LAYERS("[[0,1],[0]]"),
      "spikes_list[0][1]: has 1 value, the arrays before it have 2; give all of them one length");
  assert_message(RATES, LAYERS("[[0],[0,1]]"),
                 "spikes_list[0][1]: has more than 1 value, the arrays before it have 1; give all "
                 "of them one length");
  assert_message(RATES, LAYERS("{\"shape\":[2],\"data\":[1]}"),
                 "spikes_list[0].data: has 1 value, its shape has 2");
  assert_message(RATES, LAYERS("{\"data\":[1],\"shape\":[2]}"),
                 "spikes_list[0].data: has 1 value, its shape has 2");
  assert_message(RATES, LAYERS("{\"shape\":[1,0],\"data\":[]}"),
                 "spikes_list[0].shape: dimension 1 is 0; a tensor has at least one value");
  assert_message(RATES, LAYERS("{\"shape\":[1],\"encoding\":\"f32\",\"data\":\"AADAfw==\"}"),
                 "spikes_list[0].data: value 0, counted from 0, is NaN or infinite; replace it");
  assert_message(RATES,
                 LAYERS("{\"shape\":[],"
                        "\"data\":[]}"),
                 "spikes_list[0].shape: expected 1 to 8 dimensions, not 0 dimensions");
  assert_message(POPULATION, "{\"targets\":3}",
                 "targets: expected a list of class indices (integers), not 3; a list of one: [3]");
  assert_message(RATES, "{\"gradient\":\"0123456789012345678901234567890123456789x\"}",
                 "gradient: expected \"dense\", \"broadcast\" or \"none\", not "
                 "\"0123456789012345678901234567890123456789...\"");
  assert_message(RATES, OFFSETS("[01]"),
                 "offsets[0]: expected no digit after a 0, not '1'; JSON numbers have no leading "
                 "zeros");
  assert_message(POPULATION, "{\"targets\":[1.0000000000000001]}",
                 "targets[0]: expected an integer, not 1.0000000000000001; write a whole number");
}
END_TEST

/* Else a client could send as much of it as a body may have. */
START_TEST(a_long_string_in_a_wrong_place_is_refused_before_it_ends) {
  static const char body[] = "{\"offsets\":\"0123456789012345678901234567890123456789"
                             "0123456789012345678901234567890123456789";
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(RATES), &limits, NULL);
  ck_assert_int_eq(sl_feed(decoder, body, strlen(body)), SL_WRONG_TYPE);
  ck_assert_uint_eq(sl_decoder_error(decoder)->offset, strlen("{\"offsets\":"));
  ck_assert_str_eq(sl_decoder_error(decoder)->message,
                   "offsets: expected a list of numbers, not "
                   "\"0123456789012345678901234567890123456789...\"");
  sl_decoder_free(decoder);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("decode_bad");
  TCase *tests = tcase_create("decode_bad");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, bodies_that_are_not_json_are_refused_at_the_first_impossible_byte);
  tcase_add_test(tests, numbers_that_are_not_json_or_not_finite_are_refused);
  tcase_add_test(tests, nested_arrays_that_are_no_tensor_are_refused_at_the_element_that_breaks_it);
  tcase_add_test(tests, members_that_are_unknown_twice_missing_or_of_another_kind_are_refused);
  tcase_add_test(tests, tensor_objects_with_bad_members_shapes_or_encodings_are_refused);
  tcase_add_test(tests, data_that_does_not_fit_its_shape_or_encoding_is_refused);
  tcase_add_test(tests, requests_beyond_a_limit_are_refused_where_they_cross_it);
  tcase_add_test(tests, options_of_another_kind_or_outside_their_bounds_are_refused);
  tcase_add_test(tests, sums_and_axes_that_do_not_fit_are_refused);
  tcase_add_test(tests, there_are_enough_bad_bodies_and_each_has_a_name_of_its_own);
  tcase_add_test(tests, as_many_pairs_as_the_limit_are_accepted);
  tcase_add_test(tests, as_many_layers_as_the_limit_are_accepted);
  tcase_add_test(tests, as_deep_as_the_limit_is_accepted);
  tcase_add_test(tests, members_as_long_as_the_limit_are_accepted);
  tcase_add_test(tests, deferred_data_as_large_as_the_limit_is_accepted);
  tcase_add_test(tests, a_body_that_ends_early_is_not_json_at_its_end);
  tcase_add_test(tests, the_message_for_an_empty_body_says_so);
  tcase_add_test(tests, messages_say_what_was_expected_and_what_came);
  tcase_add_test(tests, a_long_string_in_a_wrong_place_is_refused_before_it_ends);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
