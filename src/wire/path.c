#include "wire/path.h"

#include <stdio.h>
#include <string.h>

/* Appends to one of the two texts. Field names are short and ranks are small: the room is enough
 * for every path, and a longer one would only be cut. */
static void append(char text[128], const char *piece) {
  size_t length = strlen(text);
  snprintf(text + length, 128 - length, "%s", piece);
}

struct sl_path sl_path_member(const char *member) {
  struct sl_path path = {.pointer = "/"};
  append(path.pointer, member);
  append(path.name, member);
  return path;
}

struct sl_path sl_path_element(const struct sl_path *path, size_t index) {
  struct sl_path element = *path;
  char piece[32];
  snprintf(piece, sizeof piece, "/%zu", index);
  append(element.pointer, piece);
  snprintf(piece, sizeof piece, "[%zu]", index);
  append(element.name, piece);
  return element;
}

struct sl_path sl_path_inside(const struct sl_path *path, const char *member) {
  struct sl_path inside = *path;
  append(inside.pointer, "/");
  append(inside.pointer, member);
  append(inside.name, ".");
  append(inside.name, member);
  return inside;
}
