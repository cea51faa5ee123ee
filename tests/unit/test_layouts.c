/*
 * One network, told in every way: in any order of its axes, or as sums; in every spelling, on every
 * instruction set, however the body is cut. Loss, diagnostics and gradients are the same bits.
 */
#include "suite.h"
#include "support/feed.h"
#include "support/request_writer.h"

#include <check.h>
#include <spikeloss/spikeloss.h>
#include <stdlib.h>
#include <string.h>

static const char *const instruction_sets[] = {"scalar", "avx2", "avx512", "neon"};
enum { INSTRUCTION_SETS = 4, LAYOUTS = 3 };

/* What a loss says of a body. */
struct verdict {
  struct sl_decoder *decoder;
  struct sl_result result;
};

/* Reads a body that is cut at random, into single bytes if `bytewise`. */
static struct verdict judge(const char *loss, const struct sl_buffer *body,
                            struct sl_random *random, bool bytewise) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  struct sl_error error = SL_NO_ERROR;
  struct verdict verdict = {.decoder = sl_decoder_new(sl_loss_find(loss), &limits, NULL)};
  for (size_t at = 0; at < body->length;) {
    size_t left = body->length - at;
    size_t piece = bytewise ? 1 : 1 + sl_random_below(random, left);
    sl_feed(verdict.decoder, body->bytes + at, piece);
    at += piece;
  }
  ck_assert_msg(sl_decoder_finish(verdict.decoder) == SL_OK, "%s: %.400s",
                sl_decoder_error(verdict.decoder)->message, body->bytes);
  const struct sl_decoded *decoded = sl_decoder_decoded(verdict.decoder);
  ck_assert_int_eq(sl_loss_evaluate(decoded->loss, decoded->values, &verdict.result, &error),
                   SL_OK);
  return verdict;
}

static void verdict_free(struct verdict *verdict) {
  sl_result_free(&verdict->result);
  sl_decoder_free(verdict->decoder);
}

/* The axes of [batch, time, neurons] in a layout. */
static void move_axes(enum sl_layout layout, const size_t *plain, size_t *moved) {
  static const size_t order[LAYOUTS][3] = {{0, 1, 2}, {1, 0, 2}, {0, 2, 1}};
  for (size_t axis = 0; axis < 3; axis++) {
    moved[axis] = plain[order[layout][axis]];
  }
}

static void assert_same(const struct verdict *one, const struct verdict *other,
                        enum sl_layout layout) {
  const struct sl_result *a = &one->result, *b = &other->result;
  ck_assert(memcmp(&a->loss, &b->loss, sizeof a->loss) == 0);
  ck_assert_uint_eq(a->gradient_count, b->gradient_count);
  ck_assert_uint_eq(a->diagnostic_count, b->diagnostic_count);
  for (size_t i = 0; i < a->gradient_count; i++) {
    const struct sl_gradient *x = &a->gradients[i], *y = &b->gradients[i];
    ck_assert_uint_eq(x->count, y->count);
    ck_assert(memcmp(x->values, y->values, x->count * sizeof *x->values) == 0);
    if (x->rank == 3) {
      size_t shape[3], small_shape[3];
      move_axes(layout, x->shape, shape);
      move_axes(layout, x->small_shape, small_shape);
      ck_assert(memcmp(shape, y->shape, sizeof shape) == 0);
      ck_assert(memcmp(small_shape, y->small_shape, sizeof small_shape) == 0);
    }
  }
  for (size_t i = 0; i < a->diagnostic_count; i++) {
    ck_assert(a->diagnostics[i].value == b->diagnostics[i].value);
  }
}

/* The values of a plain tensor in a layout. */
static struct sl_model_tensor rearranged(const struct sl_model_tensor *plain, enum sl_layout layout,
                                         enum sl_spelling spelling) {
  size_t shape[3];
  move_axes(layout, plain->shape, shape);
  struct sl_model_tensor tensor = sl_model_tensor_new(spelling, 3, shape);
  struct sl_reference_tensor indices = {.layout = layout, .rank = 3};
  memcpy(indices.shape, shape, sizeof shape);
  size_t from = 0;
  for (size_t sample = 0; sample < plain->shape[0]; sample++) {
    for (size_t step = 0; step < plain->shape[1]; step++) {
      for (size_t neuron = 0; neuron < plain->shape[2]; neuron++) {
        size_t to = sl_reference_index(&indices, sample, step, neuron);
        tensor.values[to] = plain->values[from++];
      }
    }
  }
  return tensor;
}

/* The sums of a plain tensor, with its shape in a layout. */
static struct sl_model_tensor summed_up(const struct sl_model_tensor *plain, enum sl_layout layout,
                                        enum sl_spelling spelling, enum sl_summed summed) {
  size_t shape[3];
  move_axes(layout, plain->shape, shape);
  struct sl_model_tensor tensor = sl_model_tensor_new(spelling, 3, shape);
  sl_model_tensor_sum(&tensor, layout, summed);
  size_t neurons = plain->shape[2];
  for (size_t i = 0; i < plain->count; i++) {
    size_t sample = i / neurons / plain->shape[1];
    tensor.values[(summed == SL_SUMMED_TIME ? sample * neurons : 0) + i % neurons] +=
        plain->values[i];
  }
  return tensor;
}

static void write_body(struct sl_writer *writer, const char *loss,
                       const struct sl_model_tensor *tensor, struct sl_random *random) {
  if (strcmp(loss, "firing_rate_target_mse_loss") == 0) {
    sl_write_rates_body(writer, tensor, 1, sl_random_below(random, 6));
  } else {
    sl_write_population_body(writer, tensor, sl_random_below(random, 720));
  }
}

/* Compares what is said of a tensor with the first verdict; on all instruction sets, in pieces. */
static void check_tensor(const char *loss, const struct verdict *first,
                         struct sl_model_tensor *tensor, enum sl_layout layout,
                         struct sl_random *random) {
  tensor->order = sl_random_below(random, 6);
  struct sl_writer writer = {.axes = layout,
                             .layout = (enum sl_member_order)sl_random_below(random, 3),
                             .random = {sl_random_next(random) | 1}};
  write_body(&writer, loss, tensor, random);
  for (size_t set = 0; set < INSTRUCTION_SETS; set++) {
    for (size_t pieces = 0; sl_kernels_choose(instruction_sets[set]) && pieces < 4; pieces++) {
      struct verdict verdict = judge(loss, &writer.text, random, pieces == 0);
      assert_same(first, &verdict, layout);
      verdict_free(&verdict);
    }
  }
  sl_kernels_choose(NULL);
  sl_writer_free(&writer);
  sl_model_tensor_free(tensor);
}

static bool takes_sums(enum sl_spelling spelling) {
  return spelling != SL_SPELL_NESTED && spelling != SL_SPELL_BITS && spelling != SL_SPELL_COO;
}

static void check_network(const char *loss, const size_t *shape, size_t graded_percent,
                          struct sl_random *random) {
  bool per_sample = sl_loss_find(loss)->fields[0].per_sample;
  struct sl_model_tensor plain = sl_model_tensor_new(SL_SPELL_F64, 3, shape);
  sl_model_tensor_fill(&plain, random, 40, graded_percent);
  struct sl_writer writer = {.random = {1}};
  write_body(&writer, loss, &plain, random);
  struct verdict first = judge(loss, &writer.text, random, false);
  for (size_t way = 0; way < LAYOUTS * SL_SPELLING_COUNT; way++) {
    enum sl_layout layout = (enum sl_layout)(way % LAYOUTS);
    enum sl_spelling spelling = (enum sl_spelling)(way / LAYOUTS);
    bool graded = spelling == SL_SPELL_NESTED || spelling == SL_SPELL_FLAT ||
                  spelling == SL_SPELL_SHAPED || spelling == SL_SPELL_F64;
    if (graded_percent == 0 || graded) {
      struct sl_model_tensor tensor = rearranged(&plain, layout, spelling);
      check_tensor(loss, &first, &tensor, layout, random);
    }
    for (int summed = SL_SUMMED_TIME; summed <= SL_SUMMED_BATCH_TIME; summed++) {
      bool suits =
          graded_percent == 0 && takes_sums(spelling) && (summed == SL_SUMMED_TIME || !per_sample);
      if (suits) {
        struct sl_model_tensor tensor = summed_up(&plain, layout, spelling, (enum sl_summed)summed);
        check_tensor(loss, &first, &tensor, layout, random);
      }
    }
  }
  verdict_free(&first);
  sl_writer_free(&writer);
  sl_model_tensor_free(&plain);
}

static const size_t shapes[][3] = {{1, 1, 1},   {3, 5, 70},  {2, 40, 3}, {5, 2, 64},
                                   {2, 129, 9}, {1, 300, 2}, {17, 3, 5}, {2, 255, 4}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

START_TEST(binary_spikes_are_the_same_in_every_layout_and_as_sums) {
  struct sl_random random = {UINT64_C(0xA8E5) + (uint64_t)_i};
  check_network("firing_rate_target_mse_loss", shapes[_i], 0, &random);
  check_network("balanced_population_mse", shapes[_i], 0, &random);
}
END_TEST

/* Where sums are kept per neuron only, graded spikes are added in the order of the body. */
START_TEST(graded_spikes_are_the_same_in_every_layout_where_samples_are_kept_apart) {
  struct sl_random random = {UINT64_C(0x6EAD) + (uint64_t)_i};
  check_network("balanced_population_mse", shapes[_i], 30, &random);
}
END_TEST

/* Counters that know nothing but counts. */
static struct sl_spikes *new_counts(enum sl_sums sums, enum sl_layout layout, const size_t *shape,
                                    enum sl_summed summed, const double *counts, size_t count) {
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spikes = sl_spikes_new_with_layout(sums, layout, 3, shape, &error);
  sl_spikes_begin_sums(spikes, summed, &error);
  sl_spikes_push_doubles(spikes, counts, count, &error);
  sl_spikes_finish(spikes, &error);
  ck_assert_msg(error.code == SL_OK, "%s", error.message);
  return spikes;
}

START_TEST(counters_push_sums) {
  static const size_t shape[] = {100, 2, 3}; /* time first */
  static const double counts[] = {31, 0, 100, 2, 0, 100.5};
  struct sl_spikes *spikes =
      new_counts(SL_PER_SAMPLE, SL_TIME_BATCH_NEURONS, shape, SL_SUMMED_TIME, counts, 6);
  ck_assert_uint_eq(sl_spikes_accumulators(spikes), 6);
  ck_assert_uint_eq(sl_spikes_fired(spikes, 2), 100);
  ck_assert_uint_eq(sl_spikes_fired(spikes, 5), 1); /* no count: one graded value */
  ck_assert(sl_spikes_sum(spikes, 5) == 100.5);
  ck_assert(!sl_spikes_binary(spikes));
  ck_assert_uint_eq(sl_spikes_activity(spikes).silent, 1);
  sl_spikes_free(spikes);
  spikes = new_counts(SL_PER_NEURON, SL_BATCH_TIME_NEURONS, (size_t[]){2, 50, 3},
                      SL_SUMMED_BATCH_TIME, counts, 3);
  ck_assert_uint_eq(sl_spikes_activity(spikes).saturated, 1);
  ck_assert(sl_spikes_binary(spikes));
  sl_spikes_free(spikes);
}
END_TEST

static const double others[] = {-1, 0.5, -0.5, 201, 255, 256, 199.5, 1e300, -1e300};
enum { OTHERS = sizeof others / sizeof *others, POSITIONS = 6 };

START_TEST(one_sum_that_is_no_count_of_ones_is_graded) {
  enum { SAMPLES = 500, NEURONS = 5, STEPS = 200, SUMS = SAMPLES * NEURONS };
  static const size_t positions[POSITIONS] = {0, 4, 1023, 1024, 1700, SUMS - 1};
  size_t position = positions[_i % POSITIONS];
  double other = others[_i / POSITIONS];
  double sums[SUMS];
  for (size_t i = 0; i < SUMS; i++) {
    sums[i] = i == position ? other : (double)(i % (STEPS + 1));
  }
  struct sl_spikes *spikes =
      new_counts(SL_PER_SAMPLE, SL_BATCH_TIME_NEURONS, (size_t[]){SAMPLES, STEPS, NEURONS},
                 SL_SUMMED_TIME, sums, SUMS);
  ck_assert(!sl_spikes_binary(spikes));
  for (size_t i = 0; i < SUMS; i++) {
    ck_assert(sl_spikes_sum(spikes, i) == sums[i]);
    ck_assert_uint_eq(sl_spikes_fired(spikes, i), i == position ? 1 : i % (STEPS + 1));
  }
  sl_spikes_free(spikes);
}
END_TEST

START_TEST(wrong_calls_about_sums_and_layouts_are_errors) {
  static const size_t shape[] = {2, 4, 3};
  static const double counts[7] = {0};
  struct sl_error error = SL_NO_ERROR;
  struct sl_spikes *spikes = sl_spikes_new(SL_PER_SAMPLE, 3, shape, &error);
  ck_assert_int_eq(sl_spikes_begin_sums(spikes, SL_SUMMED_BATCH_TIME, &error), SL_INVALID_ARGUMENT);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_begin_sums(NULL, SL_SUMMED_TIME, &error), SL_INVALID_ARGUMENT);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_begin_sums(spikes, SL_SUMMED_TIME, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_push_doubles(spikes, counts, 7, &error), SL_LENGTH_MISMATCH);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_add_one(spikes, 0, &error), SL_LENGTH_MISMATCH);
  error = SL_NO_ERROR;
  ck_assert_int_eq(sl_spikes_push_doubles(spikes, counts, 5, &error), SL_OK);
  ck_assert_int_eq(sl_spikes_finish(spikes, &error), SL_LENGTH_MISMATCH);
  sl_spikes_free(spikes);

  error = SL_NO_ERROR;
  spikes = sl_spikes_from_doubles(SL_PER_SAMPLE, 1, (size_t[]){7}, counts, &error);
  ck_assert_int_eq(sl_spikes_begin_sums(spikes, SL_SUMMED_TIME, &error), SL_INVALID_ARGUMENT);
  sl_spikes_free(spikes);
  error = SL_NO_ERROR;
  ck_assert_ptr_null(sl_spikes_new_with_layout(SL_PER_SAMPLE, (enum sl_layout)3, 3, shape, &error));
  ck_assert_int_eq(error.code, SL_INVALID_ARGUMENT);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layouts");
  TCase *tests = tcase_create("layouts");
  tcase_set_timeout(tests, 120);
  tcase_add_loop_test(tests, binary_spikes_are_the_same_in_every_layout_and_as_sums, 0, SHAPES);
  tcase_add_loop_test(
      tests, graded_spikes_are_the_same_in_every_layout_where_samples_are_kept_apart, 0, SHAPES);
  tcase_add_test(tests, counters_push_sums);
  tcase_add_loop_test(tests, one_sum_that_is_no_count_of_ones_is_graded, 0, OTHERS * POSITIONS);
  tcase_add_test(tests, wrong_calls_about_sums_and_layouts_are_errors);
  suite_add_tcase(suite, tests);
  return suite_end(suite);
}
