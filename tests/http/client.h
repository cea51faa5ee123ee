/*
 * An ordinary client: libcurl on one connection that is kept alive, over TCP or the Unix socket.
 */
#ifndef SPIKELOSS_TESTS_HTTP_CLIENT_H
#define SPIKELOSS_TESTS_HTTP_CLIENT_H

#include "daemon.h"
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#define FIRING_RATE "/v1/losses/firing_rate_target_mse_loss"
#define POPULATION  "/v1/losses/balanced_population_mse"

/* A body for FIRING_RATE whose loss is 0.25. */
#define GOOD                                                                                       \
  "{\"spikes_list\": [[[[1, 0, 1], [0, 0, 1]]]], \"offsets\": [0.25], \"multipliers\": [2]}"

struct question {
  const char *method; /* NULL: POST with a body, GET without */
  const char *path;
  const char *body;
  size_t length;          /* of the body; 0: up to its NUL */
  size_t chunk;           /* not 0: a chunked upload in pieces of so many bytes */
  const char *headers[6]; /* "Name: value"; "Name:" sends none. JSON is the type if none is here */
  bool unix_socket;
};

struct client {
  CURL *curl;
  const struct daemon *daemon;
  char failure[CURL_ERROR_SIZE];

  /* For TLS: files in PEM form, or NULL. */
  const char *authorities; /* that the client trusts */
  const char *certificate; /* that it shows */
  const char *key;

  /* The last answer. */
  CURLcode outcome;
  long status;
  long connections; /* that had to be made for it, but for one after a chunked upload whose answer
                     * ended its connection, as with libmicrohttpd before 1.0 */
  bool chunks_ended_it;
  char *body; /* with a NUL after it */
  size_t length;
  size_t room;

  const char *unsent; /* what is left of an upload */
  size_t unsent_length;
  size_t chunk;
};

void client_open(struct client *client, const struct daemon *daemon);
void client_close(struct client *client);

/* Sends and waits for the answer; false if none came. Usable from any thread. */
bool client_try(struct client *client, const struct question *question);

/* The same, where an answer must come. Returns its status. */
long client_ask(struct client *client, const struct question *question);

long client_get(struct client *client, const char *path);
long client_post(struct client *client, const char *path, const char *body);

/* A header of the last answer, or NULL. */
const char *client_header(struct client *client, const char *name);

/* The last answer as JSON; cJSON_Delete it. */
cJSON *client_json(const struct client *client);

/* The value that a JSON pointer (without escapes) leads to: NULL, or an assertion that it is there.
 */
const cJSON *json_find(const cJSON *document, const char *pointer);
const cJSON *json_at(const cJSON *document, const char *pointer);
double json_number(const cJSON *document, const char *pointer);
const char *json_text(const cJSON *document, const char *pointer);

/*
 * Asserts that the last answer is a whole problem document (RFC 9457) of this code, with one
 * pointer and offset, or without them for NULL and NO_OFFSET.
 */
enum { NO_OFFSET = -1 };
void client_expect_problem(struct client *client, long status, const char *code,
                           const char *pointer, long offset);

/* Asserts that the detail of the last problem has these words in it. */
void client_expect_detail(const struct client *client, const char *words);

#endif
