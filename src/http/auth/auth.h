/*
 * Everything that decides who may come in, as the options want it: TLS with its certificates,
 * tokens, web pages. What they do not want is not there, and costs nothing.
 */
#ifndef SPIKELOSS_HTTP_AUTH_AUTH_H
#define SPIKELOSS_HTTP_AUTH_AUTH_H

#include "http/server.h"
#include <stdbool.h>
#include <stddef.h>

struct sl_access;
struct sl_origins;
struct sl_tls;

struct sl_auth {
  struct sl_tls *tls;         /* NULL: plain HTTP */
  struct sl_access *access;   /* NULL: everyone may come in */
  struct sl_origins *origins; /* NULL: no web pages but our own */
  const char *hosts;          /* names of this server; NULL: none but localhost. Not owned */
};

/* Reads every file that the options name; the options must outlive the doors. On failure returns
 * false, writes one sentence to `message`, and leaves nothing open. */
bool sl_auth_open(struct sl_auth *auth, const struct sl_server_options *options, char *message,
                  size_t message_size);

/*
 * Reads the files again. What is good is taken from now on; where something is not, that part
 * stays as it was and the result is false, with a `message`. One thread at a time.
 */
bool sl_auth_reload(struct sl_auth *auth, char *message, size_t message_size);

/* Tolerates doors that are not open. */
void sl_auth_close(struct sl_auth *auth);

#endif
