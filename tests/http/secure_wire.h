/*
 * A client that controls every byte, over TCP or through TLS.
 */
#ifndef SPIKELOSS_TESTS_HTTP_SECURE_WIRE_H
#define SPIKELOSS_TESTS_HTTP_SECURE_WIRE_H

#include "client.h"
#include "daemon.h"
#include "scratch.h"
#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

/* Parts of requests. */
#define POST       "POST " FIRING_RATE " HTTP/1.1\r\n"
#define GET        "GET /livez HTTP/1.1\r\n"
#define HOST       "Host: x\r\n"
#define TYPE       "Content-Type: application/json\r\n"
#define CHUNKED    POST HOST TYPE "Transfer-Encoding: chunked\r\n\r\n"
#define GOOD_CHUNK "52\r\n" GOOD "\r\n" /* in hexadecimal */
#define LAST_CHUNK "0\r\n"

/* Bytes that may have NULs in them. */
struct bytes {
  const char *bytes;
  size_t length;
};

#define BYTES(literal)                                                                             \
  { literal, sizeof literal - 1 }

/* Starts a daemon that speaks TLS or not, with a certificate in a scratch folder. */
void daemon_start_for_lines(struct daemon *daemon, struct scratch *scratch, bool encrypted);

struct line {
  int wire;
  gnutls_session_t session; /* NULL: plain */
  gnutls_certificate_credentials_t credentials;
};

void line_open(struct line *line, const struct daemon *daemon, bool encrypted);

/* Sends as far as the other side takes it. */
void line_send(struct line *line, const char *bytes, size_t length);

/* Reads up to `room` bytes, at least one; 0 at the end (also if the connection is reset). */
size_t line_read(struct line *line, char *bytes, size_t room);

void line_close(struct line *line);

#endif
