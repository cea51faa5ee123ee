/*
 * The push decoder against the reference: the same body, cut into pieces in any way, must give
 * the same error at the same offset, or the same values to the last bit.
 *
 * Every piece is fed from memory of its own that ends with it (poison after it, or a sanitizer's
 * guard) and is gone after the call. Functions return true if all is the same, else they write
 * one line about the first difference.
 */
#ifndef SPIKELOSS_TESTS_COMPARE_H
#define SPIKELOSS_TESTS_COMPARE_H

#include "reference.h"
#include "small_random.h"

struct sl_case {
  const struct sl_limits *limits;
  const char *body;
  size_t length;
  const struct sl_reference *expected;
  char difference[768]; /* "" while there is none */
};

struct sl_case sl_case_new(const struct sl_reference *expected, const struct sl_limits *limits,
                           const char *body, size_t length);

/* `splits`: ascending offsets at which one piece ends and the next begins; equal ones make an
 * empty piece. */
bool sl_compare_split(struct sl_case *one, const size_t *splits, size_t count);

bool sl_compare_whole(struct sl_case *one);
bool sl_compare_bytewise(struct sl_case *one);
bool sl_compare_every_split(struct sl_case *one);
bool sl_compare_every_pair_of_splits(struct sl_case *one);

/* A few random splits, half of them near multiples of 64 bytes. */
bool sl_compare_random_splits(struct sl_case *one, struct sl_random *random, size_t times);

/* All that fits the length: whole, bytewise, every split, every pair, or random ones. */
bool sl_compare_thoroughly(struct sl_case *one);

#endif
