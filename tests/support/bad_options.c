/* Members that not every loss has: flags, numbers with bounds, words, and lists of which one must
 * be there. */
#include "bad_bodies.h"
#include "core/codes.h"

#define MSE      "spike_count_mse"
#define ENTROPY  "spike_count_cross_entropy"
#define ACTIVITY "activity_regularization"

#define FLAG(name, value)                                                                          \
  BAD(name, MSE, "{\"truncate\":@" value "}", SL_WRONG_TYPE, "/truncate",                          \
      .figures = {"true or false"})
#define SMOOTHING(name, value, code, ...)                                                          \
  BAD(name, ENTROPY, "{\"label_smoothing\":@" value "}", code, "/label_smoothing", __VA_ARGS__)
#define WEIGHTS(name, list, code, index, ...)                                                      \
  BAD(name, ENTROPY, "{\"class_weights\":[" list "]}", code, "/class_weights" index, __VA_ARGS__)

const struct sl_bad_body sl_bad_options[] = {
    FLAG("a number for a flag", "1"),
    FLAG("a word for a flag", "\"true\""),
    FLAG("a list for a flag", "[true]"),
    FLAG("an object for a flag", "{}"),
    BAD("Python's word for a flag", MSE, "{\"truncate\":@True}", SL_NOT_JSON, "",
        .figures = {"json.dumps"}),
    BAD("NaN for a flag", MSE, "{\"truncate\":@nan}", SL_NOT_JSON, ""),
    BAD("half a flag", MSE, "{\"truncate\":@tru}", SL_NOT_JSON, ""),
    BAD("a flag twice", MSE, "{\"truncate\":null,@\"truncate\":true}", SL_DUPLICATE_MEMBER,
        "/truncate"),
    BAD("null for a required rate", MSE, "{\"correct_rate\":@null}", SL_WRONG_TYPE,
        "/correct_rate"),
    BAD("an unknown unit", MSE, "{\"per\":@\"class\"}", SL_UNKNOWN_CHOICE, "/per",
        .figures = {"\"neuron\" or \"population\", not \"class\""}),
    BAD("a flag for a word", MSE, "{\"reduction\":@true}", SL_WRONG_TYPE, "/reduction",
        .figures = {"\"mean\" or \"sum\""}),
    BAD("a member of balanced_population_mse", MSE, "{@\"neurons_per_class\":4}", SL_UNKNOWN_MEMBER,
        "/neurons_per_class"),

    SMOOTHING("more than all smoothing", "1.5", SL_OUT_OF_RANGE, .figures = {"0 to 1, not 1.5"}),
    SMOOTHING("a little more than all smoothing", "1.0000000000000002", SL_OUT_OF_RANGE),
    SMOOTHING("negative smoothing", "-1e-300", SL_OUT_OF_RANGE),
    SMOOTHING("infinite smoothing", "1e999", SL_NOT_FINITE),
    SMOOTHING("a list of smoothing", "[0.1]", SL_WRONG_TYPE),
    WEIGHTS("a negative weight", "1,@-0.5", SL_OUT_OF_RANGE, "/1",
            .figures = {"0 or more, not -0.5"}),
    WEIGHTS("a negative weight after many", "1,1,1,1,1,1,1,@-1,1,1", SL_OUT_OF_RANGE, "/7"),
    WEIGHTS("a word among weights", "1,@\"2\"", SL_WRONG_TYPE, "/1"),
    WEIGHTS("an infinite weight", "@Infinity", SL_NOT_FINITE, "/0"),
    BAD("one weight for all classes", ENTROPY, "{\"class_weights\":@2}", SL_WRONG_TYPE,
        "/class_weights"),

    BAD("neither bound", ACTIVITY, "{\"spikes_list\":[[1]],\"weights\":[1]@}", SL_MISSING_MEMBER,
        "/lower", .figures = {"lower", "upper"}),
    BAD("null for both bounds", ACTIVITY, "{\"upper\":null,\"spikes_list\":[[1]],\"lower\":null@}",
        SL_MISSING_MEMBER, "/lower"),
    BAD("neither spikes nor bounds", ACTIVITY, "{@}", SL_MISSING_MEMBER, "/spikes_list"),
    BAD("a number for a bound", ACTIVITY, "{\"upper\":@0.4}", SL_WRONG_TYPE, "/upper",
        .figures = {"[0.4]"}),
    BAD("null among bounds", ACTIVITY, "{\"upper\":[0.1,@null]}", SL_WRONG_TYPE, "/upper/1"),
    BAD("an unknown norm", ACTIVITY, "{\"norm\":@\"L2\"}", SL_UNKNOWN_CHOICE, "/norm",
        .figures = {"\"l2\" or \"l1\""}),
};
const size_t sl_bad_option_count = sizeof sl_bad_options / sizeof *sl_bad_options;
