/*
 * Prints doubles of every kind as their bits and as JSON text, one a line, for
 * compare_with_repr.py.
 *
 *     print_numbers COUNT [SEED]
 */
#include "support/random_double.h"
#include "json/number_format.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int count, char **arguments) {
  if (count < 2) {
    errx(EXIT_FAILURE, "usage: print_numbers COUNT [SEED]");
  }
  struct sl_random random = {count > 2 ? strtoull(arguments[2], NULL, 10) : 1};
  size_t numbers = strtoull(arguments[1], NULL, 10);
  for (size_t i = 0; i < numbers; i++) {
    double value = sl_random_double(&random, (enum sl_double_kind)(i % SL_DOUBLE_KINDS));
    char text[SL_NUMBER_TEXT_MAX + 1];
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("%016" PRIx64 " %.*s\n", bits, (int)sl_number_format(text, value), text);
  }
  return EXIT_SUCCESS;
}
