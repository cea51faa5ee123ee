/*
 * Bodies that real clients send by mistake, and what each sender is told.
 *
 * A row says what the client did, then the code, pointer and offset of the answer, then words that
 * the detail must have because they help that sender, and words that it must not have because they
 * would mislead. Words are compared without case; `a|b` is one of two. An accepted body has the
 * loss that its sender expects, by the plain formula.
 */
#include "core/codes.h"
#include "decode/request.h"
#include "suite.h"
#include "support/bad_bodies.h"
#include "support/compare.h"
#include "support/feed.h"
#include "support/reference_losses.h"

#include <check.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE SL_NO_OFFSET

struct mistake {
  const char *body; /* a file of tests/inputs, or JSON with `@` at the offset */
  const char *did;
  enum sl_status code;
  const char *pointer;
  uint64_t offset; /* of a file */
  const char *says[4];
  const char *never;
  double loss;           /* of an accepted body */
  const char *loss_name; /* of JSON; files say it by their ending */
};

#define FILE(file, did, code, pointer, offset, never, ...)                                         \
  { file, did, code, pointer, offset, {__VA_ARGS__}, never, 0.0, NULL }
#define FILE_ACCEPTED(file, did, loss)                                                             \
  { file, did, SL_OK, "", NOWHERE, {NULL}, NULL, loss, NULL }

static const struct mistake files[] = {
    FILE("01-nan-lowercase-tensor.b", "str() of a NaN in Python or C", SL_NOT_FINITE, "/spk/0/0/0",
         10, "null", "nan", "finite"),
    FILE("02-np2-repr-tensor.b", "str() of a list of NumPy 2 numbers", SL_NOT_JSON, "", 10, "null",
         "np.float64", "json.dumps", "tolist"),
    FILE("03-tensor-repr.b", "str() of a PyTorch tensor", SL_NOT_JSON, "", 7, "boolean", "tensor(",
         "json.dumps", "tolist"),
    FILE("04-minus-nan.b", "printf of a NaN in C", SL_NOT_FINITE, "/spk/0/0/0", 10, "digit", "-nan",
         "finite"),
    FILE("05-inf-lowercase.b", "str() of an infinity in Python or C", SL_NOT_FINITE, "/spk/0/0/0",
         10, NULL, "inf", "finite"),
    FILE("06-Inf.b", "paste() of an infinity in R", SL_NOT_FINITE, "/spk/0/0/0", 10, NULL, "Inf",
         "finite"),
    FILE("07-nan-in-offsets.f", "a NaN in a list of numbers", SL_NOT_FINITE, "/offsets/0", 32,
         "null", "nan", "finite"),
    FILE("09-gradient-false.f", "false where the gradient is not wanted", SL_WRONG_TYPE,
         "/gradient", 64, "1 or 0", "\"none\"", "\"broadcast\""),
    FILE_ACCEPTED("10-gradient-null.f", "null for a member that is not set", 1.0),
    FILE("11-targets-null.b", "null for the labels", SL_WRONG_TYPE, "/targets", 27, "NaN", "list",
         "integers", "null"),
    FILE("13-row-null.b", "null for a row", SL_WRONG_TYPE, "/spk/0/1", 15, "NaN", "null", "array"),
    FILE_ACCEPTED("15-shape-nested-data-3.b", "nested data beside its shape, as KServe has it",
                  1.0),
    FILE_ACCEPTED("17-shape-nested-range.f", "the same with two levels, which are no coordinates",
                  0.25),
    FILE("18-typed-array-rows.b", "JSON.stringify of typed arrays as rows", SL_WRONG_TYPE,
         "/spk/0/0", 9, NULL, "Array.from"),
    FILE("19-typed-array-top.b", "JSON.stringify of a typed array as the tensor", SL_UNKNOWN_MEMBER,
         "/spk/0", 8, NULL, "Array.from"),
    FILE("21-typed-array-targets.b", "JSON.stringify of a typed array of labels", SL_WRONG_TYPE,
         "/targets", 27, NULL, "Array.from"),
    FILE("23-lava-nct.b", "lava-dl's [batch, neurons, time]", SL_LENGTH_MISMATCH, "/spk", NOWHERE,
         NULL, "[1, 2, 3]", "batch, time"),
    FILE("24-one-hot.b", "one-hot labels", SL_WRONG_TYPE, "/targets/0", 28, NULL, "class indices",
         "argmax"),
    FILE("26-scalar-target.b", "the label of one sample, not in a list", SL_WRONG_TYPE, "/targets",
         27, NULL, "list", "[0]"),
    FILE("27-r-scalars.b", "numbers of R without auto_unbox", SL_WRONG_TYPE, "/num_classes", 45,
         NULL, "auto_unbox"),
    FILE("28-nan-string.b", "NaN as a string", SL_WRONG_TYPE, "/spk/0/0/0", 10, NULL, "\"NaN\"",
         "number"),
    FILE("30-bare-tensor-as-list.f", "one tensor where a list of tensors belongs",
         SL_LENGTH_MISMATCH, "/offsets", NOWHERE, NULL, "3 layers", "list of tensors"),
    FILE("31-b64-linebreak.b", "base64 with line breaks", SL_BAD_BASE64, "/spk/data", 50, NULL,
         "line break"),
    FILE("32-b64-urlsafe.b", "URL-safe base64", SL_BAD_BASE64, "/spk/data", 50, NULL, "'_'", "URL"),
    FILE("34-bom.b", "UTF-8 with a byte order mark", SL_NOT_JSON, "", 0, NULL, "byte order mark"),
    FILE("35-utf16.b", "UTF-16", SL_NOT_JSON, "", 0, NULL, "UTF-16", "UTF-8"),
    FILE("36-gzip-no-header.b", "gzip without Content-Encoding", SL_NOT_JSON, "", 0, NULL,
         "add Content-Encoding: gzip"),
    FILE("37-double-encoded.b", "JSON.stringify or json.dumps twice", SL_WRONG_TYPE, "", 0, NULL,
         "encoded twice"),
    FILE("38-object-object.b", "String() of a JavaScript object", SL_WRONG_TYPE, "", 0, NULL,
         "[object Object]", "JSON.stringify"),
    FILE("40-label-2^53.b", "a label that no class has", SL_CLASS_OUT_OF_RANGE, "/targets/0",
         NOWHERE, "9223372036854775807", "1e18|1000000000000000000", "0 to 1"),
    FILE("41-decimal-comma.b", "a decimal comma", SL_NOT_JSON, "", 86, NULL, "decimal"),
    FILE("42-python-repr.b", "str() of a Python dictionary", SL_NOT_JSON, "", 1, NULL,
         "double quotes", "json.dumps"),
    FILE_ACCEPTED("44-rates-as-counts.b", "spike counts as rates: legal, and the loss shows it",
                  40.5),
    FILE_ACCEPTED("45-time-first-square.b", "time first with as many steps as samples: not noticed",
                  1.0),
    FILE("46-counts-2d.b", "counts, already summed over time", SL_WRONG_RANK, "/spk/0/0", 9, NULL,
         "[batch, time, output_neurons]", "2 dimensions"),
};

#define ROW(loss, did, body, code, pointer, never, ...)                                            \
  { body, did, code, pointer, 0, {__VA_ARGS__}, never, 0.0, loss }
#define ACCEPTED(name, did, body, loss)                                                            \
  { body, did, SL_OK, "", 0, {NULL}, NULL, loss, name }
#define SPK_BITS(text) SPK_OBJECT("\"shape\":[1,4,2],\"encoding\":\"bits\",\"data\":\"" text "\"")

static const struct mistake others[] = {
    /* Bodies as a whole. */
    ROW(RATES, "no body at all", "@", SL_NOT_JSON, "", NULL, "empty"),
    ROW(RATES, "a form", "@spikes_list=%5B%5B1%5D%5D&offsets=0.5", SL_NOT_JSON, "", NULL, "form"),
    ROW(RATES, "an HTML page", "@<html></html>", SL_NOT_JSON, "", NULL, "'<'"),
    ROW(RATES, "a zlib stream without Content-Encoding", "@x\x9C\xAB\xAE\x05", SL_NOT_JSON, "",
        NULL, "add Content-Encoding: deflate"),
    ROW(RATES, "UTF-16 with the high byte first", "@\xFE\xFF", SL_NOT_JSON, "", NULL, "UTF-16"),
    ROW(RATES, "the tensor alone", "@[[[1,0]]]", SL_WRONG_TYPE, "", NULL, "object"),
    ROW(RATES, "null for the body", "@null", SL_WRONG_TYPE, "", "NaN", "object", "null"),
    ROW(RATES, "undefined for the body", "@undefined", SL_NOT_JSON, "", NULL, "undefined"),
    ROW(RATES, "a body that was cut", "{\"spikes_list\":[[1,0@", SL_NOT_JSON, "", NULL, "end"),
    ROW(RATES, "two bodies, one a line", LAYERS("[1]") "\n@{}", SL_NOT_JSON, "", NULL, "end|after"),
    ROW(RATES, "a comma after the last member", "{\"offsets\":[1],@}", SL_NOT_JSON, "", NULL,
        "name"),
    ROW(RATES, "names without quotes, as JavaScript has them", "{@offsets:[1]}", SL_NOT_JSON, "",
        NULL, "double quotes"),
    ROW(RATES, "a decimal comma in a list is two numbers",
        "{\"offsets\":[0,5],\"multipliers\":[1],"
        "\"spikes_list\":[[1]]}",
        SL_LENGTH_MISMATCH, "/offsets", NULL, "2 numbers", "1 layer"),

    /* Labels and counts. */
    ROW(POPULATION, "labels in a column", "{\"targets\":[@[0],[1]]}", SL_WRONG_TYPE, "/targets/0",
        NULL, "class indices"),
    ROW(POPULATION, "probabilities for labels", "{\"targets\":[@0.9,0.1]}", SL_WRONG_TYPE,
        "/targets/0", NULL, "integer", "0.9"),
    ROW(POPULATION, "names for labels", "{\"targets\":[@\"seven\"]}", SL_WRONG_TYPE, "/targets/0",
        NULL, "\"seven\"", "integer"),
    ROW(POPULATION, "labels from 1 on, as R and MATLAB count",
        "{\"spk\":[[[1,0]]],\"targets\":[2],\"num_classes\":2,\"neurons_per_class\":1,"
        "\"correct_rate\":1,\"incorrect_rate\":0}",
        SL_CLASS_OUT_OF_RANGE, "/targets/0", NULL, "0 to 1"),
    ROW(POPULATION, "a count as text", "{\"num_classes\":@\"10\"}", SL_WRONG_TYPE, "/num_classes",
        NULL, "\"10\"", "integer"),
    ROW(POPULATION, "a rate in a list, as R has it", "{\"correct_rate\":@[0.8]}", SL_WRONG_TYPE,
        "/correct_rate", NULL, "auto_unbox"),
    ROW(POPULATION, "a rate in percent with its sign", "{\"correct_rate\":80@%}", SL_NOT_JSON, "",
        NULL, "'%'"),

    /* Lists of numbers. */
    ROW(RATES, "a number where a list of one belongs", OFFSETS("@0.1"), SL_WRONG_TYPE, "/offsets",
        NULL, "list", "[0.1]"),
    ROW(RATES, "a column where a list belongs", OFFSETS("[@[0.1],[0.2]]"), SL_WRONG_TYPE,
        "/offsets/0", NULL, "number"),
    ROW(RATES, "a typed array where a list belongs", OFFSETS("@{\"0\":0.1}"), SL_WRONG_TYPE,
        "/offsets", NULL, "Array.from"),
    ROW(RATES, "a table of Lua or PHP, counted from 1", OFFSETS("@{\"1\":0.1,\"2\":0.2}"),
        SL_WRONG_TYPE, "/offsets", NULL, "Array.from"),
    ROW(RATES, "a list as text", OFFSETS("@\"[0.1]\""), SL_WRONG_TYPE, "/offsets", NULL, "list",
        "\"[0.1]\""),
    ROW(RATES, "null for a list", OFFSETS("@null"), SL_WRONG_TYPE, "/offsets", "NaN", "list",
        "null"),
    ROW(RATES, "true for a list", OFFSETS("@true"), SL_WRONG_TYPE, "/offsets", "1 or 0", "list"),
    ROW(RATES, "NaN for a list", OFFSETS("@nan"), SL_NOT_FINITE, "/offsets", NULL, "nan"),

    /* Words to choose from. */
    ROW(RATES, "true for the gradient", "{\"gradient\":@true}", SL_WRONG_TYPE, "/gradient",
        "1 or 0", "\"dense\"", "\"broadcast\"", "\"none\""),
    ROW(RATES, "a word in capitals", "{\"gradient\":@\"NONE\"}", SL_UNKNOWN_CHOICE, "/gradient",
        NULL, "\"NONE\"", "\"none\""),
    ROW(RATES, "a word in a list, as R has it", "{\"gradient\":@[\"none\"]}", SL_WRONG_TYPE,
        "/gradient", NULL, "\"none\""),
    ROW(RATES, "a word without quotes", "{\"gradient\":@none}", SL_NOT_JSON, "", NULL, "none"),
    ROW(RATES, "NaN for a word", "{\"gradient_encoding\":@nan}", SL_NOT_JSON, "", NULL, "nan"),
    ROW(RATES, "NumPy's name of a type", "{\"gradient_encoding\":@\"float32\"}", SL_UNKNOWN_CHOICE,
        "/gradient_encoding", NULL, "\"float32\"", "\"f32\""),
    ACCEPTED(
        RATES, "null for both optional members",
        "{\"gradient\":null,\"gradient_encoding\":null,\"spikes_list\":[[1,0]],\"offsets\":[0],"
        "\"multipliers\":[2]}",
        1.0),

    /* Tensors. */
    ROW(RATES, "a vector where a list of tensors belongs", "{\"spikes_list\":[@1,0,1]}",
        SL_WRONG_TYPE, "/spikes_list/0", NULL, "list of tensors"),
    ROW(RATES, "one object where a list of tensors belongs",
        "{\"spikes_list\":@{\"shape\":[1],\"data\":[1]}}", SL_WRONG_TYPE, "/spikes_list", NULL,
        "list of tensors|list of one"),
    ROW(RATES, "a list of typed arrays", LAYERS("{@\"0\":1,\"1\":0}"), SL_UNKNOWN_MEMBER,
        "/spikes_list/0/0", NULL, "Array.from"),
    ROW(POPULATION, "a vector for spk", SPK("[@1,0]"), SL_WRONG_RANK, "/spk/0", NULL,
        "[batch, time, output_neurons]"),
    ROW(POPULATION, "rows as base64, as Go writes []byte", SPK("[[@\"AQA=\"]]"), SL_WRONG_TYPE,
        "/spk/0/0", NULL, "base64"),
    ROW(POPULATION, "null for a sample", SPK("[[[1,0]],@null]"), SL_WRONG_TYPE, "/spk/1", "NaN",
        "null", "array"),
    ROW(POPULATION, "spikes as true and false", SPK("[[[@true,false]]]"), SL_WRONG_TYPE,
        "/spk/0/0/0", NULL, "1 or 0"),
    ROW(POPULATION, "spikes as text", SPK("@\"[[[1,0]]]\""), SL_WRONG_TYPE, "/spk", NULL,
        "\"[[[1,0]]]\""),
    ROW(POPULATION, "a PyTorch size for a shape", SPK_OBJECT("\"shape\":@torch.Size([1,1,2])"),
        SL_NOT_JSON, "", NULL, "torch.Size("),
    ROW(POPULATION, "a tuple for a shape", SPK_OBJECT("\"shape\":@(1,1,2)"), SL_NOT_JSON, "", NULL,
        "'('"),
    ROW(POPULATION, "a length for a shape", SPK_OBJECT("\"shape\":@2"), SL_WRONG_TYPE, "/spk/shape",
        NULL, "[2]"),
    ROW(POPULATION, "-1 for the dimension that is left", SPK_OBJECT("\"shape\":[1,@-1,2]"),
        SL_WRONG_TYPE, "/spk/shape/1", NULL, "-1"),
    ROW(POPULATION, "a typed array for a shape", SPK_OBJECT("\"shape\":@{\"0\":1}"), SL_WRONG_TYPE,
        "/spk/shape", NULL, "Array.from"),
    ROW(POPULATION, "too few flat values", SPK_OBJECT("\"shape\":[1,2,2],\"data\":[1,0@]"),
        SL_LENGTH_MISMATCH, "/spk/data", NULL, "2", "4"),
    ROW(POPULATION, "nested data of another shape",
        SPK_OBJECT("\"shape\":[1,2,2],\"data\":[[[1,0]@]]"), SL_LENGTH_MISMATCH, "/spk/data/0",
        NULL, "1", "2"),
    ROW(RATES, "coordinates without the encoding",
        LAYERS("{\"shape\":[2,3],\"data\":[[0,1],[1,2]]@}"), SL_LENGTH_MISMATCH,
        "/spikes_list/0/data", NULL, "coo"),
    ROW(POPULATION, "NumPy's name for an encoding",
        SPK_OBJECT("\"shape\":[1,1,2],\"encoding\":@\"float32\""), SL_UNKNOWN_CHOICE,
        "/spk/encoding", NULL, "\"float32\"", "\"f32\""),
    ROW(POPULATION, "a member of another protocol", SPK_OBJECT("@\"datatype\":\"FP32\""),
        SL_UNKNOWN_MEMBER, "/spk/datatype", NULL, "datatype", "shape"),
    ACCEPTED(POPULATION, "null for the encoding of flat data",
             SPK_OBJECT("\"encoding\":null,\"shape\":[1,1,2],\"data\":[1,0]"), 0.5),
    ACCEPTED(RATES, "sorted names and nested data",
             LAYERS("{\"data\":[[1,0],[1,1]],\"shape\":[2,2]}"), 0.0625),

    /* Base64. */
    ROW(POPULATION, "a space in base64, as forms make it of a plus", SPK_BITS("@ w=="),
        SL_BAD_BASE64, "/spk/data", NULL, "space"),
    ROW(POPULATION, "base64 broken for Windows", SPK_BITS("@\\r\\n/w=="), SL_BAD_BASE64,
        "/spk/data", NULL, "line break"),
    ROW(POPULATION, "a line break at the end", SPK_BITS("/w==@\\n"), SL_BAD_BASE64, "/spk/data",
        NULL, "line break"),
    ROW(POPULATION, "the minus of URL-safe base64", SPK_BITS("@-w=="), SL_BAD_BASE64, "/spk/data",
        NULL, "'-'", "URL"),
    ROW(POPULATION, "base64 without its padding", SPK_BITS("/w@"), SL_BAD_BASE64, "/spk/data", NULL,
        "padding"),
    ROW(POPULATION, "a data URL",
        SPK_OBJECT("\"shape\":[1,64,2],\"encoding\":\"bits\",\"data\":\"data@:;base64,/w==\""),
        SL_BAD_BASE64, "/spk/data", NULL, "':'"),
    ROW(POPULATION, "hexadecimal digits",
        SPK_OBJECT("\"shape\":[1,4,2],\"encoding\":\"bits\","
                   "\"data\":@\"ff00\""),
        SL_LENGTH_MISMATCH, "/spk/data", NULL, "1"),
};

/* What can be where one number belongs, and what every sender of it is told. */
struct kind {
  const char *text; /* `@` is the offset */
  enum sl_status code;
  const char *says[2];
};

static const struct kind kinds[] = {
    {"@nan", SL_NOT_FINITE, {"nan", "finite"}},
    {"@NaN", SL_NOT_FINITE, {"NaN", "finite"}},
    {"@NAN", SL_NOT_FINITE, {"NAN", "finite"}},
    {"@-nan", SL_NOT_FINITE, {"-nan", "finite"}},
    {"@-nan(ind)", SL_NOT_FINITE, {"-nan", "finite"}},
    {"@inf", SL_NOT_FINITE, {"inf", "finite"}},
    {"@Inf", SL_NOT_FINITE, {"Inf", "finite"}},
    {"@-inf", SL_NOT_FINITE, {"-inf", "finite"}},
    {"@Infinity", SL_NOT_FINITE, {"Infinity", "finite"}},
    {"@-Infinity", SL_NOT_FINITE, {"-Infinity", "finite"}},
    {"@1e999", SL_NOT_FINITE, {"1e999"}},
    {"@None", SL_NOT_JSON, {"None", "json.dumps"}},
    {"@True", SL_NOT_JSON, {"True", "json.dumps"}},
    {"@np.float64(1.0)", SL_NOT_JSON, {"np.float64(", "json.dumps"}},
    {"@np.True_", SL_NOT_JSON, {"np.True_"}},
    {"@array([1.])", SL_NOT_JSON, {"array(", "json.dumps"}},
    {"@tensor(1.)", SL_NOT_JSON, {"tensor(", "json.dumps"}},
    {"@undefined", SL_NOT_JSON, {"undefined"}},
    {"@NA", SL_NOT_JSON, {"NA"}},
    {"0@1", SL_NOT_JSON, {"leading zero"}},
    {"1.@", SL_NOT_JSON, {"digit"}},
    {"@.5", SL_NOT_JSON, {"'.'"}},
    {"@+1", SL_NOT_JSON, {"'+'"}},
    {"@null", SL_WRONG_TYPE, {"null"}},
    {"@true", SL_WRONG_TYPE, {"true|boolean"}},
    {"@\"NaN\"", SL_WRONG_TYPE, {"\"NaN\""}},
    {"@\"1\"", SL_WRONG_TYPE, {"\"1\""}},
    {"@\"0123456789012345678901234567890123456789x\"",
     SL_WRONG_TYPE,
     {"\"0123456789012345678901234567890123456789"}},
    {"@{}", SL_WRONG_TYPE, {"object"}},
};

/* Where one number belongs. */
struct location {
  const char *loss, *before, *after, *pointer;
};

static const struct location locations[] = {
    {POPULATION, "{\"spk\":[[[1,", "]]]" POPULATION_REST, "/spk/0/0/1"},
    {POPULATION, "{\"spk\":[[[", ",1]]]" POPULATION_REST, "/spk/0/0/0"},
    {RATES, "{\"spikes_list\":[[", "]]}", "/spikes_list/0/0"},
    {RATES, "{\"spikes_list\":[{\"shape\":[2],\"data\":[1,", "]}]}", "/spikes_list/0/data/1"},
    {RATES, "{\"spikes_list\":[{\"data\":[1,", "],\"shape\":[2]}]}", "/spikes_list/0/data/1"},
    {RATES, "{\"spikes_list\":[{\"shape\":[1,1,2],\"data\":[[[1,", "]]]}]}",
     "/spikes_list/0/data/0/0/1"},
    {RATES, "{\"spikes_list\":[{\"shape\":[2,2],\"encoding\":\"coo\",\"data\":[[1,", "]]}]}",
     "/spikes_list/0/data/0/1"},
    {RATES, "{\"spikes_list\":[{\"shape\":[2,", "]}]}", "/spikes_list/0/shape/1"},
    {RATES, "{\"offsets\":[0.5,", "]}", "/offsets/1"},
    {RATES, "{\"multipliers\":[", ",1]}", "/multipliers/0"},
    {POPULATION, "{\"targets\":[0,", "]}", "/targets/1"},
    {POPULATION, "{\"num_classes\":", "}", "/num_classes"},
    {POPULATION, "{\"correct_rate\":", "}", "/correct_rate"},
};

/* One body and the answer to it. */
struct sent {
  const char *name;
  const char *loss;
  char *body;
  size_t length;
  uint64_t offset;
};

__attribute__((format(printf, 2, 3))) static bool report(const struct sent *sent,
                                                         const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", sent->name);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "; body %.*s\n", (int)sent->length, sent->body);
  va_end(arguments);
  return false;
}

/* What the service says: the error of the decoder or of the relations between the members. */
static struct sl_error answer(const struct sent *sent, size_t piece, double *loss) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_decoder *decoder = sl_decoder_new(sl_loss_find(sent->loss), &limits, NULL);
  ck_assert_ptr_nonnull(decoder);
  for (size_t at = 0; at < sent->length; at += piece) {
    size_t left = sent->length - at;
    sl_feed(decoder, sent->body + at, piece < left ? piece : left);
  }
  struct sl_error error = SL_NO_ERROR;
  struct sl_result result = {0};
  if (sl_decoder_finish(decoder) != SL_OK) {
    error = *sl_decoder_error(decoder);
  } else {
    sl_loss_find(sent->loss)->evaluate(sl_decoder_decoded(decoder)->values, &result, &error);
  }
  *loss = result.loss;
  sl_result_free(&result);
  sl_decoder_free(decoder);
  return error;
}

/* Whether the text has the word, or one of the words apart by `|`. */
static bool has(const char *text, const char *words) {
  char copy[80];
  snprintf(copy, sizeof copy, "%s", words);
  char *rest = copy;
  for (const char *word = strsep(&rest, "|"); word != NULL; word = strsep(&rest, "|")) {
    if (strcasestr(text, word) != NULL) {
      return true;
    }
  }
  return false;
}

static bool check_detail(const struct sent *sent, const struct sl_error *error,
                         const char *const *says, size_t count, const char *never) {
  for (size_t i = 0; i < count && says[i] != NULL; i++) {
    if (!has(error->message, says[i])) {
      return report(sent, "no '%s' in '%s'", says[i], error->message);
    }
  }
  if (never != NULL && has(error->message, never)) {
    return report(sent, "'%s' in '%s'", never, error->message);
  }
  return true;
}

static bool is_expected(const struct sent *sent, const char *reader, const struct sl_error *error,
                        enum sl_status code, const char *pointer) {
  if (error->code != code || error->offset != sent->offset ||
      strcmp(error->pointer, pointer) != 0) {
    return report(sent, "the %s says %s at %lld under '%s' (%s), expected %s at %lld under '%s'",
                  reader, sl_code_name(error->code), (long long)error->offset, error->pointer,
                  error->message, sl_code_name(code), (long long)sent->offset, pointer);
  }
  return true;
}

/* The reference says the same, and so does the decoder whatever pieces the body comes in. */
static bool check_reference(const struct sent *sent, enum sl_status code, const char *pointer,
                            double expected_loss) {
  const struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(sent->loss), &limits, sent->body, sent->length);
  struct sl_case one = sl_case_new(reference, &limits, sent->body, sent->length);
  bool of_value = sent->offset != NOWHERE; /* else the members do not fit together */
  double loss = 0.0;
  bool ok = is_expected(sent, "reference", &reference->error, of_value ? code : SL_OK,
                        of_value ? pointer : "");
  if (ok && code == SL_OK) {
    ok = (sl_reference_loss(reference, &loss) && loss == expected_loss) ||
         report(sent, "by the formula the loss is %.17g, expected %.17g", loss, expected_loss);
  }
  ok = ok &&
       ((sl_compare_whole(&one) && sl_compare_bytewise(&one) && sl_compare_every_split(&one)) ||
        report(sent, "%s", one.difference));
  sl_reference_free(reference);
  return ok;
}

static bool check_answer(const struct sent *sent, enum sl_status code, const char *pointer,
                         double expected_loss) {
  double loss;
  struct sl_error error = answer(sent, sent->length + 1, &loss);
  bool ok = check_reference(sent, code, pointer, expected_loss);
  ok = is_expected(sent, "service", &error, code, pointer) && ok;
  if (ok && code == SL_OK && loss != expected_loss) {
    return report(sent, "the loss is %.17g, expected %.17g", loss, expected_loss);
  }
  struct sl_error bytewise = answer(sent, 1, &loss);
  if (strcmp(bytewise.message, error.message) != 0) {
    return report(sent, "'%s' byte by byte, '%s' at once", bytewise.message, error.message);
  }
  return ok;
}

static bool check_mistake(struct sent *sent, const struct mistake *mistake) {
  double loss;
  bool ok = check_answer(sent, mistake->code, mistake->pointer, mistake->loss);
  struct sl_error error = answer(sent, sent->length + 1, &loss);
  ok = check_detail(sent, &error, mistake->says, 4, mistake->never) && ok;
  free(sent->body);
  return ok;
}

/* JSON without its mark, whose offset it is. */
static struct sent unmarked(const char *name, const char *loss, const char *body) {
  struct sent sent = {.name = name, .loss = loss, .body = strdup(body), .offset = NOWHERE};
  ck_assert_ptr_nonnull(sent.body);
  char *mark = strchr(sent.body, '@');
  if (mark != NULL) {
    sent.offset = (uint64_t)(mark - sent.body);
    memmove(mark, mark + 1, strlen(mark));
  }
  sent.length = strlen(sent.body);
  return sent;
}

static struct sent read_file(const struct mistake *mistake) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", INPUTS_DIR, mistake->body);
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "no %s", path);
  char *body = calloc(1, 1000);
  ck_assert_ptr_nonnull(body);
  size_t length = fread(body, 1, 1000, file);
  ck_assert_uint_lt(length, 1000);
  fclose(file);
  bool rates = strstr(mistake->body, ".f") != NULL;
  return (struct sent){mistake->body, rates ? RATES : POPULATION, body, length, mistake->offset};
}

START_TEST(every_recorded_mistake_is_told_what_helps_its_sender) {
  size_t count = sizeof files / sizeof *files;
  size_t failures = 0;
  for (size_t i = 0; i < count; i++) {
    struct sent sent = read_file(&files[i]);
    failures += check_mistake(&sent, &files[i]) ? 0 : 1;
  }
  ck_assert_msg(failures == 0, "%zu of %zu", failures, count);
}
END_TEST

START_TEST(every_recorded_mistake_has_a_row) {
  glob_t found;
  ck_assert_int_eq(glob(INPUTS_DIR "/*.[bf]", 0, NULL, &found), 0);
  ck_assert_uint_eq(found.gl_pathc, sizeof files / sizeof *files);
  globfree(&found);
}
END_TEST

START_TEST(mistakes_of_the_same_kinds_are_told_what_helps_their_senders) {
  size_t count = sizeof others / sizeof *others;
  size_t failures = 0;
  for (size_t i = 0; i < count; i++) {
    struct sent sent = unmarked(others[i].did, others[i].loss_name, others[i].body);
    failures += check_mistake(&sent, &others[i]) ? 0 : 1;
  }
  ck_assert_msg(failures == 0, "%zu of %zu", failures, count);
}
END_TEST

static bool check_kind(const struct kind *kind, const struct location *location) {
  char body[300];
  snprintf(body, sizeof body, "%s%s%s", location->before, kind->text, location->after);
  struct sent sent = unmarked(kind->text, location->loss, body);
  bool of_value = kind->code != SL_NOT_JSON;
  double loss;
  bool ok = check_answer(&sent, kind->code, of_value ? location->pointer : "", 0.0);
  struct sl_error error = answer(&sent, sent.length + 1, &loss);
  ok = check_detail(&sent, &error, kind->says, 2, NULL) && ok;
  free(sent.body);
  return ok;
}

START_TEST(a_kind_of_mistake_is_told_the_same_wherever_a_number_belongs) {
  size_t failures = 0;
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    for (size_t location = 0; location < sizeof locations / sizeof *locations; location++) {
      failures += check_kind(&kinds[kind], &locations[location]) ? 0 : 1;
    }
  }
  ck_assert_msg(failures == 0, "%zu answers", failures);
}
END_TEST

START_TEST(utf_16_without_a_mark_is_named) {
  static const char body[] = "{\0\"\0s\0p\0k\0\"\0";
  char copy[sizeof body];
  memcpy(copy, body, sizeof body);
  struct sent sent = {"UTF-16 without a mark", POPULATION, copy, sizeof body - 1, 1};
  double loss;
  struct sl_error error = answer(&sent, sizeof body, &loss);
  ck_assert(check_answer(&sent, SL_NOT_JSON, "", 0.0));
  ck_assert(check_detail(&sent, &error, (const char *const[]){"UTF-16"}, 1, NULL));
}
END_TEST

int main(void) {
  return RUN_SUITE("client_mistakes", NULL, every_recorded_mistake_is_told_what_helps_its_sender,
                   every_recorded_mistake_has_a_row,
                   mistakes_of_the_same_kinds_are_told_what_helps_their_senders,
                   a_kind_of_mistake_is_told_the_same_wherever_a_number_belongs,
                   utf_16_without_a_mark_is_named);
}
