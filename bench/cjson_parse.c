/*
 * How long cJSON alone takes to parse a body, without a server and without a loss.
 *
 *     cjson_parse body.json         prints seconds
 */
#include "clock.h"

#include <cjson/cJSON.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **arguments) {
  FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    err(EXIT_FAILURE, "usage: cjson_parse BODY");
  }
  size_t length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(length);
  if (text == NULL || fread(text, 1, length, file) != length) {
    err(EXIT_FAILURE, "%s", arguments[1]);
  }
  fclose(file);

  double start = bench_seconds();
  cJSON *tree = cJSON_ParseWithLength(text, length);
  double seconds = bench_seconds() - start;
  if (tree == NULL) {
    errx(EXIT_FAILURE, "%s: cJSON finds an error", arguments[1]);
  }
  printf("%.9f\n", seconds);
  cJSON_Delete(tree);
  free(text);
  return EXIT_SUCCESS;
}
