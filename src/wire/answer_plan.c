/*
 * Puts an answer together: all of its literal text, what its tensors are and how long they will be.
 * Lengths are measured and checked against the limit before any room for rows is taken.
 */
#include "core/checked.h"
#include "wire/answer.h"
#include "json/path.h"
#include <inttypes.h>
#include <stdlib.h>

/* What is known while the answer is put together. */
struct plan {
  struct sl_answer *answer;
  const struct sl_decoded *decoded;
  uint64_t limit;
  struct sl_error *error;
  size_t tensor_bytes; /* length of all parts */
  size_t unit;         /* of the largest row of any part */
  size_t longest;      /* length of the largest part */
  size_t at_once;      /* numbers that may still become literal text */
  bool base64;
};

static enum sl_status no_memory(struct plan *plan) {
  return sl_fail(plan->error, SL_OUT_OF_MEMORY, "there is no memory for the answer");
}

static const char *remedy(const struct plan *plan) {
  return plan->decoded->gradient == SL_GRADIENT_DENSE ? "ask for gradient: broadcast"
                                                      : "ask for gradient: none";
}

static enum sl_status uncountable(struct plan *plan) {
  return sl_fail(plan->error, SL_ANSWER_TOO_LARGE,
                 "the answer would have more than 2^64 bytes, the limit (answer_bytes) is %" PRIu64
                 "; %s",
                 plan->limit, remedy(plan));
}

static enum sl_status check_length(struct plan *plan) {
  size_t length;
  if (!sl_checked_add(&length, plan->tensor_bytes, plan->answer->literal.length)) {
    return uncountable(plan);
  }
  if (length > plan->limit) {
    return sl_fail(plan->error, SL_ANSWER_TOO_LARGE,
                   "the answer would have %zu bytes, the limit (answer_bytes) is %" PRIu64 "; %s",
                   length, plan->limit, remedy(plan));
  }
  plan->answer->length = length;
  return SL_OK;
}

/* Literal text alone beyond the limit ends the work at once: there may be millions of layers. */
static enum sl_status check_literal(struct plan *plan) {
  if (plan->answer->literal.length > plan->limit) {
    return sl_fail(plan->error, SL_ANSWER_TOO_LARGE,
                   "the answer would have more than %" PRIu64
                   " bytes, which is the limit (answer_bytes); %s",
                   plan->limit, remedy(plan));
  }
  return SL_OK;
}

static bool append_number(struct sl_buffer *literal, double value) {
  const struct sl_cached_number *number = sl_cached_number(value);
  return sl_buffer_append(literal, number->text, number->length);
}

/* "name": */
static bool append_name(struct sl_buffer *literal, const char *name) {
  return sl_buffer_append_text(literal, "\"") && sl_buffer_append_text(literal, name) &&
         sl_buffer_append_text(literal, "\":");
}

static bool append_shape(struct sl_buffer *literal, const struct sl_spread *spread) {
  bool good = sl_buffer_append_text(literal, "\"shape\":[");
  for (size_t axis = 0; axis < spread->rank; axis++) {
    /* A shape came as JSON, so it has no size beyond the integers of a double. */
    good = good && (axis == 0 || sl_buffer_append_text(literal, ",")) &&
           append_number(literal, (double)spread->shape[axis]);
  }
  return good && sl_buffer_append_text(literal, "]");
}

static bool append_text_before(struct sl_buffer *literal, enum sl_part_form form,
                               const struct sl_spread *spread) {
  if (form == SL_PART_NESTED) {
    return true;
  }
  const char *data = form == SL_PART_FLAT      ? ",\"data\":"
                     : form == SL_PART_FLOAT32 ? ",\"encoding\":\"f32\",\"data\":\""
                                               : ",\"encoding\":\"f64\",\"data\":\"";
  return sl_buffer_append_text(literal, "{") && append_shape(literal, spread) &&
         sl_buffer_append_text(literal, data);
}

static bool append_text_behind(struct sl_buffer *literal, enum sl_part_form form) {
  return sl_buffer_append_text(literal, sl_part_is_base64(form) ? "\"}"
                                        : form == SL_PART_FLAT  ? "}"
                                                                : "");
}

static bool measure_part(struct sl_stream_size *size, const struct sl_part *part) {
  return sl_part_is_base64(part->form)
             ? sl_base64_measure(size, &part->spread, sl_part_width(part->form))
             : sl_text_measure(size, &part->spread, part->form == SL_PART_NESTED);
}

/* Where nothing repeats, and all numbers stand in one pair of brackets. */
static bool is_plain_list(const struct sl_part *part) {
  const struct sl_spread *spread = &part->spread;
  bool one_list = part->form == SL_PART_FLAT || (part->form == SL_PART_NESTED && spread->rank == 1);
  size_t elements;
  return one_list && sl_checked_product(&elements, spread->shape, spread->rank) &&
         elements == spread->count;
}

bool sl_part_is_literal(const struct sl_part *part, size_t numbers_left) {
  return part->spread.count <= numbers_left && is_plain_list(part);
}

static enum sl_status append_list(struct plan *plan, const struct sl_spread *spread) {
  struct sl_buffer *literal = &plan->answer->literal;
  if (!sl_buffer_reserve(literal, sl_text_list_room(spread->count))) {
    return no_memory(plan);
  }
  char *end = sl_text_write_list(literal->bytes + literal->length, spread->values, spread->count);
  literal->length = (size_t)(end - literal->bytes);
  plan->at_once -= spread->count;
  return SL_OK;
}

static enum sl_status add_part(struct plan *plan, const struct sl_part *planned) {
  struct sl_answer *answer = plan->answer;
  struct sl_part *part = &answer->parts[answer->part_count++];
  *part = *planned;
  part->literal_end = answer->literal.length;
  struct sl_stream_size size;
  if (!measure_part(&size, part) ||
      !sl_checked_add(&plan->tensor_bytes, plan->tensor_bytes, size.length)) {
    return uncountable(plan);
  }
  plan->unit = size.unit > plan->unit ? size.unit : plan->unit;
  plan->longest = size.length > plan->longest ? size.length : plan->longest;
  plan->base64 = plan->base64 || sl_part_is_base64(part->form);
  return SL_OK;
}

static enum sl_status add_values(struct plan *plan, const struct sl_part *part) {
  struct sl_buffer *literal = &plan->answer->literal;
  if (!append_text_before(literal, part->form, &part->spread)) {
    return no_memory(plan);
  }
  enum sl_status status = sl_part_is_literal(part, plan->at_once) ? append_list(plan, &part->spread)
                                                                  : add_part(plan, part);
  if (status == SL_OK && !append_text_behind(literal, part->form)) {
    return no_memory(plan);
  }
  return status;
}

/* What users know a gradient by: "spikes_list[1]", "spk". */
static struct sl_path gradient_path(const struct plan *plan, const struct sl_gradient *gradient) {
  const struct sl_field *field = &plan->decoded->loss->fields[gradient->field];
  struct sl_path path = sl_path_member(field->name);
  return field->kind == SL_FIELD_SPIKES_LIST ? sl_path_element(&path, gradient->item) : path;
}

static enum sl_status check_floats(struct plan *plan, const struct sl_gradient *gradient,
                                   const struct sl_part *part) {
  if (!sl_part_is_base64(part->form) || sl_base64_holds(&part->spread, sl_part_width(part->form))) {
    return SL_OK;
  }
  struct sl_path path = gradient_path(plan, gradient);
  return sl_fail_at(plan->error, SL_RESULT_NOT_FINITE, path.pointer, SL_NO_OFFSET,
                    "the gradient of %s has values too large for 32-bit floats; "
                    "ask for gradient_encoding: f64",
                    path.name);
}

static bool is_tensor(const struct sl_field *field) {
  return field->kind == SL_FIELD_SPIKES || field->kind == SL_FIELD_SPIKES_LIST;
}

/* Numbers and lists of numbers are plain JSON, whatever was asked for tensors. */
static enum sl_part_form form_of(const struct sl_decoded *decoded,
                                 const struct sl_gradient *gradient) {
  if (!is_tensor(&decoded->loss->fields[gradient->field])) {
    return SL_PART_NESTED;
  }
  switch (decoded->encoding) {
  case SL_ENCODING_F32:
    return SL_PART_FLOAT32;
  case SL_ENCODING_F64:
    return SL_PART_FLOAT64;
  case SL_ENCODING_TEXT:
    break;
  }
  bool nested =
      decoded->gradient == SL_GRADIENT_DENSE && decoded->nested[gradient->field][gradient->item];
  return nested ? SL_PART_NESTED : SL_PART_FLAT;
}

struct sl_part sl_answer_part(const struct sl_decoded *decoded,
                              const struct sl_gradient *gradient) {
  bool dense = decoded->gradient == SL_GRADIENT_DENSE;
  return (struct sl_part){.form = form_of(decoded, gradient),
                          .spread = {.rank = gradient->rank,
                                     .shape = dense ? gradient->shape : gradient->small_shape,
                                     .small_shape = gradient->small_shape,
                                     .values = gradient->values,
                                     .count = gradient->count}};
}

static enum sl_status add_gradient(struct plan *plan, const struct sl_gradient *gradient) {
  struct sl_buffer *literal = &plan->answer->literal;
  if (gradient->rank == 0) {
    return append_number(literal, gradient->values[0]) ? SL_OK : no_memory(plan);
  }
  if (gradient->count == 0) {
    return sl_buffer_append_text(literal, "[]") ? SL_OK : no_memory(plan);
  }
  struct sl_part part = sl_answer_part(plan->decoded, gradient);
  enum sl_status status = check_floats(plan, gradient, &part);
  return status == SL_OK ? add_values(plan, &part) : status;
}

/* The gradients of one field, from `first` on: `count` of them. */
static enum sl_status add_field(struct plan *plan, const struct sl_gradient *first, size_t count) {
  const struct sl_field *field = &plan->decoded->loss->fields[first->field];
  struct sl_buffer *literal = &plan->answer->literal;
  bool list = field->kind == SL_FIELD_SPIKES_LIST;
  if (!append_name(literal, field->name) || (list && !sl_buffer_append_text(literal, "["))) {
    return no_memory(plan);
  }
  enum sl_status status = SL_OK;
  for (size_t i = 0; i < count && status == SL_OK; i++) {
    if (i > 0 && !sl_buffer_append_text(literal, ",")) {
      return no_memory(plan);
    }
    status = add_gradient(plan, &first[i]);
    status = status == SL_OK ? check_literal(plan) : status;
  }
  if (status == SL_OK && list && !sl_buffer_append_text(literal, "]")) {
    return no_memory(plan);
  }
  return status;
}

static enum sl_status add_gradients(struct plan *plan) {
  const struct sl_result *result = &plan->answer->result;
  struct sl_buffer *literal = &plan->answer->literal;
  if (!sl_buffer_append_text(literal, ",\"gradients\":{")) {
    return no_memory(plan);
  }
  for (size_t first = 0, end; first < result->gradient_count; first = end) {
    size_t field = result->gradients[first].field;
    for (end = first + 1; end < result->gradient_count; end++) {
      if (result->gradients[end].field != field) {
        break;
      }
    }
    if (first > 0 && !sl_buffer_append_text(literal, ",")) {
      return no_memory(plan);
    }
    enum sl_status status = add_field(plan, &result->gradients[first], end - first);
    if (status != SL_OK) {
      return status;
    }
  }
  return sl_buffer_append_text(literal, "}") ? SL_OK : no_memory(plan);
}

static bool append_diagnostic(struct sl_buffer *literal, const struct sl_diagnostic *diagnostic) {
  if (!append_name(literal, diagnostic->name)) {
    return false;
  }
  if (diagnostic->kind == SL_DIAGNOSTIC_FLAG) {
    return sl_buffer_append_text(literal, diagnostic->value != 0 ? "true" : "false");
  }
  return append_number(literal, diagnostic->value);
}

static bool append_object(struct sl_buffer *literal, const struct sl_diagnostic *diagnostics,
                          size_t count) {
  bool good = sl_buffer_append_text(literal, "{");
  for (size_t i = 0; i < count && good; i++) {
    good = (i == 0 || sl_buffer_append_text(literal, ",")) &&
           append_diagnostic(literal, &diagnostics[i]);
  }
  return good && sl_buffer_append_text(literal, "}");
}

/* {"layers":[{…},{…}]} */
static enum sl_status add_diagnostic_list(struct plan *plan) {
  const struct sl_result *result = &plan->answer->result;
  struct sl_buffer *literal = &plan->answer->literal;
  if (!sl_buffer_append_text(literal, "{") || !append_name(literal, result->list_name) ||
      !sl_buffer_append_text(literal, "[")) {
    return no_memory(plan);
  }
  for (size_t i = 0; i < result->diagnostic_count; i += result->list_width) {
    if ((i > 0 && !sl_buffer_append_text(literal, ",")) ||
        !append_object(literal, &result->diagnostics[i], result->list_width)) {
      return no_memory(plan);
    }
    enum sl_status status = check_literal(plan);
    if (status != SL_OK) {
      return status;
    }
  }
  return sl_buffer_append_text(literal, "]}") ? SL_OK : no_memory(plan);
}

static enum sl_status add_diagnostics(struct plan *plan) {
  const struct sl_result *result = &plan->answer->result;
  struct sl_buffer *literal = &plan->answer->literal;
  if (!sl_buffer_append_text(literal, ",\"diagnostics\":")) {
    return no_memory(plan);
  }
  if (result->list_name != NULL) {
    return add_diagnostic_list(plan);
  }
  return append_object(literal, result->diagnostics, result->diagnostic_count) ? SL_OK
                                                                               : no_memory(plan);
}

static enum sl_status add_everything(struct plan *plan) {
  struct sl_buffer *literal = &plan->answer->literal;
  if (!sl_buffer_append_text(literal, "{\"loss\":") ||
      !append_number(literal, plan->answer->result.loss)) {
    return no_memory(plan);
  }
  enum sl_status status = SL_OK;
  if (plan->decoded->gradient != SL_GRADIENT_NONE) {
    status = add_gradients(plan);
  }
  if (status == SL_OK) {
    status = add_diagnostics(plan);
  }
  if (status == SL_OK && !sl_buffer_append_text(literal, "}\n")) {
    return no_memory(plan);
  }
  return status == SL_OK ? check_length(plan) : status;
}

static bool take_workspace(struct plan *plan) {
  struct sl_answer *answer = plan->answer;
  if (answer->part_count > 0 && !sl_block_init(&answer->block, plan->unit, plan->longest)) {
    return false;
  }
  if (plan->base64) {
    answer->stage = malloc(sizeof *answer->stage);
  }
  return !plan->base64 || answer->stage != NULL;
}

enum sl_status sl_answer_plan(struct sl_answer *answer, const struct sl_decoded *decoded,
                              const struct sl_limits *limits, struct sl_error *error) {
  struct plan plan = {.answer = answer,
                      .decoded = decoded,
                      .limit = limits->answer_bytes,
                      .error = error,
                      .at_once = SL_NUMBERS_AT_ONCE};
  answer->parts = calloc(answer->result.gradient_count + 1, sizeof *answer->parts);
  if (answer->parts == NULL) {
    return no_memory(&plan);
  }
  enum sl_status status = add_everything(&plan);
  if (status == SL_OK && !take_workspace(&plan)) {
    status = no_memory(&plan);
  }
  return status;
}
