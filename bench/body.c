/*
 * A body is a sequence of short texts, its units:
 *
 *     head │ opening │ data │ data │ … │ closing │ opening │ … │ tail
 *            └──────────── one layer ────────────┘
 *
 * Data units of nested arrays are rows, those of base64 a few thousand bytes, those of coordinates
 * one spike.
 */
#include "body.h"

#include "json/number_format.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  POOL_BYTES = 4 * 1024 * 1024,
  PACKED_BYTES = 3 * 1024, /* of a unit, before base64 */
  ONE_SPIKE_IN = 5,
  CLASSES = 10
};

enum form { NESTED, PACKED, COORDINATES };

struct spelling {
  const char *name;
  enum form form;
  const char *separator;
  const char *silence, *spike; /* of nested arrays; NULL where values are graded */
  size_t decimals;             /* of graded values; 0: as many as they need, 16 to 18 */
  const char *encoding;        /* in an object with a shape */
  size_t bits_a_value;         /* before base64 */
  uint64_t one_in;             /* coordinates: values for each spike */
};

static const struct spelling spellings[] = {
    {"ints", NESTED, ",", "0", "1", .bits_a_value = 0},
    {"python_ints", NESTED, ", ", "0", "1", .bits_a_value = 0},
    {"python_floats", NESTED, ", ", "0.0", "1.0", .bits_a_value = 0},
    {"graded", NESTED, ",", .decimals = 6},
    {"digits17", NESTED, ", ", .decimals = 0},
    {"bits", PACKED, ",", .encoding = "bits", .bits_a_value = 1},
    {"u8", PACKED, ",", .encoding = "u8", .bits_a_value = 8},
    {"f32", PACKED, ",", "0", "1", .encoding = "f32", .bits_a_value = 32},
    {"f32_graded", PACKED, ",", .encoding = "f32", .bits_a_value = 32},
    {"coo1", COORDINATES, ",", .encoding = "coo", .one_in = 100},
    {"coo10", COORDINATES, ",", .encoding = "coo", .one_in = 10},
};

enum unit { HEAD, OPENING, DATA, CLOSING, TAIL, END };

struct bench_body {
  struct bench_question question;
  const struct spelling *spelling;
  uint64_t random;
  char *rows; /* `row_count` different rows, used again and again */
  size_t *row_ends;
  size_t row_count;
  char *head;
  char *tail;
  enum unit next;
  size_t layer;   /* whose units are made */
  uint64_t done;  /* of its rows, bytes before base64, or spikes */
  uint64_t total; /* of these, in each layer */
  char *unit;     /* what is handed out now */
  size_t unit_length;
  size_t unit_done;
};

/* xorshift64*: small, and good enough for spikes. */
static uint64_t next_random(uint64_t *state) {
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return *state * UINT64_C(2685821657736338717) >> 32;
}

static bool next_spike(uint64_t *random) {
  return next_random(random) % ONE_SPIKE_IN == 0;
}

static void *must(void *memory) {
  if (memory == NULL) {
    err(EXIT_FAILURE, "body");
  }
  return memory;
}

static const struct spelling *find_spelling(const char *name) {
  for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
    if (strcmp(spellings[i].name, name) == 0) {
      return &spellings[i];
    }
  }
  errx(EXIT_FAILURE, "%s: no such spelling", name);
}

struct bench_question bench_question_read(char *const *arguments) {
  struct bench_question question = {
      .loss = arguments[0], .spelling = arguments[1], .gradient = arguments[3], .layers = 1};
  const char *shape = arguments[2];
  const char *star = strchr(shape, '*');
  if (star != NULL) {
    question.layers = strtoull(shape, NULL, 10);
    shape = star + 1;
  }
  if (sscanf(shape, "%zux%zux%zu", &question.samples, &question.steps, &question.neurons) != 3 ||
      question.layers * question.samples * question.steps * question.neurons == 0) {
    errx(EXIT_FAILURE, "%s: not a shape like 128x100x1000 or 50*8x10x10", arguments[2]);
  }
  return question;
}

size_t bench_question_classes(const struct bench_question *question) {
  size_t classes = CLASSES;
  while (question->neurons % classes != 0) {
    classes--;
  }
  return classes;
}

static size_t value_count(const struct bench_body *body) {
  return body->question.samples * body->question.steps * body->question.neurons;
}

/* Rows of nested arrays. */

static char *write_value(char *text, const struct spelling *spelling, uint64_t *random) {
  if (spelling->silence != NULL) {
    return stpcpy(text, next_spike(random) ? spelling->spike : spelling->silence);
  }
  if (spelling->decimals == 6) {
    return text + sprintf(text, "0.%06u", (unsigned)(next_random(random) % 1000000));
  }
  uint64_t high = next_random(random) << 21;
  return text + sl_number_format(text, 0x1p-53 * (double)(high | next_random(random) >> 11));
}

static char *write_row(char *text, const struct bench_body *body, uint64_t *random) {
  *text++ = '[';
  for (size_t neuron = 0; neuron < body->question.neurons; neuron++) {
    text = neuron > 0 ? stpcpy(text, body->spelling->separator) : text;
    text = write_value(text, body->spelling, random);
  }
  *text++ = ']';
  return text;
}

static void make_rows(struct bench_body *body) {
  size_t max_row = body->question.neurons * (SL_NUMBER_TEXT_MAX + 2) + 2;
  size_t max_count = POOL_BYTES / (2 * body->question.neurons) | 1;
  body->rows = must(malloc(POOL_BYTES + max_row));
  body->row_ends = must(calloc(max_count, sizeof body->row_ends[0]));
  body->total = (uint64_t)body->question.samples * body->question.steps;
  char *end = body->rows;
  while (end < body->rows + POOL_BYTES && body->row_count < max_count &&
         body->row_count < body->total) {
    end = write_row(end, body, &body->random);
    body->row_ends[body->row_count++] = (size_t)(end - body->rows);
  }
}

const char *bench_body_row(const struct bench_body *body, size_t index, size_t *length) {
  size_t row = index % body->row_count;
  size_t begin = row > 0 ? body->row_ends[row - 1] : 0;
  *length = body->row_ends[row] - begin;
  return body->rows + begin;
}

const char *bench_body_separator(const struct bench_body *body) {
  return body->spelling->separator;
}

static char *write_data_row(char *text, struct bench_body *body) {
  size_t steps = body->question.steps;
  size_t row = body->done++;
  size_t length = 0;
  const char *values = bench_body_row(body, row, &length);
  text = row > 0 ? stpcpy(text, body->spelling->separator) : text;
  text = row % steps == 0 ? stpcpy(text, "[") : text;
  text = mempcpy(text, values, length);
  return row % steps == steps - 1 ? stpcpy(text, "]") : text;
}

/* Base64. */

static void fill_bits(uint8_t *bytes, size_t length, size_t value_bits, uint64_t *random) {
  for (size_t bit = 0; bit < 8 * length && bit < value_bits; bit++) {
    bytes[bit / 8] |= (uint8_t)(next_spike(random) << (7 - bit % 8));
  }
}

static void fill_floats(uint8_t *bytes, size_t length, bool graded, uint64_t *random) {
  for (size_t at = 0; at < length; at += sizeof(float)) {
    float value = graded ? 0x1p-24f * (float)(next_random(random) >> 8) : (float)next_spike(random);
    memcpy(bytes + at, &value, sizeof value);
  }
}

static char *write_base64(char *text, const uint8_t *bytes, size_t length) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < length; at += 3) {
    uint32_t three = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
    for (int shift = 18; shift >= 0; shift -= 6) {
      *text++ = letters[three >> shift & 63];
    }
  }
  size_t padding = (3 - length % 3) % 3;
  memset(text - padding, '=', padding);
  return text;
}

static char *write_data_bytes(char *text, struct bench_body *body) {
  uint8_t bytes[PACKED_BYTES + 2] = {0};
  size_t length = body->total - body->done < PACKED_BYTES ? body->total - body->done : PACKED_BYTES;
  switch (body->spelling->bits_a_value) {
  case 1:
    fill_bits(bytes, length, value_count(body) - 8 * body->done, &body->random);
    break;
  case 8:
    for (size_t i = 0; i < length; i++) {
      bytes[i] = next_spike(&body->random);
    }
    break;
  default:
    fill_floats(bytes, length, body->spelling->silence == NULL, &body->random);
  }
  body->done += length;
  return write_base64(text, bytes, length);
}

/* Coordinates: one spike in each part of `one_in` values, so that their number is known. */

static char *write_data_spike(char *text, struct bench_body *body) {
  uint64_t one_in = body->spelling->one_in;
  uint64_t value = body->done * one_in + next_random(&body->random) % one_in;
  uint64_t row = value / body->question.neurons;
  text = body->done++ > 0 ? stpcpy(text, body->spelling->separator) : text;
  return text + sprintf(text, "[%zu,%zu,%zu]", (size_t)(row / body->question.steps),
                        (size_t)(row % body->question.steps),
                        (size_t)(value % body->question.neurons));
}

/* What is around the data. */

static char *write_opening(char *text, const struct bench_body *body) {
  const struct bench_question *question = &body->question;
  text = body->layer > 0 ? stpcpy(text, body->spelling->separator) : text;
  if (body->spelling->form == NESTED) {
    return stpcpy(text, "[");
  }
  return text + sprintf(text, "{\"shape\":[%zu,%zu,%zu],\"encoding\":\"%s\",\"data\":%c",
                        question->samples, question->steps, question->neurons,
                        body->spelling->encoding, body->spelling->form == PACKED ? '"' : '[');
}

static char *write_closing(char *text, const struct bench_body *body) {
  static const char *const closings[] = {[NESTED] = "]", [PACKED] = "\"}", [COORDINATES] = "]}"};
  return stpcpy(text, closings[body->spelling->form]);
}

static void write_list(FILE *file, const char *name, const char *value, const char *separator,
                       size_t length) {
  fprintf(file, ",\"%s\":[", name);
  for (size_t i = 0; i < length; i++) {
    fprintf(file, "%s%s", i > 0 ? separator : "", value);
  }
  fputs("]", file);
}

static void write_population_tail(FILE *tail, const struct bench_body *body) {
  size_t classes = bench_question_classes(&body->question);
  fputs(",\"targets\":[", tail);
  for (size_t sample = 0; sample < body->question.samples; sample++) {
    fprintf(tail, "%s%zu", sample > 0 ? body->spelling->separator : "", sample * 7 % classes);
  }
  fprintf(tail, "],\"num_classes\":%zu,\"neurons_per_class\":%zu", classes,
          body->question.neurons / classes);
  fputs(",\"correct_rate\":0.8,\"incorrect_rate\":0.1", tail);
}

static void make_ends(struct bench_body *body) {
  bool as_f32 = strcmp(body->question.gradient, "f32") == 0;
  size_t length = 0;
  FILE *tail = must(open_memstream(&body->tail, &length));
  if (strcmp(body->question.loss, "balanced_population_mse") == 0) {
    body->head = must(strdup("{\"spk\":"));
    write_population_tail(tail, body);
  } else {
    body->head = must(strdup("{\"spikes_list\":["));
    fputs("]", tail);
    write_list(tail, "offsets", "0.1", body->spelling->separator, body->question.layers);
    write_list(tail, "multipliers", "1", body->spelling->separator, body->question.layers);
  }
  fprintf(tail, ",\"gradient\":\"%s\"%s}", as_f32 ? "broadcast" : body->question.gradient,
          as_f32 ? ",\"gradient_encoding\":\"f32\"" : "");
  fclose(tail);
}

struct bench_body *bench_body_new(const struct bench_question *question) {
  struct bench_body *body = must(calloc(1, sizeof *body));
  body->question = *question;
  body->spelling = find_spelling(question->spelling);
  body->random = 20240229;
  size_t unit_space = 2 * PACKED_BYTES;
  switch (body->spelling->form) {
  case NESTED:
    make_rows(body);
    unit_space += question->neurons * (SL_NUMBER_TEXT_MAX + 2);
    break;
  case PACKED:
    body->total = (value_count(body) * body->spelling->bits_a_value + 7) / 8;
    break;
  case COORDINATES:
    body->total = value_count(body) / body->spelling->one_in;
  }
  make_ends(body);
  body->unit = must(malloc(unit_space + strlen(body->tail) + 1));
  return body;
}

void bench_body_free(struct bench_body *body) {
  free(body->rows);
  free(body->row_ends);
  free(body->head);
  free(body->tail);
  free(body->unit);
  free(body);
}

static char *write_data(char *text, struct bench_body *body) {
  switch (body->spelling->form) {
  case NESTED:
    return write_data_row(text, body);
  case PACKED:
    return write_data_bytes(text, body);
  default:
    return write_data_spike(text, body);
  }
}

static void make_unit(struct bench_body *body) {
  char *end = body->unit;
  switch (body->next) {
  case HEAD:
    end = stpcpy(end, body->head);
    body->next = OPENING;
    break;
  case OPENING:
    end = write_opening(end, body);
    body->done = 0;
    body->next = body->total > 0 ? DATA : CLOSING;
    break;
  case DATA:
    end = write_data(end, body);
    body->next = body->done < body->total ? DATA : CLOSING;
    break;
  case CLOSING:
    end = write_closing(end, body);
    body->next = ++body->layer < body->question.layers ? OPENING : TAIL;
    break;
  default:
    end = stpcpy(end, body->tail);
    body->next = END;
  }
  body->unit_length = (size_t)(end - body->unit);
  body->unit_done = 0;
}

size_t bench_body_read(struct bench_body *body, char *bytes, size_t space) {
  size_t done = 0;
  while (done < space) {
    if (body->unit_done == body->unit_length) {
      if (body->next == END) {
        break;
      }
      make_unit(body);
    }
    size_t left = body->unit_length - body->unit_done;
    size_t length = left < space - done ? left : space - done;
    memcpy(bytes + done, body->unit + body->unit_done, length);
    body->unit_done += length;
    done += length;
  }
  return done;
}

uint64_t bench_body_length(const struct bench_body *body) {
  static char bytes[64 * 1024];
  struct bench_body *again = bench_body_new(&body->question);
  uint64_t total = 0;
  for (size_t length; (length = bench_body_read(again, bytes, sizeof bytes)) > 0;) {
    total += length;
  }
  bench_body_free(again);
  return total;
}

struct bench_text bench_body_whole(const struct bench_question *question) {
  struct bench_body *body = bench_body_new(question);
  struct bench_text text = {NULL, 0};
  size_t space = 1024 * 1024;
  size_t length = 0;
  do {
    space *= 2;
    text.bytes = must(realloc(text.bytes, space));
    length = bench_body_read(body, text.bytes + text.length, space - text.length);
    text.length += length;
  } while (text.length == space);
  bench_body_free(body);
  return text;
}
