#include "request_writer.h"

#include "append.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_writer_free(struct sl_writer *writer) {
  sl_buffer_free(&writer->text);
}

struct sl_model_tensor sl_model_tensor_new(enum sl_spelling spelling, size_t rank,
                                           const size_t *shape) {
  struct sl_model_tensor tensor = {.spelling = spelling, .rank = rank, .count = 1};
  for (size_t axis = 0; axis < rank; axis++) {
    tensor.shape[axis] = tensor.data_shape[axis] = shape[axis];
    tensor.count *= shape[axis];
  }
  tensor.data_rank = rank;
  tensor.values = calloc(tensor.count, sizeof(double));
  if (tensor.values == NULL) {
    abort();
  }
  return tensor;
}

void sl_model_tensor_sum(struct sl_model_tensor *tensor, enum sl_layout layout,
                         enum sl_summed summed) {
  tensor->summed = summed;
  tensor->data_rank = 0;
  tensor->count = 1;
  for (size_t axis = 0; axis < tensor->rank; axis++) {
    char letter = sl_reference_axis(layout, tensor->rank, axis);
    if (letter == 'n' || (letter == 'b' && summed == SL_SUMMED_TIME)) {
      tensor->data_shape[tensor->data_rank++] = tensor->shape[axis];
      tensor->count *= tensor->shape[axis];
    }
  }
}

void sl_model_tensor_free(struct sl_model_tensor *tensor) {
  free(tensor->values);
  tensor->values = NULL;
}

/* The largest integer of a spelling that has nothing else; 0 of others. */
static uint32_t largest_integer(enum sl_spelling spelling) {
  return spelling == SL_SPELL_U8    ? UINT8_MAX
         : spelling == SL_SPELL_U16 ? UINT16_MAX
         : spelling == SL_SPELL_U32 ? UINT32_MAX
                                    : 0;
}

void sl_model_tensor_fill(struct sl_model_tensor *tensor, struct sl_random *random,
                          size_t ones_percent, size_t graded_percent) {
  /* All of them are exact in f32 too, and sums of them depend on their order. */
  static const double graded[] = {0.5, -1.0, 2.25, 3.0, 16777215.0, -0x1p-30, 0x1.8p60, -0x1p60};
  static const double fine[] = {0.1, 1e-3, -0.7, 1e22, 123456789.123456789, 5e-324, 1.0000000001};
  bool exact = tensor->spelling == SL_SPELL_F32;
  uint32_t largest = largest_integer(tensor->spelling);
  bool binary = tensor->spelling == SL_SPELL_BITS || tensor->spelling == SL_SPELL_COO;
  for (size_t i = 0; i < tensor->count; i++) {
    size_t draw = sl_random_below(random, 100);
    tensor->values[i] = draw < ones_percent ? 1.0 : 0.0;
    bool is_graded = !binary && sl_random_below(random, 100) < graded_percent;
    if (is_graded && largest > 0) {
      uint32_t below = largest - (uint32_t)sl_random_below(random, 4);
      tensor->values[i] = sl_random_one_in(random, 2) ? 2.0 : below;
    } else if (is_graded) {
      tensor->values[i] = exact || sl_random_one_in(random, 2)
                              ? graded[sl_random_below(random, sizeof graded / sizeof *graded)]
                              : fine[sl_random_below(random, sizeof fine / sizeof *fine)];
    }
  }
}

bool sl_model_tensor_equals(const struct sl_model_tensor *model,
                            const struct sl_reference_tensor *read) {
  if (read->nested != (model->spelling == SL_SPELL_NESTED) || read->rank != model->rank ||
      memcmp(read->shape, model->shape, model->rank * sizeof(size_t)) != 0 ||
      read->count != model->count || read->summed != model->summed) {
    return false;
  }
  for (size_t i = 0; i < model->count; i++) {
    if (read->values[i] != model->values[i]) {
      return false;
    }
  }
  return true;
}

void sl_write_text(struct sl_writer *writer, const char *text) {
  if (!sl_buffer_append_text(&writer->text, text)) {
    abort();
  }
}

static void write_byte(struct sl_writer *writer, char byte) {
  if (!sl_buffer_append(&writer->text, &byte, 1)) {
    abort();
  }
}

static void wild_white(struct sl_writer *writer) {
  while (sl_random_one_in(&writer->random, 4)) {
    write_byte(writer, " \t\n\r"[sl_random_below(&writer->random, 4)]);
  }
}

static void new_line(struct sl_writer *writer) {
  write_byte(writer, '\n');
  for (size_t i = 0; i < writer->indent; i++) {
    sl_write_text(writer, "  ");
  }
}

void sl_write_mark(struct sl_writer *writer, char mark) {
  bool pretty = writer->layout == SL_LAYOUT_PRETTY;
  if (writer->layout == SL_LAYOUT_WILD) {
    wild_white(writer);
    write_byte(writer, mark);
    wild_white(writer);
    return;
  }
  if (mark == ']' || mark == '}') {
    writer->indent--;
    if (pretty) {
      new_line(writer);
    }
  }
  write_byte(writer, mark);
  if (mark == '[' || mark == '{') {
    writer->indent++;
  }
  if (pretty && mark != ']' && mark != '}' && mark != ':') {
    new_line(writer);
  } else if (writer->layout != SL_LAYOUT_COMPACT && (mark == ',' || mark == ':')) {
    write_byte(writer, ' ');
  }
}

void sl_write_string(struct sl_writer *writer, const char *text) {
  write_byte(writer, '"');
  for (; *text != '\0'; text++) {
    if (writer->escapes && *text == '/' && sl_random_one_in(&writer->random, 2)) {
      sl_write_text(writer, "\\/");
    } else if (writer->escapes && sl_random_one_in(&writer->random, *text == '+' ? 2 : 8)) {
      char escape[8];
      bool upper = sl_random_one_in(&writer->random, 2);
      snprintf(escape, sizeof escape, upper ? "\\u%04X" : "\\u%04x", (unsigned)*text);
      sl_write_text(writer, escape);
    } else {
      write_byte(writer, *text);
    }
  }
  write_byte(writer, '"');
}

void sl_write_number(struct sl_writer *writer, double value) {
  static const char *const zeros[] = {"0",   "-0",   "0.0",  "0.00",   "0e0",
                                      "0E9", "-0.0", "0e-5", "0.0e+3", "0e999999"};
  static const char *const ones[] = {"1",     "1.0",    "1e0",  "1E0",    "10e-1",
                                     "0.1e1", "1.0000", "1e+0", "100E-2", "0.01E+2"};
  char text[40];
  snprintf(text, sizeof text, "%.17g", value);
  bool simple = value == 0.0 || value == 1.0;
  if (simple && writer->numbers == SL_NUMBERS_WILD) {
    size_t which = sl_random_below(&writer->random, 10);
    sl_write_text(writer, value == 0.0 ? zeros[which] : ones[which]);
    return;
  }
  sl_write_text(writer, text);
  if (writer->numbers == SL_NUMBERS_FLOATS && strpbrk(text, ".e") == NULL) {
    sl_write_text(writer, ".0");
  }
}

static void write_nested(struct sl_writer *writer, const struct sl_model_tensor *tensor,
                         size_t axis, size_t *next) {
  if (axis == tensor->data_rank) {
    sl_write_number(writer, tensor->values[(*next)++]);
    return;
  }
  sl_write_mark(writer, '[');
  for (size_t i = 0; i < tensor->data_shape[axis]; i++) {
    if (i > 0) {
      sl_write_mark(writer, ',');
    }
    write_nested(writer, tensor, axis + 1, next);
  }
  sl_write_mark(writer, ']');
}

/* The bytes of a binary spelling; the caller frees them. */
static unsigned char *pack(const struct sl_model_tensor *tensor, size_t *length) {
  static const size_t widths[] = {[SL_SPELL_F32] = 4,
                                  [SL_SPELL_F64] = 8,
                                  [SL_SPELL_U8] = 1,
                                  [SL_SPELL_U16] = 2,
                                  [SL_SPELL_U32] = 4};
  size_t width = widths[tensor->spelling];
  *length = tensor->spelling == SL_SPELL_BITS ? (tensor->count + 7) / 8 : tensor->count * width;
  unsigned char *bytes = calloc(*length, 1);
  if (bytes == NULL) {
    abort();
  }
  for (size_t i = 0; i < tensor->count; i++) {
    double value = tensor->values[i];
    float single = (float)value;
    uint32_t half;
    uint64_t bits;
    memcpy(&half, &single, sizeof half);
    memcpy(&bits, &value, sizeof bits);
    if (tensor->spelling == SL_SPELL_F32) {
      bits = half;
    } else if (largest_integer(tensor->spelling) > 0) {
      bits = (uint64_t)value;
    }
    if (tensor->spelling == SL_SPELL_BITS) {
      bytes[i / 8] = (unsigned char)(bytes[i / 8] | (value != 0.0 ? 0x80 >> (i % 8) : 0));
      continue;
    }
    for (size_t k = 0; k < width; k++) {
      bytes[i * width + k] = (unsigned char)(bits >> (8 * k) & 0xFF);
    }
  }
  return bytes;
}

static void write_base64(struct sl_writer *writer, const struct sl_model_tensor *tensor) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t length;
  unsigned char *bytes = pack(tensor, &length);
  char *text = calloc(length / 3 * 4 + 5, 1);
  if (text == NULL) {
    abort();
  }
  char *end = text;
  for (size_t i = 0; i < length; i += 3) {
    unsigned group = (unsigned)bytes[i] << 16;
    group |= i + 1 < length ? (unsigned)bytes[i + 1] << 8 : 0;
    group |= i + 2 < length ? (unsigned)bytes[i + 2] : 0;
    *end++ = alphabet[group >> 18];
    *end++ = alphabet[group >> 12 & 63];
    *end++ = i + 1 < length ? alphabet[group >> 6 & 63] : '=';
    *end++ = i + 2 < length ? alphabet[group & 63] : '=';
  }
  sl_write_string(writer, text);
  free(text);
  free(bytes);
}

static void write_coordinates(struct sl_writer *writer, const struct sl_model_tensor *tensor) {
  bool first = true;
  sl_write_mark(writer, '[');
  for (size_t i = 0; i < tensor->count; i++) {
    if (tensor->values[i] == 0.0) {
      continue;
    }
    if (!first) {
      sl_write_mark(writer, ',');
    }
    first = false;
    size_t coordinates[SL_MAX_RANK];
    size_t rest = i;
    for (size_t axis = tensor->rank; axis > 0; axis--) {
      coordinates[axis - 1] = rest % tensor->shape[axis - 1];
      rest /= tensor->shape[axis - 1];
    }
    sl_write_mark(writer, '[');
    for (size_t axis = 0; axis < tensor->rank; axis++) {
      if (axis > 0) {
        sl_write_mark(writer, ',');
      }
      sl_write_number(writer, (double)coordinates[axis]);
    }
    sl_write_mark(writer, ']');
  }
  sl_write_mark(writer, ']');
}

static void write_numbers(struct sl_writer *writer, const double *values, size_t count) {
  sl_write_mark(writer, '[');
  for (size_t i = 0; i < count; i++) {
    if (i > 0) {
      sl_write_mark(writer, ',');
    }
    sl_write_number(writer, values[i]);
  }
  sl_write_mark(writer, ']');
}

/* The permutation of that rank in lexicographic order. */
static void permute(size_t *order, size_t count, size_t rank) {
  for (size_t i = 0; i < count; i++) {
    order[i] = i;
  }
  for (size_t i = 0; i + 1 < count; i++) {
    size_t rest = 1;
    for (size_t k = 2; k < count - i; k++) {
      rest *= k;
    }
    size_t picked = i + rank / rest;
    rank %= rest;
    size_t moved = order[picked];
    memmove(order + i + 1, order + i, (picked - i) * sizeof *order);
    order[i] = moved;
  }
}

static void write_name(struct sl_writer *writer, const char *name, bool first) {
  if (!first) {
    sl_write_mark(writer, ',');
  }
  sl_write_string(writer, name);
  sl_write_mark(writer, ':');
}

static void write_summed(struct sl_writer *writer, const struct sl_model_tensor *tensor,
                         bool first) {
  write_name(writer, "summed", first);
  sl_write_string(writer, tensor->summed == SL_SUMMED_TIME ? "time" : "batch_time");
}

static void write_data(struct sl_writer *writer, const struct sl_model_tensor *tensor) {
  if (tensor->spelling == SL_SPELL_FLAT) {
    write_numbers(writer, tensor->values, tensor->count);
  } else if (tensor->spelling == SL_SPELL_COO) {
    write_coordinates(writer, tensor);
  } else if (tensor->spelling == SL_SPELL_SHAPED) {
    size_t next = 0;
    write_nested(writer, tensor, 0, &next);
  } else {
    write_base64(writer, tensor);
  }
}

void sl_write_tensor(struct sl_writer *writer, const struct sl_model_tensor *tensor) {
  static const char *const encodings[] = {"",   "",    "bits", "f32", "f64",
                                          "u8", "u16", "u32",  "coo", ""};
  if (tensor->spelling == SL_SPELL_NESTED) {
    size_t next = 0;
    write_nested(writer, tensor, 0, &next);
    return;
  }
  size_t order[3];
  permute(order, 3, tensor->order);
  bool first = true;
  bool summed = tensor->summed != SL_SUMMED_NOT;
  bool last =
      tensor->order >= 3 && order[0] == 2; /* the data is first: see sl_write_tensor's order */
  sl_write_mark(writer, '{');
  for (size_t i = 0; i < 3; i++) {
    if (summed && !last && order[i] == 2) {
      write_summed(writer, tensor, first);
      first = false;
    }
    if (order[i] == 0) {
      double shape[SL_MAX_RANK];
      for (size_t axis = 0; axis < tensor->rank; axis++) {
        shape[axis] = (double)tensor->shape[axis];
      }
      write_name(writer, "shape", first);
      write_numbers(writer, shape, tensor->rank);
    } else if (order[i] == 2) {
      write_name(writer, "data", first);
      write_data(writer, tensor);
    } else if (encodings[tensor->spelling][0] != '\0') {
      write_name(writer, "encoding", first);
      sl_write_string(writer, encodings[tensor->spelling]);
    } else if (writer->escapes) { /* a writer that also says that there is none */
      write_name(writer, "encoding", first);
      sl_write_text(writer, "null");
    } else {
      continue;
    }
    first = false;
  }
  if (summed && last) {
    write_summed(writer, tensor, false);
  }
  sl_write_mark(writer, '}');
}

/* Begins a body, with the order of the axes if it is not the default. Returns whether no member has
 * come. */
static bool begin_body(struct sl_writer *writer) {
  static const char *const names[] = {"batch_time_neurons", "time_batch_neurons",
                                      "batch_neurons_time"};
  sl_write_mark(writer, '{');
  if (writer->axes == SL_BATCH_TIME_NEURONS) {
    return true;
  }
  write_name(writer, "axes", true);
  sl_write_string(writer, names[writer->axes]);
  return false;
}

static void write_layers(struct sl_writer *writer, const struct sl_model_tensor *layers,
                         size_t count) {
  sl_write_mark(writer, '[');
  for (size_t i = 0; i < count; i++) {
    if (i > 0) {
      sl_write_mark(writer, ',');
    }
    sl_write_tensor(writer, &layers[i]);
  }
  sl_write_mark(writer, ']');
}

void sl_write_rates_body(struct sl_writer *writer, const struct sl_model_tensor *layers,
                         size_t count, size_t order) {
  static const char *const names[] = {"spikes_list", "offsets", "multipliers"};
  double numbers[16];
  size_t members[3];
  permute(members, 3, order);
  bool first = begin_body(writer);
  for (size_t i = 0; i < 3; i++) {
    write_name(writer, names[members[i]], first && i == 0);
    for (size_t k = 0; k < count && k < 16; k++) {
      numbers[k] = members[i] == 1 ? 0.25 : 2.0;
    }
    if (members[i] == 0) {
      write_layers(writer, layers, count);
    } else {
      write_numbers(writer, numbers, count);
    }
  }
  sl_write_mark(writer, '}');
}

void sl_write_population_body(struct sl_writer *writer, const struct sl_model_tensor *spk,
                              size_t order) {
  static const char *const names[] = {
      "spk", "targets", "num_classes", "neurons_per_class", "correct_rate", "incorrect_rate"};
  struct sl_axes axes = sl_reference_axes(writer->axes, spk->rank, spk->shape);
  const double values[] = {0.0, 0.0, 1.0, (double)axes.neurons, 0.75, 0.125};
  double targets[64] = {0.0};
  size_t members[6];
  permute(members, 6, order);
  bool first = begin_body(writer);
  for (size_t i = 0; i < 6; i++) {
    write_name(writer, names[members[i]], first && i == 0);
    if (members[i] == 0) {
      sl_write_tensor(writer, spk);
    } else if (members[i] == 1) {
      write_numbers(writer, targets, axes.samples < 64 ? axes.samples : 64);
    } else {
      sl_write_number(writer, values[members[i]]);
    }
  }
  sl_write_mark(writer, '}');
}

/* Writes the value of a field that is no tensor: labels 0, numbers within bounds, any word. */
static void write_value(struct sl_writer *writer, const struct sl_field *field,
                        const struct sl_model_tensor *tensors, size_t count, size_t classes) {
  struct sl_random *random = &writer->random;
  double numbers[64] = {0.0};
  size_t length = strcmp(field->name, "class_weights") == 0 ? classes : count;
  double real = strcmp(field->name, "upper") == 0 ? 0.5 : 0.25;
  struct sl_axes axes = sl_reference_axes(writer->axes, tensors[0].rank, tensors[0].shape);
  for (size_t i = 0; i < 64 && field->kind != SL_FIELD_LABELS; i++) {
    numbers[i] = real;
  }
  switch (field->kind) {
  case SL_FIELD_LABELS:
    write_numbers(writer, numbers, axes.samples < 64 ? axes.samples : 64);
    break;
  case SL_FIELD_REALS:
    write_numbers(writer, numbers, length < 64 ? length : 64);
    break;
  case SL_FIELD_CHOICE:
    sl_write_string(writer, field->choices[sl_random_below(random, 2)]);
    break;
  case SL_FIELD_FLAG:
    sl_write_text(writer, sl_random_one_in(random, 2) ? "true" : "false");
    break;
  default:
    sl_write_number(writer, field->kind == SL_FIELD_COUNT ? (double)classes : real);
  }
}

void sl_write_any_body(struct sl_writer *writer, const struct sl_loss *loss,
                       const struct sl_model_tensor *tensors, size_t count) {
  struct sl_random *random = &writer->random;
  size_t order[SL_MAX_FIELDS];
  size_t neurons = sl_reference_axes(writer->axes, tensors[0].rank, tensors[0].shape).neurons;
  size_t classes = neurons <= 64 && sl_random_one_in(random, 2) ? neurons : 1;
  permute(order, loss->field_count, sl_random_below(random, 40320));
  bool first = begin_body(writer);
  for (size_t i = 0; i < loss->field_count; i++) {
    const struct sl_field *field = &loss->fields[order[i]];
    bool absent = field->optional && !field->or_next && sl_random_one_in(random, 2);
    if (absent && sl_random_one_in(random, 2)) {
      continue;
    }
    write_name(writer, field->name, first);
    first = false;
    if (absent) {
      sl_write_text(writer, "null");
    } else if (field->kind == SL_FIELD_SPIKES) {
      sl_write_tensor(writer, tensors);
    } else if (field->kind == SL_FIELD_SPIKES_LIST) {
      write_layers(writer, tensors, count);
    } else {
      write_value(writer, field, tensors, count, classes);
    }
  }
  sl_write_mark(writer, '}');
}
