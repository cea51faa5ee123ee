#include "json/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SIZE = sizeof(((struct sl_path *)0)->pointer) };

/* Appends to one of the two texts. Field names are short and ranks are small: there is enough space
 * for every path, and a longer one would only be cut. */
__attribute__((format(printf, 2, 3))) static void append_piece(char text[SIZE], const char *format,
                                                               ...) {
  size_t length = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + length, SIZE - length, format, arguments);
  va_end(arguments);
}

void sl_path_add_index(struct sl_path *path, uint64_t index) {
  append_piece(path->pointer, "/%ju", (uintmax_t)index);
  append_piece(path->name, "[%ju]", (uintmax_t)index);
}

void sl_path_add_member(struct sl_path *path, const char *member) {
  append_piece(path->pointer, "/%s", member);
  append_piece(path->name, path->name[0] == '\0' ? "%s" : ".%s", member);
}

struct sl_path sl_path_member(const char *member) {
  struct sl_path path = {0};
  sl_path_add_member(&path, member);
  return path;
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
