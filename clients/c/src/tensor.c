#include "tensor.h"
#include "base64.h"
#include <string.h>

/* Whole base64 groups of whole doubles. */
enum { PIECE = 3 * 8 * 128 };

/* The axis of an entry of the shape; all after the first two named are neurons. Tensors of rank 2
 * have no samples, those of rank 1 have no time either. */
enum axis { SAMPLES, TIME, NEURONS };

static enum axis axis_at(enum spikeloss_axes axes, size_t rank, size_t entry) {
  size_t time = axes == SPIKELOSS_BATCH_NEURONS_TIME                ? rank - 1
                : axes == SPIKELOSS_TIME_BATCH_NEURONS || rank == 2 ? 0
                                                                    : 1;
  size_t samples = axes == SPIKELOSS_TIME_BATCH_NEURONS ? 1 : 0;
  return rank >= 2 && entry == time ? TIME : rank >= 3 && entry == samples ? SAMPLES : NEURONS;
}

/* The product of the shape without the axes that are summed. */
static size_t count_without(const struct spikeloss_tensor *tensor, enum spikeloss_axes axes,
                            enum spikeloss_summed summed) {
  size_t count = 1;
  for (size_t entry = 0; entry < tensor->rank; entry++) {
    enum axis axis = axis_at(axes, tensor->rank, entry);
    bool sum = axis == TIME ? summed != SPIKELOSS_NOT_SUMMED
                            : axis == SAMPLES && summed == SPIKELOSS_SUMMED_BATCH_TIME;
    count *= sum ? 1 : tensor->shape[entry];
  }
  return count;
}

size_t slc_tensor_pairs(const struct spikeloss_tensor *tensor, enum spikeloss_axes axes) {
  return count_without(tensor, axes, SPIKELOSS_SUMMED_TIME);
}

static double value_at(const struct spikeloss_tensor *tensor, size_t index) {
  switch (tensor->type) {
  case SPIKELOSS_U8:
    return ((const uint8_t *)tensor->values)[index];
  case SPIKELOSS_U16:
    return ((const uint16_t *)tensor->values)[index];
  case SPIKELOSS_U32:
    return ((const uint32_t *)tensor->values)[index];
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

/* From value `first` on, `count` values, 8 a byte. */
static void pack_bits(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                      size_t count) {
  memset(bytes, 0, (count + 7) / 8);
  for (size_t i = 0; i < count; i++) {
    if (value_at(tensor, first + i) != 0) {
      bytes[i / 8] = (uint8_t)(bytes[i / 8] | 128 >> i % 8);
    }
  }
}

/* The bytes of a value as an integer. */
static uint64_t word_at(const struct spikeloss_tensor *tensor, size_t index, size_t width) {
  const uint8_t *value = (const uint8_t *)tensor->values + index * width;
  uint16_t two;
  uint32_t four;
  uint64_t eight;
  switch (width) {
  case 1:
    return *value;
  case 2:
    memcpy(&two, value, sizeof two);
    return two;
  case 4:
    memcpy(&four, value, sizeof four);
    return four;
  default:
    memcpy(&eight, value, sizeof eight);
    return eight;
  }
}

static void copy_little_endian(uint8_t *bytes, const struct spikeloss_tensor *tensor, size_t first,
                               size_t count, size_t width) {
  for (size_t i = 0; i < count; i++) {
    uint64_t word = word_at(tensor, first + i, width);
    for (size_t byte = 0; byte < width; byte++) {
      *bytes++ = (uint8_t)(word >> 8 * byte);
    }
  }
}

struct encoding {
  const char *name;
  size_t width; /* bytes a value; 0 for bits */
};

static struct encoding encoding_of(const struct spikeloss_tensor *tensor, size_t count) {
  static const struct encoding encodings[] = {
      [SPIKELOSS_U8] = {"u8", 1},   [SPIKELOSS_U16] = {"u16", 2}, [SPIKELOSS_U32] = {"u32", 4},
      [SPIKELOSS_F32] = {"f32", 4}, [SPIKELOSS_F64] = {"f64", 8}, [SPIKELOSS_BITS] = {"bits", 0},
  };
  bool binary = tensor->summed == SPIKELOSS_NOT_SUMMED && tensor->type != SPIKELOSS_BITS &&
                is_binary(tensor, count);
  return encodings[binary ? SPIKELOSS_BITS : tensor->type];
}

static void write_data(FILE *stream, const struct spikeloss_tensor *tensor, size_t values,
                       size_t width) {
  uint8_t bytes[PIECE];
  char text[PIECE / 3 * 4];
  size_t piece = width == 0 ? 8 * PIECE : PIECE / width;
  for (size_t first = 0; first < values; first += piece) {
    size_t count = values - first < piece ? values - first : piece;
    size_t length = width == 0 ? (count + 7) / 8 : count * width;
    if (tensor->type == SPIKELOSS_BITS) { /* with its spare bits, which the service checks */
      memcpy(bytes, (const uint8_t *)tensor->values + first / 8, length);
    } else if (width == 0) {
      pack_bits(bytes, tensor, first, count);
    } else {
      copy_little_endian(bytes, tensor, first, count, width);
    }
    slc_base64_encode(text, bytes, length);
    fwrite(text, 1, slc_base64_length(length), stream);
  }
}

void slc_tensor_write(FILE *stream, const struct spikeloss_tensor *tensor,
                      enum spikeloss_axes axes) {
  static const char *const summed[] = {"", "\"summed\":\"time\",", "\"summed\":\"batch_time\","};
  size_t count = count_without(tensor, axes, tensor->summed);
  struct encoding encoding = encoding_of(tensor, count);
  fputs("{\"shape\":[", stream);
  for (size_t entry = 0; entry < tensor->rank; entry++) {
    fprintf(stream, entry == 0 ? "%zu" : ",%zu", tensor->shape[entry]);
  }
  fprintf(stream, "],%s\"encoding\":\"%s\",\"data\":\"", summed[tensor->summed], encoding.name);
  write_data(stream, tensor, count, encoding.width);
  fputs("\"}", stream);
}
