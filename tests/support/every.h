/*
 * Of thousands of cases that are alike, tools that make a program fifty times slower try only every
 * n-th: SPIKELOSS_TEST_EVERY says n, 1 if it is not set.
 */
#ifndef SPIKELOSS_TESTS_EVERY_H
#define SPIKELOSS_TESTS_EVERY_H

#include <stddef.h>
#include <stdlib.h>

static inline size_t sl_every(void) {
  static size_t every;
  if (every == 0) {
    const char *text = getenv("SPIKELOSS_TEST_EVERY");
    size_t given = text == NULL ? 1 : strtoul(text, NULL, 10);
    every = given > 0 ? given : 1;
  }
  return every;
}

#endif
