/*
 * Where in a body a value stands, in the two ways that users read: /spk/0/17 for programs,
 * spk[0][17] for people.
 */
#ifndef SPIKELOSS_WIRE_PATH_H
#define SPIKELOSS_WIRE_PATH_H

#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

struct sl_path {
  char pointer[128];
  char name[128];
};

/* The member of the body itself: /spk, spk. */
struct sl_path sl_path_member(const char *member);

/* An element of an array: /spk/0, spk[0]. */
struct sl_path sl_path_element(const struct sl_path *path, size_t index);

/* A member of an object: /spk/data, spk.data. */
struct sl_path sl_path_inside(const struct sl_path *path, const char *member);

/* Gives an error of a room that knows no bodies its place in one, and its message the name. */
enum sl_status sl_place_error(struct sl_error *error, const struct sl_error *cause,
                              const struct sl_path *path, uint64_t offset);

#endif
