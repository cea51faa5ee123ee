#include "reference_tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_doubles_append(struct sl_doubles *doubles, double value) {
  size_t count = doubles->count;
  if ((count & (count - 1)) == 0) {
    doubles->values =
        sl_must_reallocate(doubles->values, count == 0 ? 1 : 2 * count, sizeof(double));
  }
  doubles->values[count] = value;
  doubles->count = count + 1;
}

struct sl_axes sl_reference_axes(size_t rank, const size_t *shape) {
  struct sl_axes axes = {1, 1, 1};
  size_t first_neuron_axis = rank >= 3 ? 2 : rank - 1;
  if (rank >= 2) {
    axes.steps = shape[first_neuron_axis - 1];
  }
  if (rank >= 3) {
    axes.samples = shape[0];
  }
  for (size_t axis = first_neuron_axis; axis < rank; axis++) {
    axes.neurons *= shape[axis];
  }
  return axes;
}

/* Longer names, in bytes, have no pointer. */
enum { LONGEST_NAME = 64 };

/* RFC 6901: `~` becomes ~0 and `/` becomes ~1. A name with a NUL in it has no pointer either. */
static char *pointer_to_name(const char *base, const char *name, size_t length) {
  char *pointer = sl_must_allocate(strlen(base) + 2 * length + 2, 1);
  if (length > LONGEST_NAME || strlen(name) != length) {
    return pointer;
  }
  char *end = pointer + sprintf(pointer, "%s/", base);
  for (; *name != '\0'; name++) {
    if (*name == '~' || *name == '/') {
      *end++ = '~';
      *end++ = *name == '~' ? '0' : '1';
    } else {
      *end++ = *name;
    }
  }
  return pointer;
}

enum sl_status sl_reference_name_read(struct sl_reader *reader, const char *base,
                                      const char *const *names, size_t count, size_t *which,
                                      char **pointer) {
  char *name;
  size_t length;
  bool good = sl_reader_string(reader, &name, &length);
  enum sl_status status = good ? SL_UNKNOWN_MEMBER : reader->error->code;
  for (size_t i = 0; good && i < count; i++) {
    if (length == strlen(names[i]) && memcmp(name, names[i], length) == 0) {
      *which = i;
      status = SL_OK;
    }
  }
  *pointer = good ? pointer_to_name(base, name, length) : sl_must_allocate(1, 1);
  free(name);
  return status;
}

bool sl_reference_collect(struct sl_reader *reader, const char *pointer, uint64_t member_bytes,
                          size_t *start) {
  *start = reader->at;
  reader->limited = true;
  reader->member_start = reader->at;
  reader->member_limit = member_bytes;
  reader->member_pointer = pointer;
  bool good = sl_reader_value(reader, pointer);
  reader->limited = false;
  return good;
}

struct sl_reader sl_reader_again(const struct sl_reader *reader, size_t start) {
  struct sl_reader again = *reader;
  again.at = start;
  return again;
}

bool sl_reference_tensor_read(struct sl_reader *reader, const struct sl_tensor_rules *rules,
                              const char *pointer, struct sl_reference_tensor *tensor) {
  int byte = sl_reader_peek(reader);
  if (byte == '[') {
    return sl_reference_nested_read(reader, rules, pointer, tensor);
  }
  if (byte == '{') {
    return sl_reference_object_read(reader, rules, pointer, tensor);
  }
  if (sl_starts_value(byte)) {
    return sl_reader_fail(reader, SL_WRONG_TYPE, pointer, reader->at);
  }
  return !sl_reader_fails_at_word(reader, pointer) && sl_reader_not_json(reader);
}
