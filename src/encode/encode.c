/*
 * An answer is literal text, and tensors that are made while they are read:
 *
 *     {"loss":1.625,"gradients":{"spikes_list":[ TENSOR , TENSOR ],"offsets": LIST ,…},…}
 *
 * All literal text is in one buffer, and so are lists of numbers that are not too long, and indexed
 * gradients; a segment is a tensor that follows a part of it. Lengths are measured first, so that
 * the limit is checked before any memory for rows is taken.
 */
#include "encode/encode.h"

#include "core/checked.h"
#include "core/codes.h"
#include "encode/base64.h"
#include "encode/indexed.h"
#include "encode/text.h"
#include "json/path.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor, and the literal text before it (after the segment before). */
struct segment {
  size_t literal_end;
  struct sl_broadcast_view view;
  enum sl_float_width width; /* of base64; 0 is text */
  bool nested;               /* text: in the tensor's own brackets */
  struct sl_text_size size;  /* of base64 only the length */
};

/* The name of a diagnostic as it is written: "name": */
struct name_text {
  size_t length;
  char *text; /* NAME_COPY bytes may be read */
};

/* Names are copied as numbers are, by moves of known length. */
enum { NAME_COPY = 32 };

struct sl_answer {
  struct sl_result result; /* segments point to its values and shapes */
  struct name_text *names; /* of its diagnostics, or of those of one layer, */
  size_t max_named;        /* which take so many bytes at most */
  struct segment *segments;
  size_t segment_count;
  char *literal;
  size_t literal_length;
  size_t literal_capacity;
  char *row; /* for the text reader */
  size_t row_capacity;
  uint64_t length;
  struct sl_budget *budget;
  uint64_t charged;

  /* Where the next byte comes from: literal text up to the segment's, then its reader. */
  size_t literal_position;
  size_t segment; /* segment_count after the last one */
  union {
    struct sl_text_reader text;
    struct sl_base64_reader base64;
  } reader;
};

/* The literal text of the last tensor before its data: those of layers are mostly alike. */
struct head {
  size_t begin, length; /* no length: there is none yet */
  size_t rank;
  const size_t *shape;
};

/* What is known while an answer is built. After the first error nothing is appended any
 * more, so the error need only be looked at where work can be saved, and at the end. */
struct builder {
  struct sl_answer *answer;
  const struct sl_decoded *decoded;
  uint64_t limit;
  struct sl_error *error;
  size_t tensor_length; /* of all segments */
  size_t numbers_left;  /* that may still become literal text */
  struct head head;
};

/* Lists of up to this many numbers, over all of an answer, are literal text: their texts need not
 * be looked up twice, and an answer of nothing else is sent as it is. */
enum { LITERAL_NUMBERS = 128 * 1024 };
_Static_assert(LITERAL_NUMBERS *(SL_NUMBER_TEXT_MAX + 1) < SL_MAX_KEPT_TEXT, "lists are kept text");

enum { FIRST_LITERAL = 1024, LARGE_LITERAL = 64 * 1024 };

static bool ok(const struct builder *builder) {
  return builder->error->code == SL_OK;
}

static void fail_too_large(struct builder *builder, const char *length) {
  bool dense = builder->decoded->gradient == SL_GRADIENT_DENSE;
  sl_fail(builder->error, SL_ANSWER_TOO_LARGE,
          "the answer would have %s bytes, the limit (answer_bytes) is %" PRIu64
          "; ask for gradient: %s",
          length, builder->limit, dense ? "broadcast" : "none");
}

/* Returns memory that sl_answer_free frees, or NULL after an error. */
static void *take_memory(struct builder *builder, size_t bytes) {
  struct sl_answer *answer = builder->answer;
  void *memory =
      ok(builder) ? sl_budget_allocate(answer->budget, bytes, false, builder->error) : NULL;
  if (memory == NULL) {
    sl_fail(builder->error, SL_OUT_OF_MEMORY, "not enough memory for the answer; try again later");
    return NULL;
  }
  answer->charged += bytes;
  return memory;
}

/* Grows twofold while small, then slowly: what is charged is close to what is used. Literal text
 * alone beyond the limit ends the work here: there may be millions of layers. Returns false after
 * an error. */
static bool grow_literal(struct builder *builder, size_t needed) {
  struct sl_answer *answer = builder->answer;
  size_t before = answer->literal_capacity;
  if (answer->literal_length > builder->limit) {
    fail_too_large(builder, "too many");
  }
  size_t capacity =
      before == 0 ? FIRST_LITERAL : before + before / (before < LARGE_LITERAL ? 1 : 8);
  capacity = needed > capacity ? needed : capacity;
  if (!ok(builder)) {
    return false;
  }
  char *grown = sl_budget_grow(answer->budget, answer->literal, before, capacity, builder->error);
  if (grown == NULL) {
    sl_fail(builder->error, SL_OUT_OF_MEMORY, "not enough memory for the answer; try again later");
    return false;
  }
  answer->charged += capacity - before;
  answer->literal = grown;
  answer->literal_capacity = capacity;
  return true;
}

/* Returns where up to `extra` more bytes of literal text may be written; NULL after an error. */
static inline char *literal_end(struct builder *builder, size_t extra) {
  struct sl_answer *answer = builder->answer;
  if (extra > answer->literal_capacity - answer->literal_length &&
      !grow_literal(builder, answer->literal_length + extra)) {
    return NULL;
  }
  return answer->literal + answer->literal_length;
}

static inline void append_literal(struct builder *builder, const char *text, size_t length) {
  char *end = literal_end(builder, length);
  if (end != NULL) {
    memcpy(end, text, length);
    builder->answer->literal_length += length;
  }
}

/* Inline, so that the compiler knows the length of literal text. */
static inline void append_text(struct builder *builder, const char *text) {
  append_literal(builder, text, strlen(text));
}

static inline void append_number(struct builder *builder, double value) {
  const struct sl_cached_number *number = sl_cached_number(value);
  char *end = literal_end(builder, sizeof number->text);
  if (end != NULL) {
    memcpy(end, number->text, sizeof number->text);
    builder->answer->literal_length += number->length;
  }
}

/* Appends "name": */
static void append_name(struct builder *builder, const char *name) {
  append_text(builder, "\"");
  append_text(builder, name);
  append_text(builder, "\":");
}

static void append_list(struct builder *builder, const struct sl_broadcast_view *view) {
  char *start = literal_end(builder, sl_text_list_memory(view->count));
  if (start != NULL) {
    char *end = sl_text_write_list(start, &view->numbers, view->count);
    builder->answer->literal_length += (size_t)(end - start);
    builder->numbers_left -= view->count;
  }
}

/* Appends {"shape":[2,3] */
static void append_shape(struct builder *builder, const struct sl_broadcast_view *view) {
  static const char name[] = {'{', '"', 's', 'h', 'a', 'p', 'e', '"', ':'};
  double shape[SL_MAX_RANK];
  char *end = literal_end(builder, sizeof name + sl_text_list_memory(view->rank));
  if (end == NULL) {
    return;
  }
  for (size_t axis = 0; axis < view->rank; axis++) {
    /* A shape came as JSON, so it has no size beyond the integers of a double. */
    shape[axis] = (double)view->shape[axis];
  }
  memcpy(end, name, sizeof name);
  end = sl_text_write_list(end + sizeof name, &(struct sl_numbers){.values = shape}, view->rank);
  builder->answer->literal_length = (size_t)(end - builder->answer->literal);
}

static void add_segment(struct builder *builder, const struct segment *added) {
  struct sl_answer *answer = builder->answer;
  struct segment *segment = &answer->segments[answer->segment_count++];
  *segment = *added;
  segment->literal_end = answer->literal_length;
  bool countable = segment->width > 0
                       ? sl_base64_measure(&segment->size.length, &segment->view, segment->width)
                       : sl_text_measure(&segment->size, &segment->view, segment->nested);
  if (!countable ||
      !sl_checked_add(&builder->tensor_length, builder->tensor_length, segment->size.length)) {
    fail_too_large(builder, "more than 2^64");
  }
}

/* Fails if a gradient does not fit its floats. The error says what users know a gradient by:
 * "spikes_list[1]", "spk". */
static void check_floats(struct builder *builder, const struct sl_gradient *gradient,
                         const struct segment *segment) {
  size_t count = gradient->indices != NULL ? gradient->table_length : gradient->count;
  if (sl_base64_holds(gradient->values, count, segment->width)) {
    return;
  }
  const struct sl_field *field = &builder->decoded->loss->fields[gradient->field];
  struct sl_path path = sl_path_member(field->name);
  if (field->kind == SL_FIELD_SPIKES_LIST) {
    sl_path_add_index(&path, gradient->item);
  }
  sl_fail_at(builder->error, SL_RESULT_NOT_FINITE, path.pointer, SL_NO_OFFSET,
             "the gradient of %s has values too large for 32-bit floats; "
             "ask for gradient_encoding: %s",
             path.name,
             builder->decoded->encoding == SL_ENCODING_INDEXED_F32 ? "indexed_f64" : "f64");
}

/* Returns whether no number repeats, and, of text, all are in one pair of brackets. */
static bool is_plain_list(const struct segment *segment) {
  return (!segment->nested || segment->view.rank == 1) && sl_broadcast_is_whole(&segment->view);
}

static void append_base64(struct builder *builder, const struct sl_broadcast_view *view,
                          enum sl_float_width width) {
  char *end = literal_end(builder, sl_base64_length(view->count * (size_t)width));
  if (end != NULL) {
    builder->answer->literal_length += sl_base64_write(end, &view->numbers, view->count, width);
    builder->numbers_left -= view->count;
  }
}

static void append_values(struct builder *builder, const struct segment *segment) {
  size_t count = segment->view.count;
  bool few = count <= builder->numbers_left && (segment->width == 0 || count <= SL_BASE64_AT_ONCE);
  if (!few || !is_plain_list(segment)) {
    if (ok(builder)) {
      add_segment(builder, segment);
    }
  } else if (segment->width == 0) {
    append_list(builder, &segment->view);
  } else {
    append_base64(builder, &segment->view, segment->width);
  }
}

/* Appends {"shape":[2,3],"encoding":"f32","data":" without the values. */
static void append_head(struct builder *builder, const struct segment *segment) {
  struct sl_answer *answer = builder->answer;
  const struct sl_broadcast_view *view = &segment->view;
  struct head *head = &builder->head;
  size_t begin = answer->literal_length;
  if (head->length > 0 && head->rank == view->rank &&
      memcmp(head->shape, view->shape, view->rank * sizeof *view->shape) == 0) {
    char *end = literal_end(builder, head->length);
    if (end != NULL) {
      memcpy(end, answer->literal + head->begin, head->length);
      answer->literal_length += head->length;
    }
    return;
  }
  append_shape(builder, view);
  append_text(builder, segment->width == 0            ? ",\"data\":"
                       : segment->width == SL_FLOAT32 ? ",\"encoding\":\"f32\",\"data\":\""
                                                      : ",\"encoding\":\"f64\",\"data\":\"");
  *head = (struct head){begin, answer->literal_length - begin, view->rank, view->shape};
}

/* Appends {"shape":[2,3],"data":[…]}, or {"shape":[2,3],"encoding":"f32","data":"…"} */
static void append_object(struct builder *builder, const struct segment *segment) {
  append_head(builder, segment);
  append_values(builder, segment);
  append_text(builder, segment->width == 0 ? "}" : "\"}");
}

/* Appends {"shape":[2,3],"encoding":"indexed_f32","table":"…","data":"…"} as literal text. Returns
 * false, with nothing appended, if the values are not for a table, and after an error. */
static bool append_indexed(struct builder *builder, const struct segment *segment) {
  size_t *literal_length = &builder->answer->literal_length;
  size_t before = *literal_length;
  append_shape(builder, &segment->view);
  char *end = literal_end(builder, sl_indexed_memory(segment->view.count));
  size_t length = end == NULL ? 0 : sl_indexed_write(end, &segment->view, segment->width);
  *literal_length = length == 0 ? before : *literal_length + length;
  return length > 0;
}

static void append_tensor(struct builder *builder, const struct sl_gradient *gradient) {
  /* Of text, f32, f64, indexed_f32, indexed_f64. */
  static const enum sl_float_width widths[SL_ENCODING_COUNT] = {0, SL_FLOAT32, SL_FLOAT64,
                                                                SL_FLOAT32, SL_FLOAT64};
  const struct sl_decoded *decoded = builder->decoded;
  enum sl_field_kind kind = decoded->loss->fields[gradient->field].kind;
  bool dense = decoded->gradient == SL_GRADIENT_DENSE;
  struct segment segment = {
      .view = {.rank = gradient->rank,
               .shape = dense ? gradient->shape : gradient->small_shape,
               .small_shape = gradient->small_shape,
               .numbers = {gradient->values, gradient->indices, gradient->table_length},
               .count = gradient->count}};
  /* Lists of numbers are plain JSON, whatever was asked for tensors. */
  bool list = kind != SL_FIELD_SPIKES && kind != SL_FIELD_SPIKES_LIST;
  segment.width = list ? 0 : widths[decoded->encoding];
  segment.nested =
      list || (segment.width == 0 && dense && decoded->nested[gradient->field][gradient->item]);
  bool indexed = !list && decoded->encoding >= SL_ENCODING_INDEXED_F32 && gradient->count > 1;
  if (indexed && is_plain_list(&segment) && append_indexed(builder, &segment)) {
    return;
  }
  check_floats(builder, gradient, &segment);
  if (segment.nested) {
    append_values(builder, &segment);
  } else {
    append_object(builder, &segment);
  }
}

static void append_gradient(struct builder *builder, const struct sl_gradient *gradient) {
  if (gradient->rank == 0) {
    append_number(builder, gradient->values[0]);
  } else if (gradient->count == 0) {
    append_text(builder, "[]");
  } else {
    append_tensor(builder, gradient);
  }
}

static void append_gradients(struct builder *builder) {
  const struct sl_result *result = &builder->answer->result;
  append_text(builder, ",\"gradients\":{");
  for (size_t i = 0; i < result->gradient_count && ok(builder); i++) {
    const struct sl_gradient *gradient = &result->gradients[i];
    const struct sl_field *field = &builder->decoded->loss->fields[gradient->field];
    bool list = field->kind == SL_FIELD_SPIKES_LIST;
    append_text(builder, i > 0 ? "," : "");
    if (i == 0 || gradient[-1].field != gradient->field) {
      append_name(builder, field->name);
      append_text(builder, list ? "[" : "");
    }
    append_gradient(builder, gradient);
    if (i + 1 == result->gradient_count || gradient[1].field != gradient->field) {
      append_text(builder, list ? "]" : "");
    }
  }
  append_text(builder, "}");
}

static size_t names_of_layer(const struct sl_result *result) {
  return result->list_name != NULL ? result->list_width : result->diagnostic_count;
}

/* Writes the names of diagnostics, once for all layers. */
static void write_names(struct builder *builder) {
  struct sl_answer *answer = builder->answer;
  const struct sl_diagnostic *diagnostics = answer->result.diagnostics;
  size_t count = names_of_layer(&answer->result);
  size_t bytes = NAME_COPY;
  for (size_t i = 0; i < count; i++) {
    bytes += strlen(diagnostics[i].name) + strlen("\"\":");
  }
  answer->names = take_memory(builder, count * sizeof *answer->names + bytes);
  answer->max_named = sizeof "{}" + bytes + count * SL_NUMBER_COPY;
  if (answer->names == NULL) {
    return;
  }
  char *end = (char *)(answer->names + count);
  for (size_t i = 0; i < count; i++) {
    answer->names[i].text = end;
    end = stpcpy(stpcpy(stpcpy(end, "\""), diagnostics[i].name), "\":");
    answer->names[i].length = (size_t)(end - answer->names[i].text);
  }
}

/* Writes "name":value and a comma, and more than that. Returns the end. */
static inline char *write_diagnostic(char *end, const struct name_text *name,
                                     const struct sl_diagnostic *diagnostic) {
  static const struct sl_cached_number flags[] = {{.text = "false,", .length = 5},
                                                  {.text = "true,", .length = 4}};
  const struct sl_cached_number *value = diagnostic->kind == SL_DIAGNOSTIC_FLAG
                                             ? &flags[diagnostic->value != 0]
                                             : sl_cached_number(diagnostic->value);
  memcpy(end, name->text, NAME_COPY);
  if (name->length > NAME_COPY) {
    memcpy(end + NAME_COPY, name->text + NAME_COPY, name->length - NAME_COPY);
  }
  end += name->length;
  memcpy(end, value->text, sizeof value->text);
  return end + value->length + 1;
}

/* Appends those of a layer, or all there are. */
static void append_named(struct builder *builder, const struct sl_diagnostic *diagnostics) {
  struct sl_answer *answer = builder->answer;
  size_t count = names_of_layer(&answer->result);
  char *end = literal_end(builder, answer->max_named);
  if (end == NULL) {
    return;
  }
  *end++ = '{';
  for (size_t i = 0; i < count; i++) {
    end = write_diagnostic(end, &answer->names[i], &diagnostics[i]);
  }
  end -= count > 0; /* the last comma */
  *end++ = '}';
  answer->literal_length = (size_t)(end - answer->literal);
}

/* Appends {…}, or {"layers":[{…},{…}]} */
static void append_diagnostics(struct builder *builder) {
  const struct sl_result *result = &builder->answer->result;
  append_text(builder, ",\"diagnostics\":");
  if (result->list_name == NULL) {
    append_named(builder, result->diagnostics);
    return;
  }
  append_text(builder, "{");
  append_name(builder, result->list_name);
  append_text(builder, "[");
  for (size_t i = 0; i < result->diagnostic_count && ok(builder); i += result->list_width) {
    append_text(builder, i > 0 ? "," : "");
    append_named(builder, &result->diagnostics[i]);
  }
  append_text(builder, "]}");
}

static void check_answer_length(struct builder *builder) {
  size_t length;
  if (!sl_checked_add(&length, builder->tensor_length, builder->answer->literal_length)) {
    fail_too_large(builder, "more than 2^64");
  } else if (length > builder->limit) {
    char text[24];
    snprintf(text, sizeof text, "%zu", length);
    fail_too_large(builder, text);
  } else {
    builder->answer->length = length;
  }
}

/* Literal text and rows share what may be kept. */
static void take_row(struct builder *builder) {
  struct sl_answer *answer = builder->answer;
  size_t literal = answer->literal_capacity;
  size_t max_kept = literal < SL_MAX_KEPT_TEXT ? SL_MAX_KEPT_TEXT - literal : 0;
  for (size_t i = 0; i < answer->segment_count; i++) {
    const struct segment *segment = &answer->segments[i];
    size_t wanted = segment->width > 0 ? 0 : sl_text_memory(&segment->size, max_kept);
    answer->row_capacity = wanted > answer->row_capacity ? wanted : answer->row_capacity;
  }
  if (answer->row_capacity > 0) {
    answer->row = take_memory(builder, answer->row_capacity);
  }
}

static void build(struct builder *builder) {
  struct sl_answer *answer = builder->answer;
  size_t segments = (answer->result.gradient_count + 1) * sizeof *answer->segments; /* not 0 */
  answer->segments = take_memory(builder, segments);
  write_names(builder);
  append_text(builder, "{\"loss\":");
  append_number(builder, answer->result.loss);
  if (builder->decoded->gradient != SL_GRADIENT_NONE) {
    append_gradients(builder);
  }
  append_diagnostics(builder);
  append_text(builder, "}\n");
  if (ok(builder)) {
    check_answer_length(builder);
  }
  if (ok(builder)) {
    take_row(builder);
  }
}

static void start_segment(struct sl_answer *answer, size_t index) {
  answer->segment = index;
  if (index == answer->segment_count) {
    return;
  }
  const struct segment *segment = &answer->segments[index];
  if (segment->width > 0) {
    sl_base64_start(&answer->reader.base64, &segment->view, segment->width);
  } else {
    sl_text_start(&answer->reader.text, &segment->view, segment->nested, &segment->size,
                  answer->row, answer->row_capacity);
  }
}

/* Returns an answer with nothing in it yet, or NULL after an error. */
static struct sl_answer *take_answer(struct sl_budget *budget, struct sl_error *error) {
  struct sl_answer *answer = sl_budget_allocate(budget, sizeof *answer, true, error);
  if (answer == NULL) {
    sl_fail(error, SL_OUT_OF_MEMORY, "not enough memory for the answer; try again later");
    return NULL;
  }
  answer->budget = budget;
  return answer;
}

enum sl_status sl_answer_new(struct sl_answer **answer, const struct sl_decoded *decoded,
                             struct sl_result *result, const struct sl_limits *limits,
                             struct sl_budget *budget, struct sl_error *error) {
  *answer = take_answer(budget, error);
  if (*answer == NULL) {
    sl_result_free(result);
    return error->code;
  }
  (*answer)->result = *result;
  *result = (struct sl_result){0};

  struct builder builder = {.answer = *answer,
                            .decoded = decoded,
                            .limit = limits->answer_bytes,
                            .error = error,
                            .numbers_left = LITERAL_NUMBERS};
  build(&builder);
  if (ok(&builder)) {
    start_segment(*answer, 0);
  } else {
    sl_answer_free(*answer);
    *answer = NULL;
  }
  return error->code;
}

uint64_t sl_answer_length(const struct sl_answer *answer) {
  return answer->length;
}

/* Reads the literal text before the current segment, or after the last. */
static size_t read_literal(struct sl_answer *answer, char *bytes, size_t size) {
  bool last = answer->segment == answer->segment_count;
  size_t end = last ? answer->literal_length : answer->segments[answer->segment].literal_end;
  size_t length = sl_min_size(size, end - answer->literal_position);
  memcpy(bytes, answer->literal + answer->literal_position, length);
  answer->literal_position += length;
  return length;
}

size_t sl_answer_read(struct sl_answer *answer, char *bytes, size_t size) {
  size_t length = read_literal(answer, bytes, size);
  while (length < size && answer->segment < answer->segment_count) {
    length += answer->segments[answer->segment].width > 0
                  ? sl_base64_read(&answer->reader.base64, bytes + length, size - length)
                  : sl_text_read(&answer->reader.text, bytes + length, size - length);
    if (length < size) { /* the segment is at its end */
      start_segment(answer, answer->segment + 1);
      length += read_literal(answer, bytes + length, size - length);
    }
  }
  return length;
}

char *sl_answer_take(struct sl_answer *answer) {
  if (answer->segment_count > 0) {
    return NULL;
  }
  char *bytes = answer->literal;
  answer->literal = NULL;
  answer->literal_length = answer->literal_position = 0;
  return bytes;
}

void sl_answer_free(struct sl_answer *answer) {
  if (answer == NULL) {
    return;
  }
  struct sl_budget *budget = answer->budget;
  sl_result_free(&answer->result);
  sl_budget_free(budget, answer->segments, 0);
  sl_budget_free(budget, answer->names, 0);
  sl_budget_free(budget, answer->literal, 0);
  sl_budget_free(budget, answer->row, 0);
  sl_budget_give_back(budget, answer->charged);
  sl_budget_free(budget, answer, sizeof *answer);
}
