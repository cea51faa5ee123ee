#include "body.h"

#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_BYTES = 4 * 1024 * 1024, CLASSES = 10, ONE_SPIKE_IN = 5 };

struct spelling {
  const char *name;
  const char *silence;
  const char *spike;
  const char *separator;
};

static const struct spelling spellings[] = {
    {"ints", "0", "1", ","},
    {"python_ints", "0", "1", ", "},
    {"python_floats", "0.0", "1.0", ", "},
    {"graded", NULL, NULL, ","}, /* six random decimals */
};

struct bench_body {
  struct bench_question question;
  const struct spelling *spelling;
  char *rows; /* `row_count` different rows, used again and again */
  size_t row_count;
  size_t row_length;
  size_t next_row;
  bool is_complete;
  char *head;
  char *tail;
  char *unit; /* what is being handed out: the head, a row with what is around it, the tail */
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
      .loss = arguments[0], .spelling = arguments[1], .gradient = arguments[3]};
  if (sscanf(arguments[2], "%zux%zux%zu", &question.samples, &question.steps, &question.neurons) !=
          3 ||
      question.samples * question.steps * question.neurons == 0) {
    errx(EXIT_FAILURE, "%s: not a shape like 128x100x1000", arguments[2]);
  }
  return question;
}

static char *write_value(char *text, const struct spelling *spelling, uint64_t *random) {
  if (spelling->spike == NULL) {
    return text + sprintf(text, "0.%06u", (unsigned)(next_random(random) % 1000000));
  }
  bool spikes = next_random(random) % ONE_SPIKE_IN == 0;
  return stpcpy(text, spikes ? spelling->spike : spelling->silence);
}

static size_t row_length(const struct spelling *spelling, size_t neurons) {
  size_t value = spelling->spike == NULL ? strlen("0.123456") : strlen(spelling->spike);
  return neurons * value + (neurons - 1) * strlen(spelling->separator) + strlen("[]");
}

static void make_rows(struct bench_body *body) {
  size_t neurons = body->question.neurons;
  uint64_t random = 20240229;
  body->row_length = row_length(body->spelling, neurons);
  body->row_count = POOL_BYTES / body->row_length | 1; /* odd: no sample is like the one before */
  body->rows = must(malloc(body->row_count * body->row_length + 1));

  char *text = body->rows;
  for (size_t row = 0; row < body->row_count; row++) {
    *text++ = '[';
    for (size_t neuron = 0; neuron < neurons; neuron++) {
      text = neuron > 0 ? stpcpy(text, body->spelling->separator) : text;
      text = write_value(text, body->spelling, &random);
    }
    *text++ = ']';
  }
}

static void make_population_ends(struct bench_body *body, FILE *head, FILE *tail) {
  const char *separator = body->spelling->separator;
  if (body->question.neurons % CLASSES != 0) {
    errx(EXIT_FAILURE, "%zu neurons are not %d equal populations", body->question.neurons, CLASSES);
  }
  fputs("{\"spk\":[", head);
  fputs("],\"targets\":[", tail);
  for (size_t sample = 0; sample < body->question.samples; sample++) {
    fprintf(tail, "%s%zu", sample > 0 ? separator : "", sample * 7 % CLASSES);
  }
  fprintf(tail, "],\"num_classes\":%d,\"neurons_per_class\":%zu", CLASSES,
          body->question.neurons / CLASSES);
  fputs(",\"correct_rate\":0.8,\"incorrect_rate\":0.1", tail);
}

static void make_ends(struct bench_body *body) {
  size_t length = 0;
  FILE *head = must(open_memstream(&body->head, &length));
  FILE *tail = must(open_memstream(&body->tail, &length));
  if (strcmp(body->question.loss, "balanced_population_mse") == 0) {
    make_population_ends(body, head, tail);
  } else {
    fputs("{\"spikes_list\":[[", head);
    fputs("]],\"offsets\":[0.1],\"multipliers\":[1]", tail);
  }
  fprintf(tail, ",\"gradient\":\"%s\"}", body->question.gradient);
  fclose(head);
  fclose(tail);
}

struct bench_body *bench_body_new(const struct bench_question *question) {
  struct bench_body *body = must(calloc(1, sizeof *body));
  body->question = *question;
  body->spelling = find_spelling(question->spelling);
  make_rows(body);
  make_ends(body);
  body->unit = must(malloc(strlen(body->head) + strlen(body->tail) + body->row_length + 16));
  body->unit_length = (size_t)sprintf(body->unit, "%s", body->head);
  return body;
}

void bench_body_free(struct bench_body *body) {
  free(body->rows);
  free(body->head);
  free(body->tail);
  free(body->unit);
  free(body);
}

uint64_t bench_body_length(const struct bench_body *body) {
  uint64_t rows = (uint64_t)body->question.samples * body->question.steps;
  return strlen(body->head) + strlen(body->tail) + rows * body->row_length +
         (rows - 1) * strlen(body->spelling->separator) + body->question.samples * strlen("[]");
}

const char *bench_body_row(const struct bench_body *body, size_t index, size_t *length) {
  *length = body->row_length;
  return body->rows + index % body->row_count * body->row_length;
}

const char *bench_body_separator(const struct bench_body *body) {
  return body->spelling->separator;
}

/* The next row, with the brackets of its sample and the separator around it; after it, the tail.
 */
static void make_unit(struct bench_body *body) {
  size_t steps = body->question.steps;
  size_t row = body->next_row++;
  char *end = body->unit;
  body->unit_done = 0;
  if (row == body->question.samples * steps) {
    body->unit_length = (size_t)(stpcpy(end, body->tail) - body->unit);
    body->is_complete = true;
    return;
  }
  size_t length = 0;
  const char *text = bench_body_row(body, row, &length);
  end = row > 0 ? stpcpy(end, body->spelling->separator) : end;
  end = row % steps == 0 ? stpcpy(end, "[") : end;
  end = mempcpy(end, text, length);
  end = row % steps == steps - 1 ? stpcpy(end, "]") : end;
  body->unit_length = (size_t)(end - body->unit);
}

size_t bench_body_read(struct bench_body *body, char *bytes, size_t space) {
  size_t done = 0;
  while (done < space) {
    if (body->unit_done == body->unit_length) {
      if (body->is_complete) {
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
