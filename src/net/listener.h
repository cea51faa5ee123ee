/*
 * Listening sockets: TCP over IPv4 and IPv6, and Unix sockets. A listener belongs to one thread at
 * a time.
 */
#ifndef SPIKELOSS_NET_LISTENER_H
#define SPIKELOSS_NET_LISTENER_H

#include <spikeloss/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What the system keeps of an answer over TCP whose reader does not take it. Large answers were as
 * fast as without a bound from 128 KiB on, and fastest with this one. */
enum { SL_UNSENT_BYTES = 512 * 1024 };

struct sl_listener {
  int socket;        /* -1 while closed; owned */
  int lock;          /* of a Unix socket's file, or -1; owned */
  char address[128]; /* as bound, text that a client can use: "127.0.0.1:45123", "unix:/run/x" */
  bool inherited;    /* others hold the same socket */
  dev_t device;      /* which file the Unix socket is, so that only this one is removed */
  ino_t inode;
};

/* A listener that holds nothing. */
#define SL_NO_LISTENER ((struct sl_listener){.socket = -1, .lock = -1})

/*
 * Binds and listens. The file of a Unix socket gets the mode `unix_mode`. It is locked
 * (PATH.lock) until the listener stops; the file of an earlier daemon is replaced. On
 * failure returns false and sets `error`.
 */
bool sl_listener_open(struct sl_listener *listener, const char *address, mode_t unix_mode,
                      struct sl_error *error);

/*
 * Takes over a socket that listens already and that another process may hold too, such as systemd:
 * it is never shut down, so that clients that come after this process wait for the next one.
 */
bool sl_listener_adopt(struct sl_listener *listener, int socket, struct sl_error *error);

/*
 * Turns new clients away: removes the file of a Unix socket, refuses connections. The socket stays
 * open, because a thread may still be about to look at it. Tolerates SL_NO_LISTENER.
 */
void sl_listener_stop(struct sl_listener *listener);

/* Stops and closes. Tolerates SL_NO_LISTENER. */
void sl_listener_close(struct sl_listener *listener);

#endif
