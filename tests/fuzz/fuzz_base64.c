/*
 * The data of a tensor as base64: how it is read, the order of the members, a length, then either
 * the text as it is, or bytes that are first written as base64.
 */
#include "check_body.h"
#include "fuzz.h"
#include "kernels/kernels.h"
#include "support/append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORDER = READING_BYTES, LENGTH, HEAD };

/* Bits of the byte ORDER, besides the order of the three members. */
enum { FROM_BYTES = 8, LENGTH_FITS = 16, ENCODING_SHIFT = 5 };

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

static void append_as_base64(struct sl_buffer *text, const uint8_t *bytes, size_t length) {
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < length; i += 3) {
    unsigned group = (unsigned)bytes[i] << 16;
    group |= i + 1 < length ? (unsigned)bytes[i + 1] << 8 : 0;
    group |= i + 2 < length ? bytes[i + 2] : 0;
    const char four[] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                         i + 1 < length ? alphabet[group >> 6 & 63] : '=',
                         i + 2 < length ? alphabet[group & 63] : '='};
    must(sl_buffer_append(text, four, sizeof four));
  }
}

static void append_members(struct sl_buffer *body, const uint8_t *data,
                           const struct sl_buffer *text, size_t length) {
  static const char *const encodings[] = {"bits", "f32", "f64", "bits", "u8", "u16", "u32", "u8"};
  static const unsigned char orders[8][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0},
                                             {2, 0, 1}, {2, 1, 0}, {0, 2, 2}, {2, 2, 2}};
  const char *encoding = encodings[data[ORDER] >> ENCODING_SHIFT];
  for (size_t i = 0; i < 3; i++) {
    unsigned member = orders[data[ORDER] & 7][i];
    must(i == 0 || sl_buffer_append_text(body, ","));
    if (member == 0) {
      must(sl_buffer_append_format(body, "\"shape\":[1,1,%zu]", length));
    } else if (member == 1) {
      must(sl_buffer_append_format(body, "\"encoding\":\"%s\"", encoding));
    } else {
      must(sl_buffer_append_text(body, "\"data\":\"") &&
           sl_buffer_append(body, text->bytes, text->length) && sl_buffer_append_text(body, "\""));
    }
  }
}

/* The number of values that so much text has. */
static size_t fitting_length(const uint8_t *data, size_t bytes) {
  static const size_t bits[] = {1, 32, 64, 1, 8, 16, 32, 8};
  size_t width = bits[data[ORDER] >> ENCODING_SHIFT];
  size_t spare = width == 1 && bytes > 0 ? data[LENGTH] % 8 : 0;
  return bytes * 8 / width - spare;
}

static void check_tensor(const uint8_t *data, const struct sl_buffer *text, size_t bytes) {
  struct reading reading = reading_from(data);
  bool population = strcmp(reading.loss->name, "balanced_population_mse") == 0;
  size_t length = data[ORDER] & LENGTH_FITS ? fitting_length(data, bytes) : data[LENGTH];
  struct sl_buffer body = {0};
  must(sl_buffer_append_text(&body, population ? "{\"spk\":{" : "{\"spikes_list\":[{"));
  append_members(&body, data, text, length);
  must(population ? sl_buffer_append_format(&body,
                                            "},\"targets\":[0],\"num_classes\":1,"
                                            "\"neurons_per_class\":%zu,\"correct_rate\":1,"
                                            "\"incorrect_rate\":0}",
                                            length)
                  : sl_buffer_append_text(&body, "}],\"offsets\":[0.5],\"multipliers\":[2]}"));
  check_body(&reading, body.bytes, body.length);
  sl_buffer_free(&body);
}

/* The kernels alone: whole groups, at any offset in memory. */
static void check_kernels(const struct sl_buffer *text, size_t skipped) {
  size_t groups = text->length > skipped ? (text->length - skipped) / 4 : 0;
  uint8_t *bytes[2] = {malloc(3 * groups + 1), malloc(3 * groups + 1)};
  must(bytes[0] != NULL && bytes[1] != NULL);
  const char *from = groups > 0 ? text->bytes + skipped : "";
  size_t expected = sl_kernels_variant(0)->decode_base64(bytes[0], from, groups);
  for (size_t i = 1; sl_kernels_variant(i) != NULL; i++) {
    size_t taken = sl_kernels_variant(i)->decode_base64(bytes[1], from, groups);
    if (taken != expected || memcmp(bytes[0], bytes[1], 3 * taken) != 0) {
      fprintf(stderr, "%s: %zu groups, scalar kernels take %zu\n", sl_kernels_variant(i)->name,
              taken, expected);
      abort();
    }
  }
  free(bytes[0]);
  free(bytes[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < HEAD) {
    return 0;
  }
  size_t bytes = size - HEAD;
  struct sl_buffer text = {0};
  if (data[ORDER] & FROM_BYTES) {
    append_as_base64(&text, data + HEAD, bytes);
  } else {
    must(sl_buffer_append(&text, data + HEAD, bytes));
    bytes = bytes / 4 * 3;
  }
  check_kernels(&text, data[LENGTH] % 4);
  check_tensor(data, &text, bytes);
  sl_buffer_free(&text);
  return 0;
}
