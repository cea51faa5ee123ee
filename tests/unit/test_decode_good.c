/*
 * Bodies that must be accepted: members, spellings, layouts and strings. The tensors themselves
 * are the matter of test_decode_tensors.c.
 */
#include "decode/request.h"
#include "suite.h"
#include "support/append.h"
#include "support/feed.h"
#include "support/good_body.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct sl_writer plain_writer(void) {
  return (struct sl_writer){.random = {UINT64_C(1234567891011)}};
}

START_TEST(the_worked_examples_are_read_in_every_spelling) {
  static const double rates[] = {1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1};
  static const double population[] = {1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0,
                                      0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0};
  for (size_t spelling = 0; spelling < SL_SPELLING_COUNT; spelling++) {
    struct sl_model_tensor layer =
        sl_model_tensor_new((enum sl_spelling)spelling, 3, (const size_t[]){2, 2, 3});
    memcpy(layer.values, rates, sizeof rates);
    struct sl_writer writer = plain_writer();
    sl_check_good_layers(&writer, &layer, 1, true);
    sl_model_tensor_free(&layer);

    struct sl_model_tensor spk =
        sl_model_tensor_new((enum sl_spelling)spelling, 3, (const size_t[]){2, 4, 4});
    memcpy(spk.values, population, sizeof population);
    writer = plain_writer();
    sl_write_population_body(&writer, &spk, 0);
    sl_check_good_writer(&writer, POPULATION, &spk, 1, true);
    sl_model_tensor_free(&spk);
  }
}
END_TEST

START_TEST(members_of_a_tensor_come_in_any_order_in_any_layout) {
  struct sl_random random = {UINT64_C(77)};
  for (size_t spelling = SL_SPELL_FLAT; spelling < SL_SPELLING_COUNT; spelling++) {
    for (size_t order = 0; order < 6; order++) {
      for (size_t layout = 0; layout < SL_LAYOUT_COUNT; layout++) {
        struct sl_model_tensor layer =
            sl_model_tensor_new((enum sl_spelling)spelling, 2, (const size_t[]){2, 3});
        layer.order = order;
        sl_model_tensor_fill(&layer, &random, 50, order % 2 == 0 ? 30 : 0);
        struct sl_writer writer = plain_writer();
        writer.layout = (enum sl_member_order)layout;
        writer.numbers = (enum sl_number_style)(order % SL_NUMBER_STYLE_COUNT);
        writer.escapes = layout == SL_LAYOUT_WILD;
        sl_check_good_layers(&writer, &layer, 1, true);
        sl_model_tensor_free(&layer);
      }
    }
  }
}
END_TEST

START_TEST(members_of_the_body_come_in_any_order) {
  struct sl_random random = {UINT64_C(78)};
  for (size_t order = 0; order < 720; order++) {
    struct sl_model_tensor spk = sl_model_tensor_new((enum sl_spelling)(order % SL_SPELLING_COUNT),
                                                     3, (const size_t[]){2, 2, 3});
    sl_model_tensor_fill(&spk, &random, 50, 0);
    spk.order = order / 6 % 6;
    struct sl_writer writer = plain_writer();
    writer.layout = (enum sl_member_order)(order / 3 % SL_LAYOUT_COUNT);
    sl_write_population_body(&writer, &spk, order);
    sl_check_good_writer(&writer, POPULATION, &spk, 1, order % 90 == 0);
    sl_model_tensor_free(&spk);
  }
  for (size_t order = 0; order < 6; order++) {
    struct sl_model_tensor layers[] = {
        sl_model_tensor_new(SL_SPELL_NESTED, 1, (const size_t[]){3}),
        sl_model_tensor_new(SL_SPELL_BITS, 2, (const size_t[]){2, 3})};
    struct sl_writer writer = plain_writer();
    sl_write_rates_body(&writer, layers, 2, order);
    sl_check_good_writer(&writer, RATES, layers, 2, true);
    sl_model_tensor_free(&layers[0]);
    sl_model_tensor_free(&layers[1]);
  }
}
END_TEST

START_TEST(white_space_may_stand_between_all_tokens) {
  sl_check_good_text(RATES,
                     " \t\r\n{ \"spikes_list\" : [ [ 0 , 1 ] \n, [ [ 1.0 ] ] ] ,\r\n\t\"offsets\" :"
                     " [ 0.5 , 1 ] , \"multipliers\" : [ 1 , 2 ] } \t\r\n");
  sl_check_good_text(
      RATES, "{\"spikes_list\":[ { \"shape\" : [ 2 , 2 ] , \"data\" : [ 0 , 1 , 0.5 , 1 ] } "
             "] , \"offsets\":[ ],\"multipliers\":[]}");
  sl_check_good_text(
      RATES, "{\"multipliers\":[1],\"offsets\":[1],\"spikes_list\":[{\n\"encoding\"\n:\n"
             "\"coo\"\n,\n\"data\"\n:\n[\n[\n0\n]\n,\n[\n1\n]\n]\n,\n\"shape\"\n:\n[2]\n}\n]}");
}
END_TEST

START_TEST(floats_that_are_minus_zero_are_not_graded) {
  sl_check_good_text(
      RATES, "{\"spikes_list\":[{\"shape\":[1,2,2],\"encoding\":\"f32\","
             "\"data\":\"AAAAAAAAgD8AAACAAACAPw==\"}],\"offsets\":[1],\"multipliers\":[1]}");
}
END_TEST

START_TEST(names_and_words_may_be_written_in_escapes) {
  sl_check_good_text(RATES, "{\"\\u0073pikes_list\":[[1]],\"o\\u0066\\u0066sets\":[1],"
                            "\"multipliers\":[1],\"gradi\\u0065nt\":\"\\u006eone\"}");
  sl_check_good_text(RATES,
                     "{\"spikes_list\":[{\"sh\\u0061pe\":[3],\"encod\\u0069ng\":\"b\\u0069ts\","
                     "\"\\u0064ata\":\"oA==\"}],\"offsets\":[1],\"multipliers\":[1]}");
}
END_TEST

START_TEST(base64_may_be_written_in_escapes) {
  /* "//+/" is FF FF BF. */
  sl_check_good_text(RATES, "{\"spikes_list\":[{\"shape\":[24],\"encoding\":\"bits\",\"data\":"
                            "\"\\/\\u002f\\u002B/\"}],\"offsets\":[1],\"multipliers\":[1]}");
  sl_check_good_text(RATES,
                     "{\"spikes_list\":[{\"data\":\"o\\u0041\\u003d=\",\"shape\":[3],\"encoding\":"
                     "\"bits\"}],\"offsets\":[1],\"multipliers\":[1]}");
  struct sl_random random = {UINT64_C(79)};
  for (size_t spelling = SL_SPELL_BITS; spelling <= SL_SPELL_U32; spelling++) {
    struct sl_model_tensor layer =
        sl_model_tensor_new((enum sl_spelling)spelling, 2, (const size_t[]){5, 67});
    sl_model_tensor_fill(&layer, &random, 80, 20);
    for (size_t order = 0; order < 6; order++) {
      layer.order = order;
      struct sl_writer writer = plain_writer();
      writer.escapes = true;
      sl_check_good_layers(&writer, &layer, 1, true);
    }
    sl_model_tensor_free(&layer);
  }
}
END_TEST

START_TEST(the_answer_may_be_wanted_in_every_form) {
  static const char *const forms[] = {"dense", "broadcast", "none"};
  static const char *const encodings[] = {"text", "f32", "f64", "indexed_f32", "indexed_f64"};
  for (size_t i = 0; i < 3 * SL_ENCODING_COUNT; i++) {
    char body[200];
    snprintf(body, sizeof body,
             "{\"gradient\":\"%s\",\"spikes_list\":[[1]],\"offsets\":[1],\"multipliers\":[1],"
             "\"gradient_encoding\":\"%s\"}",
             forms[i / SL_ENCODING_COUNT], encodings[i % SL_ENCODING_COUNT]);
    sl_check_good_text(RATES, body);
  }
}
END_TEST

START_TEST(integers_may_be_written_as_any_number_that_is_one) {
  sl_check_good_text(POPULATION,
                     "{\"spk\":[[[1,0]]],\"targets\":[0.0],\"num_classes\":1.0,"
                     "\"neurons_per_class\":20e-1,\"correct_rate\":1,\"incorrect_rate\":-0}");
  sl_check_good_text(POPULATION, "{\"spk\":[[[1,0]]],\"targets\":[-0,1e0,30E-1,0.2e1,-7],"
                                 "\"num_classes\":9007199254740992,\"neurons_per_class\":1e15,"
                                 "\"correct_rate\":-1e308,\"incorrect_rate\":5e-324}");
  sl_check_good_text(RATES, "{\"spikes_list\":[{\"shape\":[2.0,10e-1],\"data\":[1,0]},"
                            "{\"shape\":[1e0,0.2e1],\"encoding\":\"coo\",\"data\":[[0.0,1e0]]}],"
                            "\"offsets\":[0.1,1],\"multipliers\":[1,1]}");
}
END_TEST

START_TEST(integers_are_exact_to_their_last_digit) {
  static const char body[] =
      "{\"targets\":[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808,"
      "1.50e1,0.000e5,90071992547409930e-1,0e999999999999,-0.0,12300.00e-2,1e30,-1e30],"
      "\"spk\":[[[1,0]]],\"num_classes\":1,\"neurons_per_class\":2,\"correct_rate\":1,"
      "\"incorrect_rate\":0}";
  static const int64_t labels[] = {
      9007199254740993, -9007199254740993, INT64_MAX, INT64_MIN, 15, 0, 9007199254740993, 0, 0, 123,
      INT64_MAX,        INT64_MIN};
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(POPULATION), &limits, NULL);
  sl_check_good_text(POPULATION, body);
  ck_assert_int_eq(sl_feed(decoder, body, strlen(body)), SL_OK);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_OK);
  const struct sl_value *targets = &sl_decoder_decoded(decoder)->values[1];
  ck_assert_uint_eq(targets->length, sizeof labels / sizeof *labels);
  for (size_t i = 0; i < targets->length; i++) {
    ck_assert_int_eq(targets->labels[i], labels[i]);
  }
  sl_decoder_free(decoder);
}
END_TEST

START_TEST(nested_data_beside_its_shape_is_the_tensor_and_never_coordinates) {
  static const char *const layers[] = {
      "{\"shape\":[2,2],\"data\":[[0,1],[1,0]]}",
      "{\"data\":[[0,1],[1,0]],\"shape\":[2,2]}",
      "{\"encoding\":null,\"data\":[[0,1],[1,0]],\"shape\":[2,2]}",
      "{\"data\":[[0,1],[1,0]],\"encoding\":null,\"shape\":[2,2]}",
      "{\"shape\":[2,1,2,1],\"data\":[[[[0.5],[1]]],[[[1],[0]]]]}",
      "{\"data\":[[[[0.5],[1]]],[[[1],[0]]]],\"shape\":[2,1,2,1]}",
      "{\"shape\":[1,1,1,1,1,1,1,1],\"data\":[[[[[[[[1]]]]]]]]}",
      "{\"shape\":[3,2],\"encoding\":\"coo\",\"data\":[[0,1],[1,0]]}",
      "{\"shape\":[3,2],\"data\":[[0,1],[1,0]],\"encoding\":\"coo\"}",
      "{\"data\":[[0,1],[1,0]],\"encoding\":\"coo\",\"shape\":[3,2]}",
      "{\"data\":[[0,1],[1,0]],\"shape\":[3,2],\"encoding\":\"coo\"}",
  };
  for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
    char body[200];
    snprintf(body, sizeof body, "{\"spikes_list\":[%s],\"offsets\":[0],\"multipliers\":[1]}",
             layers[i]);
    sl_check_good_text(RATES, body);
  }
}
END_TEST

START_TEST(optional_members_may_be_null) {
  sl_check_good_text(RATES, "{\"gradient\":null,\"spikes_list\":[[1]],\"offsets\":[1],"
                            "\"multipliers\":[1],\"gradient_encoding\": null }");
  sl_check_good_text(RATES, "{\"spikes_list\":[{\"encoding\":null,\"shape\":[2],\"data\":[1,0]}],"
                            "\"offsets\":[1],\"multipliers\":[1]}");
}
END_TEST

START_TEST(a_loss_may_have_as_many_fields_as_there_is_space_for) {
  static const char *const names[SL_MAX_FIELDS] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                                   "i", "j", "k", "l", "m", "n", "o", "p"};
  struct sl_field fields[SL_MAX_FIELDS] = {0};
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_text(&body, "{\"gradient_encoding\":\"f64\",\"gradient\":\"none\""));
  for (size_t i = 0; i < SL_MAX_FIELDS; i++) {
    fields[i] = (struct sl_field){.name = names[i], .kind = SL_FIELD_REAL};
    ck_assert(sl_buffer_append_format(&body, ",\"%s\":%zu.5", names[i], i));
  }
  ck_assert(sl_buffer_append_text(&body, "}"));
  const struct sl_loss loss = {.name = "many", .fields = fields, .field_count = SL_MAX_FIELDS};
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(&loss, &limits, NULL);
  ck_assert_int_eq(sl_feed(decoder, body.bytes, body.length), SL_OK);
  ck_assert_int_eq(sl_decoder_finish(decoder), SL_OK);
  const struct sl_decoded *decoded = sl_decoder_decoded(decoder);
  ck_assert_int_eq(decoded->gradient, SL_GRADIENT_NONE);
  ck_assert_int_eq(decoded->encoding, SL_ENCODING_F64);
  for (size_t i = 0; i < SL_MAX_FIELDS; i++) {
    ck_assert_double_eq(decoded->values[i].real, (double)i + 0.5);
    ck_assert_ptr_null(decoded->nested[i]);
  }
  sl_decoder_free(decoder);
  sl_buffer_free(&body);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("decode_good");
  TCase *tests = tcase_create("decode_good");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, the_worked_examples_are_read_in_every_spelling);
  tcase_add_test(tests, members_of_a_tensor_come_in_any_order_in_any_layout);
  tcase_add_test(tests, members_of_the_body_come_in_any_order);
  tcase_add_test(tests, white_space_may_stand_between_all_tokens);
  tcase_add_test(tests, floats_that_are_minus_zero_are_not_graded);
  tcase_add_test(tests, names_and_words_may_be_written_in_escapes);
  tcase_add_test(tests, base64_may_be_written_in_escapes);
  tcase_add_test(tests, the_answer_may_be_wanted_in_every_form);
  tcase_add_test(tests, integers_may_be_written_as_any_number_that_is_one);
  tcase_add_test(tests, integers_are_exact_to_their_last_digit);
  tcase_add_test(tests, nested_data_beside_its_shape_is_the_tensor_and_never_coordinates);
  tcase_add_test(tests, optional_members_may_be_null);
  tcase_add_test(tests, a_loss_may_have_as_many_fields_as_there_is_space_for);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
