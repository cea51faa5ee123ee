#include "exercise.h"

#include "../support/small_random.h"
#include "client.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void write_text(struct exercise *exercise, const char *format, ...) {
  size_t length = strlen(exercise->body);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(exercise->body + length, sizeof exercise->body - length, format, arguments);
  va_end(arguments);
}

static double spike(const struct exercise *exercise, size_t sample, size_t step, size_t neuron) {
  return exercise->spikes[(sample * exercise->steps + step) * exercise->neurons + neuron];
}

static size_t count_values(const struct exercise *exercise) {
  return exercise->batch * exercise->steps * exercise->neurons;
}

static void write_nested(struct exercise *exercise) {
  for (size_t sample = 0; sample < exercise->batch; sample++) {
    write_text(exercise, sample > 0 ? ", [" : "[[");
    for (size_t step = 0; step < exercise->steps; step++) {
      write_text(exercise, step > 0 ? ", [" : "[");
      for (size_t neuron = 0; neuron < exercise->neurons; neuron++) {
        write_text(exercise, neuron > 0 ? ", %g" : "%g", spike(exercise, sample, step, neuron));
      }
      write_text(exercise, "]");
    }
    write_text(exercise, "]");
  }
  write_text(exercise, "]");
}

static void write_flat(struct exercise *exercise) {
  write_text(exercise, "{\"shape\": [%zu, %zu, %zu], \"data\": ", exercise->batch, exercise->steps,
             exercise->neurons);
  for (size_t i = 0; i < count_values(exercise); i++) {
    write_text(exercise, i > 0 ? ",%g" : "[%g", exercise->spikes[i]);
  }
  write_text(exercise, "]}");
}

static void write_spikes(struct exercise *exercise) {
  if (exercise->nested) {
    write_nested(exercise);
  } else {
    write_flat(exercise);
  }
}

static void write_body(struct exercise *exercise) {
  exercise->body[0] = '\0';
  write_text(exercise, "{\"gradient\": \"%s\", ", exercise->dense ? "dense" : "broadcast");
  if (exercise->population) {
    write_text(exercise, "\"spk\": ");
    write_spikes(exercise);
    for (size_t sample = 0; sample < exercise->batch; sample++) {
      write_text(exercise, sample > 0 ? ", %zu" : ", \"targets\": [%zu", exercise->targets[sample]);
    }
    write_text(exercise,
               "], \"num_classes\": %zu, \"neurons_per_class\": %zu, \"correct_rate\": %.17g, "
               "\"incorrect_rate\": %.17g}",
               exercise->classes, exercise->neurons_per_class, exercise->correct_rate,
               exercise->incorrect_rate);
  } else {
    write_text(exercise, "\"spikes_list\": [");
    write_spikes(exercise);
    write_text(exercise, "], \"offsets\": [%.17g], \"multipliers\": [%.17g]}", exercise->offset,
               exercise->multiplier);
  }
}

void exercise_make(struct exercise *exercise, uint64_t seed) {
  struct sl_random random = {seed * 2654435761u + 1};
  for (int i = 0; i < 8; i++) {
    sl_random_next(&random); /* so that seeds which are close do not begin alike */
  }
  *exercise = (struct exercise){
      .population = sl_random_one_in(&random, 2),
      .dense = sl_random_one_in(&random, 2),
      .nested = sl_random_one_in(&random, 2),
      .batch = 1 + sl_random_below(&random, 4),
      .steps = 1 + sl_random_below(&random, 10),
      .classes = 1 + sl_random_below(&random, 4),
      .neurons_per_class = 1 + sl_random_below(&random, 3),
      .offset = (double)sl_random_below(&random, 1000) / 999,
      .multiplier = (double)sl_random_below(&random, 1000) / 77,
      .correct_rate = (double)sl_random_below(&random, 1000) / 999,
      .incorrect_rate = (double)sl_random_below(&random, 1000) / 3333,
  };
  exercise->neurons = exercise->classes * exercise->neurons_per_class;
  bool graded = sl_random_one_in(&random, 4);
  for (size_t i = 0; i < count_values(exercise); i++) {
    double one = graded ? (double)sl_random_below(&random, 9) / 4 - 1 : 1;
    exercise->spikes[i] = sl_random_one_in(&random, 3) ? one : 0;
  }
  for (size_t sample = 0; sample < exercise->batch; sample++) {
    exercise->targets[sample] = sl_random_below(&random, exercise->classes);
  }
  write_body(exercise);
}

const char *exercise_path(const struct exercise *exercise) {
  return exercise->population ? POPULATION : FIRING_RATE;
}

/* Sums in another order may differ in their last digits, and in no others. */
static bool is_close(const cJSON *number, double expected) {
  return cJSON_IsNumber(number) &&
         fabs(number->valuedouble - expected) <= 1e-12 * (1 + fabs(expected));
}

/* What every value of a gradient must be. */
typedef double gradient_of(const struct exercise *exercise, size_t sample, size_t neuron);

static bool is_nested_gradient(const struct exercise *exercise, const cJSON *gradient,
                               gradient_of *expected) {
  size_t count = 0;
  const cJSON *samples = gradient;
  for (const cJSON *steps = samples->child; steps != NULL; steps = steps->next) {
    for (const cJSON *row = steps->child; row != NULL; row = row->next) {
      for (const cJSON *value = row->child; value != NULL; value = value->next, count++) {
        size_t neuron = count % exercise->neurons;
        size_t sample = count / exercise->neurons / exercise->steps;
        if (!is_close(value, expected(exercise, sample, neuron))) {
          return false;
        }
      }
    }
  }
  return count == count_values(exercise) &&
         (size_t)cJSON_GetArraySize(samples) == exercise->batch &&
         (size_t)cJSON_GetArraySize(samples->child) == exercise->steps;
}

static bool is_flat_gradient(const struct exercise *exercise, const cJSON *gradient,
                             const size_t shape[3], gradient_of *expected) {
  const cJSON *value = json_find(gradient, "/data/0");
  for (size_t sample = 0; sample < shape[0]; sample++) {
    for (size_t step = 0; step < shape[1]; step++) {
      for (size_t neuron = 0; neuron < shape[2]; neuron++) {
        if (value == NULL || !is_close(value, expected(exercise, sample, neuron))) {
          return false;
        }
        value = value->next;
      }
    }
  }
  return value == NULL && is_close(json_find(gradient, "/shape/0"), (double)shape[0]) &&
         is_close(json_find(gradient, "/shape/1"), (double)shape[1]) &&
         is_close(json_find(gradient, "/shape/2"), (double)shape[2]);
}

static bool is_gradient(const struct exercise *exercise, const cJSON *gradient,
                        gradient_of *expected) {
  if (gradient == NULL) {
    return false;
  }
  if (exercise->dense && exercise->nested) {
    return is_nested_gradient(exercise, gradient, expected);
  }
  bool row = exercise->population;
  const size_t dense[3] = {exercise->batch, exercise->steps, exercise->neurons};
  const size_t small[3] = {row ? exercise->batch : 1, 1, row ? exercise->neurons : 1};
  return is_flat_gradient(exercise, gradient, exercise->dense ? dense : small, expected);
}

static double rate(const struct exercise *exercise) {
  double sum = 0;
  for (size_t i = 0; i < count_values(exercise); i++) {
    sum += exercise->spikes[i];
  }
  return sum / (double)count_values(exercise);
}

static double firing_rate_gradient(const struct exercise *exercise, size_t sample, size_t neuron) {
  (void)sample;
  (void)neuron;
  double distance = rate(exercise) - exercise->offset;
  return 2 * exercise->multiplier * exercise->multiplier * distance /
         (double)count_values(exercise);
}

static const char *check_firing_rate(const struct exercise *exercise, const cJSON *answer) {
  double distance = rate(exercise) - exercise->offset;
  double weight = exercise->multiplier;
  if (!is_close(json_find(answer, "/loss"), distance * weight * distance * weight)) {
    return "the loss is wrong";
  }
  if (!is_close(json_find(answer, "/gradients/offsets/0"), -2 * weight * weight * distance) ||
      !is_close(json_find(answer, "/gradients/multipliers/0"), 2 * weight * distance * distance)) {
    return "the gradients of offsets or multipliers are wrong";
  }
  return is_gradient(exercise, json_find(answer, "/gradients/spikes_list/0"), firing_rate_gradient)
             ? NULL
             : "the gradient of the spikes is wrong";
}

static bool is_correct(const struct exercise *exercise, size_t sample, size_t neuron) {
  return neuron / exercise->neurons_per_class == exercise->targets[sample];
}

/* Spikes of one neuron in one sample, minus as many as there should be. */
static double excess(const struct exercise *exercise, size_t sample, size_t neuron) {
  double count = 0;
  for (size_t step = 0; step < exercise->steps; step++) {
    count += spike(exercise, sample, step, neuron);
  }
  bool correct = is_correct(exercise, sample, neuron);
  return count -
         (double)exercise->steps * (correct ? exercise->correct_rate : exercise->incorrect_rate);
}

static double population_gradient(const struct exercise *exercise, size_t sample, size_t neuron) {
  return 2 * excess(exercise, sample, neuron) / (double)(exercise->batch * exercise->neurons);
}

static const char *check_population(const struct exercise *exercise, const cJSON *answer) {
  double pairs = (double)(exercise->batch * exercise->neurons);
  double squares = 0;
  double excesses[2] = {0, 0};
  for (size_t sample = 0; sample < exercise->batch; sample++) {
    for (size_t neuron = 0; neuron < exercise->neurons; neuron++) {
      double here = excess(exercise, sample, neuron);
      squares += here * here;
      excesses[is_correct(exercise, sample, neuron)] += here;
    }
  }
  double factor = -2 * (double)exercise->steps / pairs;
  if (!is_close(json_find(answer, "/loss"), squares / pairs)) {
    return "the loss is wrong";
  }
  if (!is_close(json_find(answer, "/gradients/correct_rate"), factor * excesses[1]) ||
      !is_close(json_find(answer, "/gradients/incorrect_rate"), factor * excesses[0])) {
    return "the gradients of the rates are wrong";
  }
  return is_gradient(exercise, json_find(answer, "/gradients/spk"), population_gradient)
             ? NULL
             : "the gradient of the spikes is wrong";
}

const char *exercise_check(const struct exercise *exercise, const char *answer) {
  cJSON *document = cJSON_Parse(answer);
  if (document == NULL) {
    return "the answer is not JSON";
  }
  const char *trouble = exercise->population ? check_population(exercise, document)
                                             : check_firing_rate(exercise, document);
  cJSON_Delete(document);
  return trouble;
}
