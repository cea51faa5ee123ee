/* What the limits refuse. What they just allow is asserted beside the runner of these tables. */
#include "bad_bodies.h"
#include "core/codes.h"

#define PAIRS(name, loss, body, pointer, limit)                                                    \
  BAD(name, loss, body, SL_TENSOR_TOO_LARGE, pointer, .pairs = (limit))
#define DEPTH(name, loss, body, pointer, limit)                                                    \
  BAD(name, loss, body, SL_TOO_DEEP, pointer, .depth = (limit))
#define MEMBER(name, loss, body, pointer, limit)                                                   \
  BAD(name, loss, body, SL_MEMBER_TOO_LARGE, pointer, .member_bytes = (limit))
#define LAYER(name, body, limit)                                                                   \
  BAD(name, RATES, body, SL_TOO_MANY_LAYERS, "/spikes_list", .layers = (limit))
#define LAYERS_16  "[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],"
#define LAYERS_64  LAYERS_16 LAYERS_16 LAYERS_16 LAYERS_16
#define LAYERS_256 LAYERS_64 LAYERS_64 LAYERS_64 LAYERS_64
#define DEFERRED(name, object, limit)                                                              \
  BAD(name, RATES, LAYERS("{" object "}"), SL_DEFERRED_TOO_LARGE, "/spikes_list/0/data",           \
      .deferred_bytes = (limit))

const struct sl_bad_body sl_bad_limits[] = {
    PAIRS("a row longer than the pairs", RATES, LAYERS("[0,1,@0]"), "/spikes_list/0", 2),
    PAIRS("a long row longer than the pairs", RATES, LAYERS("[" ZEROS_64 "@0,0]"), "/spikes_list/0",
          64),
    PAIRS("a row within a word longer than the pairs", RATES, LAYERS("[" ZEROS_16 "@0,0]"),
          "/spikes_list/0", 16),
    PAIRS("a first time step larger than the pairs", RATES, LAYERS("[[0,1,@0],[0,1,0]]"),
          "/spikes_list/0", 2),
    PAIRS("a first step of rank 4 larger than the pairs", RATES, LAYERS("[[[[0,1],[0,@1]]]]"),
          "/spikes_list/0", 3),
    PAIRS("a second sample beyond the pairs", POPULATION, SPK("[[[0,1],[1,1]],[[@0,1],[1,0]]]"),
          "/spk", 3),
    PAIRS("a third sample beyond the pairs", RATES, LAYERS("[[[0,1]],[[1,1]],[[@1,0]]]"),
          "/spikes_list/0", 5),
    PAIRS("a second layer beyond the pairs", RATES, LAYERS("[0,1],[1,@1]"), "/spikes_list/1", 3),
    PAIRS("a graded value beyond the pairs", RATES, LAYERS("[0.5,1.5,@2.5]"), "/spikes_list/0", 2),
    PAIRS("a shape beyond the pairs", RATES, LAYERS("{\"shape\":@[2,9,3],\"data\":[1]}"),
          "/spikes_list/0/shape", 5),
    PAIRS("a huge shape", RATES, LAYERS("{\"shape\":@[1000000000000],\"data\":[1]}"),
          "/spikes_list/0/shape", 0),
    PAIRS("a huge shape of samples", POPULATION,
          SPK_OBJECT("\"shape\":@[16777217,1,1],\"data\":[1]"), "/spk/shape", 0),
    PAIRS("a shape after its data beyond the pairs", RATES,
          LAYERS("{\"data\":[1,0,1],\"shape\":@[3]}"), "/spikes_list/0/shape", 2),
    PAIRS("a shape of a second layer beyond the pairs", RATES,
          LAYERS("[0,1],{\"shape\":@[2],\"data\":[1,1]}"), "/spikes_list/1/shape", 3),
    PAIRS("a shape of a second layer, like the first, beyond the pairs", RATES,
          LAYERS("{\"shape\":[2],\"data\":[1,1]},{\"shape\":@[2],\"data\":[1,1]}"),
          "/spikes_list/1/shape", 3),

    DEPTH("a list in a body of depth 1", RATES, "{\"offsets\":@[1]}", "/offsets", 1),
    DEPTH("a list of layers in a body of depth 1", RATES, "{\"spikes_list\":@[[1]]}",
          "/spikes_list", 1),
    DEPTH("a layer in a body of depth 2", RATES, LAYERS("@[1]"), "/spikes_list/0", 2),
    DEPTH("a row in a body of depth 3", RATES, LAYERS("[@[1]]"), "/spikes_list/0/0", 3),
    DEPTH("a row among numbers in a body of depth 3", RATES, LAYERS("[1,@[1]]"), "/spikes_list/0/1",
          3),
    DEPTH("spk in a body of depth 1", POPULATION, SPK("@[[[1,0]]]"), "/spk", 1),
    DEPTH("a tensor object in a body of depth 2", RATES, LAYERS("@{}"), "/spikes_list/0", 2),
    DEPTH("a shape in a body of depth 3", RATES, LAYERS("{\"shape\":@[1]}"), "/spikes_list/0/shape",
          3),
    DEPTH("data in a body of depth 3", RATES, LAYERS("{\"data\":@[1]}"), "/spikes_list/0/data", 3),
    DEPTH("coordinates in a body of depth 4", RATES,
          LAYERS("{\"encoding\":\"coo\",\"data\":[@[0]]}"), "/spikes_list/0/data/0", 4),
    DEPTH("an array too deep in a list", RATES, OFFSETS("[1,@[1]]"), "/offsets/1", 2),
    DEPTH("an object too deep for a list", RATES, OFFSETS("@{"), "/offsets", 1),
    DEPTH("an object too deep in a list", RATES, OFFSETS("[@{}]"), "/offsets/0", 2),
    DEPTH("an array too deep for a number", POPULATION, "{\"correct_rate\":@[1]}", "/correct_rate",
          1),

    MEMBER("a list longer than the limit", RATES, OFFSETS("[1,2,@3]"), "/offsets", 5),
    MEMBER("a list whose bracket is beyond the limit", RATES, OFFSETS("[1,2@]"), "/offsets", 4),
    MEMBER("white space in a list counts", RATES, OFFSETS("[ 1 @ ]"), "/offsets", 4),
    MEMBER("a number longer than the limit", POPULATION, "{\"correct_rate\": 0.25@5}",
           "/correct_rate", 4),
    MEMBER("a word longer than the limit", RATES, "{\"gradient\":\"broa@dcast\"}", "/gradient", 5),
    MEMBER("a string longer than the limit, whatever it says", RATES,
           "{\"gradient\":\"xxxx@xxxxxxxxxx\"}", "/gradient", 5),
    MEMBER("a shape longer than the limit", RATES, LAYERS("{\"shape\":[1,@1]}"),
           "/spikes_list/0/shape", 3),
    MEMBER("an encoding longer than the limit", RATES, LAYERS("{\"encoding\":\"bits@\"}"),
           "/spikes_list/0/encoding", 5),
    MEMBER("a literal longer than the limit", RATES, OFFSETS("nul@l"), "/offsets", 3),

    LAYER("a third layer where two are allowed", LAYERS("[1],[0,1],@[1]"), 2),
    LAYER("a second layer where one is allowed, whatever it is", LAYERS("[1], @nonsense"), 1),
    LAYER("a second layer that is an object", LAYERS("[1],@{\"shape\":[1]}"), 1),
    LAYER("the 1025th layer", LAYERS(LAYERS_256 LAYERS_256 LAYERS_256 LAYERS_256 "@[1]"), 0),

    DEFERRED("the 65th binary value before its shape", "\"data\":[" ZEROS_64 "@0,0],\"shape\":[66]",
             8),
    DEFERRED("the second graded value before its shape", "\"data\":[0.5,@0.5],\"shape\":[2]", 8),
    DEFERRED("the third graded value before its shape", "\"data\":[2,2,@2],\"shape\":[3]", 16),
    DEFERRED("the second coordinate before its shape",
             "\"encoding\":\"coo\",\"data\":[[0,@0]],\"shape\":[1,1]", 8),
    DEFERRED("the first graded value after binary ones before its shape",
             "\"data\":[1,0,@0.5],\"shape\":[3]", 8),
    DEFERRED("base64 before its shape", "\"data\":@\"AAAAAAAA\",\"shape\":[48]", 5),
    DEFERRED("the second entry before its shape",
             "\"encoding\":\"coo\",\"data\":[[0],[@1]],\"shape\":[2]", 8),
};
const size_t sl_bad_limit_count = sizeof sl_bad_limits / sizeof *sl_bad_limits;
