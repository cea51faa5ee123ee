/*
 * Requests of the tables that the clients in all languages share, as a program holds them.
 */
#ifndef SPIKELOSS_CLIENT_TESTS_GOLDEN_H
#define SPIKELOSS_CLIENT_TESTS_GOLDEN_H

#include <cjson/cJSON.h>
#include <spikeloss_client.h>

/* No request of the tables has more members. */
enum { MAX_FIELDS = 12 };

/* The arrays are owned. */
struct request {
  struct spikeloss_field fields[MAX_FIELDS];
  size_t count;
};

/* NULL if there is no such file of JSON. */
cJSON *read_json(const char *path);

/* A member, or NULL. */
const cJSON *member(const cJSON *object, const char *name);

size_t size_of(const cJSON *list);

/* Writes the numbers of nested arrays, and returns where the next would be. */
double *flatten(const cJSON *nested, double *values);

/* Adds the members of an object to a request. */
void read_fields(const cJSON *object, struct request *request);
void free_request(struct request *request);

#endif
