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

/* Returns the path of a member of the body: /spk, spk. */
struct sl_path sl_path_member(const char *member);

/* Goes on to an element of an array (/spk/0, spk[0]) or a member of an object (/spk/data,
 * spk.data).
 */
void sl_path_add_index(struct sl_path *path, uint64_t index);
void sl_path_add_member(struct sl_path *path, const char *member);

/* Appends a member's name as a client wrote it to the pointer, escaped; a name that is too long, or
 * has a NUL in it, has no pointer. */
void sl_path_append_name(struct sl_path *path, const struct sl_text *name);

#endif
