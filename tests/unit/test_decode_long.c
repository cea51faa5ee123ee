/*
 * Long nested bodies in which one row or one sample is too long, or one too short: most of such a
 * body is read in whole blocks, and still the error has the offset that the reference gives it.
 */
#include "core/codes.h"
#include "kernels/kernels.h"
#include "suite.h"
#include "support/append.h"
#include "support/compare.h"
#include "support/every.h"

#include <check.h>

#define POPULATION "balanced_population_mse"

enum { SAMPLES = 3, BODIES = 600 };

/* A tensor [SAMPLES, steps, neurons], but for one row or one sample that differs by `by`. */
struct uneven {
  size_t steps, neurons;
  size_t sample, step; /* where it differs */
  bool in_row;         /* a row is too long or short, else a sample */
  int by;              /* how much longer, 0 for a good tensor */
  bool last_nested;    /* instead of a value too many: an array too many */
};

static const struct {
  const char *digits[2];
  const char *comma;
} styles[] = {{{"0", "1"}, ","},
              {{"0", "1"}, ", "},
              {{"0.0", "1.0"}, ", "},
              {{"0.25", "0.8444218515250481"}, ","},
              {{"0.0", "-1.5e-05"}, ",\n "},
              {{"0.123456", "0.13436424411240122"}, ", "}};

static size_t length_here(const struct uneven *shape, bool here, size_t length) {
  return here ? (size_t)((long)length + shape->by) : length;
}

static void write_row(struct sl_buffer *body, struct sl_random *random, const struct uneven *shape,
                      size_t length, size_t style) {
  for (size_t value = 0; value < length; value++) {
    bool odd = shape->last_nested && value >= shape->neurons;
    const char *digits = styles[style].digits[sl_random_below(random, 2)];
    ck_assert(sl_buffer_append_format(body, "%s%s%s%s", value > 0 ? styles[style].comma : "[",
                                      odd ? "[" : "", digits, odd ? "]" : ""));
  }
  ck_assert(sl_buffer_append_text(body, "]"));
}

static void write_sample(struct sl_buffer *body, struct sl_random *random,
                         const struct uneven *shape, size_t sample, size_t style) {
  bool here = sample == shape->sample;
  size_t steps = length_here(shape, here && !shape->in_row, shape->steps);
  for (size_t step = 0; step < steps; step++) {
    bool uneven_row = here && shape->in_row && step == shape->step;
    ck_assert(sl_buffer_append_text(body, step > 0 ? styles[style].comma : "["));
    write_row(body, random, shape, length_here(shape, uneven_row, shape->neurons), style);
  }
  ck_assert(sl_buffer_append_text(body, "]"));
}

static struct sl_buffer write_body(struct sl_random *random, const struct uneven *shape) {
  struct sl_buffer body = {0};
  size_t style = sl_random_below(random, sizeof styles / sizeof styles[0]);
  ck_assert(sl_buffer_append_text(&body, "{\"spk\":"));
  for (size_t sample = 0; sample < SAMPLES; sample++) {
    ck_assert(sl_buffer_append_text(&body, sample > 0 ? styles[style].comma : "["));
    write_sample(&body, random, shape, sample, style);
  }
  ck_assert(sl_buffer_append_format(&body,
                                    "],\"targets\":[0,0,0],\"num_classes\":1,"
                                    "\"neurons_per_class\":%zu,\"correct_rate\":1,"
                                    "\"incorrect_rate\":0}",
                                    shape->neurons));
  return body;
}

static struct uneven random_shape(struct sl_random *random, int by) {
  static const size_t neurons[] = {2, 3, 10, 25, 31, 32, 33, 64, 100, 200};
  struct uneven shape = {
      .steps = 3 + sl_random_below(random, 30),
      .neurons = neurons[sl_random_below(random, sizeof neurons / sizeof neurons[0])],
      .sample = sl_random_below(random, SAMPLES),
      .in_row = sl_random_one_in(random, 2),
      .by = by,
      .last_nested = sl_random_one_in(random, 8),
  };
  shape.step = sl_random_below(random, shape.steps);
  return shape;
}

/* Compares with the reference, whole and in pieces; frees the body. */
static void check_body(struct sl_random *random, const char *loss, struct sl_buffer body,
                       enum sl_status expected) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_reference *reference =
      sl_reference_read(sl_loss_find(loss), &limits, body.bytes, body.length);
  ck_assert_ptr_nonnull(reference);
  ck_assert_int_eq(reference->error.code, expected);
  struct sl_case one = sl_case_new(reference, &limits, body.bytes, body.length);
  bool same = sl_compare_whole(&one) && sl_compare_random_splits(&one, random, 2);
  int shown = body.length < 2000 ? (int)body.length : 2000;
  ck_assert_msg(same, "%s; body %.*s", one.difference, shown, body.bytes);
  sl_reference_free(reference);
  sl_buffer_free(&body);
}

static void check_uneven(struct sl_random *random, int by) {
  struct uneven shape = random_shape(random, by);
  check_body(random, POPULATION, write_body(random, &shape), by == 0 ? SL_OK : SL_RAGGED);
}

/* The surplus may be longer than what is looked at together. */
static const int longer[] = {1, 2, 40, 70};

static void check_with_all_kernels(uint64_t seed, int direction) {
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    struct sl_random random = {seed};
    ck_assert(sl_kernels_choose(sl_kernels_variant(variant)->name));
    for (size_t i = 0; i < BODIES / 3 / sl_every(); i++) {
      int surplus = longer[sl_random_below(&random, sizeof longer / sizeof longer[0])];
      check_uneven(&random, direction > 0 ? surplus : direction);
    }
  }
}

START_TEST(even_bodies_are_good) {
  check_with_all_kernels(29, 0);
}
END_TEST

START_TEST(a_row_or_sample_too_long_is_refused_where_it_goes_on) {
  check_with_all_kernels(31, 1);
}
END_TEST

START_TEST(a_row_or_sample_one_too_short_is_refused_where_it_ends) {
  check_with_all_kernels(37, -1);
}
END_TEST

/* A layer [2, PLANES, rows, columns]; its second sample has `planes`. */
enum { PLANES = 3 };

static struct sl_buffer write_planes(struct sl_random *random, size_t planes) {
  const struct uneven even = {.neurons = 10 + sl_random_below(random, 60)};
  size_t rows = 3 + sl_random_below(random, 5);
  size_t style = sl_random_below(random, sizeof styles / sizeof styles[0]);
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_text(&body, "{\"spikes_list\":[["));
  for (size_t sample = 0; sample < 2; sample++) {
    ck_assert(sl_buffer_append_text(&body, sample > 0 ? ",[" : "["));
    for (size_t plane = 0; plane < (sample == 0 ? PLANES : planes); plane++) {
      for (size_t row = 0; row < rows; row++) {
        ck_assert(sl_buffer_append_text(&body, row > 0 ? "," : plane > 0 ? ",[" : "["));
        write_row(&body, random, &even, even.neurons, style);
      }
      ck_assert(sl_buffer_append_text(&body, "]"));
    }
    ck_assert(sl_buffer_append_text(&body, "]"));
  }
  ck_assert(sl_buffer_append_text(&body, "]],\"offsets\":[0.5],\"multipliers\":[1]}"));
  return body;
}

START_TEST(a_plane_too_many_or_too_few_is_refused_where_it_is) {
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    struct sl_random random = {41};
    ck_assert(sl_kernels_choose(sl_kernels_variant(variant)->name));
    for (size_t turn = 0; turn < 20; turn++) {
      for (size_t planes = PLANES - 1; planes <= PLANES + 2; planes++) {
        check_body(&random, "firing_rate_target_mse_loss", write_planes(&random, planes),
                   planes == PLANES ? SL_OK : SL_RAGGED);
      }
    }
  }
}
END_TEST

/* Two layers of one sample: [1, ROWS, columns], then rows with fewer columns, but for one at `odd`
 * that looks like those of the first layer. */
enum { ROWS = 24 };

static struct sl_buffer write_layers(struct sl_random *random, size_t odd) {
  size_t columns[] = {2 + sl_random_below(random, 60), 0};
  columns[1] = 1 + sl_random_below(random, columns[0] - 1);
  size_t style = sl_random_below(random, sizeof styles / sizeof styles[0]);
  struct sl_buffer body = {0};
  ck_assert(sl_buffer_append_text(&body, "{\"spikes_list\":["));
  for (size_t layer = 0; layer < 2; layer++) {
    ck_assert(sl_buffer_append_text(&body, layer > 0 ? ",[[" : "[["));
    for (size_t row = 0; row < ROWS; row++) {
      const struct uneven shape = {.neurons = columns[layer == 1 && row != odd]};
      ck_assert(sl_buffer_append_text(&body, row > 0 ? styles[style].comma : ""));
      write_row(&body, random, &shape, shape.neurons, style);
    }
    ck_assert(sl_buffer_append_text(&body, "]]"));
  }
  ck_assert(sl_buffer_append_text(&body, "],\"offsets\":[0.5,0.5],\"multipliers\":[1,1]}"));
  return body;
}

START_TEST(a_row_like_those_of_the_layer_before_is_refused_in_a_layer_of_shorter_rows) {
  for (size_t variant = 0; sl_kernels_variant(variant) != NULL; variant++) {
    struct sl_random random = {43};
    ck_assert(sl_kernels_choose(sl_kernels_variant(variant)->name));
    for (size_t odd = 1; odd <= ROWS; odd++) { /* the last: none */
      check_body(&random, "firing_rate_target_mse_loss", write_layers(&random, odd),
                 odd == ROWS ? SL_OK : SL_RAGGED);
    }
  }
}
END_TEST

/* One sample of a neuron that fires in every step, and of one that does not, time last. */
START_TEST(a_neuron_that_fires_in_every_step_is_counted_whatever_their_number) {
  struct sl_random random = {47};
  for (size_t steps = 250; steps < 260; steps++) {
    struct sl_buffer body = {0};
    ck_assert(sl_buffer_append_text(&body, "{\"axes\":\"batch_neurons_time\",\"spk\":[[[1"));
    for (size_t step = 1; step < 2 * steps; step++) {
      const char *next = step < steps ? ",1" : step > steps ? ",0" : "],[0";
      ck_assert(sl_buffer_append_text(&body, next));
    }
    ck_assert(sl_buffer_append_text(&body,
                                    "]]],\"targets\":[0],\"num_classes\":1,\"neurons_per_class\":2,"
                                    "\"correct_rate\":1,\"incorrect_rate\":0}"));
    check_body(&random, POPULATION, body, SL_OK);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("decode_long");
  TCase *tests = tcase_create("decode_long");
  tcase_set_timeout(tests, 300);
  tcase_add_test(tests, even_bodies_are_good);
  tcase_add_test(tests, a_row_or_sample_too_long_is_refused_where_it_goes_on);
  tcase_add_test(tests, a_row_or_sample_one_too_short_is_refused_where_it_ends);
  tcase_add_test(tests, a_plane_too_many_or_too_few_is_refused_where_it_is);
  tcase_add_test(tests, a_row_like_those_of_the_layer_before_is_refused_in_a_layer_of_shorter_rows);
  tcase_add_test(tests, a_neuron_that_fires_in_every_step_is_counted_whatever_their_number);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
