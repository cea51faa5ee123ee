#include "wire/tensor.h"

#include "core/checked.h"
#include "wire/deferred_count.h"
#include "wire/field_value.h"
#include <math.h>
#include <string.h>

static const char *const member_names[SL_TENSOR_MEMBERS] = {"shape", "encoding", "data"};
static const char *const encoding_names[] = {"bits", "f32", "f64", "coo", NULL};

static const struct sl_field encoding_field = {
    .name = "encoding", .kind = SL_FIELD_CHOICE, .choices = encoding_names};
static const struct sl_field shape_field = {.name = "shape", .kind = SL_FIELD_REALS};

void sl_tensor_begin(struct sl_tensor *tensor, struct sl_spikes *spikes,
                     const struct sl_field *field, const struct sl_path *path, size_t depth,
                     const struct sl_limits *limits, uint64_t *deferred_left) {
  tensor->field = field;
  tensor->limits = limits;
  tensor->path = *path;
  tensor->depth = depth;
  tensor->place = SL_TENSOR_START;
  tensor->seen = 0;
  tensor->encoding = SL_TENSOR_UNKNOWN;
  tensor->data_is_string = false;
  tensor->data_is_counted = false;
  sl_deferred_free(&tensor->target.deferred);
  sl_deferred_begin(&tensor->target.deferred, deferred_left);
  tensor->target.spikes = spikes;
  tensor->target.shape_known = false;
  tensor->target.most_values = UINT64_MAX;
  tensor->target.data = sl_path_inside(path, "data");
}

void sl_tensor_free(struct sl_tensor *tensor) {
  sl_deferred_free(&tensor->target.deferred);
  sl_small_value_free(&tensor->small);
}

/* What counting data in safekeeping will take, all in one step: rows that wait to be added up, and,
 * if it was kept as numbers, sums of values that are neither 0 nor 1. */
static uint64_t counting_memory(const struct sl_tensor *tensor) {
  const uint64_t rows = UINT64_C(64) << 10;
  const uint64_t rows_of_neuron = 2;
  const uint64_t others = sizeof(uint64_t) + sizeof(double);
  bool as_bits = tensor->encoding == SL_TENSOR_BITS || tensor->encoding == SL_TENSOR_COORDINATES;
  bool as_numbers = !as_bits && tensor->target.deferred.items.length > 0;
  uint64_t accumulators = tensor->target.spikes->accumulators;
  return rows + accumulators * (rows_of_neuron + (as_numbers ? others : 0));
}

uint64_t sl_tensor_memory(const struct sl_tensor *tensor) {
  return sl_deferred_memory(&tensor->target.deferred) + sl_small_value_memory(&tensor->small) +
         (tensor->place == SL_TENSOR_AT_MEANING ? counting_memory(tensor) : 0);
}

bool sl_tensor_was_nested(const struct sl_tensor *tensor) {
  return tensor->place == SL_TENSOR_NESTED;
}

static bool has_seen(const struct sl_tensor *tensor, enum sl_tensor_member member) {
  return tensor->seen >> member & 1;
}

static size_t depth_left(const struct sl_tensor *tensor, size_t used) {
  size_t open = tensor->depth + used;
  return tensor->limits->depth > open ? tensor->limits->depth - open : 0;
}

/* An array; or NaN or Infinity, which the readers of arrays know how to refuse. */
static bool begins_numbers(char byte) {
  return byte == '[' || byte == 'N' || byte == 'I';
}

static enum sl_status begin(struct sl_tensor *tensor, struct sl_text *text,
                            struct sl_error *error) {
  if (begins_numbers(*text->at)) {
    tensor->place = SL_TENSOR_NESTED;
    sl_nested_begin(&tensor->data.nested, tensor->target.spikes, tensor->field, &tensor->path,
                    depth_left(tensor, 0));
    return SL_OK;
  }
  if (*text->at != '{') {
    return sl_text_wrong_type(text, error, tensor->path.pointer, tensor->path.name,
                              "a spike tensor");
  }
  if (depth_left(tensor, 0) == 0) {
    return sl_fail_too_deep(error, tensor->path.pointer, sl_text_offset(text), tensor->path.name);
  }
  text->at++;
  tensor->place = SL_TENSOR_BETWEEN_MEMBERS;
  sl_members_begin(&tensor->members);
  return SL_OK;
}

static enum sl_status name_member(struct sl_tensor *tensor, struct sl_error *error) {
  const char *object = tensor->path.pointer;
  for (int i = 0; i < SL_TENSOR_MEMBERS; i++) {
    if (!sl_members_is(&tensor->members, member_names[i])) {
      continue;
    }
    tensor->member = (enum sl_tensor_member)i;
    if (has_seen(tensor, tensor->member)) {
      return sl_members_fail(&tensor->members, error, SL_DUPLICATE_MEMBER, object, "comes twice");
    }
    tensor->seen |= 1U << i;
    return SL_OK;
  }
  return sl_members_fail(&tensor->members, error, SL_UNKNOWN_MEMBER, object,
                         "is not a member of a tensor: those are shape, encoding, data");
}

static void begin_member(struct sl_tensor *tensor) {
  if (tensor->member == SL_TENSOR_DATA) {
    tensor->place = SL_TENSOR_AT_DATA;
    return;
  }
  struct sl_path path = sl_path_inside(&tensor->path, member_names[tensor->member]);
  sl_small_value_begin(&tensor->small, &path, tensor->limits->member_bytes, depth_left(tensor, 1));
  tensor->place = SL_TENSOR_IN_SMALL;
}

static enum sl_status wrong_data(struct sl_tensor *tensor, uint64_t offset,
                                 struct sl_error *error) {
  return sl_fail_at(
      error, SL_WRONG_TYPE, tensor->target.data.pointer, offset, "%s: encoding \"%s\" wants %s",
      tensor->target.data.name, encoding_names[tensor->encoding],
      sl_tensor_is_packed(tensor->encoding) ? "a base64 string" : "a list of coordinates");
}

static enum sl_status begin_string(struct sl_tensor *tensor, struct sl_text *text,
                                   struct sl_error *error) {
  if (tensor->encoding == SL_TENSOR_COORDINATES) {
    return wrong_data(tensor, sl_text_offset(text), error);
  }
  bool meaning_known = tensor->target.shape_known && sl_tensor_is_packed(tensor->encoding);
  tensor->data_is_string = true;
  tensor->data_is_counted = meaning_known;
  tensor->place = SL_TENSOR_IN_STRING;
  sl_base64_text_begin(&tensor->data.base64, &tensor->target, meaning_known,
                       meaning_known ? sl_tensor_packing(tensor->encoding) : SL_PACKED_BITS, text);
  return SL_OK;
}

static enum sl_status begin_array(struct sl_tensor *tensor, struct sl_text *text,
                                  struct sl_error *error) {
  if (sl_tensor_is_packed(tensor->encoding) && *text->at == '[') {
    return wrong_data(tensor, sl_text_offset(text), error);
  }
  tensor->data_is_counted = tensor->target.shape_known;
  tensor->place = SL_TENSOR_IN_ARRAY;
  sl_data_array_begin(&tensor->data.array, &tensor->target,
                      tensor->encoding == SL_TENSOR_COORDINATES ? SL_DATA_COORDINATES
                                                                : SL_DATA_UNKNOWN,
                      depth_left(tensor, 1));
  return SL_OK;
}

static enum sl_status begin_data(struct sl_tensor *tensor, struct sl_text *text,
                                 struct sl_error *error) {
  if (*text->at == '"') {
    return begin_string(tensor, text, error);
  }
  if (begins_numbers(*text->at)) {
    return begin_array(tensor, text, error);
  }
  return sl_text_wrong_type(text, error, tensor->target.data.pointer, tensor->target.data.name,
                            "a string or an array");
}

static enum sl_status fail_shape(const struct sl_tensor *tensor, struct sl_error *error,
                                 const struct sl_error *cause) {
  return sl_place_error(error, cause, &tensor->small.path, tensor->small.offset);
}

static enum sl_status fail_dimension(const struct sl_tensor *tensor, struct sl_error *error,
                                     enum sl_status code, size_t axis, const char *expected,
                                     double came) {
  struct sl_path path = sl_path_element(&tensor->small.path, axis);
  return sl_fail_at(error, code, path.pointer, sl_small_value_element_offset(&tensor->small, axis),
                    "%s: expected %s, not %.17g", path.name, expected, came);
}

/* The dimensions as sizes; *rank may be more than SL_MAX_RANK, then only the first are there. */
static enum sl_status read_dimensions(const struct sl_tensor *tensor, size_t shape[SL_MAX_RANK],
                                      size_t *rank, struct sl_error *error) {
  struct sl_value entries = {0};
  struct sl_error not_a_number;
  sl_error_clear(&not_a_number);
  sl_read_field_value(&shape_field, &tensor->small, &entries, &not_a_number);
  enum sl_status status = SL_OK;
  for (size_t axis = 0; status == SL_OK && axis < entries.length; axis++) {
    double entry = entries.reals[axis];
    if (entry != floor(entry) || entry < 0) {
      status = fail_dimension(tensor, error, SL_WRONG_TYPE, axis, "a positive integer", entry);
    } else if (entry > SL_MOST_INTEGER) {
      status = fail_dimension(tensor, error, SL_SHAPE_OVERFLOW, axis, "at most 2^53", entry);
    } else if (axis < SL_MAX_RANK) {
      shape[axis] = (size_t)entry;
    }
  }
  if (status == SL_OK && not_a_number.code != SL_OK) {
    *error = not_a_number;
    status = error->code;
  }
  *rank = entries.length;
  sl_value_free(&entries);
  return status;
}

static enum sl_status set_shape(struct sl_tensor *tensor, struct sl_error *error) {
  size_t shape[SL_MAX_RANK] = {0};
  size_t rank;
  if (read_dimensions(tensor, shape, &rank, error) != SL_OK) {
    return error->code;
  }
  struct sl_error cause;
  sl_error_clear(&cause);
  if (rank < tensor->field->min_rank || rank > tensor->field->max_rank) {
    sl_fail_wrong_rank(&cause, tensor->field, "", rank);
    return fail_shape(tensor, error, &cause);
  }
  if (sl_spikes_set_shape(tensor->target.spikes, rank, shape, &cause) != SL_OK) {
    return fail_shape(tensor, error, &cause);
  }
  size_t values = 0;
  sl_checked_product(&values, shape, rank);
  tensor->target.most_values = values;
  tensor->target.shape_known = true;
  return SL_OK;
}

static enum sl_status set_encoding(struct sl_tensor *tensor, struct sl_error *error) {
  struct sl_value value = {0};
  enum sl_status status = sl_read_field_value(&encoding_field, &tensor->small, &value, error);
  if (status != SL_OK) {
    return status;
  }
  tensor->encoding = (enum sl_tensor_encoding)value.choice;
  if (!has_seen(tensor, SL_TENSOR_DATA)) {
    return SL_OK;
  }
  bool is_flat = !tensor->data_is_string && tensor->data.array.kind == SL_DATA_FLAT;
  bool fits = sl_tensor_is_packed(tensor->encoding) == tensor->data_is_string && !is_flat;
  return fits ? SL_OK : wrong_data(tensor, tensor->small.offset, error);
}

/* Whether the data that is in safekeeping can be given its meaning now. */
static bool meaning_is_known(const struct sl_tensor *tensor) {
  if (!tensor->target.shape_known || !has_seen(tensor, SL_TENSOR_DATA)) {
    return false;
  }
  bool has_encoding = tensor->encoding != SL_TENSOR_UNKNOWN;
  return has_encoding || (!tensor->data_is_string && tensor->data.array.kind != SL_DATA_UNKNOWN);
}

static enum sl_status end_small(struct sl_tensor *tensor, struct sl_error *error) {
  return tensor->member == SL_TENSOR_SHAPE ? set_shape(tensor, error) : set_encoding(tensor, error);
}

static enum sl_status missing(struct sl_tensor *tensor, enum sl_tensor_member member,
                              const char *why, struct sl_error *error) {
  struct sl_path path = sl_path_inside(&tensor->path, member_names[member]);
  return sl_fail_at(error, SL_MISSING_MEMBER, path.pointer, tensor->members.end_offset,
                    "%s is missing%s", path.name, why);
}

static enum sl_status end_object(struct sl_tensor *tensor, struct sl_error *error) {
  bool has_encoding = tensor->encoding != SL_TENSOR_UNKNOWN;
  bool has_data = has_seen(tensor, SL_TENSOR_DATA);
  if (!tensor->target.shape_known) {
    return missing(tensor, SL_TENSOR_SHAPE, "", error);
  }
  if (has_data && !has_encoding && tensor->data_is_string) {
    return missing(tensor, SL_TENSOR_ENCODING, ": data is a string, is it bits, f32 or f64?",
                   error);
  }
  if (has_data && !has_encoding && tensor->data.array.kind == SL_DATA_COORDINATES) {
    return missing(tensor, SL_TENSOR_ENCODING, ": data is nested, is it coo?", error);
  }
  if (!has_data) {
    return missing(tensor, SL_TENSOR_DATA, "", error);
  }
  bool is_empty = !tensor->data_is_string && tensor->data.array.kind == SL_DATA_UNKNOWN;
  if (is_empty && !has_encoding) {
    tensor->data_is_counted = false; /* no numbers at all: flat data that is too short */
  }
  if (sl_count_deferred(tensor, tensor->members.end_offset, error) != SL_OK) {
    return error->code;
  }
  struct sl_error cause;
  sl_error_clear(&cause);
  return sl_spikes_finish(tensor->target.spikes, &cause) == SL_OK
             ? SL_OK
             : sl_place_error(error, &cause, &tensor->target.data, tensor->members.end_offset);
}

/* Reads on between two members. SL_OK at the end of the object. */
static enum sl_status read_members(struct sl_tensor *tensor, struct sl_text *text,
                                   struct sl_error *error) {
  for (;;) {
    switch (sl_members_next(&tensor->members, text, error)) {
    case SL_MEMBERS_NEED_MORE:
      return SL_NEED_MORE;
    case SL_MEMBERS_NAMED:
      if (name_member(tensor, error) != SL_OK) {
        return error->code;
      }
      break;
    case SL_MEMBERS_AT_VALUE:
      begin_member(tensor);
      return SL_NEED_MORE;
    case SL_MEMBERS_END:
      return end_object(tensor, error);
    default:
      return error->code;
    }
  }
}

/* A member's value is complete, or it went wrong, or needs more text. */
static enum sl_status after_member(struct sl_tensor *tensor, enum sl_status status) {
  if (status == SL_OK) {
    tensor->place = SL_TENSOR_BETWEEN_MEMBERS;
    return SL_NEED_MORE;
  }
  return status;
}

static enum sl_status more_after(enum sl_status status) {
  return status == SL_OK ? SL_NEED_MORE : status;
}

static enum sl_status read_small(struct sl_tensor *tensor, struct sl_text *text,
                                 struct sl_error *error) {
  enum sl_status status = sl_small_value_read(&tensor->small, text, error);
  status = after_member(tensor, status == SL_OK ? end_small(tensor, error) : status);
  bool is_due = !tensor->data_is_counted && meaning_is_known(tensor);
  if (tensor->place == SL_TENSOR_BETWEEN_MEMBERS && is_due) {
    tensor->place = SL_TENSOR_AT_MEANING;
  }
  return status;
}

enum sl_status sl_tensor_read(struct sl_tensor *tensor, struct sl_text *text,
                              struct sl_error *error) {
  switch (tensor->place) {
  case SL_TENSOR_START:
    return more_after(begin(tensor, text, error));
  case SL_TENSOR_NESTED:
    return sl_nested_read(&tensor->data.nested, text, error);
  case SL_TENSOR_BETWEEN_MEMBERS:
    return read_members(tensor, text, error);
  case SL_TENSOR_IN_SMALL:
    return read_small(tensor, text, error);
  case SL_TENSOR_AT_MEANING:
    return after_member(tensor, sl_count_deferred(tensor, tensor->small.offset, error));
  case SL_TENSOR_AT_DATA:
    return more_after(begin_data(tensor, text, error));
  case SL_TENSOR_IN_ARRAY:
    return after_member(tensor, sl_data_array_read(&tensor->data.array, text, error));
  default:
    return after_member(tensor, sl_base64_text_read(&tensor->data.base64, text, error));
  }
}
