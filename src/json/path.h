/*
 * Where a value is in a body, in the two ways that users read: /spk/0/17 for programs, spk[0][17]
 * for people. Paths are built only when there is something to say about a value.
 */
#ifndef SPIKELOSS_JSON_PATH_H
#define SPIKELOSS_JSON_PATH_H

#include "json/string.h"
#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

struct sl_path {
  char pointer[128];
  char name[128];
};

/* Returns the member of the body itself: /spk, spk. */
struct sl_path sl_path_member(const char *member);

/* Returns an element of an array: /spk/0, spk[0]. */
struct sl_path sl_path_element(const struct sl_path *path, uint64_t index);

/* Returns a member of an object: /spk/data, spk.data. Of the empty path: a member of the body. */
struct sl_path sl_path_inside(const struct sl_path *path, const char *member);

/* Appends a member's name as a client wrote it to the pointer, escaped; a name that is too long, or
 * has a NUL in it, has no pointer. */
void sl_path_append_name(struct sl_path *path, const struct sl_text *name);

#endif
