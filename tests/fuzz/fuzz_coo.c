/*
 * Coordinates: how they are read, the order of the members, three dimensions, then steps. A step is
 * one byte. Most go on to a later index of the tensor in row-major order, so that good lists grow
 * long; the others put something into the list that may not belong there.
 */
#include "check_body.h"
#include "fuzz.h"
#include "support/append.h"

#include <stdlib.h>
#include <string.h>

enum { ORDER = READING_BYTES, SAMPLES, STEPS, NEURONS, HEAD };

/* Small enough that a tensor can be laid out at once. */
static unsigned dimension(uint8_t byte) {
  return byte % 40 + 1U;
}

/* From here on a byte is no step forward but an oddity. */
enum { FIRST_ODDITY = 224 };

static void must(bool ok) {
  if (!ok) {
    abort();
  }
}

/* After the last good entry, whose comma is written by what comes next. */
static void append_oddity(struct sl_buffer *data, unsigned which) {
  static const char *const oddities[256 - FIRST_ODDITY] = {
      "[0,0,0]",       "[0,0]",    "[0,0,0,0]", "[]",        "0",          "[0,0,-1]",
      "[0,0,0.5]",     "[0,0,1e0", "[0,0,1e9]", "null",      "[null,0,0]", "[[0],0,0]",
      "[0,0,\"0\"]",   "{}",       " ",         "\n\t ",     "]",          "[",
      "[0 ,\t0 , 0 ]", "[0,0,00]", "[0,0,1.]",  "[0,0,-0]",  "[0,0,NaN]",  "[0,0,1e999]",
      "[9,9,9]",       "true",     "\"\"",      "[255,0,0]", "[0,255,0]",  "[0,0,255]",
      "[0.0,1.0,1E0]", ",",
  };
  must(sl_buffer_append_text(data, oddities[which]));
}

static void append_entries(struct sl_buffer *body, const uint8_t *data, size_t size) {
  size_t steps = dimension(data[STEPS]);
  size_t neurons = dimension(data[NEURONS]);
  size_t index = 0;
  must(sl_buffer_append_text(body, "["));
  for (size_t i = HEAD; i < size; i++) {
    must(i == HEAD || sl_buffer_append_text(body, ","));
    if (data[i] >= FIRST_ODDITY) {
      append_oddity(body, data[i] - FIRST_ODDITY);
      continue;
    }
    index += i == HEAD ? data[i] : data[i] + 1U;
    must(sl_buffer_append_format(body, "[%zu,%zu,%zu]", index / neurons / steps,
                                 index / neurons % steps, index % neurons));
  }
  must(sl_buffer_append_text(body, "]"));
}

static void append_tensor(struct sl_buffer *body, const uint8_t *data, size_t size) {
  static const unsigned char orders[8][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0},
                                             {2, 0, 1}, {2, 1, 0}, {0, 2, 2}, {1, 2, 2}};
  for (size_t i = 0; i < 3; i++) {
    unsigned member = orders[data[ORDER] & 7][i];
    must(sl_buffer_append_text(body, i == 0 ? "{" : ","));
    if (member == 0) {
      must(sl_buffer_append_format(body, "\"shape\":[%u,%u,%u]", dimension(data[SAMPLES]),
                                   dimension(data[STEPS]), dimension(data[NEURONS])));
    } else if (member == 1) {
      must(sl_buffer_append_text(body, "\"encoding\":\"coo\""));
    } else {
      must(sl_buffer_append_text(body, "\"data\":"));
      append_entries(body, data, size);
    }
  }
  must(sl_buffer_append_text(body, "}"));
}

static void append_targets(struct sl_buffer *body, size_t samples) {
  for (size_t i = 0; i < samples; i++) {
    must(sl_buffer_append_text(body, i == 0 ? "0" : ",0"));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < HEAD) {
    return 0;
  }
  struct reading reading = reading_from(data);
  bool population = strcmp(reading.loss->name, "balanced_population_mse") == 0;
  struct sl_buffer body = {0};
  must(sl_buffer_append_text(&body, population ? "{\"spk\":" : "{\"spikes_list\":["));
  append_tensor(&body, data, size);
  if (population) {
    must(sl_buffer_append_text(&body, ",\"targets\":["));
    append_targets(&body, dimension(data[SAMPLES]));
    must(sl_buffer_append_format(&body,
                                 "],\"num_classes\":1,\"neurons_per_class\":%u,"
                                 "\"correct_rate\":1,\"incorrect_rate\":0}",
                                 dimension(data[NEURONS])));
  } else {
    must(sl_buffer_append_text(&body, "],\"offsets\":[0.5],\"multipliers\":[2]}"));
  }
  check_body(&reading, body.bytes, body.length);
  sl_buffer_free(&body);
  return 0;
}
