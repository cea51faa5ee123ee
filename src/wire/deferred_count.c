#include "wire/deferred_count.h"

static enum sl_status count_flat(struct sl_tensor *tensor, uint64_t offset,
                                 struct sl_error *error) {
  struct sl_tensor_target *target = &tensor->target;
  size_t values = sl_deferred_reals(&target->deferred);
  if (values != target->most_values) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, target->data.pointer, offset,
                      "%s has %zu value%s, its shape has %llu", target->data.name, values,
                      values == 1 ? "" : "s", (unsigned long long)target->most_values);
  }
  struct sl_error cause;
  sl_error_clear(&cause);
  sl_deferred_push(&target->deferred, target->spikes, &cause);
  return cause.code == SL_OK ? SL_OK : sl_place_error(error, &cause, &target->data, offset);
}

/* Their order was checked when they came, and is row-major for every shape that they fit. */
static enum sl_status count_coordinates(struct sl_tensor *tensor, uint64_t offset,
                                        struct sl_error *error) {
  struct sl_tensor_target *target = &tensor->target;
  size_t rank = target->spikes->rank;
  size_t integers = sl_deferred_integers(&target->deferred);
  if (integers > 0 && tensor->data.array.rank != rank) {
    return sl_fail_at(error, SL_LENGTH_MISMATCH, target->data.pointer, offset,
                      "%s has %zu coordinates an entry, its shape has %zu dimensions",
                      target->data.name, tensor->data.array.rank, rank);
  }
  for (size_t entry = 0; entry < integers; entry += rank) {
    uint64_t index = 0;
    for (size_t axis = 0; axis < rank; axis++) {
      uint64_t coordinate = sl_deferred_integer(&target->deferred, entry + axis);
      if (coordinate >= target->spikes->shape[axis]) {
        return sl_fail_at(error, SL_COO_OUT_OF_RANGE, target->data.pointer, offset,
                          "%s[%zu] lies outside the shape", target->data.name, entry / rank);
      }
      index = index * target->spikes->shape[axis] + coordinate;
    }
    struct sl_error cause;
    sl_error_clear(&cause);
    if (sl_spikes_add_one(target->spikes, index, &cause) != SL_OK) {
      return sl_place_error(error, &cause, &target->data, offset);
    }
  }
  return SL_OK;
}

static enum sl_status count_bytes(struct sl_tensor *tensor, struct sl_error *error) {
  struct sl_tensor_target *target = &tensor->target;
  uint64_t quote = tensor->data.base64.quote_offset;
  enum sl_packing packing = sl_tensor_packing(tensor->encoding);
  const struct sl_buffer *bytes = &target->deferred.items;
  if (sl_base64_check_length(target, packing, bytes->length, quote, error) != SL_OK) {
    return error->code;
  }
  struct sl_packed_values packed;
  struct sl_error cause;
  sl_error_clear(&cause);
  sl_packed_values_begin(&packed, packing, target->spikes, target->most_values);
  sl_packed_values_push(&packed, (const uint8_t *)bytes->bytes, bytes->length, &cause);
  return cause.code == SL_OK ? SL_OK : sl_place_error(error, &cause, &target->data, quote);
}

enum sl_status sl_count_deferred(struct sl_tensor *tensor, uint64_t offset,
                                 struct sl_error *error) {
  if (tensor->data_is_counted) {
    return SL_OK;
  }
  tensor->data_is_counted = true;
  enum sl_status status;
  if (tensor->data_is_string) {
    status = count_bytes(tensor, error);
  } else if (tensor->encoding == SL_TENSOR_COORDINATES ||
             tensor->data.array.kind == SL_DATA_COORDINATES) {
    status = count_coordinates(tensor, offset, error);
  } else {
    status = count_flat(tensor, offset, error);
  }
  uint64_t *budget = tensor->target.deferred.budget;
  sl_deferred_free(&tensor->target.deferred);
  sl_deferred_begin(&tensor->target.deferred, budget);
  return status;
}
