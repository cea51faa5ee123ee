/* Members of the body: unknown, duplicate, missing; small values of the wrong kind or size. */
#include "bad_bodies.h"
#include "core/codes.h"

#define UNKNOWN(name, body, pointer)   BAD(name, RATES, body, SL_UNKNOWN_MEMBER, pointer)
#define DUPLICATE(name, body, pointer) BAD(name, RATES, body, SL_DUPLICATE_MEMBER, pointer)
#define MISSING(name, loss, body, pointer)                                                         \
  BAD(name, loss, body, SL_MISSING_MEMBER, pointer, .figures = {&(pointer)[1]})
#define TYPE(name, loss, body, pointer) BAD(name, loss, body, SL_WRONG_TYPE, pointer)
#define RANGE(name, body, pointer)      BAD(name, POPULATION, body, SL_OUT_OF_RANGE, pointer)
#define CHOICE(name, body, pointer)     BAD(name, RATES, body, SL_UNKNOWN_CHOICE, pointer)
#define LETTERS_31                      "abcdefghijklmnopqrstuvwxyzabcde"
#define LETTERS_32                      LETTERS_31 "f"
#define SLASHES_32                      "////////////////////////////////"

const struct sl_bad_body sl_bad_members[] = {
    UNKNOWN("a member of no loss", "{@\"spikes\":[[1]]}", "/spikes"),
    UNKNOWN("a member of the other loss", "{@\"targets\":[0]}", "/targets"),
    UNKNOWN("a name in capitals", "{@\"Offsets\":[1]}", "/Offsets"),
    UNKNOWN("an empty name", "{@\"\":[1]}", "/"),
    UNKNOWN("the beginning of a name", "{@\"offset\":[1]}", "/offset"),
    UNKNOWN("a name and one letter more", "{@\"offsetss\":[1]}", "/offsetss"),
    UNKNOWN("a name with a space", "{@\"offsets \":[1]}", "/offsets "),
    UNKNOWN("a name with a tilde and a slash", "{@\"a~b/c\":[1]}", "/a~0b~1c"),
    UNKNOWN("a name in escapes", "{@\"\\u0061\\/\\u007e\":[1]}", "/a~1~0"),
    UNKNOWN("a name in another script", "{@\"\xCE\xB1\xE2\x82\xAC\":[1]}", "/\xCE\xB1\xE2\x82\xAC"),
    UNKNOWN("a name as a surrogate pair", "{@\"\\ud83d\\ude00\":[1]}", "/\xF0\x9F\x98\x80"),
    UNKNOWN("an unknown name is refused before its value", "{@\"x\"", "/x"),
    UNKNOWN("an unknown second member", "{\"offsets\":[1],\n @\"rates\":[1]}", "/rates"),
    UNKNOWN("the longest name that has a pointer", "{@\"" LETTERS_32 LETTERS_32 "\":[1]}",
            "/" LETTERS_32 LETTERS_32),
    UNKNOWN("a name too long for a pointer", "{@\"" LETTERS_32 LETTERS_32 "a\":[1]}", ""),
    UNKNOWN("a name that is cut within a character",
            "{@\"" LETTERS_32 LETTERS_31 "\xE2\x82\xAC\":[1]}", ""),
    UNKNOWN("a name that takes more space in a pointer", "{@\"" SLASHES_32 SLASHES_32 "\":[1]}",
            ""),
    UNKNOWN("a name with a NUL after a known one", "{@\"offsets\\u0000\":[1]}", ""),
    DUPLICATE("the same member twice", "{\"offsets\":[1],@\"offsets\":[1]}", "/offsets"),
    DUPLICATE("the same member once in escapes", "{\"offsets\":[1],@\"\\u006fffsets\":[1]}",
              "/offsets"),
    DUPLICATE("the same choice twice", "{\"gradient\":\"none\",@\"gradient\":\"none\"}",
              "/gradient"),
    DUPLICATE("a shape before and after data, in a layer that begins like the one before",
              LAYERS("{\"shape\":[1],\"data\":[1]},{\"shape\":[1],\"data\":[1],@\"shape\":[1]}"),
              "/spikes_list/1/shape"),
    DUPLICATE("the spikes twice", "{\"spikes_list\":[[1]],@\"spikes_list\":[[1]]}", "/spikes_list"),
    MISSING("an empty object", RATES, "{@}", "/spikes_list"),
    MISSING("white space after an object that lacks all", RATES, " { @} \n", "/spikes_list"),
    MISSING("no offsets", RATES, "{\"spikes_list\":[[1]],\"multipliers\":[1]@}", "/offsets"),
    MISSING("no multipliers", RATES, "{\"spikes_list\":[[1]],\"offsets\":[1]@} ", "/multipliers"),
    MISSING("no spikes_list and no offsets", RATES, "{\"multipliers\":[1]@}", "/spikes_list"),
    MISSING("an empty object for the populations", POPULATION, "{@}", "/spk"),
    MISSING("no targets", POPULATION,
            "{\"spk\":[[[1]]],\"num_classes\":1,\"neurons_per_class\":1,\"correct_rate\":1,"
            "\"incorrect_rate\":0@}",
            "/targets"),
    MISSING("no incorrect_rate", POPULATION,
            "{\"spk\":[[[1]]],\"num_classes\":1,\"neurons_per_class\":1,\"correct_rate\":1,"
            "\"targets\":[0]@}",
            "/incorrect_rate"),
    MISSING("only choices", POPULATION, "{\"gradient\":\"none\",\"gradient_encoding\":\"f32\"@}",
            "/spk"),

    TYPE("a number for offsets", RATES, OFFSETS("@1"), "/offsets"),
    TYPE("a string for offsets", RATES, OFFSETS("@\"[1]\""), "/offsets"),
    TYPE("an object for offsets", RATES, OFFSETS(" @{\"0\":1}"), "/offsets"),
    TYPE("null for offsets", RATES, OFFSETS("@null"), "/offsets"),
    TYPE("true for multipliers", RATES, "{\"multipliers\":@true}", "/multipliers"),
    TYPE("null among offsets", RATES, OFFSETS("[1,@null]"), "/offsets/1"),
    TYPE("a string among offsets", RATES, OFFSETS("[@\"1\",2]"), "/offsets/0"),
    TYPE("a list among offsets", RATES, OFFSETS("[1, 2, @[3]]"), "/offsets/2"),
    TYPE("the first of two bad offsets", RATES, OFFSETS("[@true,1e999]"), "/offsets/0"),
    TYPE("a number for targets", POPULATION, "{\"targets\":@0}", "/targets"),
    TYPE("a fraction among labels", POPULATION, "{\"targets\":[0,@0.5]}", "/targets/1"),
    TYPE("the first of two bad labels", POPULATION, "{\"targets\":[@0.5,1e999]}", "/targets/0"),
    TYPE("a fraction before a string among labels", POPULATION, "{\"targets\":[@0.5,\"1\"]}",
         "/targets/0"),
    TYPE("an exponent that makes a fraction", POPULATION, "{\"targets\":[@5e-1]}", "/targets/0"),
    TYPE("a boolean among labels", POPULATION, "{\"targets\":[0,1,@false]}", "/targets/2"),
    TYPE("a list of labels in a list", POPULATION, "{\"targets\":[@[0]]}", "/targets/0"),
    TYPE("a fraction for a count", POPULATION, "{\"num_classes\":@3.5}", "/num_classes"),
    TYPE("an exponent that makes a fraction of a count", POPULATION,
         "{\"num_classes\":@15e-1,\"x\":1}", "/num_classes"),
    TYPE("a string for a count", POPULATION, "{\"num_classes\":@\"3\"}", "/num_classes"),
    TYPE("a list for a count", POPULATION, "{\"neurons_per_class\":@[3]}", "/neurons_per_class"),
    TYPE("null for a count", POPULATION, "{\"neurons_per_class\": @null}", "/neurons_per_class"),
    TYPE("a string for a rate", POPULATION, "{\"correct_rate\":@\"0.5\"}", "/correct_rate"),
    TYPE("a list for a rate", POPULATION, "{\"incorrect_rate\":@[0.5]}", "/incorrect_rate"),
    TYPE("false for a rate", POPULATION, "{\"incorrect_rate\":@false}", "/incorrect_rate"),
    TYPE("a number for a choice", POPULATION, "{\"gradient\":@0}", "/gradient"),
    TYPE("true for a choice", RATES, "{\"gradient\":@true}", "/gradient"),
    DUPLICATE("a choice after null for it", "{\"gradient\":null,@\"gradient\":\"none\"}",
              "/gradient"),
    MISSING("null for a choice is nothing", RATES, "{\"gradient\":null@}", "/spikes_list"),
    TYPE("an object for offsets whatever is in it", RATES, OFFSETS("@{1}"), "/offsets"),
    TYPE("an object for offsets that never ends", RATES, "{\"offsets\":@{", "/offsets"),
    BAD("a string in a list, longer than the limit", RATES, OFFSETS("[1,@\"23456\"]"),
        SL_WRONG_TYPE, "/offsets/1", .member_bytes = 5),
    TYPE("a string for offsets with bad UTF-8 in it", RATES,
         OFFSETS("@\"a\xFF"
                 "b\x01"
                 "c\""),
         "/offsets"),
    TYPE("a string for offsets whatever is in it", RATES, OFFSETS("@\"\\x\""), "/offsets"),
    TYPE("a number for offsets whatever comes next", RATES, OFFSETS("@01"), "/offsets"),
    TYPE("brackets without an end", RATES,
         "{\"offsets\":[@[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "/offsets/0"),
    TYPE("the first of two faults in a list", RATES, OFFSETS("[1,@\"x\",tru]"), "/offsets/1"),
    TYPE("a list for a choice", RATES, "{\"gradient_encoding\":@[\"f32\"]}", "/gradient_encoding"),

    RANGE("no classes", "{\"num_classes\":@0}", "/num_classes"),
    RANGE("minus no classes", "{\"num_classes\":@-0}", "/num_classes"),
    RANGE("a negative count", "{\"neurons_per_class\":@-3}", "/neurons_per_class"),
    RANGE("a count above all integers", "{\"num_classes\":@1e30}", "/num_classes"),
    RANGE("a count of 2^64", "{\"neurons_per_class\":@18446744073709551616}", "/neurons_per_class"),
    RANGE("a large negative count", "{\"num_classes\": @-1e300 }", "/num_classes"),

    CHOICE("an unknown form", "{\"gradient\":@\"sparse\"}", "/gradient"),
    CHOICE("a form in capitals", "{\"gradient\":@\"Dense\"}", "/gradient"),
    CHOICE("an empty word", "{\"gradient\":@\"\"}", "/gradient"),
    CHOICE("the beginning of a word", "{\"gradient\":@\"broad\"}", "/gradient"),
    CHOICE("a word and a NUL", "{\"gradient\":@\"none\\u0000\"}", "/gradient"),
    CHOICE("a word, a NUL and more", "{\"gradient\":@\"none\\u0000x\"}", "/gradient"),
    CHOICE("a word of the other choice", "{\"gradient_encoding\":@\"dense\"}",
           "/gradient_encoding"),
    CHOICE("an encoding of tensors only", "{\"gradient_encoding\": @\"bits\"}",
           "/gradient_encoding"),
};
const size_t sl_bad_member_count = sizeof sl_bad_members / sizeof *sl_bad_members;
