/*
 * A server that says what it is told to, on a free port of 127.0.0.1: one answer a connection,
 * which it closes then.
 */
#ifndef SPIKELOSS_CLIENT_TESTS_SCRIPTED_SERVER_H
#define SPIKELOSS_CLIENT_TESTS_SCRIPTED_SERVER_H

#include <pthread.h>
#include <stddef.h>

/* An answer that never comes: the server waits until the client has gone. */
extern const char SILENCE[];

struct scripted_server {
  char url[64];
  int socket;
  pthread_t thread;
  const char *const *answers; /* raw bytes, up to a NULL */
  size_t asked;               /* how many connections brought a request */
  double times[16];           /* when these came, in seconds */
  char request[1 << 13];      /* the last one, cut off if longer */
};

/* The answers stay the caller's. */
void scripted_server_start(struct scripted_server *server, const char *const *answers);

/* Waits until all answers have been fetched. */
void scripted_server_finish(struct scripted_server *server);

#endif
