#include "wire/path.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = sizeof(((struct sl_path *)0)->pointer) };

/* Appends to one of the two texts. Field names are short and ranks are small: the room is enough
 * for every path, and a longer one would only be cut. */
static void append(char text[SIZE], const char *piece) {
  size_t length = strlen(text);
  size_t more = strnlen(piece, SIZE - 1 - length);
  memcpy(text + length, piece, more);
  text[length + more] = '\0';
}

struct sl_path sl_path_member(const char *member) {
  struct sl_path path;
  path.pointer[0] = '/';
  path.pointer[1] = '\0';
  path.name[0] = '\0';
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

enum sl_status sl_place_error(struct sl_error *error, const struct sl_error *cause,
                              const struct sl_path *path, uint64_t offset) {
  return sl_fail_at(error, cause->code, path->pointer, offset, "%s: %s", path->name,
                    cause->message);
}
