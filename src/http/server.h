/*
 * The HTTP service: listeners and threads.
 */
#ifndef SPIKELOSS_HTTP_SERVER_H
#define SPIKELOSS_HTTP_SERVER_H

#include "http/options.h"
#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_server;

/* How many threads serve. As many more compute what would hold them for too long. */
size_t sl_server_threads(const struct sl_server_options *options);

/*
 * How many connections are served at once: as many as the options say, but they take at most half
 * of the memory. Each has a buffer, and what TLS needs, from its opening on.
 */
uint64_t sl_server_connections(const struct sl_server_options *options);

/* How many files the server holds open beside its connections. */
uint64_t sl_server_other_files(const struct sl_server_options *options);

/* Whether the files that the options name are valid: what sl_server_start would say of them. */
bool sl_server_check(const struct sl_server_options *options, struct sl_error *error);

/*
 * Tells, one sentence each, which options cannot work together although each is good by itself. The
 * server starts nevertheless: what does work with them may be all that is wanted.
 */
void sl_server_tell_conflicts(const struct sl_server_options *options,
                              void (*tell)(void *closure, const char *sentence), void *closure);

/*
 * Binds every address, then serves. On failure returns NULL and sets `error`.
 * Port 0 takes a free port; sl_server_address tells which.
 */
struct sl_server *sl_server_start(const struct sl_server_options *options, struct sl_error *error);

/* The bound address of a listener as text that a client can use ("127.0.0.1:45123", "unix:..."). */
const char *sl_server_address(const struct sl_server *server, size_t listener);

/* The address of a listener that any client on a network may use, or NULL. */
const char *sl_server_exposed_address(const struct sl_server *server);

/* Whether a listener speaks TLS. */
bool sl_server_is_encrypted(const struct sl_server *server, size_t listener);

/* Read certificates or tokens again, without touching a connection. On failure return false, set
 * `error`, and change nothing. One thread at a time. */
bool sl_server_reload_certificates(struct sl_server *server, struct sl_error *error);
bool sl_server_reload_tokens(struct sl_server *server, struct sl_error *error);

/* Returns whether every thread that serves has made a turn of its loop since this was last called;
 * computations, which may take long, have threads of their own. One thread at a time. */
bool sl_server_responds(struct sl_server *server);

/* From now on /readyz answers 503. */
void sl_server_drain(struct sl_server *server);

/*
 * Drains; after stop_delay_seconds accepts no new clients; requests that have begun finish, within
 * stop_seconds, connections without one are closed; frees everything. Tolerates NULL.
 */
void sl_server_stop(struct sl_server *server);

#endif
