/* Sums instead of spikes, and axes in another order. */
#include "bad_bodies.h"
#include "core/codes.h"

#define TIME_FIRST "{\"axes\":\"time_batch_neurons\","
#define TIME_LAST  "{\"axes\":\"batch_neurons_time\","
#define REST       ",\"offsets\":[0.5],\"multipliers\":[1]}"

/* A tensor of a loss with sums per neuron, and of one with sums per sample. */
#define SUMS(code, name, object, pointer, ...)                                                     \
  BAD(name, RATES, LAYERS("{" object "}"), code, "/spikes_list/0/" pointer, __VA_ARGS__)
#define PAIRS(code, name, object, pointer, ...)                                                    \
  BAD(name, POPULATION, SPK_OBJECT(object), code, "/spk/" pointer, __VA_ARGS__)
#define OF_TIME "\"shape\":[2,3,4],\"summed\":\"time\",\"data\":"

const struct sl_bad_body sl_bad_sums[] = {
    SUMS(SL_UNKNOWN_CHOICE, "sums over an unknown axis", "\"summed\":@\"batch\"", "summed",
         .figures = {"\"time\" or \"batch_time\", not \"batch\""}),
    SUMS(SL_WRONG_TYPE, "true for the summed axes", "\"summed\":@true", "summed",
         .figures = {"\"time\" or \"batch_time\""}),
    SUMS(SL_WRONG_TYPE, "a list of summed axes", "\"summed\":@[\"time\"]", "summed"),
    SUMS(SL_DUPLICATE_MEMBER, "summed twice", "\"summed\":null,@\"summed\":\"time\"", "summed"),
    SUMS(SL_UNKNOWN_CHOICE, "summed bits", "\"summed\":\"time\",\"encoding\":@\"bits\"", "encoding",
         .figures = {"u8"}),
    SUMS(SL_UNKNOWN_CHOICE, "bits that are summed", "\"encoding\":\"bits\",\"summed\":@\"time\"",
         "summed"),
    SUMS(SL_UNKNOWN_CHOICE, "summed coordinates", "\"summed\":\"time\",\"encoding\":@\"coo\"",
         "encoding"),
    SUMS(SL_UNKNOWN_CHOICE, "coordinates that are summed",
         "\"encoding\":\"coo\",\"data\":[[0,1]],\"summed\":@\"batch_time\"", "summed"),
    SUMS(SL_UNKNOWN_CHOICE, "a string of sums that turns out to be bits",
         "\"shape\":[1,1,1],\"summed\":\"time\",\"data\":\"gA==\",\"encoding\":@\"bits\"",
         "encoding"),
    PAIRS(SL_UNKNOWN_CHOICE, "sums over the batch for a loss that needs samples",
          "\"summed\":@\"batch_time\"", "summed", .figures = {"time", "each sample"}),
    SUMS(SL_MEMBER_TOO_LATE, "summed after values that were counted",
         "\"shape\":[1],\"data\":[1],\"summed\":@\"time\"", "summed",
         .figures = {"put summed before data"}),
    SUMS(SL_MEMBER_TOO_LATE, "summed after a string whose encoding is not known",
         "\"shape\":[1],\"data\":\"AQ==\",\"summed\":@\"time\",\"encoding\":\"u8\"", "summed"),
    SUMS(SL_LENGTH_MISMATCH, "a sum too many", OF_TIME "[0,1,2,3,0,1,2,3,@1]", "data",
         .figures = {"8", "without the summed axes"}),
    SUMS(SL_LENGTH_MISMATCH, "a sum too few", OF_TIME "[0,1,2,3,0,1,2@]", "data",
         .figures = {"7", "8"}),
    SUMS(SL_LENGTH_MISMATCH, "sums too few before their shape",
         "\"data\":[0,2,1],\"shape\":[2,3,4],\"summed\":\"time\"@", "data",
         .figures = {"has 3 values", "[2, 3, 4] summed over time has 8"}),
    SUMS(SL_WRONG_RANK, "sums of time for a shape that is summed over batch and time",
         "\"data\":[[0,2,1,1],[1,1,1,1]],\"shape\":[2,1,4],\"summed\":\"batch_time\"@", "data",
         .figures = {"[2, 4]", "batch and time is [4]"}),
    SUMS(SL_LENGTH_MISMATCH, "bytes of sums too few", OF_TIME "@\"AQID\",\"encoding\":\"u8\"",
         "data", .figures = {"3 bytes", "8 values"}),
    SUMS(SL_LENGTH_MISMATCH, "spikes where sums belong",
         "\"shape\":[1,3,2],\"summed\":\"time\",\"data\":[1,0,@1,0,1,1]", "data"),
    SUMS(SL_LENGTH_MISMATCH, "nested sums of another length",
         "\"shape\":[1,3,2],\"summed\":\"time\",\"data\":[[1,2,3]]@", "data",
         .figures = {"[1, 3]", "[1, 2]"}),
    SUMS(SL_NOT_FINITE, "an infinite sum", OF_TIME "[0,@1e999]", "data/1"),
    SUMS(SL_NOT_FINITE, "NaN for a sum", OF_TIME "[0,@NaN]", "data/1"),
    SUMS(SL_NOT_FINITE, "a sum that is NaN in binary",
         "\"shape\":[1],\"summed\":\"time\",\"encoding\":\"f32\",\"data\":@\"AADAfw==\"", "data"),
    SUMS(SL_TENSOR_TOO_LARGE, "more pairs than the limit, summed or not",
         "\"summed\":\"batch_time\",\"shape\":@[3,1000,2]", "shape", .pairs = 5),

    BAD("an unknown order of axes", RATES, "{\"axes\":@\"time_first\"}", SL_UNKNOWN_CHOICE, "/axes",
        .figures = {"time_batch_neurons"}),
    BAD("a list of axes", RATES, "{\"axes\":@[\"time\",\"batch\",\"neurons\"]}", SL_WRONG_TYPE,
        "/axes"),
    BAD("axes after a tensor", RATES,
        "{\"spikes_list\":[[[[1]]]],\"axes\":@\"time_batch_neurons\"" REST, SL_MEMBER_TOO_LATE,
        "/axes", .figures = {"before the first tensor"}),
    BAD("the default axes after a tensor", POPULATION,
        "{\"spk\":[[[1,0]]],\"axes\":@\"batch_time_neurons\"" POPULATION_REST, SL_MEMBER_TOO_LATE,
        "/axes"),
    BAD("a tensor without time, time first", POPULATION,
        TIME_FIRST "\"spk\":[[@1]]" POPULATION_REST, SL_WRONG_RANK, "/spk/0/0",
        .figures = {"[time, batch, output_neurons]", "summed"}),
    BAD("four dimensions, time last", POPULATION, TIME_LAST "\"spk\":[[[@[1]]]]" POPULATION_REST,
        SL_WRONG_RANK, "/spk/0/0/0", .figures = {"[batch, output_neurons, time]"}),
    BAD("ragged rows, time first", RATES, TIME_FIRST "\"spikes_list\":[[[[1,0]],[[1@]]]]" REST,
        SL_RAGGED, "/spikes_list/0/1/0"),
    BAD("ragged samples, time last", RATES,
        TIME_LAST "\"spikes_list\":[[[[1,0]],[[1,0],@[1,1]]]]" REST, SL_RAGGED,
        "/spikes_list/0/1/1"),
    BAD("a pair too many, time first", RATES, TIME_FIRST "\"spikes_list\":[[[[1,0],[@1,0]]]]" REST,
        SL_TENSOR_TOO_LARGE, "/spikes_list/0", .pairs = 3),
    BAD("a row too many, time last", RATES,
        TIME_LAST "\"spikes_list\":[[[[1,0],[1,0]],[[@1,0]]]]" REST, SL_TENSOR_TOO_LARGE,
        "/spikes_list/0", .pairs = 2),
    BAD("a time step outside the shape, time last", RATES,
        TIME_LAST
        "\"spikes_list\":[{\"shape\":[2,3,4],\"encoding\":\"coo\",\"data\":[[1,2,@4]]}]" REST,
        SL_COO_OUT_OF_RANGE, "/spikes_list/0/data/0/2", .figures = {"0 to 3"}),
};
const size_t sl_bad_sum_count = sizeof sl_bad_sums / sizeof *sl_bad_sums;
