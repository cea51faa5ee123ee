/*
 * What counting spikes takes of memory, and what it is charged for: what is really touched, given
 * back in full whatever went wrong.
 */
#include "core/codes.h"
#include "suite.h"
#include "support/failing_allocations.h"

#include "loss/loss.h"
#include "loss/result.h"
#include <check.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 1 << 24, HUGE_PAGE = 2 << 20 };

/* A budget up to a limit. */
struct purse {
  struct sl_budget budget; /* first */
  uint64_t limit;
  uint64_t highest;
};

static enum sl_status grow(struct sl_budget *budget, uint64_t bytes, struct sl_error *error) {
  struct purse *purse = (void *)budget;
  if (bytes > purse->limit) {
    return sl_fail(error, SL_BUSY, "the purse is empty");
  }
  budget->granted = bytes;
  purse->highest = bytes > purse->highest ? bytes : purse->highest;
  return SL_OK;
}

#define PURSE(bytes) ((struct purse){.budget.grow = grow, .limit = (bytes)})

static uint64_t pairs_left;

/* What was allocated before: checks of the test allocate too. */
static long alive_before;
static size_t bytes_before;

static void watch(void) {
  alive_before = sl_allocations_alive();
  bytes_before = sl_allocations_bytes();
}

static long alive(void) {
  return sl_allocations_alive() - alive_before;
}

static size_t allocated(void) {
  return sl_allocations_bytes() - bytes_before;
}

static void begin(struct sl_spikes *spikes, bool per_sample, struct purse *purse) {
  pairs_left = UINT64_MAX;
  sl_spikes_init(spikes, per_sample, &pairs_left);
  sl_spikes_set_budget(spikes, &purse->budget);
}

static void begin_shape(struct sl_spikes *spikes, bool per_sample, struct purse *purse,
                        size_t samples, size_t steps, size_t neurons) {
  struct sl_error error = SL_NO_ERROR;
  begin(spikes, per_sample, purse);
  if (sl_spikes_set_shape(spikes, 3, (size_t[]){samples, steps, neurons}, &error) != SL_OK) {
    ck_abort_msg("%s", error.message);
  }
}

static void end(struct sl_spikes *spikes, struct purse *purse) {
  sl_spikes_release(spikes);
  ck_assert_uint_eq(purse->budget.taken, 0);
}

/* Bits that are all set. */
static enum sl_status push_ones(struct sl_spikes *spikes, size_t count, struct sl_error *error) {
  static uint64_t ones[1024];
  memset(ones, 0xff, sizeof ones);
  enum sl_status status = SL_OK;
  for (size_t done = 0; done < count && status == SL_OK;) {
    size_t length = count - done < 64 * 1024 ? count - done : 64 * 1024;
    status = sl_spikes_push_bits(spikes, ones, length, error);
    done += length;
  }
  return status;
}

START_TEST(a_large_shape_alone_is_charged_nothing) {
  for (int per_sample = 0; per_sample < 2; per_sample++) {
    struct purse purse = PURSE(0);
    struct sl_spikes spikes;
    begin_shape(&spikes, per_sample, &purse, 1, 1, MANY);
    end(&spikes, &purse);
  }
}
END_TEST

START_TEST(a_single_spike_far_out_is_charged_one_page_and_a_map_of_pages) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  for (int per_sample = 0; per_sample < 2; per_sample++) {
    struct purse purse = PURSE(2 * page);
    struct sl_spikes spikes;
    struct sl_error error = SL_NO_ERROR;
    begin_shape(&spikes, per_sample, &purse, 1, 1, MANY);
    ck_assert_int_eq(sl_spikes_add_one(&spikes, MANY - 1, &error), SL_OK);
    ck_assert_uint_ge(purse.budget.taken, page);
    uint64_t taken = purse.budget.taken;
    ck_assert_int_eq(sl_spikes_add_one(&spikes, MANY - 2, &error), SL_OK);
    ck_assert_uint_eq(purse.budget.taken, taken);
    ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
    ck_assert_uint_eq(sl_spikes_count(&spikes), 2);
    ck_assert_uint_eq(sl_spikes_fired(&spikes, MANY - 1), 1);
    ck_assert_uint_eq(sl_spikes_activity(&spikes).silent, MANY - 2);
    ck_assert_uint_eq(purse.budget.taken, taken);
    end(&spikes, &purse);
  }
}
END_TEST

START_TEST(scattered_spikes_are_charged_a_page_for_each_that_they_touch) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t pages = MANY * sizeof(uint64_t) / page;
  struct purse purse = PURSE(UINT64_MAX);
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  begin_shape(&spikes, true, &purse, 16, 1, MANY / 16);
  for (size_t i = 0; i < pages; i += 100) {
    ck_assert_int_eq(sl_spikes_add_one(&spikes, i * page / sizeof(uint64_t), &error), SL_OK);
  }
  size_t touched = (pages + 99) / 100;
  ck_assert_uint_ge(purse.budget.taken, touched * page);
  ck_assert_uint_le(purse.budget.taken, (touched + 2) * page);
  ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
  ck_assert_uint_eq(sl_spikes_count(&spikes), touched);
  end(&spikes, &purse);
}
END_TEST

START_TEST(dense_values_are_charged_as_they_come) {
  for (int per_sample = 0; per_sample < 2; per_sample++) {
    size_t count_bytes = per_sample ? 1 : sizeof(uint64_t); /* of two steps */
    struct purse purse = PURSE(UINT64_MAX);
    struct sl_spikes spikes;
    struct sl_error error = SL_NO_ERROR;
    begin_shape(&spikes, per_sample, &purse, 1, 2, MANY);
    for (size_t done = 0; done < MANY; done += MANY / 64) {
      ck_assert_int_eq(push_ones(&spikes, MANY / 64, &error), SL_OK);
      uint64_t counted = (done + MANY / 64) * count_bytes;
      ck_assert_uint_ge(purse.budget.taken, counted);
      ck_assert_uint_le(purse.budget.taken, counted + counted / 64 + 2 * HUGE_PAGE);
    }
    uint64_t taken = purse.budget.taken;
    ck_assert_int_eq(push_ones(&spikes, MANY, &error), SL_OK);
    ck_assert_uint_le(purse.budget.taken, taken + HUGE_PAGE); /* the other half of the buffer */
    ck_assert_int_eq(sl_spikes_finish(&spikes, &error), SL_OK);
    ck_assert_uint_eq(purse.budget.taken, MANY * count_bytes);
    ck_assert_uint_eq(sl_spikes_count(&spikes), 2 * MANY);
    end(&spikes, &purse);
  }
}
END_TEST

START_TEST(graded_values_are_charged_from_the_first_one_on) {
  struct purse purse = PURSE(UINT64_MAX);
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  begin_shape(&spikes, true, &purse, 64, 1, MANY / 64);
  ck_assert_int_eq(push_ones(&spikes, MANY / 64, &error), SL_OK);
  uint64_t taken = purse.budget.taken;
  ck_assert_int_eq(sl_spikes_push_reals(&spikes, (double[]){-0.5}, 1, &error), SL_OK);
  ck_assert_uint_ge(purse.budget.taken, taken + 2 * MANY / 64 * sizeof(uint64_t));
  ck_assert_uint_le(purse.budget.taken, taken + 7 * (uint64_t)HUGE_PAGE);
  ck_assert(!sl_spikes_binary(&spikes));
  ck_assert(sl_spikes_sum(&spikes, MANY / 64) == -0.5);
  end(&spikes, &purse);
}
END_TEST

START_TEST(a_small_tensor_is_charged_what_it_allocates) {
  watch();
  struct purse purse = PURSE(UINT64_MAX);
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  begin_shape(&spikes, true, &purse, 4, 10, 100);
  ck_assert_int_eq(sl_spikes_push_reals(&spikes, (double[]){1, 0.5}, 2, &error), SL_OK);
  enum { ROUNDING = 4 * 32 }; /* of the allocator, for four arrays */
  ck_assert_uint_le(purse.budget.taken, allocated());
  ck_assert_uint_ge(purse.budget.taken + ROUNDING, allocated());
  end(&spikes, &purse);
}
END_TEST

/* Discovers [samples, 2, neurons], all ones but for a graded value in front. */
static enum sl_status discover(struct sl_spikes *spikes, struct purse *purse, size_t samples,
                               size_t neurons, struct sl_error *error) {
  begin(spikes, true, purse);
  if (sl_spikes_push_reals(spikes, (double[]){0.5}, 1, error) != SL_OK ||
      push_ones(spikes, neurons - 1, error) != SL_OK) {
    return error->code;
  }
  sl_spikes_end_step(spikes);
  if (push_ones(spikes, neurons, error) != SL_OK) {
    return error->code;
  }
  sl_spikes_end_sample(spikes);
  if (push_ones(spikes, (samples - 1) * 2 * neurons, error) != SL_OK ||
      sl_spikes_set_shape(spikes, 3, (size_t[]){samples, 2, neurons}, error) != SL_OK) {
    return error->code;
  }
  return sl_spikes_finish(spikes, error);
}

START_TEST(a_discovered_shape_keeps_its_counts_while_its_memory_moves) {
  enum { NEURONS = 3000, SAMPLES = 300 };
  struct purse purse = PURSE(UINT64_MAX);
  struct sl_spikes spikes;
  struct sl_error error = SL_NO_ERROR;
  ck_assert_int_eq(discover(&spikes, &purse, SAMPLES, NEURONS, &error), SL_OK);
  for (size_t i = 1; i < SAMPLES * NEURONS; i++) {
    ck_assert_uint_eq(sl_spikes_fired(&spikes, i), 2);
    ck_assert(sl_spikes_sum(&spikes, i) == 2);
  }
  ck_assert(sl_spikes_sum(&spikes, 0) == 1.5);
  uint64_t needed = (uint64_t)SAMPLES * NEURONS; /* a count of two steps is a byte */
  ck_assert_uint_ge(purse.budget.taken, needed);
  ck_assert_uint_le(purse.budget.taken, 3 * needed + 3 * (uint64_t)HUGE_PAGE);
  end(&spikes, &purse);
}
END_TEST

/* Everything that takes memory, one after the other. */
static enum sl_status count_everything(struct purse *purse, struct sl_error *error) {
  struct sl_spikes spikes;
  begin_shape(&spikes, false, purse, 2, 3, MANY / 32);
  enum sl_status status = push_ones(&spikes, MANY / 32, error);
  if (status == SL_OK) {
    status = sl_spikes_push_reals(&spikes, (double[]){7}, 1, error);
  }
  sl_spikes_release(&spikes);
  if (status == SL_OK) {
    begin_shape(&spikes, true, purse, 2, 3, MANY / 32);
    status = sl_spikes_add_one(&spikes, 12345, error);
    sl_spikes_release(&spikes);
  }
  if (status == SL_OK) {
    begin_shape(&spikes, true, purse, 1, 1, MANY);
    status = sl_spikes_finish(&spikes, error);
    sl_spikes_release(&spikes);
  }
  if (status == SL_OK) {
    status = discover(&spikes, purse, 300, 3000, error);
    sl_spikes_release(&spikes);
  }
  return status;
}

START_TEST(a_budget_that_refuses_ends_it_with_its_own_error) {
  struct purse all = PURSE(UINT64_MAX);
  struct sl_error error = SL_NO_ERROR;
  ck_assert_int_eq(count_everything(&all, &error), SL_OK);
  ck_assert_uint_eq(all.budget.taken, 0);
  for (uint64_t limit = 0; limit < all.highest; limit += all.highest / 97) {
    struct purse purse = PURSE(limit);
    error = SL_NO_ERROR;
    watch();
    enum sl_status status = count_everything(&purse, &error);
    ck_assert_int_eq(alive(), 0);
    ck_assert_int_eq(status, SL_BUSY);
    ck_assert_str_eq(error.message, "the purse is empty");
    ck_assert_uint_eq(purse.budget.taken, 0);
  }
  struct purse enough = PURSE(all.highest);
  error = SL_NO_ERROR;
  ck_assert_int_eq(count_everything(&enough, &error), SL_OK);
}
END_TEST

START_TEST(every_allocation_may_fail) {
  for (int onwards = 0; onwards < 2; onwards++) {
    size_t failures = 1;
    for (size_t n = 1; failures > 0; n++) {
      struct purse purse = PURSE(UINT64_MAX);
      struct sl_error error = SL_NO_ERROR;
      watch();
      sl_allocations_fail(n, onwards);
      enum sl_status status = count_everything(&purse, &error);
      failures = sl_allocations_succeed();
      ck_assert_msg(alive() == 0, "allocation %zu fails: %ld blocks are lost", n, alive());
      ck_assert_int_eq(status, failures > 0 ? SL_OUT_OF_MEMORY : SL_OK);
      ck_assert_uint_eq(purse.budget.taken, 0);
    }
  }
}
END_TEST

/* The loss of [1, 2, NEURONS] ones, an index each; what it takes is charged to the purse. */
static enum sl_status evaluate(struct purse *purse, struct sl_result *result,
                               struct sl_error *error) {
  enum { NEURONS = 1000 };
  struct sl_spikes spikes;
  int64_t target = 1;
  struct purse unlimited = PURSE(UINT64_MAX);
  begin_shape(&spikes, true, &unlimited, 1, 2, NEURONS);
  enum sl_status status = push_ones(&spikes, 2 * NEURONS, error);
  status = status == SL_OK ? sl_spikes_finish(&spikes, error) : status;
  const struct sl_value values[] = {
      {.present = true, .length = 1, .spikes = &spikes},
      {.present = true, .length = 1, .labels = &target},
      {.present = true, .count = 2},
      {.present = true, .count = NEURONS / 2},
      {.present = true, .real = 1},
      {.present = true, .real = 0},
  };
  *result = (struct sl_result){.budget = &purse->budget};
  if (status == SL_OK) {
    status = sl_loss_find("balanced_population_mse")->evaluate(values, result, error);
  }
  sl_spikes_release(&spikes);
  return status;
}

START_TEST(a_result_is_charged_until_it_is_freed) {
  watch();
  struct purse purse = PURSE(UINT64_MAX);
  struct sl_result result;
  struct sl_error error = SL_NO_ERROR;
  ck_assert_int_eq(evaluate(&purse, &result, &error), SL_OK);
  ck_assert_uint_ge(purse.budget.taken, 1000);
  ck_assert_uint_lt(purse.budget.taken, 1000 * sizeof(double));
  ck_assert_uint_le(purse.budget.taken, allocated());
  sl_result_free(&result);
  ck_assert_uint_eq(purse.budget.taken, 0);
}
END_TEST

START_TEST(a_result_that_is_refused_gives_all_back) {
  for (uint64_t limit = 0; limit < 11000; limit += 50) {
    struct purse purse = PURSE(limit);
    struct sl_result result;
    struct sl_error error = SL_NO_ERROR;
    watch();
    enum sl_status status = evaluate(&purse, &result, &error);
    ck_assert(status == SL_BUSY || limit > 1000);
    status = status == SL_OK ? sl_result_write_out(&result, &error) : status;
    sl_result_free(&result);
    ck_assert_int_eq(alive(), 0);
    ck_assert(status == SL_BUSY || limit > 1000 + 1000 * sizeof(double));
    ck_assert_uint_eq(purse.budget.taken, 0);
  }
}
END_TEST

int main(void) {
  sl_allocations_watch();
  return RUN_SUITE("spikes_memory", NULL, a_large_shape_alone_is_charged_nothing,
                   a_single_spike_far_out_is_charged_one_page_and_a_map_of_pages,
                   scattered_spikes_are_charged_a_page_for_each_that_they_touch,
                   dense_values_are_charged_as_they_come,
                   graded_values_are_charged_from_the_first_one_on,
                   a_small_tensor_is_charged_what_it_allocates,
                   a_discovered_shape_keeps_its_counts_while_its_memory_moves,
                   a_budget_that_refuses_ends_it_with_its_own_error, every_allocation_may_fail,
                   a_result_is_charged_until_it_is_freed, a_result_that_is_refused_gives_all_back);
}
