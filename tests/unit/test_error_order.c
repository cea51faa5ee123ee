/*
 * Which of several errors of a body is reported: the one at the lowest offset, whatever kind it is.
 *
 *     - A value of another kind than the field wants is wrong at its first byte, and a value too
 *       many is, too: what comes later in the body, even within that value, does not matter.
 *     - A value of the right kind is judged where it ends: what is no JSON within it comes first.
 *     - Errors of values come before missing members.
 *
 * One `@` in each body marks the expected offset.
 */
#include "core/codes.h"
#include "suite.h"
#include "support/bad_bodies.h"

#include <check.h>

#define ORDER(code, name, loss, body, pointer) BAD(name, loss, body, code, pointer)
#define REALS(code, name, list, pointer)                                                           \
  BAD(name, RATES, "{\"offsets\":" list "}", code, "/offsets" pointer)
#define LABEL(code, name, list, pointer)                                                           \
  BAD(name, POPULATION, "{\"targets\":" list "}", code, "/targets" pointer)
#define SHAPE(code, name, shape, pointer)                                                          \
  BAD(name, RATES, "{\"spikes_list\":[{\"shape\":" shape, code, "/spikes_list/0/shape" pointer)
#define NESTED(code, name, layer, pointer)                                                         \
  BAD(name, RATES, "{\"spikes_list\":[" layer, code, "/spikes_list/0" pointer)
#define DATA(code, name, members, pointer)                                                         \
  BAD(name, RATES, "{\"spikes_list\":[{" members, code, "/spikes_list/0/data" pointer)
#define GRAMMAR(name, loss, body) BAD(name, loss, body, SL_NOT_JSON, "")

static const struct sl_bad_body lists_of_numbers[] = {
    REALS(SL_WRONG_TYPE, "a string before a broken word", "[1,@\"x\",tru]", "/1"),
    REALS(SL_NOT_FINITE, "1e999 before a broken word", "[@1e999,tru]", "/0"),
    REALS(SL_NOT_FINITE, "-1e999 before a missing comma", "[0,@-1e999 1]", "/1"),
    REALS(SL_NOT_FINITE, "NaN before a missing bracket", "[@NaN}", "/0"),
    REALS(SL_WRONG_TYPE, "null before a comma too many", "[@null,,]", "/0"),
    REALS(SL_WRONG_TYPE, "true before a leading zero", "[1,@true,01]", "/1"),
    REALS(SL_WRONG_TYPE, "an array before what is no JSON in it", "[@[x]]", "/0"),
    REALS(SL_WRONG_TYPE, "an object before what is no JSON in it", "[1,2,@{x}]", "/2"),
    REALS(SL_WRONG_TYPE, "a string before a bad escape in it", "[@\"\\x\"]", "/0"),
    REALS(SL_WRONG_TYPE, "a string that never ends", "[1,@\"x", "/1"),
    REALS(SL_WRONG_TYPE, "a string for the list before bad UTF-8 in it", "@\"\xFF\"", ""),
    REALS(SL_WRONG_TYPE, "an object for the list before a bad name in it", "@{1:2}", ""),
    REALS(SL_WRONG_TYPE, "a number for the list before a letter in it", "@1x", ""),
    REALS(SL_WRONG_TYPE, "two faults of the same kind", "[@\"1\",\"2\"]", "/0"),
    GRAMMAR("a broken word before a string", RATES, "{\"offsets\":[1,@tru,\"x\"]}"),
    GRAMMAR("a leading zero before null", RATES, "{\"offsets\":[0@1,null]}"),
    GRAMMAR("a bad exponent within a number", RATES, "{\"offsets\":[1e99@x]}"),
};

static const struct sl_bad_body labels_and_counts[] = {
    LABEL(SL_WRONG_TYPE, "a fraction before a broken word", "[0,@0.5,nul]", "/1"),
    LABEL(SL_WRONG_TYPE, "1e-400 before 1e999", "[@1e-400,1e999]", "/0"),
    LABEL(SL_NOT_FINITE, "1e999 before a fraction", "[@1e999,0.5]", "/0"),
    LABEL(SL_WRONG_TYPE, "a label in quotes before a bracket too many", "[@\"1\"]]", "/0"),
    LABEL(SL_WRONG_TYPE, "one-hot labels before a missing comma", "[@[0 1]]", "/0"),
    LABEL(SL_WRONG_TYPE, "false before the end of the body", "[1,@false,", "/1"),
    LABEL(SL_WRONG_TYPE, "a label a little off", "[0,@1.0000000000000001]", "/1"),
    LABEL(SL_WRONG_TYPE, "a label a little below", "[@0.99999999999999999999]", "/0"),
    LABEL(SL_NOT_FINITE, "-inf before a broken word", "[@-inf,fals]", "/0"),
    ORDER(SL_OUT_OF_RANGE, "a count of 0 before what is no JSON", POPULATION,
          "{\"num_classes\":@0,x", "/num_classes"),
    ORDER(SL_WRONG_TYPE, "a count of 2.5 before a comma too many", POPULATION,
          "{\"num_classes\":@2.5,,", "/num_classes"),
    ORDER(SL_WRONG_TYPE, "a count in a list before what is no JSON in it", POPULATION,
          "{\"neurons_per_class\":@[x]}", "/neurons_per_class"),
    ORDER(SL_OUT_OF_RANGE, "a count above 2^53 by one", POPULATION,
          "{\"num_classes\":@9007199254740993}", "/num_classes"),
    ORDER(SL_NOT_FINITE, "a rate of 1e999 before an unknown member", POPULATION,
          "{\"correct_rate\":@1e999,\"x\":1}", "/correct_rate"),
    ORDER(SL_UNKNOWN_MEMBER, "an unknown member before a rate of 1e999", POPULATION,
          "{@\"x\":1,\"correct_rate\":1e999}", "/x"),
    GRAMMAR("a count that is no number to the end", POPULATION, "{\"num_classes\":2.@}"),
};

static const struct sl_bad_body choices_and_members[] = {
    ORDER(SL_UNKNOWN_CHOICE, "an unknown word before what is no JSON", RATES,
          "{\"gradient\":@\"sparse\",x", "/gradient"),
    ORDER(SL_WRONG_TYPE, "a list for a word before what is no JSON in it", RATES,
          "{\"gradient\":@[nope]}", "/gradient"),
    ORDER(SL_WRONG_TYPE, "a number for a word before a letter in it", RATES, "{\"gradient\":@0x}",
          "/gradient"),
    ORDER(SL_WRONG_TYPE, "false for a word before a missing comma", RATES,
          "{\"gradient\":@false \"x\"}", "/gradient"),
    ORDER(SL_DUPLICATE_MEMBER, "a member twice before a bad value of it", RATES,
          "{\"offsets\":[1],@\"offsets\":[nul]}", "/offsets"),
    ORDER(SL_WRONG_TYPE, "a bad value before the same member again", RATES,
          "{\"offsets\":[@null],\"offsets\":[1]}", "/offsets/0"),
    ORDER(SL_UNKNOWN_MEMBER, "an unknown member before its missing colon", RATES, "{@\"x\" 1}",
          "/x"),
    ORDER(SL_WRONG_TYPE, "a bad value before members that are missing", POPULATION,
          "{\"targets\":[@null]}", "/targets/0"),
    GRAMMAR("an unknown word that is no string to the end", RATES, "{\"gradient\":\"sp\\@x\"}"),
    GRAMMAR("what comes after the body before members that are missing", RATES, "{} @x"),
};

static const struct sl_bad_body shapes[] = {
    SHAPE(SL_WRONG_TYPE, "a string before a broken word in a shape", "[1,@\"x\",tru]", "/1"),
    SHAPE(SL_NOT_FINITE, "1e999 before a broken word in a shape", "[@1e999,tru]", "/0"),
    SHAPE(SL_WRONG_TYPE, "a negative dimension before a letter", "[2,@-1,x]", "/1"),
    SHAPE(SL_WRONG_TYPE, "a fraction before a comma too many in a shape", "[@1.5,,]", "/0"),
    SHAPE(SL_SHAPE_OVERFLOW, "a huge dimension before null", "[@1e300,null]", "/0"),
    SHAPE(SL_SHAPE_OVERFLOW, "a dimension above 2^53 by one", "[1,@9007199254740993,1]", "/1"),
    SHAPE(SL_WRONG_TYPE, "null before nine dimensions", "[@null,1,1,1,1,1,1,1,1]", "/0"),
    SHAPE(SL_WRONG_RANK, "nine dimensions before bad data", "@[1,1,1,1,1,1,1,1,1],\"data\":[x]",
          ""),
    SHAPE(SL_EMPTY_TENSOR, "a dimension of 0 before bad data", "@[1,0],\"data\":[null]", ""),
    SHAPE(SL_WRONG_TYPE, "an object for a shape before a bad name in it", "@{1", ""),
    GRAMMAR("a letter in a shape before its rank", RATES,
            "{\"spikes_list\":[{\"shape\":[1,1,1,1,1,1,1,1,1,@x]"),
};

static const struct sl_bad_body nested_tensors[] = {
    NESTED(SL_WRONG_TYPE, "a string before a broken word in a row", "[0,@\"1\",tru]", "/1"),
    NESTED(SL_NOT_FINITE, "1e999 before a broken word in a row", "[@1e999,tru]", "/0"),
    NESTED(SL_NOT_FINITE, "nan before a leading zero in a row", "[0,@nan,01]", "/1"),
    NESTED(SL_RAGGED, "a value too many before a letter in it", "[[1],[1,@1x]]", "/1/1"),
    NESTED(SL_RAGGED, "a value too many that is 1e999", "[[1],[1,@1e999]]", "/1/1"),
    NESTED(SL_RAGGED, "a short row before a missing comma", "[[1,0],[1@][", "/1"),
    NESTED(SL_WRONG_TYPE, "null before a short row", "[[1,0],[@null]]", "/1/0"),
    NESTED(SL_EMPTY_TENSOR, "an empty row before a letter", "[[@]x", "/0"),
    NESTED(SL_WRONG_TYPE, "a string for a tensor before a bad escape in it", "@\"\\x\"", ""),
    NESTED(SL_WRONG_TYPE, "an object in a row before a bad name in it", "[1,@{0:1}]", "/1"),
    ORDER(SL_WRONG_RANK, "the wrong rank before 1e999", POPULATION, "{\"spk\":[@1,1e999]",
          "/spk/0"),
    ORDER(SL_WRONG_RANK, "the wrong rank that is 1e999", POPULATION, "{\"spk\":[[@1e999]]",
          "/spk/0/0"),
    GRAMMAR("a broken word before a short row", RATES,
            "{\"spikes_list\":[[[1,0],[@nul"
            "x]]"),
};

static const struct sl_bad_body data_of_tensors[] = {
    DATA(SL_WRONG_TYPE, "a string before a broken word in flat data",
         "\"shape\":[3],\"data\":[0,@\"1\",tru]", "/1"),
    DATA(SL_NOT_FINITE, "1e999 before a broken word in flat data", "\"data\":[@1e999,tru]", "/0"),
    DATA(SL_LENGTH_MISMATCH, "a flat value too many before a letter in it",
         "\"shape\":[1],\"data\":[0,@1x]", ""),
    DATA(SL_LENGTH_MISMATCH, "data too short for a later shape before what is no JSON",
         "\"data\":[0],\"shape\":[2]@},x", ""),
    DATA(SL_WRONG_TYPE, "numbers for bits before what is no JSON",
         "\"encoding\":\"bits\",\"data\":@[x]", ""),
    DATA(SL_BAD_BASE64, "a bad character before a bad escape",
         "\"encoding\":\"bits\",\"data\":\"A@!\\x\"", ""),
    DATA(SL_BAD_BASE64, "a bad character before a wrong length",
         "\"shape\":[24],\"encoding\":\"bits\",\"data\":\"A@ AAAAAAA\"", ""),
    DATA(SL_LENGTH_MISMATCH, "too much base64 before a bad character",
         "\"shape\":[24],\"encoding\":\"bits\",\"data\":@\"AAAA!\"", ""),
    DATA(SL_NOT_FINITE, "a float NaN before a bad character",
         "\"shape\":[4],\"encoding\":\"f32\",\"data\":@\"AADAfwAA!\"", ""),
    DATA(SL_COO_OUT_OF_RANGE, "a coordinate too high before a broken word",
         "\"shape\":[2,3],\"encoding\":\"coo\",\"data\":[[0,@3],nul", "/0/1"),
    DATA(SL_COO_NOT_INCREASING, "coordinates out of order before a fraction",
         "\"shape\":[2,3],\"encoding\":\"coo\",\"data\":[[1,0],[0,1@],[0.5", "/1"),
    DATA(SL_WRONG_TYPE, "a fraction before coordinates out of order",
         "\"shape\":[2,3],\"encoding\":\"coo\",\"data\":[[1,0],[0,@0.5]", "/1/1"),
    DATA(SL_WRONG_TYPE, "a coordinate a little off",
         "\"shape\":[2,3],\"encoding\":\"coo\",\"data\":[[1,@1.0000000000000001]", "/0/1"),
    DATA(SL_LENGTH_MISMATCH, "a coordinate too many before a letter in it",
         "\"shape\":[2],\"encoding\":\"coo\",\"data\":[[1,@1x", "/0"),
    DATA(SL_LENGTH_MISMATCH, "a row of nested data too many before a letter in it",
         "\"shape\":[1,1,1],\"data\":[[[1],@[x", "/0/1"),
    DATA(SL_RAGGED, "ragged data before a shape that it does not fit",
         "\"data\":[[[1,0],[1@]]],\"shape\":[9]", "/0/1"),
};

START_TEST(of_lists_of_numbers) {
  sl_check_bad_bodies(lists_of_numbers, sizeof lists_of_numbers / sizeof *lists_of_numbers);
}
END_TEST

START_TEST(of_labels_counts_and_rates) {
  sl_check_bad_bodies(labels_and_counts, sizeof labels_and_counts / sizeof *labels_and_counts);
}
END_TEST

START_TEST(of_choices_and_members) {
  sl_check_bad_bodies(choices_and_members,
                      sizeof choices_and_members / sizeof *choices_and_members);
}
END_TEST

START_TEST(of_shapes) {
  sl_check_bad_bodies(shapes, sizeof shapes / sizeof *shapes);
}
END_TEST

START_TEST(of_nested_tensors) {
  sl_check_bad_bodies(nested_tensors, sizeof nested_tensors / sizeof *nested_tensors);
}
END_TEST

START_TEST(of_the_data_of_tensors) {
  sl_check_bad_bodies(data_of_tensors, sizeof data_of_tensors / sizeof *data_of_tensors);
}
END_TEST

int main(void) {
  return RUN_SUITE("the_first_error_is_reported", NULL, of_lists_of_numbers,
                   of_labels_counts_and_rates, of_choices_and_members, of_shapes, of_nested_tensors,
                   of_the_data_of_tensors);
}
