#include "tensor.h"
#include "base64.h"
#include <string.h>

/* How the values of a tensor become bytes: from `first` on, `count` bytes of the encoded tensor. */
struct encoding {
  const char *name;
  size_t bytes;
  void (*encode)(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first, size_t count);
};

/* Whole base64 groups of whole doubles. */
enum { PIECE = 3 * 8 * 128 };

static size_t value_count(const struct spikeloss_tensor *tensor) {
  size_t count = 1;
  for (size_t axis = 0; axis < tensor->rank; axis++) {
    count *= tensor->shape[axis];
  }
  return count;
}

static double value_at(const struct spikeloss_tensor *tensor, size_t index) {
  switch (tensor->type) {
  case SPIKELOSS_U8:
    return ((const uint8_t *)tensor->values)[index];
  case SPIKELOSS_F32:
    return (double)((const float *)tensor->values)[index];
  case SPIKELOSS_F64:
    return ((const double *)tensor->values)[index];
  case SPIKELOSS_BITS:
    break;
  }
  return ((const uint8_t *)tensor->values)[index / 8] >> (7 - index % 8) & 1;
}

static bool is_binary(const struct spikeloss_tensor *tensor, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double value = value_at(tensor, i);
    if (value != 0 && value != 1) {
      return false;
    }
  }
  return true;
}

static void copy_bits(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                      size_t count) {
  memcpy(bytes, (const uint8_t *)tensor->values + first, count);
}

static void pack_bits(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                      size_t count) {
  size_t values = value_count(tensor);
  memset(bytes, 0, count);
  for (size_t i = 0; i < 8 * count && 8 * first + i < values; i++) {
    if (value_at(tensor, 8 * first + i) != 0) {
      bytes[i / 8] = (uint8_t)(bytes[i / 8] | 128 >> i % 8);
    }
  }
}

static void write_little_endian(uint8_t *bytes, uint64_t value, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bytes[i] = (uint8_t)(value >> 8 * i);
  }
}

static void floats(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                   size_t count) {
  for (size_t i = 0; i < count; i += 4) {
    float value = (float)value_at(tensor, (first + i) / 4);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    write_little_endian(bytes + i, bits, 4);
  }
}

static void doubles(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                    size_t count) {
  for (size_t i = 0; i < count; i += 8) {
    double value = value_at(tensor, (first + i) / 8);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    write_little_endian(bytes + i, bits, 8);
  }
}

static struct encoding encoding_of(const struct spikeloss_tensor *tensor) {
  size_t count = value_count(tensor);
  if (tensor->type == SPIKELOSS_BITS) {
    return (struct encoding){"bits", (count + 7) / 8, copy_bits};
  }
  if (is_binary(tensor, count)) {
    return (struct encoding){"bits", (count + 7) / 8, pack_bits};
  }
  if (tensor->type == SPIKELOSS_F64) {
    return (struct encoding){"f64", 8 * count, doubles};
  }
  return (struct encoding){"f32", 4 * count, floats};
}

void slc_tensor_write(FILE *stream, const struct spikeloss_tensor *tensor) {
  struct encoding encoding = encoding_of(tensor);
  fputs("{\"shape\":[", stream);
  for (size_t axis = 0; axis < tensor->rank; axis++) {
    fprintf(stream, axis == 0 ? "%zu" : ",%zu", tensor->shape[axis]);
  }
  fprintf(stream, "],\"encoding\":\"%s\",\"data\":\"", encoding.name);
  uint8_t bytes[PIECE];
  char text[PIECE / 3 * 4];
  for (size_t first = 0; first < encoding.bytes; first += PIECE) {
    size_t count = encoding.bytes - first < PIECE ? encoding.bytes - first : PIECE;
    encoding.encode(bytes, tensor, first, count);
    slc_base64_encode(text, bytes, count);
    fwrite(text, 1, slc_base64_length(count), stream);
  }
  fputs("\"}", stream);
}
