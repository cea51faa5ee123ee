#include "json/path.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = sizeof(((struct sl_path *)0)->pointer) };

/* Appends to one of the two texts. Field names are short and ranks are small: there is enough space
 * for every path, and a longer one would only be cut. */
static void append_piece(char text[SIZE], const char *piece) {
  size_t length = strlen(text);
  size_t more = strnlen(piece, SIZE - 1 - length);
  memcpy(text + length, piece, more);
  text[length + more] = '\0';
}

struct sl_path sl_path_member(const char *member) {
  struct sl_path empty = {0};
  return sl_path_inside(&empty, member);
}

struct sl_path sl_path_element(const struct sl_path *path, uint64_t index) {
  struct sl_path element = *path;
  char piece[32];
  snprintf(piece, sizeof piece, "/%ju", (uintmax_t)index);
  append_piece(element.pointer, piece);
  snprintf(piece, sizeof piece, "[%ju]", (uintmax_t)index);
  append_piece(element.name, piece);
  return element;
}

struct sl_path sl_path_inside(const struct sl_path *path, const char *member) {
  struct sl_path inside = *path;
  append_piece(inside.pointer, "/");
  append_piece(inside.pointer, member);
  append_piece(inside.name, path->name[0] == '\0' ? "" : ".");
  append_piece(inside.name, member);
  return inside;
}

/* Appends to the pointer only. JSON pointer (RFC 6901) writes ~ as ~0 and / as ~1. */
void sl_path_append_name(struct sl_path *path, const struct sl_text *name) {
  size_t length = strlen(path->pointer);
  bool whole = name->length <= SL_TEXT_SIZE && length + 1 < SIZE;
  path->pointer[length++] = '/';
  for (size_t i = 0; whole && i < name->length; i++) {
    char byte = name->bytes[i];
    const char plain[] = {byte, '\0'};
    const char *piece = byte == '~' ? "~0" : byte == '/' ? "~1" : plain;
    size_t more = strlen(piece);
    whole = more > 0 && length + more < SIZE;
    memcpy(path->pointer + length, piece, whole ? more : 0);
    length += whole ? more : 0;
  }
  path->pointer[whole ? length : 0] = '\0';
}
